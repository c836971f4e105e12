"""Killed anywhere, doubled, late, out of order: the same city in the end. In full: scripts/kill_rehearsal.py."""

import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.city import outcome
from tests.city.city import REPOSITORY, copied, plan_mishaps
from tests.city.killer import MOMENT, POINTS, Point, found_at
from tests.city.mortal import Death, Disturbed, crowded, left, mortal
from zhika.rehearsal.courier import Courier
from zhika.rehearsal.seats import asked, environment, zhika

DEATHS: Mapping[str, list[Death]] = {
    "platform": [
        ("batch formed, not committed", 1),
        ("committed, not published", 2),
        ("material kept, not drawn", 1),
        ("tray: sealed, not carried", 1),
        ("tray: chip, before it is written back", 9),
        ("accepted, not put away", 1),
        ("handed out, not in hand", 1),
    ],
    "icbc": [("staging, after the rename", 1), ("published: payload, signature", 1), ("tray: stripe", 3)],
    "abc": [("taken in, before the transaction", 1), (MOMENT, 150), ("tray: a piece moved", 2)],
    "supplier": [("tray: printing", 4), ("tray: a piece in two trays", 5), ("taken in, still in the mailbox", 2)],
    "courier": [("tray: carried, not booked", 1), ("tray: sealed, not carried", 2)],
}
"""Each seat's in the order in which its worker comes there."""


@pytest.fixture(scope="module")
def undisturbed(ended: Path) -> outcome.Told:
    return outcome.of(ended)


def came_to_the_end(city: Disturbed) -> outcome.Told:
    try:
        city.to_the_end()
    finally:
        city.close()
    return outcome.of(city.folder)


def same(one: outcome.Told, other: outcome.Told) -> None:
    assert not list(outcome.differences(one, other))
    assert outcome.digest(one) == outcome.digest(other)


@pytest.mark.parametrize("point", POINTS.values(), ids=POINTS)
def test_there_is_such_a_moment_to_die_at(point: Point) -> None:
    owner, name = found_at(point.where)
    assert callable(getattr(owner, name))


def test_the_undisturbed_city_is_whole_and_its_digest_sees_every_part(undisturbed: outcome.Told) -> None:
    cards = [card for person in undisturbed["people"].values() for card in person["things"]]
    in_hand = [card for card in cards if card["lies"].startswith("people/")]
    assert len(in_hand) > 20
    for card in in_hand:
        assert card["area"] == "empty" and {"pan", "chip", "stripe", "expiry", "cvv2"} <= {*card["bears"]}
    checked = ("one number", "stripe right", "expiry and CVV2 right", "social number right")
    assert all(card[name] for card in in_hand for name in checked)
    assert all(person["serial agrees"] for person in undisturbed["people"].values())
    causes = {held["cause"][0] for p in undisturbed["people"].values() for held in p["books"].values() if held["cause"]}
    assert {"chip-dead", "misprint", "area-differs", "name-differs", "account-refused"} <= causes
    assert not undisturbed["cards of nobody"]
    for seat in undisturbed["seats"].values():
        assert not seat["breaches"] and not seat["left over"] and not seat["unanswered"]
    for part in _parts(undisturbed):
        changed = {**part, "lies": "elsewhere"}
        assert list(outcome.differences(part, changed))


def _parts(told: outcome.Told) -> list[dict[str, Any]]:
    person = next(iter(told["people"].values()))
    return [person, *person["things"], *person["books"].values()]


def test_killed_at_every_point_and_begun_again_it_is_the_same_city(
    founded: Path, undisturbed: outcome.Told, tmp_path: Path
) -> None:
    plan_mishaps(copied(founded, tmp_path / "city"))
    city = mortal(tmp_path / "city", DEATHS)
    found = came_to_the_end(city)
    assert not left(city), "a death that nobody dies proves nothing"
    same(undisturbed, found)


def test_two_workers_a_seat_and_packages_twice_late_and_out_of_order_make_the_same_city(
    founded: Path, undisturbed: outcome.Told, tmp_path: Path
) -> None:
    plan_mishaps(copied(founded, tmp_path / "city"))
    city = crowded(tmp_path / "city", Courier(tmp_path / "city", twice=0.4, late=0.5, shuffled=True, seed=5))
    same(undisturbed, came_to_the_end(city))


@pytest.mark.parametrize("point", ["founding: keys by half", "founding: no store", "founding: not finished"])
def test_a_founding_cut_off_is_brought_to_its_end_by_the_same_command(tmp_path: Path, point: str) -> None:
    home = tmp_path / "icbc"
    words = ["init", str(home), "--seat", "bank", "--name", "icbc"]
    command = [sys.executable, "-m", "tests.city.killer", point, "1", "--", *words]
    killed = subprocess.run(command, cwd=REPOSITORY, env=environment(), capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    if home.exists():
        told = subprocess.run(
            [sys.executable, "-m", "zhika.cli.main", "-C", str(home), "todo"],
            capture_output=True, text=True, env=environment(), check=False,
        )  # fmt: skip
        assert told.returncode == 2 and "再运行同一条 zhika init" in told.stderr.replace("\n", "")
    zhika(None, *words)
    assert asked(home, "todo") == []
    assert list(tmp_path.iterdir()) == [home]


def test_a_watching_worker_killed_is_a_worker_less_and_nothing_more(founded: Path, tmp_path: Path) -> None:
    """`zhika work --watch` itself, not a terminal: killed between commit and publishing, then begun again."""
    folder = copied(founded, tmp_path / "city")
    home = folder / "platform"
    worker = ["-C", str(home), "work", "--watch"]
    words = [sys.executable, "-m", "tests.city.killer", "committed, not published", "1", "--", *worker]
    killed = subprocess.run(words, cwd=REPOSITORY, env=environment(), capture_output=True, check=False, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    zhika(home, "work")
    listed = {(item["work"], item["subject"]) for item in asked(home, "todo")}
    whole = copied(founded, tmp_path / "whole") / "platform"
    zhika(whole, "work")
    assert listed == {(item["work"], item["subject"]) for item in asked(whole, "todo")} != set()
