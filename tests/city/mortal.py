"""A city whose workers die: seats killed as planned and started again, couriers killed on their way."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.city.city import REPOSITORY, SEATS, City, Desk, Item
from zhika.rehearsal.courier import Courier
from zhika.rehearsal.seats import environment

Death = tuple[str, int]
"""Point of `killer`, and the how-manieth time."""


@dataclass
class Mortal(Desk):
    """A seat's terminal that dies as planned, and is opened again with the next death in store."""

    plan: list[Death] = field(default_factory=list)
    died: list[Death] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._next = self.plan.pop(0) if self.plan else None
        file = self.home.parent / "kills" / self.home.name
        file.parent.mkdir(exist_ok=True)
        file.unlink(missing_ok=True)
        if self._next:
            file.write_text(f"{self._next[0]} {self._next[1]}", encoding="utf-8")
        self.arrange = "tests.city.killer"
        super().__post_init__()

    @property
    def left(self) -> list[Death]:
        """Deaths that nobody has died: the worker never came there."""
        return [*([self._next] if self._next else []), *self.plan]

    def zhika(self, *words: str, fine: Sequence[int] = (0,)) -> str:
        """As a terminal's; who is killed at work is started again, what was typed by hand is looked at anew."""
        try:
            return super().zhika(*words, fine=fine)
        except (AssertionError, BrokenPipeError):
            if self._next is None or self.process.wait(timeout=20) != -signal.SIGKILL:
                raise
        self.died.append(self._next)
        self.__post_init__()
        if words[0] == "do":
            return ""
        again = self.zhika(*words, fine=fine)
        return again if words[0] == "todo" else f"killed\n{again}"


@dataclass
class Twins(Desk):
    """A seat on which two work at the same time."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.twin = Desk(self.home, self.arrange)

    def zhika(self, *words: str, fine: Sequence[int] = (0,)) -> str:
        if words[0] != "work":
            return super().zhika(*words, fine=fine)
        said: list[str] = []
        other = threading.Thread(target=lambda: said.append(self.twin.zhika(*words, fine=fine)))
        other.start()
        mine = super().zhika(*words, fine=fine)
        other.join()
        assert said, f"{self.home.name}: the second worker has fallen over"
        return mine + said[0]

    def close(self) -> None:
        super().close()
        self.twin.close()


@dataclass
class MortalCourier:
    """A courier in a process of its own, a new one each round, killed as planned."""

    folder: Path
    plan: list[Death]
    died: list[Death] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.world = Courier(self.folder).world

    def round(self) -> int:
        before = len(on_the_way(self.folder))
        if before:
            point, n = self.plan[0] if self.plan else ("tray: carried, not booked", 1_000_000)
            words = [
                sys.executable,
                "-m",
                "tests.city.killer",
                point,
                str(n),
                "--",
                "courier",
                str(self.folder),
                "--once",
            ]
            ended = subprocess.run(words, cwd=REPOSITORY, env=environment(), check=False).returncode
            assert ended in (0, -signal.SIGKILL)
            if ended:
                self.died.append(self.plan.pop(0))
        aside = self.folder / "world" / "aside" / "found.tray"
        return before or int(aside.exists())


def on_the_way(folder: Path) -> list[Path]:
    """Packages and trays that a courier has still to carry."""
    mail = [*folder.glob("*/mail/out/*/*.json"), *folder.glob("courier/*/*.json")]
    return [*mail, *folder.glob("world/*/out/*/*.tray")]


class Disturbed(City):
    """A city that also waits for what is late, and forms a batch only when no lot waits to be confirmed."""

    def _round(self) -> int:
        done = super()._round()
        if not done and on_the_way(self.folder):
            time.sleep(0.1)
            return 1
        return done

    def _answer(self, seat: str, items: Sequence[Item]) -> int:
        early = any(item["work"] == "confirm" for item in items)
        return super()._answer(seat, [item for item in items if not (early and item["work"] == "form")])


def mortal(folder: Path, plans: Mapping[str, Sequence[Death]]) -> Disturbed:
    """A city in which everybody dies as planned: by seat, and the courier."""
    made = Disturbed(folder)
    made.courier = MortalCourier(folder, list(plans.get("courier", ())))  # type: ignore[assignment]
    return _reopened(made, lambda name: Mortal(folder / name, plan=list(plans.get(name, ()))))


def crowded(folder: Path, courier: Courier) -> Disturbed:
    """A city with two workers on every seat."""
    made = Disturbed(folder)
    made.courier = courier
    return _reopened(made, lambda name: Twins(folder / name))


def _reopened(made: Disturbed, desk: Callable[[str], Desk]) -> Disturbed:
    for name in SEATS:
        made.desks[name].close()
        made.desks[name] = desk(name)
    return made


def left(made: Disturbed) -> list[Death]:
    """Planned deaths that nobody has died."""
    courier: Any = made.courier
    seats = [desk for desk in made.desks.values() if isinstance(desk, Mortal)]
    return [*(death for desk in seats for death in desk.left), *courier.plan]
