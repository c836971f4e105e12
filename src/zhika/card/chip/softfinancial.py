"""The soft card's financial side: selection as a terminal does it, SCP02, STORE DATA, records (EMV book 1, EMV CPS)."""

import hmac
import os

from zhika.card.chip import des
from zhika.card.chip.apdu import StatusWord, tlv
from zhika.card.chip.cos import FINANCIAL_AID as AID
from zhika.card.chip.cos import FINANCIAL_LABEL as LABEL
from zhika.card.chip.keys import ChannelKeys
from zhika.card.chip.memory import Memory
from zhika.card.chip.scp02 import Channel
from zhika.card.chip.session import Answer, Refusal, Request, Session

PSE, PPSE = b"1PAY.SYS.DDF01", b"2PAY.SYS.DDF01"
_FCI, _PROCESSING, _LAST_SFI = 0x9102, 0x9104, 10
"""DGIs of the selection's answer and of AIP and AFL; record DGIs are SFI|record with SFI up to 10."""
_ENTRY = tlv(0x61, tlv(0x4F, AID) + tlv(0x50, LABEL) + tlv(0x87, b"\x01"))


def select(memory: Memory, name: bytes) -> bytes | None:
    """The answer to SELECT by name, None where the name is not of this side.

    The payment directories are there once the application is, so that no terminal finds half a card.
    """
    match name:
        case _ if name == AID:
            inner = memory.groups.get(_FCI, b"")
        case _ if name == PSE and memory.financial:
            inner = tlv(0x88, b"\x01")
        case _ if name == PPSE and memory.financial:
            inner = tlv(0xBF0C, _ENTRY)
        case _:
            return None
    return tlv(0x6F, tlv(0x84, name) + tlv(0xA5, inner))


def _initialize_update(memory: Memory, session: Session, request: Request) -> bytes:
    if len(request.data) != 8:
        raise Refusal(StatusWord.WRONG_LENGTH)
    sequence, challenge = memory.sequence.to_bytes(2), os.urandom(6)
    channel = Channel(memory.channel, sequence)
    session.channel, session.pending = None, (channel, channel.host_cryptogram(request.data, challenge))
    diversification = bytes.fromhex(memory.serial)[-10:].rjust(10, b"\0")
    head = diversification + bytes((memory.channel_version, 0x02)) + sequence + challenge
    return head + channel.card_cryptogram(request.data, challenge)


def _external_authenticate(memory: Memory, session: Session, request: Request) -> bytes:
    if session.pending is None or request.p1 != 0x01:
        raise Refusal(StatusWord.CONDITIONS_NOT_SATISFIED)
    (channel, expected), session.pending = session.pending, None
    cryptogram = _checked(channel, request)
    if not hmac.compare_digest(cryptogram, expected):
        raise Refusal(StatusWord.AUTHENTICATION_FAILED)
    memory.sequence = memory.sequence + 1 & 0xFFFF
    session.channel = channel
    return b""


def _checked(channel: Channel, request: Request) -> bytes:
    """The command's data without its C-MAC, or a refusal."""
    data, mac = request.data[:-8], request.data[-8:]
    if not hmac.compare_digest(channel.next_mac(request.cla, request.ins, request.p1, request.p2, data), mac):
        raise Refusal(StatusWord.WRONG_MAC)
    return data


def _secured(session: Session, request: Request) -> tuple[Channel, bytes]:
    if session.channel is None:
        raise Refusal(StatusWord.SECURITY_NOT_SATISFIED)
    # A wrong MAC ends the channel: it is put back only when the MAC is right.
    channel, session.channel = session.channel, None
    data = _checked(channel, request)
    session.channel = channel
    return channel, data


def _put_key(memory: Memory, session: Session, request: Request) -> bytes:
    """Version; for ENC, MAC, DEK and (ours) the clearing key: 80 10, key under the session DEK, 03, check value."""
    channel, data = _secured(session, request)
    keys = []
    for at in range(1, len(data), 22):
        part = data[at : at + 22]
        if len(part) != 22 or part[:2] != b"\x80\x10" or part[18] != 3:
            raise Refusal(StatusWord.WRONG_DATA)
        keys.append(channel.decrypt(part[2:18]))
        if des.check_value(keys[-1]) != part[19:]:
            raise Refusal(StatusWord.WRONG_DATA)
    if len(keys) != len(ChannelKeys._fields) or data[0] in (0x00, 0xFF):
        raise Refusal(StatusWord.WRONG_DATA)
    memory.channel, memory.channel_version = ChannelKeys(*keys), data[0]
    return data[:1] + b"".join(map(des.check_value, keys))


def _store_data(memory: Memory, session: Session, request: Request) -> bytes:
    """One data grouping: DGI 2, length 1, value. P1 bit 8: the last one."""
    _, data = _secured(session, request)
    if memory.financial or memory.channel_version == 0xFF:
        raise Refusal(StatusWord.CONDITIONS_NOT_SATISFIED)
    if len(data) < 3 or data[2] != len(data) - 3:
        raise Refusal(StatusWord.WRONG_DATA)
    memory.groups[int.from_bytes(data[:2])] = data[3:]
    memory.financial = bool(request.p1 & 0x80)
    return b""


def _read_record(memory: Memory, session: Session, request: Request) -> bytes:
    if session.financial == PSE and (request.p1, request.p2) == (1, 0x0C):
        return tlv(0x70, _ENTRY)
    sfi, dgi = request.p2 >> 3, request.p2 >> 3 << 8 | request.p1
    if session.financial != AID or not memory.financial or sfi > _LAST_SFI or dgi not in memory.groups:
        raise Refusal(StatusWord.RECORD_NOT_FOUND)
    return memory.groups[dgi]


def _get_processing_options(memory: Memory, session: Session, request: Request) -> bytes:
    if session.financial != AID or not memory.financial:
        raise Refusal(StatusWord.CONDITIONS_NOT_SATISFIED)
    return tlv(0x77, memory.groups[_PROCESSING])


COMMANDS: dict[tuple[int, int], Answer] = {
    (0x80, 0x50): _initialize_update,
    (0x84, 0x82): _external_authenticate,
    (0x84, 0xD8): _put_key,
    (0x84, 0xE2): _store_data,
    (0x00, 0xB2): _read_record,
    (0x80, 0xA8): _get_processing_options,
}
