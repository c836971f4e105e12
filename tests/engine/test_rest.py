"""How a worker rests: as long as nothing stirs, and no longer than that."""

import threading
from pathlib import Path

import pytest

from tests.lanes.house import House, build
from zhika.engine import rest as house_rest
from zhika.engine.rest import rest, signs


@pytest.fixture
def house(tmp_path: Path, db: None) -> House:
    return build(tmp_path)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that goes on by the pause at each wait: what it has shown."""
    shown = [0.0]
    monkeypatch.setattr(house_rest.time, "monotonic", lambda: shown[-1])
    return shown


class Pauses(threading.Event):
    """Waits without waiting; after so many looks something happens."""

    def __init__(self, shown: list[float], then: int = 0, happens: object = None) -> None:
        super().__init__()
        self.shown, self.then, self.happens = shown, then, happens

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.shown.append(self.shown[-1] + timeout)
        if callable(self.happens) and len(self.shown) - 1 == self.then:
            self.happens()
        return self.is_set()


def test_while_nothing_stirs_it_rests_as_long_as_it_may(house: House, looks: list[float]) -> None:
    rest(house.seat, signs(house.seat), Pauses(looks))
    assert house_rest.LONGEST <= looks[-1] < house_rest.LONGEST + house_rest.PAUSE


def test_mail_ends_it(house: House, looks: list[float]) -> None:
    mail = house.seat.home / "mail" / "in" / "bank-000001-erasure.json"
    rest(house.seat, signs(house.seat), Pauses(looks, 2, mail.touch))
    assert len(looks) - 1 == 2


def test_what_came_before_the_round_had_ended_is_looked_at_at_once(house: House, looks: list[float]) -> None:
    seen = signs(house.seat)
    (house.seat.home / "mail" / "in" / "bank-000001-erasure.json").touch()
    rest(house.seat, seen, Pauses(looks))
    assert len(looks) - 1 == 1


def test_who_is_asked_to_stop_stops(house: House, looks: list[float]) -> None:
    stop = Pauses(looks, 1)
    stop.happens = stop.set
    rest(house.seat, signs(house.seat), stop)
    assert len(looks) - 1 == 1
