"""The four seats of a rehearsal: made, introduced to each other and furnished, by commands alone.

A command is `zhika …` in a process of its own, as a clerk would type it: what this file can do, anybody can. While
`terminals` is held, it is typed at a terminal of the seat that stays open.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from zhika.errors import ZhikaError
from zhika.rehearsal.calendar import CALENDAR
from zhika.rehearsal.offices import OFFICES, RURAL, SCHEMES, URBAN
from zhika.rehearsal.people import FILES, City, customers
from zhika.rehearsal.terminal import Terminal
from zhika.rehearsal.world import WORLD, World

PLATFORM, ICBC, ABC, SUPPLIER = "platform", "icbc", "abc", "supplier"
PROCESSES = {URBAN: "urban-batch", RURAL: "rural-batch"}
BANKS = {URBAN: ICBC, RURAL: ABC}
CITY = OFFICES[0]
"""The city's medical insurance centre."""
CLERK = "陈晓明"
"""Who sets up a seat and loads what comes from outside."""


class CommandFailed(ZhikaError):
    """A command of the rehearsal ended with an error: the command, and what it said."""


@dataclass(frozen=True)
class Plan:
    """One seat as it is to be made."""

    name: str
    kind: str
    title: str
    schemes: tuple[str, ...]
    settings: tuple[str, ...] = ()
    """section.key=value, where it differs from what a seat is made with."""
    knows: tuple[str, ...] = ()
    """The seats whose certificates it takes in."""


PLANS = (
    Plan(
        PLATFORM, "platform", "社保卡平台", SCHEMES,
        (), (ICBC, ABC, SUPPLIER),
    ),
    Plan(
        ICBC, "bank", "工商银行", (URBAN,), ("bank.prefix=622235", "bank.customers=customers.csv"),
        (PLATFORM, SUPPLIER),
    ),
    Plan(
        ABC, "bank", "农业银行", (RURAL,),
        ("bank.prefix=622848", "bank.branch=1350", "bank.account_prefix=1350", "bank.customers=customers.csv",
         "block.call_days=0"),
        (PLATFORM, SUPPLIER),
    ),
    Plan(SUPPLIER, "supplier", "卡片供应商", SCHEMES, (), (PLATFORM, ICBC, ABC)),
)  # fmt: skip


TITLES = {plan.name: plan.title for plan in PLANS}


def argv(home: Path | None, words: Iterable[str]) -> list[str]:
    """The command line of `zhika [-C HOME] words …` in this interpreter, on the day of the world's calendar."""
    if home is None:
        return [sys.executable, "-m", "zhika.cli.main", *words]
    calendar = home.parent / WORLD / CALENDAR
    here = ["zhika.rehearsal.calendar", str(calendar)] if calendar.exists() else ["zhika.cli.main"]
    return [sys.executable, "-m", *here, "-C", str(home), *words]


def environment() -> dict[str, str]:
    """What a command runs in: this one's, without a seat of its own."""
    return {name: value for name, value in os.environ.items() if name != "ZHIKA_HOME"} | {"PYTHONUTF8": "1"}


@contextmanager
def terminals(homes: Iterable[Path]) -> Iterator[None]:
    """Until this is left, a terminal stands open at each of these seats."""
    with ExitStack() as stack:
        for home in homes:
            _OPEN[home] = terminal = Terminal(home, environment())
            stack.callback(terminal.close)
            stack.callback(_OPEN.pop, home)
        yield


_OPEN: dict[Path, Terminal] = {}


def zhika(home: Path | None, *words: str, fine: Sequence[int] = (0,)) -> str:
    """Run one command and return what it printed; CommandFailed unless it ends with one of `fine`."""
    code, printed, complained = _typed(home, words)
    if code not in fine:
        shown = " ".join(("zhika", *(("-C", home.name) if home else ()), *words))
        raise CommandFailed(f"{shown}\n{complained.strip() or printed.strip()}")
    return printed


def asked_apart(home: Path, *words: str) -> Any:
    """What a command answers with `--json` in a process of its own, whatever goes on at the seat's terminal."""
    return json.loads(_run(home, (*words, "--json"))[1])


def _typed(home: Path | None, words: Sequence[str]) -> tuple[int, str, str]:
    return _OPEN[home].type(words) if home in _OPEN else _run(home, words)


def _run(home: Path | None, words: Sequence[str]) -> tuple[int, str, str]:
    done = subprocess.run(argv(home, words), capture_output=True, text=True, env=environment(), check=False)
    return done.returncode, done.stdout, done.stderr


def asked(home: Path, *words: str, fine: Sequence[int] = (0,)) -> Any:
    """What a command answers with `--json`."""
    return json.loads(zhika(home, *words, "--json", fine=fine))


def found(folder: Path, city: City, tell: Callable[[str], None]) -> None:
    """Make the four homes below `folder`."""
    papers = folder / "trust"
    papers.mkdir()
    tell("建立四个席位")
    _side_by_side(partial(_found, folder, plan, papers, city) for plan in PLANS)


def furnish(folder: Path, city: City, photos: Path, seed: int, tell: Callable[[str], None]) -> None:
    """Let the seats know each other, and lay everything on their desks."""
    world = World(folder / WORLD)
    tell("交换证书")
    _side_by_side(partial(_introduce, folder / plan.name, plan, folder / "trust") for plan in PLANS)
    tell("装入密钥、客户资料与登记库")
    banks = (partial(_furnish_bank, folder / BANKS[scheme], city, scheme, seed, world) for scheme in SCHEMES)
    _side_by_side((partial(_furnish_platform, folder / PLATFORM, city, world), *banks))
    tell("采集: 各单位、村报送")
    for scheme in SCHEMES:
        collected = city.folder / scheme / "collected.csv"
        facts = ("--fact", f"process={PROCESSES[scheme]}", "--fact", f"photos={photos}")
        zhika(folder / PLATFORM, "do", "collect", str(collected), *facts, "--by", CLERK)


def _side_by_side(tasks: Iterable[Callable[[], None]]) -> None:
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 2) as pool:
        for done in [pool.submit(task) for task in tasks]:
            done.result()


def _found(folder: Path, plan: Plan, papers: Path, city: City) -> None:
    words = ["--seat", plan.kind, "--name", plan.name, "--title", plan.title, "--world", str(folder / WORLD)]
    for scheme in plan.schemes:
        words += ["--process", scheme]
    for setting in plan.settings:
        words += ["--set", setting]
    zhika(None, "init", str(folder / plan.name), *words)
    if plan.name == PLATFORM:
        # Before it introduces itself: the other seats learn from it which offices stand on the platform.
        offices = folder / "offices.csv"
        list_offices(city, offices)
        zhika(folder / plan.name, "organisations", "load", str(offices))
    zhika(folder / plan.name, "trust", "export", str(papers / f"{plan.name}.json"))


def list_offices(city: City, path: Path) -> None:
    """The offices of a drawn city, as `zhika organisations load` reads them; the city's own, with which all settle."""
    offices = dict.fromkeys((CITY, *city.offices))
    lines = ["code,name,kind,parent", *(f"{office.code},{office.name},centre," for office in offices)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _introduce(home: Path, plan: Plan, papers: Path) -> None:
    for name in plan.knows:
        zhika(home, "trust", "add", str(papers / f"{name}.json"))


def _furnish_platform(home: Path, city: City, world: World) -> None:
    zhika(home, "keys", "load", "transport-social", str(world.envelope("social")))
    for scheme in SCHEMES:
        for name in FILES[scheme]:
            facts = ("--fact", f"scheme={scheme}", "--fact", f"kind={Path(name).stem}")
            zhika(home, "do", "load_register", str(city.folder / scheme / name), *facts, "--by", CLERK)


def _furnish_bank(home: Path, city: City, scheme: str, seed: int, world: World) -> None:
    customers(city, scheme, seed).write_csv(home / "customers.csv")
    zhika(home, "keys", "load", "transport-bank", str(world.envelope("bank")))
