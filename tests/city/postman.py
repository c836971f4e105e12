"""A seat that takes in one package again and again, changed by one byte each time, and at last as it was sent.

    python -m tests.city.postman HOME PACKAGE

PACKAGE is the path of the manifest; its signature and payload lie beside it. Prints what became of each.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from zhika.exchange.mailbox import ORDER
from zhika.exchange.manifest import MANIFEST, Manifest
from zhika.flows.lanes import Lane
from zhika.seat.start import start

CHANGES = 16
"""Bytes changed of each of the three files, from the first to the last."""


def changed(content: bytes) -> Iterator[bytes]:
    """The content with one bit turned, here and there; shorter; longer; empty."""
    for n in range(CHANGES):
        at = n * (len(content) - 1) // (CHANGES - 1)
        yield content[:at] + bytes([content[at] ^ 1 << n % 8]) + content[at + 1 :]
    yield from (content[:-1], content + b"\0", b"")


def _take(home: Path, manifest: Path) -> None:
    seat = start(home)
    from zhika.engine.batches import create
    from zhika.engine.taking import take_mail
    from zhika.ledger.batches import organisation
    from zhika.ledger.mail import Inbox
    from zhika.ledger.steps import Paper

    files = {suffix: manifest.with_suffix(suffix).read_bytes() for suffix in ORDER}
    of = Manifest.from_bytes(files[MANIFEST], manifest.name)
    # Nobody is in it: what is asked here is whether a package is taken, not what becomes of its rows.
    create(seat, str(of.batch), str(of.process), organisation(of.parties[Lane.CENTRE].organisation), [], of.parties)
    tries = [(suffix, {**files, suffix: other}) for suffix in ORDER for other in changed(files[suffix])]
    told = []
    for suffix, contents in [*tries, ("", files)]:
        for ending, content in contents.items():
            (home / "mail" / "in" / f"{manifest.stem}{ending}").write_bytes(content)
        verdicts = [arrival.verdict for arrival in take_mail(seat)]
        filed = Paper.objects.filter(number__isnull=False).count() + Inbox.objects.count()
        told.append({"changed": suffix, "verdicts": verdicts, "filed": filed})
    print(json.dumps(told))


if __name__ == "__main__":
    _take(Path(sys.argv[1]), Path(sys.argv[2]))
