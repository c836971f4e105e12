"""Who holds how many of what: city, organisation or batch, now or on a past day."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Sum

from zhika.ledger.batches import Batch, Organisation
from zhika.ledger.places import Place, State, Tally


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
    places = Place.objects.exclude(state=State.OUTSIDE)
    if organisation:
        places = places.filter(organisation__path__startswith=organisation.path)
    if batch:
        places = places.filter(group__ref=batch.code)
    columns = ("organisation__code", "organisation__name", "state", "group__code", "group__kind")
    if on is None:
        held: Iterable[tuple[Any, ...]] = places.filter(balance__n__gt=0).values_list(*columns, "balance__n")
    else:
        sums = _tallied(on)
        held = (
            (*rest, sums[at]) for at, *rest in places.values_list("pk", *columns) if sums[at]
        )  # fmt: skip
    lines = [Line(code, name, State(state), group, kind, n) for code, name, state, group, kind, n in held]
    return sorted(lines, key=lambda line: (line.organisation, line.group, line.state))


def _tallied(on: date) -> Counter[int]:
    """Pieces by place (primary key) at the end of that day, from the days' sums."""
    sums: Counter[int] = Counter()
    tallies = Tally.objects.filter(booked_day__lte=on).values_list("from_place_id", "to_place_id")
    for source, target, n in tallies.annotate(n=Sum("n")):
        sums[target] += n
        sums[source] -= n
    return sums
