"""废卡 at the integrator: those of a batch travel with it; what is found after it has gone is destroyed here."""

import pytest

from tests.lanes.house import House
from tests.lanes.platform import journey
from zhika.card import tray as trays
from zhika.engine import found, plastic
from zhika.engine.acts import act
from zhika.errors import CardError, NotReady
from zhika.flows.documents import HANDOVER
from zhika.flows.lanes import Lane
from zhika.lanes.integrator import waste
from zhika.ledger.batches import Batch
from zhika.ledger.cards import Card
from zhika.ledger.custody import Cards, move
from zhika.ledger.laws import breaches
from zhika.ledger.places import Case, Handover, Movement, Place, State, place
from zhika.ledger.where import where
from zhika.seat import things

LOST, VOID = "QZ26000000003", "QZ26000000005"


def state(serial: str) -> tuple[str, str]:
    """(holder, state) of a card in the books."""
    card = Card.objects.get(serial=serial)
    at = Place.objects.select_related("organisation").get(pk=where([card.pk])[card.pk])
    return at.organisation.code, at.state


def listed(house: House) -> list[tuple[str, str, int]]:
    return [(item.lane, item.work, item.n) for item in waste.todo(house.seat)]


def destroy(house: House, batch: Batch) -> bool:
    return act(house.seat, "destroy_waste", batch.code, by="周强", second="郑洁", batch=batch, process=batch.process)


@pytest.fixture
def handed_over(house: House) -> Batch:
    """Six cards, one void; on the way to the bank one is lost."""
    batch = journey.personalised(house)
    card = Card.objects.get(serial=VOID)
    plastic.fail(batch, {card.application_ref: "chip-dead"}, step="personalise", source="house")
    plastic.void_failed(batch, by="test")
    with pytest.raises(NotReady, match="没有待销毁"):
        destroy(house, batch)
    assert listed(house) == []
    house.row(batch.code, "hand_over", Lane.INTEGRATOR)
    handover = Handover.objects.get(code=f"{batch.code}~{HANDOVER.code}")
    lost = Card.objects.get(serial=LOST)
    given = Place.objects.get(pk=where([lost.pk])[lost.pk])
    gone = place(handover.from_organisation, State.MISSING, plastic.batch_group(batch))
    move(given, gone, Cards([lost.pk]), cause="missing", by="test", handover=handover)
    Case.objects.create(kind=Case.MISSING, handover=handover, batch=batch, card=lost, serial=LOST,
                        opened_at=handover.given_at)  # fmt: skip
    return batch


def turned_up(house: House, batch: Batch) -> None:
    """The lost card lies in the finder's tray, and is booked as found."""
    holder = house.seat.organisation(Lane.INTEGRATOR)
    lies = house.seat.bench(holder, "bench") / f"{batch.code}.cards.tray"
    basket = found.found_tray(house.seat, holder)
    trays.create(basket, basket.stem, "cards")
    with things.on_bench(house.seat.world, lies) as tray, things.on_bench(house.seat.world, basket) as there:
        piece = tray.find(LOST)
        assert piece is not None
        tray.move(piece, there)
    trays.move(lies, house.seat.bench(holder, "out"))
    assert act(house.seat, "found", LOST, by="周", reason="在料箱底", batch=batch, process=batch.process)


def test_a_void_card_leaves_with_its_batch_and_one_found_later_is_destroyed_by_two(
    house: House, handed_over: Batch
) -> None:
    assert state(VOID) == ("ylz", State.GIVEN)
    turned_up(house, handed_over)
    assert state(LOST) == ("ylz", State.VOID)
    assert listed(house) == [(Lane.INTEGRATOR, "destroy_waste", 1)]
    (item,) = waste.todo(house.seat)
    assert item.since == Movement.objects.get(cause="found").happened_at
    assert destroy(house, handed_over)
    assert state(LOST) == ("ylz", State.DESTROYED) and listed(house) == []
    with things.on_bench(house.seat.world, house.seat.bench("ylz", "bench") / f"{handed_over.code}.cards.tray") as t:
        assert len(t) == 0
    assert breaches() == []


def test_a_card_that_is_not_in_its_tray_is_not_booked_as_destroyed(house: House, handed_over: Batch) -> None:
    turned_up(house, handed_over)
    with things.on_bench(house.seat.world, house.seat.bench("ylz", "bench") / f"{handed_over.code}.cards.tray") as t:
        t.remove(t.pieces()[0])
    with pytest.raises(CardError, match="缺 1 张"):
        destroy(house, handed_over)
    assert state(LOST) == ("ylz", State.VOID)
