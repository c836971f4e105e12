"""The people at one seat of a rehearsal: what they try again, and when they are content."""

from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from zhika.rehearsal import rehearsal as house
from zhika.rehearsal.cast import Cast
from zhika.rehearsal.live import Board
from zhika.rehearsal.rehearsal import Rehearsal
from zhika.rehearsal.seats import PLATFORM
from zhika.rehearsal.world import create

ABSENT: list[dict[str, Any]] = [{"work": "restart", "kind": "act", "command": ["do", "restart", "x"]}]
LOOKS = 3


@pytest.fixture
def rehearsal(tmp_path: Path) -> Rehearsal:
    cast = Cast(create(tmp_path / "world", 4), frozenset(), {})
    return Rehearsal(tmp_path, None, cast, Board(Console()))  # type: ignore[arg-type]


@pytest.fixture
def seen(rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether the people were content, each time they began to look."""
    seen: list[bool] = []

    def asked(*_: object) -> list[dict[str, Any]]:
        seen.append(PLATFORM in rehearsal.content)
        if len(seen) == LOOKS:
            rehearsal.ended.set()
        return ABSENT

    monkeypatch.setattr(house, "asked", asked)
    monkeypatch.setattr(house, "RARELY", 0.0)
    monkeypatch.setattr(house, "QUIET", 0.0)
    return seen


def test_who_looks_again_and_finds_nothing_stays_content_meanwhile(rehearsal: Rehearsal, seen: list[bool]) -> None:
    rehearsal._desk(PLATFORM)
    assert seen == [False, True, True]
    assert rehearsal.failed == []


def test_what_was_refused_and_was_then_done_by_somebody_else_keeps_nobody_waiting(
    rehearsal: Rehearsal, seen: list[bool]
) -> None:
    rehearsal.vain.update({(PLATFORM, "accept"): 1, (PLATFORM, "restart"): 1, ("icbc", "accept"): 1})
    rehearsal._desk(PLATFORM)
    assert set(rehearsal.vain) == {(PLATFORM, "restart"), ("icbc", "accept")}
    assert seen[-1] is False
