"""What the centre tells people, and what ends by itself at its counter."""

from collections.abc import Iterable, Mapping, Sequence

from zhika.ledger.batches import Batch
from zhika.ledger.cards import Card
from zhika.ledger.chunks import chunks
from zhika.people import messages, succession
from zhika.people.texts import Kind
from zhika.seat.config import Seat


def come(batch: Batch, serials: Sequence[str]) -> None:
    """卡已到: these cards lie at the office, and their holders are told; in the transaction of the acceptance."""
    refs: list[str] = []
    for some in chunks(serials):
        refs += Card.objects.filter(serial__in=some, failure=None).values_list("application_ref", flat=True)
    call({ref: {"place": batch.office.name} for ref in refs}, Kind.CARD_COME, Kind.REPLACEMENT_COME)


def call(facts: Mapping[str, Mapping[str, str]], first: Kind, replacement: Kind) -> None:
    """Call people to fetch their cards; who has an old one is told to bring it. `facts` as for `messages.write_all`."""
    against = set(succession.olds(facts))
    against -= succession.lost(against)
    messages.write_all({ref: told for ref, told in facts.items() if ref not in against}, first)
    messages.write_all({ref: told for ref, told in facts.items() if ref in against}, replacement)


def due(seat: Seat) -> Iterable[tuple[str, str, str]]:
    """Lost cards whose replacement is made are cancelled."""
    for serial in succession.produced():
        yield "cancel", serial, ""
