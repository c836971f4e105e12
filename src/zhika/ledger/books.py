"""Who holds how many of what: city, organisation or batch, now or on a past day."""

from collections import Counter
from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet, Sum

from zhika.ledger.batches import Batch, Organisation
from zhika.ledger.custody import Balance, Place, State, Tally


@dataclass(frozen=True)
class Line:
    """One line of a balance sheet."""

    organisation: str
    name: str
    state: State
    group: str
    kind: str
    n: int


def balances(
    *, organisation: Organisation | None = None, batch: Batch | None = None, on: date | None = None
) -> list[Line]:
    """Every place that holds something, scoped by organisation (with all below it) or batch; `on`: end of that day."""
    places: QuerySet[Place] = Place.objects.exclude(state=State.OUTSIDE).select_related("organisation", "group")
    if organisation:
        places = places.filter(organisation__path__startswith=organisation.path)
    if batch:
        places = places.filter(group__ref=batch.code)
    if on is None:
        counted = dict(Balance.objects.filter(n__gt=0).values_list("place_id", "n"))
    else:
        sums: Counter[int] = Counter()
        tallies = Tally.objects.filter(booked_day__lte=on).values_list("from_place_id", "to_place_id")
        for source, target, n in tallies.annotate(n=Sum("n")):
            sums[target] += n
            sums[source] -= n
        counted = {at: n for at, n in sums.items() if n}
    lines = [
        Line(p.organisation.code, p.organisation.name, State(p.state), p.group.code, p.group.kind, counted[p.pk])
        for p in places
        if counted.get(p.pk)
    ]
    return sorted(lines, key=lambda line: (line.organisation, line.group, line.state))
