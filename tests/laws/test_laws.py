"""The laws of the books, in whatever order a town's people do things; `scripts/law_runs.py` does thousands of runs."""

from pathlib import Path

import pytest

from tests.laws.machine import OPERATIONS
from tests.laws.runs import long_ones, run

CORE = {
    "accept", "accept_with_differences", "agree", "apply", "destroy", "fail", "form", "forbidden", "hand_out",
    "kill_in_the_next", "next_row", "once_more", "recall", "restart", "review", "say", "send_back", "settle",
    "withdraw", "worker",
}  # fmt: skip
"""What thirty runs must have done; the rest is done in some of them."""
OUTCOMES = {
    "accept whole", "accept with difference", "hand out", "hand out replacement", "review accept", "review reject",
    "say lost-call", "say lost-formal",
}  # fmt: skip


@pytest.mark.django_db
def test_no_law_is_broken_whatever_people_do(tmp_path: Path) -> None:
    tally = run(tmp_path, 30)
    assert long_ones(tally) >= 30
    assert {one.name for one in OPERATIONS} >= CORE, "an operation that is not there any more"
    assert not (CORE - tally.operations.keys()), "never done"
    assert not (OUTCOMES - tally.rules.keys()), "never came out so"
    assert tally.operations.total() == tally.rules.total() == sum(tally.lengths), "a step that was no operation"
    assert tally.kills > 0 and tally.broken == 0
