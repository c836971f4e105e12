"""What a rehearsal left behind, asked of the seats by commands: books, exceptions, steps, where the products lie."""

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from zhika.card import tray
from zhika.rehearsal.mishaps import KINDS, Mishaps
from zhika.rehearsal.seats import PLANS, PLATFORM, SUPPLIER, TITLES, asked, zhika
from zhika.rehearsal.story import Told
from zhika.rehearsal.world import PEOPLE, WORLD, World, cards_at

Row = Mapping[str, Any]
PRODUCTS = (
    ("交接清单、制卡清单 (PDF)", "*/files/lists/*.pdf"),
    ("交接清单、制卡清单 (XLSX)", "*/files/lists/*.xlsx"),
    ("卡面样张 (证件号码与卡号的中段、有效期、CVV2 已遮盖)", "supplier/files/proofs/*"),
    ("流程图", "charts/*.svg"),
    ("收据、退费凭证、通知单", "platform/files/slips/*.pdf"),
    ("结算单 (拟稿与定稿)", "platform/files/settlements/*"),
    ("寄出的封包 (清单、签名、密文)", "*/mail/sent/*/*.json"),
    ("拒收的封包", "*/mail/rejected/*.reason.txt"),
    ("持卡人手中的卡 (报失的除外)", "world/people/*.tray"),
    ("人手办理的命令", "typed/commands.txt"),
    ("席位配置", "*/seat.toml"),
    ("采集与登记库", "registers/*/*.csv"),
    ("运行日志", "log/*.log"),
)
"""Kinds of products and where they lie, below the rehearsal's folder."""


class Matter(NamedTuple):
    """What somebody wanted, and how it ended."""

    title: str
    serial: str
    ref: str
    ending: str


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
    settlements: Sequence[Row] = ()
    cases: Sequence[Row] = ()
    """Differences of handovers and counts as the platform has them, those that are closed among them."""
    matters: Sequence[Matter] = ()
    """What single people wanted, and how it ended."""

    @property
    def processes(self) -> Mapping[str, str]:
        """Batch → its chart's name."""
        return {batch["code"]: batch["process"] for batch in self.batches}

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


def gather(
    folder: Path, seed: int, seconds: float, troubles: Mapping[str, Sequence[str]], told: Sequence[Told] = ()
) -> Findings:
    """Ask the seats, side by side.

    `troubles` is what their to-do lists showed last as set aside, `told` what single people wanted.
    """
    platform, world = folder / PLATFORM, World(folder / WORLD)
    (folder / "charts").mkdir(exist_ok=True)
    with ThreadPoolExecutor(max_workers=3) as pool:
        books = {p.name: pool.submit(partial(asked, fine=(0, 1)), folder / p.name, "books", "--prove") for p in PLANS}
        exceptions = pool.submit(asked, platform, "exceptions")
        rejected = pool.submit(asked, platform, "rejected")
        settled = pool.submit(asked, platform, "settlements")
        cases = pool.submit(asked, platform, "cases", "--all")
        requests = pool.submit(asked, platform, "requests")
        blocks = {p.name: pool.submit(asked, folder / p.name, "blocks") for p in PLANS if p.name != SUPPLIER}
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
        rejected=rejected.result(), troubles=troubles, settlements=settled.result(),
        cases=cases.result(),
        matters=_matters(
            told, requests.result(), exceptions.result(), {seat: one.result() for seat, one in blocks.items()},
            {serial for _, serial, _ in cards_at(world.folder / PEOPLE, world.secret)},
        ),
        mishaps={
            KINDS[kind].title: chosen.serials for kind, chosen in Mishaps(world).chosen.items()
        },
    )  # fmt: skip


def _by_batch(batches: Sequence[Row], rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {batch["code"]: [] for batch in batches}
    for row in sorted(rows, key=lambda row: row["happened_at"]):
        if row["batch"] in found and row["subject"] == row["batch"]:
            found[row["batch"]].append(row)
    return found


def _matters(
    told: Sequence[Told], requests: Sequence[Row], failed: Sequence[Row], blocks: Mapping[str, Sequence[Row]],
    held: Set[str],
) -> list[Matter]:  # fmt: skip
    """Each with its ending: the request's, that of whoever left a batch, or where the card is and whether blocked."""
    by_ref = {row["ref"]: row for row in requests}
    by_card = {row["old_card"]: row for row in requests if row["old_card"]}
    ended = {row["serial"]: row["ended"] for row in failed if row["serial"]}
    blocked: defaultdict[str, list[str]] = defaultdict(list)
    for seat, rows in blocks.items():
        for row in rows:
            blocked[row["serial"]].append(f"{TITLES[seat]}: {row['title']}")
    found = []
    for one in told:
        request = by_ref.get(one.ref) or by_card.get(one.serial)
        if request:
            ending = _of_request(request)
        else:
            hand = "在本人手中" if one.serial in held else "不在本人手中"
            ending = ended.get(one.serial) or "; ".join([hand, *(blocked[one.serial] or ["没有挂失"])])
        found.append(Matter(one.title, one.serial, request["ref"] if request else "", ending))
    return found


def _of_request(row: Row) -> str:
    """How far a request has come.

    >>> _of_request({"state": "withdrawn", "old_card": "QZ26000000017", "payment": "S-02-2026-000001"})
    '已撤回, 收据 S-02-2026-000001, 已退'
    """
    paid = f", 收据 {row['payment']}" if row["old_card"] and row["payment"] else ""
    if row["state"] == "withdrawn":
        return f"已撤回{paid and f'{paid}, 已退'}"
    if row["collected"]:
        return f"新卡 {row['serial']} 已领{paid}"
    if row["ended"]:
        return f"已终止{paid}"
    return ("在制" if row["batch"] else "未进入批次") + paid
