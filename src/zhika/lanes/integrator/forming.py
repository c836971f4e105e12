"""组批: applications become a batch, by size or by age; one office, one process, sorted by unit."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Count, Min
from django.utils import timezone

from zhika.engine import batches
from zhika.engine.todo import Todo, command
from zhika.engine.work import Done
from zhika.errors import ConfigurationError, Fault, NotReady, Refused
from zhika.flows import FLOWS
from zhika.flows.acts import BATCHES
from zhika.flows.lanes import PLATFORM, Lane
from zhika.ledger.batches import Batch, Organisation
from zhika.ledger.places import SHANGHAI
from zhika.people.models import Application
from zhika.seat.config import Seat

LETTERS = {"urban-batch": "A1", "rural-batch": "B1"}
"""What a batch's code begins with: its chart."""


def waiting(process: str, office: str) -> list[Application]:
    """Applications of an office that are in no batch, by unit and number."""
    rows = Application.objects.filter(process=process, batch_code="", live=True, person__office__code=office)
    return list(rows.select_related("person__unit").order_by("person__unit__code", "ref"))


def offices(seat: Seat) -> Iterator[tuple[str, str, int, datetime]]:
    """(process, office, applications waiting, the oldest one's time) of each office with any."""
    processes = [name for name in seat.processes if name in BATCHES]
    rows = Application.objects.filter(process__in=processes, batch_code="", live=True)
    grouped = rows.values_list("process", "person__office__code").annotate(n=Count("pk"), since=Min("made_at"))
    yield from grouped.order_by("process", "person__office__code")


def due(seat: Seat) -> Iterator[tuple[str, str, str]]:
    """Batches that `zhika work` forms by itself: a tray full, or the oldest application old enough."""
    before = timezone.now() - timedelta(days=seat.batch.age_days)
    for process, office, n, since in offices(seat):
        if n >= seat.batch.size or since <= before:
            yield "form", subject(process, office, timezone.now()), process


def todo(seat: Seat) -> Iterator[Todo]:
    """What waits for a batch; somebody may form it before it is due."""
    for process, office, n, since in offices(seat):
        title = Organisation.objects.get(code=office).name
        about = subject(process, office, timezone.now())
        yield Todo(
            Lane.INTEGRATOR, "form", f"组批: {title}", about, n, since, Lane.INTEGRATOR.title,
            command("form", about), "act",
        )  # fmt: skip


def subject(process: str, office: str, now: datetime) -> str:
    """What the act is about: process, office and the code that the next batch gets."""
    return f"{process}/{office}/{next_code(process, office, now)}"


def next_code(process: str, office: str, now: datetime) -> str:
    """Chart, office, day and number: A1-02-261123-01."""
    head = f"{LETTERS[process]}-{office}-{now.astimezone(SHANGHAI):%y%m%d}-"
    return f"{head}{Batch.objects.filter(code__startswith=head).count() + 1:02}"


def parties(seat: Seat, process: str, office: str) -> dict[Lane, tuple[str, str]]:
    """Who does which lane's part: this seat's own lanes, the office as centre, and the partners of seat.toml.

    Raises ConfigurationError where a lane of the chart has nobody.
    """
    found = {lane: (name, name) for lane, name in seat.partners.get(process, {}).items()}
    found[Lane.INTEGRATOR] = (seat.organisation(Lane.INTEGRATOR), seat.name)
    found[Lane.CENTRE] = (office, seat.name)
    lacking = [lane.title for lane in FLOWS[process].lanes if lane not in found and lane not in PLATFORM]
    if lacking:
        raise ConfigurationError(f"seat.toml: [partners.{process}] 缺少 {'、'.join(lacking)} 的席位")
    return found


def form(seat: Seat, about: str, now: datetime) -> Done:
    """One batch from what waits, as many as a tray holds; `about` is process/office, with or without the code.

    Raises Refused for a subject of another form, NotReady where nothing waits.
    """
    process, office, code = [*about.split("/"), "", ""][:3]
    if process not in LETTERS or not office:
        raise Refused([Fault(about, f"应为 流程/经办机构编号, 流程为 {'、'.join(LETTERS)}")])
    code = code or next_code(process, office, now)
    chosen = waiting(process, office)[: seat.batch.size]
    if not chosen:
        raise NotReady(f"{process} {office}: 没有待组批的申请")
    who = parties(seat, process, office)

    def write() -> None:
        claimed = Application.objects.filter(pk__in=[row.pk for row in chosen], batch_code="").update(batch_code=code)
        if claimed != len(chosen):
            raise NotReady(f"{code}: 部分申请刚刚进入别的批次, 请重试")
        people = [(row.ref, row.person.id_no, row.person.name, row.person.unit.code) for row in chosen]
        batches.create(
            seat, code, process, Organisation.objects.get(code=office), people, who, formed_at=now
        )  # fmt: skip

    return Done(write=write, n_in=len(chosen), n_out=len(chosen))
