"""废卡 at the supplier: what is void travels with its batch; what was lost on the way and found later stays, until two
people destroy it."""

import pytest
from pypdf import PdfReader

from tests.lanes.workshop import CODE, Workshop
from zhika.card import tray as trays
from zhika.engine import found, plastic
from zhika.engine.acts import act
from zhika.errors import CardError, NotAllowed, NotReady
from zhika.flows.documents import SEMI_FINISHED
from zhika.flows.lanes import Lane
from zhika.lanes.supplier import waste
from zhika.ledger.cards import Card
from zhika.ledger.custody import Cards, move
from zhika.ledger.laws import breaches
from zhika.ledger.places import Case, Handover, Place, State, place
from zhika.ledger.steps import Paper
from zhika.ledger.where import where
from zhika.seat import things
from zhika.seat.config import Seat


def destroy(shop: Workshop, second: str = "郑洁") -> bool:
    return act(
        shop.seat, "destroy_waste", CODE, by="周强", second=second, batch=shop.batch, process=shop.batch.process,
        lane=Lane.SUPPLIER,
    )  # fmt: skip


def state(serial: str) -> tuple[str, str]:
    """(holder, state) of a card in the books."""
    card = Card.objects.get(serial=serial)
    at = Place.objects.select_related("organisation").get(pk=where([card.pk])[card.pk])
    return at.organisation.code, at.state


def listed(seat: Seat) -> list[tuple[Lane, str, int]]:
    return [(item.lane, item.subject, item.n) for item in waste.todo(seat)]


@pytest.fixture
def late(workshop: Workshop) -> str:
    """A card that was missing when the batch had come, and has turned up at the supplier since: its serial."""
    with pytest.raises(NotReady, match="没有待销毁"):
        destroy(workshop)
    workshop.do("print_faces", "laminate", "return_semi_finished")
    handover = Handover.objects.get(code=f"{CODE}~{SEMI_FINISHED.code}")
    lost = Card.objects.get(serial=workshop.serial(3))
    given = Place.objects.get(pk=where([lost.pk])[lost.pk])
    giver = handover.from_organisation
    move(given, place(giver, State.MISSING, plastic.batch_group(workshop.batch)), Cards([lost.pk]), cause="missing",
         by="test", handover=handover)  # fmt: skip
    Case.objects.create(kind=Case.MISSING, handover=handover, batch=workshop.batch, card=lost, serial=lost.serial,
                        opened_at=handover.given_at)  # fmt: skip
    (lies,) = workshop.seat.bench("supplier", "bench").glob(f"{CODE}*.cards.tray")
    basket = found.found_tray(workshop.seat, "supplier")
    basket.parent.mkdir(parents=True, exist_ok=True)
    trays.create(basket, basket.stem, "cards")
    with things.on_bench(workshop.seat.world, lies) as tray, things.on_bench(workshop.seat.world, basket) as there:
        piece = tray.find(str(lost.serial))
        assert piece is not None
        tray.move(piece, there)
    trays.move(lies, workshop.seat.bench("supplier", "out"))
    assert listed(workshop.seat) == []
    assert act(workshop.seat, "found", str(lost.serial), by="周", reason="在料箱底", batch=workshop.batch,
               process=workshop.batch.process)  # fmt: skip
    return str(lost.serial)


def test_a_card_found_after_its_batch_has_gone_is_destroyed_by_two_people_with_a_record(
    workshop: Workshop, late: str
) -> None:
    assert state(late) == ("supplier", State.VOID)
    assert listed(workshop.seat) == [(Lane.SUPPLIER, CODE, 1)]
    with pytest.raises(NotAllowed, match="另一人"):
        destroy(workshop, second="周强")
    assert destroy(workshop)
    assert state(late) == ("supplier", State.DESTROYED) and listed(workshop.seat) == []
    with things.on_bench(workshop.seat.world, workshop.seat.bench("supplier", "bench") / f"{CODE}.cards.tray") as tray:
        assert len(tray) == 0
    record = workshop.seat.home / "files" / "lists" / f"{CODE}~destruction-supplier-1.pdf"
    said = "".join(PdfReader(record).pages[0].extract_text().split())
    assert all(word in said for word in ("废卡销毁记录", late, "周强", "郑洁", "1张"))
    assert breaches() == []
    assert not Paper.objects.filter(type="destruction").exists()  # nobody else has ever counted it


def test_a_card_that_is_not_in_its_tray_is_not_booked_as_destroyed(workshop: Workshop, late: str) -> None:
    with things.on_bench(workshop.seat.world, workshop.seat.bench("supplier", "bench") / f"{CODE}.cards.tray") as tray:
        tray.remove(tray.pieces()[0])
    with pytest.raises(CardError, match="缺 1 张"):
        destroy(workshop)
    assert state(late) == ("supplier", State.VOID)
