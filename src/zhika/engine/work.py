"""What a step function sees, and all that it may change."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import polars as pl
from django.utils import timezone

from zhika.errors import ConfigurationError
from zhika.flows.acts import Act
from zhika.flows.chart import Flow, Grain, Step
from zhika.flows.documents import Document
from zhika.flows.lanes import Lane
from zhika.ledger.batches import Batch, Organisation
from zhika.ledger.cards import Card
from zhika.ledger.steps import Paper
from zhika.seat import things
from zhika.seat.config import Seat

Rows = pl.DataFrame


class Subject(NamedTuple):
    """What a row is about: a lot, an application, a batch, a parcel or a card, by its code."""

    kind: Grain
    code: str

    def __str__(self) -> str:
        return self.code


class Bound(NamedTuple):
    """Person, plastic and chip: bound at embedding."""

    serial: str
    chip_serial: str


@dataclass(frozen=True)
class Work:
    """All that a step function may see."""

    seat: Seat
    flow: Flow
    step: Step
    subject: Subject
    batch: Batch | None = None
    received: Mapping[Document, tuple[Rows, ...]] = field(default_factory=dict)
    """Rows that agree with this batch's people, by document awaited."""
    people: Mapping[str, Card] = field(default_factory=dict)
    """Who is still in the batch, by application number, in line order; for a parcel or card, those it is about."""
    facts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """What was told by hand: by subject ('' for all)."""
    refs: tuple[str, ...] = ()
    """Of a row of grain application: the applications it is done for, by number."""
    by: str = "zhika"
    evidence: str = ""
    now: datetime = field(default_factory=lambda: timezone.localtime())

    @property
    def lane(self) -> Lane:
        return self.step.lane

    @property
    def organisation(self) -> str:
        """Code of the organisation that does this row."""
        return self.party(self.step.lane)

    def party(self, lane: Lane) -> str:
        """Code of the organisation that stands on a lane in this batch."""
        if self.batch is not None:
            found = self.batch.parties.filter(lane=lane).select_related("organisation").first()
            if found:
                return found.organisation.code
        return self.seat.organisation(lane)

    @property
    def hidden(self) -> frozenset[str]:
        """Printed fields that this lane's camera does not return."""
        return things.hidden(self.step.lane)

    def rows(self, document: Document) -> Rows:
        """All received rows of one document, in one frame."""
        return pl.concat(self.received[document])

    def tray(self, kind: str = "cards") -> Path:
        """Where this organisation's tray of the subject lies on the bench."""
        return self.seat.bench(self.organisation, "bench") / f"{self.subject.code}.{kind}.tray"


@dataclass(frozen=True)
class Done:
    """All that a step function may change. The engine writes it once, in one transaction, with the step's row."""

    documents: Mapping[Document, Rows] = field(default_factory=dict)
    photos: Mapping[str, Path] = field(default_factory=dict)
    """Files of the photos that the documents name, by SHA-256."""
    failed: Mapping[str, str] = field(default_factory=dict)
    """Application number → cause code: these leave the batch."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """Application number → what is said beside the cause, never a person's data."""
    born: Mapping[str, Bound] = field(default_factory=dict)
    """Application number → serials, good and void alike, where plastic comes into being."""
    to: Mapping[Document, frozenset[str]] = field(default_factory=dict)
    """Seats that get a document, where its receivers' lanes do not say."""
    trays: Sequence[Path] = ()
    """What travels with a document of things; shipped after the transaction."""
    taker: Organisation | None = None
    """Who takes the things, where the lane alone does not say."""
    handover: str = ""
    """Code of the handover that an act opens, where a document of things leaves again."""
    write: Callable[[], None] | None = None
    """What the lane writes in its own tables, in the same transaction."""
    after: str = ""
    """Subject of what happens to things once the transaction holds: `registry.ERRANDS` says by whom."""
    n_in: int | None = None
    n_out: int | None = None

    def check_sends(self, name: str, sends: Sequence[Document]) -> None:
        """Raises ConfigurationError where there is a document that the table does not let this row or act send."""
        unknown = sorted(document.code for document in set(self.documents) - set(sends))
        if unknown:
            raise ConfigurationError(f"{name}: its table does not send {', '.join(unknown)}")


@dataclass(frozen=True)
class ActWork:
    """All that an act may see: a document that awaited it, or what a person told."""

    seat: Seat
    act: Act
    subject: str
    batch: Batch | None = None
    process: str = ""
    paper: Paper | None = None
    rows: Rows | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    people: Mapping[str, Card] = field(default_factory=dict)
    """Of an act done card by card, or on picked cards: the cards it is about, by application number."""
    told: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """And what was told of each, by application number."""
    by: str = "zhika"
    second: str = ""
    reason: str = ""
    now: datetime = field(default_factory=lambda: timezone.localtime())
