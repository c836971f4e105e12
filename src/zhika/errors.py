"""The one hierarchy of errors. A message says what, where and what to do, and never holds a person's data."""

from collections.abc import Sequence
from typing import NamedTuple


class ZhikaError(Exception):
    """Anything Zhika refuses or cannot do; its text is written for the person at the desk."""


class Fault(NamedTuple):
    """One fault of something that came from outside: where it stands and which rule it breaks, never the value."""

    where: str
    """File, package, table or key."""
    rule: str
    """What is wrong and what to do, as a sentence."""
    row: int | None = None
    """Row as a spreadsheet counts it: the header is row 1."""
    column: str | None = None

    def __str__(self) -> str:
        place = self.where
        if self.row is not None:
            place += f" 第 {self.row} 行"
        if self.column is not None:
            place += f"「{self.column}」列"
        return f"{place}: {self.rule}"


class Refused(ZhikaError):
    """Something that came from outside breaks a rule. Holds every fault found, not only the first."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))


class NotAllowed(ZhikaError):
    """Somebody may not do this: who, what, and the rule that forbids it."""

    def __init__(self, who: str, what: str, rule: str) -> None:
        self.who, self.what, self.rule = who, what, rule
        super().__init__(f"{who} 不可{what}: {rule}")


class NotReady(ZhikaError):
    """Asked for too early, or too late: the message says what is awaited."""


class Busy(NotReady):
    """Another process has it in hand at this moment."""


class ConfigurationError(ZhikaError):
    """A seat.toml, a chart or a catalogue that could not work."""


class CardError(ZhikaError):
    """A card, reader, camera or stripe head did not answer as it should."""


class KeyStoreError(ZhikaError):
    """A key is missing, of the wrong kind, or its store cannot be opened."""
