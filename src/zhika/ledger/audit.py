"""Who did what, to what, and why; sealed in closed ranges, each chained to the one before."""

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from django.db import models, transaction
from django.db.models import Max
from django.utils import timezone

from zhika.ledger.alone import alone

SEAL_AFTER = 100
"""Entries that are sealed as one range, as soon as there are so many."""
OVERDUE = timedelta(days=1)
"""So many entries that stand so long without a seal had one, or nobody has worked."""


class AuditEntry(models.Model):
    """One act of somebody. Never holds a person's data: subjects are codes and serials."""

    at = models.DateTimeField()
    who = models.CharField(max_length=60)
    what = models.CharField(max_length=60)
    subject = models.CharField(max_length=120)
    why = models.CharField(max_length=200, blank=True)


class AuditSeal(models.Model):
    """A closed range of entries: digest over its entries and the seal before, signed by the seat."""

    first_id = models.BigIntegerField()
    last_id = models.BigIntegerField(unique=True)
    sha256 = models.CharField(max_length=64)
    previous = models.CharField(max_length=64)
    signature = models.BinaryField()


def note(who: str, what: str, subject: str, why: str = "", *, at: datetime | None = None) -> AuditEntry:
    """Write one entry, in the transaction of what it tells of."""
    with transaction.atomic(savepoint=False):
        alone()  # entries become visible in the order of their ids: a range that is closed gets no more of them
        return AuditEntry.objects.create(
            at=at or timezone.now(), who=who, what=what, subject=subject[:120], why=why[:200]
        )


def digest(first_id: int, last_id: int, previous: str) -> str:
    """SHA-256 over the range's entries in order, led by the digest of the seal before."""
    sha = hashlib.sha256(previous.encode())
    entries = AuditEntry.objects.filter(pk__range=(first_id, last_id)).order_by("pk")
    for entry in entries.iterator(chunk_size=5_000):
        line = [entry.pk, entry.at.isoformat(), entry.who, entry.what, entry.subject, entry.why]
        sha.update(json.dumps(line, ensure_ascii=False).encode() + b"\n")
    return sha.hexdigest()


def seal(sign: Callable[[bytes], bytes], *, least: int = 1) -> AuditSeal | None:
    """Close the range since the last seal, if it holds at least `least` entries."""
    with transaction.atomic():
        alone()
        last = AuditSeal.objects.order_by("-last_id").first()
        after = last.last_id if last else 0
        entries = AuditEntry.objects.filter(pk__gt=after)
        newest = entries.order_by("-pk").values_list("pk", flat=True).first()
        if newest is None or entries.count() < least:
            return None
        previous = last.sha256 if last else ""
        sha256 = digest(after + 1, newest, previous)
        return AuditSeal.objects.create(
            first_id=after + 1, last_id=newest, sha256=sha256, previous=previous, signature=sign(sha256.encode())
        )


def faults(is_signed: Callable[[bytes, bytes], bool]) -> Iterator[tuple[str, str]]:
    """Every range of entries, as FIRST–LAST, that is not as it was sealed, or has no seal; with what is wrong.

    `is_signed(content, signature)` says whether the seat signed this content. The first range begins with entry 1 and
    each other after the one before. An entry that was changed, taken out or put in breaks its range's digest; a range
    taken out, or sealed anew, breaks the chain or the signature; the last ones taken out leave entries without a seal.
    """
    after, previous = 0, ""
    for closed in AuditSeal.objects.order_by("last_id"):
        within = f"{closed.first_id}–{closed.last_id}"
        if closed.first_id != after + 1:
            yield f"{after + 1}–{closed.first_id - 1}", "这一段的封存记录缺失"
        if closed.previous != previous:
            yield within, "与前一段不衔接"
        if digest(closed.first_id, closed.last_id, closed.previous) != closed.sha256:
            yield within, "记录与封存时不同"
        if not is_signed(closed.sha256.encode(), bytes(closed.signature)):
            yield within, "签名不符"
        after, previous = closed.last_id, closed.sha256
    if last := overdue():
        yield f"{after + 1}–{last}", "没有封存: 封存记录缺失, 或 zhika work 久未运行"


def overdue() -> int:
    """The last entry (primary key) that should long have been sealed; 0: none."""
    after = AuditSeal.objects.aggregate(last=Max("last_id"))["last"] or 0
    old = AuditEntry.objects.filter(pk__gt=after, at__lt=timezone.now() - OVERDUE).order_by("pk")
    keys = list(old.values_list("pk", flat=True))
    return int(keys[-1]) if len(keys) >= SEAL_AFTER else 0
