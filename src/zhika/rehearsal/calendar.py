"""The calendar of a rehearsal: its people may live some days ahead of the machine's clock.

    python -m zhika.rehearsal.calendar FOLDER/world/calendar -C HOME …

is `zhika -C HOME …` on the day that this calendar shows. Terms that take weeks are then really waited for: nothing in
a seat knows of it.
"""

import runpy
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from django.utils import timezone

SHANGHAI = ZoneInfo("Asia/Shanghai")
CALENDAR = "calendar"
"""File of the world that holds how many days ahead of the clock it is."""


def ahead(calendar: Path) -> int:
    """Days ahead of the clock; 0 where no calendar hangs."""
    return int(calendar.read_text(encoding="ascii")) if calendar.exists() else 0


def turn(calendar: Path, days: int) -> int:
    """Tear off so many days, whole or not at all; returns how many days ahead it is now."""
    now = ahead(calendar) + days
    part = calendar.with_name(f"{calendar.name}.part")
    part.write_text(f"{now}\n", encoding="ascii")
    part.replace(calendar)
    return now


def live_by(calendar: Path, clock: Callable[[], datetime]) -> Callable[[], datetime]:
    """The clock as it stands on the calendar's day, whenever it is asked."""
    return lambda: clock() + timedelta(days=ahead(calendar))


def clock() -> datetime:
    """The time of day where the city lies."""
    return datetime.now(SHANGHAI)


def main() -> None:
    """`zhika`, on the calendar's day."""
    timezone.now = live_by(Path(sys.argv.pop(1)), timezone.now)
    runpy.run_module("zhika.cli.main", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
