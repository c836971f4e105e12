"""What waits for people on this seat, oldest first, each with the command that does it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from zhika.engine import carrying, found, handover, loop, parcels
from zhika.engine.registry import TODO
from zhika.flows import FLOWS
from zhika.flows.acts import BY_NAME
from zhika.flows.chart import Grain, Kind
from zhika.flows.documents import BY_CODE
from zhika.flows.lanes import Lane
from zhika.ledger.batches import Batch
from zhika.ledger.cards import CardEvent
from zhika.ledger.mail import stuck
from zhika.ledger.places import Case, Group, Place, State, count
from zhika.ledger.steps import Paper, StepRecord, Trouble
from zhika.seat.config import Seat

BY, SECOND, EVIDENCE, REASON, ID_SHOWN = "<by>", "<second>", "<evidence>", "<reason>", "<id_no>"


@dataclass(frozen=True)
class Todo:
    """One thing that waits for somebody."""

    lane: Lane
    work: str
    title: str
    subject: str
    n: int
    since: datetime
    waits_for: str
    command: tuple[str, ...] = ()
    """What to type after `zhika -C HOME`; what stands in <> only a person can say."""
    kind: str = "step"

    @property
    def needs(self) -> list[str]:
        last = [word.rpartition("=")[2] for word in self.command]
        return [word[1:-1] for word in last if word.startswith("<")]


def command(work: str, subject: str, *needs: str) -> tuple[str, ...]:
    """`do WORK SUBJECT --by <by> …`"""
    flags = {SECOND: "--second", EVIDENCE: "--evidence", REASON: "--reason"}
    words = ["do", work, subject, "--by", BY]
    for need in needs:
        words += ["--fact", f"id_no={need}"] if need == ID_SHOWN else [flags[need], need]
    return tuple(words)


def todo(seat: Seat, lane: Lane | None = None) -> list[Todo]:
    """All that waits here, or for one lane's people."""
    sources = (_rows, _handovers, _parcels, _collected, _found, _surplus, _void, _troubles, _stuck, *TODO)
    found: list[Todo] = [item for source in sources for item in source(seat)]
    return sorted((t for t in found if lane in (None, t.lane)), key=lambda t: (t.since, t.work, t.subject))


def _rows(seat: Seat) -> Iterator[Todo]:
    """Rows by hand that are ready: a lot to confirm, a parcel to pass on."""
    for subject, _, step in loop.due_rows(seat):
        if step.kind in (Kind.AUTO, Kind.THING):
            continue
        papers = Paper.objects.filter(subject=subject.code).order_by("-pk")
        since = papers.values_list("made_at", flat=True).first() or timezone.now()
        n = papers.values_list("rows", flat=True).first() or 0
        needs = (SECOND,) if step.work == "confirm" else ()
        if subject.kind is Grain.PARCEL:
            n = len(parcels.inside(subject.code))
        yield Todo(
            step.lane,
            step.work,
            step.title,
            subject.code,
            n,
            since,
            step.lane.title,
            command(step.work, subject.code, *needs),
        )


def _handovers(seat: Seat) -> Iterator[Todo]:
    """Things that came and have not been counted."""
    papers = Paper.objects.filter(receiver=seat.name, counted=False).exclude(handover_code="").exclude(state=Paper.SENT)
    for paper in papers.order_by("pk"):
        taker = handover.sides_of(seat, paper).taker
        here = bool(carrying.all_here(seat, paper, taker.code))
        opened = Batch.objects.filter(code=paper.batch_code).exists()
        lane = next(iter(sorted(BY_CODE[paper.type].receivers & seat.lanes)))
        waits = taker.name if here else f"料盘在途: {paper.handover_code}"
        yield Todo(
            lane, "accept", f"{BY_NAME['accept'].title}: {BY_CODE[paper.type].title}", paper.handover_code, paper.rows,
            paper.made_at, waits, command("accept", paper.handover_code) if here and opened else (), "act",
        )  # fmt: skip


def _parcels(seat: Seat) -> Iterator[Todo]:
    """Cards that lie at a unit for their holders."""
    for group in Group.objects.filter(kind="parcel"):
        batch = Batch.objects.filter(code=group.ref, process__in=seat.processes).first()
        if batch is None:
            continue
        for lies in Place.objects.filter(group=group, state=State.GOOD).select_related("organisation"):
            step = next(s for s in FLOWS[batch.process].steps if s.work == "hand_out")
            n = count(lies)
            passed = StepRecord.objects.filter(subject=group.code, function="pass_on").first()
            if n and passed and step.lane in seat.lanes:
                yield Todo(
                    step.lane, "hand_out", step.title, group.code, n, passed.happened_at, lies.organisation.name,
                    command("hand_out", group.code, EVIDENCE), "each",
                )  # fmt: skip


def _collected(seat: Seat) -> Iterator[Todo]:
    """Cards collected whose holders may come to the counter."""
    if Lane.BANK not in seat.lanes:
        return
    events = CardEvent.objects.filter(kind="collected").exclude(
        card__in=CardEvent.objects.filter(kind="activate").values("card")
    )
    for event in events.select_related("card__batch").order_by("pk"):
        flow = FLOWS[event.card.batch.process]
        row = next((s for s in flow.steps if s.work == "activate"), None)
        work = "activate"
        yield Todo(
            Lane.BANK, work, row.title if row else BY_NAME[work].title, event.card.serial or "", 1, event.happened_at,
            "持卡人到柜台", command(work, event.card.serial or "", ID_SHOWN), "each" if row else "act",
        )  # fmt: skip


def _found(seat: Seat) -> Iterator[Todo]:
    """Missing cards; with a command once one lies in the finder's tray."""
    for case in Case.objects.filter(kind="missing", closed_at=None, card__isnull=False).select_related(
        "handover", "card__batch"
    ):
        giver = case.handover.from_organisation
        own = giver.code in {*seat.organisations.values(), seat.name}
        here = own and found.turned_up(seat, giver.code, case.card.batch.code, case.serial)
        lane = next(iter(sorted(BY_CODE[case.handover.document].senders)))
        yield Todo(
            lane, "found", f"短少待查: {case.handover.code}", case.serial, 1, case.opened_at, giver.name,
            command("found", case.serial, REASON) if here else (), "act",
        )  # fmt: skip


def _surplus(seat: Seat) -> Iterator[Todo]:
    """Cards that came and stand on no list: they go back, and no batch closes before."""
    cases = Case.objects.filter(kind="surplus", closed_at=None)
    for case in cases.select_related("handover__from_organisation").order_by("pk"):
        document = BY_CODE[case.handover.document]
        lane = next(iter(sorted((document.receivers | document.senders) & seat.lanes)))
        yield Todo(
            lane, "found", f"多出待退: {case.handover.code}", case.serial, 1, case.opened_at,
            case.handover.from_organisation.name, command("found", case.serial, REASON), "act",
        )  # fmt: skip


def _void(seat: Seat) -> Iterator[Todo]:
    """Void cards that lie where they are destroyed, once their batch has left."""
    for lies in Place.objects.filter(state=State.VOID, balance__n__gt=0).select_related("organisation", "group"):
        batch = Batch.objects.filter(code=lies.group.ref).first()
        own = lies.organisation.code in {*seat.organisations.values(), seat.name} or (
            lies.organisation.kind == "centre" and Lane.CENTRE in seat.lanes
        )
        lane = Lane.BANK if Lane.BANK in seat.lanes else Lane.CENTRE
        if own and batch and batch.closed_at and lane in BY_NAME["destroy"].lanes & seat.lanes:
            yield Todo(
                lane, "destroy", BY_NAME["destroy"].title, batch.code, count(lies), batch.closed_at,
                lies.organisation.name, command("destroy", batch.code, SECOND), "act",
            )  # fmt: skip


def _troubles(seat: Seat) -> Iterator[Todo]:
    """Steps that were set aside with their error."""
    for trouble in Trouble.objects.filter(tries__gte=3):
        yield Todo(
            next(iter(sorted(seat.lanes))), trouble.function, f"已搁置: {trouble.error}", trouble.subject, 1,
            trouble.at, "排除故障后 zhika work --retry", (), "trouble",
        )  # fmt: skip


def _stuck(seat: Seat) -> Iterator[Todo]:
    """Packages that come damaged again and again."""
    for row in stuck().order_by("pk"):
        yield Todo(
            next(iter(sorted(seat.lanes))), "send_mail", f"对方 {row.again} 次收到损坏的{BY_CODE[row.document].title}",
            f"{row.peer}-{row.number:06d}", 1, row.published_at or timezone.now(),
            f"与 {row.peer} 核对信箱与证书后 zhika work --retry", (), "trouble",
        )  # fmt: skip


__all__ = ["BY", "EVIDENCE", "ID_SHOWN", "REASON", "SECOND", "Todo", "command", "todo"]
