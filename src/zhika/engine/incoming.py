"""Material that comes: what lies in its trays held against the document's rows, lot by lot, and booked.

It is delivered by the integrator for a batch, in one tray a kind; what the supplier has left comes back the same way,
in a tray for each lot and kind, to the integrator's stock.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from zhika.engine.carrying import lot_of, tray_kind
from zhika.flows.lanes import Lane
from zhika.ledger.batches import Organisation
from zhika.ledger.custody import Quantity, Short, close, move
from zhika.ledger.material import material_group, stock_group, trays_of
from zhika.ledger.places import Handover, Place, State, count, place
from zhika.ledger.steps import Paper


@dataclass(frozen=True)
class Read:
    """Pieces in one tray: fit for use, and marked void."""

    good: int
    void: int


@dataclass(frozen=True)
class Came:
    """One row of the document, and what came of it."""

    lot: str
    kind: str
    told: int
    good: int
    void: int

    @property
    def n(self) -> int:
        return self.good + self.void


def came(rows: pl.DataFrame, batch_code: str, pieces: Mapping[Path, Read]) -> list[Came]:
    """Each row with its own lot's tray; of a tray that holds several lots the first rows are filled first.

    What is too many counts with the last row of its kind.
    """
    pool: Counter[str] = Counter()
    own: dict[tuple[str, str], Read] = {}
    for path, read in pieces.items():
        if lot := lot_of(path, batch_code):
            own[lot, tray_kind(path)] = read
        else:
            pool[tray_kind(path)] += read.good + read.void
    listed = [(row["consignment"], row["kind"], int(row["count"])) for row in rows.iter_rows(named=True)]
    last = {kind: at for at, (_, kind, _) in enumerate(listed)}
    found = []
    for at, (lot, kind, told) in enumerate(listed):
        trays = trays_of(kind)
        if read := own.get((lot, trays)):
            found.append(Came(lot, kind, told, read.good, read.void))
            continue
        take = pool[trays] if at == last[kind] else min(told, pool[trays])
        pool[trays] -= take
        found.append(Came(lot, kind, told, take, 0))
    return found


def book(paper: Paper, handover: Handover, arrived: list[Came], *, here: bool, by: str) -> None:
    """From the giver to the taker, lot by lot; what is missing stands with the giver, what is too many has a case.

    `here`: giver and taker sit on one seat, so that the giver's own books are these.
    """
    giver, taker = handover.from_organisation, handover.to_organisation
    short, over, unseen, accepted = list[Short](), list[Short](), 0, 0
    for row in arrived:
        source, known = _source(paper, giver, row, here=here)
        lies = count(source) if known else row.told
        n = min(row.n, row.told, lies)
        void = min(row.void, n)
        for state, pieces in ((State.BLANK, n - void), (State.VOID, void)):
            if pieces:
                target = _target(paper, taker, row, state)
                move(source, target, Quantity(pieces), cause="accept", by=by, handover=handover)
        lacking = row.told - n
        lost = min(lacking, lies - n) if known else 0
        if lost:
            missing = place(giver, State.MISSING, source.group)
            move(source, missing, Quantity(lost), cause="missing", by=by, handover=handover)
            short.append(Short(source.group, row.kind, lost))
        if row.n > n:
            over.append(Short(_target(paper, taker, row, State.BLANK).group, row.kind, row.n - n))
        unseen += lacking - lost
        accepted += row.n
    close(handover, accepted=accepted, short=short, over=over, unseen=unseen)


def comes_back(paper: Paper) -> bool:
    """Whether a document of material speaks of what is left at the supplier."""
    return paper.sender_lane == Lane.SUPPLIER


def _source(paper: Paper, giver: Organisation, row: Came, *, here: bool) -> tuple[Place, bool]:
    """Where these books have it before it is accepted, and whether they know how much lies there.

    A supplier's seat has never seen what comes; the platform knows what it has delivered.
    """
    within = material_group(paper.batch_code, row.kind, row.lot)
    if here:
        return place(giver, State.GIVEN, within), True
    if comes_back(paper):
        return place(giver, State.BLANK, within), True
    return place(giver, State.OUTSIDE, within), False


def _target(paper: Paper, taker: Organisation, row: Came, state: State) -> Place:
    if comes_back(paper):
        return place(taker, state, stock_group(row.lot, row.kind))
    return place(taker, state, material_group(paper.batch_code, row.kind, row.lot))
