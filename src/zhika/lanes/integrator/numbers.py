"""Numbers: social security card numbers 社会保障卡号 in blocks, bank card numbers 银行卡号 as recorded."""

from collections.abc import Iterator, Sequence

import numpy as np

from zhika.card import cardnumber
from zhika.lanes.integrator.models import Mapping, Production
from zhika.ledger.chunks import chunks
from zhika.people.numbers import block

SSC = "ssc"


def card_numbers(prefix: str, subject: str, count: int) -> Sequence[str]:
    """Social security card numbers of a lot or batch, in order."""
    kept = block(SSC, prefix, subject, count)
    serials = np.arange(kept.first, kept.first + count, dtype=np.int64)
    return [str(number) for number in cardnumber.numbers(prefix, serials)]


def recorded(batch_code: str, apps: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(application, bank number) of these applications in the production and the application database.

    An application of another batch that has one of their numbers is told too.
    """
    for some in chunks(apps):
        own = {row for table in (Production, Mapping) for row in _told(table, app_no__in=some)}
        numbers = {number for _, number in own}
        yield from own | {row for table in (Production, Mapping) for row in _told(table, pan__in=numbers)}


def _told(table: type[Production] | type[Mapping], **of: object) -> Iterator[tuple[str, str]]:
    for app_no, number in table.objects.filter(**of, pan__isnull=False).values_list("app_no", "pan"):
        yield app_no, number or ""
