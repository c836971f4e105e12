"""Lamination, punching, embedding 覆膜、冲切、封装: cards are born, person bound to card serial and chip serial.

Each act on a piece is committed by itself, and the pieces are asked, not a log: a worker that was cut off goes on with
the same serials, and a module is in one card only.
"""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field

from zhika.card.chip.social import inspect
from zhika.card.tray import Piece, Tray
from zhika.craft.order import BANKED, Order
from zhika.engine.work import Bound
from zhika.errors import CardError


@dataclass
class Embedded:
    """What came of a batch: cards by application number, and the cause of each that is void or never was."""

    born: dict[str, Bound] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Bench:
    """The three trays of the embedding machine."""

    blanks: Tray
    modules: Tray | None
    """None where the blanks have their chips."""
    cards: Tray


def embed(
    bench: Bench,
    orders: Mapping[str, Order],
    places: Mapping[str, int],
    serials: Mapping[str, str],
    *,
    hidden: Set[str],
) -> Embedded:
    """Make a card of every printed blank whose person is still ordered, and check it.

    Who has left gets no plastic, unless the machine was cut off after it had made theirs.
    """
    done = Embedded()
    spare = _spare(bench)
    blanks = {piece.position: piece for piece in bench.blanks}
    for app, place in places.items():
        blank = blanks.get(place)
        if blank is not None and (blank.serial or app in orders):
            module = blank if blank.serial or bench.modules is None else next(spare, None)
            if module is not None:
                _make(bench, blank, module, serials[app])
        card = bench.cards.find(serials[app])
        if card is None:
            if app in orders:
                done.failed[app] = "missing"
            continue
        chip = _chip_serial(bench.cards, card)
        done.born[app] = Bound(serials[app], chip)
        if app in orders:
            cause = card.condition or _cause(bench.cards.camera(card, hidden=hidden), orders[app], chip)
            if cause:
                bench.cards.condemn(card, cause)
                done.failed[app] = cause
    return done


def _spare(bench: Bench) -> Iterator[Piece]:
    """Modules that are in no card yet: one may still lie here that a worker cut off has embedded."""
    if bench.modules is None:
        return iter(())
    used = {piece.module for tray in (bench.blanks, bench.cards) for piece in tray if piece.module}
    return (piece for piece in bench.modules.pieces() if piece.uid not in used)


def _make(bench: Bench, blank: Piece, module: Piece, card_serial: str) -> None:
    """Laminate, punch and embed, or engrave where the chip is in; lay it among the cards at its own place."""
    if not blank.serial:
        bench.blanks.laminate(blank)
    if bench.modules is None:
        bench.blanks.engrave(blank, card_serial)
    else:
        if not blank.serial:
            bench.blanks.punch(blank)
        bench.blanks.embed(blank, module, bench.modules, card_serial)
    bench.blanks.move(blank, bench.cards, blank.position)


def _chip_serial(cards: Tray, card: Piece) -> str:
    """Read from the chip; '' where it doesn't answer."""
    try:
        with cards.chip(card) as chip:
            return inspect(chip).serial
    except CardError:
        return ""


def _cause(seen: Mapping[str, str], order: Order, chip: str) -> str:
    """Why a card is void: what the camera sees is not what was ordered, or the chip is dead."""
    wrong = [name for name, text in order.ink.items() if seen.get(name) != text]
    if wrong:
        return "number-misprint" if set(wrong) <= set(BANKED) else "misprint"
    return "" if chip else "chip-dead"
