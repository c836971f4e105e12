"""How a message gets to a person, behind a seam: an SMS gateway reads a file; who has no phone stands on a list."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from zhika.errors import Fault, Refused


@dataclass(frozen=True, repr=False)
class Addressed:
    """One message with where it goes. Its repr shows nobody."""

    phone: str
    name: str
    postcode: str
    address: str
    unit: str
    text: str


class Gateway(Protocol):
    """What sends messages: all of them, or raises."""

    def send(self, messages: Iterable[Addressed]) -> None:
        """Take these messages over."""


class FileGateway:
    """A gateway of our own: a message file, CSV, UTF-8, columns phone and text."""

    COLUMNS = ("phone", "text")

    def __init__(self, path: Path) -> None:
        self.path = path

    def send(self, messages: Iterable[Addressed]) -> None:
        """As `Gateway.send`."""
        write_new(self.path, self.COLUMNS, ((m.phone, m.text) for m in messages), "utf-8")


class FileList:
    """The notification list 通知名单: who is written to by post or told by the unit; CSV that a spreadsheet opens."""

    COLUMNS = ("姓名", "邮编", "地址", "单位（村）", "内容")

    def __init__(self, path: Path) -> None:
        self.path = path

    def send(self, messages: Iterable[Addressed]) -> None:
        """As `Gateway.send`."""
        rows = ((m.name, m.postcode, m.address, m.unit, m.text) for m in messages)
        write_new(self.path, self.COLUMNS, rows, "utf-8-sig")


def write_new(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]], encoding: str) -> None:
    """A new CSV, whole or not at all. Raises Refused where a file stands: what was sent is not overwritten."""
    if path.exists():
        raise Refused([Fault(path.name, "文件已存在, 不会覆盖: 换一个文件名")])
    aside = path.with_name(f".{path.name}.part")
    with aside.open("w", encoding=encoding, newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(columns)
        out.writerows(rows)
    aside.rename(path)
