"""The financial application (金融应用) of a chip, as the bank personalises it: SCP02, PUT KEY, STORE DATA (EMV CPS).

What a data grouping holds is a table. Static data are of a debit application; keys and certificates for transaction
cryptograms (DGIs 8000, 8201 ff.) are not among them: a terminal can select and read this application, not pay with it.
"""

import calendar
from collections.abc import Mapping
from typing import NamedTuple

from zhika.card.chip import des
from zhika.card.chip.apdu import Connection, StatusWord, command, exchange, find, send, tlv
from zhika.card.chip.cos import FINANCIAL_AID as AID
from zhika.card.chip.cos import FINANCIAL_LABEL as LABEL
from zhika.card.chip.keys import IssuerKeys
from zhika.card.chip.scp02 import key_version, open_channel
from zhika.errors import CardError, Fault, Refused


def _is_record(dgi: int) -> bool:
    return dgi >> 8 <= 10


class Group(NamedTuple):
    """A data grouping: its identifier and the tags that it holds. SFI|record where the SFI is at most 10."""

    dgi: int
    tags: tuple[int, ...]

    @property
    def record(self) -> bool:
        return _is_record(self.dgi)


GROUPS = (
    Group(0x0101, (0x57, 0x5F20)),
    Group(0x0201, (0x5F34, 0x9F07)),
    Group(0x0202, (0x5F28, 0x5F30, 0x9F08)),
    Group(0x0301, (0x5A, 0x5F24)),
    Group(0x9102, (0x50, 0x87, 0x5F2D)),
    Group(0x9104, (0x82, 0x94)),
)
STATIC = {
    0x50: LABEL,
    0x87: b"\x01",  # priority
    0x5F2D: b"zh",
    0x5F20: b" /",  # cardholder's name: Chinese names can't be coded
    0x5F28: bytes.fromhex("0156"),  # issuer country
    0x5F34: b"\x01",  # PAN sequence number
    0x9F07: bytes.fromhex("FF00"),  # usage control
    0x9F08: bytes.fromhex("0030"),  # application version
    0x82: bytes.fromhex("1800"),  # AIP: cardholder verification, terminal risk management
}
_FIRST_VERSION = 0x01
_SFI_BITS = 3


def track2_equivalent(pan: str, expiry: str, service: str, discretionary: str = "") -> str:
    """Tag 57 as text, with D for the separator: PAN, expiry YYMM, service code 3, discretionary digits.

    >>> track2_equivalent("6222350000000000012", "3611", "220", "00")
    '6222350000000000012D361122000'
    """
    return f"{pan}D{expiry}{service}{discretionary}"


def personalise(connection: Connection, pan: str, expiry: str, track2: str, keys: IssuerKeys) -> bool:
    """Write the application under the bank's keys and read it back; False where it stood there already.

    `pan` 12 to 19 digits, `expiry` YYMM, `track2` as `track2_equivalent` makes it. A chip that still holds its
    maker's keys gets the bank's first. Raises Refused where the values do not go together, CardError where the chip
    holds another account or keys that are not this bank's.
    """
    contents = _contents(pan, expiry, track2)
    if read_pan(connection) is not None:
        if not _holds(connection, contents):
            raise CardError("芯片金融应用已写入, 内容与本次不同, 不能改写")
        return False
    serial = send(connection, command(0x80, 0xCA, 0xDF, 0x01, le=0))
    _select(connection)
    if key_version(connection) == 0xFF:
        _load_keys(connection, keys, serial)
    channel = open_channel(connection, keys.own(serial))
    for count, (dgi, content) in enumerate(contents.items()):
        last = 0x80 if count == len(contents) - 1 else 0x00
        channel.send(connection, 0x80, 0xE2, last, count, dgi.to_bytes(2) + bytes((len(content),)) + content)
    if not _holds(connection, contents):
        raise CardError("芯片金融应用回读与写入不一致")
    return True


def read_pan(connection: Connection) -> str | None:
    """The card number (tag 5A) as a terminal reads it; None where the application is not personalised."""
    _select(connection)
    answer, sw = exchange(connection, command(0x80, 0xA8, 0x00, 0x00, b"\x83\x00", 0))
    if sw == StatusWord.CONDITIONS_NOT_SATISFIED:
        return None
    locator = find(answer, 0x77, 0x94)
    if sw != StatusWord.OK or locator is None:
        raise CardError("芯片金融应用不应答取处理选项命令")
    for at in range(0, len(locator), 4):
        for record in range(locator[at + 1], locator[at + 2] + 1):
            data = send(connection, command(0x00, 0xB2, record, locator[at] | 0x04, le=0))
            pan = find(data, 0x70, 0x5A)
            if pan is not None:
                return pan.hex().upper().rstrip("F")
    raise CardError("芯片金融应用中没有卡号")


def _select(connection: Connection) -> None:
    send(connection, command(0x00, 0xA4, 0x04, 0x00, AID, 0))


def _load_keys(connection: Connection, keys: IssuerKeys, serial: bytes) -> None:
    channel = open_channel(connection, keys.transport(serial))
    parts = [b"\x80\x10" + channel.encrypt(key) + b"\x03" + des.check_value(key) for key in keys.own(serial)]
    channel.send(connection, 0x80, 0xD8, 0x00, 0x81, bytes((_FIRST_VERSION,)) + b"".join(parts))


def _holds(connection: Connection, contents: Mapping[int, bytes]) -> bool:
    """Whether every record reads as it should."""
    _select(connection)
    for dgi, content in contents.items():
        if _is_record(dgi):
            sfi = dgi >> 8 << _SFI_BITS | 0x04
            data, sw = exchange(connection, command(0x00, 0xB2, dgi & 0xFF, sfi, le=0))
            if sw != StatusWord.OK or data != content:
                return False
    return True


def _contents(pan: str, expiry: str, track2: str) -> dict[int, bytes]:
    """Each group's bytes; records in template 70."""
    good_pan = pan.isascii() and pan.isdigit() and 12 <= len(pan) <= 19
    good_expiry = expiry.isascii() and expiry.isdigit() and len(expiry) == 4 and 1 <= int(expiry[2:]) <= 12
    # Tag 57 holds at most 19 bytes.
    rest = track2.removeprefix(f"{pan}D{expiry}")
    good_track = rest != track2 and rest.isascii() and rest.isdigit() and len(rest) >= 3 and len(track2) <= 37
    rules = (
        (good_pan, "卡号", "须为 12 至 19 位数字"),
        (good_expiry, "有效期", "须为 YYMM"),
        (good_track, "二磁道等价数据", "须为卡号、D、有效期、服务代码和数字, 最多 37 位"),
    )
    faults = [Fault("金融应用", rule, column=column) for holds, column, rule in rules if not holds]
    if faults:
        raise Refused(faults)
    after = len(pan) + 1 + len(expiry)
    year, month = 2000 + int(expiry[:2]), int(expiry[2:])
    values = STATIC | {
        0x57: _digits(track2),
        0x5A: _digits(pan),
        0x5F24: bytes.fromhex(f"{expiry}{calendar.monthrange(year, month)[1]:02d}"),
        0x5F30: bytes.fromhex(track2[after : after + 3].rjust(4, "0")),
        0x94: _locator(),
    }
    contents = {}
    for group in GROUPS:
        content = b"".join(tlv(tag, values[tag]) for tag in group.tags)
        contents[group.dgi] = tlv(0x70, content) if group.record else content
    return contents


def _digits(text: str) -> bytes:
    """Compressed numeric: two digits a byte, F on the right."""
    return bytes.fromhex(text + "F" * (len(text) % 2))


def _locator() -> bytes:
    """Application file locator of the records: SFI, first record, last record, none of them signed."""
    records: dict[int, list[int]] = {}
    for group in GROUPS:
        if group.record:
            records.setdefault(group.dgi >> 8, []).append(group.dgi & 0xFF)
    return b"".join(bytes((sfi << _SFI_BITS, min(numbers), max(numbers), 0)) for sfi, numbers in records.items())
