"""Batches that everybody has left before any plastic was made: nothing of them is anywhere, and they end at once.

A request in a hurry is a batch of one: withdrawn, or refused by a register, it would wait for ever for a card.
"""

from functools import partial

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from zhika.engine.batches import unsettled
from zhika.engine.trouble import attempt
from zhika.engine.work import Subject
from zhika.flows import FLOWS
from zhika.flows.chart import Cards, Grain
from zhika.ledger.batches import Batch
from zhika.ledger.cards import Card, Failure
from zhika.ledger.places import Balance
from zhika.ledger.steps import StepRecord, Trouble
from zhika.seat.config import Seat

WITHDRAWN = "withdraw"
"""The act with which people leave a batch while there is no plastic of theirs; with every other there is."""


def end(seat: Seat) -> int:
    """Close and end them; returns how many."""
    cards = Card.objects.filter(batch=OuterRef("pk"))
    left = ~Exists(cards.filter(failure=None)) & (Exists(cards) | Q(size=0))
    open_ = Batch.objects.filter(left, closed_at=None, process__in=seat.processes).order_by("pk")
    return sum(attempt(Subject(Grain.BATCH, one.code), "close", partial(_end, seat, one)) or 0 for one in open_)


def _end(seat: Seat, batch: Batch) -> int:
    if _plastic(seat, batch) or unsettled(batch):
        return 0
    now = timezone.now()
    Trouble.objects.filter(subject_kind=Grain.BATCH, subject=batch.code).exclude(function="close").delete()
    return Batch.objects.filter(pk=batch.pk, closed_at=None).update(closed_at=now, ended_at=now)


def _plastic(seat: Seat, batch: Batch) -> bool:
    """Whether a card of it was made or may be: here, or where nobody has told of it yet.

    Whoever left at a row before the one at which cards are born left without plastic, whichever seat found it. What a
    worker cut off has begun stands on the bench, and the row ends it; where that row is done, serials say all.
    """
    steps = FLOWS[batch.process].steps
    at = next(place for place, step in enumerate(steps) if step.cards is Cards.BORN)
    if Card.objects.filter(batch=batch, serial__isnull=False).exists():
        return True
    if StepRecord.objects.filter(batch=batch, function=steps[at].work, source="own").exists():
        return False
    late = Failure.objects.filter(card__batch=batch).exclude(step__in=[*(one.work for one in steps[:at]), WITHDRAWN])
    lying = Balance.objects.filter(place__group__ref=batch.code, n__gt=0)
    return late.exists() or lying.exists() or _begun(seat, batch)


def _begun(seat: Seat, batch: Batch) -> bool:
    """Trays of the batch stand on a bench here."""
    here = batch.parties.filter(seat=seat.name).values_list("organisation__code", flat=True)
    return any(next(seat.bench(one, "bench").glob(f"{batch.code}.*.tray"), None) for one in here)
