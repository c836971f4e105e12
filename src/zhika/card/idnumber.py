"""Citizen identification number 公民身份号码 (GB 11643): a person's number for life, 18 characters.

Area 6, birth date 8 (YYYYMMDD), sequence 3 (odd male, even female), check 1 (ISO 7064 MOD 11-2, X for 10). Residence
permits of people from Hong Kong, Macao and Taiwan (area 81…, 82…, 83…) and of foreign permanent residents (first
digit 9) have the same form. An area nobody knows is no fault: areas were renamed and merged. The old number of 15
digits has neither century nor check character: it is recognised and never accepted, `upgrade_proposal` is for a
person to confirm.

>>> validate("11010519491231002x")
'11010519491231002X'
>>> is_valid("110105194912310021")
False
>>> validate("350502900101001")
Traceback (most recent call last):
zhika.card.idnumber.InvalidIdNumber: 公民身份号码: 15 位旧号码, 没有世纪和校验位, 请按证件确认 18 位号码
"""

import re
from datetime import date
from enum import StrEnum
from typing import NamedTuple

import numpy as np
import polars
from numpy.typing import NDArray

from zhika.errors import Fault, Refused

TITLE = "公民身份号码"
RULES = {
    "missing": "缺号码",
    "old-15": "15 位旧号码, 没有世纪和校验位, 请按证件确认 18 位号码",
    "length": "应为 18 位",
    "characters": "前 17 位应为数字, 末位为数字或 X",
    "birth": "第 7 至 14 位不是真实的日期",
    "check": "校验位不符 (GB 11643), 请按证件核对",
}
"""Code and sentence of each rule, in the order in which a number is held against them."""
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECKS = "10X98765432"
"""Check characters by weighted sum mod 11."""

BLANKS = "\t\n\v\f\r \u00a0\u2002\u2003\u2009\u200b\u202f\u3000\ufeff"
"""Blanks that spreadsheets and forms leave in numbers, those without width among them."""
_REPLACED: dict[str, str] = (
    {chr(ord("０") + digit): str(digit) for digit in range(10)}
    | dict.fromkeys("xＸｘ", "X")
    | dict.fromkeys(BLANKS, "")
)
_CLEANED = str.maketrans({**_REPLACED})
_FORM = re.compile(r"[0-9]{17}[0-9X]")
_OLD = re.compile(r"[0-9]{15}")


class InvalidIdNumber(Refused):
    """Not an ID number; `code` is the first rule of `RULES` that it breaks. Never holds the number."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__([Fault(TITLE, RULES[code])])


class Sex(StrEnum):
    """Sex by GB/T 2261.1."""

    MALE = "1"
    FEMALE = "2"


class Kind(StrEnum):
    """Which document bears the number."""

    CITIZEN = "citizen"  # 居民身份证
    RESIDENCE_PERMIT = "residence-permit"  # 港澳台居民居住证
    FOREIGN_RESIDENT = "foreign-resident"  # 外国人永久居留身份证


class Parts(NamedTuple):
    """What a number says. `area` is six digits (of a foreign resident: 9, issuing province 2, nationality 3)."""

    area: str
    birth: date
    sex: Sex
    sequence: str
    kind: Kind


def clean(text: str) -> str:
    """The number as it should have been typed: blanks gone, full-width characters narrow, x a capital.

    >>> clean(" １１０105 19491231002ｘ")
    '11010519491231002X'
    """
    return text.translate(_CLEANED)


def calc_check_digit(body: str) -> str:
    """Check character (0–9, X) of the first 17 digits. Raises `InvalidIdNumber` when they aren't 17 digits.

    >>> calc_check_digit("11010519491231002")
    'X'
    """
    if not re.fullmatch(r"[0-9]{17}", body):
        raise InvalidIdNumber("characters")
    return CHECKS[sum(weight * int(digit) for weight, digit in zip(WEIGHTS, body, strict=True)) % 11]


def validate(number: str) -> str:
    """The number, cleaned; raises `InvalidIdNumber` with the first rule it breaks."""
    number = clean(number)
    if (code := _broken(number)) is not None:
        raise InvalidIdNumber(code)
    return number


def is_valid(number: str) -> bool:
    """Whether `validate` would accept the number."""
    return _broken(clean(number)) is None


def parts(number: str) -> Parts:
    """Area, birth date, sex, sequence and kind of a valid number; raises `InvalidIdNumber` as `validate` does.

    >>> found = parts("11010519491231002X")
    >>> found.area, found.birth.isoformat(), found.sex.name, found.sequence, found.kind.name
    ('110105', '1949-12-31', 'FEMALE', '002', 'CITIZEN')
    """
    number = validate(number)
    kinds = {"81": Kind.RESIDENCE_PERMIT, "82": Kind.RESIDENCE_PERMIT, "83": Kind.RESIDENCE_PERMIT}
    kind = Kind.FOREIGN_RESIDENT if number[0] == "9" else kinds.get(number[:2], Kind.CITIZEN)
    sex = Sex.MALE if int(number[16]) % 2 else Sex.FEMALE
    return Parts(number[:6], date.fromisoformat(number[6:14]), sex, number[14:17], kind)


def upgrade_proposal(number: str) -> str:
    """The 18 characters that an old number of 15 digits most likely became: for a person to confirm, never to accept.

    Sequences 996–999 were kept for people over a hundred when the numbers were given out: born in the 1800s.
    Raises `InvalidIdNumber` when it isn't 15 digits, or its date is none.

    >>> upgrade_proposal("110105491231002")
    '11010519491231002X'
    """
    number = clean(number)
    if not _OLD.fullmatch(number):
        raise InvalidIdNumber("length")
    body = number[:6] + ("18" if number[12:] >= "996" else "19") + number[6:]
    return validate(body + calc_check_digit(body))


def faults(numbers: polars.Series) -> polars.Series:
    """Code of the first rule of `RULES` that each number breaks, null where none: `validate` for a whole column.

    `numbers` and the answer are text columns of the same length and name. Raises `polars` errors for another type.

    >>> faults(polars.Series("id_no", ["11010519491231002x", "350502900101001", None])).to_list()
    [None, 'old-15', 'missing']
    """
    cleaned = numbers.str.replace_many(list(_REPLACED), list(_REPLACED.values()))
    shape = polars.select(
        polars.when(cleaned.is_null() | (cleaned == "")).then(polars.lit("missing"))
        .when(cleaned.str.contains(f"^{_OLD.pattern}$")).then(polars.lit("old-15"))
        .when(cleaned.str.len_chars() != 18).then(polars.lit("length"))
        .when(~cleaned.str.contains(f"^{_FORM.pattern}$")).then(polars.lit("characters"))
    ).to_series()  # fmt: skip
    well_formed = shape.is_null()
    characters = "".join(cleaned.filter(well_formed)).encode("ascii")
    found = _of_well_formed(np.frombuffer(characters, dtype=np.uint8).reshape(-1, 18))
    codes = np.zeros(len(numbers), dtype=np.uint8)
    codes[well_formed.to_numpy()] = found
    return shape.fill_null(polars.Series(codes).replace_strict(_CODES, return_dtype=polars.String)).alias(numbers.name)


_CODES = {0: None, 1: "birth", 2: "check"}


def _of_well_formed(characters: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Keys of `_CODES` for numbers of the right form, ASCII, shape (n, 18) to (n,)."""
    digits = characters - np.uint8(ord("0"))

    def number(first: int, last: int) -> NDArray[np.int16]:
        value = np.zeros(len(digits), dtype=np.int16)
        for place in range(first, last):
            value = value * np.int16(10) + digits[:, place]
        return value

    year, month, day = number(6, 10), number(10, 12), number(12, 14)
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    length = _DAYS[np.minimum(month, 13)] + ((month == 2) & leap)
    born = (year > 0) & (day >= 1) & (day <= length)
    # Column by column: a product with the weights would widen the whole matrix.
    total = np.zeros(len(digits), dtype=np.int16)
    for place, weight in enumerate(WEIGHTS):
        total += digits[:, place] * np.int16(weight)
    right = np.frombuffer(CHECKS.encode("ascii"), dtype=np.uint8)[total % 11] == characters[:, 17]
    return np.select([~born, ~right], [np.uint8(1), np.uint8(2)], np.uint8(0))


_DAYS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 0], dtype=np.int16)
"""Days of month 1 to 12 in a common year; none for 0 and 13, which stand for every month that isn't."""


def _broken(number: str) -> str | None:
    """Code of the first rule that a cleaned number breaks."""
    if not number:
        return "missing"
    if _OLD.fullmatch(number):
        return "old-15"
    if len(number) != 18:
        return "length"
    if not _FORM.fullmatch(number):
        return "characters"
    try:
        date.fromisoformat(number[6:14])
    except ValueError:
        return "birth"
    return None if calc_check_digit(number[:17]) == number[17] else "check"


def mask(number: str) -> str:
    """The number as lists and screens show it by default: area and last four, the rest hidden; old numbers too.

    >>> mask("350502199001011234"), mask("1234")
    ('350502********1234', '****')
    """
    return number[:6] + "*" * (len(number) - 10) + number[-4:] if len(number) >= 15 else "*" * len(number)


def mask_name(name: str) -> str:
    """A name as lists and screens show it by default: first and last character, of a short one the first alone.

    >>> mask_name("张小三"), mask_name("张三"), mask_name("张")
    ('张*三', '张*', '*')
    """
    if len(name) < 3:
        return name[: len(name) - 1] + "*" if name else ""
    return name[0] + "*" * (len(name) - 2) + name[-1]
