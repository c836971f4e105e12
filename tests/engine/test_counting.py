"""Stock counts: what the trays hold against what the books say, at whoever holds something."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.utils import timezone
from pypdf import PdfReader

from tests.lanes.house import OFFICE, House, build, causes
from zhika.card import tray as trays
from zhika.card.tray import Tray, TrayBusy
from zhika.engine import acts, batches, plastic
from zhika.engine.found import found_tray
from zhika.engine.todo import todo
from zhika.errors import NotAllowed, NotReady
from zhika.flows.lanes import Lane
from zhika.lanes.integrator import material
from zhika.lanes.integrator.models import Consignment
from zhika.ledger.batches import Batch, organisation
from zhika.ledger.cards import Card
from zhika.ledger.cases import cases
from zhika.ledger.counts import StockCount
from zhika.ledger.custody import WHOLE, Cards, move
from zhika.ledger.errands import Errand
from zhika.ledger.laws import Books, breaches
from zhika.ledger.lots import lots
from zhika.ledger.places import Case, Movement, Place, State, count, place
from zhika.ledger.where import where
from zhika.people.restarts import waiting
from zhika.seat import things

FOREIGN = "QZ99000000001"


@pytest.fixture
def stocked(tmp_path: Path, db: None) -> House:
    """Eight modules and eight blanks in the stock, in the books; the integrator holds nothing else."""
    house = build(tmp_path)
    house.stock(8)
    assert acts.act(house.seat, "load_material", "M-1", by="周")
    return house


@pytest.fixture
def making(stocked: House) -> tuple[House, Batch]:
    """Six semi-finished cards on the integrator's bench besides."""
    house = stocked
    batch = house.batch()
    house.row(batch.code, "submit_production_data", Lane.INTEGRATOR)
    house.numbered(batch)
    house.row(batch.code, "match", Lane.INTEGRATOR)
    house.made(batch)
    return house, batch


def holder(house: House) -> str:
    return house.seat.organisation(Lane.INTEGRATOR)


def counted(house: House, code: str = "", *, by: str = "王芳", second: str = "李敏") -> StockCount:
    subject = code or holder(house)
    assert acts.act(house.seat, "count_stock", subject, by=by, second=second)
    return StockCount.objects.latest("pk")


@contextmanager
def stock_tray(house: House, kind: str) -> Iterator[Tray]:
    with things.on_bench(house.seat.world, material.stock(house.seat) / f"M-1-{kind}-1.tray") as tray:
        yield tray


@contextmanager
def bench_tray(house: House, batch: Batch) -> Iterator[Tray]:
    with things.on_bench(house.seat.world, house.seat.bench(holder(house), "bench") / f"{batch.code}.cards.tray") as t:
        yield t


def settle(house: House, **told: str) -> bool:
    (case,) = Case.objects.filter(closed_at=None)
    people = {"by": "王芳", "second": "李敏", "reason": "查无下落"} | told
    return acts.act(house.seat, "settle_difference", case.number, **people)  # type: ignore[arg-type]


def lost(batch: Batch, n: int) -> Card:
    return Card.objects.get(batch=batch, serial=f"QZ26{n:09}")


def state_of(card: Card) -> str:
    return Place.objects.get(pk=where([card.pk])[card.pk]).state


# Who counts what ----------------------------------------------------------------------------------------------------


def test_a_count_takes_two_people_and_only_what_lies_on_this_seat(stocked: House) -> None:
    for second in ("", "王芳", " 王芳 "):
        with pytest.raises(NotAllowed, match="另一人"):
            counted(stocked, second=second)
    organisation("icbc", kind="bank")
    with pytest.raises(NotAllowed, match=holder(stocked)):
        counted(stocked, "icbc")
    assert not StockCount.objects.exists()


def test_what_agrees_has_a_record_and_no_case(making: tuple[House, Batch]) -> None:
    house, _ = making
    made = counted(house)
    assert (made.booked, made.seen, made.differences, made.known, made.found) == (22, 22, 0, 0, 0)
    assert made.code.startswith(f"PD-{holder(house)}-") and made.code.endswith("-1")
    assert not Case.objects.exists() and breaches() == []
    lists = house.seat.home / "files" / "lists"
    text = "".join(page.extract_text() for page in PdfReader(lists / f"{made.code}.pdf").pages)
    assert "王芳" in text and "李敏" in text and "账实相符" in text
    assert list(csv.DictReader((lists / f"{made.code}.csv").open(encoding="utf-8"))) == []


def test_two_counts_of_a_day_have_a_number_each(stocked: House) -> None:
    assert [counted(stocked).code[-2:], counted(stocked).code[-2:]] == ["-1", "-2"]


def test_a_delivery_that_was_not_taken_in_is_no_difference(tmp_path: Path, db: None) -> None:
    house = build(tmp_path)
    house.stock(3)
    organisation(holder(house), kind="integrator")
    with pytest.raises(NotReady, match="M-1 尚未入库"):
        counted(house)
    assert not Case.objects.exists()


def test_nobody_counts_while_somebody_works_on_a_tray_or_things_are_still_to_be_carried(stocked: House) -> None:
    with stock_tray(stocked, "modules"), pytest.raises(TrayBusy):
        counted(stocked)
    Errand.objects.create(lane="", work="accept", subject="x")
    with pytest.raises(NotReady, match="zhika work"):
        counted(stocked)


def test_books_that_change_while_trays_are_read_make_the_count_void(
    stocked: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zhika.engine import counting

    real = counting.compare

    def compare(*told: object) -> object:
        found = real(*told)  # type: ignore[arg-type]
        at = Place.objects.get(group__code="S:M-1:module", state=State.BLANK)
        move(at, place(at.organisation, State.HELD, at.group), WHOLE, cause="test", by="test")
        return found

    monkeypatch.setattr(counting, "compare", compare)
    with pytest.raises(NotReady, match="账有变动"):
        counted(stocked)
    assert not StockCount.objects.exists()


# Cards --------------------------------------------------------------------------------------------------------------


def test_a_missing_card_stands_missing_with_its_case_and_stops_its_own_batch_alone(
    making: tuple[House, Batch],
) -> None:
    house, batch = making
    other = Batch.objects.create(
        code="A1-other", process=batch.process, office=batch.office, size=1, formed_at=batch.formed_at
    )
    with bench_tray(house, batch) as tray:
        piece = tray.find("QZ26000000003")
        assert piece
        tray.remove(piece)
    made = counted(house)
    assert (made.booked, made.seen, made.differences) == (22, 21, 1)
    (case,) = Case.objects.all()
    assert (case.kind, case.serial, case.handover, case.count, case.batch) == (
        "missing", "QZ26000000003", None, made.code, batch,
    )  # fmt: skip
    assert state_of(lost(batch, 3)) == State.MISSING
    assert breaches() == [] == breaches(Books(batch=batch))
    assert [batches.unsettled(one) for one in (batch, other)] == [True, False]
    (waiting,) = [item for item in todo(house.seat) if item.work == "found"]
    assert (waiting.subject, waiting.lane, waiting.waits_for) == ("QZ26000000003", Lane.INTEGRATOR, holder(house))
    rows = list(csv.DictReader((house.seat.home / "files" / "lists" / f"{made.code}.csv").open(encoding="utf-8")))
    assert [(row["kind"], row["what"], row["n"], row["batch"]) for row in rows] == [
        ("missing", "QZ26000000003", "1", batch.code)
    ]


def test_counting_again_finds_nothing_new_and_moves_nothing(making: tuple[House, Batch]) -> None:
    house, batch = making
    with bench_tray(house, batch) as tray:
        piece = tray.find("QZ26000000003")
        assert piece
        tray.remove(piece)
        tray.add(serial=FOREIGN)
        tray.condemn(tray.pieces()[0], "misprint")
    with stock_tray(house, "blanks") as tray:
        tray.remove(tray.pieces()[0])
    with stock_tray(house, "modules") as tray:
        tray.add()
    first = counted(house)
    kinds = sorted(Case.objects.values_list("kind", "serial"))
    assert kinds == [
        ("missing", "QZ26000000003"), ("missing", "blank"), ("surplus", FOREIGN), ("surplus", "module"),
        ("wrong-state", "QZ26000000001"),
    ]  # fmt: skip
    before = Movement.objects.count()
    again = counted(house)
    assert (first.differences, again.differences, again.known, again.found) == (5, 0, 3, 0)
    assert (Case.objects.count(), Movement.objects.count()) == (5, before)
    assert breaches() == []


def test_a_card_that_an_earlier_count_missed_goes_back_where_it_was(making: tuple[House, Batch]) -> None:
    house, batch = making
    with bench_tray(house, batch) as tray:
        piece = tray.find("QZ26000000003")
        assert piece
        with stock_tray(house, "blanks") as other:  # laid into another tray: a count still sees it
            tray.move(piece, other)
    assert counted(house).differences == 0
    with stock_tray(house, "blanks") as other:
        piece = other.find("QZ26000000003")
        assert piece
        aside = house.folder / "aside.tray"
        trays.create(aside, "aside", "cards")
        with things.on_bench(house.seat.world, aside) as hidden:
            other.move(piece, hidden)
    assert counted(house).differences == 1
    with things.on_bench(house.seat.world, aside) as hidden, bench_tray(house, batch) as tray:
        hidden.move(hidden.pieces()[0], tray)
    made = counted(house)
    assert (made.differences, made.found) == (0, 1)
    assert state_of(lost(batch, 3)) == State.GOOD
    closed = Case.objects.get()
    assert closed.closed_at and made.code in closed.closing
    assert not batches.unsettled(batch) and breaches() == []


def test_a_missed_card_that_is_found_before_delivery_is_void_and_its_person_has_left_the_batch(
    making: tuple[House, Batch],
) -> None:
    house, batch = making
    box = found_tray(house.seat, holder(house))
    trays.create(box, "found", "cards")
    with bench_tray(house, batch) as tray, things.on_bench(house.seat.world, box) as finder:
        piece = tray.find("QZ26000000003")
        assert piece
        tray.move(piece, finder)
    counted(house)
    assert acts.act(house.seat, "found", "QZ26000000003", by="王芳", reason="柜中找到", batch=batch)
    card = lost(batch, 3)
    assert (state_of(card), causes()) == (State.VOID, {"QZ26000000003": "missing"})
    assert [one.serial for one in waiting([card.application_ref])] == ["QZ26000000003"]
    assert not Case.objects.filter(closed_at=None).exists() and breaches() == []


def test_a_foreign_card_goes_back_to_whom_the_books_name_or_to_whom_is_told(making: tuple[House, Batch]) -> None:
    house, batch = making
    bank = organisation("icbc", kind="bank")
    gone = lost(batch, 2)
    within = plastic.batch_group(batch)
    move(
        plastic.good(organisation(holder(house)), batch), place(bank, State.GOOD, within), Cards([gone.pk]),
        cause="accepted", by="test",
    )  # fmt: skip
    with bench_tray(house, batch) as tray:
        tray.add(serial=FOREIGN)
    counted(house)
    assert sorted(Case.objects.values_list("serial", "batch__code")) == [
        ("QZ26000000002", batch.code), (FOREIGN, batch.code),
    ]  # fmt: skip
    told = {"by": "王芳", "reason": "盘点退回"}
    assert acts.act(house.seat, "found", "QZ26000000002", batch=batch, **told)  # type: ignore[arg-type]
    with pytest.raises(NotReady, match="不知归谁"):
        acts.act(house.seat, "found", FOREIGN, **told)  # type: ignore[arg-type]
    assert acts.act(house.seat, "found", FOREIGN, facts={"to": "abc"}, **told)  # type: ignore[arg-type]
    out = house.seat.bench(holder(house), "out")
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*.tray")) == [
        "abc/found.tray", "icbc/found.tray",
    ]  # fmt: skip
    assert not Case.objects.filter(closed_at=None).exists()
    assert counted(house).differences == 0


def test_a_card_in_two_trays_is_one_too_many(making: tuple[House, Batch]) -> None:
    house, batch = making
    with stock_tray(house, "blanks") as tray:
        tray.add(serial="QZ26000000001")
    counted(house)
    (told,) = cases()
    assert (told.kind, told.what) == ("surplus", "QZ26000000001")
    assert "M-1-blanks-1.tray" in told.note and f"{batch.code}.cards.tray" in told.note


def test_a_card_that_the_books_say_is_issued_is_in_a_wrong_state(making: tuple[House, Batch]) -> None:
    house, batch = making
    own, within = organisation(holder(house)), plastic.batch_group(batch)
    move(
        plastic.good(own, batch), place(own, State.ISSUED, within), Cards([lost(batch, 1).pk]), cause="issue", by="test"
    )
    counted(house)
    (told,) = cases()
    assert (told.kind, told.what, told.title) == ("wrong-state", "QZ26000000001", "状态不符")
    assert "已领" in told.note
    assert settle(house) and not cases() and cases(closed=True)[0].closing == "更正: 查无下落"


def test_cards_that_are_given_wait_for_their_taker_and_are_not_counted(making: tuple[House, Batch]) -> None:
    house, batch = making
    own, within = organisation(holder(house)), plastic.batch_group(batch)
    move(plastic.good(own, batch), place(own, State.GIVEN, within), WHOLE, cause="give", by="test")
    made = counted(house)
    assert (made.booked, made.seen, made.differences) == (16, 22, 0)


def test_the_centre_counts_its_own(making: tuple[House, Batch]) -> None:
    house, batch = making
    office, own = organisation(OFFICE), organisation(holder(house))
    move(plastic.good(own, batch), plastic.good(office, batch), WHOLE, cause="accepted", by="test")
    made = counted(house, OFFICE)
    assert (made.booked, made.seen, made.differences) == (6, 0, 6)
    assert {item.lane for item in todo(house.seat) if item.work == "found"} == {Lane.CENTRE}
    assert breaches() == []


# Material -----------------------------------------------------------------------------------------------------------


def test_missing_material_leaves_the_stock_is_promised_to_nobody_and_is_written_off_by_two(stocked: House) -> None:
    with stock_tray(stocked, "modules") as tray:
        for piece in tray.pieces()[:3]:
            tray.remove(piece)
    counted(stocked)
    (case,) = Case.objects.all()
    assert (case.kind, case.serial, case.n, case.batch) == ("missing", "module", 3, None)
    with pytest.raises(NotReady, match="缺 1 件芯片模块"):
        material.reserve("B", 6)
    material.reserve("B", 5)
    (waiting,) = [item for item in todo(stocked.seat) if item.work == "settle_difference"]
    assert (waiting.subject, waiting.n, waiting.lane) == (case.number, 3, Lane.INTEGRATOR)
    assert waiting.needs == ["by", "second", "reason"]
    with pytest.raises(NotAllowed):
        settle(stocked, second="王芳")
    with pytest.raises(NotAllowed):
        settle(stocked, reason=" ")
    assert settle(stocked)
    (modules,) = lots(lot="M-1", kind="module")
    assert (modules.bought, modules.n("stock"), modules.n("missing"), modules.n("written_off")) == (8, 5, 0, 3)
    assert modules.difference == 0 and breaches() == []
    assert counted(stocked).differences == 0


def test_missing_material_that_is_there_again_comes_back_piece_by_piece(stocked: House) -> None:
    with stock_tray(stocked, "blanks") as tray:
        for piece in tray.pieces()[:3]:
            tray.remove(piece)
    counted(stocked)
    with stock_tray(stocked, "blanks") as tray:
        tray.add()
        tray.add()
    assert counted(stocked).found == 2
    assert Case.objects.get(closed_at=None).n == 1
    with stock_tray(stocked, "blanks") as tray:
        tray.add()
        tray.add()
    made = counted(stocked)
    assert (made.found, made.differences) == (1, 1)
    (case,) = Case.objects.filter(closed_at=None)
    assert (case.kind, case.n) == ("surplus", 1)
    assert breaches() == []


def test_surplus_material_is_taken_into_the_books_of_its_lot_when_it_is_settled(stocked: House) -> None:
    with stock_tray(stocked, "blanks") as tray:
        tray.add()
    counted(stocked)
    assert settle(stocked)
    (blanks,) = lots(lot="M-1", kind="blank")
    assert (blanks.bought, blanks.n("stock"), blanks.difference) == (9, 9, 0)
    made = counted(stocked)
    assert (made.differences, made.known) == (0, 0)


def test_a_piece_marked_void_is_in_a_wrong_state_and_becomes_void_when_it_is_settled(stocked: House) -> None:
    with stock_tray(stocked, "blanks") as tray:
        tray.condemn(tray.pieces()[0], "misprint")
    counted(stocked)
    (told,) = cases()
    assert (told.kind, told.thing, told.n) == ("wrong-state", "空白卡", 1)
    assert settle(stocked)
    (blanks,) = lots(lot="M-1", kind="blank")
    assert (blanks.n("stock"), blanks.n("void"), blanks.difference) == (7, 1, 0)
    assert counted(stocked).differences == 0 and breaches() == []


def test_a_missing_card_is_never_written_off(making: tuple[House, Batch]) -> None:
    house, batch = making
    with bench_tray(house, batch) as tray:
        tray.remove(tray.pieces()[0])
    counted(house)
    with pytest.raises(NotAllowed, match="不能核销"):
        settle(house)


def test_a_draw_takes_from_another_tray_of_the_lot_what_one_lacks(stocked: House) -> None:
    house = stocked
    second = material.stock(house.seat) / "M-1-blanks-2.tray"
    trays.create(second, second.stem, "blanks")
    with stock_tray(house, "blanks") as first, things.on_bench(house.seat.world, second) as other:
        for piece in first.pieces()[:4]:
            first.move(piece, other)
    Consignment.objects.create(code="M-1", kind="blank", tray=second.name, count=0, loaded_at=timezone.now(), by="周")
    batch = house.batch()
    house.row(batch.code, "submit_production_data", Lane.INTEGRATOR)
    house.numbered(batch)
    house.row(batch.code, "match", Lane.INTEGRATOR)
    own = organisation(holder(house))
    assert count(place(own, State.BLANK, plastic.stock_group("M-1", "blank"))) == 8
    assert house.row(batch.code, "submit_faces", Lane.INTEGRATOR)
    (drawn,) = house.seat.world.glob(f"*/bench/{batch.code}.blanks.tray")
    assert (trays.count(drawn), trays.count(second)) == (6, 2)
