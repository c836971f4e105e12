from tests.engine.two_seats import bank, platform
from tests.lanes.conftest import counter, house

__all__ = ["bank", "counter", "house", "platform"]
