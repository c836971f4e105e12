"""Who does what: step functions, acts and the lanes' own rules, by name. Lanes fill it through `serve`."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from zhika.engine.work import ActWork, Done, Work
from zhika.errors import ConfigurationError
from zhika.flows.acts import BY_NAME
from zhika.flows.lanes import Lane
from zhika.ledger.batches import Batch
from zhika.seat.config import Seat

StepFunction = Callable[[Work], Done]
ActFunction = Callable[[ActWork], Done]
Due = Callable[[Seat], Iterable[tuple[str, str, str]]]
"""Acts that are due without a document: (name, subject, process). A lane's rule, e.g. a batch full or old enough."""
FromFile = Callable[[Seat, Path, Mapping[str, str]], Iterable[tuple[str, Mapping[str, str]]]]
"""How a file told with `zhika do` becomes subjects with their facts."""
ByIdNumber = Callable[[Seat, str], Iterable[str]]
"""Application numbers of the cards that the person with this ID number has in a lane's own tables."""

Errand = Callable[[Seat, str], None]
"""What is to be done with things once a transaction holds, by its subject. It may be called again after a crash."""

Left = Callable[[Batch, Collection[str]], None]
"""What a lane does when applications leave their batch, in the very transaction in which they leave it."""

STEPS: dict[tuple[Lane, str], StepFunction] = {}
ACT_FUNCTIONS: dict[tuple[Lane | None, str], ActFunction] = {}
"""By lane and name; lane None: the engine's own, for every lane."""
ERRANDS: dict[tuple[Lane | None, str], Errand] = {}
"""By lane and name of the row or act that leaves it; lane None: the engine's own."""
LEFT: list[Left] = []
DUE: list[Due] = []
Gather = Callable[[Seat, str, str], Sequence[str] | None]
"""Applications that a subject stands for: (seat, work, subject) → their numbers; None where it stands for itself."""
GATHER: list[Gather] = []
FROM_FILE: dict[str, FromFile] = {}
IN_FULL: dict[str, Callable[[Seat, str], str]] = {}
"""By name of an act: its subject in full, where one may type it short. Its record stands under the full one."""
BATCH_OF: dict[str, Callable[[str], Batch | None]] = {}
"""By name of an act whose subject names no batch: the one that it is in at this moment. While the act is done, nobody
else has that batch in hand."""
BY_ID_NUMBER: dict[Lane, ByIdNumber] = {}
ARRIVED: list[Callable[[Batch, Sequence[str]], None]] = []
"""Called with the serials in the transaction in which an office that hands out itself has counted finished cards."""


class Decided(NamedTuple):
    """How a lane shows what waits for a decision, line by line, before somebody signs for all of it."""

    lines: Callable[[Seat, str], pl.DataFrame]
    """The lines of a subject that something stands against: line, proposal, explained, mended_by, in words."""
    export: Callable[[Seat, str, Path], int]
    """Write them into a file with a column for the decisions; how many."""
    note: Callable[[Seat, str], tuple[str, str]]
    """What the to-do list says of a subject, and what is to be done first; both empty where nothing is doubtful."""


BY_PROXY: dict[Lane, Callable[[Collection[str]], set[str]]] = {}
"""Lanes that hand out cards: of these serials, those that somebody else collected for the holder."""
SAID: dict[str, Callable[[Seat, str], list[str]]] = {}
"""By name of an act: what whoever did it must see at once of a subject."""
DECIDED: dict[str, Decided] = {}
"""By the row of a chart that takes the decisions."""
TODO: list["TodoSource"] = []
TodoSource = Callable[[Seat], Iterable[Any]]
"""A lane's own entries of the to-do list (`engine.todo.Todo`)."""
Numbers = Callable[[str, Sequence[str]], Iterable[tuple[str, str]]]
"""Bank numbers that a lane has recorded: (batch code, its applications) → (application, number), and of others with one
of these numbers."""
NUMBERS: list[Numbers] = []
Trace = Callable[[Seat, str], Mapping[int, bool]]
"""From a fault to the cards (primary keys) that it concerns: True where it is certain, False where it may be."""
TRACES: dict[str, Trace] = {}
"""By what a recall starts from: chip, cos, consignment, sheet, key."""


def engine_act(function: ActFunction) -> ActFunction:
    """Mark an act that is the engine's own, the same in every lane."""
    if function.__name__ not in BY_NAME:
        raise ConfigurationError(f"no act is declared as {function.__name__}")
    ACT_FUNCTIONS[None, function.__name__] = function
    return function
