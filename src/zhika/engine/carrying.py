"""Trays on their way from a giver to a taker: sent off, arrived, put away on the taker's bench."""

import re
from functools import partial
from pathlib import Path

from zhika.card import tray as trays
from zhika.engine import desk
from zhika.engine.post import kept_apart
from zhika.engine.registry import ERRANDS
from zhika.errors import CardError
from zhika.flows.documents import MATERIAL
from zhika.flows.lanes import Lane
from zhika.ledger.material import OF_TRAY, Material, trays_of
from zhika.ledger.places import Handover
from zhika.ledger.steps import Paper
from zhika.seat import things
from zhika.seat.config import Seat

MARK = "--"
"""Between a handover's code and a tray's name while it travels."""


def arrived(seat: Seat, taker: str, code: str) -> list[Path]:
    """Trays of a handover that stand in the taker's inbox of things."""
    return sorted(seat.bench(taker, "in").glob(f"{code}{MARK}*.tray"))


def all_here(seat: Seat, paper: Paper, taker: str) -> list[Path]:
    """The trays of a handover once all have come: a courier may bring them one by one. Empty before.

    Material travels in a tray of each kind that its document names, and what comes back in one of each lot and kind;
    cards in one tray.
    """
    paths = arrived(seat, taker, paper.handover_code)
    if paper.type == MATERIAL.code and paths:
        rows = desk.read(seat, paper).select("consignment", "kind").iter_rows()
        back = paper.sender_lane == Lane.SUPPLIER
        told = {(lot if back else "", trays_of(kind)) for lot, kind in rows}
        if not told <= {(lot_of(path, paper.batch_code), tray_kind(path)) for path in paths}:
            return []
    return paths


def tray_kind(path: Path) -> str:
    """What a tray holds, as its name says before `.tray`."""
    return path.name.rsplit(".", 2)[1]


def lot_of(path: Path, batch_code: str) -> str:
    """Lot of the material in a tray of a batch, as its name says; empty where it holds the batch's of every lot.

    >>> lot_of(Path("A1-02-261123-01~material-return--A1-02-261123-01.M-2026-01.blanks.tray"), "A1-02-261123-01")
    'M-2026-01'
    >>> lot_of(Path("A1-02-261123-01.blanks.tray"), "A1-02-261123-01")
    ''
    """
    name = path.name.rpartition(MARK)[2].removesuffix(f"{tray_kind(path)}.tray")
    return name.removeprefix(f"{batch_code}.").removesuffix(".")


_IN_STOCK = re.compile(rf"(?P<lot>.+?)[-.](?P<kind>{'|'.join(OF_TRAY)})(?:[-.](?:\d+|back-[\w-]+))?\.tray")


def in_stock(name: str) -> tuple[str, Material] | None:
    """Lot and kind of material that a stock tray's name tells; None for another tray.

    Numbered as it was bought, or named after the batch of which it came back.

    >>> lot, kind = in_stock("M-2026-01-chip-blanks-1.tray")
    >>> lot, kind.code
    ('M-2026-01', 'chip-blank')
    """
    found = _IN_STOCK.fullmatch(name)
    return (found["lot"], OF_TRAY[found["kind"]]) if found else None


def ship(seat: Seat) -> int:
    """Send off the trays of what was given: sealed and carried into the giver's out/TAKER/. Safe to repeat.

    A tray that lies nowhere here hasn't been sent, unless its taker has counted it.
    """
    waiting = Handover.objects.filter(shipped=False).select_related("from_organisation", "to_organisation")
    return sum(kept_apart("ship", handover.code, partial(_ship, seat, handover)) or 0 for handover in waiting)


def _ship(seat: Seat, handover: Handover) -> int:
    bench = seat.bench(handover.from_organisation.code, "bench")
    out = seat.bench(handover.from_organisation.code, "out") / handover.to_organisation.code
    travelling = {name: f"{handover.code}{MARK}{name.rpartition(MARK)[2]}" for name in handover.trays}
    try:
        for name, going in travelling.items():
            if (bench / name).exists():
                trays.move(bench / name, out, going)
    except CardError:  # busy, or another worker of this seat carries it at this moment
        return 0
    if handover.accepted is None and not all((out / going).exists() for going in travelling.values()):
        return 0
    return Handover.objects.filter(pk=handover.pk, shipped=False).update(shipped=True)


def put_away(seat: Seat, code: str) -> None:
    """收货上架: the trays of what was accepted onto the taker's bench; one of a name that lies there joins that one."""
    taker = Handover.objects.get(code=code).to_organisation.code
    bench = seat.bench(taker, "bench")
    for path in arrived(seat, taker, code):
        name = path.name.split(MARK, 1)[1]
        if (bench / name).exists():
            _join(seat, path, bench / name)
        else:
            trays.move(path, bench, name)


ERRANDS[None, "accept"] = put_away


def _join(seat: Seat, path: Path, target: Path) -> None:
    with things.on_bench(seat.world, path) as came, things.on_bench(seat.world, target) as here:
        for piece in came.pieces():
            came.move(piece, here)
    path.unlink(missing_ok=True)
