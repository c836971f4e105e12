"""`zhika work`: everything that is due on this seat and needs nobody's hand, until nothing is left."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import NamedTuple

from zhika.engine import acts, batches, carrying, deserted, each, errands, parcels, trouble
from zhika.engine.next import ready
from zhika.engine.post import kept_apart, sweep
from zhika.engine.registry import DUE
from zhika.engine.retention import expire
from zhika.engine.run import run
from zhika.engine.sending import send_mail
from zhika.engine.taking import take_mail
from zhika.engine.trouble import attempt
from zhika.engine.work import Subject
from zhika.exchange.keys import load_signer
from zhika.exchange.signature import sign
from zhika.flows import FLOWS
from zhika.flows.acts import BY_NAME
from zhika.flows.chart import Flow, Grain, Kind, Step
from zhika.flows.documents import BY_CODE, Document
from zhika.ledger import audit
from zhika.ledger.batches import Batch
from zhika.ledger.chunks import chunks
from zhika.ledger.places import today
from zhika.ledger.steps import Paper, StepRecord
from zhika.seat.config import Seat

BY_ITSELF = "到时自动办理"
"""Reason of what nobody did by hand."""
Tell = Callable[["Happening"], None]


@dataclass(frozen=True)
class Happening:
    """One thing that `zhika work` did, as it tells it."""

    kind: str
    """step | act | mail"""
    title: str
    batch: str = ""
    process: str = ""
    number: int | None = None
    work: str = ""
    subject: str = ""
    n_in: int = 0
    n_out: int = 0


def tidy(seat: Seat, last: date | None = None) -> date:
    """Once a day, and when a worker starts: what the dead have left is swept, what is past its retention removed.

    `last`: the day on which it was done before. Returns the day on which it is done now.
    """
    if last != today():
        kept_apart("sweep", "home", lambda: sweep(seat))
        kept_apart("expire", "home", lambda: expire(seat))
    return today()


def work_once(seat: Seat, tell: Tell) -> int:
    """One round: mail in, batches opened, acts, rows, mail out. Returns how many things were done.

    Each part of it, and each thing within a part, is kept apart: what raises is shown, and the rest goes on.
    """
    with trouble.one_round():
        return _round(seat, tell)


def _round(seat: Seat, tell: Tell) -> int:
    done = 0
    for arrival in take_mail(seat):
        tell(Happening("mail", arrival.verdict, subject=str(arrival.stem)))
        done += 1
    done += errands.run_left(seat)
    done += len(batches.open_waiting(seat))
    acted = acts.run_awaiting(seat, first=True) + acts.run_awaiting(seat, first=False)
    if acted:
        tell(Happening("act", "单据登记", n_in=acted, n_out=acted))
    done += acted
    for name, subject, process in _due_acts(seat):
        key = Subject(Grain.LOT, subject)
        if attempt(key, name, lambda n=name, s=subject, p=process: _by_itself(seat, n, s, p)):
            tell(Happening("act", name, subject=subject, process=process))
            done += 1
    done += deserted.end(seat)
    for subject, flow, step in due_rows(seat):
        if step.kind in (Kind.AUTO, Kind.THING) and attempt(
            subject, step.work, lambda s=subject, f=flow, r=step: run(seat, s, f, r)
        ):
            tell(happening(subject, flow, step))
            done += 1
            acts.run_awaiting(seat, first=True)
    done += batches.close_settled(seat)
    done += each.close_rows(seat)
    done += carrying.ship(seat)
    done += send_mail(seat)
    kept_apart("seal", "audit", lambda: audit.seal(partial(_sign, seat), least=audit.SEAL_AFTER))
    return done


def _sign(seat: Seat, data: bytes) -> bytes:
    return sign(data, load_signer(seat.home / "keys"))


def _due_acts(seat: Seat) -> Iterator[tuple[str, str, str]]:
    for source in DUE:
        due = kept_apart("due", source.__module__, lambda s=source: list(s(seat))) or ()
        yield from (one for one in due if BY_NAME[one[0]].lanes & seat.lanes)


def _by_itself(seat: Seat, name: str, subject: str, process: str) -> bool:
    """An act that is due: of one card, or of whatever it is declared for."""
    if BY_NAME[name].each:
        return bool(each.do_cards(seat, name, {subject: {}}, by=None, evidence=BY_ITSELF))
    return acts.act(seat, name, subject, by=None, process=process)


def happening(subject: Subject, flow: Flow, step: Step) -> Happening:
    record = StepRecord.objects.select_related("batch").get(
        subject_kind=subject.kind, subject=subject.code, number=step.number, function=step.work
    )
    code = record.batch.code if record.batch else ""
    return Happening(
        "step", step.title, code, flow.name, step.number, step.work, subject.code, record.n_in, record.n_out
    )


def due_rows(seat: Seat, code: str = "") -> Iterator[tuple[Subject, Flow, Step]]:
    """Rows that may be done now on this seat, of every kind: lots, then batches, then parcels; of one, by its code."""
    about = list(subjects(seat, code))
    known = _Known(seat, {one for open_ in about for one in (open_.subject, open_.desk)})
    for subject, desk_of, flow in about:
        done = known.done[subject]
        if subject.kind is Grain.PARCEL:  # its batch's rows come first, those of grain batch
            done = done | known.done[desk_of] & {step.key for step in flow.steps if step.grain is Grain.BATCH}
        for step in ready(flow, subject.kind, done=done, filed=known.filed[desk_of], here=seat.lanes):
            yield subject, flow, step


class Open(NamedTuple):
    """A lot, batch or parcel of which some row may be due, and the subject on whose desk its documents lie."""

    subject: Subject
    desk: Subject
    flow: Flow


def subjects(seat: Seat, code: str = "") -> Iterator[Open]:
    """Lots with something on the desk, batches that have not ended, their parcels not yet passed on.

    What has ended is not looked at: a round costs what is open, however many batches there ever were.
    """
    one = {"subject": code} if code else {}
    lots = Paper.objects.filter(subject_kind=Grain.LOT, state=Paper.FILED, **one).order_by("pk")
    for lot, process in dict(lots.values_list("subject", "process")).items():
        subject = Subject(Grain.LOT, lot)
        yield Open(subject, subject, FLOWS[process])
    going = Batch.objects.filter(ended_at=None, process__in=seat.processes).order_by("pk")
    for batch, process in going.filter(**({"code": code} if code else {})).values_list("code", "process"):
        subject = Subject(Grain.BATCH, batch)
        yield Open(subject, subject, FLOWS[process])
    passing = [name for name in seat.processes if any(s.grain is Grain.PARCEL for s in own_rows(seat, name))]
    processes = dict(going.filter(process__in=passing).values_list("code", "process"))
    for group in parcels.not_passed(list(processes), code):
        yield Open(Subject(Grain.PARCEL, group.code), Subject(Grain.BATCH, group.ref), FLOWS[processes[group.ref]])


def own_rows(seat: Seat, process: str) -> list[Step]:
    """The rows of a chart that this seat does."""
    return [step for step in FLOWS[process].steps if step.lane in seat.lanes]


class _Known:
    """Rows done and documents filed for many subjects, asked once for all."""

    def __init__(self, seat: Seat, subjects: Collection[Subject]) -> None:
        self.done: defaultdict[Subject, set[tuple[int, str]]] = defaultdict(set)
        self.filed: defaultdict[Subject, set[Document]] = defaultdict(set)
        codes = sorted({subject.code for subject in subjects})
        for some in chunks(codes):
            records = StepRecord.objects.filter(source="own", subject__in=some)
            for kind, code, number, function in records.values_list("subject_kind", "subject", "number", "function"):
                self.done[Subject(Grain(kind), code)].add((number, function))
            papers = Paper.objects.filter(subject__in=some, receiver=seat.name, counted=True)
            papers = papers.filter(state__in=[Paper.FILED, Paper.USED])
            for kind, code, type_ in papers.values_list("subject_kind", "subject", "type").distinct():
                self.filed[Subject(Grain(kind), code)].add(BY_CODE[type_])
