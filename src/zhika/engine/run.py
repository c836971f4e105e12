"""One step, once: its outcome is computed without a lock and written in one transaction under the step's UNIQUE key."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import polars as pl
from django.db import IntegrityError, transaction
from django.utils import timezone

from zhika.engine import batches, desk, errands, parcels, plastic, rules, turns
from zhika.engine.check import Aside, agree
from zhika.engine.outgoing import Mailroom, Outgoing
from zhika.engine.progress import notice
from zhika.engine.registry import STEPS
from zhika.engine.work import Done, Subject, Work
from zhika.flows.chart import Cards, Flow, Grain, Step
from zhika.flows.documents import BY_CODE, EXCEPTIONS, PROGRESS, Document
from zhika.ledger import audit
from zhika.ledger.alone import alone
from zhika.ledger.batches import Batch
from zhika.ledger.cards import Card, Failure
from zhika.ledger.errands import Errand
from zhika.ledger.places import Group
from zhika.ledger.steps import Paper, StepRecord
from zhika.seat.config import Seat


def run(
    seat: Seat,
    subject: Subject,
    flow: Flow,
    step: Step,
    *,
    by: str | None = None,
    evidence: str = "",
    facts: Mapping[str, Mapping[str, str]] | None = None,
) -> bool:
    """Do one row for one lot, application, batch or parcel, once. False: done already, or another worker was first.

    `by`: the person whose hand does it; None where `zhika work` does.
    """
    if done_already(subject, step):
        return False
    facts = facts or {}
    if by is not None:
        second = {**facts.get("", {}), **facts.get(subject.code, {})}.get("second", "")
        rules.check(step.title, subject.code, by=by, second=second, evidence=evidence, not_by=step.not_by)
    batch = _batch_of(subject)
    with turns.turn(seat, batch.code if batch else subject.code, wait=by is not None):
        return _compute(seat, subject, flow, step, batch, by=rules.name_of(by), evidence=evidence, facts=facts)


def _compute(
    seat: Seat, subject: Subject, flow: Flow, step: Step, batch: Batch | None, *, by: str, evidence: str,
    facts: Mapping[str, Mapping[str, str]],
) -> bool:  # fmt: skip
    papers = [paper for paper in desk.filed(_desk_of(subject, batch)) if BY_CODE[paper.type] in step.awaits]
    received, asides = _receive(seat, batch, step, papers)
    people = _people(subject, batch)
    gone = {aside.app_no: aside.cause for aside in asides if aside.app_no in people}
    if batch is not None:
        gone |= _left_behind(batch, people)
    work = Work(
        seat=seat, flow=flow, step=step, subject=subject, batch=batch, received=received,
        people={app: card for app, card in people.items() if app not in gone},
        facts=facts, by=by, evidence=evidence,
    )  # fmt: skip
    outcome = STEPS[step.lane, step.work](work)
    return Outcome(work, outcome, people, gone, asides, papers).write()


def done_already(subject: Subject, step: Step) -> bool:
    return StepRecord.objects.filter(
        subject_kind=subject.kind, subject=subject.code, number=step.number, function=step.work
    ).exists()  # fmt: skip


class Outcome:
    """What a step function returned, on its way into the books."""

    def __init__(
        self, work: Work, done: Done, people: Mapping[str, Card], gone: Mapping[str, str],
        asides: Sequence[Aside], papers: Sequence[Paper],
    ) -> None:  # fmt: skip
        self.work, self.done, self.people, self.asides, self.papers = work, done, people, asides, papers
        self.failed = {**gone, **done.failed}
        self.mail = Mailroom(work.seat)
        self.errand: Errand | None = None
        self.second = {**work.facts.get("", {}), **work.facts.get(work.subject.code, {})}.get("second", "")
        """Who signed beside, where a row wants two."""

    def write(self) -> bool:
        """Seal, then one transaction; a second worker's outcome is thrown away. Things move after it."""
        work = self.work
        self.done.check_sends(work.step.work, work.step.sends)
        if not self.book(self.seal()):
            return False
        errands.run(work.seat, self.errand)
        return True

    def book(self, outgoing: Sequence[Outgoing]) -> bool:
        """The row and everything that follows from it, in one durable transaction. False: another worker was first."""
        try:
            with transaction.atomic():
                alone()
                if self._stale():
                    return False  # nothing is written: the row is computed again with those who are still in
                record = self._record()
                if self.done.write:
                    self.done.write()
                self._book(record)
                for out in outgoing:
                    self.mail.post(out)
                self.errand = errands.leave(self.work.lane, self.work.step.work, self.done)
        except IntegrityError:
            if done_already(self.work.subject, self.work.step):
                return False
            raise
        return True

    def _stale(self) -> bool:
        """Whether somebody left the batch while the outcome was computed."""
        staying = {card.id for app, card in self.people.items() if app not in self.failed}
        left = Failure.objects.filter(card__batch=self.work.batch).values_list("card_id", flat=True)
        return bool(staying) and not staying.isdisjoint(left)  # few have left, thousands stay

    def seal(self) -> list[Outgoing]:
        """Every document, frozen and sealed for each seat that gets it; nothing is numbered yet."""
        work, out = self.work, []
        for document, rows in self.done.documents.items():
            handover = plastic.handover_code(work, document) if document.things else ""
            to = self.done.to.get(document)
            out += self._prepare(document, rows, handover=handover, photos=self.done.photos, to=to)
        if work.batch is not None:
            if rows := self._exceptions():
                frame = pl.DataFrame(rows, schema=dict.fromkeys(EXCEPTIONS.columns, pl.String))
                out += self._prepare(EXCEPTIONS, frame, to=_others(work.batch, work.seat))
            if work.step.grain is Grain.BATCH and not work.seat.platform:
                out += self._prepare(PROGRESS, notice(work.step, *self._counts(), work.now))
        return out

    def _prepare(
        self, document: Document, rows: pl.DataFrame, *, handover: str = "", to: frozenset[str] | None = None,
        photos: Mapping[str, Path] | None = None,
    ) -> Iterable[Outgoing]:  # fmt: skip
        work = self.work
        return self.mail.prepare(
            document, rows, _desk_of(work.subject, work.batch, document), batch=work.batch, process=work.flow.name,
            lane=work.step.lane, work=work.step.key, photos=photos, to=to, handover=handover,
        )  # fmt: skip

    def _exceptions(self) -> list[dict[str, str]]:
        """Rows of the exception list: who left, why, and where the row stood."""
        work = self.work
        assert work.batch is not None
        rows = {
            (aside.document.code, aside.row): {
                **aside.person, "document": aside.document.code, "row": str(aside.row), "card_serial": "",
                "step": work.step.work, "cause": aside.cause, "text": "",
            }
            for aside in self.asides
        }  # fmt: skip
        told = {row["app_no"] for row in rows.values()}
        left = {app: cause for app, cause in self.failed.items() if app not in told and app in self.people}
        named = desk.persons(work.seat, work.batch.code, set(left)) if left else {}
        for app, cause in left.items():
            serial = self.done.born[app].serial if app in self.done.born else self.people[app].serial or ""
            rows[app, 0] = {
                **named[app], "document": "", "row": "", "card_serial": serial, "step": work.step.work, "cause": cause,
                "text": self.done.texts.get(app, ""),
            }  # fmt: skip
        return list(rows.values())

    def _counts(self) -> tuple[int, int]:
        n_in = len(self.people) if self.done.n_in is None else self.done.n_in
        n_out = len(self.people.keys() - self.failed.keys()) if self.done.n_out is None else self.done.n_out
        return n_in, n_out

    def _record(self) -> StepRecord:
        work = self.work
        n_in, n_out = self._counts()
        return StepRecord.objects.create(
            subject_kind=work.subject.kind, subject=work.subject.code, batch=work.batch, process=work.flow.name,
            number=work.step.number, lane=work.step.lane, function=work.step.work, n_in=n_in, n_out=n_out,
            happened_at=work.now, booked_at=timezone.now(), by=rules.both(work.by, self.second), evidence=work.evidence,
        )  # fmt: skip

    def _book(self, record: StepRecord) -> None:
        """Everything that follows from the row: failures, births, handovers, the desk, the audit."""
        work, batch = self.work, self.work.batch
        if batch is not None:
            if work.step.cards is Cards.BORN:
                plastic.embed(work, self.done, record)
            rows = {aside.app_no: (aside.document.code, aside.row) for aside in self.asides}
            failed = plastic.fail(
                batch, self.failed, step=work.step.work, source=work.seat.name, rows=rows, texts=self.done.texts
            )
            born = work.step.cards is Cards.BORN  # only then may one that failed before have become plastic since
            plastic.void_failed(batch, by=work.by, step=record, among=None if born else failed)
            for document in self.done.documents:
                if document.things:
                    plastic.hand_over(work, document, self.done, record)
        Paper.objects.filter(pk__in=[paper.pk for paper in self.papers]).update(state=Paper.USED)
        audit.note(work.by, work.step.work, work.subject.code, work.evidence)


def _batch_of(subject: Subject) -> Batch | None:
    if subject.kind.before_batch:
        return None
    code = subject.code
    if subject.kind is Grain.PARCEL:
        code = Group.objects.get(code=code).ref
    return Batch.objects.select_related("office").get(code=code)


def _desk_of(subject: Subject, batch: Batch | None, document: Document | None = None) -> Subject:
    """Where a subject's documents lie: a parcel's on its batch's desk, but what it sends on its own."""
    if subject.kind is Grain.PARCEL and batch is not None and document is None:
        return Subject(Grain.BATCH, batch.code)
    return subject


def _people(subject: Subject, batch: Batch | None) -> dict[str, Card]:
    if batch is None:
        return {}
    living = batches.live(batch)
    if subject.kind is Grain.PARCEL:
        here = parcels.inside(subject.code)
        return {app: card for app, card in living.items() if card.pk in here}
    return living


def _left_behind(batch: Batch, people: Mapping[str, Card]) -> dict[str, str]:
    """Once plastic was counted here, whoever has none stays behind."""
    if not batch.bundles.filter(birth_movement__isnull=False).exists():
        return {}
    listed = set(
        Paper.objects.filter(batch_code=batch.code, counted=True).exclude(handover_code="").values_list("pk", flat=True)
    )
    return {app: "missing" for app, card in people.items() if card.serial is None} if listed else {}


def _receive(
    seat: Seat, batch: Batch | None, step: Step, papers: Sequence[Paper]
) -> tuple[dict[Document, tuple[pl.DataFrame, ...]], list[Aside]]:
    """The awaited documents' rows that agree with the batch's people, and those set aside."""
    known = batches.roster(batch) if batch else {}
    received: dict[Document, list[pl.DataFrame]] = {document: [] for document in step.awaits}
    asides: list[Aside] = []
    for paper in papers:
        document = BY_CODE[paper.type]
        rows = desk.read(seat, paper)
        if batch is not None:
            rows, aside = agree(document, rows, known, seat.home)
            asides += aside
        received[document].append(rows)
    spoilt = {aside.app_no for aside in asides}
    if spoilt:
        received = {
            document: [
                frame.filter(~pl.col("app_no").is_in(sorted(spoilt))) if "app_no" in frame.columns else frame
                for frame in frames
            ]
            for document, frames in received.items()
        }
    return {document: tuple(frames) for document, frames in received.items()}, asides


def _others(batch: Batch, seat: Seat) -> frozenset[str]:
    """Every other seat of the batch."""
    return frozenset(batch.parties.exclude(seat=seat.name).values_list("seat", flat=True))
