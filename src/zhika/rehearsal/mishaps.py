"""The mishaps of a rehearsal as a plan: what happens to which office's cards, and on which way.

The plan lies in WORLD/mishaps.json; what was chosen is written to WORLD/mishaps.done.json before it is done, so that a
courier killed in the middle does the same again and not another one.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from zhika.card.tray import open_for_work, seal
from zhika.rehearsal import faults
from zhika.rehearsal.offices import RURAL, URBAN
from zhika.rehearsal.world import ASIDE, World

PLAN, DONE = "mishaps.json", "mishaps.done.json"
FOUND = "found.tray"
"""Where a card that was short turns up: in the giver's folder `in`."""
AWAY = {"short": FOUND, "module": "never-found.tray"}
"""What leaves its tray unseen, and where it lies aside."""
BETWEEN = "--"
"""Stands in a travelling tray's name between the handover's code and the name that it had on the bench."""


@dataclass(frozen=True)
class Kind:
    """A kind of mishap: with which document the tray travels, which tray of it, how many pieces are hit."""

    title: str
    document: str
    tray: str
    pieces: int
    scheme: str
    office: int
    """0 or 1: which of the scheme's two offices of the rehearsal."""


KINDS: Mapping[str, Kind] = {
    "dead-chip": Kind("一枚芯片失效", "material", "modules", 1, URBAN, 0),
    "misprint": Kind("一张卡姓名印错", "semi-finished", "cards", 1, URBAN, 1),
    "swap": Kind("两张卡芯片互换", "rural-production-handover", "cards", 2, RURAL, 0),
    "short": Kind("一张卡交接短少, 后找回", "card-list", "good", 1, RURAL, 1),
    "number": Kind("一张卡卡号印错", "production-handover", "cards", 1, URBAN, 0),
    "stripe": Kind("一条磁条失磁", "production-handover", "cards", 1, URBAN, 1),
    "module": Kind("一枚芯片模块交接短少, 未找回", "material", "modules", 1, URBAN, 1),
}
CHARTS = {URBAN: "A1", RURAL: "B1"}
"""What befalls cards befalls those of the batch charts."""
FEW = ("dead-chip", "misprint", "swap", "short")
"""What befalls every rehearsal; all of them befall a whole year."""


@dataclass
class Chosen:
    """What was chosen for one mishap: the tray, as it travels from whom to whom, and the pieces."""

    tray: str
    giver: str
    taker: str
    uids: list[str]
    serials: list[str]
    chips: dict[str, str]
    """For the exchange of chips: which module each piece is to hold."""


class Mishaps:
    """The plan of a world, and what became of it."""

    def __init__(self, world: World) -> None:
        self.world = world
        told: dict[str, Any] = _read(world.folder / PLAN)
        self.seed: int = told.get("seed", 0)
        self.offices: dict[str, str] = told.get("offices", {})
        self.chosen = {kind: Chosen(**entry) for kind, entry in _read(world.folder / DONE).items()}

    @staticmethod
    def plan(world: World, seed: int, offices: Mapping[str, tuple[str, ...]], kinds: Iterable[str] = FEW) -> None:
        """Write the plan: `offices` are the codes of each scheme's offices, `kinds` what is to happen."""
        hit = {name: offices[KINDS[name].scheme][KINDS[name].office] for name in kinds}
        _write(world.folder / PLAN, {"seed": seed, "offices": hit})

    def befall(self, path: Path, giver: str, taker: str) -> None:
        """Let happen to a travelling tray what is planned for it; TrayBusy while somebody works on it."""
        for name, kind in KINDS.items():
            if self._meant(name, kind, path):
                self._do(name, kind, path, giver, taker)

    def turn_up(self) -> bool:
        """Put a card that was short where it is found, once its tray has been counted without it."""
        chosen = self.chosen.get("short")
        aside = self.world.folder / ASIDE / FOUND
        if chosen is None or not aside.exists():
            return False
        on_its_way = (
            self.world.of(chosen.giver, "out") / chosen.taker / chosen.tray,
            self.world.of(chosen.taker, "in") / chosen.tray,
        )
        if any(path.exists() for path in on_its_way):
            return False
        target = self.world.of(chosen.giver, "in") / FOUND
        target.parent.mkdir(parents=True, exist_ok=True)
        seal(aside)
        aside.rename(target)
        return True

    def _meant(self, name: str, kind: Kind, path: Path) -> bool:
        """The tray of the planned office's first batch handover of this document, and no later one."""
        if name in self.chosen:
            return self.chosen[name].tray == path.name
        handover, _, tray = path.name.partition(BETWEEN)
        batch, _, document = handover.partition("~")
        of = batch.split("-")[:2] == [CHARTS[kind.scheme], self.offices.get(name)]
        return of and document == kind.document and tray.endswith(f".{kind.tray}.tray")

    def _do(self, name: str, kind: Kind, path: Path, giver: str, taker: str) -> None:
        secret = self.world.secret
        with open_for_work(path, secret) as opened:
            if name not in self.chosen:
                hit = faults.choose(opened.pieces(), kind.pieces, self.seed, name, self.offices[name])
                if len(hit) < kind.pieces:
                    return
                chips = faults.chips_after_exchange(*hit) if name == "swap" else {}
                serials = [piece.serial or "" for piece in hit]
                self._remember(name, Chosen(path.name, giver, taker, [piece.uid for piece in hit], serials, chips))
            chosen = self.chosen[name]
            for piece in [piece for piece in opened if piece.uid in chosen.uids]:
                if name == "dead-chip":
                    faults.kill_chip(opened, piece)
                elif name == "misprint":
                    faults.misprint_name(opened, piece)
                elif name == "number":
                    faults.misprint_number(opened, piece)
                elif name == "stripe":
                    opened.demagnetise(piece)
            if name in AWAY:
                faults.take_out(opened, chosen.uids, self.world.folder / ASIDE / AWAY[name], secret)
        if name == "swap":
            faults.exchange_chips(path, chosen.chips)

    def _remember(self, name: str, chosen: Chosen) -> None:
        self.chosen[name] = chosen
        _write(self.world.folder / DONE, {kind: asdict(entry) for kind, entry in self.chosen.items()})


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return told


def _write(path: Path, value: object) -> None:
    """Whole or not at all."""
    part = path.with_name(f"{path.name}.part")
    part.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")
    part.replace(path)
