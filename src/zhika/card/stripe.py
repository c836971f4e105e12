"""Magnetic stripe 磁条: tracks 1, 2 and 3 with sentinels and check character (GB/T 19584, ISO/IEC 7813, ISO/IEC 4909).

A track is a table of literals and parts, from start to end sentinel; code walks it to write and to read. The check
character LRC is the xor of all characters before it, sentinels included, less the track's zero (space on track 1,
'0' on tracks 2 and 3). Track 1 has no Chinese characters: the name stays blank there. What the discretionary digits
hold is the issuer's own, so the layout is a value.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from zhika.card import digits, expiry, pan
from zhika.errors import CardError, ConfigurationError


class Part(StrEnum):
    """What varies from card to card on a track."""

    PAN = "pan"
    NAME = "name"
    EXPIRY = "expiry"
    SERVICE = "service"
    PVV = "pvv"
    CVV = "cvv"


WIDTHS = {Part.PAN: (10, 19), Part.NAME: (2, 26), Part.EXPIRY: (4, 4), Part.SERVICE: (3, 3), Part.PVV: (5, 5),
          Part.CVV: (3, 3)}  # fmt: skip
"""Shortest and longest, in characters. PVV is one digit of key index and four of PIN verification value."""
TITLES = {Part.SERVICE: "服务代码", Part.PVV: "PIN 校验值", Part.CVV: "卡校验码"}
NO_PVV = "00000"
BLANK_NAME = " " * WIDTHS[Part.NAME][1]

Item = Part | str
Items = tuple[Item, ...]


@dataclass(frozen=True)
class Standard:
    """What a track's standard allows: start sentinel, lowest and highest character, most characters, LRC included."""

    start: str
    zero: str
    top: str
    longest: int


STANDARDS = {"track1": Standard("%", " ", "_", 79), "track2": Standard(";", "0", "?", 40),
             "track3": Standard(";", "0", "?", 107)}  # fmt: skip


@dataclass(frozen=True)
class Layout:
    """The tracks of one bank's card. The values of track 3's literals are the issuer's: set them with the bank.

    Raises `ConfigurationError` for a track that its standard doesn't allow, or that couldn't be read back.
    """

    track1: Items = (
        "%99", Part.PAN, "^", Part.NAME, "^", Part.EXPIRY, Part.SERVICE, Part.PVV, Part.CVV, "?",
    )  # fmt: skip
    track2: Items = (";", Part.PAN, "=", Part.EXPIRY, Part.SERVICE, Part.PVV, Part.CVV, "?")
    track3: Items = (
        ";99", Part.PAN, "=",
        "156", "156", "0",  # country, currency (GB/T 2659, GB/T 12406), exponent
        "0000", "0000", "0000", "00", "0",  # amount a cycle, amount left, cycle's begin, its length, PIN tries
        "000000", "0", "00", "00", "00",  # PIN parameters, interchange, account types: PAN, first, second
        Part.EXPIRY, "0", "===", "0", "=", "?",  # card sequence; no security number, no further accounts; relay
    )  # fmt: skip

    def __post_init__(self) -> None:
        for name, standard in STANDARDS.items():
            _check(name, getattr(self, name), standard)


def _check(name: str, items: Items, standard: Standard) -> None:
    """Refuses a layout that could not be written or not be read back."""
    literals = "".join(item for item in items if not isinstance(item, Part))
    length = sum(WIDTHS[item][1] if isinstance(item, Part) else len(item) for item in items) + 1
    if length > standard.longest:
        raise ConfigurationError(f"磁条布局 {name}: {length} 个字符, 至多 {standard.longest} 个 (含起止符和校验符)")
    if not str(items[0]).startswith(standard.start) or items[-1] != "?" or literals.count("?") != 1:
        raise ConfigurationError(f"磁条布局 {name}: 应以 {standard.start} 开始, 以单独的 ? 结束")
    if not all(standard.zero <= character <= standard.top for character in literals):
        raise ConfigurationError(f"磁条布局 {name}: 有磁道写不出的字符")
    for part, following in pairwise(items):
        shortest, longest = WIDTHS[part] if isinstance(part, Part) else (0, 0)
        if shortest != longest and (isinstance(following, Part) or following[0] not in "^=?"):
            raise ConfigurationError(f"磁条布局 {name}: 长度可变的 {part} 之后应有分隔符")
    if name != "track1" and Part.NAME in items:
        raise ConfigurationError(f"磁条布局 {name}: 只有一磁道可写姓名")


LAYOUT = Layout()


@dataclass(frozen=True)
class Tracks:
    """The three tracks of one card as the stripe head writes them. Secret: its repr shows none."""

    track1: str = field(repr=False)
    track2: str = field(repr=False)
    track3: str = field(repr=False)


@dataclass(frozen=True)
class TrackColumns:
    """The tracks of n cards, each of shape (n,). Secret: its repr shows none."""

    track1: NDArray[np.str_] = field(repr=False)
    track2: NDArray[np.str_] = field(repr=False)
    track3: NDArray[np.str_] = field(repr=False)


def tracks(number: str, expires: str, service: str, cvv: str, *, pvv: str = NO_PVV, layout: Layout = LAYOUT) -> Tracks:
    """The tracks of one card; arguments and errors as for `tracks_of`.

    >>> tracks("6222350000000000018", "3611", "220", "417").track2
    ';6222350000000000018=361122000000417?5'
    """
    columns = tracks_of([number], [expires], service, [cvv], pvvs=[pvv], layout=layout)
    return Tracks(str(columns.track1[0]), str(columns.track2[0]), str(columns.track3[0]))


def tracks_of(
    pans: digits.Texts,
    expiries: digits.Texts,
    service: str,
    cvvs: digits.Texts,
    *,
    pvvs: digits.Texts | None = None,
    layout: Layout = LAYOUT,
) -> TrackColumns:
    """The tracks of n cards, sentinels and LRC included: at most 79, 40 and 107 characters.

    PAN 10 to 19 digits, expiry YYMM, service code three digits, CVV three, PVV five (zeros where the bank has none).
    Raises `Refused` naming each row of another form.
    """
    numbers = digits.checked(pans, pan.TITLE, *WIDTHS[Part.PAN])
    pin_values = [NO_PVV] * len(numbers) if pvvs is None else pvvs
    columns = {
        Part.PAN: numbers,
        Part.NAME: np.array([BLANK_NAME] * len(numbers), dtype=np.str_),
        Part.EXPIRY: expiry.checked(expiries),
        Part.SERVICE: digits.checked([service] * len(numbers), TITLES[Part.SERVICE], 3, 3),
        Part.PVV: digits.checked(pin_values, TITLES[Part.PVV], 5, 5),
        Part.CVV: digits.checked(cvvs, TITLES[Part.CVV], 3, 3),
    }
    digits.same_length(*columns.values())
    return TrackColumns(*(_written(getattr(layout, name), columns, STANDARDS[name]) for name in STANDARDS))


def read(track: str, items: Items = LAYOUT.track2) -> Mapping[Part, str]:
    """The parts of a track as a stripe head returned it, by its layout (track 2's by default).

    Raises `CardError` when the LRC is wrong or the track has another layout; never quotes the track.

    >>> parts = read(";6222350000000000018=361122000000417?5")
    >>> parts[Part.EXPIRY], parts[Part.SERVICE], parts[Part.CVV]
    ('3611', '220', '417')
    """
    zero = " " if str(items[0]).startswith("%") else "0"
    if len(track) < 2 or lrc(track[:-1], zero) != track[-1]:
        raise CardError("磁条: 校验符 (LRC) 不符, 请重刷; 仍不符则作废")
    parts: dict[Part, str] = {}
    at = 0
    for item, following in zip(items, (*items[1:], ""), strict=True):
        if isinstance(item, Part):
            shortest, longest = WIDTHS[item]
            # A part of fixed width says where it ends, any other ends at the separator that follows.
            end = at + longest if shortest == longest else track.find(str(following)[0], at)
            text = track[at:end]
            if not shortest <= len(text) <= longest or (item is not Part.NAME and not _digits(text)):
                raise CardError("磁条: 内容与布局不符")
            if parts.setdefault(item, text) != text:
                raise CardError("磁条: 同一栏目前后不一致")
        else:
            end = at + len(item)
            if track[at:end] != item:
                raise CardError("磁条: 内容与布局不符")
        at = end
    if at != len(track) - 1:
        raise CardError("磁条: 内容与布局不符")
    return parts


def lrc(body: str, zero: str) -> str:
    """The check character of a track without it; `zero` is the track's lowest character, ' ' or '0'.

    >>> lrc(";6222350000000000018=361122000000417?", "0")
    '5'
    """
    total = 0
    for character in body:
        total ^= ord(character) - ord(zero)
    return chr(total + ord(zero))


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _written(items: Items, columns: Mapping[Part, NDArray[np.str_]], standard: Standard) -> NDArray[np.str_]:
    track = np.array([""] * len(columns[Part.PAN]), dtype=np.str_)
    for item in items:
        track = np.strings.add(track, columns[item] if isinstance(item, Part) else item)
    zero = np.uint32(ord(standard.zero))
    points = digits.code_points(track)
    total = np.bitwise_xor.reduce(np.where(points == 0, np.uint32(0), points - zero), axis=1)
    return np.strings.add(track, digits.joined((total + zero)[:, None]))
