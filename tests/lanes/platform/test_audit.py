"""The audit view: person = application = card = account = plastic, and each difference by its name."""

import dataclasses
import json

import polars as pl
import pytest
from django.db import connection
from django.utils import timezone

from tests.lanes.house import House
from tests.lanes.platform import journey
from zhika.engine import desk, plastic
from zhika.engine.reconcile import audit
from zhika.flows.documents import ACCOUNT_FILE, BY_CODE, CARD_LIST, PASSING_ON
from zhika.lanes.integrator.models import Mapping, Production
from zhika.ledger.batches import Batch
from zhika.ledger.cards import Card, CardEvent
from zhika.ledger.custody import Cards, move
from zhika.ledger.places import Group, Place, State, place, today
from zhika.ledger.steps import Paper
from zhika.people.models import Application, Person


def named(house: House, batch: Batch) -> set[tuple[str, str, str]]:
    """Code, application (or batch) and what, of every difference; each has words for people."""
    found = audit(house.seat, batch).differences
    assert all(x.title for x in found)
    return {(x.code, x.subject, x.what) for x in found}


def refs(batch: Batch) -> list[str]:
    return list(Application.objects.filter(batch_code=batch.code).order_by("ref").values_list("ref", flat=True))


def rewrite(house: House, batch: Batch, type_: str, **changes: object) -> None:
    """The document on the desk becomes another: rows without `drop`, with `double` twice, `serial` changed."""
    paper = Paper.objects.filter(batch_code=batch.code, type=type_).latest("pk")
    rows = desk.read(house.seat, paper).to_dicts()
    rows = [row for row in rows if row["app_no"] != changes.get("drop")]
    rows += [row for row in rows if row["app_no"] == changes.get("double")]
    for row in rows:
        if row["app_no"] == changes.get("at"):
            row |= changes["to"]  # type: ignore[operator]
    frame = desk.read(house.seat, paper).clear()
    frame = pl.DataFrame(rows, schema=frame.schema)
    paper.sha256 = desk.freeze(house.seat, BY_CODE[type_], frame)
    paper.save()


def test_a_batch_in_its_holders_hands_agrees(house: House) -> None:
    batch, parcel = journey.at_the_unit(house)
    assert journey.hand_out(house, parcel) == 6
    found = audit(house.seat, batch)
    assert found.differences == () and found.missing == 0 and found.left == {}
    assert (found.persons, found.applications, found.numbers, found.plastics) == (6, 6, 6, 6)
    assert found.places == {"闽达小学 已领": 6}
    titles = (
        "制卡数据",
        "账号资料",
        "卡面个人化信息",
        "半成品清单",
        "制卡信息文档",
        "制卡清单",
        "社保卡交接单",
        "领卡回执",
    )
    assert found.lists == dict.fromkeys(titles, 6)


@pytest.mark.parametrize("far", ["numbered", "personalised", "at_the_bank", "delivered"])
def test_a_batch_on_its_way_lacks_nothing_that_it_cannot_have_yet(house: House, far: str) -> None:
    batch = getattr(journey, far)(house)
    assert named(house, batch) == set()


def test_who_left_with_a_cause_is_explained(house: House) -> None:
    batch = journey.personalised(house)
    app = refs(batch)[0]
    plastic.fail(batch, {app: "chip-dead"}, step="personalise", source="house")
    plastic.void_failed(batch, by="test")
    found = audit(house.seat, batch)
    assert (found.differences, found.left) == ((), {"芯片无应答": 1})
    assert (found.persons, found.applications, found.numbers, found.plastics) == (5, 5, 5, 5)


def test_a_number_of_two_applications_is_named_at_both_by_its_last_four_digits_alone(house: House) -> None:
    batch = journey.numbered(house)
    one, other, *_ = refs(batch)
    number = Production.objects.get(app_no=one).pan or ""
    Mapping.objects.create(app_no=other, id_key="0" * 64, ssc_no="Q00000009", pan=number, imported_at=timezone.now())
    last = f"…{number[-4:]}"
    found = {(code, app) for code, app, what in named(house, batch) if last in what and number not in what}
    assert found == {("number-twice", one), ("number-twice", other), ("two-numbers", other)}


def test_a_number_that_another_batch_has_too_is_found(house: House) -> None:
    batch = journey.numbered(house)
    number = Production.objects.get(app_no=refs(batch)[0]).pan
    Mapping.objects.create(app_no="A99", id_key="0" * 64, ssc_no="Q9", pan=number, imported_at=timezone.now())
    assert {app for code, app, _ in named(house, batch) if code == "number-twice"} == {refs(batch)[0], "A99"}


def test_an_application_without_a_number_and_one_whose_document_tells_another(house: House) -> None:
    batch = journey.numbered(house)
    one, other, *_ = refs(batch)
    Production.objects.filter(app_no=one).update(pan=None)
    rewrite(house, batch, ACCOUNT_FILE.code, at=other, to={"pan": "6222359999999999998"})
    assert named(house, batch) == {("no-number", one, ""), ("number-differs", other, "账号资料 …9998")}


def test_a_card_that_is_not_on_the_card_list_is_named(house: House) -> None:
    batch = journey.delivered(house)
    app = refs(batch)[2]
    rewrite(house, batch, CARD_LIST.code, drop=app)
    assert named(house, batch) == {("not-on-list", app, "制卡清单")}
    (x,) = audit(house.seat, batch).differences
    assert x.serial == Card.objects.get(application_ref=app).serial and x.title == "单据中缺少"
    person = Person.objects.get(applications__ref=app)
    said = json.dumps(dataclasses.asdict(x), ensure_ascii=False)
    assert person.name not in said and person.id_no not in said and x.id_no.startswith("350502****")


def test_a_list_that_has_not_been_counted_yet_lacks_nobody(house: House) -> None:
    batch = journey.delivered(house)
    rewrite(house, batch, CARD_LIST.code, drop=refs(batch)[2])
    Paper.objects.filter(type=CARD_LIST.code).update(counted=False, sender="icbc")
    assert named(house, batch) == set()


def test_a_row_twice_another_serial_and_a_stranger_on_a_list_are_named(house: House) -> None:
    batch = journey.delivered(house)
    one, other, third, *_ = refs(batch)
    rewrite(house, batch, CARD_LIST.code, double=one)
    rewrite(house, batch, CARD_LIST.code, at=other, to={"card_serial": "QZ26000009999"})
    rewrite(house, batch, CARD_LIST.code, at=third, to={"app_no": "A00000000000"})
    assert named(house, batch) == {
        ("twice-on-list", one, "制卡清单"), ("serial-differs", other, "制卡清单 QZ26000009999"),
        ("unknown-on-list", "A00000000000", "制卡清单"), ("not-on-list", third, "制卡清单"),
    }  # fmt: skip


def test_a_document_that_a_row_sent_and_that_is_gone_is_named(house: House) -> None:
    batch = journey.numbered(house)
    Paper.objects.filter(type="production-data").delete()
    assert named(house, batch) == {("list-lacking", batch.code, "制卡数据")}


def test_plastic_without_an_application_and_an_application_without_a_place_are_named(house: House) -> None:
    batch = journey.personalised(house)
    one, other, *_ = refs(batch)
    Application.objects.filter(ref=one).update(batch_code="elsewhere")
    person = Person.objects.get(applications__ref=other)
    Application.objects.create(
        ref="A88", person=person, process=batch.process, batch_code=batch.code, live=False, made_at=timezone.now()
    )
    Application.objects.filter(ref=other).update(batch_code="elsewhere")
    Card.objects.filter(application_ref=other).update(serial=None)
    found = {row for row in named(house, batch) if row[0] != "no-plastic"}
    assert found == {
        ("plastic-no-application", one, ""), ("no-application", other, ""), ("no-card-row", "A88", ""),
    }  # fmt: skip


def test_one_person_with_two_cards_and_two_live_applications_is_named(house: House) -> None:
    batch = journey.personalised(house)
    one, other, *_ = refs(batch)
    with connection.cursor() as cursor:  # the store itself refuses it
        cursor.execute("DROP INDEX one_live_card")
    Application.objects.filter(ref=other).update(person=Person.objects.get(applications__ref=one))
    found = named(house, batch)
    assert found == {("person-twice", other, f"另一份 {one}"), ("two-live", one, ""), ("two-live", other, "")}


def test_a_living_application_without_plastic_or_with_void_plastic_is_named(house: House) -> None:
    batch = journey.personalised(house)
    one, other, *_ = refs(batch)
    Card.objects.filter(application_ref=one).update(serial=None)
    card = Card.objects.get(application_ref=other)
    here = Place.objects.get(organisation__code="ylz", state=State.GOOD, group__code=batch.code)
    move(here, place(here.organisation, State.VOID, here.group), Cards([card.pk]), cause="void", by="test")
    assert ("no-plastic", one, "") in (found := named(house, batch))
    assert ("void-not-failed", other, "ylz 作废") in found
    Application.objects.filter(ref=other).update(live=False)  # replaced: the old card was taken back
    assert ("void-not-failed", other, "ylz 作废") not in named(house, batch)
    move(
        Place.objects.get(organisation__code="ylz", state=State.VOID, group__code=batch.code),
        place(here.organisation, State.MISSING, here.group), Cards([card.pk]), cause="missing", by="test",
    )  # fmt: skip
    assert ("missing-no-case", other, "ylz 短少") in named(house, batch)


def test_a_failed_card_that_was_issued_and_one_still_among_the_good_are_named(house: House) -> None:
    batch, _ = journey.at_the_unit(house)
    one, other, *_ = refs(batch)
    assert journey.hand_out(house, Card.objects.get(application_ref=one).serial or "") == 1
    plastic.fail(batch, {one: "stripe-bad", other: "stripe-bad"}, step="finish", source="icbc")
    assert named(house, batch) == {
        ("issued-though-failed", one, "闽达小学 已领"), ("good-though-failed", other, "闽达小学 良品"),
    }  # fmt: skip


def test_a_card_listed_after_it_had_failed_is_named(house: House) -> None:
    batch = journey.delivered(house)
    app = refs(batch)[0]
    plastic.fail(batch, {app: "stripe-bad"}, step="finish", source="icbc")
    plastic.void_failed(batch, by="test")
    assert named(house, batch) == set()  # it left after the list was written
    Paper.objects.filter(type=CARD_LIST.code).update(made_at=timezone.now())
    assert named(house, batch) == {("failed-on-list", app, "制卡清单")}


def test_what_was_signed_issued_and_activated_must_follow_each_other(house: House) -> None:
    batch, parcel = journey.at_the_unit(house)
    one, other, third, *_ = (Card.objects.get(application_ref=ref) for ref in refs(batch))
    within = Group.objects.get(code=parcel)
    unit = Place.objects.get(state=State.GOOD, group=within).organisation
    good, issued = place(unit, State.GOOD, within), place(unit, State.ISSUED, within)
    move(good, issued, Cards([one.pk]), cause="issue", by="test")
    for card, kind in ((other, "collected"), (third, "activated")):
        CardEvent.objects.create(card=card, kind=kind, happened_at=timezone.now(), booked_day=today(), by="test")
    found = {(x.code, x.subject) for x in audit(house.seat, batch).differences}
    assert found == {
        ("issued-not-signed", one.application_ref), ("signed-not-issued", other.application_ref),
        ("activated-not-collected", third.application_ref),
    }  # fmt: skip


def test_a_card_in_a_parcel_that_its_list_left_out_is_named(house: House) -> None:
    batch, _ = journey.at_the_unit(house)
    rewrite(house, batch, PASSING_ON.code, drop=refs(batch)[1])
    assert named(house, batch) == {("not-on-list", refs(batch)[1], "社保卡交接单")}
