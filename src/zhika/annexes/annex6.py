"""附件6: registration forms to be checked and recovered, people by county and lot, against the lots' due days."""

from collections.abc import Iterator, Sequence
from datetime import date

from zhika.annexes import differences, recovery
from zhika.annexes.differences import Check
from zhika.annexes.recovery import County, Overdue
from zhika.errors import NotReady
from zhika.paper.annex import Cell, Heading, Section, Sheet
from zhika.people.plans import FORMS, Plan, in_force

TITLE = "{city}新农合档案登记核对回收任务进度表"
PLACES = "一二三四五六七八九十"


def sheet(on: date, city: str) -> Sheet:
    """The table at the end of a day. Raises NotReady where no plan holds."""
    plan = in_force(FORMS, on)
    if plan is None:
        raise NotReady("尚未装载附件6的计划: zhika do load_plan 文件 --fact annex=6 --by 姓名")
    counties = recovery.counties(on)
    sections = (_main(plan, counties, on), overdue([lot for county in counties for lot in county.overdue], on),
                differences.section(list(_checks(plan, counties))))  # fmt: skip
    return Sheet(
        "附件6", TITLE.format(city=city), on, sections, unit="人", facts=(("计划自", plan.valid_from.isoformat()),),
        remarks=tuple(_remarks(counties, on)),
    )  # fmt: skip


def lot_title(at: int) -> str:
    """第一批, from 1."""
    return f"第{PLACES[at - 1]}批" if at <= len(PLACES) else f"第 {at} 批"


def overdue(lots: Sequence[Overdue], on: date) -> Section:
    """The lots whose day is over and that are not full."""
    headings = (
        Heading("county", "县（市、区）"), Heading("lot", "批次"), Heading("due", "应收日"),
        Heading("planned", "累计应收"), Heading("recovered", "现已回收"), Heading("lacking", "尚欠"),
        Heading("days", "逾期天数"),
    )  # fmt: skip
    rows = tuple(
        (x.county, lot_title(x.lot), x.due.isoformat(), x.planned, x.recovered, x.lacking, (on - x.due).days)
        for x in lots
    )
    return Section("逾期的批", headings, rows, empty="没有逾期的批。")


def _main(plan: Plan, counties: Sequence[County], on: date) -> Section:
    """Plan and recovery by county; a lot that was not full at the end of its day is marked."""
    headings = [Heading("county", "县（市、区）"), Heading("insured", "参合总人数")]
    for at, day in enumerate(plan.days, 1):
        under = f"{lot_title(at)} {day.month}月{day.day}日"
        headings += [Heading(f"lot{at}", "计划", under), Heading(f"recovered{at}", "累计已收", under)]
    headings += [Heading(name, title, f"截至 {on.month}月{on.day}日") for name, title in (
        ("owed", "应回收"), ("recovered", "已回收"), ("returned", "退回更正"), ("behind", "落后"))]  # fmt: skip
    rows = tuple(_row(county, on) for county in counties)
    late = {
        (row, 3 + 2 * (lot - 1))
        for row, county in enumerate(counties)
        for lot, day in enumerate(county.due, 1)
        if lot <= county.line.lots and day < on and county.recovered(day) < county.planned[lot - 1]
    }
    behind = {(row, len(headings) - 1) for row, county in enumerate(counties) if county.behind}
    return Section("", tuple(headings), rows, total=_total(rows), marked=frozenset(late | behind))


def _row(county: County, on: date) -> tuple[Cell, ...]:
    cells: list[Cell] = [county.line.name, county.line.rural]
    for at, (n, day) in enumerate(zip(county.lots, county.due, strict=True), 1):
        cells += [n, county.recovered(day) if day <= on and at <= county.line.lots else None]
    return (*cells, county.owed, county.recovered(), county.sent_back(), county.behind)


def _total(rows: Sequence[tuple[Cell, ...]]) -> tuple[Cell, ...]:
    """Sums of the rows; nothing where nothing stands."""
    sums: list[Cell] = []
    for column in list(zip(*rows, strict=True))[1:]:
        counts = [cell for cell in column if isinstance(cell, int)]
        sums.append(sum(counts) if counts else None)
    return ("合计", *sums)


def _checks(plan: Plan, counties: Sequence[County]) -> Iterator[Check]:
    """Each printed lot, each lot's printed total, the printed number of people, and what the printed totals add to."""
    numbers = range(1, len(plan.days) + 1)
    for county in counties:
        for at in numbers:
            if f"lot{at}" in county.line.printed:
                yield Check(f"{county.line.name} {lot_title(at)}", county.lots[at - 1], county.line.printed[f"lot{at}"])
    people = sum(county.line.rural for county in counties)
    if "insured" in plan.printed:
        yield Check("参合总人数 合计", people, plan.printed["insured"])
    printed = [plan.printed[f"lot{at}"] for at in numbers if f"lot{at}" in plan.printed]
    for at, total in enumerate(printed, 1):
        yield Check(f"{lot_title(at)} 合计", sum(county.lots[at - 1] for county in counties), total)
    if len(printed) == len(plan.days):
        yield Check("各批印刷合计之和", people, sum(printed))


def _remarks(counties: Sequence[County], on: date) -> Iterator[str]:
    yield "各批人数为总人数的平均数, 余数归最后一批; 累计已收为该批应收日终了时的人数, 不足该批为止的计划者着色。"
    yield "已收、已回收: 已报送采集信息的人数, 减去农合办退回更正的人数 (更正后再报送时再计)。"
    if strange := recovery.strangers(counties, on):
        yield f"另有 {strange:,} 人报送给计划中没有的经办机构。"
    if (unread := recovery.unread(on)) > 0:
        yield f"另有 {unread:,} 人的采集批未登记经办机构, 没有计入各县。"
