"""The promised date: how long each row of a chart took in the batches that are closed, summed over the rows left.

A row's time is counted from the latest row before it, so that rows done side by side are not counted twice and the
times of all rows add up to the whole. Promised is the day on which the card lies ready for its holder.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import numpy as np
from django.db.models import QuerySet

from zhika.engine.standing import Standing
from zhika.flows import FLOWS
from zhika.flows.chart import Cards, Grain, Step
from zhika.ledger.cards import Card
from zhika.ledger.places import today
from zhika.ledger.steps import StepRecord
from zhika.people.models import Application

LATE = 0.9
"""Quantile that is told as 'at the latest'."""
Key = tuple[int, str]


@dataclass(frozen=True)
class Pace:
    """How long one row took."""

    median: timedelta
    late: timedelta
    """As long as nine in ten took at most."""


@dataclass(frozen=True)
class Paces:
    """Of one process: by row, and from how many closed batches."""

    rows: dict[Key, Pace]
    batches: int


@dataclass(frozen=True)
class Promise:
    """When the card lies ready. Without records of every row left, both dates are the configured term."""

    likely: datetime
    latest: datetime
    batches: int
    """Closed batches whose records say so; 0: the configured term."""
    overdue: bool
    """The day is over on which nine in ten had done the row that is waited for, or the last day of the term."""


def promise(standing: Standing, made_at: datetime, now: datetime, *, days: int) -> Promise | None:
    """None once the card lies ready. `days`: the term from the application where there are no records yet."""
    left = [step for step in until_ready(standing.process) if step not in standing.done]
    if not left:
        return None
    known = paces(standing.process)
    if any(step.key not in known.rows for step in left):
        end = made_at + timedelta(days=days)
        return Promise(end, end, 0, today(end) < today(now))
    of_rows = [known.rows[step.key] for step in left]
    waits = of_rows[0]
    likely = max(standing.since + waits.median, now) + sum((pace.median for pace in of_rows[1:]), timedelta())
    latest = max(standing.since + waits.late, now) + sum((pace.late for pace in of_rows[1:]), timedelta())
    return Promise(likely, latest, known.batches, today(standing.since + waits.late) < today(now))


def until_ready(process: str) -> list[Step]:
    """The rows up to the one in which the holder has the card; what comes after is the holder's own doing."""
    steps = FLOWS[process].steps
    issue = next(place for place, step in enumerate(steps) if step.cards is Cards.ISSUE)
    return list(steps[:issue])


@lru_cache
def paces(process: str) -> Paces:
    """From the step records of all closed batches, read once in a process run.

    What came before a batch, its forming included, is taken from the application that stands first in it.
    """
    firsts = Card.objects.filter(batch__process=process, batch__closed_at__isnull=False, line=1)
    batch_of = dict(firsts.values_list("application_ref", "batch_id"))
    applied = Application.objects.filter(ref__in=firsts.values("application_ref"))
    begun = {batch_of[ref]: at for ref, at in applied.values_list("ref", "made_at")}
    times: dict[int, dict[Key, list[datetime]]] = defaultdict(lambda: defaultdict(list))
    for subject, batch, *key, at in _records(process, firsts):
        times[batch or batch_of[subject]][key[0], key[1]].append(at)
    gaps: dict[Key, list[float]] = defaultdict(list)
    for batch, rows in times.items():
        for key, seconds in _gaps(process, rows, begun.get(batch)):
            gaps[key] += seconds
    return Paces({key: _pace(seconds) for key, seconds in gaps.items()}, len(batch_of))


def _records(process: str, firsts: QuerySet[Card]) -> Iterator[Any]:
    """Subject, batch, number, function and time: rows of closed batches, their parcels, their first person."""
    done = StepRecord.objects.filter(process=process)
    of_batches = done.filter(batch__closed_at__isnull=False, subject_kind__in=[Grain.BATCH, Grain.PARCEL])
    before = done.filter(subject_kind=Grain.APPLICATION, subject__in=firsts.values("application_ref"))
    for rows in (of_batches, before):
        yield from rows.values_list("subject", "batch_id", "number", "function", "happened_at").iterator(10_000)


def _gaps(
    process: str, rows: Mapping[Key, Sequence[datetime]], begun: datetime | None
) -> Iterator[tuple[Key, list[float]]]:
    """Seconds of each row since the latest before it; of a row done parcel by parcel, of each parcel."""
    forming, latest = FLOWS[process].forming, None
    for step in until_ready(process):
        if step is forming and begun:
            latest = max(latest or begun, begun)
        happened = rows.get(step.key)
        if happened:
            if latest:
                yield step.key, [max(0.0, (at - latest).total_seconds()) for at in happened]
            latest = max([*happened, *([latest] if latest else [])])


def _pace(seconds: list[float]) -> Pace:
    median, late = np.quantile(seconds, [0.5, LATE])
    return Pace(timedelta(seconds=float(median)), timedelta(seconds=float(late)))
