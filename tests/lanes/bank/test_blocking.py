"""挂失、解挂、注销 at a bank: the account pays nothing while its card is blocked."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.lanes.house import person
from tests.lanes.lost import CODE, NOON, cards, notices, work
from zhika.engine import batches, each
from zhika.engine.todo import todo
from zhika.errors import NotReady, Refused
from zhika.flows import FLOWS
from zhika.flows.blocking import IN_PRODUCTION
from zhika.lanes.bank import activation, acts, blocking
from zhika.lanes.bank.laws import one_number
from zhika.lanes.bank.models import Account
from zhika.ledger.batches import Batch, organisation
from zhika.ledger.blocks import Block, open_blocks, said
from zhika.ledger.cards import Card, CardEvent
from zhika.ledger.laws import Books
from zhika.ledger.places import today
from zhika.ledger.steps import StepRecord
from zhika.seat import home as homes
from zhika.seat.config import Seat, read

CALL, FORMAL = {"kind": "call"}, {"kind": "formal"}


def bank(folder: Path, name: str, **block: str) -> Seat:
    homes.create(folder / name, homes.Kind.BANK, name, settings={f"block.{key}": value for key, value in block.items()})
    (folder / name / "customers.csv").write_text("id_no,name,standing\n", encoding="utf-8")
    return read(folder / name)


@pytest.fixture
def seat(tmp_path: Path, db: None) -> Seat:
    return bank(tmp_path, "icbc")


@pytest.fixture
def made(seat: Seat) -> list[Card]:
    """Two cards: the first one's account is activated, the second one's opened."""
    made = cards(seat, 2)
    for n, (card, status) in enumerate(zip(made, (Account.ACTIVATED, Account.OPENED), strict=True)):
        account(card, n, status)
    return made


def account(card: Card, n: int, status: str, code: str = CODE) -> Account:
    number = Account.objects.count()
    return Account.objects.create(
        application_ref=card.application_ref, batch_code=code, line=n, pan=f"622235{number:013}", expiry="3611",
        account=f"{number:020}", branch="1402", id_no=person(n)["id_no"], name=person(n)["name"], status=status,
        closed_for_payment=status != Account.ACTIVATED,
    )  # fmt: skip


def do(seat: Seat, name: str, told: dict[str, dict[str, str]], reason: str = "") -> int:
    return each.do_cards(seat, name, told, by="柜员", evidence=reason)


def accounts() -> list[tuple[str, bool]]:
    return list(Account.objects.order_by("line").values_list("status", "closed_for_payment"))


def serial(card: Card) -> str:
    return card.serial or ""


@pytest.mark.parametrize(("kind", "reason"), [("call", ""), ("call", "12:00 来电"), ("formal", "GS-1")])
def test_a_loss_closes_the_account_for_payment_and_lifting_restores_what_it_was(
    seat: Seat, made: list[Card], kind: str, reason: str
) -> None:
    before = accounts()
    assert do(seat, "block", {serial(card): {"kind": kind} for card in made}, reason) == 2
    assert accounts() == [("activated", True), ("opened", True)]
    assert said(open_blocks()) == ({card.pk: reason for card in made} if reason else {})
    shown = {serial(card): {"id_no": person(n)["id_no"]} for n, card in enumerate(made)}
    with pytest.raises(Refused, match="不是持卡人的"):
        do(seat, "lift", {serial(made[0]): shown[serial(made[1])]})
    assert do(seat, "lift", shown) == 2
    assert accounts() == before
    do(seat, "block", {serial(made[0]): {"kind": "call"}})
    assert said(open_blocks()) == {}  # the evidence was another block's
    do(seat, "lift", {serial(made[0]): shown[serial(made[0])]})
    assert [row["kind"] for row in notices(seat)] == [f"lost-{kind}"] * 2 + ["lifted"] * 2 + ["lost-call", "lifted"]


def test_a_cancelled_cards_account_is_closed_for_ever_and_no_law_is_broken_by_it(seat: Seat, made: list[Card]) -> None:
    delivered(made[0].batch)
    do(seat, "cancel", {serial(made[0]): {}}, "死亡注销")
    assert accounts() == [("closed", True), ("opened", True)]
    with pytest.raises(Refused, match="已注销"):
        do(seat, "lift", {serial(made[0]): {"id_no": person(0)["id_no"]}})
    assert [*one_number(Books()), *blocking.blocked_pays_nothing(Books())] == []
    Account.objects.update(status=Account.ACTIVATED, closed_for_payment=False)
    assert len([*blocking.blocked_pays_nothing(Books(made[0].batch))]) == 1


def test_a_batch_waits_for_no_card_that_was_cancelled(seat: Seat, made: list[Card]) -> None:
    batch, row = made[0].batch, FLOWS["urban-batch"].step("activate")
    CardEvent.objects.create(card=made[0], kind="activate", happened_at=NOON, booked_day=today(), by="t")
    assert each._counts(batch, row) is None
    do(seat, "cancel", {serial(card): {} for card in made}, "迁出")
    assert each._counts(batch, row) == (2, 1)


def delivered(batch: Batch) -> None:
    StepRecord.objects.create(
        subject_kind="batch", subject=batch.code, batch=batch, process=batch.process, number=13, lane="bank",
        function="deliver", happened_at=NOON, booked_at=NOON, by="zhika",
    )  # fmt: skip


def test_a_call_lapses_by_this_banks_own_term_and_the_account_pays_again(seat: Seat, made: list[Card]) -> None:
    call(seat, made)
    assert set(Block.objects.values_list("until", flat=True)) == {date(2026, 12, 8)}
    lapse(seat, 15)
    assert accounts() == [("activated", True), ("opened", True)]
    lapse(seat, 16)
    assert accounts() == [("activated", False), ("opened", True)]
    assert set(Block.objects.values_list("state", flat=True)) == {"lapsed"}


def test_at_a_bank_whose_calls_never_lapse_they_stay(tmp_path: Path, db: None) -> None:
    seat = bank(tmp_path, "abc", call_days="0")
    made = cards(seat, 1)
    account(made[0], 0, Account.ACTIVATED)
    call(seat, made)
    lapse(seat, 4_000)
    assert list(Block.objects.values_list("state", "until")) == [("lost-call", None)]
    assert accounts() == [("activated", True)]


def call(seat: Seat, made: list[Card]) -> None:
    people = {card.application_ref: card for card in made}
    write(acts.block(work(seat, "block", people=people, told=dict.fromkeys(people, CALL))).write)


def lapse(seat: Seat, days: int) -> None:
    write(acts.lapse(work(seat, "lapse", now=NOON + timedelta(days=days))).write)


def write(outcome: Callable[[], None] | None) -> None:
    assert outcome
    outcome()


@pytest.mark.parametrize("told", [CALL, FORMAL])
def test_the_counter_activates_no_blocked_card(seat: Seat, made: list[Card], told: dict[str, str]) -> None:
    card = made[1]
    CardEvent.objects.create(card=card, kind="collected", happened_at=NOON, booked_day=today(), by="t")
    do(seat, "block", {serial(card): told}, "GS-1")
    assert not [t for t in todo(seat) if t.work == "activate"]
    shown = {serial(card): {"id_no": person(1)["id_no"]}}
    with pytest.raises(Refused, match="挂失, 不能激活"):
        do(seat, "activate", shown)
    with pytest.raises(NotReady, match="刚刚挂失"):
        activation.book({card.application_ref: card})
    do(seat, "lift", shown)
    assert [t.serials for t in todo(seat) if t.work == "activate"] == [(serial(card),)]
    assert do(seat, "activate", shown) == 1
    assert accounts() == [("activated", False), ("activated", False)]


def test_who_comes_with_the_id_alone_is_found_by_the_account(seat: Seat, made: list[Card]) -> None:
    told = {"": {"id_no": person(0)["id_no"], **CALL}}
    assert do(seat, "block", told) == 1
    assert Block.objects.get().card == made[0]
    other = cards(seat, 1, code="A1-02-261124-02")
    account(other[0], 0, Account.OPENED, "A1-02-261124-02")
    with pytest.raises(Refused, match=f"{serial(made[0])}、{serial(other[0])}"):
        do(seat, "lift", told)


def test_a_loss_in_writing_holds_at_the_bank_too_once_the_new_cards_account_is_made(
    seat: Seat, made: list[Card]
) -> None:
    do(seat, "block", {serial(card): FORMAL for card in made}, "GS-1")
    code = "A3-02-261124-09"
    people = [("A99", person(0)["id_no"], person(0)["name"], "")]
    batch = batches.create(seat, code, "urban-replacement", organisation("02"), people, {})
    account(Card.objects.get(batch=batch), 0, Account.RESERVED, code)
    shown = {serial(card): {"id_no": person(n)["id_no"]} for n, card in enumerate(made)}
    with pytest.raises(Refused, match=IN_PRODUCTION) as refused:
        do(seat, "lift", shown)
    assert [fault.where for fault in refused.value.faults] == [f"卡 {serial(made[0])}"]
    Account.objects.filter(batch_code=code).update(status=Account.CLOSED)
    assert do(seat, "lift", shown) == 2


def test_a_card_without_an_account_yet_is_refused_with_its_serial(seat: Seat, made: list[Card]) -> None:
    Account.objects.all().delete()
    with pytest.raises(Refused, match=f"{serial(made[0])}: .*账户"):
        do(seat, "block", {serial(made[0]): CALL})


def test_the_bank_is_reminded_of_calls_that_lapse_soon(seat: Seat, made: list[Card]) -> None:
    do(seat, "block", {serial(made[0]): CALL})
    assert not [t for t in todo(seat) if t.work == "lapse"]
    Block.objects.update(until=today() + timedelta(days=3))
    assert [t.subject for t in todo(seat) if t.work == "lapse"] == [serial(made[0])]
