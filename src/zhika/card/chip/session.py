"""What a soft card knows only while it has power, and how it takes a command apart."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from zhika.card.chip.apdu import StatusWord
from zhika.card.chip.files import SSSE
from zhika.card.chip.memory import ElementaryFile, Memory
from zhika.card.chip.scp02 import Channel


class Refusal(Exception):
    """A command's refusal; goes out as its status word."""

    def __init__(self, sw: int) -> None:
        self.sw = sw


class Request(NamedTuple):
    """A command APDU in its parts."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes
    le: int | None

    @classmethod
    def parse(cls, apdu: bytes) -> "Request":
        """Cases 1 to 4 of ISO/IEC 7816-3, short; Refusal(WRONG_LENGTH) where the lengths do not agree."""
        head, body = apdu[:4], apdu[4:]
        if len(head) == 4 and len(body) <= 1:
            return cls(head[0], head[1], head[2], head[3], b"", body[0] if body else None)
        if len(head) == 4 and body[0] and len(body) - 1 - body[0] in (0, 1):
            data, rest = body[1 : 1 + body[0]], body[1 + body[0] :]
            return cls(head[0], head[1], head[2], head[3], data, rest[0] if rest else None)
        raise Refusal(StatusWord.WRONG_LENGTH)


@dataclass
class Session:
    """From power on to power off."""

    folder: int = SSSE
    file: ElementaryFile | None = None
    financial: bytes = b""
    """AID of the selected financial application, empty on the social side."""
    challenge: bytes | None = None
    rights: set[int] = field(default_factory=set)
    """Key ids shown by EXTERNAL AUTHENTICATE."""
    pending: tuple[Channel, bytes] | None = None
    """Secure channel between INITIALIZE UPDATE and EXTERNAL AUTHENTICATE, with the cryptogram that must come."""
    channel: Channel | None = None


Answer = Callable[[Memory, Session, Request], bytes]
"""A command: the answer's data, or a Refusal."""
