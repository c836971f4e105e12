from tests.lanes.conftest import house, village

__all__ = ["house", "village"]
