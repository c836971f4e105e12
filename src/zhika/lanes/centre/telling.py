"""What the centre tells people, and what ends by itself at its counter."""

from collections.abc import Iterable

from zhika.ledger.batches import Batch
from zhika.ledger.cards import Card
from zhika.people import messages, succession
from zhika.people.texts import Kind
from zhika.seat.config import Seat


def come(batch: Batch) -> None:
    """卡已到: the cards lie at the office, and their holders are told; in the transaction of the acceptance.

    Who has an old card is told to bring it.
    """
    good = Card.objects.filter(batch=batch, failure=None, serial__isnull=False)
    refs = set(good.values_list("application_ref", flat=True))
    against = set(succession.olds(refs))
    against -= succession.lost(against)
    for kind, some in ((Kind.CARD_COME, refs - against), (Kind.REPLACEMENT_COME, against)):
        messages.write_all({ref: {"place": batch.office.name} for ref in some}, kind)


def due(seat: Seat) -> Iterable[tuple[str, str, str]]:
    """Lost cards whose replacement is made are cancelled."""
    for serial in succession.produced():
        yield "cancel", serial, ""
