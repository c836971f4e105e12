"""Numbers that the integrator gives: application numbers 申请编号 and social security card numbers 社会保障卡号.

A block is kept in a transaction of its own before the row that uses it is done: a row that runs again after a crash
finds its block and gives the same numbers. A block that is not used up leaves a gap; no number is given twice.
"""

from collections.abc import Sequence

import numpy as np
from django.db import transaction
from django.db.models import F, Max

from zhika.card import cardnumber
from zhika.errors import Fault, Refused
from zhika.lanes.integrator.models import NumberBlock

APPLICATION, SSC = "application", "ssc"
_DIGITS = 8
"""Running number of an application, by day."""


def block(kind: str, series: str, subject: str, count: int) -> NumberBlock:
    """The block of this lot or batch: the one it has, or the next `count` numbers of the series.

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


def application_numbers(prefix: str, day: str, lot: str, count: int) -> list[str]:
    """Application numbers of a lot: prefix, day (yymmdd), 8 digits; `count` of them."""
    kept = block(APPLICATION, f"{prefix}{day}", lot, count)
    return [written(kept.series, kept.first + at) for at in range(count)]


def written(series: str, number: int) -> str:
    """An application number as it is written.

    >>> written("A261123", 17)
    'A26112300000017'
    """
    return f"{series}{number:0{_DIGITS}}"


def card_numbers(prefix: str, subject: str, count: int) -> Sequence[str]:
    """Social security card numbers of a lot or batch, in order."""
    kept = block(SSC, prefix, subject, count)
    serials = np.arange(kept.first, kept.first + count, dtype=np.int64)
    return [str(number) for number in cardnumber.numbers(prefix, serials)]
