"""The laws of the books, in whatever order a town's people do things; `scripts/law_runs.py` does thousands of runs."""

from pathlib import Path

import pytest

from tests.laws.machine import OPERATIONS, TALLY
from tests.laws.runs import STEPS, long_ones, run


@pytest.mark.django_db
def test_no_law_is_broken_whatever_people_do(tmp_path: Path) -> None:
    tally = run(tmp_path, 30)
    assert long_ones(tally, STEPS) == long_ones(tally) >= 30
    assert len(tally.rules) > len(OPERATIONS) and tally is TALLY
