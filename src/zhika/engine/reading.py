"""A count's reading: every tray on the bench and in the stock of an organisation, serial by serial, piece by piece."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from zhika.engine.carrying import in_stock, lot_of
from zhika.engine.expected import Shelf
from zhika.ledger.material import OF_TRAY
from zhika.ledger.places import Handover
from zhika.seat import things
from zhika.seat.config import Seat


class Sighting(NamedTuple):
    """A card where it was seen."""

    tray: str
    condition: str
    """Empty, or why it is marked void."""


@dataclass
class Seen:
    """What lay there."""

    cards: dict[str, list[Sighting]] = field(default_factory=dict)
    """By serial; one that was read twice lies in two trays."""
    fit: Counter[Shelf] = field(default_factory=Counter)
    void: Counter[Shelf] = field(default_factory=Counter)
    trays: list[str] = field(default_factory=list)

    @property
    def pieces(self) -> int:
        return sum(map(len, self.cards.values())) + self.fit.total() + self.void.total()


def read(seat: Seat, holder: str, shelves: Collection[Shelf]) -> Seen:
    """Read all trays of a holder. `shelves`: those that its books know.

    What has been given and waits for its carrier is its handover's, and is counted by its taker. Raises TrayBusy while
    somebody works on a tray.
    """
    seen = Seen()
    for path in trays(seat, holder):
        with things.on_bench(seat.world, path) as tray:
            seen.trays.append(path.name)
            kind = OF_TRAY.get(tray.kind)
            for piece in tray:
                if piece.serial:
                    seen.cards.setdefault(piece.serial, []).append(Sighting(path.name, piece.condition))
                elif kind is not None:
                    counter = seen.void if piece.condition else seen.fit
                    counter[_shelf(path, kind.code, shelves)] += 1
    return seen


def trays(seat: Seat, holder: str) -> Iterator[Path]:
    """Trays that lie with a holder."""
    waiting = Handover.objects.filter(from_organisation__code=holder, shipped=False).values_list("trays", flat=True)
    going = {name for names in waiting for name in names}
    for folder in ("bench", "stock"):
        yield from (path for path in sorted(seat.bench(holder, folder).glob("*.tray")) if path.name not in going)


def _shelf(path: Path, kind: str, shelves: Collection[Shelf]) -> Shelf:
    """A stock tray says its lot, a batch's tray its batch; what came back and waits on the bench says both."""
    if path.parent.name == "stock":
        told = in_stock(path.name)
        return Shelf("", told[0] if told else "", kind)
    batch = path.name.split(".")[0]
    own, lot = Shelf(batch, "", kind), lot_of(path, batch)
    return Shelf("", lot, kind) if lot and own not in shelves else own
