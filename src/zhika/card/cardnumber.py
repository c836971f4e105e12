"""Social security card number 社会保障卡号 (LD/T 32, EF05 tag 07): 8 characters of 0–9 and A–Z and a check character.

The check is GB 11714's: weights 3 7 9 10 5 8 4 2, A = 10 to Z = 35, c = 11 − sum mod 11, written X for 10, 0 for 11.

The 8 characters are the issuer's own. Ours are a prefix and a decimal serial, zero-padded to fill the 8: one letter
and seven digits number 10 million cards, more than a city of 6,561,275 needs, and a serial can be read aloud.

>>> calc_check_digit("A0000001")
'1'
>>> validate("A00000011")
'A00000011'
>>> is_valid("A00000012")
False
"""

import re

import numpy as np
from numpy.typing import NDArray

from zhika.card import digits
from zhika.errors import Fault, Refused

TITLE = "社会保障卡号"
_WEIGHTS = np.array([3, 7, 9, 10, 5, 8, 4, 2], dtype=np.int64)
_BODY = re.compile(r"[0-9A-Z]{8}")
_FORM = re.compile(r"[0-9A-Z]{8}[0-9X]")
_PREFIX = re.compile(r"[0-9A-Z]{0,7}")
_CHECKS = np.frombuffer(b"0X987654321", dtype=np.uint8)
"""Check characters by sum mod 11."""


class InvalidCardNumber(Refused):
    """Not a social security card number; says which rule it breaks."""

    def __init__(self, rule: str) -> None:
        super().__init__([Fault(TITLE, rule)])


def calc_check_digit(body: str) -> str:
    """Check character of the first 8 characters: one of 0–9, X."""
    if not _BODY.fullmatch(body):
        raise InvalidCardNumber("校验位之前应为 8 位数字或大写字母")
    return chr(_checks(np.frombuffer(body.encode("ascii"), dtype=np.uint8).reshape(1, 8))[0])


def validate(number: str) -> str:
    """The number itself; raises `InvalidCardNumber` when its form or check character is wrong."""
    if not _FORM.fullmatch(number):
        raise InvalidCardNumber("应为 8 位数字或大写字母, 另加 1 位校验位")
    if calc_check_digit(number[:8]) != number[8]:
        raise InvalidCardNumber("校验位不符 (GB 11714), 请核对是否抄录有误")
    return number


def is_valid(number: str) -> bool:
    """Whether `validate` would accept the number."""
    try:
        validate(number)
    except InvalidCardNumber:
        return False
    return True


def numbers(prefix: str, serials: NDArray[np.int64]) -> NDArray[np.str_]:
    """One card number for each serial: prefix (0 to 7 characters), decimal serial, check; 9 characters, shape (n,).

    Raises `InvalidCardNumber` for a bad prefix, `Refused` for a serial that doesn't fit.

    >>> numbers("A", np.array([1, 2])).tolist()
    ['A00000011', 'A0000002X']
    """
    if not _PREFIX.fullmatch(prefix):
        raise InvalidCardNumber("号段前缀应为 0 至 7 位数字或大写字母")
    serial = digits.of_serials(serials, 8 - len(prefix), TITLE)
    matrix = np.empty((len(serial), 9), dtype=np.uint8)
    matrix[:, : len(prefix)] = list(prefix.encode("ascii"))
    matrix[:, len(prefix) : 8] = serial + np.uint8(ord("0"))
    matrix[:, 8] = _checks(matrix[:, :8])
    return digits.joined(matrix)


def _checks(bodies: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Check characters of ASCII bodies, shape (n, 8) to (n,)."""
    letters = bodies >= ord("A")
    values = bodies.astype(np.int64) - np.where(letters, ord("A") - 10, ord("0"))
    checks: NDArray[np.uint8] = _CHECKS[(values * _WEIGHTS).sum(axis=1) % 11]
    return checks
