"""附件3: cards planned, made and issued by centre and category."""

from collections import Counter
from collections.abc import Iterator
from datetime import date

from zhika.annexes import differences
from zhika.annexes.cards import Key, counted
from zhika.annexes.differences import Check
from zhika.ledger.batches import Organisation
from zhika.paper.annex import Cell, Heading, Section, Sheet
from zhika.people.plans import CARDS, CATEGORIES, Plan, PlanLine, in_force

TITLE = "{city}城镇职工和居民社会保障卡制作和发放任务表"
FIRST = ("urban-batch", "urban-new")
"""Processes that give a person the first card."""
SHOWN = {"worker": "职工", "resident": "居民", "student": "大学生"}
COLUMNS = {"worker": "workers", "resident": "residents", "student": "students"}
"""Columns of the plan's file by category."""
ALL = "总计"


def sheet(on: date, city: str) -> Sheet:
    """The table at the end of a day: computed totals, and the plan's printed ones where they differ."""
    plan = in_force(CARDS, on)
    lines = list(plan.lines.select_related("office")) if plan else []
    parts = [_planned(lines), *counted(FIRST, on)]
    names = {line.office.code: line.name for line in lines}
    beside = sorted({office for part in parts for office, _ in part} - names.keys())
    names |= dict(Organisation.objects.filter(code__in=beside).values_list("code", "name"))
    rows = tuple(_row(code, names[code], parts) for code in (*(line.office.code for line in lines), *beside))
    sums = [sum(int(row[at] or 0) for row in rows) for at in range(2, 2 + len(parts) * (len(SHOWN) + 1))]
    main = Section("", (Heading("code", "编号"), Heading("centre", "医保中心"), *_headings()), rows,
                   total=("", "合计", *sums) if rows else None, empty="还没有计划, 也没有制成的卡。")  # fmt: skip
    facts = (("计划自", plan.valid_from.isoformat()),) if plan else ()
    checks = list(_checks(plan, lines)) if plan else []
    return Sheet(
        "附件3", TITLE.format(city=city), on, (main, differences.section(checks)), unit="人（张）", facts=facts,
        remarks=tuple(_remarks(plan, beside, parts)),
    )  # fmt: skip


def _planned(lines: list[PlanLine]) -> Counter[Key]:
    return Counter(
        {(line.office.code, category): getattr(line, category) for line in lines for category in CATEGORIES[CARDS]}
    )


def _headings() -> Iterator[Heading]:
    for name, title in (("plan", "计划制卡"), ("made", "已制成"), ("issued", "已发放")):
        for category, shown in (*SHOWN.items(), ("all", ALL)):
            yield Heading(f"{name}_{category}", shown, title)


def _row(code: str, name: str, parts: list[Counter[Key]]) -> tuple[Cell, ...]:
    cells: list[Cell] = [code, name]
    for part in parts:
        cells += [part[code, category] for category in SHOWN]
        cells.append(sum(n for (office, _), n in part.items() if office == code))
    return tuple(cells)


def _checks(plan: Plan, lines: list[PlanLine]) -> Iterator[Check]:
    """Each line's printed total, and each column's."""
    for line in lines:
        if "total" in line.printed:
            yield Check(f"{line.name} {ALL}", line.people, line.printed["total"])
    for category, column in COLUMNS.items():
        if column in plan.printed:
            yield Check(f"{SHOWN[category]} 合计", sum(getattr(x, category) for x in lines), plan.printed[column])
    if "total" in plan.printed:
        yield Check(f"{ALL} 合计", sum(line.people for line in lines), plan.printed["total"])


def _remarks(plan: Plan | None, beside: list[str], parts: list[Counter[Key]]) -> Iterator[str]:
    yield "已制成: 银行已完成并交付的首张卡; 已发放: 已签领的首张卡。作废的不计, 重新制卡的人只计一次, 补换卡不计。"
    if plan is None:
        yield "尚未装载计划: zhika do load_plan 文件 --fact annex=3"
    elif beside:
        yield f"计划中没有的机构: {'、'.join(beside)}"
    strange = sum(n for part in parts for (_, category), n in part.items() if category not in SHOWN)
    if strange:
        yield f"{strange:,} 张卡所属单位没有登记为{'、'.join(SHOWN.values())}, 只计入总计。"
