"""How a card file's items are coded (LD/T 32): an, cn, Chinese text, and two of our own."""

import re
from collections.abc import Sequence
from enum import Enum


class Coding(Enum):
    """How text becomes an item's bytes."""

    AN = "an"
    """ASCII, right-padded with 00."""
    CN = "cn"
    """Digits, two a byte, right-padded with F."""
    BINARY = "b"
    """Hexadecimal digits of the item's whole length."""
    GB = "gb"
    """Chinese text in GB 18030, of which GBK is a part; padded with 00; may go on in the next item of its name."""
    COUNTED = "counted"
    """One byte that counts, then Chinese text, then 00: ours, for the public area."""


_CN = re.compile(r"[0-9]*")
_HEX = re.compile(r"[0-9A-F]*")
_PRINTABLE_ASCII = re.compile(r"[\x20-\x7e]*")


def split(name: str, lengths: Sequence[int]) -> list[bytes]:
    """Chinese text over fields of the given lengths in bytes, never cutting a character; each field full with 00.

    Raises ValueError with the rule. That a character goes whole to the next field is our choice.

    >>> [part.hex() for part in split("陈阿山", (5, 4))]
    ['b3c2b0a200', 'c9bd0000']
    """
    if any(ord(character) < 0x20 for character in name):
        raise ValueError("含控制字符")
    fields: list[bytes] = []
    rest = [_gb(character) for character in name]
    for length in lengths:
        field = b""
        while rest and len(field) + len(rest[0]) <= length:
            field += rest.pop(0)
        fields.append(field.ljust(length, b"\0"))
    if rest:
        raise ValueError(f"超出芯片长度: 姓名与姓名扩展最多 {sum(lengths)} 字节")
    return fields


def encode(coding: Coding, text: str, length: int) -> bytes:
    """An item's bytes, `length` of them; ValueError with the rule where the text does not go in.

    >>> encode(Coding.CN, "350500", 4).hex(), encode(Coding.AN, "1.0", 4).hex()
    ('350500ff', '312e3000')
    """
    match coding:
        case Coding.AN:
            if not _PRINTABLE_ASCII.fullmatch(text):
                raise ValueError("只能是 ASCII 字符")
            _fits(len(text), length)
            return text.encode("ascii").ljust(length, b"\0")
        case Coding.CN:
            if not _CN.fullmatch(text):
                raise ValueError("只能是数字")
            _fits(len(text), 2 * length)
            return bytes.fromhex(text.ljust(2 * length, "F"))
        case Coding.BINARY:
            if not text:
                return b"\xff" * length
            if not _HEX.fullmatch(text) or len(text) != 2 * length:
                raise ValueError(f"须为 {2 * length} 个十六进制字符")
            return bytes.fromhex(text)
        case Coding.GB:
            return split(text, (length,))[0]
        case Coding.COUNTED:
            (padded,) = split(text, (length - 1,))
            return bytes((len(padded.rstrip(b"\0")),)) + padded


def decode(coding: Coding, data: bytes) -> str:
    """The text of an item; ValueError where the bytes are not of this coding."""
    match coding:
        case Coding.AN:
            return data.rstrip(b"\0").decode("ascii")
        case Coding.CN:
            return data.hex().upper().rstrip("F")
        case Coding.BINARY:
            return "" if data == b"\xff" * len(data) else data.hex().upper()
        case Coding.GB:
            return data.rstrip(b"\0").decode("gb18030")
        case Coding.COUNTED:
            return data[1 : 1 + data[0]].decode("gb18030")


def _gb(character: str) -> bytes:
    try:
        return character.encode("gb18030")
    except UnicodeEncodeError:
        raise ValueError("含 GB 18030 不能编码的字符") from None


def _fits(length: int, most: int) -> None:
    if length > most:
        raise ValueError(f"最多 {most} 个字符")
