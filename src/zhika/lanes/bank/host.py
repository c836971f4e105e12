"""The bank's host 核心系统 behind a seam: who is known under which name, who may have an account, who is activated."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from zhika.errors import ConfigurationError, Fault, Refused
from zhika.seat.config import Seat

TITLE = "客户资料"
COLUMNS = ("id_no", "name", "standing")
STANDINGS = ("good", "refused")


class Verdict(StrEnum):
    """What the host says of a person; all but OK are causes of `flows.causes`."""

    OK = "ok"
    NAME_DIFFERS = "name-differs"
    REFUSED = "account-refused"


@dataclass(frozen=True, repr=False)
class Customer:
    """Who is asked for: ID number and name. Its repr shows neither."""

    id_no: str
    name: str


class Host(Protocol):
    """What the steps ask of the host, in bulk."""

    def know(self, customers: Iterable[Customer]) -> list[Verdict]:
        """OK or NAME_DIFFERS for each; somebody unknown is OK."""

    def open_accounts(self, customers: Iterable[Customer]) -> list[Verdict]:
        """OK (opened, closed for payment) or why not, for each. Asked again it answers the same."""

    def activate(self, customer: Customer) -> Verdict:
        """Open an account for payment; OK or why not."""


class FileHost:
    """A host of our own that keeps to one file: CSV, UTF-8, columns id_no, name, standing (good or refused).

    Who is not in it is a new customer, and welcome. Raises ConfigurationError where there is no file, Refused for
    each row that is not as described.
    """

    def __init__(self, path: Path) -> None:
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                rows = list(csv.DictReader(file))
                columns = tuple(rows[0]) if rows else COLUMNS
        except FileNotFoundError:
            raise ConfigurationError(
                f"{path} 不存在: 放入客户资料 (CSV, 表头 {','.join(COLUMNS)}), 或在 seat.toml [bank] customers 中指明"
            ) from None
        lacking = [name for name in COLUMNS if name not in columns]
        faults = [Fault(path.name, "缺少此列", 1, name) for name in lacking] or [
            Fault(path.name, f"应为 {' 或 '.join(STANDINGS)}", number, "standing")
            for number, row in enumerate(rows, 2)
            if row["standing"] not in STANDINGS
        ]
        if faults:
            raise Refused(faults)
        self._known = {row["id_no"]: (row["name"], row["standing"]) for row in rows}

    def know(self, customers: Iterable[Customer]) -> list[Verdict]:
        """As `Host.know`."""
        return [
            Verdict.NAME_DIFFERS if self._entry(customer)[0] != customer.name else Verdict.OK for customer in customers
        ]

    def open_accounts(self, customers: Iterable[Customer]) -> list[Verdict]:
        """As `Host.open_accounts`."""
        return [self._open(customer) for customer in customers]

    def activate(self, customer: Customer) -> Verdict:
        """As `Host.activate`."""
        return self._open(customer)

    def _entry(self, customer: Customer) -> tuple[str, str]:
        return self._known.get(customer.id_no, (customer.name, "good"))

    def _open(self, customer: Customer) -> Verdict:
        name, standing = self._entry(customer)
        if name != customer.name:
            return Verdict.NAME_DIFFERS
        return Verdict.REFUSED if standing == "refused" else Verdict.OK


def of(seat: Seat) -> Host:
    """The host of this bank's seat; its file is read when it has changed, not for each card."""
    path = seat.home / seat.bank.customers
    stamp = path.stat() if path.exists() else None
    return _read(path, stamp and stamp.st_mtime_ns, stamp and stamp.st_size)


@lru_cache(maxsize=1)
def _read(path: Path, changed: int | None, size: int | None) -> FileHost:
    return FileHost(path)
