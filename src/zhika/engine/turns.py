"""One at a time on a batch: while a row is computed, nobody takes a person out of it under the worker's hands.

The lock is the kernel's, on a file: whoever is killed gives it up. Nothing rests on it for exactly-once; the step's
UNIQUE row and a second look at who is still in the batch, in the transaction, are what counts.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from zhika.errors import Busy
from zhika.seat.config import Seat


@contextmanager
def turn(seat: Seat, code: str, *, wait: bool = False) -> Iterator[None]:
    """Hold the turn of a batch or lot. Raises Busy at once while another has it; with `wait`, waits for it."""
    folder = seat.home / "log" / "turns"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{code.replace('/', '_') or '_'}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(f"{code}: 正由另一进程办理, 稍后再试") from None
        yield
