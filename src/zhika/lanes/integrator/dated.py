"""Files whose rows hold from a day on: plans, lists of leaders. The same file from another day is another subject."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from zhika.errors import Fault, Refused
from zhika.ledger.batches import Organisation
from zhika.ledger.places import today
from zhika.people import offices
from zhika.registers.columns import Column


@dataclass(frozen=True)
class Source:
    """The file that an act was told of, and the day from which it holds."""

    path: Path
    valid_from: date
    sha256: str


def subject(kind: str, path: Path, told: Mapping[str, str]) -> Iterator[tuple[str, Mapping[str, str]]]:
    """The act's subject, KIND/DAY/DIGEST, with its facts: `path`, and `from` (today, where nobody says)."""
    facts = {**told, "path": str(path), "from": told.get("from") or today().isoformat()}
    yield f"{kind}/{facts['from']}/{source(facts).sha256[:8]}", facts


def source(told: Mapping[str, str]) -> Source:
    """File and day of these facts. Raises Refused for a file that isn't there and for what is no date."""
    path = Path(told.get("path", ""))
    if not path.is_file():
        raise Refused([Fault(path.name or "path", "文件不存在")])
    try:
        first = date.fromisoformat(told.get("from", ""))
    except ValueError:
        raise Refused([Fault(path.name, "起始日应写成 --fact from=2026-04-01")]) from None
    return Source(path, first, hashlib.sha256(path.read_bytes()).hexdigest())


@dataclass
class Row:
    """One row of such a file while it is read: what is wrong with it is told with row and column."""

    file: str
    number: int
    cells: Mapping[str, str]
    columns: Mapping[str, Column]
    faults: list[Fault]

    def fault(self, column: str, rule: str) -> None:
        self.faults.append(Fault(self.file, rule, self.number, self.columns[column].title))

    def text(self, column: str, width: int, *, empty: bool = False) -> str:
        """A text of at most so many characters."""
        value = self.cells.get(column, "")
        if not value and not empty:
            self.fault(column, "不可为空")
        elif len(value) > width:
            self.fault(column, f"超过 {width} 个字符")
        return value

    def figure(self, column: str) -> int:
        """A number of people; the column may be missing from the file, its cell may not be empty."""
        value = self.cells.get(column, "0")
        if value.isascii() and value.isdecimal() and len(value) <= 9:
            return int(value)
        self.fault(column, "应为人数 (非负整数, 不带千分号)")
        return 0

    def office(self, column: str) -> Organisation | None:
        """The office that a code or name means."""
        if not (value := self.text(column, 120)):
            return None
        meant = offices.found(value)
        if meant is None:
            self.fault(column, "没有这个经办机构, 或不止一个: 先 zhika organisations load, 或写明编号")
        return meant
