"""Erasing 清除: once a batch is shipped and accepted, the bank's package and the print sheets go, and that is recorded.

What goes is written down, with its digest, before the first file is unlinked: a worker cut off in the middle goes on,
and the record names everything.
"""

import hashlib
import shutil
from datetime import date
from pathlib import Path

import polars as pl
from django.db import transaction

from zhika.craft.printing import sheet_folder
from zhika.engine.post import SUFFIXES
from zhika.engine.work import Rows
from zhika.exchange.manifest import PAYLOAD, Stem
from zhika.flows.documents import ERASURE, SUPPLIER_ACCOUNTS
from zhika.lanes.supplier.models import Erasure
from zhika.ledger.steps import Paper
from zhika.seat.config import Seat


def packages(batch_code: str) -> list[Paper]:
    """The sealed account files of a batch that are still kept."""
    return list(
        Paper.objects.filter(batch_code=batch_code, type=SUPPLIER_ACCOUNTS.code, sealed=True).exclude(state=Paper.KEPT)
    )


def erase(seat: Seat, batch_code: str, on: date) -> Rows:
    """Erase what a batch left: packages and sheets. Returns 清除记录; done again, it is the same record."""
    stems = [Stem(paper.sender, paper.number or 0, paper.type) for paper in packages(batch_code)]
    taken, folder = seat.home / "mail" / "taken", sheet_folder(seat, batch_code)
    found = {f"{stem}": taken / f"{stem}{PAYLOAD}" for stem in stems}
    found |= {f"sheets/{path.name}": path for path in sorted(folder.glob("*.jpg"))}
    # None is kept since they are looked at; a home that is older may have some.
    rejected = sorted((seat.home / "mail" / "rejected").glob(f"*-{SUPPLIER_ACCOUNTS.code}{PAYLOAD}"))
    found |= {f"rejected/{path.stem}": path for path in rejected}
    _note(batch_code, {what: path for what, path in found.items() if path.exists()}, on)
    for stem in stems:
        for suffix in SUFFIXES:
            (taken / f"{stem}{suffix}").unlink(missing_ok=True)
        shutil.rmtree(seat.home / "mail" / "staging" / f"{stem}.open", ignore_errors=True)
    for path in rejected:
        path.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    return record(batch_code)


def _note(batch_code: str, found: dict[str, Path], on: date) -> None:
    digests = {what: hashlib.sha256(path.read_bytes()).hexdigest() for what, path in found.items()}
    with transaction.atomic():
        Erasure.objects.bulk_create(
            [Erasure(batch_code=batch_code, what=what, sha256=digest, on=on) for what, digest in digests.items()],
            ignore_conflicts=True,
        )


def record(batch_code: str) -> Rows:
    """清除记录 of a batch."""
    return pl.DataFrame(
        [
            {"what": e.what, "sha256": e.sha256, "date": e.on.isoformat()}
            for e in Erasure.objects.filter(batch_code=batch_code).order_by("what")
        ],
        schema=dict.fromkeys(ERASURE.columns, pl.String),
    )
