"""挂失、解挂、注销 at an office: the social side."""

from datetime import date, timedelta

import polars as pl
import pytest
from django.utils import timezone

from tests.lanes.house import House, person
from tests.lanes.lost import CODE, NOON, applied, cards, notices, work
from zhika.craft.blocking import cancel_cards, due
from zhika.engine import acts, desk, each, plastic
from zhika.engine.work import Subject
from zhika.errors import NotAllowed, Refused
from zhika.flows.acts import ALL, BY_NAME
from zhika.flows.blocking import IN_PRODUCTION, Standing
from zhika.flows.chart import Grain
from zhika.flows.documents import BLOCK_NOTICE
from zhika.flows.lanes import Lane
from zhika.lanes.centre import acts as office
from zhika.ledger import blocks
from zhika.ledger.audit import AuditEntry
from zhika.ledger.blocks import Block
from zhika.ledger.cards import Card, CardEvent
from zhika.people import entry
from zhika.people.models import Application, Message
from zhika.people.replaced import those_in_production
from zhika.people.texts import Kind

CALL, FORMAL = {"kind": "call"}, {"kind": "formal"}


@pytest.fixture
def made(house: House) -> list[Card]:
    made = cards(house.seat)
    applied(house.seat, made)
    return made


def do(house: House, name: str, told: dict[str, dict[str, str]], reason: str = "") -> int:
    return each.do_cards(house.seat, name, told, by="王芳", evidence=reason)


def state(card: Card) -> str:
    return next(iter(Block.objects.filter(card=card).values_list("state", flat=True)), "normal")


def serial(card: Card) -> str:
    return card.serial or ""


def test_a_call_blocks_at_once_and_tells_the_bank_who_what_and_until_when(house: House, made: list[Card]) -> None:
    assert do(house, "block", {serial(made[0]): CALL}) == 1
    ((row),) = notices(house.seat)
    until = timezone.localdate() + timedelta(days=15)
    assert row | {"at": ""} == {
        "app_no": made[0].application_ref, "id_no": person(0)["id_no"], "name": person(0)["name"],
        "card_serial": made[0].serial, "kind": "lost-call", "until": until.isoformat(), "at": "",
    }  # fmt: skip
    assert blocks.blocked([card.pk for card in made]) == {made[0].pk: Standing.CALL}
    event = CardEvent.objects.get()
    assert (event.card, event.kind, event.by) == (made[0], "lost-call", "王芳")


def test_it_is_done_in_all_six_processes_and_for_all_that_the_act_names_or_for_none(
    house: House, made: list[Card]
) -> None:
    assert all(BY_NAME[name].processes == ALL for name in ("block", "lift", "cancel", "take_block", "lapse"))
    do(house, "block", {serial(made[1]): CALL})
    with pytest.raises(Refused, match="口头挂失") as refused:
        do(house, "block", {serial(card): CALL for card in made})
    assert len(refused.value.faults) == 1 and [state(card) for card in made] == ["normal", "lost-call", "normal"]
    assert do(house, "block", {serial(card): FORMAL for card in made}, "GS-17") == 3
    assert {state(card) for card in made} == {"lost-formal"}


def test_a_loss_in_writing_wants_the_number_of_its_form_and_a_kind_must_be_told(house: House, made: list[Card]) -> None:
    with pytest.raises(Refused, match="凭证"):
        do(house, "block", {serial(made[0]): FORMAL})
    with pytest.raises(Refused, match="kind=call"):
        do(house, "block", {serial(made[0]): {}})
    with pytest.raises(NotAllowed, match="事由"):
        do(house, "cancel", {serial(made[0]): {}})
    assert not Block.objects.exists() and not notices(house.seat)


def test_lifting_wants_the_holders_own_id(house: House, made: list[Card]) -> None:
    do(house, "block", {serial(made[0]): CALL})
    for shown, said in (("", "须出示"), (person(1)["id_no"], "不是持卡人的")):
        with pytest.raises(Refused, match=said) as refused:
            do(house, "lift", {serial(made[0]): {"id_no": shown}})
        assert person(0)["id_no"] not in str(refused.value) and person(1)["id_no"] not in str(refused.value)
    assert do(house, "lift", {serial(made[0]): {"id_no": person(0)["id_no"]}}) == 1
    assert state(made[0]) == "lifted"
    assert do(house, "block", {serial(made[0]): CALL}) == 1  # and lost again
    assert [row["kind"] for row in notices(house.seat)] == ["lost-call", "lifted", "lost-call"]
    stamps = [row["at"] for row in notices(house.seat)]
    assert stamps == sorted(set(stamps))


def test_a_card_is_told_by_serial_application_or_its_holders_id_which_no_record_keeps(
    house: House, made: list[Card]
) -> None:
    number = person(2)["id_no"]
    assert do(house, "block", {made[1].application_ref: CALL}) == 1
    assert do(house, "block", {"": {"id_no": number, **CALL}}) == 1
    assert [state(card) for card in made] == ["normal", "lost-call", "lost-call"]
    assert AuditEntry.objects.filter(what="block", subject=serial(made[2])).exists()
    told = [str(v) for entry in AuditEntry.objects.values_list() for v in entry]
    told += [str(v) for event in CardEvent.objects.values_list() for v in event]
    assert not [text for text in told if number in text]
    with pytest.raises(Refused, match="没有有效的卡"):
        do(house, "block", {"": {"id_no": person(9)["id_no"], **CALL}})


@pytest.mark.parametrize("ends", ["failed", "withdrawn"])
def test_a_replacement_that_failed_or_was_withdrawn_is_not_in_production(
    house: House, made: list[Card], ends: str
) -> None:
    old = Application.objects.get(ref=made[0].application_ref)
    (new,) = cards(house.seat, 1, code="A3-02-261124-07", process="urban-replacement")
    pending = Application.objects.create(
        ref=new.application_ref, person=old.person, process="urban-replacement", kind="补换", replaces=old, live=False,
        pending=True, batch_code=new.batch.code, made_at=NOON,
    )  # fmt: skip
    assert those_in_production([old.ref]) == {old.ref}
    if ends == "failed":
        plastic.fail(new.batch, {pending.ref: "photo-bad"}, step="check_insured", source="house")
    else:
        entry.end([pending.ref])
    assert those_in_production([old.ref]) == set()


def test_once_the_replacement_is_in_production_a_loss_in_writing_holds(house: House, made: list[Card]) -> None:
    do(house, "block", {serial(made[0]): FORMAL}, "GS-1")
    old = Application.objects.get(ref=made[0].application_ref)
    new = Application.objects.create(
        ref="A99", person=old.person, process="urban-replacement", kind="补换", replaces=old, live=False, pending=True,
        made_at=NOON,
    )  # fmt: skip
    refs = [card.application_ref for card in made[:2]]
    assert not those_in_production(refs)
    shown = {serial(made[0]): {"id_no": old.person.id_no}}
    do(house, "lift", shown)
    do(house, "block", {serial(made[0]): FORMAL}, "GS-2")
    Application.objects.filter(pk=new.pk).update(batch_code="A3-02-261124-01")
    assert those_in_production(refs) == {refs[0]}
    with pytest.raises(Refused, match=IN_PRODUCTION):
        do(house, "lift", shown)
    assert state(made[0]) == "lost-formal"


def test_a_cancelled_card_is_its_holders_live_one_no_more_and_that_is_the_end(house: House, made: list[Card]) -> None:
    assert do(house, "cancel", {serial(made[0]): {}}, "死亡注销") == 1
    assert not Application.objects.get(ref=made[0].application_ref).live
    for name, told in (("block", CALL), ("block", FORMAL), ("lift", {"id_no": person(0)["id_no"]}), ("cancel", {})):
        with pytest.raises(Refused, match="已注销"):
            do(house, name, {serial(made[0]): told}, "x")
    assert blocks.blocked([made[0].pk]) == {made[0].pk: Standing.CANCELLED}


def test_cards_are_cancelled_from_within_other_work_once(house: House, made: list[Card]) -> None:
    some = [serial(card) for card in made[:2]]
    assert cancel_cards(house.seat, some[:1], by=None, reason="补卡已制成") == 1
    assert cancel_cards(house.seat, some, by=None, reason="补卡已制成") == 1
    assert cancel_cards(house.seat, some, by=None, reason="补卡已制成") == 0
    assert [row["kind"] for row in notices(house.seat)] == ["cancelled", "cancelled"]


def test_a_call_lapses_after_its_last_day_and_people_are_told_before_and_after(house: House, made: list[Card]) -> None:
    told = {card.application_ref: CALL for card in made[:2]}
    people = {card.application_ref: card for card in made[:2]}
    done = office.block(work(house.seat, "block", people=people, told=told))
    assert done.write
    done.write()
    assert set(Block.objects.values_list("until", flat=True)) == {date(2026, 12, 8)}
    assert set(Message.objects.values_list("kind", "due")) == {(Kind.LOSS_WILL_LAPSE, date(2026, 12, 5))}
    lift = {made[1].application_ref: {"id_no": person(1)["id_no"]}}
    lifted = office.lift(work(house.seat, "lift", people={made[1].application_ref: made[1]}, told=lift))
    assert lifted.write
    lifted.write()
    assert [m.application.ref for m in Message.objects.all()] == [made[0].application_ref]
    for days, expected in ((15, "lost-call"), (16, "lapsed"), (17, "lapsed")):
        lapse = office.lapse(work(house.seat, "lapse", now=NOON + timedelta(days=days)))
        assert lapse.write
        lapse.write()
        assert state(made[0]) == expected
    assert CardEvent.objects.filter(kind="lapsed").count() == 1
    assert [m.kind for m in Message.objects.all()] == [Kind.LOSS_LAPSED]
    text = Message.objects.get().text
    assert person(0)["name"] not in text and serial(made[0]) not in text and "丰泽中心" in text


def test_the_lapse_is_due_by_itself(house: House, made: list[Card]) -> None:
    do(house, "block", {serial(made[0]): CALL})
    assert list(due(house.seat)) == []
    Block.objects.update(until=timezone.localdate() - timedelta(days=1))
    ((name, subject, process),) = due(house.seat)
    assert acts.act(house.seat, name, subject, by=None, process=process)
    assert state(made[0]) == "lapsed" and list(due(house.seat)) == []


def hear(house: House, *rows: dict[str, str]) -> None:
    """A notice of the bank's that came by mail, and the round that reads it."""
    frame = pl.DataFrame(rows, schema=dict.fromkeys(BLOCK_NOTICE.columns, pl.String))
    desk.file(
        house.seat, BLOCK_NOTICE, frame, Subject(Grain.BATCH, CODE), process="urban-batch", batch_code=CODE,
        sender_lane=Lane.BANK, sender="icbc", receiver=house.seat.name,
    )  # fmt: skip
    acts.run_awaiting(house.seat, first=False)


def row(card: Card, n: int, kind: str, at: str = "2026-11-23T12:00:00+08:00") -> dict[str, str]:
    return {"app_no": card.application_ref, "id_no": person(n)["id_no"], "name": person(n)["name"],
            "card_serial": serial(card), "kind": kind, "until": "2026-11-28", "at": at}  # fmt: skip


def test_the_banks_call_is_heard_with_this_sides_own_term(house: House, made: list[Card]) -> None:
    hear(house, row(made[0], 0, "lost-call"))
    heard = Block.objects.get()
    assert (heard.card, heard.state, heard.until) == (made[0], "lost-call", date(2026, 12, 8))
    assert CardEvent.objects.get().by == "icbc"


def test_rows_of_somebody_else_another_card_or_an_unknown_kind_are_noted_and_the_rest_holds(
    house: House, made: list[Card]
) -> None:
    strange = row(made[0], 1, "lost-call"), row(made[1], 1, "lost-call") | {"card_serial": serial(made[2])}
    hear(house, *strange, row(made[2], 2, "lost-formal"))
    hear(house, row(made[0], 0, "stolen"), row(made[1], 1, "lost-call", at="yesterday"))
    assert [state(card) for card in made] == ["normal", "normal", "lost-formal"]
    assert AuditEntry.objects.filter(what="row-unknown").count() == 4


def test_a_lift_that_can_not_hold_is_noted_and_answered_and_blocks_no_mail(house: House, made: list[Card]) -> None:
    do(house, "block", {serial(made[0]): FORMAL}, "GS-1")
    old = Application.objects.get(ref=made[0].application_ref)
    Application.objects.create(
        ref="A99", person=old.person, process="urban-replacement", replaces=old, live=False, pending=True,
        batch_code="A3-02-261124-01", made_at=NOON,
    )  # fmt: skip
    hear(house, row(made[0], 0, "lifted", at="2099-01-01T00:00:00+08:00"), row(made[1], 1, "lost-call"))
    assert [state(card) for card in made] == ["lost-formal", "lost-call", "normal"]
    assert AuditEntry.objects.get(what="block-refused").subject == serial(made[0])
    last = notices(house.seat)[-1]
    assert (last["kind"], last["card_serial"]) == ("lost-formal", made[0].serial)
    assert last["at"] > "2099-01-01T00:00:00+08:00"
