"""Counting the things themselves: what lies in whose trays, whose card it is, what its chip and stripe hold."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zhika.card import tray
from zhika.card.tray import Piece, Tray
from zhika.rehearsal.world import ASIDE, PEOPLE, World

OURS = {"good", "void", "given", "held"}
"""States of the books in which a card lies in a tray of its holder."""


@dataclass(frozen=True)
class Seen:
    """One card in a person's hand."""

    tray: Tray
    piece: Piece

    @property
    def face(self) -> Mapping[str, str]:
        return self.tray.camera(self.piece, hidden=frozenset())


@contextmanager
def opened(path: Path, city: Path) -> Iterator[Tray]:
    with tray.open_for_work(path, World(city / "world").secret) as found:
        yield found


def in_hand(city: Path) -> Iterator[Seen]:
    """Every card that a person holds."""
    for path in sorted((city / "world" / PEOPLE).glob("*.tray")):
        with opened(path, city) as lying:
            for piece in lying:
                yield Seen(lying, piece)


def lying(city: Path) -> tuple[Counter[str], Counter[tuple[str, str]]]:
    """(cards by organisation, material by organisation and kind), as whoever goes round and counts finds them.

    What is on its way from one organisation to another counts with whoever gave it; what lies aside, with nobody.
    """
    cards: Counter[str] = Counter()
    material: Counter[tuple[str, str]] = Counter()
    for path in sorted((city / "world").rglob("*.tray")):
        holder = path.relative_to(city / "world").parts[0]
        if holder == ASIDE:
            continue
        with opened(path, city) as found:
            for piece in found:
                if piece.serial:
                    cards[holder] += 1
                else:
                    material[holder, found.kind] += 1
    return cards, material


def booked(lines: Iterable[Mapping[str, Any]]) -> tuple[Counter[str], Counter[tuple[str, str]]]:
    """The same from the lines of `zhika books`; cards issued by whichever unit are in people's hands."""
    cards: Counter[str] = Counter()
    material: Counter[tuple[str, str]] = Counter()
    for line in lines:
        if line["kind"] in ("consignment", "stock"):
            if line["state"] in ("blank", "void"):
                material[line["organisation"], line["group"].rsplit(":", 1)[1] + "s"] += line["n"]
        elif line["state"] == "issued":
            cards[PEOPLE] += line["n"]
        elif line["state"] in OURS:
            cards[line["organisation"]] += line["n"]
    return cards, material
