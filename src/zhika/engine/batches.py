"""A batch on a seat: formed where its applications are, opened elsewhere by the documents that name its people."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial

import polars as pl
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from zhika.engine import desk
from zhika.engine.check import person_key
from zhika.engine.post import taken_manifest
from zhika.engine.trouble import attempt
from zhika.engine.work import Subject
from zhika.flows import FLOWS
from zhika.flows.chart import Grain, Step
from zhika.flows.documents import BY_CODE, UNIT_NO, Key
from zhika.flows.lanes import Lane
from zhika.ledger import audit
from zhika.ledger.batches import Batch, Bundle, Organisation, Party, organisation
from zhika.ledger.cards import Card
from zhika.ledger.places import Case, Handover
from zhika.ledger.steps import Paper, StepRecord
from zhika.seat.config import Seat


def roster(batch: Batch) -> dict[str, str]:
    """Application number → person key of all who were ever in the batch."""
    return dict(Card.objects.filter(batch=batch).values_list("application_ref", "person_key"))


def live(batch: Batch) -> dict[str, Card]:
    """Who is still in it, by application number, in line order."""
    cards = Card.objects.filter(batch=batch, failure=None).select_related("bundle").order_by("line")
    return {card.application_ref: card for card in cards}


def create(
    seat: Seat,
    code: str,
    process: str,
    office: Organisation,
    people: Sequence[tuple[str, str, str, str]],
    parties: Mapping[Lane, tuple[str, str]],
    *,
    formed_at: datetime | None = None,
) -> Batch:
    """Write a batch with its people: (application number, ID number, name, unit code), sorted by unit.

    `parties`: lane → (organisation, seat). A seat that isn't told units passes '' and has one bundle. Within a unit
    people keep the order in which they are given: every seat's line order is that of the documents.
    """
    with transaction.atomic():
        batch = Batch.objects.create(
            code=code, process=process, office=office, size=len(people), formed_at=formed_at or timezone.now()
        )
        for lane, (name, home) in parties.items():
            Party.objects.create(batch=batch, lane=lane, organisation=organisation(name), seat=home)
        sizes = Counter(unit for *_, unit in people)
        bundles = {
            unit: Bundle.objects.create(
                batch=batch, unit=organisation(unit, kind="unit", parent=office) if unit else None, size=size
            )
            for unit, size in sorted(sizes.items())
        }
        Card.objects.bulk_create(
            [
                Card(
                    batch=batch, bundle=bundles[unit], line=line, application_ref=app_no,
                    person_key=person_key(seat.home, id_no, name),
                )
                for line, (app_no, id_no, name, unit) in enumerate(sorted(people, key=lambda p: p[3]), 1)
            ],
            batch_size=500,
        )  # fmt: skip
        audit.note(seat.name, "batch", code, f"{process}, {len(people)} 人")
    return batch


def open_waiting(seat: Seat) -> list[Batch]:
    """Open every batch whose first row here has all its documents on file, whichever came first.

    Never on the platform: it forms its batches, and knows each from its beginning.
    """
    opened: list[Batch] = []
    if seat.platform:
        return opened
    known = Batch.objects.filter(code=OuterRef("batch_code"))
    codes = Paper.objects.filter(~Exists(known), state=Paper.FILED, subject_kind=Grain.BATCH)
    for code, process in set(codes.exclude(type="exceptions").values_list("batch_code", "process")):
        if process in seat.processes:
            attempt(Subject(Grain.BATCH, code), "open", lambda c=code, p=process: _opened(opened, _open(seat, c, p)))
    return opened


def _opened(opened: list[Batch], batch: Batch | None) -> bool:
    if batch is not None:
        opened.append(batch)
    return batch is not None


def close_settled(seat: Seat) -> int:
    """Close every batch whose last row is done, whose handovers are accepted and whose differences are settled."""
    closed = 0
    for batch in Batch.objects.filter(closed_at=None, process__in=seat.processes):
        closed += attempt(Subject(Grain.BATCH, batch.code), "close", partial(_close_settled, seat, batch)) or 0
    return closed


def _close_settled(seat: Seat, batch: Batch) -> int:
    if not _last_row_done(seat, batch) or unsettled(batch):
        return 0
    return Batch.objects.filter(pk=batch.pk, closed_at=None).update(closed_at=timezone.now())


def _last_row_done(seat: Seat, batch: Batch) -> bool:
    """The chart's closing row, here or as another seat told; where nobody tells, this seat's own last row."""
    steps = [step for step in FLOWS[batch.process].steps if step.grain is Grain.BATCH]
    if not seat.platform:
        steps = [step for step in steps if step.lane in seat.lanes]
    number, work = steps[-1].key
    return StepRecord.objects.filter(
        subject_kind=Grain.BATCH, subject=batch.code, number=number, function=work
    ).exists()  # fmt: skip


def unsettled(batch: Batch) -> bool:
    """A handover nobody has answered, a document of things nobody has counted, or a difference with an open case."""
    return (
        Handover.objects.filter(batch=batch, accepted=None).exists()
        or Paper.objects.filter(batch_code=batch.code, counted=False).exclude(state=Paper.SENT).exists()
        or Case.of_batch(batch.code).filter(closed_at=None).exists()
    )


def _open(seat: Seat, code: str, process: str) -> Batch | None:
    papers = desk.filed(Subject(Grain.BATCH, code))
    first = _first_row(seat, process)
    have = {BY_CODE[paper.type] for paper in papers}
    if first is None or not set(first.awaits) <= have:
        return None
    papers = [paper for paper in papers if BY_CODE[paper.type] in first.awaits]
    people: dict[str, tuple[str, str, str, str]] = {}
    for paper in papers:
        if BY_CODE[paper.type].key is Key.PERSON:
            for person in _people(desk.read(seat, paper)):
                people.setdefault(person[0], person)
    parties = _parties(seat, papers)
    office_code = parties.get(Lane.CENTRE, (seat.name, ""))[0]
    try:
        return create(seat, code, process, organisation(office_code, kind="centre"), list(people.values()), parties)
    except Exception:
        # Another worker of this seat may have opened it meanwhile; anything else is a fault to be shown.
        if Batch.objects.filter(code=code).exists():
            return None
        raise


def _first_row(seat: Seat, process: str) -> Step | None:
    """The first row of this seat's lanes that awaits a document of a batch."""
    return next((s for s in FLOWS[process].steps if s.lane in seat.lanes and s.grain is Grain.BATCH and s.awaits), None)


def _people(rows: pl.DataFrame) -> Iterable[tuple[str, str, str, str]]:
    unit = pl.col(UNIT_NO.name) if UNIT_NO.name in rows.columns else pl.lit("")
    return rows.select("app_no", "id_no", "name", unit.alias("unit")).iter_rows()


def _parties(seat: Seat, papers: Iterable[Paper]) -> dict[Lane, tuple[str, str]]:
    """The batch's parties, as the manifest of its first numbered document carries them."""
    for paper in papers:
        if paper.number is not None:
            manifest = taken_manifest(seat, paper)
            return {lane: (party.organisation, party.seat) for lane, party in manifest.parties.items()}
    return {}
