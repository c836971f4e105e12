"""The card files of the social security application (LD/T 32) and the public area, as tables that code walks."""

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from zhika.card.chip import coding
from zhika.card.chip.coding import Coding
from zhika.errors import Fault, Refused

Hex = str


class Item(NamedTuple):
    """One data item: LD/T 32 tag (0 where the file has no records), our name, title, length in bytes, coding."""

    tag: int
    name: str
    title: str
    length: int
    coding: Coding


class Right(Enum):
    """Who may: anybody, or who has shown a key; the value is that key's id in EXTERNAL AUTHENTICATE."""

    FREE = 0xFF
    UPDATE = 0x04
    CLEAR = 0x05
    READ = 0x0A


class File(NamedTuple):
    """An elementary file: folder and file identifier, title, items in record order, rights, and a test vector."""

    folder: int
    fid: int
    title: str
    items: tuple[Item, ...]
    reads: Right
    example: tuple[Hex, Mapping[str, str]]
    """The items' bytes one after the other, and the values that they hold."""

    @property
    def transparent(self) -> bool:
        """One string of bytes, read and written as a whole, rather than records."""
        return not self.items[0].tag


SSSE, DF01 = 0x3F00, 0xDF01
AIDS = {
    bytes.fromhex("7378312E73682EC9E7BBE1B1A3D5CF"): SSSE,  # "sx1.sh." and 社会保障 in GBK
    bytes.fromhex("D15600000500"): DF01,
}
"""The social side's applications: name and folder."""

EF05 = File(
    SSSE, 0xEF05, "发卡机构基本数据 EF05",
    (
        Item(0x01, "identification", "卡识别码", 16, Coding.BINARY),
        Item(0x02, "card_class", "卡的类别", 1, Coding.AN),
        Item(0x03, "version", "规范版本", 4, Coding.AN),
        Item(0x04, "initialiser", "初始化机构编号", 12, Coding.CN),
        Item(0x05, "issue_date", "发卡日期", 4, Coding.CN),
        Item(0x06, "valid_until", "卡有效期", 4, Coding.CN),
        Item(0x07, "ssc_no", "卡号", 9, Coding.AN),
    ),
    Right.FREE,
    (
        "350500D156000005000000010A0B0C0D" "33" "322E3030" "350500FFFFFFFFFFFFFFFFFF" "20261123" "20361122"
        "413030303030303158",
        {
            "identification": "350500D156000005000000010A0B0C0D", "card_class": "3", "version": "2.00",
            "initialiser": "350500", "issue_date": "20261123", "valid_until": "20361122", "ssc_no": "A0000001X",
        },
    ),
)  # fmt: skip

EF06 = File(
    SSSE, 0xEF06, "持卡人基本数据 EF06",
    (
        Item(0x08, "id_no", "社会保障号码", 18, Coding.AN),
        Item(0x09, "name", "姓名", 30, Coding.GB),
        Item(0x4E, "name", "姓名扩展", 20, Coding.GB),
        Item(0x0A, "sex", "性别", 1, Coding.AN),
        Item(0x0B, "nation", "民族", 1, Coding.CN),
        Item(0x0C, "birthplace", "出生地", 3, Coding.CN),
        Item(0x0D, "birth", "出生日期", 4, Coding.CN),
    ),
    Right.READ,
    (
        "333530353032313939303031303130303138" "B3C2B0A2C9BD" + "00" * 24 + "00" * 20 + "31" "01" "350502" "19900101",
        {
            "id_no": "350502199001010018", "name": "陈阿山", "sex": "1", "nation": "01", "birthplace": "350502",
            "birth": "19900101",
        },
    ),
)  # fmt: skip

PUBLIC_AREA = File(
    DF01, 0xEF10, "公共区",  # no published layout: ours, 70 bytes, all 00 once cleared
    (
        Item(0, "mark", "布局标志", 1, Coding.AN),
        Item(0, "id_no", "公民身份号码", 18, Coding.AN),
        Item(0, "name", "姓名", 51, Coding.COUNTED),
    ),
    Right.FREE,
    (
        "31" "333530353032313939303031303130303138" "06" "B3C2B0A2C9BD" + "00" * 44,
        {"mark": "1", "id_no": "350502199001010018", "name": "陈阿山"},
    ),
)  # fmt: skip

FILES = (EF05, EF06, PUBLIC_AREA)


def encode(file: File, values: Mapping[str, str]) -> list[bytes]:
    """Each item's bytes, at full length, in the file's order; a value not given is blank.

    Raises Refused with every fault found; a fault names file and item, never the value.

    >>> encode(PUBLIC_AREA, {"mark": "1", "name": "陈阿山"})[2][:7].hex()
    '06b3c2b0a2c9bd'
    """
    faults = [Fault(file.title, "无此数据项", column=name) for name in values.keys() - {i.name for i in file.items}]
    encoded: list[bytes] = []
    spread: dict[str, list[bytes]] = {}
    for item in file.items:
        try:
            if item.coding is Coding.GB:
                # A name lies in several items one after the other: its parts are cut once, for all of them.
                if item.name not in spread:
                    lengths = [other.length for other in file.items if other.name == item.name]
                    spread[item.name] = coding.split(values.get(item.name, ""), lengths)
                encoded.append(spread[item.name].pop(0))
            else:
                encoded.append(coding.encode(item.coding, values.get(item.name, ""), item.length))
        except ValueError as fault:
            faults.append(Fault(file.title, str(fault), column=item.title))
            spread[item.name] = [b""] * len(file.items)
    if faults:
        raise Refused(faults)
    return encoded


def decode(file: File, encoded: list[bytes]) -> dict[str, str]:
    """The values of a file from its items' bytes, blanks as "".

    >>> decode(EF05, encode(EF05, EF05.example[1])) == EF05.example[1]
    True
    """
    values: dict[str, str] = {}
    for item, data in zip(file.items, encoded, strict=True):
        values[item.name] = values.get(item.name, "") + coding.decode(item.coding, data)
    return values


def cut(file: File, data: bytes) -> list[bytes]:
    """A file's bytes cut into its items."""
    parts, at = [], 0
    for item in file.items:
        parts.append(data[at : at + item.length])
        at += item.length
    return parts


def name_fault(name: str) -> str | None:
    """Why a name does not go on the chip, None where it does: asked before production.

    Bounds: 30 bytes and 20 more (姓名, 姓名扩展), GB 18030, no character cut in two.

    >>> name_fault("阿卜杜拉·买买提"), name_fault("阿" * 26)
    (None, '超出芯片长度: 姓名与姓名扩展最多 50 字节')
    """
    lengths = [item.length for item in EF06.items if item.name == "name"]
    try:
        coding.split(name, lengths)
    except ValueError as fault:
        return str(fault)
    return None if name else "姓名为空"
