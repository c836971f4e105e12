"""Expiry date of a bank card 有效期: four digits, YYMM, the last month in which the card is good (ISO/IEC 7813).

Stripe and chip carry YYMM, the face shows MM/YY. Which order goes into the security values is the issuer's choice.

>>> after(date(2026, 11, 23), 10)
'3611'
>>> printed("3611")
'11/36'
"""

from datetime import date

import numpy as np
from numpy.typing import NDArray

from zhika.card import digits
from zhika.errors import ConfigurationError, Fault, Refused

TITLE = "有效期"


def after(issue: date, years: int) -> str:
    """The expiry date, YYMM, of a card issued on `issue` and good for `years` (1 to 99) years.

    Raises `ConfigurationError` for any other term: two digits of a year can't tell it.
    """
    if not 1 <= years <= 99:
        raise ConfigurationError("卡的有效年限应为 1 至 99 年")
    return f"{(issue.year + years) % 100:02}{issue.month:02}"


def printed(expiry: str) -> str:
    """YYMM as it stands on the card's face: MM/YY. Raises `Refused` when it isn't YYMM."""
    checked([expiry])
    return f"{expiry[2:]}/{expiry[:2]}"


def checked(expiries: digits.Texts) -> NDArray[np.str_]:
    """Expiry dates that are YYMM with a month of the calendar, shape (n,); raises `Refused` naming each bad row.

    >>> checked(["1136"])
    Traceback (most recent call last):
    zhika.errors.Refused: 有效期 第 2 行: 应为 YYMM, 月份 01 至 12
    """
    array = digits.checked(expiries, TITLE, 4, 4)
    points = digits.code_points(array)
    if not len(array):
        return array
    month = (points[:, 2] - ord("0")) * 10 + points[:, 3] - ord("0")
    bad = np.flatnonzero((month < 1) | (month > 12))
    if bad.size:
        raise Refused([Fault(TITLE, "应为 YYMM, 月份 01 至 12", int(row) + 2) for row in bad])
    return array
