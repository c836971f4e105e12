"""report.html: one page that holds all of a rehearsal, without a script and without anything from elsewhere.

And the closing words of the demo on the terminal, from the same findings.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from rich.console import Console

from zhika.cli import screen
from zhika.flows import FLOWS, title_of
from zhika.flows.lanes import Lane
from zhika.paper.amounts import yuan
from zhika.rehearsal.calendar import CALENDAR, ahead
from zhika.rehearsal.faces import figures as card_figures
from zhika.rehearsal.findings import Findings
from zhika.rehearsal.offices import OFFICES
from zhika.rehearsal.seats import PLATFORM, TITLES
from zhika.rehearsal.timing import bars
from zhika.rehearsal.world import INTEGRATOR, WORLD

TEMPLATES = Path(__file__).parent / "templates"
TITLE = "演练报告"
_COUNTED = ("replacements", "payments", "exempt")
MOST_LINKS = 60
"""Files of a kind that the page links one by one; the folder stands for the rest."""
NAMES = {office.code: office.name for office in OFFICES} | TITLES | {INTEGRATOR: Lane.INTEGRATOR.title}
"""What people call an organisation of which a seat knows only the code."""


def write(findings: Findings, folder: Path) -> Path:
    """Write FOLDER/report.html and return its path."""
    path = folder / "report.html"
    path.write_text(page(findings), encoding="utf-8")
    return path


def page(findings: Findings) -> str:
    """The page, self-contained but for links to files beside it."""
    return Template((TEMPLATES / "report.html").read_text(encoding="utf-8")).substitute(
        title=TITLE,
        style=(TEMPLATES / "report.css").read_text(encoding="utf-8"),
        lead=f"一台机器上的一座城: 四个席位、两家银行, {len(findings.batches)} 个批次, 从登记库到持卡人手中。"
        + _turned(findings),
        figures=_figures(findings), verdict=_verdict(findings), charts=_charts(findings),
        cards=card_figures(findings.folder), books=_books(findings), exceptions=_exceptions(findings),
        cases=_cases(findings), matters=_matters(findings), settlements=_settlements(findings),
        rejected=_rejected(findings), times=_times(findings), products=_products(findings),
        footer=f"随机种子 {findings.seed}。人、单位与照片都是虚构的。",
    )  # fmt: skip


def _turned(findings: Findings) -> str:
    """That the days below are the calendar's."""
    days = ahead(findings.folder / WORLD / CALENDAR)
    return f"日历由演练翻过 {days} 天, 下面的日期都是它的。" if days else ""


def summary(findings: Findings) -> list[tuple[str, int]]:
    """The figures at the head: people in batches, cards in hand, and so on."""
    states: Counter[str] = Counter()
    for line in findings.books["platform"]:
        if line["kind"] in ("batch", "parcel", "void", "return"):
            states[line["state"]] += line["n"]
    waiting = sum(states[state] for state in ("good", "given", "held", "work"))
    return [
        ("进入批次", sum(batch["size"] for batch in findings.batches)),
        ("已发给持卡人", states["issued"]),
        ("待领", waiting),
        ("退出批次", len(findings.exceptions)),
        ("废卡已销毁", states["destroyed"]),
        ("未进入制卡", len(findings.rejected)),
    ]


def _figures(findings: Findings) -> str:
    shown = [(name, f"{n:,}") for name, n in summary(findings)]
    shown.append(("用时", f"{findings.seconds:.0f}<small> 秒</small>"))
    return "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in shown)


def _verdict(findings: Findings) -> str:
    faults = [f"{TITLES[seat]}: {text}" for seat, texts in findings.breaches.items() for text in texts]
    faults += [f"{TITLES[seat]}: {text}" for seat, texts in findings.troubles.items() for text in texts]
    if not faults:
        return '<span class="verdict">四个席位账平, 已逐笔重算</span>'
    return '<span class="verdict bad">账不平或有搁置</span><ul>' + _items(faults) + "</ul>"


def _charts(findings: Findings) -> str:
    """By chart, and within it a tab for each batch."""
    parts = []
    for flow in FLOWS.values():
        mine = {code: path for code, path in findings.charts.items() if findings.processes[code] == flow.name}
        if mine:
            parts.append(f"<h3>{escape(flow.title)}</h3>{_tabs(flow.name, mine)}")
    return "".join(parts)


def _tabs(name: str, charts: Mapping[str, Path]) -> str:
    heads, bodies, rules = [], [], []
    for n, (batch, path) in enumerate(charts.items()):
        key, checked = f"{name}{n}", " checked" if n == 0 else ""
        heads.append(
            f'<input type="radio" name="{name}" id="c-{key}"{checked}><label for="c-{key}">{escape(batch)}</label>'
        )
        bodies.append(f'<section id="s-{key}"><div class="chart">{_inline(path)}</div></section>')
        rules.append(f"#c-{key}:checked~#s-{key}{{display:block}}")
    return f'<style>{"".join(rules)}</style><div class="tabs">{"".join(heads)}{"".join(bodies)}</div>'


def _inline(path: Path) -> str:
    """An SVG inside a page: without its XML head."""
    text = path.read_text(encoding="utf-8")
    return text[text.index("<svg") :]


def _books(findings: Findings) -> str:
    parts = []
    for seat, lines in findings.books.items():
        rows = [
            [
                escape(line["name"]),
                f'<span class="state {escape(line["state"])}">{escape(line["state_title"])}</span>',
                f"<code>{escape(line['group'])}</code>", line["n"],
            ]
            for line in _summed(lines)
        ]  # fmt: skip
        if rows:
            table = f"<h3>{escape(TITLES[seat])}</h3>" + _table(("机构", "状态", "归属", "数量"), rows)
            parts.append(f"<section>{table}</section>")
    return f'<div class="books">{"".join(parts)}</div>'


def _summed(lines: Sequence[Any]) -> list[dict[str, Any]]:
    """One line for all parcels of a batch in one state: units are many."""
    sums: dict[tuple[str, str, str, str], int] = Counter()
    for line in lines:
        parcel = line["kind"] == "parcel"
        group = line["group"].partition(".")[0] + " 各单位" if parcel else line["group_title"]
        name = NAMES.get(line["name"], line["name"]) if line["name"] == line["organisation"] else line["name"]
        sums["各单位" if parcel else name, line["state"], line["state_title"], group] += line["n"]
    return [
        {"name": name, "state": state, "state_title": title, "group": group, "n": n}
        for (name, state, title, group), n in sums.items()
    ]


def _exceptions(findings: Findings) -> str:
    arranged = [f"{title}（{'、'.join(filter(None, hit)) or '芯片模块'}）" for title, hit in findings.mishaps.items()]
    of = findings.processes
    head = f'<p class="note">演练安排的意外: {escape("；".join(arranged))}。</p>' if arranged else ""
    rows = [
        [
            f"<code>{escape(row['batch'])}</code>", f"<code>{escape(row['application'])}</code>",
            f"<code>{escape(row['serial'] or '')}</code>", escape(row["cause_title"]),
            escape(title_of(row["step"], of[row["batch"]])),
            f'<span class="whole">{escape(TITLES.get(str(row["source"]), ""))}</span>', escape(row["ended"]),
        ]
        for row in findings.exceptions
    ]  # fmt: skip
    return head + _table(("批次", "申请编号", "卡序列号", "原因", "步骤", "发现方", "结局"), rows, "没有异常。")


def _cases(findings: Findings) -> str:
    rows = [
        [
            f"<code>{escape(row['number'])}</code>", escape(row["title"]), f"<code>{escape(str(row['thing']))}</code>",
            row["n"], escape(row["holder_name"]), f"<code>{escape(row['handover'] or row['count'])}</code>",
            escape(row["closing"] if row["closed_at"] else "未结"),
        ]

        for row in findings.cases
    ]  # fmt: skip
    return _table(("案号", "差异", "卡序列号、材料", "数量", "责任方", "交接、盘点", "处理"), rows, "没有差异。")


def _matters(findings: Findings) -> str:
    rows = [
        [escape(one.title), f"<code>{escape(one.serial)}</code>", f"<code>{escape(one.ref)}</code>", escape(one.ending)]
        for one in findings.matters
    ]
    return _table(("何事", "卡序列号", "申请编号", "结局"), rows, "这次演练只有批量。")


def _settlements(findings: Findings) -> str:
    rows: list[list[Any]] = [
        [
            escape(row["name"]), row["period"], f"<code>{escape(row['number'])}</code>", row["replacements"],
            row["payments"], row["exempt"], yuan(row["taken"]), yuan(row["refunded"]), yuan(row["net"]),
        ]
        for row in findings.settlements
    ]  # fmt: skip
    heads = ("机构", "结算期", "编号", "补换卡", "收据", "其中免收", "收费额", "退费额", "净额")
    if rows:
        sums = [sum(row[key] for row in findings.settlements) for key in _COUNTED]
        money = [yuan(sum(row[key] for row in findings.settlements)) for key in ("taken", "refunded", "net")]
        rows.append(["<b>合计</b>", "", "", *sums, *(f"<b>{text}</b>" for text in money)])
    return _table(heads, rows, "没有收费。", right=heads[-3:])


def _rejected(findings: Findings) -> str:
    rows = [[escape(str(row[key])) for key in ("lot", "line", "name", "id_no", "reasons")] for row in findings.rejected]
    return _table(("采集批", "行", "姓名", "公民身份号码", "原因"), rows, "没有被退回的人。")


def _times(findings: Findings) -> str:
    """Open for the first of each chart, the others to be unfolded."""
    seen: set[str] = set()
    parts = []
    for batch in findings.batches:
        if rows := findings.steps[batch["code"]]:
            opened = "" if batch["process"] in seen else " open"
            seen.add(batch["process"])
            parts.append(f"<details{opened}><summary>{escape(batch['code'])}</summary>{bars(rows)}</details>")
    return "".join(parts)


def _products(findings: Findings) -> str:
    parts = []
    for title, paths in findings.products().items():
        links = "".join(
            f'<li><a href="{escape(str(p), quote=True)}">{escape(str(p))}</a></li>' for p in paths[:MOST_LINKS]
        )
        more = f"<li>… 共 {len(paths)} 个</li>" if len(paths) > MOST_LINKS else ""
        counted = f"{findings.pieces(paths):,} {'张' if paths[0].suffix == '.tray' else '个'}"
        parts.append(
            f"<details><summary>{escape(title)}<small>{counted}</small></summary><ul>{links}{more}</ul></details>"
        )
    return "".join(parts)


def _items(texts: Iterable[str]) -> str:
    return "".join(f"<li>{escape(text)}</li>" for text in texts)


def _table(heads: Sequence[str], rows: Sequence[Sequence[Any]], empty: str = "", right: Sequence[str] = ()) -> str:
    """Cells are HTML; numbers stand to the right, and what is named `right`."""
    if not rows:
        return f"<p>{empty}</p>"
    numeric = [head in right or all(isinstance(row[at], int) for row in rows) for at, head in enumerate(heads)]
    head = "".join(f"<th{' class=n' if n else ''}>{text}</th>" for text, n in zip(heads, numeric, strict=True))
    body = "".join(
        "<tr>"
        + "".join(f"<td{' class=n' if n else ''}>{_cell(c)}</td>" for c, n in zip(row, numeric, strict=True))
        + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def show(findings: Findings, console: Console) -> None:
    """The demo's end on the terminal: balance by organisation, exceptions, who was rejected, where products lie."""
    held: Counter[tuple[str, str]] = Counter()
    for line in _summed(findings.books["platform"]):
        held[line["name"], line["state_title"]] += line["n"]
    _print(console, "实物账 (平台)", ("机构", "状态", "数量"), [(*key, n) for key, n in sorted(held.items())])
    left = [(row["batch"], row["application"], row["cause_title"], row["ended"]) for row in findings.exceptions]
    _print(console, "异常", ("批次", "申请编号", "原因", "结局"), left)
    if findings.matters:
        _print(console, "单个的事", ("何事", "卡序列号", "申请编号", "结局"), findings.matters)
    if findings.settlements:
        told = [(row["name"], row["period"], row["number"], yuan(row["net"])) for row in findings.settlements]
        _print(console, "结算", ("机构", "结算期", "编号", "净额"), told)
    people = [(row["lot"], row["name"], row["id_no"], row["reasons"]) for row in findings.rejected]
    _print(console, "未进入制卡的人", ("采集批", "姓名", "公民身份号码", "原因"), people)
    places = [
        (title, findings.pieces(paths), "、".join(dict.fromkeys(str(path.parent) for path in paths)))
        for title, paths in findings.products().items()
    ]
    _print(console, "产物", ("种类", "个", "在"), places)
    for seat, texts in (*findings.breaches.items(), *findings.troubles.items()):
        for text in texts:
            console.print(f"[red]{TITLES[seat]}[/] {text}")
    figures = "  ".join(f"{name} {n:,}" for name, n in summary(findings))
    console.print(f"{figures}  用时 {findings.seconds:.0f} 秒")
    console.print("账平 (四个席位, 已逐笔重算)。" if findings.sound else "[red]账不平或有搁置, 见上。[/]")
    console.print(f"报告: {findings.folder / 'report.html'}")
    if days := ahead(findings.folder / WORLD / CALENDAR):
        calendar, home = findings.folder / WORLD / CALENDAR, findings.folder / PLATFORM
        asking = f"{sys.executable} -m zhika.rehearsal.calendar {calendar} -C {home} where 号码"
        console.print(f"日历已翻过 {days} 天; 按那一天查询: {asking}", soft_wrap=True)


def _print(console: Console, title: str, heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    if not rows:
        return
    right = [head for at, head in enumerate(heads) if all(isinstance(row[at], int) for row in rows)]
    screen.show(title, heads, [[_cell(cell) for cell in row] for row in rows], right=right, out=console)
