"""Rows of grain application, done for as many as are told at once: one outcome, one transaction, a record each.

A day's three thousand forms are entered, applied for and reviewed as files: what they send is frozen as one file, and
each application's document on the desk is its own row of it.
"""

from collections.abc import Mapping, Sequence

import polars as pl
from django.db import IntegrityError, transaction
from django.utils import timezone

from zhika.engine import desk, rules
from zhika.engine.registry import GATHER, STEPS
from zhika.engine.work import Done, Subject, Work
from zhika.errors import Fault, NotReady, Refused
from zhika.flows import FLOWS
from zhika.flows.chart import Flow, Grain, Step
from zhika.flows.documents import BY_CODE, Document
from zhika.ledger import audit
from zhika.ledger.alone import alone
from zhika.ledger.chunks import chunks
from zhika.ledger.steps import Paper, StepRecord
from zhika.seat.config import Seat

Told = Mapping[str, Mapping[str, str]]


def do_applications(seat: Seat, name: str, told: Told, *, by: str, evidence: str = "") -> int:
    """Do a row of this name for every application told; returns how many it was done for now.

    A subject is an application number, or what a lane gathers them by (PROCESS/OFFICE: all of it that are ready). The
    first row of a chart makes its applications: there facts tell the process. All or none, with every fault named.
    """
    single = _gathered(seat, name, told)
    process = _processes(single)
    if unknown := [ref for ref in single if ref not in process]:
        raise Refused([Fault(f"申请 {ref}", "没有这个申请; 请核对申请编号") for ref in unknown])
    count = 0
    for flow in sorted({process[ref] for ref in single if ref in process}):
        chart = FLOWS[flow]
        step = next((s for s in chart.steps if s.work == name and s.lane in seat.lanes), None)
        if step is None or flow not in seat.processes:
            raise NotReady(f"{name}: 流程 {flow} 没有这一步, 或本席位不办理此流程")
        mine = {ref: facts for ref, facts in single.items() if process.get(ref) == flow}
        count += _Many(seat, chart, step, mine, by.strip(), evidence).write()
    return count


def _gathered(seat: Seat, name: str, told: Told) -> dict[str, dict[str, str]]:
    """Applications one by one, with their facts; what stands for several is taken apart."""
    single: dict[str, dict[str, str]] = {}
    for subject, facts in told.items():
        refs = next((found for gather in GATHER if (found := gather(seat, name, subject)) is not None), [subject])
        single |= {ref: dict(facts) for ref in refs}
    return single


def _processes(single: Told) -> dict[str, str]:
    """The chart of each application: as told, or as its first row was recorded."""
    known: dict[str, str] = {}
    for some in chunks(list(single)):
        records = StepRecord.objects.filter(subject_kind=Grain.APPLICATION, subject__in=some)
        known |= dict(records.values_list("subject", "process"))
    return {ref: facts["process"] for ref, facts in single.items() if facts.get("process") in FLOWS} | known


class _Many:
    """Some applications of one chart, on their way through one row."""

    def __init__(self, seat: Seat, flow: Flow, step: Step, facts: Told, by: str, evidence: str) -> None:
        self.seat, self.flow, self.step = seat, flow, step
        self.facts, self.by, self.evidence = facts, by, evidence
        self.refs: list[str] = []
        self.papers: list[Paper] = []

    def write(self) -> int:
        """Outcome first, then one transaction under the records' UNIQUE keys."""
        done = self._keys()
        self.refs = [ref for ref in self.facts if self.step.key not in done.get(ref, set())]
        if not self.refs:
            return 0
        self._ready(done)
        rules.check_many(self.step.title, self.refs, by=self.by, evidence=self.evidence, not_by=self.step.not_by)
        work = Work(
            seat=self.seat, flow=self.flow, step=self.step, subject=Subject(Grain.APPLICATION, ""),
            received=self._received(), facts={ref: self.facts[ref] for ref in self.refs}, by=self.by,
            evidence=self.evidence, refs=tuple(self.refs),
        )  # fmt: skip
        outcome = STEPS[self.step.lane, self.step.work](work)
        outcome.check_sends(self.step.work, self.step.sends)
        frozen = {document: desk.freeze(self.seat, document, rows) for document, rows in outcome.documents.items()}
        try:
            with transaction.atomic():
                alone()
                self._book(work, outcome, frozen)
        except IntegrityError:
            if any(self.step.key in keys for keys in self._keys().values()):
                raise NotReady(f"{self.step.title}: 其中有申请刚由另一人办理, 请重新办理") from None
            raise
        return len(self.refs)

    def _keys(self) -> dict[str, set[tuple[int, str]]]:
        """Rows done, by application."""
        found: dict[str, set[tuple[int, str]]] = {}
        for some in chunks(list(self.facts)):
            records = StepRecord.objects.filter(subject_kind=Grain.APPLICATION, subject__in=some)
            for subject, number, function in records.values_list("subject", "number", "function"):
                found.setdefault(subject, set()).add((number, function))
        return found

    def _ready(self, done: Mapping[str, set[tuple[int, str]]]) -> None:
        """Earlier rows of the lane done, documents on the desk; else NotReady names the first that is not."""
        place = self.flow.steps.index(self.step)
        before = {
            s.key for s in self.flow.steps[:place] if s.lane is self.step.lane and s.grain is Grain.APPLICATION
        }  # fmt: skip
        filed: dict[str, set[Document]] = {}
        for some in chunks(self.refs):
            papers = Paper.objects.filter(subject_kind=Grain.APPLICATION, subject__in=some, state=Paper.FILED)
            for paper in papers.order_by("pk"):
                filed.setdefault(paper.subject, set()).add(BY_CODE[paper.type])
                self.papers.append(paper)
        for ref in self.refs:
            if not before <= done.get(ref, set()) or not set(self.step.awaits) <= filed.get(ref, set()):
                raise NotReady(f"{ref}: 现在还不能办「{self.step.title}」, 前面的步骤尚未办完 (zhika todo)")
        self.papers = [paper for paper in self.papers if BY_CODE[paper.type] in self.step.awaits]

    def _received(self) -> dict[Document, tuple[pl.DataFrame, ...]]:
        """The awaited documents' rows of these applications; a file that many share is read once."""
        received: dict[Document, list[pl.DataFrame]] = {document: [] for document in self.step.awaits}
        for kind, digest in dict.fromkeys((paper.type, paper.sha256) for paper in self.papers):
            document = BY_CODE[kind]
            rows = desk.read_frozen(self.seat, document, digest)
            received[document].append(rows.filter(pl.col("app_no").is_in(self.refs)))
        return {document: tuple(frames) for document, frames in received.items()}

    def _book(self, work: Work, outcome: Done, frozen: Mapping[Document, str]) -> None:
        now = timezone.now()
        StepRecord.objects.bulk_create(
            [
                StepRecord(
                    subject_kind=Grain.APPLICATION, subject=ref, process=self.flow.name, number=self.step.number,
                    lane=self.step.lane, function=self.step.work, n_in=1, n_out=ref not in outcome.failed,
                    happened_at=work.now, booked_at=now, by=self.by, evidence=self.evidence[:200],
                )
                for ref in self.refs
            ],
            batch_size=500,
        )  # fmt: skip
        if outcome.write:
            outcome.write()
        for document, rows in outcome.documents.items():
            self._file(document, rows["app_no"].to_list(), frozen[document], work)
        for some in chunks([paper.pk for paper in self.papers]):
            Paper.objects.filter(pk__in=some).update(state=Paper.USED)
        about = self.refs[0] if len(self.refs) == 1 else f"{self.refs[0]} 等 {len(self.refs)} 件"
        audit.note(self.by, self.step.work, about, self.evidence[:200])

    def _file(self, document: Document, refs: Sequence[str], digest: str, work: Work) -> None:
        Paper.objects.bulk_create(
            [
                Paper(
                    type=document.code, subject_kind=Grain.APPLICATION, subject=ref, process=self.flow.name,
                    sender_lane=self.step.lane, sender=self.seat.name, receiver=self.seat.name, sha256=digest, rows=1,
                    state=Paper.FILED, made_at=work.now,
                )
                for ref in refs
            ],
            batch_size=500,
        )  # fmt: skip
