from tests.lanes.workshop import killed_after, workshop

__all__ = ["killed_after", "workshop"]
