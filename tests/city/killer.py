"""Death at a chosen moment: SIGKILL at the N-th time a worker comes to a point, in its own process.

    python -m tests.city.killer POINT N -- -C HOME work --watch
    python -m tests.city.killer POINT N -- courier FOLDER --once
    python -m tests.city.killer POINT N -- init HOME --seat bank --name icbc

`arrange` does the same inside a seat's open terminal (`desk`), as the file HOME/../kills/SEAT says.
"""

import importlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Point:
    """A function, and whether one dies before or after it."""

    where: str
    """module:name, or module:class.name"""
    after: bool
    only: Callable[..., bool] = lambda *args, **named: True
    """Which calls are meant, by their arguments."""


def _named(suffix: str) -> Callable[..., bool]:
    return lambda box, name, content: name.endswith(suffix) and "receipt" not in name


def _errand(work: str) -> Callable[..., bool]:
    return lambda seat, errand: errand is not None and errand.work == work


POINTS = {
    "staging, before the rename": Point("zhika.exchange.seal:_encrypt", True),
    "staging, after the rename": Point("zhika.exchange.seal:sync_folder", False),
    "published: payload": Point("zhika.exchange.mailbox:Mailbox._put", True, _named(".age")),
    "published: payload, signature": Point("zhika.exchange.mailbox:Mailbox._put", True, _named(".p7s")),
    "published, not marked": Point("zhika.exchange.mailbox:Mailbox._put", True, _named(".json")),
    "committed, not published": Point("zhika.engine.run:Outcome.book", True),
    "act committed": Point("zhika.engine.acts:_write", True),
    "taken in, before the transaction": Point("zhika.engine.taking:keep", True),
    "taken in, still in the mailbox": Point("zhika.engine.taking:_file", True),
    "archived by half": Point("zhika.engine.desk:write_once", True, lambda path, data: "sent" in path.parts),
    "batch formed, not committed": Point("zhika.engine.batches:create", True),
    "tray: printing": Point("zhika.card.tray:Tray.print", True),
    "tray: embedding": Point("zhika.card.tray:Tray.embed", True),
    "tray: chip, before it is written back": Point("zhika.card.tray:Tray.put_chip", False),
    "tray: chip, after it": Point("zhika.card.tray:Tray.put_chip", True),
    "tray: stripe": Point("zhika.card.tray:Tray.write_stripe", True),
    "tray: a piece in two trays": Point("zhika.card.tray:Tray.remove", False),
    "tray: a piece moved": Point("zhika.card.tray:Tray.move", True),
    "tray: condemned": Point("zhika.card.tray:Tray.condemn", True),
    "tray: sealed, not carried": Point("zhika.card.trayfile:_into_one_file", True),
    "tray: carried, not booked": Point("zhika.card.tray:move", True),
    "material kept, not drawn": Point("zhika.lanes.integrator.material:reserve", True),
    "accounts reserved": Point("zhika.lanes.bank.accounts:reserve", True),
    "places reserved": Point("zhika.craft.places:reserve", True),
    "serials reserved": Point("zhika.craft.places:serials", True),
    "erasing": Point("zhika.lanes.supplier.erasing:_note", True),
    "accepted, not put away": Point("zhika.engine.errands:run", False, _errand("accept")),
    "handed out, not in hand": Point("zhika.engine.errands:run", False, _errand("hand_out")),
    "founding: keys by half": Point("zhika.seat.home:create_keys", True),
    "founding: no store": Point("django.core.management:call_command", False),
    "founding: not finished": Point("zhika.seat.home:finish", False),
}  # fmt: skip
MOMENT = "moment"
"""So many milliseconds after the first round of work has begun."""


def arm(point: str, n: int) -> None:
    """Put the trap into this process. `n` counts from 1; for `moment` it is milliseconds."""
    if point == MOMENT:
        _replace("zhika.engine.loop:work_once", lambda real: _timed(real, n / 1000))
        return
    trap = POINTS[point]
    calls = count(1)

    def deadly(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            now = trap.only(*args, **named) and next(calls) == n
            if now and not trap.after:
                _die()
            result = real(*args, **named)
            if now:
                _die()
            return result

        return call

    _replace(trap.where, deadly)


def _timed(real: Callable[..., Any], seconds: float) -> Callable[..., Any]:
    timer = threading.Timer(seconds, _die)
    timer.daemon = True

    def call(*args: Any, **named: Any) -> Any:
        if not timer.is_alive() and not timer.finished.is_set():
            timer.start()
        return real(*args, **named)

    return call


def found_at(where: str) -> tuple[Any, str]:
    """The module or class that `module:name` or `module:class.name` speaks of, and the name in it."""
    module, _, path = where.partition(":")
    *outer, last = path.split(".")
    owner: Any = importlib.import_module(module)
    for name in outer:
        owner = getattr(owner, name)
    return owner, last


def _replace(where: str, make: Callable[[Any], Any]) -> None:
    owner, name = found_at(where)
    setattr(owner, name, make(getattr(owner, name)))


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arrange() -> None:
    """Called in a seat's terminal once the seat is started."""
    home = Path(sys.argv[1])
    plan = home.parent / "kills" / home.name
    if plan.exists():
        point, n = plan.read_text(encoding="utf-8").rsplit(" ", 1)
        arm(point, int(n))


def main() -> None:
    point, n, _, *words = sys.argv[1:]
    if words[0] == "courier":
        from zhika.rehearsal.courier import main as carry

        arm(point, int(n))
        sys.exit(carry(words[1:]))
    from zhika.cli.main import main as zhika
    from zhika.seat.start import start

    if "-C" in words:
        start(Path(words[words.index("-C") + 1]))
    arm(point, int(n))
    sys.argv = ["zhika", *words]
    zhika()


if __name__ == "__main__":
    main()
