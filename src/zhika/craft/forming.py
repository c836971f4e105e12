"""组批: applications become a batch, by size or by age; one office, one process, sorted by unit.

A batch holds one bank, one card product and one kind of request (its process says all three), of one office. The
integrator forms batches of what units handed in, each office those of its own requests; one that is in a hurry may be
a batch of its own.
"""

import re
from collections.abc import Iterator, Sequence, Set
from datetime import datetime, timedelta
from itertools import count

from django.db.models import Count, Min, Q
from django.utils import timezone

from zhika.engine import batches
from zhika.engine.todo import Todo, command
from zhika.engine.work import Done
from zhika.errors import ConfigurationError, Fault, NotReady, Refused
from zhika.exchange.manifest import CODE, CODE_RULE
from zhika.flows import FLOWS
from zhika.flows.acts import BATCHES, SPORADIC
from zhika.flows.lanes import PLATFORM, Lane
from zhika.ledger.batches import Batch, Organisation
from zhika.ledger.cards import Card
from zhika.ledger.chunks import chunks
from zhika.ledger.places import today
from zhika.people import deaths, entry
from zhika.people.models import Application, Request
from zhika.seat.config import Seat

LETTERS = {
    "urban-batch": "A1", "urban-new": "A2", "urban-replacement": "A3",
    "rural-batch": "B1", "rural-new": "B2", "rural-replacement": "B3",
}  # fmt: skip
"""What a batch's code begins with: its chart."""
_WAITING = Q(batch_code="") & (Q(live=True) | Q(pending=True))


def waiting(process: str, office: str) -> list[Application]:
    """Applications of an office that are in no batch, by unit and number."""
    rows = Application.objects.filter(_WAITING, process=process, person__office__code=office)
    return list(rows.select_related("person__unit").order_by("person__unit__code", "ref"))


def offices(seat: Seat, among: Set[str]) -> Iterator[tuple[str, str, int, datetime]]:
    """(process, office, applications waiting, the oldest one's time) of each office with any, in these processes."""
    rows = Application.objects.filter(_WAITING, process__in=[name for name in seat.processes if name in among])
    grouped = rows.values_list("process", "person__office__code").annotate(n=Count("pk"), since=Min("made_at"))
    yield from grouped.order_by("process", "person__office__code")


def due(seat: Seat) -> Iterator[tuple[str, str, str]]:
    """Batches of what was handed in that `zhika work` forms by itself: a tray full, or old enough."""
    yield from _due(seat, "form", BATCHES, seat.batch.size, seat.batch.age_days)


def due_requests(seat: Seat) -> Iterator[tuple[str, str, str]]:
    """Batches of requests: whatever is in a hurry at once and alone, the others by size or age."""
    rows = Application.objects.filter(_WAITING, process__in=SPORADIC & set(seat.processes))
    hurried = rows.filter(ref__in=Request.objects.filter(rush=True, state=Request.REVIEWED).values("ref"))
    for process, office, ref in hurried.values_list("process", "person__office__code", "ref").order_by("ref"):
        yield "form_requests", f"{subject(process, office, timezone.now())}/{ref}", process
    yield from _due(seat, "form_requests", SPORADIC, seat.batch.request_size, seat.batch.request_days)


def _due(seat: Seat, act: str, among: Set[str], size: int, days: int) -> Iterator[tuple[str, str, str]]:
    before = timezone.now() - timedelta(days=days)
    for process, office, n, since in offices(seat, among):
        if n >= size or since <= before:
            yield act, subject(process, office, timezone.now()), process


def todo(seat: Seat) -> Iterator[Todo]:
    """What waits for a batch; somebody may form it before it is due."""
    yield from _todo(seat, "form", Lane.INTEGRATOR, BATCHES)


def todo_requests(seat: Seat) -> Iterator[Todo]:
    """The same of requests, for each office."""
    yield from _todo(seat, "form_requests", Lane.CENTRE, SPORADIC)


def _todo(seat: Seat, act: str, lane: Lane, among: Set[str]) -> Iterator[Todo]:
    for process, office, n, since in offices(seat, among):
        title = Organisation.objects.get(code=office).name
        about = subject(process, office, timezone.now())
        yield Todo(lane, act, f"组批: {title}", about, n, since, lane.title, command(act, about), "act")


def subject(process: str, office: str, now: datetime) -> str:
    """What the act is about: process, office and the code that the next batch gets."""
    return f"{process}/{office}/{next_code(process, office, now)}"


def in_full(seat: Seat, about: str) -> str:
    """process/office with the code that the next batch gets; what says more, or is no such subject, as it is."""
    process, _, office = about.partition("/")
    short = process in LETTERS and office and "/" not in office
    return subject(process, office, timezone.now()) if short else about


def next_code(process: str, office: str, now: datetime) -> str:
    """Chart, office, day and the next number that no batch has: A1-02-261123-01."""
    head = f"{LETTERS[process]}-{office}-{today(now):%y%m%d}-"
    used = set(Batch.objects.filter(code__startswith=head).values_list("code", flat=True))
    return next(code for n in count(len(used) + 1) if (code := f"{head}{n:02}") not in used)


def parties(seat: Seat, process: str, office: str) -> dict[Lane, tuple[str, str]]:
    """Who does which lane's part: this seat's own lanes, the office as centre, and the partners of seat.toml.

    Raises ConfigurationError where a lane of the chart has nobody.
    """
    chart = FLOWS[process]
    found = {lane: (name, name) for lane, name in seat.partners.get(process, {}).items() if lane in chart.lanes}
    found[Lane.INTEGRATOR] = (seat.organisation(Lane.INTEGRATOR), seat.name)
    found[Lane.CENTRE] = (office, seat.name)
    lacking = [lane.title for lane in chart.lanes if lane not in found and lane not in PLATFORM]
    if lacking:
        raise ConfigurationError(f"seat.toml: [partners.{process}] 缺少 {'、'.join(lacking)} 的席位")
    return found


def form(seat: Seat, about: str, now: datetime, among: Set[str]) -> Done:
    """One batch from what waits, as many as fit; `about` is process/office, then the code, then one application alone.

    Applications of people who have died meanwhile end instead. Raises Refused for a subject of another form or a code
    that can't travel, NotReady where nothing waits.
    """
    process, office, code, alone = [*about.split("/"), "", "", ""][:4]
    if process not in among or not office:
        raise Refused([Fault(about, f"应为 流程/经办机构编号, 流程为 {'、'.join(sorted(among))}")])
    if not re.fullmatch(CODE, office):
        raise Refused([Fault(about, f"经办机构{CODE_RULE}")])
    code = code or next_code(process, office, now)
    if not re.fullmatch(CODE, code):
        raise Refused([Fault(about, f"批次{CODE_RULE}")])
    if Batch.objects.filter(code=code).exists():
        raise Refused([Fault(about, "这个批次编号已用过; 省略编号, 即得下一个")])
    size = seat.batch.size if process in BATCHES else seat.batch.request_size
    all_waiting = [row for row in waiting(process, office) if alone in ("", row.ref)]
    dead = deaths.among(row.person.id_key for row in all_waiting)
    ended = [row.ref for row in all_waiting if row.person.id_key in dead]
    chosen = [row for row in all_waiting if row.person.id_key not in dead][:size]
    if not chosen and ended:
        return Done(write=lambda: entry.end(ended))
    if not chosen:
        raise NotReady(f"{process} {office}: 没有待组批的申请")
    who = parties(seat, process, office)

    def write() -> None:
        entry.end(ended)
        claimed = Application.objects.filter(_WAITING, pk__in=[row.pk for row in chosen]).update(batch_code=code)
        if claimed != len(chosen):
            raise NotReady(f"{code}: 部分申请刚刚进入别的批次或撤回, 请重试")
        people = [(row.ref, row.person.id_no, row.person.name, row.person.unit.code) for row in chosen]
        made = batches.create(
            seat, code, process, Organisation.objects.get(code=office), people, who, formed_at=now
        )  # fmt: skip
        _link(made, chosen)

    return Done(write=write, n_in=len(chosen), n_out=len(chosen))


def _link(batch: Batch, applications: Sequence[Application]) -> None:
    """A new start counts as one attempt more than the card that failed; a replacement points to its old card."""
    before = {row.ref: row.restarts_id or row.replaces_id for row in applications if row.restarts_id or row.replaces_id}
    if not before:
        return
    refs: dict[int, str] = {}
    for some in chunks(sorted(set(before.values()))):
        refs |= dict(Application.objects.filter(pk__in=some).values_list("pk", "ref"))
    earlier: dict[str, Card] = {}
    for some in chunks(sorted(set(refs.values()))):
        earlier |= {card.application_ref: card for card in Card.objects.filter(application_ref__in=some)}
    again = {row.ref for row in applications if row.restarts_id}
    cards = list(Card.objects.filter(batch=batch, application_ref__in=list(before)))
    for card in cards:
        old = earlier.get(refs[before[card.application_ref]])
        if old and card.application_ref in again:
            card.attempt, card.replaces_id = old.attempt + 1, old.replaces_id
        elif old:
            card.replaces = old
    Card.objects.bulk_update(cards, ["attempt", "replaces"], batch_size=200)
