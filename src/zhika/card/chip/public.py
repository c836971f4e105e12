"""The public area (公共区): ID number and name, written by the integrator, matched and cleared by the bank.

A card whose public area is not empty can't be issued. Its layout is ours (`files.PUBLIC_AREA`).
"""

from dataclasses import dataclass

from zhika.card.chip.apdu import Connection, command, send
from zhika.card.chip.files import AIDS, DF01, PUBLIC_AREA, Right, cut, decode, encode
from zhika.card.chip.keys import IntegratorKeys, IssuerKeys
from zhika.card.chip.social import authenticate
from zhika.errors import CardError

_AID = next(aid for aid, folder in AIDS.items() if folder == DF01)
_LENGTH = sum(item.length for item in PUBLIC_AREA.items)
_EMPTY = bytes(_LENGTH)
_MARK = "1"
"""Layout 1; the first byte of an area that holds somebody."""


@dataclass(frozen=True, repr=False)
class Identity:
    """Whose card it is: ID number (18 characters) and name. Its repr shows neither."""

    id_no: str
    name: str


def public_area(connection: Connection) -> Identity | None:
    """ID number and name as they stand in the chip; None once cleared, or before they are written.

    Raises CardError where something else stands there.
    """
    data = _read(connection)
    if data == _EMPTY:
        return None
    try:
        values = decode(PUBLIC_AREA, cut(PUBLIC_AREA, data))
    except ValueError:
        raise CardError("公共区内容不是规定的编码") from None
    if values["mark"] != _MARK:
        raise CardError("公共区布局标志不明")
    return Identity(values["id_no"], values["name"])


def write_public_area(connection: Connection, identity: Identity, keys: IntegratorKeys) -> bool:
    """Write it and read it back; False where it stood there already.

    Raises Refused before a byte is written where the name does not go in, CardError
    where it holds somebody else or reads back otherwise.
    """
    values = {"mark": _MARK, "id_no": identity.id_no, "name": identity.name}
    data = b"".join(encode(PUBLIC_AREA, values))
    there = _read(connection)
    if there == data:
        return False
    if there != _EMPTY:
        raise CardError("公共区已写有他人信息, 不能改写")
    authenticate(connection, Right.UPDATE.value, keys.update(_serial(connection)))
    return _write(connection, data)


def clear_public_area(connection: Connection, keys: IssuerKeys) -> bool:
    """Overwrite it with zeros and read it back empty; False where it was empty already.

    The bank's clearing key must have been loaded (`financial.personalise`); StatusError where it is not the card's.
    """
    if _read(connection) == _EMPTY:
        return False
    authenticate(connection, Right.CLEAR.value, keys.own(_serial(connection)).clear)
    return _write(connection, _EMPTY)


def _read(connection: Connection) -> bytes:
    send(connection, command(0x00, 0xA4, 0x04, 0x00, _AID))
    send(connection, command(0x00, 0xA4, 0x00, 0x02, PUBLIC_AREA.fid.to_bytes(2)))
    return send(connection, command(0x00, 0xB0, 0x00, 0x00, le=_LENGTH))


def _write(connection: Connection, data: bytes) -> bool:
    send(connection, command(0x00, 0xD6, 0x00, 0x00, data))
    if _read(connection) != data:
        raise CardError("公共区回读与写入不一致")
    return True


def _serial(connection: Connection) -> bytes:
    return send(connection, command(0x80, 0xCA, 0xDF, 0x01, le=0))
