"""What concerns one county's office: lots overdue, differences, batches that stand still, people not started again.

Everything is asked for all offices at once; only a batch that stands still is looked at by itself.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from django.db.models import Max, Min, Q, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from zhika.annexes import recovery
from zhika.annexes.recovery import Overdue
from zhika.engine.progress import state
from zhika.flows import FLOWS
from zhika.flows.causes import CAUSES, title
from zhika.ledger.batches import Batch
from zhika.ledger.cards import Failure
from zhika.ledger.chunks import chunks
from zhika.ledger.places import SHANGHAI, Case
from zhika.people.models import Application, Cleared

KINDS = {"missing": "短少", "surplus": "多出"}


@dataclass(frozen=True)
class Difference:
    """Cards of a handover that somebody must explain."""

    handover: str
    kind: str
    n: int
    since: datetime
    giver: str
    taker: str


@dataclass(frozen=True)
class Stuck:
    """An open batch whose last step is long ago."""

    batch: str
    since: datetime


@dataclass(frozen=True)
class Exceptions:
    """People who left their batches with one cause and were not started again."""

    cause: str
    n: int
    since: datetime

    @property
    def title(self) -> str:
        return title(self.cause)

    @property
    def mended_by(self) -> str:
        """Who clears the cause."""
        return CAUSES[self.cause].mended_by if self.cause in CAUSES else ""


@dataclass
class Matters:
    """All that concerns one office."""

    overdue: list[Overdue] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    stuck: list[Stuck] = field(default_factory=list)
    exceptions: list[Exceptions] = field(default_factory=list)


def matters(on: date, stuck_days: int) -> dict[str, Matters]:
    """By the office's code, of offices that something concerns. Lots as at the end of the day, the rest as it is."""
    found: dict[str, Matters] = defaultdict(Matters)
    for county in recovery.counties(on):
        for lot in county.overdue:
            found[lot.office].overdue.append(lot)
    for office, difference in _differences():
        found[office].differences.append(difference)
    for office, batch in _stuck(stuck_days):
        found[office].stuck.append(batch)
    for office, exceptions in _exceptions():
        found[office].exceptions.append(exceptions)
    return dict(found)


def _differences() -> Iterator[tuple[str, Difference]]:
    cases = Case.objects.filter(closed_at=None, handover__batch__isnull=False)
    columns = ("handover__batch__office__code", "handover__code", "kind", "handover__from_organisation__name",
               "handover__to_organisation__name")  # fmt: skip
    counted = Case.objects.filter(closed_at=None, handover=None, batch__isnull=False)
    by_count = ("batch__office__code", "count", "kind", "organisation__name")
    sums = {"pieces": Sum("n"), "since": Min("opened_at")}
    for office, code, kind, giver, taker, n, since in cases.values_list(*columns).annotate(**sums):
        yield office, Difference(code, KINDS.get(kind, kind), n, since, giver, taker)
    for office, code, kind, holder, n, since in counted.values_list(*by_count).annotate(**sums):
        yield office, Difference(code, KINDS.get(kind, kind), n, since, holder, holder)


def _stuck(days: int) -> Iterator[tuple[str, Stuck]]:
    last = Coalesce(Max("steps__booked_at"), "formed_at")
    waiting = Batch.objects.filter(closed_at=None).annotate(last=last)
    long_ago = waiting.filter(last__lt=timezone.now() - timedelta(days=days)).order_by("last")
    for office, code, since in long_ago.values_list("office__code", "code", "last"):
        yield office, Stuck(code, since)


def _exceptions() -> Iterator[tuple[str, Exceptions]]:
    """Whoever still waits: not started again, the cause not declared mended, and such that one may start again."""
    settled = set(Application.objects.filter(restarts__isnull=False).values_list("restarts__ref", flat=True))
    settled |= set(Cleared.objects.values_list("ref", flat=True))
    rows = Failure.objects.values_list("card__application_ref", "card__batch", "cause", "happened_at")
    failed = {
        ref: (batch, cause, at)
        for ref, batch, cause, at in rows.iterator(chunk_size=5_000)
        if ref not in settled and (cause not in CAUSES or CAUSES[cause].again)
    }
    offices = dict(Batch.objects.values_list("pk", "office__code"))
    found: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for ref in _standing(list(failed)):
        batch, cause, at = failed[ref]
        found[offices[batch], cause].append(at)
    for (office, cause), times in sorted(found.items()):
        yield office, Exceptions(cause, len(times), min(times))


def _standing(refs: Sequence[str]) -> Iterator[str]:
    """Those of these applications that stand for their persons: nobody waits for a withdrawn one."""
    for some in chunks(refs):
        standing = Application.objects.filter(Q(live=True) | Q(pending=True), ref__in=some)
        yield from standing.values_list("ref", flat=True)


def rising(office: Matters, stuck_days: int) -> tuple[int, datetime] | None:
    """How many things of an office rise by themselves, and the oldest's time; None where nothing does.

    Exceptions wait their time like a batch: only what stands longer than `stuck_days` is told.
    """
    before = timezone.now() - timedelta(days=stuck_days)
    since = [datetime.combine(lot.due + timedelta(days=1), time(), SHANGHAI) for lot in office.overdue]
    since += [difference.since for difference in office.differences] + [batch.since for batch in office.stuck]
    since += [exceptions.since for exceptions in office.exceptions if exceptions.since <= before]
    return (len(since), min(since)) if since else None


def standing(code: str) -> list[tuple[str, str]]:
    """The rows of the chart at which a batch waits, with who must act: number and title, organisation."""
    batch = Batch.objects.get(code=code)
    parties = {party.lane: party.organisation.name for party in batch.parties.select_related("organisation")}
    here = state(code)
    return [
        (str(step), parties.get(step.lane, step.lane.title))
        for step in FLOWS[batch.process].steps
        if here.of(step).waiting
    ]
