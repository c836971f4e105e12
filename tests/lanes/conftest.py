from pathlib import Path

import pytest

from tests.lanes.counter import Counter
from tests.lanes.counter import build as build_counter
from tests.lanes.house import House, build
from tests.lanes.street import Street
from tests.lanes.street import build as build_street
from tests.lanes.workshop import killed_after, workshop

__all__ = ["counter", "house", "killed_after", "street", "village", "workshop"]


@pytest.fixture
def house(tmp_path: Path, db: None) -> House:
    """A platform seat of the urban scheme."""
    return build(tmp_path)


@pytest.fixture
def village(tmp_path: Path, db: None) -> House:
    """A platform seat of the rural scheme."""
    return build(tmp_path, "rural-batch")


@pytest.fixture
def street(house: House) -> Street:
    """Six cards in a unit's parcel, with the bank on the same seat."""
    return build_street(house)


@pytest.fixture
def counter(house: House) -> Counter:
    """An office's counter."""
    return build_counter(house)
