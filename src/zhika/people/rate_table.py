"""A table of fee rates as somebody hands it in. A city keeps one file, adds to it, and loads the whole of it again."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

from django.db.models import Max

from zhika.errors import Fault, Refused
from zhika.flows.requests import EXEMPTIONS, KINDS, Exemption, RequestKind, listed
from zhika.paper.amounts import fen
from zhika.people.fees import Payment
from zhika.people.rates import FeeRate
from zhika.registers import intake
from zhika.registers.columns import Column

KIND, AMOUNT = Column("kind", "业务类型", required=True), Column("amount", "金额", required=True)
FROM, TO = Column("valid_from", "生效日期", required=True), Column("valid_to", "失效日期")
LEGAL, EXEMPT = Column("legal", "收费依据", required=True), Column("exempt", "免收事由")
COLUMNS = (KIND, AMOUNT, FROM, TO, LEGAL, EXEMPT)
_DAY = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)", re.ASCII)


class Row(NamedTuple):
    """One rate, and where it stands in the file."""

    number: int
    rate: FeeRate


@dataclass
class Table:
    """What a file changes: rates that it adds, and ends that it gives to known ones."""

    added: list[FeeRate] = field(default_factory=list)
    ended: list[FeeRate] = field(default_factory=list)

    def write(self) -> None:
        """In the caller's transaction."""
        FeeRate.objects.bulk_create(self.added)
        FeeRate.objects.bulk_update(self.ended, ["valid_to"])


def read(path: Path, *, by: str, at: datetime) -> Table:
    """CSV or workbook with kind, amount (yuan), valid_from, valid_to, legal and exempt; codes or Chinese titles.

    Raises Refused with row and column of every fault: unknown or free kind, bad amount or date, no legal text, unknown
    reason, validity that overlaps another's, a loaded rate told otherwise, an end before a day that was charged.
    """
    if not path.is_file():
        raise Refused([Fault(path.name, "文件不存在")])
    rows = intake.read(path, COLUMNS).rows.to_dicts()
    faults = [Fault(path.name, rule, row["row"], column.title) for row in rows for column, rule in _row_faults(row)]
    if faults or not rows:
        raise Refused(faults or [Fault(path.name, "没有收费标准, 只有表头")])
    told = [Row(row["row"], _rate(row, by, at)) for row in rows]
    known = {_key(rate): rate for rate in FeeRate.objects.all()}
    faults = [*_contradictions(path.name, told, known), *_overlaps(path.name, told, known)]
    if faults:
        raise Refused(faults)
    table = Table()
    for _, rate in told:
        old = known.get(_key(rate))
        if old is None:
            table.added.append(rate)
        elif old.valid_to != rate.valid_to:
            old.valid_to = rate.valid_to
            table.ended.append(old)
    return table


def _key(rate: FeeRate) -> tuple[str, date]:
    return rate.kind, rate.valid_from


def _row_faults(row: Mapping[str, str]) -> Iterator[tuple[Column, str]]:
    """What is wrong with one row by itself."""
    code = _code(row["kind"], KINDS)
    if code is None:
        yield KIND, f"没有这种业务。可用: {listed(kind for kind in KINDS.values() if not kind.free)}"
    elif KINDS[code].free:
        yield KIND, f"「{KINDS[code].title}」不收费, 不可定收费标准"
    if _amount(row["amount"]) is None:
        yield AMOUNT, "应为不小于 0 的金额 (元), 至多两位小数, 如 20.00"
    first, last = _day(row["valid_from"]), _day(row.get("valid_to", ""))
    for column, day in ((FROM, first), (TO, last)):
        if day is None and (column.required or row.get(column.name)):
            yield column, "应写成 2026-01-31"
    if first and last and last < first:
        yield TO, "早于生效日期"
    if not 0 < len(row["legal"]) <= FeeRate.LEGAL_WIDTH:
        yield LEGAL, f"须写明物价部门的文号, 至多 {FeeRate.LEGAL_WIDTH} 字"
    if None in _reasons(row):
        yield EXEMPT, f"没有这种免收事由。可用: {listed(EXEMPTIONS.values())}, 多项以分号隔开"


def _contradictions(file: str, told: Sequence[Row], known: Mapping[tuple[str, date], FeeRate]) -> Iterator[Fault]:
    """A loaded rate stays as it is; only an end may be given to it, and none before a day that was charged by it."""
    for number, rate in told:
        old = known.get(_key(rate))
        if old is None or (old.said, old.valid_to) == (rate.said, rate.valid_to):
            continue
        if old.said != rate.said or old.valid_to is not None or rate.valid_to is None:
            rule = "同一业务自该日起的标准已装载, 内容不同: 已装载的标准只可补填失效日期"
            yield Fault(file, rule, number, FROM.title)
            continue
        charged = Payment.objects.filter(rate=old).aggregate(last=Max("day"))["last"]
        if charged and charged > rate.valid_to:
            yield Fault(file, f"{charged} 已按此标准收费, 不可早于该日失效", number, TO.title)


def _overlaps(file: str, told: Sequence[Row], known: Mapping[tuple[str, date], FeeRate]) -> Iterator[Fault]:
    """Two rates of one kind on one day, within the file and with what is loaded."""
    here = {_key(rate) for _, rate in told}
    loaded = [rate for key, rate in known.items() if key not in here]
    for place, (number, rate) in enumerate(told):
        for other in told[:place]:
            if rate.overlaps(other.rate):
                yield Fault(file, f"有效期与第 {other.number} 行重叠", number, FROM.title)
        for one in loaded:
            if rate.overlaps(one):
                yield Fault(file, f"有效期与已装载的标准 (自 {one.valid_from}) 重叠", number, FROM.title)


def _rate(row: Mapping[str, str], by: str, at: datetime) -> FeeRate:
    """The rate of a row without faults."""
    kind, amount, first = _code(row["kind"], KINDS), _amount(row["amount"]), _day(row["valid_from"])
    assert kind is not None and amount is not None and first is not None
    return FeeRate(
        kind=kind, amount=amount, valid_from=first,
        valid_to=_day(row.get("valid_to", "")), legal=row["legal"],
        exempt=";".join(sorted({reason or "" for reason in _reasons(row)})), loaded_by=by, loaded_at=at,
    )  # fmt: skip


def _code(text: str, data: Mapping[str, RequestKind] | Mapping[str, Exemption]) -> str | None:
    """The code of what was told by its code or its title."""
    return next((one.code for one in data.values() if text in (one.code, one.title)), None)


def _reasons(row: Mapping[str, str]) -> list[str | None]:
    words = re.split("[;；、,，]", row.get("exempt", ""))
    return [_code(word.strip(), EXEMPTIONS) for word in words if word.strip()]


def _amount(text: str) -> int | None:
    """In fen; None for what is no amount or less than nothing."""
    try:
        amount = fen(text)
    except ValueError:
        return None
    return amount if amount >= 0 else None


def _day(text: str) -> date | None:
    """
    >>> _day("2026-01-31") == _day("20260131") == date(2026, 1, 31)
    True
    """
    found = _DAY.fullmatch(text)
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None
