"""The courier: carries packages from seat to seat and trays from organisation to organisation, and knows neither.

    python -m zhika.rehearsal.courier demo

Every file goes by one rename, a package's manifest last, a tray sealed before it moves: a courier killed anywhere loses
nothing, and the next one goes on. On the way it lets the planned mishaps happen (`mishaps`). For tests it delivers
packages twice, late and out of order.
"""

import argparse
import random
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from zhika.card import tray
from zhika.errors import CardError, Refused
from zhika.exchange.mailbox import ORDER
from zhika.exchange.manifest import MANIFEST, Stem
from zhika.rehearsal.mishaps import Mishaps
from zhika.rehearsal.world import WORLD, World

EVERY = 0.2
"""Seconds between two rounds."""


@dataclass
class Courier:
    """One courier of a rehearsal in `folder`: its homes, and its world beside them."""

    folder: Path
    twice: float = 0.0
    """Part of the packages that are delivered a second time."""
    late: float = 0.0
    """Longest delay of a package, in seconds."""
    shuffled: bool = False
    seed: int = 0
    _due: dict[Path, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.world = World(self.folder / WORLD)
        self.mishaps = Mishaps(self.world)
        self.again = self.folder / "courier"
        self.chance = random.Random(self.seed)

    def round(self) -> int:
        """Carry all that is ready; returns how many packages and trays."""
        return self.carry_mail() + self.carry_trays()

    def carry_mail(self) -> int:
        """Every whole package of HOME/mail/out/PEER goes to PEER's mail/in."""
        homes = {path.parent.name: path.parent for path in self.folder.glob("*/seat.toml")}
        repeated = [(path, homes[path.parent.name], False) for path in _manifests(self.again)]
        first = [
            (path, homes[path.parent.name], True)
            for home in homes.values()
            for path in _manifests(home / "mail" / "out")
            if path.parent.name in homes
        ]
        ways = repeated + first
        if self.shuffled:
            self.chance.shuffle(ways)
        carried = 0
        for manifest, home, fresh in ways:
            if (
                fresh
                and self.late
                and time.monotonic()
                < self._due.setdefault(manifest, time.monotonic() + self.chance.uniform(0, self.late))
            ):
                continue
            self._due.pop(manifest, None)
            if fresh and self.chance.random() < self.twice:
                _copy(manifest, self.again / home.name)
            _carry(manifest, home / "mail" / "in")
            carried += 1
        return carried

    def carry_trays(self) -> int:
        """Every tray of WORLD/GIVER/out/TAKER goes to TAKER's in; one that is worked on waits for the next round."""
        carried = 0
        for path in sorted(self.world.folder.glob("*/out/*/*.tray")):
            giver, taker = path.parent.parent.parent.name, path.parent.name
            try:
                self.mishaps.befall(path, giver, taker)
                tray.move(path, self.world.of(taker, "in"))
            except CardError:  # busy, or the taker has not yet put away one of the same name
                continue
            carried += 1
        return carried + self.mishaps.turn_up()


def _manifests(outbox: Path) -> list[Path]:
    """Packages that are whole, below a folder of folders named after their receivers; in the order of numbers."""
    found = []
    for path in outbox.glob(f"*/*{MANIFEST}"):
        try:
            found.append((Stem.of(path.stem), path))
        except Refused:  # a file that is no package stays where it lies
            continue
    return [path for _, path in sorted(found)]


def _carry(manifest: Path, to: Path) -> None:
    to.mkdir(parents=True, exist_ok=True)
    for suffix in ORDER:
        file = manifest.with_suffix(suffix)
        if file.exists():
            file.rename(to / file.name)


def _copy(manifest: Path, to: Path) -> None:
    to.mkdir(parents=True, exist_ok=True)
    for suffix in ORDER:
        file = manifest.with_suffix(suffix)
        if file.exists():
            part = to / f"{file.name}.part"
            shutil.copyfile(file, part)
            part.rename(to / file.name)


def main(arguments: Sequence[str] | None = None) -> int:
    """Go round until SIGTERM or Ctrl-C, or once."""
    parser = argparse.ArgumentParser(prog="python -m zhika.rehearsal.courier", description="演练用信使: 递送封包与料盘")
    parser.add_argument("folder", type=Path, help="演练目录, 内有各席位目录与 world/")
    parser.add_argument("--once", action="store_true", help="只走一趟")
    parser.add_argument("--every", type=float, default=EVERY, help="两趟之间的秒数")
    parser.add_argument("--twice", type=float, default=0.0, help="重复投递的比例, 0 至 1")
    parser.add_argument("--late", type=float, default=0.0, help="封包最长延误秒数")
    parser.add_argument("--shuffled", action="store_true", help="打乱投递次序")
    parser.add_argument("--seed", type=int, default=0, help="随机种子")
    told = parser.parse_args(arguments)
    courier = Courier(told.folder, told.twice, told.late, told.shuffled, told.seed)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        while True:
            courier.round()
            if told.once:
                return 0
            time.sleep(told.every)
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())
