"""A terminal of a seat that stays open: what one types there is what one types anywhere else."""

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from tests.rehearsal.test_calendar import day_of

from zhika.rehearsal import seats
from zhika.rehearsal.calendar import CALENDAR, turn
from zhika.rehearsal.seats import CommandFailed, environment, terminals, zhika
from zhika.rehearsal.terminal import Terminal, TerminalEnded
from zhika.rehearsal.world import WORLD


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("city")
    home, world = folder / "platform", folder / WORLD
    world.mkdir()
    zhika(None, "init", str(home), "--seat", "platform", "--name", "platform", "--title", "平台", "--world", str(world))
    return home


def load(home: Path, code: str) -> str:
    offices = home.parent / f"{code}.csv"
    offices.write_text(f"code,name,kind,parent\n{code},某市医保中心,centre,\n", encoding="utf-8")
    return zhika(home, "organisations", "load", str(offices))


def test_it_says_and_does_what_a_process_of_its_own_does(home: Path) -> None:
    alone = load(home, "01")
    with terminals([home]):
        assert load(home, "02") == alone
        there = zhika(home, "fees")
        with pytest.raises(CommandFailed, match=r"zhika -C platform do nothing\n错误 .*--by"):
            zhika(home, "do", "nothing")
        assert zhika(home, "fees") == there, "after a refusal it goes on"
        assert zhika(home, "no-such-command", fine=(2,)) == ""
    assert zhika(home, "fees") == there
    with sqlite3.connect(home / "zhika.db") as store:
        known = {code for (code,) in store.execute("SELECT code FROM ledger_organisation")}
    assert known >= {"01", "02"}


def test_it_lives_on_the_day_of_the_calendar(home: Path) -> None:
    with terminals([home]):
        before = day_of(zhika(home, "fees"))
        turn(home.parent / WORLD / CALENDAR, 400)
        assert day_of(zhika(home, "fees")) - before in (timedelta(days=400), timedelta(days=401))


def test_one_whose_seat_is_no_seat_says_why_it_has_ended(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path / "nobody", environment())
    for _ in range(2):
        with pytest.raises(TerminalEnded, match=r"席位 nobody 的终端已退出 \(退出码 1\).*seat.toml"):
            terminal.type(["todo"])
    terminal.close()


def test_the_others_are_closed_too_where_one_was_killed(home: Path) -> None:
    other = home.parent / "nobody"
    with pytest.raises(TerminalEnded, match="platform"), terminals([home, other]):
        seats._OPEN[home]._process.kill()
        seats._OPEN[home]._process.wait()
        mine = seats._OPEN[other]._process
        zhika(home, "fees")
    assert not seats._OPEN and mine.poll() is not None
