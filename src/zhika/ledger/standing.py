"""How far the cards of each batch are from being everything a batch is for: in hands, and active. Counted by sets."""

from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Count, Sum
from django.db.models.functions import Coalesce

from zhika.ledger.batches import Batch
from zhika.ledger.cards import CardEvent, Failure
from zhika.ledger.places import Case

IN_HANDS = ("hand_out", "collected")
"""Handed out here, or told so by who did."""
ACTIVE = ("activate", "activated")


@dataclass(frozen=True)
class Standing:
    """One batch's cards: numbers of those that left it, wait for their holders, aren't active, can't be found."""

    batch: Batch
    failed: int
    waiting: int
    """Not yet in their holders' hands, whether made or not."""
    inactive: int
    """Not yet activated at the bank, whether in hands or not."""
    missing: int
    """Pieces of open cases: given and not come, or not there when they were counted."""


def standings() -> list[Standing]:
    """Every batch of this seat, oldest first; four queries, however many there are."""
    failed = dict(Failure.objects.values_list("card__batch").annotate(n=Count("pk")))
    events: dict[str, dict[int, int]] = defaultdict(dict)
    living = CardEvent.objects.filter(kind__in=(*IN_HANDS, *ACTIVE), card__failure=None)
    for batch_id, kind, n in living.values_list("card__batch", "kind").annotate(n=Count("pk")):
        events[kind][batch_id] = n
    open_cases = Case.objects.filter(kind=Case.MISSING, closed_at=None)
    of_batch = open_cases.annotate(of=Coalesce("batch", "handover__batch"))  # found by a count, or by a taker
    missing = dict(of_batch.values_list("of").annotate(pieces=Sum("n")))
    found = []
    for batch in Batch.objects.select_related("office").order_by("pk"):
        key, alive = batch.pk, batch.size - failed.get(batch.pk, 0)
        # Each kind stands once a card, and whoever tells of a card that was done here tells of no other.
        held, active = (max(events[kind].get(key, 0) for kind in kinds) for kinds in (IN_HANDS, ACTIVE))
        found.append(Standing(batch, failed.get(key, 0), alive - held, alive - active, missing.get(key, 0)))
    return found
