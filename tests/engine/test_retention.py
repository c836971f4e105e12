"""What is past its retention goes; what a step may still read stays."""

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from tests.engine.two_seats import Sender
from zhika.engine import loop
from zhika.engine.post import sweep
from zhika.engine.retention import expire
from zhika.engine.taking import take_mail
from zhika.ledger.places import today
from zhika.ledger.steps import Paper
from zhika.seat.config import Seat

pytestmark = pytest.mark.django_db


def test_an_opened_package_goes_after_its_days_and_its_manifest_stays(platform: Seat, bank: Sender) -> None:
    stem = bank.send(1)
    take_mail(platform)
    payload = platform.home / "mail" / "taken" / f"{stem}.age"
    Paper.objects.update(made_at=timezone.now() - timedelta(days=platform.retention.taken + 1))
    assert expire(platform) == 0 and payload.exists()  # still on the desk
    Paper.objects.update(state=Paper.USED)
    assert expire(platform) == 1 and not payload.exists()
    assert (platform.home / "mail" / "taken" / f"{stem}.json").exists()
    assert expire(platform) == 0


LEFT = ("incoming/icbc-000001-face-data.77.tar", "photos/ab/ab12.jpg.77.part", "documents/cd/cd34.csv.77.part")
"""What a worker that was killed leaves of a package: photos of people, and half a file of rows."""


def left_behind(seat: Seat, *, hours: float) -> list[Path]:
    found = [seat.home / "files" / name for name in LEFT]
    for path in found:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
        os.utime(path, (time.time() - 3600 * hours,) * 2)
    return found


def test_what_a_killed_worker_left_of_people_goes_after_an_hour_and_whole_files_stay(platform: Seat) -> None:
    whole = platform.home / "files" / "photos" / "ab" / "ab12.jpg"
    new = left_behind(platform, hours=0.5)
    whole.write_bytes(b"x")
    os.utime(whole, (time.time() - 7200,) * 2)
    assert sweep(platform) == 0 and all(path.exists() for path in new)
    old = left_behind(platform, hours=2)
    assert sweep(platform) == len(LEFT) and not any(path.exists() for path in old)
    assert whole.exists()


def test_a_worker_that_never_stops_tidies_once_a_day(platform: Seat) -> None:
    first = left_behind(platform, hours=2)
    day = loop.tidy(platform)
    assert day == today() and not any(path.exists() for path in first)
    second = left_behind(platform, hours=2)
    assert loop.tidy(platform, day) == day and all(path.exists() for path in second)
    loop.tidy(platform, day - timedelta(days=1))
    assert not any(path.exists() for path in second)
