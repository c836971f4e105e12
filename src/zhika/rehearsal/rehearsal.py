"""One rehearsal from its beginning to its end: seats, courier and cast at work side by side.

Nothing here knows an order of steps: it ends when nobody wants to do anything any more and nothing is on its way.
"""

import shlex
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.live import Live

from zhika.card.trayfile import TrayBusy
from zhika.errors import ConfigurationError, ZhikaError
from zhika.rehearsal import plans, report, walkins, world
from zhika.rehearsal.calendar import CALENDAR, clock, live_by, turn
from zhika.rehearsal.cast import Cast, Command, Item, written
from zhika.rehearsal.findings import Findings, gather
from zhika.rehearsal.live import Board
from zhika.rehearsal.mishaps import FEW, KINDS, Mishaps
from zhika.rehearsal.offices import SCHEMES
from zhika.rehearsal.people import City, draw
from zhika.rehearsal.photos import take
from zhika.rehearsal.seats import (
    PLANS,
    PLATFORM,
    PROCESSES,
    CommandFailed,
    argv,
    asked,
    asked_apart,
    environment,
    found,
    furnish,
    terminals,
    zhika,
)
from zhika.rehearsal.story import AWAY, PAGES, Page, Stage, spoil

MARK = "demo.toml"
"""Shows that a folder is a rehearsal's, and may be made anew."""
TYPED = "typed"
"""Folder of what people typed: the commands, and the tables that they named."""
QUIET = 1.0
"""Seconds without a word after which one looks what waits for people."""
SOON, OFTEN, RARELY = 2.0, 15.0, 6.0
"""Seconds after which one looks again: for what was seen coming; where there is no quiet; where nothing was told."""
WALK_INS = 4
"""People of each scheme who come by themselves, where all six charts are walked."""
MORE = 60
"""Blanks, modules and blanks with chip bought besides, for single cards and new starts."""
BATCHES = Page(0, "批量", lambda stage: iter(()))
"""The one page of a rehearsal of the batches alone."""
PATIENCE = 3
"""How often a command that was refused is typed again."""
STUCK, STUCK_EACH = 90.0, 0.1
"""Seconds without anything happening after which the rehearsal is given up, and more for each person."""


@dataclass
class Rehearsal:
    """One rehearsal under way."""

    folder: Path
    city: City
    cast: Cast
    board: Board
    processes: list[subprocess.Popen[str]] = field(default_factory=list)
    content: dict[str, int] = field(default_factory=dict)
    """Seat → what it had told when nobody there wanted to do anything any more."""
    failed: list[BaseException] = field(default_factory=list)
    asked: float = 0.0
    """When the seats were last asked whether their batches are closed."""
    closed: dict[str, int] = field(default_factory=dict)
    """Seat → what it had told when all its batches were closed."""
    troubles: dict[str, list[str]] = field(default_factory=dict)
    """Seat → what its to-do list showed last as set aside."""
    ended: threading.Event = field(default_factory=threading.Event)
    vain: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Seat and work → how often in a row it was refused."""
    talking: threading.Lock = field(default_factory=threading.Lock)
    """One seat's people at a time ask the cast what they do."""

    def run(self, stage: Stage, pages: Sequence[Page]) -> None:
        """All pages, from the first to the last."""
        live = Live(self.board, console=self.board.console, refresh_per_second=4, transient=False)
        try:
            with live if self.board.live else nullcontext():
                self._start()
                for page in pages:
                    self._live_through(page, stage)
        finally:
            self._stop()

    def _start(self) -> None:
        """The seats' workers and the courier; what they complain of goes to log/."""
        logs = self.folder / "log"
        logs.mkdir(exist_ok=True)
        for plan in PLANS:
            self._watch(plan.name, argv(self.folder / plan.name, ("work", "--watch", "--json")), logs)
        self._watch("courier", [sys.executable, "-m", "zhika.rehearsal.courier", str(self.folder)], logs)
        for plan in PLANS:
            threading.Thread(target=self._desk, args=(plan.name,), daemon=True).start()

    def _watch(self, name: str, words: list[str], logs: Path) -> None:
        with (logs / f"{name}.log").open("a", encoding="utf-8") as log:
            process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=log, text=True, env=environment())
        self.processes.append(process)
        threading.Thread(target=self._listen, args=(name, process), daemon=True).start()

    def _listen(self, name: str, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.board.tell(name, line)
        if not self.ended.is_set():
            self.failed.append(ZhikaError(f"{name} 已退出 (退出码 {process.wait()}), 见 log/{name}.log"))

    def _desk(self, seat: str) -> None:
        """The people of one seat: whenever it is quiet and something has changed, they look what waits for them."""
        looked, last, patient = 0, time.monotonic(), False
        try:
            while not self.ended.wait(0.2):
                told = self.board.counted[seat]
                since = time.monotonic() - last
                changed = told != looked or ((patient or self._waits(seat)) and since > SOON) or since > RARELY
                if not changed or (self.board.quiet(seat) < QUIET and since < OFTEN):
                    continue
                looked, last = told, time.monotonic()
                items = asked(self.folder / seat, "todo")
                self._forgive(seat, items)
                self.troubles[seat] = [f"{i['subject']} {i['title']}" for i in items if i["kind"] == "trouble"]
                with self.talking:
                    commands, patient = self._answers(items)
                if commands or patient:  # until then who was content stays so, however often one looks again
                    self.content.pop(seat, None)
                for command in commands:
                    self._type(seat, command)
                patient |= any(here == seat for here, _ in self.vain)
                if not (commands or patient or self._waits(seat)):
                    self.content[seat] = told
        except Exception as error:  # noqa: BLE001 - a thread's error is the rehearsal's: told by `run`
            self.failed.append(error)

    def _answers(self, items: Sequence[Item]) -> tuple[list[Command], bool]:
        """What the cast says to what is listed, and whether it has patience with something."""
        try:
            return list(self.cast.answers(items)), self.cast.patient
        except TrayBusy:  # somebody works on the cards that one wanted to look at
            return [], True

    def _forgive(self, seat: str, items: Sequence[Item]) -> None:
        """What was refused and waits no more was done by somebody else meanwhile: nobody tries it again."""
        waiting = {item["work"] for item in items}
        for here, work in list(self.vain):
            if here == seat and work not in waiting:
                del self.vain[here, work]

    def _type(self, seat: str, command: Command) -> None:
        try:
            self._typed(seat, command)
        except CommandFailed:
            # A tray in a worker's hands, something not yet come: one tries again later, but not for ever.
            self.vain[seat, command.work] += 1
            if self.vain[seat, command.work] > PATIENCE:
                raise
            return
        self.vain.pop((seat, command.work), None)

    def _typed(self, seat: str, command: Command) -> None:
        words = list(command.words)
        if command.rows:
            words += ["--file", str(written(command.rows, self.folder / TYPED))]
        with (self.folder / TYPED / "commands.txt").open("a", encoding="utf-8") as transcript:
            transcript.write(f"{self._today():%Y-%m-%d %H:%M:%S}  zhika -C {seat} {shlex.join(words)}\n")
        said = zhika(self.folder / seat, *words)
        self.board.did(seat, command.work, command.done, said.splitlines()[0])

    def _today(self) -> datetime:
        """The time, on the calendar's day."""
        return live_by(self.folder / world.WORLD / CALENDAR, clock)()

    def _waits(self, seat: str) -> bool:
        """Whether a tray stands at the door of one of a seat's organisations."""
        elsewhere = {plan.name for plan in PLANS} - {PLATFORM}
        at = [path.parent.parent.name for path in self._on_their_way("in")]
        return any((name not in elsewhere) if seat == PLATFORM else name == seat for name in at)

    def _on_their_way(self, place: str) -> list[Path]:
        return list((self.folder / world.WORLD).glob(f"*/{place}/{'*/' if place == 'out' else ''}*--*.tray"))

    def finished(self) -> bool:
        """Nobody wants anything, nothing is on its way, and all have been quiet since."""
        if any(self.content.get(plan.name) != self.board.counted[plan.name] for plan in PLANS):
            return False
        mail = [*self.folder.glob("*/mail/out/*/*.json"), *self.folder.glob("*/mail/in/*.json")]
        aside = self.folder / world.WORLD / world.ASIDE / "found.tray"
        quiet = min(self.board.quiet(plan.name) for plan in PLANS) > 2 * QUIET
        moving = mail or aside.exists() or self._on_their_way("out") or self._on_their_way("in")
        return quiet and not moving and self._closed()

    def _closed(self) -> bool:
        """Whether every seat has closed its batches: a worker in the middle of a long step tells nothing meanwhile."""
        if time.monotonic() - self.asked < SOON:
            return False
        self.asked = time.monotonic()
        for plan in PLANS:
            told = self.board.counted[plan.name]
            if self.closed.get(plan.name) != told:
                batches = asked(self.folder / plan.name, "batches")
                if not batches or not all(batch["closed_at"] for batch in batches):
                    return False
                self.closed[plan.name] = told
        return True

    def _live_through(self, page: Page, stage: Stage) -> None:
        """One page of the calendar: it is turned, people come, and what follows from it is done to the end."""
        if page.days:
            days = turn(self.folder / world.WORLD / CALENDAR, page.days)
            self.board.turned(f"{page.title} (第 {days + 1} 天)")
            self.content.clear()
            self.closed.clear()
        for seat, command in page.visits(stage):
            self._insist(seat, command)
        self.wait()

    def _insist(self, seat: str, command: Command) -> None:
        """What nobody will list again is typed until it is done: a tray may be in somebody's hands."""
        for left in reversed(range(PATIENCE)):
            try:
                return self._typed(seat, command)
            except CommandFailed:
                if not left:
                    raise
                time.sleep(SOON)

    def wait(self) -> None:
        """Until all is done; raises what went wrong, or that nothing happens any more."""
        while not self.finished():
            if self.failed:
                raise self.failed[0]
            patience = STUCK + STUCK_EACH * sum(rows.height for rows in self.city.collected.values())
            if min(self.board.quiet(plan.name) for plan in PLANS) > patience:
                raise ZhikaError(f"{patience:.0f} 秒没有动静, 演练中止。\n{self._where_it_stands()}")
            time.sleep(0.2)

    def _where_it_stands(self) -> str:
        troubles = [f"{seat} {subject} {work}: {text}" for (seat, subject, work), text in self.board.troubles.items()]
        waiting = [
            f"{plan.name} 待办: {item['title']} {item['subject']} ({item['waits_for']})"
            for plan in PLANS
            for item in asked_apart(self.folder / plan.name, "todo")[:20]
        ]
        return "\n".join(troubles + waiting)

    def _stop(self) -> None:
        """End every process: asked first, then made to."""
        self.ended.set()
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def run(
    folder: Path, people: int, seed: int, registers: Path, console: Console, *, keep: bool = False, all_: bool = False
) -> Findings:
    """A whole rehearsal in `folder`: afterwards all stands there to look at, report.html first.

    `all_`: a year with all six charts (`story`), not the batches alone. `keep`: the tables that the cast typed stay
    too; they hold ID numbers, and nobody needs them afterwards.
    """
    started = time.monotonic()
    _clear(folder, people, seed)
    console.print(f"抽取 {people} 人, 两个制度各两个经办机构 …")
    city = draw(registers, people, seed, folder / "registers")
    take(city, folder / "registers")
    collected = sum(rows.height for rows in city.collected.values())
    spare = MORE if all_ else 0
    things = world.create(folder / world.WORLD, collected + spare, spare)
    offices = {s: tuple(o.code for o in city.offices if o.scheme == s) for s in SCHEMES}
    Mishaps.plan(things, seed, offices, KINDS if all_ else FEW)
    cast = Cast.of(city, things, seed, AWAY if all_ else 1)
    stage = Stage(folder, things, city, cast)
    if all_:
        spoil(stage, seed)
        city = stage.city
    found(folder, city, lambda text: console.print(f"{text} …"))
    with ExitStack() as stack:
        if not keep:
            stack.callback(forget, folder)
        stack.enter_context(terminals(folder / plan.name for plan in PLANS))
        furnish(folder, city, folder / "registers", seed, lambda text: console.print(f"{text} …"))
        board = Board(console)
        for scheme in SCHEMES:
            board.did(PLATFORM, "collect", {scheme: city.collected[scheme].height}, f"采集: {PROCESSES[scheme]}")
        rehearsal = Rehearsal(folder, city, cast, board)
        if all_:
            turn(things.folder / CALENDAR, 0)
            plans.lay_out(registers.parent, city.offices, folder / "registers")
            stage.forms = walkins.draw(registers, city, WALK_INS, seed, folder / "registers")
        rehearsal.run(stage, PAGES if all_ else (BATCHES,))
        findings = gather(folder, seed, time.monotonic() - started, rehearsal.troubles, stage.told)
    report.write(findings, folder)
    return findings


def forget(folder: Path) -> None:
    """Remove the tables that commands named; the commands themselves stay."""
    for table in (folder / TYPED).glob("*.csv"):
        table.unlink()


def _clear(folder: Path, people: int, seed: int) -> None:
    """A new rehearsal takes the place of an old one, and of nothing else."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).exists():
            raise ConfigurationError(f"{folder} 已有别的内容, 不会覆盖。用 --dir 另选一个目录")
        shutil.rmtree(folder)
    (folder / "registers").mkdir(parents=True)
    (folder / TYPED).mkdir(mode=0o700)
    (folder / MARK).write_text(f"people = {people}\nseed = {seed}\n", encoding="utf-8")
