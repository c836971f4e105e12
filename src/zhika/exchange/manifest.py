"""The manifest of a package: who sends what to whom, in clear, with no personal data; and the package's name."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, NamedTuple, Self

from zhika.errors import Fault, Refused
from zhika.exchange import canonical
from zhika.flows.lanes import Lane

SEAT_NAME = "[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*"
"""A seat's name: each part begins with a letter, so that a package's name can be taken apart again."""
CODE = "[A-Za-z0-9][A-Za-z0-9-]{0,39}"
"""Code of a batch or an organisation: it becomes the name of folders and files."""
CODE_RULE = "编号只可用字母、数字与连字符, 以字母或数字开头, 最长 40 个字符"
_STEM = re.compile(rf"(?P<peer>{SEAT_NAME})-(?P<number>[0-9]{{6,12}})-(?P<document>[a-z]+(-[a-z]+)*)")

MANIFEST, SIGNATURE, PAYLOAD = ".json", ".p7s", ".age"
"""The three files of a package; a receipt has the first two."""

RECEIPT = "receipt"
"""Stands in the place of the document's code in the name of a receipt."""


class Stem(NamedTuple):
    """Name of a package without `.json`, `.p7s`, `.age`: the sender, the number between the pair, the document.

    The receiver is the owner of the mailbox in which it lies (`mail/out/RECEIVER/`, `mail/in/`).

    >>> str(Stem("icbc", 17, "account-file"))
    'icbc-000017-account-file'
    >>> Stem.of("icbc-000017-account-file").number
    17
    """

    peer: str
    number: int
    document: str

    @classmethod
    def of(cls, name: str) -> Self:
        """Take a name apart. Raises `Refused` for a name that no package has."""
        found = _STEM.fullmatch(name)
        if not found or str(stem := cls(found["peer"], int(found["number"]), found["document"])) != name:
            raise Refused([Fault("信箱", "文件名不是 发送方-编号-单据 的形式")])
        return stem

    def __str__(self) -> str:
        return f"{self.peer}-{self.number:06d}-{self.document}"


class Party(NamedTuple):
    """Who stands on a lane in this batch."""

    organisation: str
    seat: str


class Sent(NamedTuple):
    """The row of the chart that sends; `number` is None for an act outside the charts."""

    number: int | None
    work: str


@dataclass(frozen=True, kw_only=True)
class Header:
    """What is known before the package has a number. It stands in the manifest and again inside the sealed payload:
    without the inner one any trusted seat could sign another's sealed file as its own.

    `rows` counts persons or lines; `certificate` is the SHA-256 of the sender's certificate in DER; `recipient` is
    the age recipient of the receiver; `replaces` is the number of a refused package that this one corrects.
    """

    sender: str
    receiver: str
    process: str | None
    batch: str | None
    parties: Mapping[Lane, Party]
    step: Sent
    document: str
    rows: int
    replaces: int | None
    created_at: datetime
    certificate: str
    recipient: str

    def to_bytes(self) -> bytes:
        """The one JSON form."""
        facts: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        facts["parties"] = {str(lane): list(party) for lane, party in self.parties.items()}
        facts["step"] = self.step._asdict()
        facts["created_at"] = self.created_at.isoformat()
        return canonical.dump({"format": 1, "kind": "document", **facts})

    @classmethod
    def from_bytes(cls, raw: bytes, where: str) -> Self:
        """Read the JSON form. Raises `Refused` for an unknown or missing key, a wrong value, or another spelling."""
        names = [field.name for field in fields(cls)]
        facts = canonical.load(raw, where, {key: _READERS[key] for key in ("format", "kind", *names)})
        return cls(**{name: facts[name] for name in names})


@dataclass(frozen=True, kw_only=True)
class Manifest(Header):
    """The header with the package's number between this pair of seats and the SHA-256 and bytes of its payload."""

    number: int
    sha256: str
    size: int

    @property
    def stem(self) -> Stem:
        return Stem(self.sender, self.number, self.document)

    @property
    def header(self) -> Header:
        """What must stand inside the payload too."""
        return Header(**{field.name: getattr(self, field.name) for field in fields(Header)})


def _parties(value: Any) -> dict[Lane, Party]:
    if not isinstance(value, dict):
        raise ValueError
    parties = {}
    for lane, party in value.items():
        if not isinstance(party, list) or len(party) != 2:
            raise ValueError
        parties[Lane(lane)] = Party(_code(party[0]), _seat(party[1]))
    return parties


def _sent(value: Any) -> Sent:
    if not isinstance(value, dict) or value.keys() != {"number", "work"}:
        raise ValueError
    return Sent(canonical.optional(canonical.whole)(value["number"]), canonical.text(value["work"]))


_seat = canonical.matching(SEAT_NAME)
_code = canonical.matching(CODE)
_READERS: Mapping[str, canonical.Reader] = {
    "format": canonical.exactly(1),
    "kind": canonical.exactly("document"),
    "sender": _seat,
    "receiver": _seat,
    "process": canonical.optional(canonical.text),
    "batch": canonical.optional(_code),
    "parties": _parties,
    "step": _sent,
    "document": canonical.text,
    "rows": canonical.whole,
    "replaces": canonical.optional(canonical.whole),
    "created_at": canonical.moment,
    "certificate": canonical.digest,
    "recipient": canonical.matching("age1[0-9a-z]{58}"),
    "number": canonical.whole,
    "sha256": canonical.digest,
    "size": canonical.whole,
}
