from tests.engine.two_seats import bank, platform

__all__ = ["bank", "platform"]
