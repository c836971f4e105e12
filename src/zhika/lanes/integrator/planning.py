"""任务计划: the files of annexes 3 and 6. Figures are people; sums that the paper prints are kept aside, to compare."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from django.utils import timezone

from zhika.engine.work import Done
from zhika.errors import ConfigurationError, Fault, Refused
from zhika.lanes.integrator import dated
from zhika.lanes.integrator.dated import Row
from zhika.people.plans import CARDS, FORMS, Plan, PlanLine
from zhika.registers import intake
from zhika.registers.columns import Column, Kind
from zhika.seat.config import AnnexOptions, Seat

TOTAL = "合计"
"""What the first cell of the paper's last row begins with."""
PLACES = "一二三四五六七八九十"
_CARDS = (
    Column("code", "编号", required=True),
    Column("centre", "医保中心", required=True),
    Column("workers", "职工", Kind.DIGITS, ("职工人数",), required=True),
    Column("residents", "居民", Kind.DIGITS, required=True),
    Column("students", "大学生", Kind.DIGITS, required=True),
    Column("total", "总计", Kind.DIGITS),
)
_FORMS = (
    Column("code", "编号"),
    Column("county", "县（市、区）", aliases=("县(市、区)", "县市区"), required=True),
    Column("insured", "参合总人数", Kind.DIGITS, required=True),
    Column("lots", "批数", Kind.DIGITS),
)


def from_file(seat: Seat, path: Path, told: Mapping[str, str]) -> Iterator[tuple[str, Mapping[str, str]]]:
    """`zhika do load_plan FILE --fact annex=3|6`, with `--fact from=2026-04-01` and `--fact year=2026` where wanted."""
    return dated.subject(f"annex{_annex(told)}", path, told)


def load(seat: Seat, told: Mapping[str, str], by: str) -> Done:
    """Read a plan whole and write it beside the older ones.

    Facts: annex (3 | 6), path, from, and for annex 6 year. Raises Refused with row and column of every fault.
    """
    annex, source = _annex(told), dated.source(told)
    days = due_days(seat.annex, _year(told) or seat.annex.year or source.valid_from.year) if annex == FORMS else []
    columns = _CARDS if annex == CARDS else (*_FORMS, *_lots(days))
    plan = Plan(annex=annex, valid_from=source.valid_from, due=[day.isoformat() for day in days], sha256=source.sha256,
                loaded_at=timezone.now(), by=by)  # fmt: skip
    faults: list[Fault] = []
    lines: list[PlanLine] = []
    by_name = {column.name: column for column in columns}
    for cells in intake.read(source.path, columns).rows.iter_rows(named=True):
        row = Row(source.path.name, cells["row"], cells, by_name, faults)
        if any(cells.get(name, "").startswith(TOTAL) for name in ("code", "centre", "county")):
            _total(plan, row, columns)
        elif line := _cards(row) if annex == CARDS else _forms(row, seat.annex, days):
            if any(line.office == other.office for other in lines):
                row.fault("code" if cells.get("code") else "county", "这个经办机构出现两次")
            lines.append(line)
    if faults or not lines:
        raise Refused(faults or [Fault(source.path.name, "没有经办机构的行")])

    def write() -> None:
        plan.save()
        for line in lines:
            line.plan = plan
        PlanLine.objects.bulk_create(lines)

    return Done(write=write, n_in=len(lines), n_out=len(lines))


def due_days(options: AnnexOptions, year: int) -> list[date]:
    """Due days of the lots in a year. Raises ConfigurationError for what is no day, or no later one."""
    try:
        days = [date.fromisoformat(f"{year:04}-{day}") for day in options.due]
    except ValueError:
        raise ConfigurationError(f"seat.toml: [annex] due 应为 {year} 年的日期, 写成 04-25") from None
    if not days or days != sorted(set(days)) or not all(1 <= n <= len(days) for n in _counts(options)):
        raise ConfigurationError("seat.toml: [annex] due 须由先到后, 每批一天, 批数 (lots, lots_of) 不可多于天数")
    return days


def _counts(options: AnnexOptions) -> list[int]:
    return [options.lots, *options.lots_of.values()]


def _annex(told: Mapping[str, str]) -> int:
    if told.get("annex") not in (str(CARDS), str(FORMS)):
        raise Refused([Fault("load_plan", "须写明附件: --fact annex=3 或 --fact annex=6")])
    return int(told["annex"])


def _year(told: Mapping[str, str]) -> int:
    year = told.get("year", "")
    if year and not (year.isascii() and year.isdecimal() and len(year) == 4):
        raise Refused([Fault("load_plan", "年份应写成 --fact year=2026")])
    return int(year or 0)


def _lots(days: Sequence[date]) -> Iterator[Column]:
    """The paper's own lots: their titles carry the due days, so a file of other days is refused."""
    for at, day in enumerate(days, 1):
        title = f"第{PLACES[at - 1]}批" if at <= len(PLACES) else f"第 {at} 批"
        names = (f"lot{at}_{day:%m%d}", f"{title}{day.month}月{day.day}日", f"{title}，{day.month}月{day.day}日")
        yield Column(f"lot{at}", title, Kind.DIGITS, names)


def _cards(row: Row) -> PlanLine | None:
    """A row of annex 3."""
    office, name = row.office("code"), row.text("centre", 120)
    people = {category: row.figure(f"{category}s") for category in ("worker", "resident", "student")}
    return office and PlanLine(place=row.number, office=office, name=name, printed=_printed(row, ["total"]), **people)


def _forms(row: Row, options: AnnexOptions, days: Sequence[date]) -> PlanLine | None:
    """A row of annex 6."""
    office, name = row.office("code" if row.cells.get("code") else "county"), row.text("county", 120)
    people = row.figure("insured")
    count = options.lots_of.get(office.code, options.lots) if office else 1
    if row.cells.get("lots"):
        count = row.figure("lots")
    if not 1 <= count <= len(days):
        row.fault("lots", f"应为 1 至 {len(days)}: 每批有一个应收日")
    printed = _printed(row, [f"lot{at}" for at in range(1, len(days) + 1)])
    return office and PlanLine(
        place=row.number, office=office, name=name, rural=people, lots=count, printed=printed
    )  # fmt: skip


def _printed(row: Row, names: Sequence[str]) -> dict[str, int]:
    return {name: row.figure(name) for name in names if row.cells.get(name)}


def _total(plan: Plan, row: Row, columns: Sequence[Column]) -> None:
    """The paper's last row. A second one is refused."""
    if plan.printed:
        row.fault(columns[0].name, f"{TOTAL} 只可有一行")
    plan.printed = _printed(row, [column.name for column in columns if column.kind is Kind.DIGITS])
