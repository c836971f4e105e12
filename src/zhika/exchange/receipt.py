"""The receipt for a package: taken, refused and why, or damaged on its way. Signed, in clear, without personal data.

A refused package has taken its number; a damaged one has not, and is simply sent again.
"""

from dataclasses import dataclass
from typing import Any, Literal, Self, get_args

from zhika.errors import Fault
from zhika.exchange import canonical
from zhika.exchange.manifest import RECEIPT, SEAT_NAME, Stem

Verdict = Literal["taken", "refused", "damaged"]


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """`sender` gives it to `receiver`, who sent the package `number` with a manifest of SHA-256 `manifest`.

    It has no number of its own and may come again.
    """

    sender: str
    receiver: str
    number: int
    manifest: str
    verdict: Verdict
    faults: tuple[Fault, ...] = ()

    @property
    def stem(self) -> Stem:
        return Stem(self.sender, self.number, RECEIPT)

    def to_bytes(self) -> bytes:
        """The one JSON form."""
        return canonical.dump({"format": 1, "kind": RECEIPT, **vars(self), "faults": [list(f) for f in self.faults]})

    @classmethod
    def from_bytes(cls, raw: bytes, where: str) -> Self:
        """Read the JSON form. Raises `Refused`."""
        facts = canonical.load(raw, where, _READERS)
        return cls(**{key: facts[key] for key in _READERS.keys() - {"format", "kind"}})


def _verdict(value: Any) -> str:
    if value not in get_args(Verdict):
        raise ValueError
    return str(value)


def _faults(value: Any) -> tuple[Fault, ...]:
    if not isinstance(value, list):
        raise ValueError
    return tuple(map(_fault, value))


def _fault(value: Any) -> Fault:
    if not isinstance(value, list) or len(value) != 4:
        raise ValueError
    where, rule, row, column = value
    return Fault(
        canonical.text(where),
        canonical.text(rule),
        canonical.optional(canonical.whole)(row),
        canonical.optional(canonical.text)(column),
    )


_READERS: dict[str, canonical.Reader] = {
    "format": canonical.exactly(1),
    "kind": canonical.exactly(RECEIPT),
    "sender": canonical.matching(SEAT_NAME),
    "receiver": canonical.matching(SEAT_NAME),
    "number": canonical.whole,
    "manifest": canonical.digest,
    "verdict": _verdict,
    "faults": _faults,
}
