"""退卡: from the unit to its office, to the bank, out again, at last destroyed; books and trays agree all the way."""

from collections.abc import Callable

import polars as pl
import pytest
from pypdf import PdfReader

from tests.lanes.house import NAME, OFFICE, UNIT
from tests.lanes.street import Street, serial
from tests.lanes.workshop import Killed
from zhika.card import tray as trays
from zhika.craft import returning
from zhika.engine import acts, carrying, desk, errands, handover, laying, parcels, picked, plastic
from zhika.engine.todo import todo
from zhika.engine.work import ActWork
from zhika.errors import NotAllowed, NotReady, Refused
from zhika.flows.acts import BY_NAME
from zhika.flows.documents import DESTRUCTION, RETURNED
from zhika.lanes.bank.models import Account
from zhika.lanes.integrator import destruction
from zhika.ledger.audit import AuditEntry
from zhika.ledger.cards import CardEvent, Failure
from zhika.ledger.custody import Cards, move
from zhika.ledger.errands import Errand
from zhika.ledger.laws import breaches
from zhika.ledger.places import Case, Handover, State, place
from zhika.ledger.steps import Paper
from zhika.seat import things


def codes(street: Street) -> tuple[str, str]:
    """Of the first return: unit to office, office to bank."""
    return f"{street.batch.code}.{UNIT}~returned", f"{street.batch.code}~returned-cards"


def returned(street: Street, *numbers: int, cause: str = "unclaimed") -> None:
    """All the way from the unit to the bank."""
    n = Handover.objects.filter(document=RETURNED.code, from_organisation=street.unit).count()
    more = f"+{n + 1}" if n else ""
    street.send_back(*numbers, cause=cause)
    street.accept(codes(street)[0] + more)
    street.send_back()
    street.accept(codes(street)[1] + more)


def statuses() -> list[str]:
    return list(Account.objects.order_by("pan").values_list("status", flat=True))


def test_the_whole_way_from_the_unit_to_the_bank_out_again_and_at_last_destroyed(street: Street) -> None:
    to_office, to_bank = codes(street)
    assert street.send_back(1, 2, 3, cause="unclaimed") == 3
    assert street.send_back(4, cause="data-wrong") == 1
    assert street.at(1, 4, 5) == [("unit", "given"), ("unit", "given"), ("unit", "good")] and breaches() == []
    assert street.accept(to_office) and street.accept(f"{to_office}+2")
    assert street.at(1, 2, 3, 4) == [("office", "held")] * 3 + [("office", "void")] and breaches() == []
    (waits,) = [item for item in todo(street.seat) if item.title == "退回银行"]
    assert (waits.subject, waits.n, waits.lane.value) == (street.batch.code, 4, "centre")
    assert street.send_back() == 4
    assert street.accept(to_bank)
    assert street.at(1, 2, 3, 4) == [("bank", "held")] * 3 + [("bank", "void")] and breaches() == []
    assert statuses() == ["opened"] * 3 + ["closed"] + ["opened"] * 2
    assert street.give_again(1) == 1
    assert street.accept(f"{street.batch.code}~card-list+2")
    parcel = street.pass_on()
    assert parcel == f"{street.batch.code}.{UNIT}+2" and street.at(1) == [("unit", "good")]
    assert street.hand_out(1, 5, 6) == 3 and street.at(1, 5) == [("unit", "issued")] * 2
    assert breaches() == []
    assert street.destroy() and street.at(2, 3, 4) == [("bank", "held")] * 2 + [("bank", "destroyed")]
    with pytest.raises(NotReady):
        street.destroy()
    street.wait(close_days=0)
    assert street.destroy()
    assert street.at(2, 3) == [("bank", "destroyed")] * 2 and statuses() == ["opened"] + ["closed"] * 3 + ["opened"] * 2
    assert dict(Failure.objects.values_list("card__serial", "cause")) == {
        serial(2): "closed", serial(3): "closed", serial(4): "data-wrong",
    }  # fmt: skip
    assert breaches() == []
    assert street.inside(street.tray(NAME, f"{street.batch.code}.cards")) == []
    assert dict(Failure.objects.exclude(text="").values_list("card__serial", "text")) == {
        serial(4): "逾期未领或资料有误",
    }  # fmt: skip
    assert "新增" in printed(street, to_bank)
    record = street.seat.home / "files" / "lists" / f"{street.batch.code}~destruction-{NAME}-2.pdf"
    text = "\n".join(page.extract_text() for page in PdfReader(record).pages)
    assert serial(2) in text and serial(3) in text and "逾期未领、到期注销 2 张" in text and "周强" in text


def printed(street: Street, code: str) -> str:
    """What stands on the list of a handover."""
    path = street.seat.home / "files" / "lists" / f"{code}.pdf"
    return "\n".join(page.extract_text() for page in PdfReader(path).pages)


def test_the_cards_travel_in_their_own_tray_and_join_the_takers(street: Street) -> None:
    to_office, to_bank = codes(street)
    street.send_back(3, 1, cause="unclaimed")
    carrying.ship(street.seat)
    assert street.inside(street.seat.bench(UNIT, "out") / OFFICE / f"{to_office}--{street.batch.code}.good.tray") == [
        1,
        3,
    ]
    assert street.inside(street.tray(UNIT, f"{street.batch.code}.{UNIT}.cards")) == [2, 4, 5, 6]
    street.accept(to_office)
    assert street.inside(street.tray(OFFICE, f"{street.batch.code}.good")) == [1, 3]
    street.send_back()
    street.accept(to_bank)
    assert street.inside(street.tray(OFFICE, f"{street.batch.code}.good")) == []
    assert street.inside(street.tray(NAME, f"{street.batch.code}.cards")) == [1, 3]


def test_list_and_paper_say_which_card_and_why(street: Street) -> None:
    street.send_back(1, cause="data-wrong")
    paper = Paper.objects.get(type=RETURNED.code)
    (row,) = desk.read(street.seat, paper).iter_rows(named=True)
    assert (row["card_serial"], row["cause"]) == (serial(1), "data-wrong")
    page = PdfReader(street.seat.home / "files" / "lists" / f"{codes(street)[0]}.pdf").pages[0].extract_text()
    assert "退卡清单" in page and serial(1) in page and "卡上资料有误" in page and paper.sha256 in page
    assert CardEvent.objects.get(kind="returned").cause == "data-wrong"
    entry = AuditEntry.objects.get(what="return_cards")
    assert (entry.who, entry.why) == ("李敏", "逾期未领或资料有误")


def test_a_whole_parcel_goes_back_by_its_code(street: Street) -> None:
    parcel = f"{street.batch.code}.{UNIT}"
    assert picked.do(street.seat, "return_cards", {parcel: {"cause": "unclaimed"}}, by="李敏", reason="到期") == 6
    assert Handover.objects.get(code=codes(street)[0]).given == 6 and breaches() == []


def test_the_same_card_is_not_returned_twice(street: Street) -> None:
    street.send_back(1, cause="unclaimed")
    with pytest.raises(Refused, match="移交中"):
        street.send_back(1, cause="unclaimed")
    street.accept(codes(street)[0])
    assert not street.accept(codes(street)[0])
    assert Handover.objects.filter(document=RETURNED.code).count() == 1 and breaches() == []


@pytest.mark.parametrize(
    ("numbers", "cause", "rule"),
    [((1,), "", "须写明原因"), ((1,), "because", "须写明原因"), ((1, 9), "unclaimed", "没有这张卡")],
)
def test_without_a_cause_of_the_dictionary_or_with_an_unknown_card_nothing_goes(
    street: Street, numbers: tuple[int, ...], cause: str, rule: str
) -> None:
    with pytest.raises(Refused, match=rule):
        street.send_back(*numbers, cause=cause)
    assert not Handover.objects.filter(document=RETURNED.code).exists()


def test_without_a_reason_or_a_name_nothing_goes(street: Street) -> None:
    for by, reason, rule in (("", "到期", "--by"), ("李敏", " ", "--reason")):
        with pytest.raises(NotAllowed, match=rule):
            picked.do(street.seat, "return_cards", {serial(1): {"cause": "unclaimed"}}, by=by, reason=reason)


def test_a_card_that_is_not_in_the_tray_is_not_booked_as_given(street: Street) -> None:
    with things.on_bench(street.seat.world, street.tray(UNIT, f"{street.batch.code}.{UNIT}.cards")) as tray:
        piece = tray.find(serial(2))
        assert piece
        tray.remove(piece)
    with pytest.raises(Refused, match=serial(2)):
        street.send_back(1, 2, cause="unclaimed")
    assert street.at(1, 2) == [("unit", "good")] * 2


def test_a_card_handed_out_does_not_come_back_by_itself(street: Street) -> None:
    street.hand_out(1)
    with pytest.raises(Refused, match="已领"):
        street.send_back(1, cause="data-wrong")


def test_a_returned_card_that_does_not_arrive_is_missing_with_a_case(street: Street) -> None:
    to_office, _ = codes(street)
    street.send_back(1, 2, 3, cause="unclaimed")
    street.carry()
    (path,) = carrying.arrived(street.seat, OFFICE, to_office)
    with things.on_bench(street.seat.world, path) as tray:
        piece = tray.find(serial(2))
        assert piece
        tray.remove(piece)
    street.accept(to_office)
    assert street.at(1, 2, 3) == [("office", "held"), ("unit", "missing"), ("office", "held")]
    assert [(case.kind, case.serial) for case in Case.objects.all()] == [("missing", serial(2))]
    assert breaches() == []


def test_who_failed_on_the_way_is_void_when_it_arrives(street: Street) -> None:
    street.send_back(1, 2, cause="unclaimed")
    plastic.fail(street.batch, {street.card(1).application_ref: "name-differs"}, step="test", source="icbc")
    street.accept(codes(street)[0])
    assert street.at(1, 2) == [("office", "void"), ("office", "held")]
    street.send_back()
    rows = desk.read(street.seat, Paper.objects.filter(type=RETURNED.code).order_by("-pk")[0])
    assert dict(rows.select("card_serial", "cause").iter_rows()) == {serial(1): "name-differs", serial(2): "unclaimed"}
    assert breaches() == []


def test_a_void_card_that_still_lies_at_the_unit_can_be_sent_back(street: Street) -> None:
    plastic.fail(street.batch, {street.card(1).application_ref: "name-differs"}, step="test", source="icbc")
    plastic.void_failed(street.batch, by="test")
    assert street.at(1) == [("unit", "void")]
    assert street.send_back(1) == 1
    street.accept(codes(street)[0])
    assert street.at(1) == [("office", "void")] and breaches() == []


def test_an_office_sends_its_own_cards_to_the_bank_too(street: Street) -> None:
    returned(street, 1, 2)
    street.give_again(1, 2)
    street.accept(f"{street.batch.code}~card-list+2")
    assert street.at(1) == [("office", "good")]
    assert street.send_back(1, cause="data-wrong") == 1
    street.accept(f"{codes(street)[1]}+2")
    assert street.at(1, 2) == [("bank", "void"), ("office", "good")] and breaches() == []


def test_what_came_back_a_second_time_is_kept_again(street: Street) -> None:
    returned(street, 1, 2)
    street.give_again(1)
    street.accept(f"{street.batch.code}~card-list+2")
    street.pass_on()
    returned(street, 1)
    assert street.at(1, 2) == [("bank", "held")] * 2 and breaches() == []
    assert street.give_again(1, 2) == 2
    street.accept(f"{street.batch.code}~card-list+3")
    assert street.at(1, 2) == [("office", "good")] * 2 and breaches() == []


def test_only_kept_cards_are_given_out_again(street: Street) -> None:
    returned(street, 1, cause="data-wrong")
    with pytest.raises(Refused, match="不在代管的卡中"):
        street.give_again(1)
    with pytest.raises(Refused, match="不在可办此事的机构手中"):
        street.give_again(2)


# Cut off -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("acts_on_things", range(7))
def test_a_worker_killed_while_the_cards_are_laid_out_goes_on_with_the_same(
    street: Street, killed_after: Callable[[int], None], acts_on_things: int
) -> None:
    """Three cards, an insertion and a removal each: killed before any of the six, and after the last."""
    killed_after(acts_on_things or -1)
    if 0 < acts_on_things < 6:
        with pytest.raises(Killed):
            street.send_back(1, 2, 3, cause="unclaimed")
    else:
        street.send_back(1, 2, 3, cause="unclaimed")
    killed_after(0)
    assert street.at(1, 2, 3) == [("unit", "given")] * 3 and breaches() == []
    if Errand.objects.exists():
        assert carrying.ship(street.seat) == 0  # half a tray is not carried away
        assert errands.run_left(street.seat) == 1
    assert street.accept(codes(street)[0])
    assert street.at(1, 2, 3) == [("office", "held")] * 3
    assert street.inside(street.tray(OFFICE, f"{street.batch.code}.good")) == [1, 2, 3]
    assert street.inside(street.tray(UNIT, f"{street.batch.code}.{UNIT}.cards")) == [4, 5, 6]
    assert breaches() == []


def test_an_errand_that_is_done_again_after_the_tray_has_left_changes_nothing(street: Street) -> None:
    street.send_back(1, cause="unclaimed")
    laying.lay(street.seat, codes(street)[0])
    carrying.ship(street.seat)
    laying.lay(street.seat, codes(street)[0])
    Handover.objects.filter(code=codes(street)[0]).update(shipped=False)
    laying.lay(street.seat, codes(street)[0])
    assert street.accept(codes(street)[0]) and street.at(1) == [("office", "held")]


def test_a_busy_tray_leaves_the_errand_to_the_worker(street: Street) -> None:
    held = f"{codes(street)[0]}--{street.batch.code}.good.tray"
    trays.create(street.seat.bench(UNIT, "bench") / f"{held}.part", codes(street)[0], "cards")
    with things.on_bench(street.seat.world, street.seat.bench(UNIT, "bench") / f"{held}.part"):
        street.send_back(1, cause="unclaimed")
    assert carrying.ship(street.seat) == 0 and errands.run_left(street.seat) == 1
    assert street.accept(codes(street)[0])


def test_of_two_desks_that_return_at_once_the_second_is_told_to_do_it_again(street: Street) -> None:
    works = [
        ActWork(
            street.seat, BY_NAME["return_cards"], "x", street.batch, street.batch.process, by="李敏", reason="到期",
            people={street.card(n).application_ref: street.card(n)},
            told={street.card(n).application_ref: {"cause": "unclaimed"}},
        )
        for n in (1, 2)
    ]  # fmt: skip
    one, other = map(returning.to_office, works)
    assert one.write and other.write
    one.write()
    with pytest.raises(NotReady, match="再办一次"):
        other.write()


# What a platform and a bank each know --------------------------------------------------------------------------------


def test_a_record_of_destruction_ends_the_application_of_a_kept_card_and_of_no_other(street: Street) -> None:
    returned(street, 1, 2)
    returned(street, 3, cause="data-wrong")
    street.wait(close_days=0)
    assert street.destroy()
    paper = Paper.objects.filter(type="destruction").latest("pk")
    rows = desk.read(street.seat, paper)
    assert sorted(rows["card_serial"]) == [serial(1), serial(2), serial(3)]
    destruction.book(street.batch, rows, "zhika", teller="icbc")  # booked by the bank on this seat already
    assert street.application(3).live and breaches() == []


def test_the_platform_closes_a_kept_card_by_the_banks_record_alone(street: Street) -> None:
    returned(street, 1, 2)
    row = DESTRUCTION.example | {"card_serial": serial(1)}
    for _ in range(2):
        destruction.book(street.batch, pl.DataFrame([row]), "zhika", teller="icbc")
    assert street.at(1, 2) == [("bank", "destroyed"), ("bank", "held")]
    assert (street.application(1).live, street.application(2).live) == (False, True)
    assert Failure.objects.get().cause == "closed" and breaches() == []


def test_a_bank_on_its_own_seat_counts_what_comes_back_and_closes_the_void_ones_account(street: Street) -> None:
    """Its books have the cards at the office; the list alone says why they come."""
    street.send_back(1, 2, cause="unclaimed")
    street.accept(codes(street)[0])
    street.send_back()
    street.carry()
    paper, given = Paper.objects.get(handover_code=codes(street)[1]), Handover.objects.get(code=codes(street)[1])
    rows = desk.read(street.seat, paper)
    spoilt = rows.with_columns(cause=rows["cause"].scatter(0, "data-wrong"))
    paper.sender, paper.sha256 = "platform", desk.freeze(street.seat, RETURNED, spoilt)
    paper.save()
    on_its_way, cards = place(street.office, State.GIVEN, given.group), [street.card(n).pk for n in (1, 2)]
    move(on_its_way, plastic.good(street.office, street.batch), Cards(cards), cause="x", by="test")
    work = ActWork(street.seat, BY_NAME["accept"], codes(street)[1], street.batch, "urban-batch", by="周强")
    done = handover.accept(work)
    assert done.write
    done.write()
    assert acts.run_awaiting(street.seat, first=False) and Paper.objects.get(pk=paper.pk).acted
    assert street.at(1, 2) == [("bank", "void"), ("bank", "held")]
    assert statuses()[:2] == ["closed", "opened"] and breaches() == []


def test_an_overdue_parcel_is_listed_for_its_unit_with_the_command_that_sends_it_back(street: Street) -> None:
    assert [item for item in todo(street.seat) if item.work == "return_cards"] == []
    street.wait(recall_days=0)
    (item,) = [item for item in todo(street.seat) if item.work == "return_cards"]
    parcel = f"{street.batch.code}.{UNIT}"
    assert (item.title, item.subject, item.lane.value) == ("退回逾期未领 6 张", parcel, "unit")
    assert item.command[:3] == ("do", "return_cards", parcel) and "cause=unclaimed" in item.command
    assert sorted(item.needs) == ["by", "reason"]


def test_kept_cards_past_their_time_are_listed_for_the_bank_unless_void_ones_are_destroyed_there_anyway(
    street: Street,
) -> None:
    returned(street, 1)
    listed = lambda: [item.title for item in todo(street.seat) if item.work == "destroy"]  # noqa: E731
    assert listed() == []
    street.wait(close_days=0)
    assert listed() == ["销毁逾期未领的卡"]
    assert parcels.inside(f"{street.batch.code}.{UNIT}") == {street.card(n).pk for n in (2, 3, 4, 5, 6)}
