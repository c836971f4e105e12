"""Cards on their way to the office and on to the unit: void ones stay void, what nobody listed goes back."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from django.db import transaction
from django.utils import timezone

from tests.lanes.house import OFFICE, UNIT, House
from zhika.card import tray as trays
from zhika.cli.hands import hand
from zhika.engine import acts, batches, carrying, counted, found, handover, loop, parcels, plastic
from zhika.engine.todo import todo
from zhika.engine.work import ActWork
from zhika.errors import CardError, NotAllowed, NotReady, Refused
from zhika.flows.acts import BY_NAME
from zhika.flows.documents import CARD_LIST, PASSING_ON
from zhika.flows.lanes import Lane
from zhika.ledger.batches import Batch, Organisation, organisation
from zhika.ledger.cards import Card
from zhika.ledger.custody import WHOLE, Cards, move
from zhika.ledger.laws import breaches
from zhika.ledger.places import Case, Handover, State, place
from zhika.ledger.steps import Paper, StepRecord
from zhika.ledger.where import lying_at
from zhika.seat import things
from zhika.seat.config import Seat

FOREIGN = "QZ99000000001"


@dataclass
class Finished:
    """Six finished cards in the bank's books, their tray, and the bank's list of them."""

    house: House
    batch: Batch
    bank: Organisation
    office: Organisation
    tray: Path

    @property
    def code(self) -> str:
        return f"{self.batch.code}~{CARD_LIST.code}"

    @property
    def cards(self) -> list[Card]:
        return list(Card.objects.filter(batch=self.batch).order_by("line"))

    def fail(self, *cards: Card) -> None:
        plastic.fail(self.batch, {c.application_ref: "photo-bad" for c in cards}, step="finish", source="icbc")

    def work(self, act: str, subject: str) -> ActWork:
        return ActWork(
            self.house.seat, BY_NAME[act], subject, self.batch, self.batch.process, by="李敏", reason="清点料箱"
        )

    def do(self, act: str, subject: str) -> None:
        assert acts.act(
            self.house.seat, act, subject, by="李敏", reason="清点料箱", batch=self.batch, process=self.batch.process
        )

    def deliver(self) -> None:
        """The bank, on a seat of its own, hands all of them over."""
        Handover.objects.create(
            code=self.code, from_organisation=self.bank, to_organisation=self.office, batch=self.batch, given=6,
            group=plastic.batch_group(self.batch), document=CARD_LIST.code, subject_kind="batch",
            subject=self.batch.code, shipped=True, given_at=timezone.now(),
        )  # fmt: skip
        Paper.objects.filter(type=CARD_LIST.code).update(sender="icbc", counted=False)
        name = f"{self.code}{carrying.MARK}{self.batch.code}.good.tray"
        trays.move(self.tray, self.house.seat.bench(OFFICE, "in"), name)

    def carried(self, code: str, giver: str, taker: str) -> Path:
        """What was given is shipped, and a courier brings it."""
        carrying.ship(self.house.seat)
        (path,) = (self.house.seat.bench(giver, "out") / taker).glob(f"{code}{carrying.MARK}*.tray")
        return trays.move(path, self.house.seat.bench(taker, "in"))


@pytest.fixture
def finished(house: House) -> Finished:
    batch = house.batch()
    house.row(batch.code, "submit_production_data", Lane.INTEGRATOR)
    house.numbered(batch)
    house.row(batch.code, "match", Lane.INTEGRATOR)
    path = house.made(batch)
    bank, holder = organisation("icbc"), organisation(house.seat.organisation(Lane.INTEGRATOR))
    move(plastic.good(holder, batch), plastic.good(bank, batch), WHOLE, cause="accepted", by="test")
    rows = [{**key, "card_serial": f"QZ26{at + 1:09}", "unit_no": UNIT, "unit_name": "闽达小学", "postcode": "",
             "address": "", "flag": "新增"} for at, key in enumerate(house.keys_of(batch))]  # fmt: skip
    house.file(batch, CARD_LIST, rows, Lane.BANK)
    return Finished(house, batch, bank, organisation(OFFICE), path)


def accepted_here(finished: Finished) -> None:
    finished.deliver()
    done = handover.accept(finished.work("accept", finished.code))
    assert done.write is not None
    with transaction.atomic():
        done.write()
    carrying.put_away(finished.house.seat, finished.code)


def parcel(finished: Finished) -> str:
    (code,) = parcels.open_codes(finished.batch)
    return code


# Void cards ---------------------------------------------------------------------------------------------------------


def test_cards_that_are_void_come_to_the_office_void_and_into_no_parcel(finished: Finished) -> None:
    first, second, *rest = finished.cards
    finished.fail(first)
    plastic.void_failed(finished.batch, by="test")
    finished.fail(second)  # told just now: it lies among the good ones still
    accepted_here(finished)
    void = place(finished.office, State.VOID, plastic.batch_group(finished.batch))
    assert set(lying_at(void)) == {first.pk, second.pk}
    assert parcels.inside(parcel(finished)) == {card.pk for card in rest}
    assert breaches() == []


def test_a_void_card_that_is_missing_stands_with_its_giver_and_has_a_case(finished: Finished) -> None:
    first = finished.cards[0]
    finished.fail(first)
    plastic.void_failed(finished.batch, by="test")
    with things.on_bench(finished.house.seat.world, finished.tray) as tray:
        piece = tray.find(first.serial or "")
        assert piece
        tray.remove(piece)
    accepted_here(finished)
    assert lying_at(place(finished.bank, State.MISSING, plastic.batch_group(finished.batch))) == [first.pk]
    assert breaches() == []


def test_a_parcel_whose_cards_have_all_failed_is_done_and_nothing_travels(finished: Finished) -> None:
    accepted_here(finished)
    code = parcel(finished)
    finished.fail(*finished.cards)
    plastic.void_failed(finished.batch, by="test")
    assert finished.house.row(code, "pass_on", Lane.CENTRE)
    assert StepRecord.objects.get(subject=code).n_out == 0
    assert not Paper.objects.filter(type=PASSING_ON.code).exists()
    assert code not in [subject.code for subject, _, _ in loop.due_rows(finished.house.seat)]


# Surplus cards ------------------------------------------------------------------------------------------------------


def slip_in(finished: Finished, path: Path) -> None:
    with things.on_bench(finished.house.seat.world, path) as tray:
        tray.add(serial=FOREIGN)


def waiting(finished: Finished) -> list[str]:
    return [item.subject for item in todo(finished.house.seat) if item.work == "found" and item.command]


def test_a_foreign_card_in_a_units_parcel_has_a_case_and_goes_back_to_the_office(finished: Finished) -> None:
    seat = finished.house.seat
    accepted_here(finished)
    code = parcel(finished)
    assert finished.house.row(code, "pass_on", Lane.CENTRE)
    given = f"{code}~{PASSING_ON.code}"
    slip_in(finished, finished.carried(given, OFFICE, UNIT))
    finished.do("accept", given)
    acts.run_awaiting(seat, first=False)
    shut = Handover.objects.get(code=given)
    assert (shut.given, shut.accepted, shut.difference) == (6, 7, -1)
    assert [(case.kind, case.serial, case.closed_at) for case in shut.cases.all()] == [("surplus", FOREIGN, None)]
    assert batches.close_settled(seat) == 0
    assert breaches() == [] and waiting(finished) == [FOREIGN]
    finished.do("found", FOREIGN)
    assert waiting(finished) == [] and "清点料箱" in shut.cases.get().closing
    assert trays.count(seat.bench(UNIT, "bench") / f"{code}.cards.tray") == 6
    assert trays.count(seat.bench(UNIT, "out") / OFFICE / "found.tray") == 1


def test_a_foreign_card_in_the_banks_tray_has_one_case(finished: Finished) -> None:
    slip_in(finished, finished.tray)
    accepted_here(finished)
    assert [(case.kind, case.serial) for case in Case.objects.all()] == [("surplus", FOREIGN)]
    shut = Handover.objects.get(code=finished.code)
    assert (shut.given, shut.accepted, shut.difference) == (6, 7, -1)
    assert breaches() == []


# Found again --------------------------------------------------------------------------------------------------------


@pytest.fixture
def lost(finished: Finished) -> list[str]:
    """Two cards of one batch that were missing, and lie in the bank's finder's tray."""
    own = vars(finished.house.seat)
    finished.house.seat = seat = Seat(**{**own, "lanes": finished.house.seat.lanes | {Lane.BANK}})
    one, other, *_ = finished.cards
    within = plastic.batch_group(finished.batch)
    first = Handover.objects.create(
        code=finished.code, from_organisation=finished.bank, to_organisation=finished.office, batch=finished.batch,
        group=within, document=CARD_LIST.code, subject_kind="batch", subject=finished.batch.code, given=6, accepted=4,
        difference=2, shipped=True, given_at=timezone.now(),
    )  # fmt: skip
    missing = place(finished.bank, State.MISSING, within)
    move(plastic.good(finished.bank, finished.batch), missing, Cards([one.pk, other.pk]), cause="missing", by="test")
    box = found.found_tray(seat, finished.bank.code)
    trays.create(box, "found", "cards")
    with things.on_bench(seat.world, finished.tray) as tray, things.on_bench(seat.world, box) as finder:
        for card in (one, other):
            Case.objects.create(kind="missing", handover=first, card=card, serial=card.serial or "",
                                opened_at=timezone.now())  # fmt: skip
            piece = tray.find(card.serial or "")
            assert piece
            tray.move(piece, finder)
    return [one.serial or "", other.serial or ""]


def test_two_cards_found_before_either_leaves_travel_each_in_its_own_tray(finished: Finished, lost: list[str]) -> None:
    for serial in lost:
        finished.do("found", serial)
    for n, serial in enumerate(lost, 2):
        path = finished.carried(f"{finished.code}+{n}", finished.bank.code, OFFICE)
        assert path.name == f"{finished.code}+{n}--{finished.batch.code}.good.tray"
        with things.on_bench(finished.house.seat.world, path) as tray:
            assert [piece.serial for piece in tray] == [serial]
    for n in (2, 3):
        carrying.put_away(finished.house.seat, f"{finished.code}+{n}")
    assert trays.count(finished.house.seat.bench(OFFICE, "bench") / f"{finished.batch.code}.good.tray") == 2


def test_of_two_desks_that_find_at_once_the_second_is_told_to_do_it_again(finished: Finished, lost: list[str]) -> None:
    one, other = (found.found(finished.work("found", serial)) for serial in lost)
    assert one.write and other.write
    one.write()
    with pytest.raises(NotReady, match="再办一次"), transaction.atomic():
        other.write()
    finished.do("found", lost[1])
    assert Handover.objects.filter(shipped=False).count() == 2
    assert carrying.ship(finished.house.seat) == 2


def test_a_found_card_that_a_worker_cut_off_has_laid_is_still_to_be_booked(finished: Finished, lost: list[str]) -> None:
    found.found(finished.work("found", lost[0]))
    bank = finished.bank.code
    assert [found.turned_up(finished.house.seat, bank, finished.batch.code, serial) for serial in lost] == [True] * 2


def test_a_handover_whose_tray_lies_nowhere_is_not_shipped(finished: Finished, lost: list[str]) -> None:
    finished.do("found", lost[0])
    given = Handover.objects.get(shipped=False)
    (finished.house.seat.bench(finished.bank.code, "bench") / given.trays[0]).unlink()
    assert carrying.ship(finished.house.seat) == 0
    given.refresh_from_db()
    assert not given.shipped


# What is said of it -------------------------------------------------------------------------------------------------


def test_a_short_and_a_foreign_card_are_named_to_whoever_accepts(finished: Finished) -> None:
    seat = finished.house.seat
    accepted_here(finished)
    code = parcel(finished)
    finished.house.row(code, "pass_on", Lane.CENTRE)
    given = f"{code}~{PASSING_ON.code}"
    path = finished.carried(given, OFFICE, UNIT)
    slip_in(finished, path)
    with things.on_bench(seat.world, path) as tray:
        piece = tray.find("QZ26000000004")
        assert piece
        tray.remove(piece)
    finished.do("accept", given)
    assert counted.said(seat, given) == ["良品卡: 应收 6, 实收 5", "短少 1 张: QZ26000000004", f"多出 1 张: {FOREIGN}"]
    assert counted.said(seat, finished.code) == []
    acts.run_awaiting(seat, first=False)
    (item,) = [item for item in todo(seat) if item.work == "found" and item.subject == "QZ26000000004"]
    box = found.found_tray(seat, OFFICE)
    assert item.command == () and str(box) in item.hint
    trays.create(box, "found", "cards")
    with pytest.raises(CardError, match=str(box)):
        finished.do("found", "QZ26000000004")
    with things.on_bench(seat.world, box) as finder:
        finder.add(serial="QZ26000000004")
    (item,) = [item for item in todo(seat) if item.work == "found" and item.subject == "QZ26000000004"]
    assert item.command and not item.hint


def test_of_a_list_what_can_be_accepted_is_and_every_other_is_named_with_its_reason(finished: Finished) -> None:
    seat = finished.house.seat
    accepted_here(finished)
    code = parcel(finished)
    finished.house.row(code, "pass_on", Lane.CENTRE)
    given = f"{code}~{PASSING_ON.code}"
    finished.carried(given, OFFICE, UNIT)
    told = {f"{finished.batch.code}~nothing": {}, given: {}, finished.code: {}}
    with pytest.raises(Refused) as caught:
        hand(seat, "accept", told, by="李敏", second="", reason="", evidence="")
    done, *faults = caught.value.faults
    assert done.rule.startswith("1 件")
    assert [fault.where.split()[-1] for fault in faults] == [f"{finished.batch.code}~nothing", finished.code]
    assert Paper.objects.get(handover_code=given, receiver=seat.name).counted


def test_whoever_gave_does_not_receive_whichever_row_or_act_gave(finished: Finished, lost: list[str]) -> None:
    seat, code = finished.house.seat, finished.batch.code
    Handover.objects.all().update(shipped=True)
    finished.do("found", lost[0])  # by 李敏, who would also accept
    with pytest.raises(NotAllowed, match="同一人移交"):
        finished.do("accept", f"{code}~{CARD_LIST.code}+2")
    finished.carried(f"{code}~{CARD_LIST.code}+2", finished.bank.code, OFFICE)
    assert acts.act(seat, "accept", f"{code}~{CARD_LIST.code}+2", by="王芳", batch=finished.batch)


def test_a_parcel_is_not_passed_on_and_accepted_by_one_person(finished: Finished) -> None:
    accepted_here(finished)
    code = parcel(finished)
    assert finished.house.row(code, "pass_on", Lane.CENTRE, by="李敏")
    with pytest.raises(NotAllowed, match="同一人移交"):
        finished.do("accept", f"{code}~{PASSING_ON.code}")
