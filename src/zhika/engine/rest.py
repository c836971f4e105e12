"""How a worker rests that has found nothing to do: until somebody writes, mail comes, or a little time has passed."""

import threading
import time

from zhika.ledger import changes
from zhika.seat.config import Seat

PAUSE = 0.3
"""Seconds between two looks whether anything has stirred."""
LONGEST = 1.0
"""Seconds after which a round is made anyway: terms pass, things come to the door, a far mailbox has to be asked."""
Signs = tuple[str, int]


def signs(seat: Seat) -> Signs:
    """What stirs a worker: the store's mark, and when a name in the mailbox last changed. Looked at before a round."""
    return changes.mark(), (seat.home / "mail" / "in").stat().st_mtime_ns


def rest(seat: Seat, seen: Signs, stop: threading.Event) -> None:
    """After a round in which there was nothing to do; `seen` are the signs from before it."""
    until = time.monotonic() + LONGEST
    while not stop.wait(PAUSE) and time.monotonic() < until and signs(seat) == seen:
        pass
