"""What a rehearsal left behind, asked of the seats by commands: books, exceptions, steps, where the products lie."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from zhika.card import tray
from zhika.rehearsal.mishaps import KINDS, Mishaps
from zhika.rehearsal.seats import PLANS, PLATFORM, asked, zhika
from zhika.rehearsal.world import World

Row = Mapping[str, Any]
PRODUCTS = (
    ("交接清单、制卡清单 (PDF)", "*/files/lists/*.pdf"),
    ("交接清单、制卡清单 (XLSX)", "*/files/lists/*.xlsx"),
    ("卡面样张 (证件号码与卡号的中段、有效期、CVV2 已遮盖)", "supplier/files/proofs/*"),
    ("流程图", "charts/*.svg"),
    ("寄出的封包 (清单、签名、密文)", "*/mail/sent/*/*.json"),
    ("拒收的封包", "*/mail/rejected/*.reason.txt"),
    ("持卡人手中的卡", "world/people/*.tray"),
    ("人手办理的命令", "typed/commands.txt"),
    ("席位配置", "*/seat.toml"),
    ("采集与登记库", "registers/*/*.csv"),
    ("运行日志", "log/*.log"),
)
"""Kinds of products and where they lie, below the rehearsal's folder."""


@dataclass(frozen=True)
class Findings:
    """All that the page and the closing tables show."""

    folder: Path
    seed: int
    seconds: float
    """Of the whole rehearsal, the founding of the seats among them."""
    batches: Sequence[Row]
    steps: Mapping[str, Sequence[Row]]
    """Batch → rows done on any seat, as the platform knows them, in order of time."""
    books: Mapping[str, Sequence[Row]]
    """Seat → lines of its books."""
    breaches: Mapping[str, Sequence[str]]
    """Seat → laws broken there; empty where all is well."""
    exceptions: Sequence[Row]
    rejected: Sequence[Row]
    troubles: Mapping[str, Sequence[str]]
    """Seat → steps set aside with their error."""
    mishaps: Mapping[str, Sequence[str]]
    """What was arranged and happened → the card serials hit."""
    charts: Mapping[str, Path]
    """Batch → its chart."""

    @property
    def sound(self) -> bool:
        """Every book balances, no law is broken, and nothing was set aside."""
        return not any(self.breaches.values()) and not any(self.troubles.values())

    def products(self) -> Mapping[str, Sequence[Path]]:
        """Kind of product → its files, relative to the folder."""
        found = {title: sorted(self.folder.glob(pattern)) for title, pattern in PRODUCTS}
        return {title: [path.relative_to(self.folder) for path in paths] for title, paths in found.items() if paths}

    def pieces(self, paths: Sequence[Path]) -> int:
        """How many things these files are: the cards that lie in them, where they are trays."""
        return sum(tray.count(self.folder / path) if path.suffix == ".tray" else 1 for path in paths)


def gather(folder: Path, seed: int, seconds: float, troubles: Mapping[str, Sequence[str]]) -> Findings:
    """Ask the seats, side by side; `troubles` is what their to-do lists showed last as set aside."""
    platform = folder / PLATFORM
    (folder / "charts").mkdir(exist_ok=True)
    with ThreadPoolExecutor(max_workers=3) as pool:
        books = {p.name: pool.submit(partial(asked, fine=(0, 1)), folder / p.name, "books", "--prove") for p in PLANS}
        exceptions = pool.submit(asked, platform, "exceptions")
        rejected = pool.submit(asked, platform, "rejected")
        steps = pool.submit(asked, platform, "steps")
        batches = asked(platform, "batches")
        charts = {batch["code"]: folder / "charts" / f"{batch['code']}.svg" for batch in batches}
        drawn = [
            pool.submit(zhika, platform, "flows", b["process"], "--svg", str(charts[b["code"]]), "--batch", b["code"])
            for b in batches
        ]
        for future in drawn:
            future.result()
    return Findings(
        folder=folder, seed=seed, seconds=seconds, batches=batches, charts=charts,
        steps=_by_batch(batches, steps.result()),
        books={name: future.result()["lines"] for name, future in books.items()},
        breaches={name: future.result()["breaches"] for name, future in books.items()},
        exceptions=sorted(exceptions.result(), key=lambda row: (row["batch"], row["application"])),
        rejected=rejected.result(), troubles=troubles,
        mishaps={
            KINDS[kind].title: chosen.serials for kind, chosen in Mishaps(World(folder / "world")).chosen.items()
        },
    )  # fmt: skip


def _by_batch(batches: Sequence[Row], rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {batch["code"]: [] for batch in batches}
    for row in sorted(rows, key=lambda row: row["happened_at"]):
        if row["batch"] in found and row["subject"] == row["batch"]:
            found[row["batch"]].append(row)
    return found
