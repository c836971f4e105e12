"""销毁废卡 at the centre: each time a record of its own, which names who was there."""

import pytest
from django.utils import timezone
from pypdf import PdfReader

from tests.lanes.house import OFFICE, House
from zhika.card import tray as trays
from zhika.engine import counting, desk, errands, found, plastic
from zhika.engine.acts import act
from zhika.engine.work import ActWork
from zhika.errors import NotAllowed, NotReady
from zhika.flows.acts import BY_NAME
from zhika.flows.documents import DESTRUCTION
from zhika.flows.lanes import Lane
from zhika.lanes.centre import destruction
from zhika.ledger.batches import Batch, Organisation, organisation
from zhika.ledger.cards import Card
from zhika.ledger.custody import WHOLE, Cards, move
from zhika.ledger.places import Case, State, place
from zhika.ledger.steps import Paper
from zhika.seat import things


@pytest.fixture
def lying(house: House) -> Batch:
    """Six finished cards in the office's tray."""
    batch = house.batch()
    house.row(batch.code, "submit_production_data", Lane.INTEGRATOR)
    house.numbered(batch)
    house.row(batch.code, "match", Lane.INTEGRATOR)
    path = house.made(batch)
    holder, office = organisation(house.seat.organisation(Lane.INTEGRATOR)), organisation(OFFICE)
    move(plastic.good(holder, batch), plastic.good(office, batch), WHOLE, cause="accepted", by="test")
    path.rename(house.seat.bench(OFFICE, "bench") / f"{batch.code}.good.tray")
    return batch


def void(batch: Batch, serial: str) -> None:
    card = Card.objects.get(serial=serial)
    plastic.fail(batch, {card.application_ref: "chip-dead"}, step="test", source="house")
    plastic.void_failed(batch, by="test")


def destroy(house: House, batch: Batch, by: str, second: str) -> bool:
    return act(house.seat, "destroy", batch.code, by=by, second=second, batch=batch, process=batch.process)


def printed(house: House, batch: Batch, number: int) -> str:
    """What stands on a record of destruction."""
    path = house.seat.home / "files" / "lists" / f"{batch.code}~destruction-{OFFICE}-{number}.pdf"
    return "\n".join(page.extract_text() for page in PdfReader(path).pages)


def test_each_destruction_of_a_batch_has_a_record_of_its_own(house: House, lying: Batch) -> None:
    void(lying, "QZ26000000001")
    assert destroy(house, lying, "王芳", "李敏")
    first = printed(house, lying, 1)
    void(lying, "QZ26000000002")
    assert destroy(house, lying, "周强", "吴芬")
    second = printed(house, lying, 2)
    assert printed(house, lying, 1) == first
    assert f"D-{lying.code}-{OFFICE}-1" in first and "QZ26000000001" in first and "王芳" in first
    assert f"D-{lying.code}-{OFFICE}-2" in second and "QZ26000000002" in second and "周强" in second
    assert "QZ26000000001" not in second
    with things.on_bench(house.seat.world, house.seat.bench(OFFICE, "bench") / f"{lying.code}.good.tray") as tray:
        assert len(tray) == 4


@pytest.mark.parametrize("second", ["", "王芳", " 王芳 "])
def test_nobody_destroys_alone(house: House, lying: Batch, second: str) -> None:
    void(lying, "QZ26000000001")
    with pytest.raises(NotAllowed, match="须有另一人在场"):
        destroy(house, lying, "王芳", second)
    with things.on_bench(house.seat.world, house.seat.bench(OFFICE, "bench") / f"{lying.code}.good.tray") as tray:
        assert len(tray) == 6
    assert not Paper.objects.filter(type=DESTRUCTION.code).exists()


def test_of_two_desks_at_once_the_paper_names_the_witnesses_of_the_one_that_booked(house: House, lying: Batch) -> None:
    void(lying, "QZ26000000001")
    desks = [
        destruction.destroy(ActWork(house.seat, BY_NAME["destroy"], lying.code, lying, by=by, second=second))
        for by, second in (("王芳", "李敏"), ("周强", "吴芬"))
    ]
    for at, done in enumerate(desks):
        assert done.write is not None
        if at == 0:
            done.write()
        else:
            with pytest.raises(NotAllowed):
                done.write()
    assert "王芳" in printed(house, lying, 1) and "周强" not in printed(house, lying, 1)


def test_the_electronic_record_and_the_paper_agree(house: House, lying: Batch) -> None:
    void(lying, "QZ26000000003")
    assert destroy(house, lying, "王芳", "李敏")
    paper = Paper.objects.get(type=DESTRUCTION.code)
    (row,) = desk.read(house.seat, paper).iter_rows(named=True)
    text = printed(house, lying, 1)
    assert all(word in text for word in (row["card_serial"], row["witness"], row["second_witness"], paper.sha256))


def test_it_goes_by_whole_batches(house: House, lying: Batch) -> None:
    void(lying, "QZ26000000001")
    with pytest.raises(NotReady, match=f"销毁按批次进行, 写批次编号 {lying.code}"):
        act(house.seat, "destroy", "QZ26000000001", by="王芳", second="李敏", batch=lying, process=lying.process)
    assert not Paper.objects.filter(type=DESTRUCTION.code).exists()


def test_a_card_that_was_missing_here_and_was_found_is_destroyed_from_where_the_finder_laid_it(
    house: House, lying: Batch
) -> None:
    office, within = organisation(OFFICE), plastic.batch_group(lying)
    lost = Card.objects.get(serial="QZ26000000002")
    move(plastic.good(office, lying), place(office, State.MISSING, within), Cards([lost.pk]), cause="missing", by="t")
    Case.objects.create(
        kind=Case.MISSING, organisation=office, group=within, batch=lying, card=lost, serial=lost.serial,
        opened_at=timezone.now(),
    )  # fmt: skip
    box, bench = found.found_tray(house.seat, OFFICE), house.seat.bench(OFFICE, "bench")
    trays.create(box, box.stem, "cards")
    with things.on_bench(house.seat.world, bench / f"{lying.code}.good.tray") as tray:
        piece = tray.find("QZ26000000002")
        assert piece is not None
        with things.on_bench(house.seat.world, box) as basket:
            tray.move(piece, basket)
    assert act(house.seat, "found", "QZ26000000002", by="周", reason="在柜底", batch=lying, process=lying.process)
    assert destroy(house, lying, "王芳", "李敏")
    left = 0
    for path in bench.glob("*.tray"):
        with things.on_bench(house.seat.world, path) as tray:
            assert tray.find("QZ26000000002") is None
            left += len(tray)
    assert left == 5 and "QZ26000000002" in printed(house, lying, 1)


def test_what_is_booked_while_a_count_looks_at_the_books_is_no_difference(
    house: House, lying: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    void(lying, "QZ26000000001")
    real = counting.expected

    def meanwhile(holder: Organisation) -> counting.Expected:
        with monkeypatch.context() as cut_off:
            cut_off.setattr(errands, "run", lambda *_: None)  # booked, not yet shredded
            assert destroy(house, lying, "王芳", "李敏")
        return real(holder)

    monkeypatch.setattr(counting, "expected", meanwhile)
    with pytest.raises(NotReady, match="还有实物未随账移动"):
        act(house.seat, "count_stock", OFFICE, by="甲", second="乙")
    assert not Case.objects.exists()
