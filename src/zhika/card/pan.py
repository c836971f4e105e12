"""PAN, primary account number 银行卡号: the number of a bank card (ISO/IEC 7812-1, GB/T 19584).

10 to 19 digits: the issuer's prefix, the issuer's serial, and one check digit by Luhn (ISO/IEC 7812-1 annex B). Cards
of this field have 19. Prefix and serial range are each bank's configuration.

>>> validate("6222350000000000018")
'6222350000000000018'
>>> calc_check_digit("622235000000000001")
'8'
>>> is_valid("6222350000000000012")
False
"""

import re

import numpy as np
from numpy.typing import NDArray

from zhika.card import digits
from zhika.errors import Fault, Refused

WIDTH = 19
"""Digits of a PAN on a social security card, check digit included."""
TITLE = "银行卡号"
_FORM = re.compile(r"[0-9]{10,19}")
_PAYLOAD = re.compile(r"[0-9]{1,18}")
_DOUBLED = np.array([0, 2, 4, 6, 8, 1, 3, 5, 7, 9], dtype=np.uint8)
"""The digit sum of twice a digit."""


class InvalidPan(Refused):
    """Not a PAN; says which rule it breaks, never the number."""

    def __init__(self, rule: str) -> None:
        super().__init__([Fault(TITLE, rule)])


def calc_check_digit(payload: str) -> str:
    """Luhn check digit of a PAN without its last digit: one character.

    >>> calc_check_digit("7992739871")
    '3'
    """
    if not _PAYLOAD.fullmatch(payload):
        raise InvalidPan("校验位之前应为 1 至 18 位数字")
    row = np.array([[ord(character) - ord("0") for character in payload]], dtype=np.uint8)
    return str(_check_digits(row)[0])


def validate(number: str) -> str:
    """The number itself; raises `InvalidPan` when it isn't 10 to 19 digits with a right check digit."""
    if not _FORM.fullmatch(number):
        raise InvalidPan("应为 10 至 19 位数字")
    if calc_check_digit(number[:-1]) != number[-1]:
        raise InvalidPan("校验位不符 (Luhn), 请核对是否抄录有误")
    return number


def is_valid(number: str) -> bool:
    """Whether `validate` would accept the number."""
    try:
        validate(number)
    except InvalidPan:
        return False
    return True


def numbers(prefix: str, serials: NDArray[np.int64], width: int = WIDTH) -> NDArray[np.str_]:
    """One PAN for each serial: prefix, zero-padded serial, Luhn digit; `width` digits each, shape (n,).

    Raises `InvalidPan` for a prefix that isn't digits or leaves no serial, `Refused` for a serial that doesn't fit.

    >>> numbers("622235", np.array([1, 2])).tolist()
    ['6222350000000000018', '6222350000000000026']
    """
    if not 10 <= width <= 19 or not re.fullmatch(r"[0-9]+", prefix) or len(prefix) > width - 2:
        raise InvalidPan(f"号段前缀应为数字, 且为 {width} 位卡号留出序列号和校验位")
    serial = digits.of_serials(serials, width - 1 - len(prefix), TITLE)
    matrix = np.empty((len(serial), width), dtype=np.uint8)
    matrix[:, : len(prefix)] = [int(digit) for digit in prefix]
    matrix[:, len(prefix) : -1] = serial
    matrix[:, -1] = _check_digits(matrix[:, :-1])
    return digits.joined(matrix + np.uint8(ord("0")))


def mask(number: str) -> str:
    """The number with all but its last four digits hidden.

    >>> mask("6222350000000000018")
    '***************0018'
    """
    return "*" * len(number) if len(number) < 8 else "*" * (len(number) - 4) + number[-4:]


def _check_digits(payloads: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Luhn digits of payloads of equal length, shape (n, length) to (n,): every second digit from the right doubles."""
    total: NDArray[np.uint16] = _DOUBLED[payloads[:, ::-1][:, 0::2]].sum(axis=1, dtype=np.uint16)
    total += payloads[:, ::-1][:, 1::2].sum(axis=1, dtype=np.uint16)
    return ((10 - total % 10) % 10).astype(np.uint8)
