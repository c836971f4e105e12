"""The social security side of a chip, as the integrator works on it: initialisation (初始化), personalisation (个人化).

Each act asks the card first and skips what is done, so that it may run again after a crash.
"""

from collections.abc import Mapping
from typing import NamedTuple

from zhika.card.chip import des
from zhika.card.chip.apdu import Connection, StatusError, StatusWord, command, exchange, send
from zhika.card.chip.cos import State
from zhika.card.chip.files import AIDS, EF05, EF06, FILES, File, Right, decode, encode
from zhika.card.chip.keys import IntegratorKeys
from zhika.errors import CardError, Fault, Refused

_NAMES = {folder: aid for aid, folder in AIDS.items()}
_TRANSPORT = 0x00
_REQUIRED = ("ssc_no", "id_no", "name")
_RID = "D156000005"


class Chip(NamedTuple):
    """What any reader may ask a chip: serial (hexadecimal), COS version, state."""

    serial: str
    cos_version: str
    state: State


def inspect(connection: Connection) -> Chip:
    """The chip in the reader."""
    version = send(connection, command(0x80, 0xCA, 0xDF, 0x02, le=0)).decode("ascii")
    return Chip(_serial(connection).hex().upper(), version, state(connection))


def state(connection: Connection) -> State:
    """How far the chip has come; CardError for a state that this COS does not have."""
    answer = send(connection, command(0x80, 0xCA, 0xDF, 0x03, le=0))
    if len(answer) != 1 or answer[0] not in set(State):
        raise CardError("芯片状态字节不明")
    return State(answer[0])


def identification(area: str, serial: str, keys: IntegratorKeys) -> str:
    """卡识别码, 32 hexadecimal digits: area 6, D156000005, the serial's last 8, authentication code 8 (ours).

    Raises Refused where the area is not six digits.

    >>> from zhika.card.chip.keys import SocialKeys
    >>> identification("350500", "F1000000000A", SocialKeys(bytes(16), bytes(16)))[:24]
    '350500D1560000050000000A'
    """
    if len(area) != 6 or not (area.isascii() and area.isdigit()):
        raise Refused([Fault("卡识别码", "行政区划须为 6 位数字")])
    head = area + _RID + serial[-8:]
    return head + keys.authentication_code(bytes.fromhex(head)).hex().upper()


def initialise(connection: Connection, keys: IntegratorKeys, *, cos_version: str) -> bool:
    """Create the files and load the integrator's keys; False where that was done before.

    Raises CardError for another COS version, a chip that lies in no card yet, or keys that are not this chip's.
    """
    chip = inspect(connection)
    if chip.cos_version != cos_version:
        raise CardError(f"芯片 COS 版本与来料单不符, 应为 {cos_version}")
    if chip.state is State.BLANK:
        raise CardError("芯片尚未封装")
    if chip.state >= State.INITIALISED:
        return False
    serial = bytes.fromhex(chip.serial)
    transport = keys.transport(serial)
    _select_folder(connection, EF05)
    authenticate(connection, _TRANSPORT, transport)
    for file in FILES:
        _create(connection, file)
    for right, key in ((Right.UPDATE, keys.update(serial)), (Right.READ, keys.read(serial))):
        sealed = des.encrypt(transport, key) + des.check_value(key)
        send(connection, command(0x80, 0xD4, 0x00, right.value, sealed))
    send(connection, command(0x80, 0xF0, 0x00, State.INITIALISED))
    return True


def personalise(connection: Connection, values: Mapping[str, str], keys: IntegratorKeys, *, area: str) -> bool:
    """Write EF05 and EF06 and read them back; False where they stood there already.

    `values` by item name of `files`; the identification is made here, from `area` and the chip's serial.
    Raises Refused before a byte is written where a value does not go in, and CardError where the chip is not
    initialised, holds other data for good, or reads back something else.
    """
    now = state(connection)
    if now < State.INITIALISED:
        raise CardError("芯片尚未初始化")
    serial = _serial(connection)
    wanted = _prepared({**values, "identification": identification(area, serial.hex().upper(), keys)})
    _select_folder(connection, EF05)
    authenticate(connection, Right.UPDATE.value, keys.update(serial))
    changed = False
    for file, items in wanted:
        _select(connection, file.fid)
        for number, (old, new) in enumerate(zip(_records(connection, file), items, strict=True), 1):
            if old == new:
                continue
            if now is State.PERSONALISED:
                raise CardError("芯片已个人化, 内容与本次不同, 不能改写")
            record = bytes((file.items[number - 1].tag, len(new))) + new
            send(connection, command(0x00, 0xDC, number, 0x04, record))
            changed = True
    for file, items in wanted:
        _select(connection, file.fid)
        if _records(connection, file) != items:
            raise CardError(f"{file.title}回读与写入不一致")
    if now is not State.PERSONALISED:
        send(connection, command(0x80, 0xF0, 0x00, State.PERSONALISED))
        changed = True
    return changed


def read_back(connection: Connection, keys: IntegratorKeys) -> dict[str, str]:
    """The values of EF05 and EF06 as they stand in the chip; needs the right to read."""
    _select_folder(connection, EF05)
    authenticate(connection, Right.READ.value, keys.read(_serial(connection)))
    values: dict[str, str] = {}
    for file in (EF05, EF06):
        _select(connection, file.fid)
        try:
            values |= decode(file, _records(connection, file))
        except ValueError:
            raise CardError(f"{file.title}内容不是规定的编码") from None
    return values


def authenticate(connection: Connection, number: int, key: bytes) -> None:
    """Show a key by its id: GET CHALLENGE, EXTERNAL AUTHENTICATE with the challenge encrypted (3DES, ECB; ours).

    Raises StatusError where the key is not the card's.
    """
    challenge = send(connection, command(0x00, 0x84, 0x00, 0x00, le=des.BLOCK))
    send(connection, command(0x00, 0x82, 0x00, number, des.encrypt(key, challenge)))


def _serial(connection: Connection) -> bytes:
    return send(connection, command(0x80, 0xCA, 0xDF, 0x01, le=0))


def _select(connection: Connection, fid: int) -> None:
    send(connection, command(0x00, 0xA4, 0x00, 0x02, fid.to_bytes(2)))


def _select_folder(connection: Connection, file: File) -> None:
    send(connection, command(0x00, 0xA4, 0x04, 0x00, _NAMES[file.folder]))


def _create(connection: Connection, file: File) -> None:
    if file.transparent:
        records = [(0, sum(item.length for item in file.items))]
    else:
        records = [(item.tag, item.length) for item in file.items]
    rights = bytes((file.reads.value, Right.UPDATE.value, Right.CLEAR.value))
    head = file.folder.to_bytes(2) + file.fid.to_bytes(2) + rights
    apdu = command(0x80, 0xE0, 0x00, 0x00, head + b"".join(map(bytes, records)))
    _, sw = exchange(connection, apdu)
    if sw not in (StatusWord.OK, StatusWord.FILE_EXISTS):
        raise StatusError(0xE0, sw)


def _records(connection: Connection, file: File) -> list[bytes]:
    """The selected file's records without tag and length."""
    found = []
    for number, item in enumerate(file.items, 1):
        record = send(connection, command(0x00, 0xB2, number, 0x04, le=item.length + 2))
        if record[:2] != bytes((item.tag, item.length)):
            raise CardError(f"{file.title}「{item.title}」的标签或长度不符")
        found.append(record[2:])
    return found


def _prepared(values: Mapping[str, str]) -> list[tuple[File, list[bytes]]]:
    """Both files encoded; Refused with all faults of both."""
    files: list[tuple[File, list[bytes]]] = []
    faults = [Fault("芯片", "必填项为空", column=name) for name in _REQUIRED if not values.get(name)]
    known = {item.name for file in (EF05, EF06) for item in file.items}
    faults += [Fault("芯片", "无此数据项", column=name) for name in sorted(values.keys() - known)]
    for file in (EF05, EF06):
        names = {item.name for item in file.items}
        try:
            files.append((file, encode(file, {name: text for name, text in values.items() if name in names})))
        except Refused as refused:
            faults += refused.faults
    if faults:
        raise Refused(faults)
    return files
