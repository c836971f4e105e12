"""Social security card numbers 社会保障卡号, in blocks by lot or batch."""

from collections.abc import Sequence

import numpy as np

from zhika.card import cardnumber
from zhika.people.numbers import block

SSC = "ssc"


def card_numbers(prefix: str, subject: str, count: int) -> Sequence[str]:
    """Social security card numbers of a lot or batch, in order."""
    kept = block(SSC, prefix, subject, count)
    serials = np.arange(kept.first, kept.first + count, dtype=np.int64)
    return [str(number) for number in cardnumber.numbers(prefix, serials)]
