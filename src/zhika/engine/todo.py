"""What waits for people on this seat, oldest first, each with the command that does it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone

from zhika.engine import carrying, counted, found, handover, loop, parcels
from zhika.engine.booking import seats_of
from zhika.engine.registry import DECIDED, TODO
from zhika.engine.trouble import TRIES
from zhika.flows import FLOWS
from zhika.flows.acts import BY_NAME, REPLACEMENTS
from zhika.flows.chart import Grain, Kind
from zhika.flows.documents import BY_CODE, MATERIAL
from zhika.flows.lanes import Lane
from zhika.ledger.batches import Batch
from zhika.ledger.blocks import open_blocks
from zhika.ledger.cards import Card, CardEvent
from zhika.ledger.cases import TITLES
from zhika.ledger.mail import stuck
from zhika.ledger.material import KINDS
from zhika.ledger.places import Case, Group, Place, State
from zhika.ledger.steps import Paper, StepRecord, Trouble
from zhika.ledger.where import lying_at
from zhika.seat.config import Seat

BY, SECOND, EVIDENCE, REASON = "<by>", "<second>", "<evidence>", "<reason>"
SERIAL, ID_SHOWN = "<serial>", "<id_no>"
OLD_CARD = "发放前先收回原卡 (遗失补卡的除外)"


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
    hint: str = ""
    """What is to be done before there is a command."""
    serials: tuple[str, ...] = ()
    """The cards it is about, where each is done when its holder comes: by serial, or many by `--file`."""

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
    sources = (
        _rows,
        _handovers,
        _parcels,
        _counters,
        _collected,
        _found,
        _surplus,
        _differences,
        _void,
        _troubles,
        _waiting,
        _stuck,
        *TODO,
    )
    found: list[Todo] = [item for source in sources for item in source(seat)]
    return sorted((t for t in found if lane in (None, t.lane)), key=lambda t: (t.since, t.work, t.subject))


def _rows(seat: Seat) -> Iterator[Todo]:
    """Rows by hand that are ready: a lot to confirm, a parcel to pass on."""
    due = [(subject, step) for subject, _, step in loop.due_rows(seat) if step.kind not in (Kind.AUTO, Kind.THING)]
    codes = {subject.code for subject, _ in due}
    groups = Group.objects.filter(kind="parcel", code__in=codes)
    batch_of = dict(groups.values_list("code", "ref"))
    batches = Batch.objects.filter(code__in=set(batch_of.values())).select_related("office")
    lying = {batch.code: parcels.lying(batch, batch.office) for batch in batches}
    papers = Paper.objects.filter(subject__in=codes | set(lying)).order_by("pk")
    last = {code: (made_at, rows) for code, made_at, rows in papers.values_list("subject", "made_at", "rows")}
    for subject, step in due:
        since, n = last.get(batch_of.get(subject.code, subject.code), (timezone.now(), 0))
        if subject.kind is Grain.PARCEL:
            batch = batch_of[subject.code]
            n = lying[batch][parcels.unit_of(subject.code, batch)]
        needs = (SECOND,) if step.work == "confirm" else ()
        said, hint = DECIDED[step.work].note(seat, subject.code) if step.work in DECIDED else ("", "")
        yield Todo(
            step.lane, step.work, f"{step.title} ({said})" if said else step.title, subject.code, n, since,
            step.lane.title, command(step.work, subject.code, *needs), "step", hint,
        )  # fmt: skip


def _handovers(seat: Seat) -> Iterator[Todo]:
    """Things that came and have not been counted."""
    papers = Paper.objects.filter(receiver=seat.name, counted=False).exclude(handover_code="").exclude(state=Paper.SENT)
    for paper in papers.order_by("pk"):
        taker = handover.sides_of(seat, paper).taker
        here = bool(carrying.all_here(seat, paper, taker.code))
        opened = Batch.objects.filter(code=paper.batch_code).exists()
        lane = next(iter(sorted(BY_CODE[paper.type].receivers & seat.lanes)))
        waits = taker.name if here else f"料盘在途: {paper.handover_code}"
        title, n = BY_CODE[paper.type].title, paper.rows
        if paper.type == MATERIAL.code:
            pieces = counted.material(seat, paper)
            title, n = f"{title} ({pieces_of(pieces)})", sum(pieces.values())
        yield Todo(
            lane, "accept", f"{BY_NAME['accept'].title}: {title}", paper.handover_code, n, paper.made_at, waits,
            command("accept", paper.handover_code) if here and opened else (), "act",
        )  # fmt: skip


def pieces_of(pieces: Mapping[str, int]) -> str:
    """Pieces by kind, as a title says them.

    >>> pieces_of({"芯片模块": 7, "空白卡": 7})
    '芯片模块 7、空白卡 7'
    """
    return "、".join(f"{title} {n:,}" for title, n in pieces.items())


def _parcels(seat: Seat) -> Iterator[Todo]:
    """Cards that lie at a unit for their holders."""
    lies = Place.objects.filter(group__kind="parcel", state=State.GOOD, balance__n__gt=0)
    places = list(lies.select_related("organisation", "group", "balance").order_by("pk"))
    processes = dict(_batches(seat, places).values_list("code", "process"))
    records = StepRecord.objects.filter(subject__in=[place.group.code for place in places], function="pass_on")
    passed = dict(records.values_list("subject", "happened_at"))
    for place in places:
        code, process = place.group.code, processes.get(place.group.ref)
        step = FLOWS[process].step("hand_out") if process else None
        if step and code in passed and step.lane in seat.lanes:
            yield Todo(
                step.lane, step.work, step.title, code, place.balance.n, passed[code], place.organisation.name,
                command(step.work, code, EVIDENCE), "each",
            )  # fmt: skip


def _batches(seat: Seat, places: Iterable[Place]) -> QuerySet[Batch]:
    """The batches whose cards lie at these places."""
    return Batch.objects.filter(code__in={place.group.ref for place in places}, process__in=seat.processes)


def _counters(seat: Seat) -> Iterator[Todo]:
    """Cards that lie at the office that hands them out itself: one by one, to who shows the holder's ID."""
    own = {flow.name for flow in FLOWS.values() if flow.step("hand_out").lane in seat.lanes & {Lane.CENTRE}}
    lies = Place.objects.filter(state=State.GOOD, balance__n__gt=0, group__kind="batch")
    places = list(lies.select_related("organisation", "group", "balance").order_by("pk"))
    batches = {batch.code: batch for batch in _batches(seat, places).filter(process__in=own)}
    for place in places:
        batch = batches.get(place.group.code)
        if batch is None or place.organisation_id != batch.office_id:
            continue
        cards = Card.objects.filter(pk__in=lying_at(place)).exclude(pk__in=open_blocks(cancelled=True).values("card"))
        if serials := tuple(cards.order_by("line").values_list("serial", flat=True)):
            step = FLOWS[batch.process].step("hand_out")
            yield Todo(
                step.lane, step.work, step.title, batch.code, len(serials), batch.closed_at or batch.formed_at,
                place.organisation.name, command(step.work, SERIAL, ID_SHOWN, EVIDENCE), "each",
                OLD_CARD if batch.process in REPLACEMENTS else "", tuple(str(serial) for serial in serials),
            )  # fmt: skip


def _collected(seat: Seat) -> Iterator[Todo]:
    """Cards collected whose holders may come to the counter."""
    if Lane.BANK not in seat.lanes:
        return
    events = CardEvent.objects.filter(kind="collected").exclude(
        card__in=CardEvent.objects.filter(kind="activate").values("card")
    )
    events = events.exclude(card__in=open_blocks(cancelled=True).values("card"))
    columns = ("card__batch__process", "card__batch__code", "card__serial", "happened_at")
    waiting: defaultdict[tuple[str, str], list[tuple[str, datetime]]] = defaultdict(list)
    for process, batch, serial, at in events.order_by("pk").values_list(*columns):
        waiting[process, batch].append((serial, at))
    for (process, batch), cards in waiting.items():
        row = next((s for s in FLOWS[process].steps if s.work == "activate"), None)
        yield Todo(
            Lane.BANK, "activate", row.title if row else BY_NAME["activate"].title, batch, len(cards),
            min(at for _, at in cards), "持卡人到柜台", command("activate", SERIAL, ID_SHOWN), "each" if row else "act",
            serials=tuple(serial for serial, _ in cards),
        )  # fmt: skip


def _found(seat: Seat) -> Iterator[Todo]:
    """Missing cards; with a command once one lies in the finder's tray."""
    for case in _open_cases(Case.MISSING).filter(card__isnull=False).select_related("card__batch"):
        holder = case.holder
        own = seat.name in seats_of(seat, case.card.batch, holder)
        here = own and found.turned_up(seat, holder.code, case.card.batch.code, case.serial)
        hint = f"{found.where_to_lay(seat, holder.code)}, 再看待办: 那时附有命令" if own and not here else ""
        yield Todo(
            _lane_of(seat, case), "found", f"短少待查: {case.source}", case.serial, 1, case.opened_at, holder.name,
            command("found", case.serial, REASON) if here else (), "act", hint,
        )  # fmt: skip


def _surplus(seat: Seat) -> Iterator[Todo]:
    """Cards that came and stand on no list: they go back, and no batch closes before."""
    for case in _open_cases(Case.SURPLUS).filter(group=None):
        yield Todo(
            _lane_of(seat, case), "found", f"多出待退: {case.source}", case.serial, 1, case.opened_at,
            case.holder.name, command("found", case.serial, REASON), "act",
        )  # fmt: skip


def _differences(seat: Seat) -> Iterator[Todo]:
    """Material that is missing or too many, and what lies there as something else: two people settle it."""
    for case in _open_cases(*TITLES).exclude(card__isnull=False, kind=Case.MISSING):
        if case.group is not None or case.kind == Case.WRONG:
            what = KINDS[case.serial].title if case.serial in KINDS else case.serial
            yield Todo(
                _lane_of(seat, case), "settle_difference", f"{TITLES[case.kind]}待处理: {what} ({case.source})",
                case.number, case.n, case.opened_at, case.holder.name,
                command("settle_difference", case.number, SECOND, REASON), "act",
            )  # fmt: skip


def _open_cases(*kinds: str) -> QuerySet[Case]:
    related = ("organisation", "group", "handover__from_organisation")
    return Case.objects.filter(kind__in=kinds, closed_at=None).select_related(*related).order_by("pk")


def _lane_of(seat: Seat, case: Case) -> Lane:
    """Whose people see to it: of a handover the lanes that give and take its document, of a count whoever counted."""
    if case.handover is None:
        own = [
            lane for lane in BY_NAME["count_stock"].lanes & seat.lanes if seat.organisation(lane) == case.holder.code
        ]
        return own[0] if own and case.holder.kind != "centre" else Lane.CENTRE
    document = BY_CODE[case.handover.document]
    if case.kind == Case.MISSING:
        return next(iter(sorted(document.senders)))
    return next(iter(sorted((document.receivers | document.senders) & seat.lanes)))


def _void(seat: Seat) -> Iterator[Todo]:
    """Void cards that lie where they are destroyed, once their batch has left; returned ones go on to the bank."""
    lies = Place.objects.filter(state=State.VOID, balance__n__gt=0).exclude(group__kind="return")
    places = list(lies.select_related("organisation", "group", "balance").order_by("pk"))
    batches = {batch.code: batch for batch in Batch.objects.filter(code__in={place.group.ref for place in places})}
    lane = Lane.BANK if Lane.BANK in seat.lanes else Lane.CENTRE
    for place in places:
        batch = batches.get(place.group.ref)
        own = place.organisation.kind == "centre" and Lane.CENTRE in seat.lanes
        own = own or (lane is Lane.BANK and place.organisation.code in {*seat.organisations.values(), seat.name})
        if own and batch and batch.closed_at and lane in BY_NAME["destroy"].lanes & seat.lanes:
            yield Todo(
                lane, "destroy", BY_NAME["destroy"].title, batch.code, place.balance.n, batch.closed_at,
                place.organisation.name, command("destroy", batch.code, SECOND), "act",
            )  # fmt: skip


def _troubles(seat: Seat) -> Iterator[Todo]:
    """Steps that were set aside with their error."""
    for trouble in Trouble.objects.filter(tries__gte=TRIES):
        yield Todo(
            next(iter(sorted(seat.lanes))), trouble.function, f"已搁置: {trouble.error}", trouble.subject, 1,
            trouble.at, "排除故障后 zhika work --retry", (), "trouble",
        )  # fmt: skip


def _waiting(seat: Seat) -> Iterator[Todo]:
    """What goes on by itself as soon as what it waits for is there: material, a register, a document."""
    for trouble in Trouble.objects.filter(tries=0):
        yield Todo(
            next(iter(sorted(seat.lanes))), trouble.function, f"等待: {trouble.error}", trouble.subject, 1,
            trouble.at, "具备后自动继续", (), "waiting",
        )  # fmt: skip


def _stuck(seat: Seat) -> Iterator[Todo]:
    """Packages that come damaged again and again."""
    for row in stuck().order_by("pk"):
        yield Todo(
            next(iter(sorted(seat.lanes))), "send_mail", f"对方 {row.again} 次收到损坏的{BY_CODE[row.document].title}",
            f"{row.peer}-{row.number:06d}", 1, row.published_at or timezone.now(),
            f"与 {row.peer} 核对信箱与证书后 zhika work --retry", (), "trouble",
        )  # fmt: skip


__all__ = ["BY", "EVIDENCE", "ID_SHOWN", "REASON", "SECOND", "SERIAL", "Todo", "command", "todo"]
