"""Commands to a card and its answers (ISO/IEC 7816-4, short length only)."""

from enum import IntEnum
from typing import Protocol

from zhika.errors import CardError


class Connection(Protocol):
    """A card in a reader: soft, real, or either recorded."""

    def transmit(self, apdu: bytes) -> tuple[bytes, int]:
        """One command APDU; its answer's data and status word (two bytes as one number)."""
        ...


class StatusWord(IntEnum):
    """What a card answers, by its ISO/IEC 7816-4 meaning."""

    OK = 0x9000
    AUTHENTICATION_FAILED = 0x6300
    MEMORY_FAILURE = 0x6581
    WRONG_LENGTH = 0x6700
    SECURITY_NOT_SATISFIED = 0x6982
    KEY_BLOCKED = 0x6983
    NO_CHALLENGE = 0x6984
    CONDITIONS_NOT_SATISFIED = 0x6985
    NO_FILE_SELECTED = 0x6986
    WRONG_MAC = 0x6988
    WRONG_DATA = 0x6A80
    FILE_NOT_FOUND = 0x6A82
    RECORD_NOT_FOUND = 0x6A83
    WRONG_PARAMETERS = 0x6A86
    KEY_NOT_FOUND = 0x6A88
    FILE_EXISTS = 0x6A89
    WRONG_OFFSET = 0x6B00
    INS_NOT_SUPPORTED = 0x6D00
    CLA_NOT_SUPPORTED = 0x6E00


_MORE, _WRONG_LE, _TRIES = 0x61, 0x6C, 0x63C0
"""High bytes of "so many bytes wait" and "this Le instead"; the word that counts the tries left."""


def name_of(sw: int) -> str:
    """A status word by name.

    >>> name_of(0x6982), name_of(0x63C2), name_of(0x6F42)
    ('SECURITY_NOT_SATISFIED', 'AUTHENTICATION_FAILED (2 left)', 'UNKNOWN')
    """
    if sw & 0xFFF0 == _TRIES:
        return f"AUTHENTICATION_FAILED ({sw & 0xF} left)"
    return StatusWord(sw).name if sw in StatusWord._value2member_map_ else "UNKNOWN"


class StatusError(CardError):
    """The card refused a command. Names instruction and status word, never data."""

    def __init__(self, ins: int, sw: int) -> None:
        self.sw = sw
        super().__init__(f"卡片拒绝命令 {ins:02X}: {sw:04X} {name_of(sw)}")


def command(cla: int, ins: int, p1: int, p2: int, data: bytes = b"", le: int | None = None) -> bytes:
    """A short C-APDU; `le` 0 asks for all there is.

    >>> command(0x00, 0xA4, 0x00, 0x02, bytes.fromhex("EF05")).hex()
    '00a4000202ef05'
    >>> command(0x00, 0xB2, 1, 4, le=0).hex()
    '00b2010400'
    """
    if len(data) > 255:
        raise CardError("命令数据超过 255 字节, 请分段发送")
    body = bytes((len(data),)) + data if data else b""
    return bytes((cla, ins, p1, p2)) + body + (b"" if le is None else bytes((le,)))


def exchange(connection: Connection, apdu: bytes) -> tuple[bytes, int]:
    """One command to its end: 6Cxx is asked again with the card's Le, 61xx is fetched by GET RESPONSE."""
    data, sw = connection.transmit(apdu)
    if sw >> 8 == _WRONG_LE:
        data, sw = connection.transmit(apdu[:-1] + bytes((sw & 0xFF,)))
    while sw >> 8 == _MORE:
        more, sw = connection.transmit(bytes((apdu[0] & 0x03, 0xC0, 0, 0, sw & 0xFF)))
        data += more
    return data, sw


def send(connection: Connection, apdu: bytes) -> bytes:
    """The answer's data of a command that must succeed, or StatusError."""
    data, sw = exchange(connection, apdu)
    if sw != StatusWord.OK:
        raise StatusError(apdu[1], sw)
    return data


def tlv(tag: int, value: bytes) -> bytes:
    """Tag, length, value (BER, ISO/IEC 7816-4); tags of one or two bytes, values up to 255 bytes.

    >>> tlv(0x5F34, b"\\x01").hex()
    '5f340101'
    """
    length = bytes((len(value),)) if len(value) < 0x80 else bytes((0x81, len(value)))
    return tag.to_bytes(2 if tag > 0xFF else 1) + length + value


def find(data: bytes, *path: int) -> bytes | None:
    """The value at a path of tags in BER-TLV data, None where there is none.

    >>> find(bytes.fromhex("70055f34020102"), 0x70, 0x5F34).hex()
    '0102'
    """
    at = 0
    while at + 2 <= len(data):
        size = 2 if data[at] & 0x1F == 0x1F else 1
        tag = int.from_bytes(data[at : at + size])
        at += size
        length, at = data[at], at + 1
        if length == 0x81:
            length, at = data[at], at + 1
        value, at = data[at : at + length], at + length
        if tag == path[0]:
            return value if len(path) == 1 else find(value, *path[1:])
    return None
