"""Requests at a glance: what waits for the counter and for review, office by office."""

from collections.abc import Iterator, Sequence

from django.db.models import Count, Min

from zhika.engine.todo import Todo, command
from zhika.flows import FLOWS
from zhika.ledger.batches import Organisation
from zhika.people.models import Request
from zhika.seat.config import Seat

BEFORE = {
    "apply": Request.FILLED, "review": Request.APPLIED, "review_replacement": Request.APPLIED,
}  # fmt: skip
"""Function of a row → the state in which a request waits for it."""


def gather(seat: Seat, work: str, subject: str) -> Sequence[str] | None:
    """PROCESS/OFFICE stands for all of its requests that wait for this row."""
    process, slash, office = subject.partition("/")
    if not slash or process not in FLOWS or work not in BEFORE:
        return None
    waiting = Request.objects.filter(process=process, state=BEFORE[work], office__code=office)
    return list(waiting.order_by("ref").values_list("ref", flat=True))


def todo(seat: Seat) -> Iterator[Todo]:
    """One entry for each chart, row and office."""
    names = dict(Organisation.objects.filter(kind="centre").values_list("code", "name"))
    waiting = Request.objects.filter(state__in=set(BEFORE.values()), process__in=seat.processes)
    grouped = waiting.values_list("process", "state", "office__code").annotate(n=Count("pk"), since=Min("entered_at"))
    for process, state, office, n, since in grouped.order_by("process", "office__code", "state"):
        step = next(s for s in FLOWS[process].steps if BEFORE.get(s.work) == state)
        about = f"{process}/{office}"
        yield Todo(
            step.lane, step.work, step.title, about, n, since, names.get(office, office), command(step.work, about),
        )  # fmt: skip
