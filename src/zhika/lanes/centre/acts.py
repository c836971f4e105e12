"""The centre's acts: what becomes of receipts from the counter and from the bank."""

from collections.abc import Callable
from datetime import datetime, time

from zhika.engine.work import ActWork, Done
from zhika.lanes.centre import destruction
from zhika.ledger import audit
from zhika.ledger.cards import Card, CardEvent
from zhika.ledger.places import SHANGHAI, today


def take_collection(work: ActWork) -> Done:
    """领卡回执登记: the person has the card; the social side works from now on."""
    return Done(write=_events(work, "collected"))


def take_activation(work: ActWork) -> Done:
    """激活回执登记: the bank side works too."""
    return Done(write=_events(work, "activated"))


def destroy(work: ActWork) -> Done:
    """销毁废卡: all void cards of a batch that lie at its office, before two people."""
    return destruction.destroy(work)


def take_destruction(work: ActWork) -> Done:
    """销毁记录登记: the centre's copy stays on the desk; the city's books are the integrator's to write, once."""
    return Done()


def _midnight(day: str) -> datetime:
    return datetime.combine(datetime.fromisoformat(day), time(), SHANGHAI)


def _events(work: ActWork, kind: str) -> Callable[[], None]:
    """One event a card, once, for rows whose application and serial are one card of the batch."""
    assert work.rows is not None and work.batch is not None and work.paper is not None
    rows, batch, sender = work.rows, work.batch, work.paper.sender

    def write() -> None:
        known = Card.objects.filter(batch=batch, serial__in=rows["card_serial"].to_list())
        cards = {(card.application_ref, card.serial): card for card in known}
        found = [(cards.get((row["app_no"], row["card_serial"])), row) for row in rows.iter_rows(named=True)]
        CardEvent.objects.bulk_create(
            [
                CardEvent(
                    card=card, kind=kind, happened_at=_midnight(row["date"]), booked_day=today(), by=sender,
                    cause=row.get("by", ""),
                )
                for card, row in found
                if card
            ],
            ignore_conflicts=True,
        )  # fmt: skip
        if strange := sum(card is None for card, _ in found):
            audit.note(work.by, "row-unknown", work.subject, f"{work.act.title}: {strange} 行不是本批次的卡")

    return write
