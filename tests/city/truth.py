"""What a bank alone knows: every number with expiry and CVV2, from its store and its keys, in a process of its own.

python -m tests.city.truth HOME
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.city.city import REPOSITORY
from zhika.rehearsal.seats import environment


@dataclass(frozen=True)
class Secret:
    """One issued number and what nobody but bank, supplier and holder may know of it."""

    app: str
    pan: str
    expiry: str
    """YYMM"""
    cvv2: str
    serial: str
    """Card serial, empty where no card was made."""

    @property
    def names(self) -> tuple[str, ...]:
        """What a record may call it by."""
        return tuple(name for name in (self.pan, self.app, self.serial) if name)


def known_to(home: Path) -> list[Secret]:
    """Ask a bank's seat."""
    words = [sys.executable, "-m", "tests.city.truth", str(home)]
    told = subprocess.run(words, cwd=REPOSITORY, env=environment(), check=True, capture_output=True, text=True)
    return [Secret(**row) for row in json.loads(told.stdout)]


def _tell(home: Path) -> None:
    from zhika.seat.start import start

    seat = start(home)
    from zhika.lanes.bank.models import Account
    from zhika.lanes.bank.security import derive
    from zhika.ledger.cards import Card

    held = {account.application_ref: account for account in Account.objects.all()}
    serials = dict(Card.objects.exclude(serial=None).values_list("application_ref", "serial"))
    print(json.dumps([
        {"app": app, "pan": held[app].pan, "expiry": held[app].expiry, "cvv2": values.cvv2,
         "serial": serials.get(app, "")}
        for app, values in derive(seat, held.values()).items()
    ]))  # fmt: skip


if __name__ == "__main__":
    _tell(Path(sys.argv[1]))
