"""A small city on four real seats: founded once, copied, and driven by nothing but what `zhika todo` lists."""

import fcntl
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zhika.card import tray
from zhika.rehearsal import people, seats, walkins, world
from zhika.rehearsal.courier import Courier
from zhika.rehearsal.mishaps import Mishaps
from zhika.rehearsal.offices import SCHEMES
from zhika.rehearsal.photos import take
from zhika.rehearsal.seats import environment
from zhika.rehearsal.world import cards_at

REPOSITORY = Path(__file__).parents[2]
REGISTERS = REPOSITORY / "examples" / "registers"
PEOPLE, SEED = 44, 3
WALK_INS, CHIP_BLANKS = 2, 12
"""People of each scheme who come by themselves, and what their cards and the next ones are made of."""
SEATS = ("platform", "icbc", "abc", "supplier")
CLERKS = {"<by>": "王芳", "<second>": "李敏", "<evidence>": "签领表 1", "<reason>": "清点料箱时找到"}
LEFT = frozenset({"clear_cause", "restart"})
"""What nobody does unless a test wants it: who failed waits."""
OTHERS = {"apply": "陈明", "hand_out": "吴芬", "accept": "孙丽"}
"""Whose work is not the same clerk's: who enters doesn't review, who makes doesn't hand out, who gives doesn't take."""
SERIAL, ID_SHOWN = "<serial>", "<id_no>"
ROUNDS = 60
"""Far more than a city needs: it is stuck before."""

Item = Mapping[str, Any]


def found(folder: Path) -> None:
    """Draw the people, make the world, found the four seats; nothing has happened yet but the handing in."""
    (folder / "registers").mkdir(parents=True)
    city = people.draw(REGISTERS, PEOPLE, SEED, folder / "registers")
    take(city, folder / "registers")
    world.create(folder / "world", sum(rows.height for rows in city.collected.values()) + CHIP_BLANKS, CHIP_BLANKS)
    seats.found(folder, city, lambda _: None)
    with seats.terminals(folder / name for name in SEATS):
        seats.furnish(folder, city, folder / "registers", SEED, lambda _: None)
    walkins.draw(REGISTERS, city, WALK_INS, SEED, folder / "registers")
    offices = {s: tuple(o.code for o in city.offices if o.scheme == s) for s in SCHEMES}
    (folder / "offices.json").write_text(json.dumps(offices), encoding="utf-8")


def copied(source: Path, target: Path) -> Path:
    """Another city that stands where this one stands, with a world of its own."""
    shutil.copytree(source, target)
    for name in SEATS:
        toml = target / name / "seat.toml"
        text = toml.read_text(encoding="utf-8")
        toml.write_text(re.sub(r'(?m)^world = ".*"$', f'world = "{target / "world"}"', text), encoding="utf-8")
    return target


def plan_mishaps(folder: Path) -> None:
    """The rehearsal's own mishaps: a dead chip, a misprint, two chips exchanged, a card short and found again."""
    Mishaps.plan(world.World(folder / "world"), SEED, json.loads((folder / "offices.json").read_text(encoding="utf-8")))


@dataclass
class Desk:
    """One seat with a terminal that stays open."""

    home: Path
    arrange: str = ""
    """Module of a test that makes this party work badly."""

    def __post_init__(self) -> None:
        arranged = [self.arrange] if self.arrange else []
        words = [sys.executable, "-m", "tests.city.desk", str(self.home.resolve()), *arranged]
        self.said = self.home.parent / "said" / f"{self.home.name}.log"
        self.said.parent.mkdir(exist_ok=True)
        self._complaints = self.said.with_suffix(".stderr").open("w")
        self.process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._complaints, text=True, cwd=REPOSITORY,
            env=environment(),
        )  # fmt: skip

    def zhika(self, *words: str, fine: Sequence[int] = (0,)) -> str:
        """Type one command; AssertionError with what was said unless it ends with one of `fine`."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(["-C", str(self.home), *words]) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"{self.home.name}: the seat's process has ended, see {self._complaints.name}"
        code, out, err = json.loads(line)
        with self.said.open("a", encoding="utf-8") as log:
            log.write(f"$ {words}\n{out}{err}")
        assert code in fine, f"zhika -C {self.home.name} {' '.join(words)}\n{out[-500:]}\n{err[-2000:]}"
        return str(out)

    def asked(self, *words: str, fine: Sequence[int] = (0,)) -> Any:
        return json.loads(self.zhika(*words, "--json", fine=fine))

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=120)
        self._complaints.close()


@dataclass
class City:
    """Four desks, a courier, and people who answer what is listed, knowing no order of steps."""

    folder: Path
    arrange: Mapping[str, str] = field(default_factory=dict)
    meddle: Callable[[Courier], None] = lambda courier: None
    """Happens to the things on their way before every round of the courier."""
    leaves: frozenset[str] = LEFT
    """Works that nobody does, though they are listed."""
    typed: list[dict[str, Any]] = field(default_factory=list)
    """Every command typed, with the items that listed it."""

    def __post_init__(self) -> None:
        self.courier = Courier(self.folder)
        self.desks = {name: Desk(self.folder / name, self.arrange.get(name, "")) for name in SEATS}

    def to_the_end(self) -> None:
        """Go on until nobody has anything to do, nothing is on its way, and the program rests."""
        for _ in range(ROUNDS):
            if not self._round():
                troubles = [
                    item for desk in self.desks.values() for item in desk.asked("todo") if item["kind"] == "trouble"
                ]
                assert not troubles, troubles
                (self.folder / "typed.json").write_text(json.dumps(self.typed, ensure_ascii=False), encoding="utf-8")
                return
        raise AssertionError(f"no end after {ROUNDS} rounds: {[d.asked('todo') for d in self.desks.values()]}")

    def _round(self) -> int:
        with ThreadPoolExecutor(len(SEATS)) as pool:
            done = sum(len(out.splitlines()) for out in pool.map(lambda d: d.zhika("work"), self.desks.values()))
            self.meddle(self.courier)
            done += self.courier.round()
            listed = list(pool.map(lambda d: d.asked("todo"), self.desks.values()))
        for seat, items in zip(SEATS, listed, strict=True):
            done += self._answer(seat, items)
        return done

    def _answer(self, seat: str, items: Sequence[Item]) -> int:
        """Type what is listed, what differs in its subject alone with one command; returns how many commands."""
        ready = [item for item in items if item["command"] and item["work"] not in self.leaves]
        asking = [item for item in ready if any(ID_SHOWN in word for word in item["command"])]
        shown = self._ids() if asking else {}
        come = [(item, serial) for item in asking for serial in item["serials"] if serial in shown]
        for item, serial in come:
            listed = [word.replace(SERIAL, serial) for word in item["command"]]
            words = [said(word.replace(ID_SHOWN, shown[serial]), item["work"]) for word in listed]
            self._type(seat, words, [{**item, "command": listed}])
        alike: dict[tuple[str, ...], list[Item]] = {}
        for item in ready:
            if item not in asking:
                rest = tuple(said(word, item["work"]) for word in item["command"] if word != item["subject"])
                alike.setdefault(rest, []).append(item)
        for rest, group in alike.items():
            self._type(seat, [*rest[:2], *(item["subject"] for item in group), *rest[2:]], group)
        return len(alike) + len(come)

    def _type(self, seat: str, words: Sequence[str], items: Sequence[Item]) -> None:
        self.desks[seat].zhika(*words)
        self.typed.append({"seat": seat, "words": list(words), "listed": [item["command"] for item in items]})

    def _ids(self) -> dict[str, str]:
        """Card → the ID that its holder shows at a counter, with the card in hand or to fetch it."""
        things = self.courier.world
        shown = {serial: face["id_no"] for _, serial, face in cards_at(things.folder / world.PEOPLE, things.secret)}
        for bench in things.folder.glob("*/bench/*.good.tray"):
            with tray.open_for_work(bench, things.secret) as lying:
                shown |= {p.serial: lying.camera(p, hidden={"expiry", "cvv2"})["id_no"] for p in lying if p.serial}
        return shown

    def close(self) -> None:
        for desk in self.desks.values():
            desk.close()


def said(word: str, work: str) -> str:
    """What a clerk types for a word that only a person can say."""
    return OTHERS.get(work, CLERKS[word]) if word == "<by>" else CLERKS.get(word, word)


@contextmanager
def working(folder: Path, **how: Any) -> Iterator[City]:
    """The seats of a city, open until the end of the block."""
    city = City(folder, **how)
    try:
        yield city
    finally:
        city.close()


@contextmanager
def once(folder: Path, name: str) -> Iterator[Path | None]:
    """A folder that whoever comes first makes; the path while it is still to be made, None when it stands."""
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (folder / f"{name}.made").exists():
            yield None
            return
        shutil.rmtree(folder / name, ignore_errors=True)
        yield folder / name
        (folder / f"{name}.made").touch()
