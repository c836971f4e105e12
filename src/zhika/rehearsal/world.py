"""The world of things at its beginning: nature's secret, the chip maker's envelopes, trays of modules and blanks.

WORLD/nature                       what seals each soft card's memory, 32 bytes in hexadecimal; no seat's key
WORLD/maker/transport-*.hex        the chip maker's two transport masters, 16 bytes each: one comes to the integrator,
                                   one to the banks, in envelopes of their own
WORLD/ylz/stock/CONSIGNMENT-*.tray modules and blanks as they were bought
WORLD/people/                      where cards end: in their holders' hands
"""

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from zhika.card import tray
from zhika.card.chip.softcard import module

INTEGRATOR = "ylz"
"""Code of the integrator's organisation 易联众."""
CONSIGNMENT = "M-2026-01"
"""来料批号 of the first delivery."""
PEOPLE, ASIDE, MAKER = "people", "aside", "maker"
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
        """The file with a transport master, 32 hexadecimal digits; `side` is social or bank."""
        return self.folder / MAKER / f"transport-{side}.hex"

    def of(self, organisation: str, place: str) -> Path:
        """WORLD/<organisation>/<in|bench|out|stock>, which need not exist."""
        return self.folder / organisation / place


def create(folder: Path, people: int) -> World:
    """Make the world for so many people: keys, envelopes, material for everybody and a little more.

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
        _write_secret(world.envelope(side), 16)
    _fill_stock(world, people + max(1, round(people * SPARE)))
    return world


def cards_at(folder: Path, secret: bytes) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Who looks at the cards in a folder's trays: the tray's name, card serial, printed text but expiry and CVV2."""
    for path in sorted(folder.glob("*.cards.tray")):
        with tray.open_for_work(path, secret) as opened:
            for piece in opened:
                if piece.serial:
                    yield path.name, piece.serial, opened.camera(piece, hidden={"expiry", "cvv2"})


def _write_secret(path: Path, length: int) -> None:
    path.write_text(secrets.token_hex(length) + "\n", encoding="ascii")
    path.chmod(0o600)


def _fill_stock(world: World, pieces: int) -> None:
    """Trays of at most 5,000. Chip serials run on; COS version and digest are what a reader finds in the chips."""
    social, bank = (bytes.fromhex(world.envelope(side).read_text()) for side in ("social", "bank"))
    delivered = {"consignment": CONSIGNMENT, "modules": pieces, "blanks": pieces}
    (world.folder / MAKER / f"{CONSIGNMENT}.json").write_text(json.dumps(delivered, indent=1), encoding="utf-8")
    for number, first in enumerate(range(0, pieces, tray.MOST), 1):
        for kind in ("modules", "blanks"):
            path = world.stock / f"{CONSIGNMENT}-{kind}-{number}.tray"
            tray.create(path, path.stem, kind)
            with tray.open_for_work(path, world.secret) as opened:
                for at in range(first, min(first + tray.MOST, pieces)):
                    chip = module(f"F1{at + 1:010X}", social=social, bank=bank) if kind == "modules" else None
                    opened.add(chip=chip)
            tray.seal(path)
