"""The mail folders of a seat: what is kept in them, and what is swept from them at start."""

import hashlib
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from django.utils import timezone

from zhika.engine import desk
from zhika.engine.trouble import attempt
from zhika.engine.work import Subject
from zhika.exchange.mailbox import Mailbox
from zhika.exchange.manifest import MANIFEST, PAYLOAD, SIGNATURE, Manifest, Stem
from zhika.exchange.refusals import PackageRefused
from zhika.flows.chart import Grain
from zhika.flows.documents import CATALOGUE
from zhika.ledger.mail import Outbox
from zhika.ledger.steps import Paper
from zhika.seat.config import Seat

MAIL_AGAIN = timedelta(minutes=10)
"""After this time mail that could not be taken or sent is tried again."""
T = TypeVar("T")
SUFFIXES = (MANIFEST, SIGNATURE, PAYLOAD)


def kept_apart(function: str, what: str, do: Callable[[], T]) -> T | None:
    """One of many, a package or a part of a round: when it raises, the others go on, and it is shown with its error."""
    return attempt(Subject(Grain.LOT, what[:80]), function, do, again=MAIL_AGAIN)


def digest_of(path: Path) -> str:
    """SHA-256 of a file that came; empty when it has not, or when another worker of this seat has taken it."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""


def keep(seat: Seat, folder: Path, stem: Stem) -> None:
    """A second name in mail/taken before the transaction: a sealed document is read from there."""
    taken = seat.home / "mail" / "taken"
    taken.mkdir(parents=True, exist_ok=True)
    for suffix in SUFFIXES:
        source, target = folder / f"{stem}{suffix}", taken / f"{stem}{suffix}"
        with suppress(FileExistsError, FileNotFoundError):  # named already, or taken by another worker of this seat
            os.link(source, target)


def set_aside(seat: Seat, folder: Path, stem: Stem, refused: PackageRefused) -> None:
    """Kept in rejected/ with its reason beside it; of what may be secret, manifest and signature only.

    Its sealed file could be opened with this seat's key long after everything else of its batch is erased.
    """
    rejected = seat.home / "mail" / "rejected"
    rejected.mkdir(parents=True, exist_ok=True)
    secret = _may_be_secret(folder / f"{stem}{MANIFEST}", stem)
    for suffix in (MANIFEST, SIGNATURE) if secret else SUFFIXES:
        with suppress(FileNotFoundError):
            shutil.copyfile(folder / f"{stem}{suffix}", rejected / f"{stem}{suffix}")
    reason = f"{refused.cause.code}\n{refused}\n" + ("密封文件可能含保密字段, 未留存\n" if secret else "")
    (rejected / f"{stem}.reason.txt").write_text(reason, encoding="utf-8")


def _may_be_secret(manifest: Path, stem: Stem) -> bool:
    """By its name or by what its manifest says, proved or not, it holds what no file of ours may."""
    told = manifest.read_bytes() if manifest.is_file() else b""
    codes = [document.code for document in CATALOGUE if desk.kept_sealed(document)]
    return any(code == stem.document or f'"{code}"'.encode() in told for code in codes)


def taken_manifest(seat: Seat, paper: Paper) -> Manifest:
    """The manifest under which a document came."""
    stem = Stem(paper.sender, paper.number or 0, paper.type)
    return Manifest.from_bytes((seat.home / "mail" / "taken" / f"{stem}{MANIFEST}").read_bytes(), f"{stem}{MANIFEST}")


def sweep(seat: Seat, *, older: timedelta = timedelta(hours=1)) -> int:
    """What a worker that died has left: `.part` files anywhere, packages without manifest in and out, staged payloads
    that no outbox row names, photos of a package that was never filed. Returns how many.
    """
    before = (timezone.now() - older).timestamp()
    staging = seat.home / "mail" / "staging"
    staging.mkdir(parents=True, exist_ok=True)
    named = set(Outbox.objects.values_list("payload_sha256", flat=True))
    boxes = [seat.home / "mail" / "in", *(seat.home / "mail" / "out").glob("*/")]
    swept = sum(Mailbox(str(box)).sweep(older) for box in boxes)
    for path in staging.iterdir():
        if path.name not in named and path.stat().st_mtime < before:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
            swept += 1
    files = seat.home / "files"
    for path in (*(files / "incoming").glob("*.tar"), *files.rglob("*.part")):
        with suppress(FileNotFoundError):  # its worker is alive, and has just finished it
            if path.stat().st_mtime < before:
                path.unlink()
                swept += 1
    return swept
