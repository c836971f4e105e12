"""One small city, brought to its end once for the whole run, however many workers the run has."""

import os
from pathlib import Path

import pytest

from tests.city.city import copied, found, once, plan_mishaps, working


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def founded(shared: Path) -> Path:
    """Four seats on whose desks everything lies, and nothing has happened: not to be touched, only copied."""
    with once(shared, "founded") as folder:
        if folder:
            found(folder)
    return shared / "founded"


@pytest.fixture(scope="session")
def ended(shared: Path, founded: Path) -> Path:
    """The city after both schemes' batches have come to their end, with the rehearsal's mishaps; only to be read."""
    with once(shared, "city") as folder:
        if folder:
            copied(founded, folder)
            plan_mishaps(folder)
            with working(folder) as city:
                city.to_the_end()
    return shared / "city"
