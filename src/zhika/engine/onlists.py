"""Who stands on which document of a batch: the lists on this desk, read once and held against the chart."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from zhika.engine import desk
from zhika.flows import FLOWS
from zhika.flows.chart import Grain, Step
from zhika.flows.documents import ACCOUNT_FILE, BY_CODE, CARD_SERIAL, EXCEPTIONS, NUMBER_MAPPING, PAN, Key
from zhika.flows.lanes import PLATFORM
from zhika.ledger.batches import Batch
from zhika.ledger.steps import Paper
from zhika.seat.config import Seat

ACCOUNTS = (ACCOUNT_FILE, NUMBER_MAPPING)
"""Documents in which the bank tells its numbers."""
_TELLING = {document.code for document in ACCOUNTS}


@dataclass
class Row:
    """One application on one kind of document."""

    serial: str
    made_at: datetime
    """Of the newest paper that names it."""
    twice: bool = False
    """In one and the same paper."""


@dataclass
class Listed:
    """All papers of one kind of document of a batch."""

    type: str
    title: str
    whole: bool
    """A row of the whole batch sends it: it names everybody."""
    settled: bool = True
    """Sent from here, used here, or counted here: whoever is missing on it is missing."""
    rows: dict[str, Row] = field(default_factory=dict)
    numbers: dict[str, str] = field(default_factory=dict)
    """Bank number by application, where the document tells numbers."""


def read(seat: Seat, batch: Batch) -> dict[str, Listed]:
    """By code of the document, every list of persons on the desk that speaks of this batch."""
    found: dict[str, Listed] = {}
    frozen: set[tuple[str, str]] = set()
    for paper in Paper.objects.filter(batch_code=batch.code, sealed=False).order_by("pk"):
        document = BY_CODE[paper.type]
        if document.key is not Key.PERSON or document is EXCEPTIONS or (paper.type, paper.sha256) in frozen:
            continue
        frozen.add((paper.type, paper.sha256))  # sent to two seats, it is one document
        if paper.type not in found:
            whole = any(step.grain is Grain.BATCH for step in FLOWS[batch.process].senders(document))
            found[paper.type] = Listed(paper.type, document.title, whole)
        listed = found[paper.type]
        counted = paper.sender == seat.name or paper.state == Paper.USED or (document.things and paper.counted)
        listed.settled = listed.settled and counted
        _add(listed, desk.read(seat, paper), paper.made_at)
    return found


def _add(listed: Listed, rows: pl.DataFrame, made_at: datetime) -> None:
    columns = ["app_no", *(name for name in (CARD_SERIAL.name, PAN.name) if name in rows.columns)]
    here: dict[str, Row] = {}
    for app, *rest in rows.select(columns).iter_rows():
        told = dict(zip(columns[1:], rest, strict=True))
        here[app] = Row(told.get(CARD_SERIAL.name, ""), made_at, app in here)
        if told.get(PAN.name) and listed.type in _TELLING:
            listed.numbers[app] = told[PAN.name]
    listed.rows |= here


def excepted(seat: Seat, batch: Batch) -> set[str]:
    """Application numbers that exception lists of this batch name."""
    papers = Paper.objects.filter(batch_code=batch.code, type=EXCEPTIONS.code, sealed=False)
    return {app for paper in papers for app in desk.read(seat, paper)["app_no"]}


def lacking(batch: Batch, done: Set[Step], lists: Mapping[str, Listed]) -> list[str]:
    """Titles of documents that rows of the batch done by the platform's lanes sent or used, and that aren't here."""
    rows = [step for step in FLOWS[batch.process].steps if step in done and step.grain is Grain.BATCH]
    told = [document for step in rows if step.lane in PLATFORM for document in (*step.sends, *step.awaits)]
    return sorted({one.title for one in told if one.key is Key.PERSON and one.code not in lists})
