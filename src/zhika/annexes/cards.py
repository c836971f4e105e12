"""Cards made and issued by office and category, summed over bundles: 6.5 million cards are never looked at one by one.

Only first cards count, and only living ones: a person who was started again has a failed card and a new one, a person
whose card was replaced a second card, and both are one person of the plan.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from django.db.models import Count, Q, Sum

from zhika.engine.parcels import unit_of
from zhika.flows import FLOWS
from zhika.flows.chart import Grain
from zhika.flows.lanes import Lane
from zhika.ledger.batches import Batch, Bundle
from zhika.ledger.cards import Card, Failure
from zhika.ledger.places import SHANGHAI, State, Tally
from zhika.ledger.steps import StepRecord

HAND_OUT = "hand_out"
Key = tuple[str, str]
"""Code of the office, category of the unit; "" where the unit is in no category."""


def end_of(day: date) -> datetime:
    """The moment at which a day is over, Asia/Shanghai."""
    return datetime.combine(day + timedelta(days=1), time(), SHANGHAI)


class Counted(NamedTuple):
    """Cards by office and category."""

    made: Counter[Key]
    """Living cards of the batches that the bank had finished and delivered."""
    issued: Counter[Key]
    """Living cards in their holders' hands."""


def counted(processes: Sequence[str], on: date) -> Counted:
    """The cards of these processes at the end of a day."""
    at_units = [name for name in processes if FLOWS[name].step(HAND_OUT).lane is Lane.UNIT]
    at_centres = [name for name in processes if name not in at_units]
    bundles = Bundle.objects.filter(batch__process__in=processes)
    columns = ("pk", "size", "batch", "batch__code", "batch__office__code", "unit__code", "unit__unit__category")
    known = list(bundles.values_list(*columns))
    delivered, failed, failed_in_hand = _delivered(processes, on), Counter[int](), Counter[int]()
    for bundle, handed in _failed(on):
        failed[bundle] += 1
        failed_in_hand[bundle] += bool(handed)
    in_hand, in_parcels = _at_the_counter(at_centres, on), _out_of_parcels(at_units, on)
    made, issued = Counter[Key](), Counter[Key]()
    for pk, size, batch, code, office, unit, category in known:
        key = (office, category or "")
        if batch in delivered:
            made[key] += size - failed[pk]
        if signed := in_hand[pk] + in_parcels[code, unit]:
            issued[key] += signed - failed_in_hand[pk]
    return Counted(made, issued)


def _delivered(processes: Sequence[str], on: date) -> set[int]:
    """Batches (primary keys) whose closing row is done, here or as another seat told."""
    closing = {FLOWS[process].closing.work for process in processes}
    done = StepRecord.objects.filter(subject_kind=Grain.BATCH, function__in=closing, booked_at__lt=end_of(on))
    return set(done.values_list("batch", flat=True))


def _failed(on: date) -> Iterator[tuple[int, int]]:
    """Bundle of each card that failed until the end of a day, and how often it was handed out before.

    Failures are few, and counted here: the store would count them by going through the cards of all bundles.
    """
    failures = Failure.objects.filter(happened_at__lt=end_of(on)).values_list("pk", "card__bundle")
    for _, bundle, handed in failures.annotate(n=_handed("card__events", on)).order_by().iterator(chunk_size=5_000):
        yield bundle, handed


def _handed(events: str, on: date) -> Count:
    """How often a card was handed out. An outer join: whatever a store knows of its tables, it begins with the cards,
    and never with the millions of events of this kind."""
    return Count(events, filter=Q(**{f"{events}__kind": HAND_OUT, f"{events}__booked_day__lte": on}))


def _at_the_counter(processes: Sequence[str], on: date) -> Counter[int]:
    """Cards handed out at the centres' own counters, by bundle: one by one, for their place names no unit."""
    cards = Card.objects.filter(batch__in=Batch.objects.filter(process__in=processes))
    return Counter(dict(cards.values_list("bundle").annotate(n=_handed("events", on)).order_by()))


def _out_of_parcels(processes: Sequence[str], on: date) -> Counter[tuple[str, str]]:
    """Cards that have gone out of units' parcels into hands, by batch and unit, from the days' sums."""
    into_hands = Tally.objects.filter(
        to_place__state=State.ISSUED, to_place__group__kind="parcel", booked_day__lte=on,
        to_place__group__ref__in=Batch.objects.filter(process__in=processes).values("code"),
    )  # fmt: skip
    summed = into_hands.values_list("to_place__group__code", "to_place__group__ref").annotate(n=Sum("n"))
    found: Counter[tuple[str, str]] = Counter()
    for parcel, batch, n in summed.order_by():
        found[batch, unit_of(parcel, batch)] += n
    return found
