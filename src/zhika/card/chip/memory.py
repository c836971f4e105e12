"""What a soft card remembers without power."""

import json
from dataclasses import asdict, dataclass, field

from zhika.card.chip.cos import State
from zhika.card.chip.keys import ChannelKeys
from zhika.errors import CardError


@dataclass
class ElementaryFile:
    """A file as it was created: who may read, update and clear (key ids), and its records by tag.

    A transparent file is one record of tag 0.
    """

    read: int
    update: int
    clear: int
    records: dict[int, bytes]

    @property
    def transparent(self) -> bool:
        return 0 in self.records


@dataclass
class Memory:
    """A chip's non-volatile memory."""

    serial: str
    """4 to 8 bytes in upper-case hexadecimal."""
    cos_version: str
    state: State
    keys: dict[int, bytes]
    """Social side: key id to 16 bytes; 00 is the transport key."""
    channel: ChannelKeys
    """Financial side."""
    channel_version: int = 0xFF
    """FF: still the maker's transport keys."""
    sequence: int = 0
    """SCP02 sequence counter."""
    files: dict[tuple[int, int], ElementaryFile] = field(default_factory=dict)
    """By folder and file identifier."""
    tries: dict[int, int] = field(default_factory=dict)
    """Failed authentications in a row, by key id."""
    groups: dict[int, bytes] = field(default_factory=dict)
    """Financial data by data grouping identifier (DGI)."""
    financial: bool = False
    """The last STORE DATA has come."""
    dead: bool = False
    """Answers nothing any more."""

    def __repr__(self) -> str:
        return f"Memory({self.serial}, {self.state.name})"

    def to_bytes(self) -> bytes:
        """Everything, in clear: for `sealed` only."""
        plain = asdict(self)
        plain["keys"] = {key: value.hex() for key, value in self.keys.items()}
        plain["channel"] = [key.hex() for key in self.channel]
        plain["groups"] = {dgi: value.hex() for dgi, value in self.groups.items()}
        plain["files"] = [
            [*place, f.read, f.update, f.clear, {tag: value.hex() for tag, value in f.records.items()}]
            for place, f in self.files.items()
        ]
        return json.dumps(plain, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Memory":
        """The memory that `to_bytes` wrote; CardError where it is another format."""
        try:
            plain = json.loads(data)
            plain["state"] = State(plain["state"])
            plain["channel"] = ChannelKeys(*map(bytes.fromhex, plain["channel"]))
            plain["tries"] = {int(key): count for key, count in plain["tries"].items()}
            for name in ("keys", "groups"):
                plain[name] = _unhex(plain[name])
            plain["files"] = {
                (folder, fid): ElementaryFile(read, update, clear, _unhex(records))
                for folder, fid, read, update, clear, records in plain["files"]
            }
            return cls(**plain)
        except (ValueError, KeyError, TypeError):
            raise CardError("芯片存储内容不是本版本的格式") from None


def _unhex(values: dict[str, str]) -> dict[int, bytes]:
    return {int(key): bytes.fromhex(value) for key, value in values.items()}
