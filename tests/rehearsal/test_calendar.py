"""The calendar shows another day to everybody who lives by it, at once, and to nobody else."""

import subprocess
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from zhika.rehearsal.calendar import CALENDAR, ahead, live_by, turn
from zhika.rehearsal.seats import argv, environment, zhika
from zhika.rehearsal.world import WORLD

NOON = datetime(2026, 11, 25, 4, tzinfo=UTC)


def test_a_page_torn_off_is_seen_by_a_clock_that_runs_already(tmp_path: Path) -> None:
    calendar = tmp_path / CALENDAR
    clock = live_by(calendar, lambda: NOON)
    assert (ahead(calendar), clock()) == (0, NOON)
    assert (turn(calendar, 12), turn(calendar, 32)) == (12, 44)
    assert clock() == NOON + timedelta(days=44)
    assert [path.name for path in tmp_path.iterdir()] == [CALENDAR]


def test_a_seat_beside_a_world_with_a_calendar_lives_on_its_day(tmp_path: Path) -> None:
    home, world = tmp_path / "platform", tmp_path / WORLD
    zhika(None, "init", str(home), "--seat", "platform", "--name", "platform", "--title", "平台", "--world", str(world))
    world.mkdir(exist_ok=True)
    before = _day(home)
    turn(world / CALENDAR, 400)
    assert _day(home) - before in (timedelta(days=400), timedelta(days=401))  # at midnight one more


def _day(home: Path) -> date:
    return day_of(
        subprocess.run(argv(home, ["fees"]), capture_output=True, text=True, env=environment(), check=True).stdout
    )


def day_of(fees: str) -> date:
    """The day that stands over the rates."""
    return date.fromisoformat(fees.split("收费标准 ")[1].split()[0])
