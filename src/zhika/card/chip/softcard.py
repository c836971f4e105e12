"""A chip in software, with the behaviour of one: files, rights, keys, refusals.

One core for every transport: `SoftCard` is a `Connection` itself. ISO/IEC 7816-4 commands, LD/T 32 files, SCP02 of
GlobalPlatform. Ours, as every card operating system has its own, are these of class 80: CREATE FILE E0, LOAD KEY D4,
SET STATUS F0, and the data objects of GET DATA (DF01 chip serial, DF02 COS version, DF03 state).
"""

from zhika.card.chip import softfinancial, softsocial
from zhika.card.chip.apdu import StatusWord
from zhika.card.chip.cos import COS_VERSION, State
from zhika.card.chip.files import AIDS, SSSE
from zhika.card.chip.keys import channel_keys, social_key
from zhika.card.chip.memory import Memory
from zhika.card.chip.session import Answer, Refusal, Request, Session
from zhika.errors import CardError


def module(serial: str, *, social: bytes, bank: bytes, cos_version: str = COS_VERSION) -> "SoftCard":
    """A chip module (芯片模块) as its maker delivers it: blank, under two transport masters (16 bytes each).

    `serial` is 8 to 16 upper-case hexadecimal digits; anything else raises CardError.

    >>> module("F1000000000A", social=bytes(16), bank=bytes(range(16))).memory
    Memory(F1000000000A, BLANK)
    """
    if not (8 <= len(serial) <= 16 and len(serial) % 2 == 0 and set(serial) <= set("0123456789ABCDEF")):
        raise CardError("芯片序列号须为 8 至 16 个大写十六进制字符")
    raw = bytes.fromhex(serial)
    keys = {0x00: social_key(social, 0x00, raw)}
    return SoftCard(Memory(serial, cos_version, State.BLANK, keys, channel_keys(bank, raw)))


class SoftCard:
    """A chip under power. `memory` outlives `reset`; the session does not."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.session = Session()

    def reset(self) -> None:
        """Power off and on: selection, challenges, rights and secure channel are gone."""
        self.session = Session()

    def embed(self) -> None:
        """Milled into a card's body (封装): a physical act, no command."""
        if self.memory.state is not State.BLANK:
            raise CardError(f"芯片{self.memory.state.title}, 不能再封装")
        self.memory.state = State.EMBEDDED

    def to_bytes(self) -> bytes:
        """The memory in clear, for `sealed`."""
        return self.memory.to_bytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> "SoftCard":
        """The card that `to_bytes` wrote, without power."""
        return cls(Memory.from_bytes(data))

    def transmit(self, apdu: bytes) -> tuple[bytes, int]:
        """One command; CardError where a dead chip answers nothing."""
        if self.memory.dead:
            raise CardError("芯片无应答")
        try:
            request = Request.parse(apdu)
            data = self._dispatch(request)
        except Refusal as refusal:
            return b"", refusal.sw
        if request.le not in (None, 0, len(data)):
            # The right Le, as a T=0 card says it: the terminal asks once more.
            return b"", 0x6C00 | len(data)
        return data, StatusWord.OK

    def _dispatch(self, request: Request) -> bytes:
        if request.ins == 0xA4 and request.cla == 0x00:
            return self._select(request)
        if request.ins == 0xCA and request.cla == 0x80:
            return self._get_data(request)
        commands = softfinancial.COMMANDS if self.session.financial else softsocial.COMMANDS
        run: Answer | None = commands.get((request.cla, request.ins))
        if run is None:
            raise Refusal(StatusWord.INS_NOT_SUPPORTED)
        return run(self.memory, self.session, request)

    def _select(self, request: Request) -> bytes:
        session, data = self.session, request.data
        if request.p1 == 0x04:
            financial = softfinancial.select(self.memory, data)
            if financial is None and data not in AIDS:
                raise Refusal(StatusWord.FILE_NOT_FOUND)
            session.channel, session.file = None, None
            session.financial = data if financial is not None else b""
            session.folder = AIDS.get(data, SSSE)
            return financial or b""
        fid = int.from_bytes(data)
        if session.financial or (session.folder, fid) not in self.memory.files:
            raise Refusal(StatusWord.FILE_NOT_FOUND)
        session.file = self.memory.files[session.folder, fid]
        return b""

    def _get_data(self, request: Request) -> bytes:
        memory = self.memory
        match request.p1 << 8 | request.p2:
            case 0xDF01:
                return bytes.fromhex(memory.serial)
            case 0xDF02:
                return memory.cos_version.encode()
            case 0xDF03:
                return bytes((memory.state,))
        raise Refusal(StatusWord.KEY_NOT_FOUND)
