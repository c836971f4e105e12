"""The soft card's social side: records, the public area, challenge and authentication, initialisation."""

import hmac
import os

from zhika.card.chip import des
from zhika.card.chip.apdu import StatusWord
from zhika.card.chip.cos import State
from zhika.card.chip.files import Right
from zhika.card.chip.memory import ElementaryFile, Memory
from zhika.card.chip.session import Answer, Refusal, Request, Session

TRANSPORT = 0x00
MOST_TRIES = 10
"""Failed authentications in a row after which a key is blocked; ours."""


def _selected(session: Session) -> ElementaryFile:
    if session.file is None:
        raise Refusal(StatusWord.NO_FILE_SELECTED)
    return session.file


def _need(session: Session, *rights: int) -> None:
    if Right.FREE.value not in rights and not session.rights.intersection(rights):
        raise Refusal(StatusWord.SECURITY_NOT_SATISFIED)


def _tag(file: ElementaryFile, request: Request) -> int:
    """P2 04: P1 is the record's number; P2 00: P1 is its tag. As LD/T 32 reads records."""
    tags = list(file.records)
    if request.p2 == 0x04 and 1 <= request.p1 <= len(tags):
        return tags[request.p1 - 1]
    if request.p2 == 0x00 and request.p1 in file.records:
        return request.p1
    raise Refusal(StatusWord.RECORD_NOT_FOUND)


def _read_record(memory: Memory, session: Session, request: Request) -> bytes:
    file = _selected(session)
    if file.transparent:
        raise Refusal(StatusWord.CONDITIONS_NOT_SATISFIED)
    _need(session, file.read, file.update)
    tag = _tag(file, request)
    return bytes((tag, len(file.records[tag]))) + file.records[tag]


def _update_record(memory: Memory, session: Session, request: Request) -> bytes:
    file = _selected(session)
    if file.transparent:
        raise Refusal(StatusWord.CONDITIONS_NOT_SATISFIED)
    _need(session, file.update)
    tag, data = _tag(file, request), request.data
    if data[:2] != bytes((tag, len(file.records[tag]))) or len(data) - 2 != len(file.records[tag]):
        raise Refusal(StatusWord.WRONG_DATA)
    file.records[tag] = data[2:]
    return b""


def _read_binary(memory: Memory, session: Session, request: Request) -> bytes:
    file, offset = _selected(session), request.p1 << 8 | request.p2
    if not file.transparent:
        raise Refusal(StatusWord.CONDITIONS_NOT_SATISFIED)
    _need(session, file.read, file.update)
    if offset >= len(file.records[0]):
        raise Refusal(StatusWord.WRONG_OFFSET)
    return file.records[0][offset:][: request.le or None]


def _update_binary(memory: Memory, session: Session, request: Request) -> bytes:
    file, offset = _selected(session), request.p1 << 8 | request.p2
    if not file.transparent:
        raise Refusal(StatusWord.CONDITIONS_NOT_SATISFIED)
    # Whoever may only clear writes nothing but zeros.
    _need(session, file.update, *(() if any(request.data) else (file.clear,)))
    old, end = file.records[0], offset + len(request.data)
    if end > len(old):
        raise Refusal(StatusWord.WRONG_OFFSET)
    file.records[0] = old[:offset] + request.data + old[end:]
    return b""


def _get_challenge(memory: Memory, session: Session, request: Request) -> bytes:
    session.challenge = os.urandom(des.BLOCK)
    return session.challenge


def _key(memory: Memory, number: int) -> bytes:
    if number == Right.CLEAR.value and memory.channel_version != 0xFF:
        # The bank's clearing key comes with its channel keys: the integrator never holds it.
        return memory.channel.clear
    if number not in memory.keys:
        raise Refusal(StatusWord.KEY_NOT_FOUND)
    return memory.keys[number]


def _external_authenticate(memory: Memory, session: Session, request: Request) -> bytes:
    """Key id in P2; data: the challenge encrypted under the key (3DES, ECB). The challenge serves once."""
    number, challenge = request.p2, session.challenge
    key = _key(memory, number)
    if memory.tries.get(number, 0) >= MOST_TRIES:
        raise Refusal(StatusWord.KEY_BLOCKED)
    if challenge is None:
        raise Refusal(StatusWord.NO_CHALLENGE)
    session.challenge = None
    if not hmac.compare_digest(des.encrypt(key, challenge), request.data):
        memory.tries[number] = memory.tries.get(number, 0) + 1
        raise Refusal(0x63C0 | MOST_TRIES - memory.tries[number])
    memory.tries.pop(number, None)
    session.rights.add(number)
    return b""


def _create_file(memory: Memory, session: Session, request: Request) -> bytes:
    """Data: folder 2, identifier 2, key ids of read, update, clear, then tag and length of each record."""
    _before_initialised(memory, session)
    data = request.data
    if len(data) < 9 or len(data) % 2 == 0:
        raise Refusal(StatusWord.WRONG_DATA)
    place = int.from_bytes(data[:2]), int.from_bytes(data[2:4])
    if place in memory.files:
        raise Refusal(StatusWord.FILE_EXISTS)
    records = {tag: bytes(length) for tag, length in zip(data[7::2], data[8::2], strict=True)}
    memory.files[place] = ElementaryFile(data[4], data[5], data[6], records)
    return b""


def _load_key(memory: Memory, session: Session, request: Request) -> bytes:
    """Key id in P2; data: the key under the transport key (3DES, ECB), 16 bytes, and its check value, 3 bytes."""
    _before_initialised(memory, session)
    if len(request.data) != 19 or request.p2 == TRANSPORT:
        raise Refusal(StatusWord.WRONG_DATA)
    key = des.decrypt(memory.keys[TRANSPORT], request.data[:16])
    if des.check_value(key) != request.data[16:]:
        raise Refusal(StatusWord.WRONG_DATA)
    memory.keys[request.p2] = key
    return b""


def _before_initialised(memory: Memory, session: Session) -> None:
    _need(session, TRANSPORT)
    if memory.state is not State.EMBEDDED:
        raise Refusal(StatusWord.CONDITIONS_NOT_SATISFIED)


_NEXT = {
    State.INITIALISED.value: (State.EMBEDDED, TRANSPORT),
    State.PERSONALISED.value: (State.INITIALISED, Right.UPDATE.value),
}
"""A state that comes by command: the state before it, and the key that must have been shown."""


def _set_status(memory: Memory, session: Session, request: Request) -> bytes:
    """P2 is the next state."""
    before = _NEXT.get(request.p2)
    if before is None or memory.state is not before[0]:
        raise Refusal(StatusWord.CONDITIONS_NOT_SATISFIED)
    _need(session, before[1])
    if request.p2 == State.INITIALISED:
        if Right.UPDATE.value not in memory.keys:
            raise Refusal(StatusWord.CONDITIONS_NOT_SATISFIED)
        # Its work is done: from now on nobody gets in with the maker's key.
        del memory.keys[TRANSPORT]
        session.rights.discard(TRANSPORT)
    memory.state = State(request.p2)
    return b""


COMMANDS: dict[tuple[int, int], Answer] = {
    (0x00, 0xB2): _read_record,
    (0x00, 0xDC): _update_record,
    (0x00, 0xB0): _read_binary,
    (0x00, 0xD6): _update_binary,
    (0x00, 0x84): _get_challenge,
    (0x00, 0x82): _external_authenticate,
    (0x80, 0xE0): _create_file,
    (0x80, 0xD4): _load_key,
    (0x80, 0xF0): _set_status,
}
