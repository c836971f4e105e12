from pathlib import Path

import pytest

from tests.lanes.house import House, build
from tests.lanes.workshop import killed_after, workshop

__all__ = ["house", "killed_after", "village", "workshop"]


@pytest.fixture
def house(tmp_path: Path, db: None) -> House:
    """A platform seat of the urban scheme."""
    return build(tmp_path)


@pytest.fixture
def village(tmp_path: Path, db: None) -> House:
    """A platform seat of the rural scheme."""
    return build(tmp_path, "rural-batch")
