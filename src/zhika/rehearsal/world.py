"""The world of things at its beginning: nature's secret, the chip maker's envelopes, trays of material.

WORLD/nature                       what seals each soft card's memory, 32 bytes in hexadecimal; no seat's key
WORLD/maker/transport-*.hex        the chip maker's two transport masters, 16 bytes each: one comes to the integrator,
                                   one to the banks, in envelopes of their own, with label and check value
WORLD/ylz/stock/CONSIGNMENT-*.tray modules, blanks, blanks with their chip, as they were bought
WORLD/people/                      where cards end: in their holders' hands
"""

import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from zhika.card import tray
from zhika.card.chip.softcard import SoftCard, module
from zhika.seat import envelopes

WORLD = "world"
"""Folder of the things, below a rehearsal's."""
INTEGRATOR = "ylz"
"""Code of the integrator's organisation 易联众."""
CONSIGNMENT = "M-2026-01"
"""来料批号 of the first delivery."""
PEOPLE, ASIDE, MAKER = "people", "aside", "maker"
CHIP_SERIALS = {"modules": "F1", "chip-blanks": "F2"}
"""How chip serials begin, by kind of tray: the maker's series."""
SPARE = 0.02
"""Material bought beyond one piece a person, which stays in stock."""


@dataclass(frozen=True)
class World:
    """Where the things of a rehearsal lie."""

    folder: Path

    @property
    def secret(self) -> bytes:
        """What seals each card's memory."""
        return bytes.fromhex((self.folder / "nature").read_text(encoding="ascii").strip())

    @property
    def stock(self) -> Path:
        """The integrator's store of material."""
        return self.folder / INTEGRATOR / "stock"

    def envelope(self, side: str) -> Path:
        """The file with a transport master; `side` is social or bank."""
        return self.folder / MAKER / f"transport-{side}.hex"

    def of(self, organisation: str, place: str) -> Path:
        """WORLD/<organisation>/<in|bench|out|stock>, which need not exist."""
        return self.folder / organisation / place


def create(folder: Path, people: int, chip_blanks: int = 0) -> World:
    """Make the world for so many people: keys, envelopes, material for everybody and a little more.

    `chip_blanks`: 带芯片空白卡 bought besides, for rural walk-ins and replacements; none of them is a spare.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as here:
    ...     world = create(Path(here, "world"), 3)
    ...     sorted((path.name, tray.count(path)) for path in world.stock.iterdir())
    [('M-2026-01-blanks-1.tray', 4), ('M-2026-01-modules-1.tray', 4)]
    """
    world = World(folder)
    for path in (folder / MAKER, folder / PEOPLE, folder / ASIDE, world.stock):
        path.mkdir(parents=True)
    _write_secret(folder / "nature", 32)
    for side in ("social", "bank"):
        envelopes.write(world.envelope(side), f"transport-{side}", secrets.token_bytes(16))
    pieces = people + max(1, round(people * SPARE))
    _fill_stock(world, {"modules": pieces, "blanks": pieces} | ({"chip-blanks": chip_blanks} if chip_blanks else {}))
    return world


def cards_at(folder: Path, secret: bytes, kind: str = "cards") -> Iterator[tuple[str, str, dict[str, str]]]:
    """Who looks at the cards in a folder's trays: the tray's name, card serial, printed text but expiry and CVV2."""
    for path in sorted(folder.glob(f"*.{kind}.tray")):
        with tray.open_for_work(path, secret) as opened:
            for piece in opened:
                if piece.serial:
                    yield path.name, piece.serial, opened.camera(piece, hidden={"expiry", "cvv2"})


def _write_secret(path: Path, length: int) -> None:
    path.write_text(secrets.token_hex(length) + "\n", encoding="ascii")
    path.chmod(0o600)


def _fill_stock(world: World, delivered: Mapping[str, int]) -> None:
    """Trays of at most 5,000, by kind. Chip serials run on; COS version and digest are what a reader finds in them."""
    social, bank = (envelopes.read(world.envelope(side)) for side in ("social", "bank"))
    note = json.dumps({"consignment": CONSIGNMENT, **delivered}, indent=1)
    (world.folder / MAKER / f"{CONSIGNMENT}.json").write_text(note, encoding="utf-8")
    for kind, pieces in delivered.items():
        for number, first in enumerate(range(0, pieces, tray.MOST), 1):
            path = world.stock / f"{CONSIGNMENT}-{kind}-{number}.tray"
            tray.create(path, path.stem, kind)
            with tray.open_for_work(path, world.secret) as opened:
                for at in range(first, min(first + tray.MOST, pieces)):
                    opened.add(chip=_chip(kind, at + 1, social, bank))
            tray.seal(path)


def _chip(kind: str, number: int, social: bytes, bank: bytes) -> SoftCard | None:
    """What a piece of this kind comes with: a bare module, a module in its card already, nothing."""
    if kind not in CHIP_SERIALS:
        return None
    chip = module(f"{CHIP_SERIALS[kind]}{number:010X}", social=social, bank=bank)
    if kind == "chip-blanks":
        chip.embed()
    return chip
