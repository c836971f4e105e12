"""`zhika annex`, `leaders`, `county`: the document's tables, as they stand on a day, and what waits at an office."""

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from zhika.cli import screen
from zhika.cli.screen import Json
from zhika.cli.seat import here
from zhika.errors import ConfigurationError
from zhika.seat.config import Seat

OUT = Console(highlight=False, width=400)
"""As wide as a table needs: a line of words goes on below, and no number is cut."""
On = Annotated[str, typer.Option("--on", help="某日终了, 如 2026-11-23; 省略为今天")]


def annex(
    number: Annotated[int, typer.Argument(metavar="附件", help="3 城镇制发卡任务 | 6 农村回收任务 | 7 领导小组名单")],
    on: On = "",
    as_json: Json = False,
    xlsx: Annotated[Path | None, typer.Option("--xlsx", help="写成工作簿")] = None,
    pdf: Annotated[Path | None, typer.Option("--pdf", help="写成 PDF")] = None,
) -> None:
    """附件3、6、7: 计划与进度, 合计由程序计算并与原表核对。

    例: zhika -C demo/platform annex 3 --on 2026-11-23 --pdf 附件3.pdf
    """
    seat, day = _platform(), _day(on)
    from zhika.annexes import annex3, annex6, annex7
    from zhika.paper.annex import annex_pdf, annex_workbook

    match number:
        case 3:
            sheets = [annex3.sheet(day, seat.annex.city)]
        case 6:
            sheets = [annex6.sheet(day, seat.annex.city)]
        case 7:
            sheets = annex7.sheets(day)
        case _:
            raise ConfigurationError(f"没有附件 {number} 的表。可用: 3、6、7")
    _tell(sheets, as_json)
    for path, make in ((xlsx, annex_workbook), (pdf, annex_pdf)):
        if path is not None and not sheets:
            raise ConfigurationError(f"{path} 没有写出: 还没有名单")
        if path is not None:
            path.write_bytes(make(sheets))
            typer.echo(f"{path} 已写出。", err=as_json)


def leaders(
    county: Annotated[str, typer.Option("--county", help="县(市、区)名, 或其农合办编号")] = "",
    on: On = "",
    as_json: Json = False,
) -> None:
    """附件7: 社会保障卡发放工作领导小组名单。例: zhika -C demo/platform leaders --county 永春县"""
    _platform()
    from zhika.annexes import annex7

    _tell(annex7.sheets(_day(on), _office(county) if county else None), as_json)


def county(
    code: Annotated[str, typer.Argument(metavar="机构", help="医保中心或农合办的编号, 或县名")],
    on: Annotated[str, typer.Option("--on", help="应收日算到某日终了, 如 2026-11-23; 省略为今天")] = "",
    as_json: Json = False,
) -> None:
    """一个经办机构的待处理事项: 逾期的批、差异、停滞的批次、异常。例: zhika -C demo/platform county 350525"""
    seat = _platform()
    from zhika.annexes import office

    _tell([office.sheet(_office(code), _day(on), seat.annex.stuck_days)], as_json)


def _platform() -> Seat:
    """The seat of this process, where it keeps plans and people."""
    seat = here()
    if not seat.platform:
        raise ConfigurationError(f"席位 {seat.name} 不是平台: 附件在平台席位上 (zhika -C 平台目录 …)")
    return seat


def _day(text: str) -> date:
    from zhika.ledger.places import today

    try:
        return date.fromisoformat(text) if text else today()
    except ValueError:
        raise ConfigurationError(f"日期 {text} 应写成 2026-11-23") from None


def _office(text: str) -> Any:
    from zhika.people.offices import found, listed

    office = found(text)
    if office is None:
        raise ConfigurationError(f"没有经办机构 {text}, 或不止一个: 写明编号。有: {'、'.join(listed())}")
    return office


def _tell(sheets: Sequence[Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps([_told(sheet) for sheet in sheets], ensure_ascii=False, indent=1))
        return
    if not sheets:
        OUT.print("还没有名单: zhika do load_leaders 文件 --by 姓名")
    for sheet in sheets:
        OUT.print(f"[bold]{sheet.annex}  {sheet.title}[/]".replace("[bold]  ", "[bold]"))
        unit = [f"单位: {sheet.unit}"] if sheet.unit else []
        OUT.print("  ".join([f"截至 {sheet.on}", *unit, *(f"{label} {value}" for label, value in sheet.facts)]))
        for section in sheet.sections:
            _show(section)
        for remark in sheet.remarks:
            OUT.print(f"[dim]{remark}[/]")


def _show(section: Any) -> None:
    from zhika.paper.annex import numeric, shown

    if not section.lines:
        OUT.print(section.empty)
        return
    table = Table(title=section.title or None, title_justify="left", show_header=section.ruled,
                  box=Table().box if section.ruled else None)  # fmt: skip
    grouped = any(group for group, _ in section.groups)
    for at, heading in enumerate(section.headings):
        begins = at == 0 or section.headings[at - 1].group != heading.group
        title = f"{heading.group if begins else ''}\n{heading.title}" if grouped else heading.title
        table.add_column(title, justify="right" if numeric(section, at) else "left", no_wrap=True)
    for number, line in enumerate(section.lines):
        cells = [f"[bold yellow]{shown(cell)}[/]" if (number, at) in section.marked else shown(cell)
                 for at, cell in enumerate(line)]  # fmt: skip
        table.add_row(*cells, style="bold" if section.total is not None and number == len(section.rows) else None)
    if Measurement.get(OUT, OUT.options, table).maximum <= screen.OUT.width:
        OUT.print(table)
    else:
        titles = [f"{heading.group} {heading.title}".strip() for heading in section.headings]
        screen.each(screen.OUT, section.title, titles, _marked(section))


def _marked(section: Any) -> list[list[str]]:
    """The cells in words, what is marked with a sign."""
    from zhika.paper.annex import shown

    return [
        [f"{shown(cell)} !" if (number, at) in section.marked else shown(cell) for at, cell in enumerate(line)]
        for number, line in enumerate(section.lines)
    ]


def _told(sheet: Any) -> dict[str, Any]:
    """A sheet for programs: rows by the columns' names, counts as numbers."""
    return {
        "annex": sheet.annex, "title": sheet.title, "on": sheet.on.isoformat(), "unit": sheet.unit,
        "facts": dict(sheet.facts), "remarks": list(sheet.remarks),
        "sections": [
            {
                "title": section.title, "rows": [_named(section, row) for row in section.rows],
                "total": _named(section, section.total) if section.total is not None else None,
            }
            for section in sheet.sections
        ],
    }  # fmt: skip


def _named(section: Any, row: Sequence[Any]) -> dict[str, Any]:
    return dict(zip((heading.name for heading in section.headings), row, strict=True))
