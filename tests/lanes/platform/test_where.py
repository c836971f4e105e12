"""Where is my card: one answer for a person, masked, from application to activation."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta

import polars as pl
import pytest
from django.utils import timezone
from rich.text import Text

from tests.lanes.house import House
from tests.lanes.platform import journey
from zhika.cli import where as where_command
from zhika.cli.where import lines
from zhika.engine import desk, plastic, promise
from zhika.engine.answer import Told, answer
from zhika.engine.check import id_key
from zhika.engine.sides import Life
from zhika.errors import NotReady
from zhika.flows import FLOWS
from zhika.flows.chart import Grain
from zhika.flows.documents import DESTRUCTION
from zhika.flows.lanes import Lane
from zhika.lanes.unit.models import Receipt
from zhika.ledger.batches import Batch, organisation
from zhika.ledger.blocks import Block
from zhika.ledger.cards import Card, CardEvent
from zhika.ledger.custody import WHOLE, Cards, move
from zhika.ledger.places import SHANGHAI, Place, State, today
from zhika.ledger.steps import Paper, StepRecord
from zhika.ledger.where import where
from zhika.people.models import Application, Death, Person, Request


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    """Records are read once in a process run, and a test is not one."""
    promise.paces.cache_clear()
    yield
    promise.paces.cache_clear()


def told(house: House, batch: Batch, *, now: datetime | None = None) -> Told:
    found = answer(house.seat, journey.first(batch).ref, now=now)
    (one,) = found.applications
    return one


def test_before_any_card_it_is_at_whoever_must_act_next(house: House) -> None:
    batch = house.batch()
    one = told(house, batch)
    assert one.row is not None and one.plastic is None
    assert (one.row.number, one.row.title) == (1, "城镇职工、居民采集人员相关信息、形成制卡数据")
    assert [(row.number, row.title, row.by) for row in one.next] == [(2, "提交制卡数据", "ylz")]
    assert one.moved is not None and one.moved.document == "数据确认"
    house.row(batch.code, "submit_production_data", Lane.INTEGRATOR)
    one = told(house, batch)
    assert [(row.number, row.by) for row in one.next] == [(3, "house")]
    assert one.moved is not None and one.moved.document == "制卡数据"
    assert (one.social.life, one.bank.life) == (Life.WAITING, Life.NONE)


def test_two_rows_that_may_be_done_side_by_side_are_both_told(house: House) -> None:
    one = told(house, journey.numbered(house))
    assert one.row is not None and one.row.number == 5
    assert [(row.number, row.lane) for row in one.next] == [(6, "易联众"), (6, "银行")]


def test_plastic_has_a_holder_a_paper_and_a_time(house: House) -> None:
    batch = journey.at_the_bank(house)
    one = told(house, batch)
    assert one.plastic is not None and one.row is not None and one.moved is not None
    assert (one.row.number, one.plastic.code, one.plastic.state) == (12, "house", State.GOOD)
    assert (one.moved.document, one.moved.handover) == ("制卡信息文档", f"{batch.code}~production-handover")
    assert (house.seat.home / one.moved.paper_list).is_file()
    assert [(row.number, row.title) for row in one.next] == [(13, "提交制卡清单及社保卡")]
    assert one.bank.life is Life.OPENED and one.since <= timezone.now()
    assert timezone.now() - one.plastic.since < timedelta(minutes=1)


def test_a_card_at_the_unit_is_ready_and_then_in_hand_and_live_on_each_side_by_itself(house: House) -> None:
    batch, parcel = journey.at_the_unit(house)
    one = told(house, batch)
    assert one.ready and one.promise is None and one.plastic is not None
    assert (one.plastic.holder, one.plastic.parcel) == ("闽达小学", parcel)
    assert [(row.number, row.by) for row in one.next] == [(14, "闽达小学")]
    assert journey.hand_out(house, one.serial) == 1
    one = told(house, batch)
    assert one.row is not None and one.plastic is not None
    assert (one.row.number, one.plastic.state) == (14, State.ISSUED)
    assert (one.social.life, one.bank.life) == (Life.LIVE, Life.OPENED)
    assert [(row.number, row.title) for row in one.next] == [(15, "柜台激活卡片")]
    neighbour = answer(house.seat, Card.objects.exclude(serial=one.serial)[0].serial or "").applications[0]
    assert neighbour.ready and neighbour.social.life is Life.WAITING
    card = Card.objects.get(serial=one.serial)
    CardEvent.objects.create(card=card, kind="activated", happened_at=timezone.now(), booked_day=today(), by="icbc")
    one = told(house, batch)
    assert one.bank.life is Life.LIVE and not one.next
    Block.objects.create(card=card, state="lost-call", at=timezone.now())
    one = told(house, batch)
    assert (one.social.life, one.social.text, one.bank.life) == (Life.BLOCKED, "口头挂失", Life.BLOCKED)
    assert one.bank.text == "口头挂失 (期限以银行为准)"
    Block.objects.update(until=today())
    assert told(house, batch).social.text == f"口头挂失 (有效至 {today()})"
    Block.objects.update(state="lapsed")
    one = told(house, batch)
    assert one.social.text == "可用" and one.bank.life is Life.LIVE
    assert one.bank.text == "已激活 (曾口头挂失, 是否仍在挂失以银行为准)"
    CardEvent.objects.filter(kind="activated").delete()
    one = told(house, batch)
    assert one.bank.life is Life.OPENED and one.bank.text.endswith("(曾口头挂失, 是否仍在挂失以银行为准)")
    CardEvent.objects.create(card=card, kind="activated", happened_at=timezone.now(), booked_day=today(), by="icbc")
    Block.objects.update(state="cancelled")
    assert told(house, batch).bank.text == "已注销"
    Block.objects.update(state="lifted")
    one = told(house, batch)
    assert (one.social.life, one.bank.text) == (Life.LIVE, "已激活")


def test_a_card_in_hand_lies_at_nobody_and_a_day_without_an_hour_is_told_as_a_day(house: House) -> None:
    batch, _ = journey.at_the_unit(house)
    serial = told(house, batch).serial
    journey.hand_out(house, serial)
    midnight = datetime.combine(today(), time(), SHANGHAI)
    CardEvent.objects.create(
        card=Card.objects.get(serial=serial), kind="activated", happened_at=midnight, booked_day=today(), by="icbc"
    )
    said = lines(told(house, batch))
    assert any(line.startswith("  在哪: 已发给持卡人 (由 闽达小学 发放), ") for line in said)
    assert "  凭据: 领卡回执 签领表17" in said
    CardEvent.objects.filter(kind="hand_out").update(cause="签领表[/17] [a]")
    assert rendered(told(house, batch))[3] == "  凭据: 领卡回执 签领表[/17] [a]"
    Receipt.objects.filter(card_serial=serial).update(by="proxy")
    assert any("(由 闽达小学 发放, 代领)" in line for line in lines(told(house, batch)))
    assert f"  到了: 15 柜台激活卡片 (银行), {today()} 起" in said


def rendered(one: Told) -> list[str]:
    """What stands on the screen."""
    return [Text.from_markup(line).plain for line in lines(one)]


def test_a_destroyed_card_names_the_day_and_the_witnesses_where_their_record_is_here(house: House) -> None:
    batch = journey.personalised(house)
    one = journey.first(batch)
    plastic.fail(batch, {one.ref: "chip-dead"}, step="personalise", source="house")
    plastic.void_failed(batch, by="test")
    card = Card.objects.get(application_ref=one.ref)
    lying = Place.objects.get(pk=where([card.pk])[card.pk])
    gone = plastic.place(lying.organisation, State.DESTROYED, plastic.batch_group(batch))
    move(lying, gone, Cards([card.pk]), cause="destroy", by="王芳")
    assert f"  凭据: 销毁记录 {today()}" in rendered(told(house, batch))
    rows = pl.DataFrame(
        [{"card_serial": card.serial, "witness": "王芳", "second_witness": "李敏", "date": "2026-11-23"}]
    )
    Paper.objects.create(
        type=DESTRUCTION.code, sender_lane="bank", sender="house", receiver="house", subject_kind="batch",
        subject=batch.code, batch_code=batch.code, process=batch.process, made_at=timezone.now(), rows=1,
        sha256=desk.freeze(house.seat, DESTRUCTION, rows), state=Paper.FILED,
    )  # fmt: skip
    assert "  凭据: 销毁记录 2026-11-23 监销 王芳、李敏" in rendered(told(house, batch))


def test_of_the_dead_nothing_comes_next_and_the_family_is_told(
    house: House, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    batch, _ = journey.at_the_unit(house)
    one = journey.first(batch)
    found = answer(house.seat, one.ref)
    assert not found.dead and found.applications[0].ready and found.applications[0].next
    Death.objects.create(id_key=one.person.id_key, died_on=today(), source="0" * 64, loaded_at=timezone.now())
    found = answer(house.seat, one.ref)
    (told,) = found.applications
    assert found.dead and not told.ready and told.promise is None and not told.next
    plastic.fail(batch, {one.ref: "chip-dead"}, step="return_cards", source="house")
    monkeypatch.setattr(where_command, "here", lambda: house.seat)
    where_command.where(one.ref)
    said = capsys.readouterr().out
    assert "在死亡名单中, 不发放。告知家属: 请持证明到经办机构办理注销。" in said
    for word in ("告知本人", "重新制卡", "可以领卡", "何时可领", "下一步"):
        assert word not in said


def test_a_card_on_its_way_names_both_sides_and_is_not_ready_yet(house: House) -> None:
    batch = journey.personalised(house)
    house.row(batch.code, "hand_over", Lane.INTEGRATOR)
    one = told(house, batch)
    assert one.plastic is not None and not one.ready
    assert (one.plastic.state, one.plastic.code, one.plastic.taker) == (State.GIVEN, "ylz", "house")


def test_where_the_office_hands_out_the_card_is_ready_once_the_office_has_it(house: House) -> None:
    batch = journey.at_the_bank(house)
    for rows in (Batch.objects.all(), Application.objects.all()):
        rows.update(process="urban-new")
    batch.refresh_from_db()
    StepRecord.objects.filter(subject=batch.code).update(subject="of another chart")
    journey.notice(batch, "deliver")
    one = told(house, batch)
    assert [(row.number, row.by) for row in one.next] == [(14, "02")] and not one.ready and one.promise is None
    here = plastic.good(journey.party(batch, Lane.BANK), batch)
    move(here, plastic.good(organisation("02"), batch), WHOLE, cause="accept", by="test")
    assert told(house, batch).ready


def test_a_failed_application_tells_cause_sentence_and_the_new_start(house: House) -> None:
    batch = journey.personalised(house)
    old = journey.first(batch)
    plastic.fail(batch, {old.ref: "chip-dead"}, step="personalise", source="house")
    plastic.void_failed(batch, by="test")
    journey.notice(batch, "finish")  # the batch goes on without it
    one = told(house, batch)
    assert one.row is not None and (one.row.number, one.bank.life) == (10, Life.OVER)
    assert one.failed is not None and one.promise is None and one.next == ()
    assert (one.failed.title, one.failed.citizen, one.failed.again) == ("芯片无应答", "卡片重新制作中。", True)
    assert one.failed.row.startswith("芯片初始化") and one.failed.restarted_by == ()
    assert one.plastic is not None and one.plastic.state == State.VOID and one.social.life is Life.OVER
    Application.objects.filter(pk=old.pk).update(live=False)
    new = Application.objects.create(
        ref="A26112399999999", person=old.person, process=old.process, restarts=old, made_at=timezone.now()
    )
    found = answer(house.seat, old.ref).applications
    assert [one.ref for one in found] == [new.ref, old.ref]
    assert found[1].failed is not None and found[1].failed.restarted_by == (new.ref,)
    assert found[0].promise is not None and found[0].failed is None


def test_a_new_start_goes_on_where_its_first_application_stood(house: House) -> None:
    batch = house.batch()
    old = journey.first(batch)
    before = told(house, batch)
    assert before.row is not None and before.row.number == 1
    plastic.fail(batch, {old.ref: "misprint"}, step="print_faces", source="house")
    Application.objects.filter(pk=old.pk).update(live=False)
    at = timezone.now() + timedelta(seconds=1)
    new = Application.objects.create(
        ref="A26112399999999", person=old.person, process=old.process, restarts=old, made_at=at
    )
    one = answer(house.seat, new.ref).applications[0]
    assert one.ref == new.ref and one.row is not None and one.row.number == 1 and one.since == at
    assert [row.number for row in one.next] == [2]


def test_the_same_person_is_found_by_each_number_and_shown_masked(house: House) -> None:
    batch = journey.personalised(house)
    one = journey.first(batch)
    serial = Card.objects.get(application_ref=one.ref).serial or ""
    by_ref, by_serial, by_id = (answer(house.seat, number) for number in (one.ref, serial, one.person.id_no))
    assert by_ref == by_serial == by_id
    said = "\n".join([by_ref.name, by_ref.id_no, *(line for told in by_ref.applications for line in lines(told))])
    assert one.person.name not in said and one.person.id_no not in said and by_ref.id_no == "350502********0018"
    assert one.person.id_no not in repr(by_ref) and one.person.name not in repr(by_ref)


@pytest.mark.parametrize("number", ["A26112300009999", "QZ26999999999", "350502199001010018"])
def test_an_unknown_number_is_said_to_be_unknown_and_an_id_number_is_never_repeated(house: House, number: str) -> None:
    with pytest.raises(NotReady, match="没有找到") as caught:
        answer(house.seat, number)
    assert "350502199001010018" not in str(caught.value)


def test_a_request_that_nobody_has_reviewed_is_found_by_its_number_and_by_the_id_number(house: House) -> None:
    at = timezone.now() - timedelta(days=2)
    who = {"id_no": house.people[0]["id_no"], "name": house.people[0]["name"]}
    facts = {"process": "urban-new", "kind": "new", "office": organisation("02", kind="centre"), "entered_by": "陈"}
    Request.objects.create(ref="A26112300000777", fields=who, entered_at=at, state=Request.APPLIED, **facts)
    for number, work in ((1, "fill_form"), (2, "apply")):
        StepRecord.objects.create(
            subject_kind=Grain.APPLICATION, subject="A26112300000777", process="urban-new", number=number,
            lane="insured", function=work, happened_at=at, booked_at=at, by="陈",
        )  # fmt: skip
    for query in ("A26112300000777", who["id_no"]):
        found = answer(house.seat, query)
        (one,) = found.applications
        assert one.row is not None and found.id_no.startswith("350502****")
        assert (one.row.number, [(row.number, row.lane) for row in one.next]) == (2, [(3, "医保中心、农合办")])
        assert one.promise is not None and one.promise.likely == at + timedelta(days=60)


# The promised date ---------------------------------------------------------------------------------------------------

DAYS = {
    "submit_production_data": 3, "generate_accounts": 1, "return_accounts": 1, "match": 1, "submit_faces": 2,
    "submit_accounts": 0, "print_faces": 4, "laminate": 1, "return_semi_finished": 2, "personalise": 3,
    "hand_over": 1, "finish": 5, "deliver": 1,
}  # fmt: skip
"""Days of each row after the latest before it; 25 from the application to the office."""


def closed_batch(house: House, code: str, slow: int, parcels: tuple[int, ...] = (2,)) -> None:
    """A closed batch of one whose rows took so many times `DAYS`, and parcels so many days."""
    office, begun = organisation("02", kind="centre"), timezone.now() - timedelta(days=900)
    batch = Batch.objects.create(
        code=code, process="urban-batch", office=office, size=1, formed_at=begun, closed_at=timezone.now()
    )
    unit = organisation("100000", kind="unit", parent=office)
    bundle = batch.bundles.create(unit=unit, size=1)
    Card.objects.create(batch=batch, bundle=bundle, line=1, application_ref=f"A-{code}", person_key="0" * 64)
    person = Person.objects.create(
        id_key=id_key(house.seat.home, code), id_no="350502199001010018", name="陈阿山", sex="1", birth="19900101",
        scheme="urban", category="worker", photo="0" * 64, unit=unit, office=office,
    )  # fmt: skip
    Application.objects.create(ref=f"A-{code}", person=person, process="urban-batch", batch_code=code, made_at=begun)
    at = begun
    for work, days in DAYS.items():
        at += timedelta(days=days * slow)
        journey.notice(batch, work, at=at)
    row = FLOWS["urban-batch"].step("pass_on")
    for n, days in enumerate(parcels):
        StepRecord.objects.create(
            subject_kind=Grain.PARCEL, subject=f"{code}.{n}", batch=batch, process="urban-batch", number=row.number,
            lane=row.lane, function="pass_on", happened_at=at + timedelta(days=days), booked_at=at, by="test",
        )  # fmt: skip


def test_without_records_the_configured_term_is_promised_and_said_to_be_one(house: House) -> None:
    one = told(house, house.batch())
    assert one.promise is not None and one.promise.batches == 0
    assert one.promise.likely == one.promise.latest == one.made_at + timedelta(days=60)
    assert "尚无已结批次的记录" in "\n".join(lines(one))


def test_what_is_promised_is_overdue_when_the_day_is_over(house: House) -> None:
    batch = house.batch()
    due = Application.objects.get(ref=journey.first(batch).ref).made_at + timedelta(days=60)
    night = due.astimezone(SHANGHAI).replace(hour=23, minute=59)
    for now, over in ((night, False), (night + timedelta(minutes=2), True)):
        one = told(house, batch, now=now)
        assert one.promise is not None and one.promise.overdue is over


def test_the_promise_is_the_sum_of_the_medians_of_the_rows_left(house: House) -> None:
    batch = house.batch()
    for n, slow in enumerate((1, 1, 1, 4)):
        closed_batch(house, f"A1-02-250101-{n:02}", slow)
    house.row(batch.code, "submit_production_data", Lane.INTEGRATOR)
    one = told(house, batch)
    assert one.promise is not None and one.promise.batches == 4 and not one.promise.overdue
    left = sum(DAYS.values()) - DAYS["submit_production_data"]
    assert one.promise.likely - one.since == timedelta(days=left + 2)
    slow = 1 + 3 * (0.9 * 3 - 2)  # the 90 % quantile of 1, 1, 1, 4
    difference = one.promise.latest - one.since - timedelta(days=left * slow + 2)
    assert abs(difference) < timedelta(seconds=1)


def test_parcels_count_one_by_one_and_a_batch_that_is_open_tells_nothing(house: House) -> None:
    closed_batch(house, "A1-02-250101-01", 1, parcels=(1, 2, 9))
    closed_batch(house, "A1-02-250101-02", 7)
    Batch.objects.filter(code="A1-02-250101-02").update(closed_at=None)
    known = promise.paces("urban-batch")
    assert known.batches == 1
    assert known.rows[13, "pass_on"].median == timedelta(days=2)
    assert known.rows[6, "submit_accounts"].median == timedelta(0)
    assert known.rows[2, "submit_production_data"].median == timedelta(days=3)


def test_a_row_that_takes_longer_than_ever_moves_the_date_on_from_today_and_says_so(house: House) -> None:
    batch = house.batch()
    closed_batch(house, "A1-02-250101-01", 1)
    late = timezone.now() + timedelta(days=30)
    one = told(house, batch, now=late)
    left = sum(DAYS.values()) - DAYS["submit_production_data"] + 2
    assert one.promise is not None and one.promise.overdue
    assert one.promise.likely == one.promise.latest == late + timedelta(days=left)
    assert "已超期" in "\n".join(lines(one))
