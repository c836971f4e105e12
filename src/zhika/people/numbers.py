"""Blocks of numbers that the platform gives: application numbers 申请编号, social security card numbers 社会保障卡号.

A block is kept in a transaction of its own before the row that uses it is done: a row that runs again after a crash
finds its block and gives the same numbers. A block that is not used up leaves a gap; no number is given twice.
"""

from django.db import models, transaction
from django.db.models import F, Max

from zhika.errors import Fault, Refused

APPLICATION = "application"
_DIGITS = 8
"""Running number of an application, by day."""


class NumberBlock(models.Model):
    """Consecutive numbers kept for a lot, a form file or a batch."""

    kind = models.CharField(max_length=12)
    """application | ssc"""
    series = models.CharField(max_length=20)
    """What stands before the running number; each series counts from 1."""
    subject = models.CharField(max_length=80)
    first = models.BigIntegerField()
    count = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "subject"], name="block_once"),
            models.UniqueConstraint(fields=["kind", "series", "first"], name="block_apart"),
        ]


def block(kind: str, series: str, subject: str, count: int) -> NumberBlock:
    """The block of this subject: the one it has, or the next `count` numbers of the series.

    Raises Refused where the subject has a smaller block: its rows were changed after numbers had been given.
    """
    with transaction.atomic():
        found = NumberBlock.objects.filter(kind=kind, subject=subject).first()
        if found is None:
            # Two that reserve at the same moment ask for the same first number; the store refuses the second.
            last = NumberBlock.objects.filter(kind=kind, series=series).aggregate(n=Max(F("first") + F("count")))["n"]
            found = NumberBlock.objects.create(kind=kind, series=series, subject=subject, first=last or 1, count=count)
    if found.count < count:
        raise Refused([Fault(subject, f"号段只有 {found.count} 个, 需要 {count} 个: 取号后人数又有增加")])
    return found


def application_numbers(prefix: str, day: str, subject: str, count: int) -> list[str]:
    """Application numbers of a lot or a file of forms: prefix, day (yymmdd), 8 digits; `count` of them."""
    kept = block(APPLICATION, f"{prefix}{day}", subject, count)
    return [written(kept.series, kept.first + at) for at in range(count)]


def given(subject: str) -> list[str]:
    """The application numbers that a subject has been given; none where nobody has asked for any."""
    kept = NumberBlock.objects.filter(kind=APPLICATION, subject=subject).first()
    return [written(kept.series, kept.first + at) for at in range(kept.count)] if kept else []


def drawn_for(number: str) -> str:
    """The subject whose block an application number is of; '' for a number that was never given."""
    series, running = number[:-_DIGITS], number[-_DIGITS:]
    if not running.isdecimal():
        return ""
    before = NumberBlock.objects.filter(kind=APPLICATION, series=series, first__lte=int(running))
    found = before.order_by("-first").first()
    return found.subject if found and int(running) < found.first + found.count else ""


def written(series: str, number: int) -> str:
    """An application number as it is written.

    >>> written("A261123", 17)
    'A26112300000017'
    """
    return f"{series}{number:0{_DIGITS}}"
