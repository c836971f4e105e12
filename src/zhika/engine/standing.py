"""Where one application stands on its chart: rows done for it, rows that come next, and since when.

A batch's rows are its applications' rows; before it the lot's or the application's own, after it the parcel's and the
card's. A row that a later one implies counts as done, though its notice never came.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from zhika.flows import FLOWS
from zhika.flows.chart import Grain, Step
from zhika.flows.net import followed
from zhika.ledger.steps import StepRecord

EVENTS = {"hand_out": "hand_out", "collected": "hand_out", "activate": "activate", "activated": "activate"}
"""What is told of one card, and the row that it stands for."""


@dataclass(frozen=True)
class Subject:
    """What is known of an application, or of a request that is none yet."""

    ref: str
    process: str
    made_at: datetime
    lot: str = ""
    batch_code: str = ""
    parcel: str = ""
    """Code of the parcel in which the card lies or lay."""
    events: Mapping[str, datetime] = field(default_factory=dict)
    """What happened to the card alone, by kind."""
    origin: str = ""
    """Of a new start the first application's number: what was done before a batch was done for that one."""
    left_at: datetime | None = None
    """When it left its batch: what the batch did later it did without it."""


@dataclass(frozen=True)
class Standing:
    """`last` is the farthest row done, in table order; None where nothing is done yet."""

    process: str
    done: frozenset[Step]
    last: Step | None
    since: datetime
    next: tuple[Step, ...]


def standing(subject: Subject) -> Standing:
    """Where an application stands, from the step records of its lot, batch and parcel and the events of its card."""
    flow = FLOWS[subject.process]
    times = _recorded(subject)
    done = closed_under(subject.process, [step for step in flow.steps if step.key in times])
    before = _before(subject.process)
    ahead = tuple(step for step in flow.steps if step not in done and set(before[step]) <= done)
    last = next((step for step in reversed(flow.steps) if step.key in times), None)
    since = times[last.key] if last else subject.made_at
    since = max(since, subject.made_at) if subject.origin else since
    return Standing(subject.process, done, last, since, ahead)


def closed_under(process: str, done: Iterable[Step]) -> frozenset[Step]:
    """These rows and all that must have been done before them."""
    before, found, left = _before(process), set[Step](), list(done)
    while left:
        step = left.pop()
        if step not in found:
            found.add(step)
            left += before[step]
    return frozenset(found)


@lru_cache
def _before(process: str) -> dict[Step, tuple[Step, ...]]:
    return followed(FLOWS[process])


def _recorded(subject: Subject) -> dict[tuple[int, str], datetime]:
    """When each row was done for this application, by number and function."""
    about = [(Grain.APPLICATION, subject.ref), (Grain.LOT, subject.lot), (Grain.BATCH, subject.batch_code)]
    about += [(Grain.APPLICATION, subject.origin), (Grain.PARCEL, subject.parcel)]
    codes = [code for _, code in about if code]
    flow = FLOWS[subject.process]
    each = {step.key for step in flow.steps if step.grain.after_batch}
    times: dict[tuple[int, str], datetime] = {}
    records = StepRecord.objects.filter(subject__in=codes, subject_kind__in=[kind for kind, code in about if code])
    if subject.left_at:
        records = records.filter(happened_at__lte=subject.left_at)
    for kind, number, work, at in records.values_list("subject_kind", "number", "function", "happened_at"):
        if kind != Grain.BATCH or (number, work) not in each:  # the batch's row of those only counts
            times[number, work] = at
    for step in flow.steps:
        happened = [at for kind, at in subject.events.items() if EVENTS.get(kind) == step.work]
        if step.grain is Grain.CARD and happened:
            times[step.key] = max(happened)
    return times
