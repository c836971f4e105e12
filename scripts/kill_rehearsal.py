"""The kill rehearsal in full: a small city undisturbed, and again with thirty deaths or more; exit 1 on a difference.

    python scripts/kill_rehearsal.py [--dir FOLDER] [--seed N]

Workers die at the points of `tests/city/killer.py` and at random moments, and three couriers die on their way. Prints
who died where, and both digests.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
sys.path.insert(0, str(REPOSITORY))

from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402
from tests.city import outcome  # noqa: E402
from tests.city.city import SEATS, copied, found, plan_mishaps  # noqa: E402
from tests.city.killer import MOMENT  # noqa: E402
from tests.city.mortal import Death, Disturbed, left, mortal  # noqa: E402

NAMED: Mapping[str, list[Death]] = {
    "platform": [
        ("batch formed, not committed", 1),
        ("committed, not published", 1),
        ("archived by half", 1),
        ("material kept, not drawn", 1),
        ("tray: a piece in two trays", 7),
        ("staging, after the rename", 2),
        ("published: payload", 1),
        ("tray: sealed, not carried", 1),
        ("tray: chip, before it is written back", 9),
        ("taken in, before the transaction", 2),
        ("accepted, not put away", 1),
        ("tray: carried, not booked", 1),
        ("handed out, not in hand", 1),
    ],
    "icbc": [
        ("accounts reserved", 1),
        ("committed, not published", 1),
        ("published: payload, signature", 1),
        ("taken in, still in the mailbox", 1),
        ("act committed", 1),
        ("tray: stripe", 3),
        ("tray: chip, after it", 8),
    ],
    "abc": [
        ("tray: printing", 2),
        ("staging, before the rename", 1),
        ("published, not marked", 2),
        ("tray: a piece moved", 2),
    ],
    "supplier": [
        ("places reserved", 1),
        ("tray: printing", 4),
        ("serials reserved", 1),
        ("tray: embedding", 3),
        ("tray: a piece in two trays", 5),
        ("erasing", 1),
    ],
    "courier": [
        ("tray: sealed, not carried", 1),
        ("tray: carried, not booked", 1),
        ("tray: carried, not booked", 2),
    ],
}
"""Each one's in the order in which it comes there."""
DEATHS = 30
"""Of workers, at least, besides the couriers'."""
AT_RANDOM = 2
"""Deaths of each seat at random moments, between the named ones."""
SOON = (10, 900)
"""Milliseconds of work before a death at random."""


def plans(seed: int) -> dict[str, list[Death]]:
    """The named deaths, and between them those at random moments."""
    chance = random.Random(seed)
    told = {name: list(deaths) for name, deaths in NAMED.items()}
    for mine in (told[name] for name in SEATS):
        for _ in range(AT_RANDOM):
            mine.insert(chance.randrange(len(mine)), (MOMENT, chance.randint(*SOON)))
    return told


def ended(city: Disturbed) -> tuple[outcome.Told, float]:
    """The city at its end, and the seconds that took."""
    began = time.monotonic()
    try:
        city.to_the_end()
    finally:
        city.close()
    return outcome.of(city.folder), time.monotonic() - began


def main() -> int:
    parser = argparse.ArgumentParser(description="杀进程演练: 同一座城, 一次平安, 一次杀三十次, 终态应相同")
    parser.add_argument("--dir", type=Path, help="保留各城的目录; 省略则用完即删")
    parser.add_argument("--seed", type=int, default=1, help="随机种子")
    told = parser.parse_args()
    folder = told.dir or Path(tempfile.mkdtemp(prefix="kills-"))
    try:
        return rehearse(folder, told.seed, Console(highlight=False))
    finally:
        if told.dir is None:
            shutil.rmtree(folder)


def rehearse(folder: Path, seed: int, console: Console) -> int:
    console.print("建立四个席位 …")
    found(folder / "founded")
    for name in ("undisturbed", "killed"):
        plan_mishaps(copied(folder / "founded", folder / name))
    console.print("一座平安的城 …")
    whole, calm = ended(mortal(folder / "undisturbed", {}))
    console.print("同一座城, 一再被杀 …")
    city = mortal(folder / "killed", plans(seed))
    found_, long = ended(city)
    died = [(name, *death) for name, desk in city.desks.items() for death in desk.died]  # type: ignore[attr-defined]
    couriers = [("courier", *death) for death in city.courier.died]  # type: ignore[attr-defined]
    table = Table(title=f"{len(died)} 次杀工作进程, {len(couriers)} 次杀信使", title_justify="left")
    for head in ("席位", "死在何处", "第几次 / 毫秒"):
        table.add_column(head)
    for name, point, n in [*died, *couriers]:
        table.add_row(name, point, str(n))
    console.print(table)
    differences = list(outcome.differences(whole, found_))
    for line in differences:
        console.print(f"[red]不同[/] {line}", soft_wrap=True)
    for point, n in left(city):
        console.print(f"[red]没有走到[/] {point} {n}")
    console.print(f"平安 {outcome.digest(whole)}  {calm:.0f} 秒\n被杀 {outcome.digest(found_)}  {long:.0f} 秒")
    return int(bool(differences or left(city) or len(died) < DEATHS))


if __name__ == "__main__":
    sys.exit(main())
