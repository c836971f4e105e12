"""逾期未领: cards that wait for their holders, by where they lie, and for how long.

A parcel's cards age together, from the day the unit accepted them; what an office hands out itself ages card by card,
from the day it came, or came again.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import F, Max

from zhika.flows import FLOWS
from zhika.flows.documents import CARD_LIST, PASSING_ON
from zhika.flows.lanes import Lane
from zhika.ledger.batches import Batch, Bundle
from zhika.ledger.cards import Card
from zhika.ledger.chunks import chunks
from zhika.ledger.places import SHANGHAI, Handover, Movement, Place, State, today
from zhika.ledger.where import lying_at, where

WEEK = 7


@dataclass(frozen=True)
class Stay:
    """Cards that came to one place on one day, and lie there still."""

    lane: Lane
    holder: str
    name: str
    office: str
    batch: str
    subject: str
    """The parcel, or the batch where its office hands out."""
    since: datetime
    days: int
    n: int
    cards: tuple[int, ...] = field(default=(), repr=False)
    """Primary keys, where the stay is not a whole parcel."""

    @property
    def key(self) -> str:
        """Of this stay and no other: a card that comes again begins a new one."""
        return f"{self.subject}@{today(self.since):%y%m%d}"

    @property
    def weeks(self) -> int:
        return self.days // WEEK


def stays(now: datetime, *, least: int = 0) -> list[Stay]:
    """All stays of at least so many days, the longest first."""
    found = [*_at_units(now, least), *_at_offices(now, least)]
    return sorted(found, key=lambda stay: (-stay.days, stay.holder, stay.subject))


def cards_of(stay: Stay) -> list[int]:
    """Cards (primary keys) of a stay."""
    if stay.cards:
        return list(stay.cards)
    place = Place.objects.select_related("group").get(
        organisation__code=stay.holder, state=State.GOOD, group__code=stay.subject
    )
    bundles = Bundle.objects.filter(batch__code=stay.batch, unit__code=stay.holder).values_list("pk", flat=True)
    return lying_at(place, bundles=list(bundles))


def _days(since: datetime, now: datetime) -> int:
    return (today(now) - today(since)).days


def _before(now: datetime, least: int) -> datetime:
    """The end of the day on which something must have come to be so old now."""
    midnight = now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(days=1 - least)


def _at_units(now: datetime, least: int) -> Iterator[Stay]:
    """One query: a parcel's handover, and what lies in its place."""
    rows = Handover.objects.filter(
        document=PASSING_ON.code, accepted_at__lt=_before(now, least), group__places__state=State.GOOD,
        group__places__organisation=F("to_organisation"), group__places__balance__n__gt=0,
    )  # fmt: skip
    columns = (
        "to_organisation__code", "to_organisation__name", "from_organisation__code", "batch__code", "subject",
        "accepted_at", "group__places__balance__n",
    )  # fmt: skip
    for code, name, office, batch, subject, since, n in rows.values_list(*columns):
        yield Stay(Lane.UNIT, code, name, office, batch, subject, since, _days(since, now), n)


def _at_offices(now: datetime, least: int) -> Iterator[Stay]:
    """Card by card, of those few batches of which something lies at their office for its holder."""
    processes = [name for name in FLOWS if _office_hands_out(name)]
    lists = Handover.objects.filter(
        document=CARD_LIST.code, batch__process__in=processes, accepted_at__lt=_before(now, least)
    )
    came = dict(lists.order_by("-accepted_at").values_list("batch__code", "accepted_at"))  # the first stays
    places = Place.objects.filter(state=State.GOOD, balance__n__gt=0, group__code__in=lists.values("batch__code"))
    lying = {place.pk: place for place in places.select_related("organisation", "group")}
    batches = Batch.objects.filter(code__in=[place.group.code for place in lying.values()])
    cards = Card.objects.filter(batch__in=batches, failure=None, serial__isnull=False).values_list("pk", flat=True)
    here = {card: at for card, at in where(cards).items() if at in lying}
    again = _last_came(here)
    groups: defaultdict[tuple[int, datetime], list[int]] = defaultdict(list)
    for card, at in here.items():
        groups[at, again.get(card) or came[lying[at].group.code]].append(card)
    for (at, since), some in groups.items():
        if (days := _days(since, now)) >= least:
            office, code = lying[at].organisation, lying[at].group.code
            yield Stay(Lane.CENTRE, office.code, office.name, office.code, code, code, since, days, len(some),
                       tuple(some))  # fmt: skip


def _office_hands_out(process: str) -> bool:
    return any(step.work == "hand_out" and step.lane is Lane.CENTRE for step in FLOWS[process].steps)


def _last_came(here: dict[int, int]) -> dict[int, datetime]:
    """When a card came to where it lies, where that was by a movement of its own."""
    found: dict[int, datetime] = {}
    for some in chunks(sorted(here)):
        moved = Movement.objects.filter(card__in=some).values("card", "to_place").annotate(at=Max("happened_at"))
        found |= {row["card"]: row["at"] for row in moved if here[row["card"]] == row["to_place"]}
    return found
