"""`zhika work`: everything that is due on this seat and needs nobody's hand, until nothing is left."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from zhika.engine import acts, batches, carrying, desk, each, errands, parcels
from zhika.engine.next import ready
from zhika.engine.registry import DUE
from zhika.engine.run import run
from zhika.engine.sending import send_mail
from zhika.engine.taking import take_mail
from zhika.engine.trouble import attempt
from zhika.engine.work import Subject
from zhika.exchange.keys import load_signer
from zhika.exchange.signature import sign
from zhika.flows import FLOWS
from zhika.flows.chart import Flow, Grain, Kind, Step
from zhika.flows.documents import BY_CODE, Document
from zhika.ledger import audit
from zhika.ledger.batches import Batch
from zhika.ledger.steps import Paper, StepRecord
from zhika.seat.config import Seat

SEAL_AFTER = 100
"""Audit entries that are sealed as one range."""
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


def work_once(seat: Seat, tell: Tell) -> int:
    """One round: mail in, batches opened, acts, rows, mail out. Returns how many things were done."""
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
    for name, subject, process in [due for source in DUE for due in source(seat)]:
        key = Subject(Grain.LOT, subject)
        if attempt(key, name, lambda n=name, s=subject, p=process: acts.act(seat, n, s, by="zhika", process=p)):
            tell(Happening("act", name, subject=subject, process=process))
            done += 1
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
    audit.seal(lambda data: sign(data, load_signer(seat.home / "keys")), least=SEAL_AFTER)
    return done


def happening(subject: Subject, flow: Flow, step: Step) -> Happening:
    record = StepRecord.objects.select_related("batch").get(
        subject_kind=subject.kind, subject=subject.code, number=step.number, function=step.work
    )
    code = record.batch.code if record.batch else ""
    return Happening(
        "step", step.title, code, flow.name, step.number, step.work, subject.code, record.n_in, record.n_out
    )


def due_rows(seat: Seat) -> Iterator[tuple[Subject, Flow, Step]]:
    """Rows that may be done now on this seat, of every kind: lots, then batches, then parcels."""
    for subject, flow in subjects(seat):
        papers = [p for p in desk.filed(_desk(subject)) if p.receiver == seat.name and p.counted]
        filed: set[Document] = {BY_CODE[paper.type] for paper in papers}
        done = _done(subject)
        if subject.kind is Grain.PARCEL:  # its batch's rows come first, those of grain batch
            done |= _done(_desk(subject)) & {step.key for step in flow.steps if step.grain is Grain.BATCH}
        for step in ready(flow, subject.kind, done=done, filed=filed, here=seat.lanes):
            yield subject, flow, step


def subjects(seat: Seat) -> Iterator[tuple[Subject, Flow]]:
    """Lots with something on the desk, open batches, parcels not yet passed on."""
    lots = Paper.objects.filter(subject_kind=Grain.LOT, state=Paper.FILED).order_by("pk")
    for code, process in dict(lots.values_list("subject", "process")).items():
        yield Subject(Grain.LOT, code), FLOWS[process]
    for batch in Batch.objects.filter(process__in=seat.processes).order_by("pk"):
        flow = FLOWS[batch.process]
        if _open(seat, batch, flow):
            yield Subject(Grain.BATCH, batch.code), flow
        passing = [step for step in flow.steps if step.grain is Grain.PARCEL and step.lane in seat.lanes]
        if passing:
            codes = parcels.open_codes(batch)
            passed = StepRecord.objects.filter(subject_kind=Grain.PARCEL, subject__in=codes)
            for code in sorted(set(codes) - set(passed.values_list("subject", flat=True))):
                yield Subject(Grain.PARCEL, code), flow


def _open(seat: Seat, batch: Batch, flow: Flow) -> bool:
    """Some row of grain batch is still to be done here."""
    own = {step.key for step in flow.steps if step.lane in seat.lanes and step.grain is Grain.BATCH}
    return not own <= _done(Subject(Grain.BATCH, batch.code))


def _desk(subject: Subject) -> Subject:
    if subject.kind is Grain.PARCEL:
        return Subject(Grain.BATCH, subject.code.rsplit(".", 1)[0])
    return subject


def _done(subject: Subject) -> set[tuple[int, str]]:
    """Rows done on this seat for a subject."""
    records = StepRecord.objects.filter(source="own", subject_kind=subject.kind, subject=subject.code)
    return set(records.values_list("number", "function"))
