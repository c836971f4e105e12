"""A chart as a table: who does what in which order, which documents leave and which are awaited.

The engine, the pictures, the to-do lists and the tests are all derived from these tables.
A table that could not run is refused when it is imported.
"""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from enum import StrEnum

from zhika.errors import ConfigurationError
from zhika.flows.documents import Document
from zhika.flows.lanes import Lane


class Kind(StrEnum):
    """Who moves a row on."""

    AUTO = "auto"  # the program does it
    HAND = "hand"  # someone does or confirms it
    THING = "thing"  # cards or material are made or moved
    EACH = "each"  # done card by card or person by person; its row on the batch counts


class Grain(StrEnum):
    """What one run of a row is about."""

    LOT = "lot"  # what one unit hands in
    APPLICATION = "application"
    BATCH = "batch"
    PARCEL = "parcel"  # what one unit receives
    CARD = "card"

    @property
    def before_batch(self) -> bool:
        return self in (Grain.LOT, Grain.APPLICATION)

    @property
    def after_batch(self) -> bool:
        return self in (Grain.PARCEL, Grain.CARD)


class Cards(StrEnum):
    """What becomes of the cards in a row."""

    BORN = "born"  # person, card serial and chip serial are bound at embedding
    CHIP = "chip"  # the social-security side is written
    GIVE = "give"  # two-sided handover
    BANK = "bank"  # the financial side is written, the public area cleared
    ISSUE = "issue"  # the person has the card


@dataclass(frozen=True)
class Step:
    """One row of a chart."""

    number: int
    lane: Lane
    title: str
    work: str
    """Name of the step function, the same in every chart where the lane does the same."""
    kind: Kind = Kind.AUTO
    grain: Grain = Grain.BATCH
    sends: tuple[Document, ...] = ()
    awaits: tuple[Document, ...] = ()
    needs: frozenset[str] = frozenset()
    """Fields it cannot do without: received, made before, or of the lane's own tables."""
    makes: frozenset[str] = frozenset()
    cards: Cards | None = None
    not_by: tuple[str, ...] = ()
    """Functions of earlier rows, or acts, whose doer may not do this one by hand: on the same subject, and for a row of
    grain card on the lot, application or batch that the card came from."""
    box: bool = True
    """False: a row that is no numbered box of the chart."""

    @property
    def key(self) -> tuple[int, str]:
        """Number and function: unique within a chart, and with the subject the key of a step record."""
        return self.number, self.work

    def __str__(self) -> str:
        return f"{self.number} {self.title}"


@dataclass(frozen=True)
class Flow:
    """One chart.

    Refuses a gap in the numbers, two rows of one number and function, a document sent by or awaited in a lane that is
    not its own, a document awaited that nobody sends before, a field used before the lane has it, and a row that
    could never be reached.
    """

    name: str
    title: str
    annex: str
    steps: tuple[Step, ...]
    own: Mapping[Lane, Set[str]] = field(default_factory=dict, hash=False, compare=False)
    """Fields that a lane's own tables hold before the chart begins."""

    def __post_init__(self) -> None:
        faults = [*_numbers(self), *_documents(self)]
        faults = faults or [*_runs(self)]
        if faults:
            raise ConfigurationError(f"flow {self.name} ({self.title}) could not run: " + "; ".join(faults))

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(dict.fromkeys(step.number for step in self.steps))

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """The lanes that take part, in the order of the charts."""
        here = {step.lane for step in self.steps}
        return tuple(lane for lane in Lane if lane in here)

    @property
    def forming(self) -> Step:
        """The row at which lots or applications become a batch: the first of grain batch."""
        return next(step for step in self.steps if step.grain is Grain.BATCH)

    @property
    def closing(self) -> Step:
        """The row at which a batch closes: the bank's delivery, the last row of grain batch."""
        return [step for step in self.steps if step.grain is Grain.BATCH][-1]

    def step(self, work: str, number: int | None = None) -> Step:
        """The row of this function; `number` where a chart has several."""
        for step in self.steps:
            if step.work == work and number in (None, step.number):
                return step
        raise ConfigurationError(f"flow {self.name} has no row {work}")

    def senders(self, document: Document) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if document in step.sends)

    def awaiting(self, document: Document) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if document in step.awaits)


def _numbers(flow: Flow) -> Iterator[str]:
    if list(flow.numbers) != list(range(1, len(flow.numbers) + 1)):
        yield f"its numbers {list(flow.numbers)} have a gap or are out of order"
    keys = [step.key for step in flow.steps]
    for key in dict.fromkeys(k for k in keys if keys.count(k) > 1):
        yield f"row {key[0]} {key[1]} stands twice"
    if not any(step.grain is Grain.BATCH for step in flow.steps):
        yield "no row is about a batch"


def _documents(flow: Flow) -> Iterator[str]:
    for place, step in enumerate(flow.steps):
        for document in step.sends:
            if step.lane not in document.senders:
                yield f"row {step} sends {document.code} ({document}), which lane {step.lane} may not send"
            if document.things and step.cards is not Cards.GIVE and document.code != "material":
                yield f"row {step} sends {document.code} ({document}), with which things travel, but gives none"
        for document in step.awaits:
            if step.lane not in document.receivers:
                yield f"row {step} awaits {document.code} ({document}), which lane {step.lane} may not receive"
            if not any(document in earlier.sends for earlier in flow.steps[:place]):
                yield f"row {step} awaits {document.code} ({document}), which no earlier row sends"


def _runs(flow: Flow) -> Iterator[str]:
    """Run the table on paper: fields as each lane receives or makes them.

    In table order every row can be reached: what it awaits an earlier row sends (`_documents`).
    """
    known: dict[Lane, set[str]] = {lane: set(flow.own.get(lane, ())) for lane in Lane}
    for step in flow.steps:
        have = known[step.lane]
        if lacking := sorted(step.needs - have):
            yield f"row {step} ({step.work}) needs {', '.join(lacking)}, which lane {step.lane} has neither received nor made"
        have |= step.makes
        for document in step.sends:
            required = {f.name for f in document.fields if f.required}
            if lacking := sorted(required - have):
                yield f"row {step} sends {document.code} ({document}) without having {', '.join(lacking)}"
            for lane in document.receivers:
                known[lane] |= set(document.columns)
