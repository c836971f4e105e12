"""Registration forms recovered 回收, against the lots' due days: by county, from what the units handed in."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import accumulate

from django.db.models import F, OuterRef, Subquery, Sum

from zhika.annexes.cards import end_of
from zhika.flows.chart import Grain
from zhika.ledger.batches import Organisation
from zhika.ledger.places import today
from zhika.ledger.steps import Paper, StepRecord
from zhika.people.lots import CollectedLot
from zhika.people.plans import FORMS, PlanLine, divided, in_force

PROCESS = "rural-batch"
Days = Mapping[str, Sequence[tuple[date, int]]]
"""By office: people, by the day on which they came or went back."""


@dataclass(frozen=True)
class Overdue:
    """A lot whose day is over and whose people are not all there."""

    county: str
    office: str
    lot: int
    """From 1."""
    due: date
    planned: int
    """People of all lots up to this one."""
    recovered: int
    """People there now."""

    @property
    def lacking(self) -> int:
        """How many people behind."""
        return self.planned - self.recovered


@dataclass(frozen=True)
class County:
    """One county's plan, and what came of it until the end of a day."""

    line: PlanLine
    due: Sequence[date]
    on: date
    received: Sequence[tuple[date, int]]
    returned: Sequence[tuple[date, int]]
    """Sent back by the office to be mended: they count again when they come again."""

    @cached_property
    def lots(self) -> list[int]:
        """People of each lot; 0 for a due day on which this county has none."""
        mine = divided(self.line.rural, self.line.lots)
        return mine + [0] * (len(self.due) - len(mine))

    @cached_property
    def planned(self) -> list[int]:
        """People of all lots up to each."""
        return list(accumulate(self.lots))

    def recovered(self, until: date | None = None) -> int:
        """People whose data were in, and not sent back, at the end of a day."""
        day = until or self.on
        return sum(n for at, n in self.received if at <= day) - self.sent_back(day)

    def sent_back(self, until: date | None = None) -> int:
        """People sent back until the end of a day."""
        return sum(n for at, n in self.returned if at <= (until or self.on))

    @property
    def owed(self) -> int:
        """People who were to be there at the end of the day."""
        return max((n for n, day in zip(self.planned, self.due, strict=True) if day <= self.on), default=0)

    @property
    def behind(self) -> int:
        """How many people are lacking."""
        return max(0, self.owed - self.recovered())

    @property
    def overdue(self) -> list[Overdue]:
        """Lots whose day is over and that are not full yet."""
        now = self.recovered()
        return [
            Overdue(self.line.name, self.line.office.code, at, day, planned, now)
            for at, (day, planned) in enumerate(zip(self.due, self.planned, strict=True), 1)
            if at <= self.line.lots and day < self.on and now < planned
        ]


def counties(on: date, office: Organisation | None = None) -> list[County]:
    """Every county of the plan that holds on this day, in its order, or the one of an office; none without a plan."""
    plan = in_force(FORMS, on)
    if plan is None:
        return []
    lines = plan.lines.select_related("office")
    received, returned = _received(on), _returned(on)
    return [
        County(line, plan.days, on, received.get(line.office.code, ()), returned.get(line.office.code, ()))
        for line in (lines.filter(office=office) if office else lines)
    ]


def _received(on: date) -> Days:
    lots = CollectedLot.objects.filter(process=PROCESS, day__lte=on)
    found: dict[str, list[tuple[date, int]]] = defaultdict(list)
    for office, day, n in lots.values_list("office", "day").annotate(n=Sum("rows")):
        found[office].append((day, n))
    return found


def _returned(on: date) -> Days:
    """Lines that the office did not confirm, by the day of its decision."""
    decided = StepRecord.objects.filter(
        subject_kind=Grain.LOT, subject=OuterRef("code"), function="confirm", booked_at__lt=end_of(on)
    )
    lots = CollectedLot.objects.filter(process=PROCESS).annotate(
        back=Subquery(decided.annotate(n=F("n_in") - F("n_out")).values("n")[:1]),
        decided=Subquery(decided.values("booked_at")[:1]),
    )
    found: dict[str, list[tuple[date, int]]] = defaultdict(list)
    for office, at, n in lots.filter(back__gt=0).values_list("office", "decided", "back"):
        found[office].append((today(at), n))
    return found


def strangers(known: Sequence[County], on: date) -> int:
    """People handed in for an office that is in no line of the plan."""
    offices = {county.line.office.code for county in known}
    return sum(n for office, days in _received(on).items() if office not in offices for _, n in days)


def unread(on: date) -> int:
    """People on the desk's papers less those counted here: above 0 where a lot came before these tables were."""
    papers = Paper.objects.filter(batch_code="", type="collected", process=PROCESS, made_at__lt=end_of(on))
    rows = papers.exclude(state=Paper.SENT).aggregate(n=Sum("rows"))["n"] or 0
    return rows - sum(n for days in _received(on).values() for _, n in days)
