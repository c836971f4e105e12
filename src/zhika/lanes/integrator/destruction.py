"""销毁记录: void cards that their holder has destroyed, in the city's books."""

from collections.abc import Sequence

import polars as pl

from zhika.engine import plastic
from zhika.errors import Fault, Refused
from zhika.flows.causes import CLOSED
from zhika.flows.documents import DESTRUCTION
from zhika.ledger.batches import Batch
from zhika.ledger.cards import Card
from zhika.ledger.custody import Cards, move
from zhika.ledger.places import Place, State, place
from zhika.ledger.where import where
from zhika.people import entry


def book(batch: Batch, rows: pl.DataFrame, by: str, *, teller: str) -> None:
    """Cards named by serial go from void to destroyed, where they lie; what is destroyed already stays so.

    One that was kept until its time was over ends its application with it; `teller` is the seat whose record it is.
    Raises Refused for a card of another batch, one that isn't void, and witnesses who
    are not two people.
    """
    serials = rows["card_serial"].to_list()
    cards = {card.serial: card for card in Card.objects.filter(batch=batch, serial__in=serials)}
    lying = where([card.pk for card in cards.values()])
    places = Place.objects.filter(pk__in=set(lying.values())).select_related("organisation", "group")
    states = {at.pk: at for at in places}
    faults = []
    going: dict[int, list[int]] = {}
    for number, row in enumerate(rows.iter_rows(named=True), 2):
        card = cards.get(row["card_serial"])
        at = states.get(lying.get(card.pk, 0)) if card else None
        if row["witness"].strip() == row["second_witness"].strip():
            faults.append(Fault(DESTRUCTION.title, "须有不同的两人监销", number, "监销人"))
        if card is None or at is None or at.state not in (State.VOID, State.HELD, State.DESTROYED):
            faults.append(Fault(DESTRUCTION.title, "此卡不在本批次的作废卡中", number, "卡序列号"))
        elif at.state != State.DESTROYED:
            going.setdefault(at.pk, []).append(card.pk)
    if faults:
        raise Refused(faults)
    for pk, ids in going.items():
        source = states[pk]
        if source.state == State.HELD:
            _close(batch, ids, source=teller)
        target = place(source.organisation, State.DESTROYED, source.group)
        move(source, target, Cards(ids), cause="destroy", by=by)


def _close(batch: Batch, cards: Sequence[int], *, source: str) -> None:
    """Nobody came for these: they leave the batch, and both sides are closed."""
    refs = list(Card.objects.filter(pk__in=cards).values_list("application_ref", flat=True))
    plastic.fail(batch, dict.fromkeys(refs, CLOSED), step="destroy", source=source)
    entry.end(refs)
