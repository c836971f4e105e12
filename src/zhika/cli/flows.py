"""`zhika flows`: the six charts as lists, pictures and BPMN, all from the same tables."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from zhika.cli.screen import OUT
from zhika.errors import ConfigurationError
from zhika.flows import FLOWS, flow
from zhika.flows.bpmn import bpmn
from zhika.flows.chart import Flow, Step
from zhika.flows.drawing import swimlane
from zhika.flows.state import State
from zhika.flows.words import GRAINS, KINDS

_HELP = """列出六张流程图; 给出名称则列出该图各步。

\b
例:
  zhika flows
  zhika flows urban-batch
  zhika flows urban-batch --json
  zhika flows urban-batch --svg 城镇批量.svg
  zhika flows rural-batch --bpmn 农村批量.bpmn
  zhika -C demo/platform flows urban-batch --svg 批次.svg --batch 批次编号
"""


def row(step: Step) -> dict[str, Any]:
    """One row of a chart for programs; lanes and documents by their codes.

    >>> from zhika.flows import flow
    >>> row(flow("urban-batch").steps[4])["sends"]
    ['production-data']
    """
    return {
        "number": step.number,
        "lane": step.lane.value,
        "title": step.title,
        "kind": step.kind.value,
        "grain": step.grain.value,
        "box": step.box,
        "work": step.work,
        "sends": [document.code for document in step.sends],
        "awaits": [document.code for document in step.awaits],
    }


def flows(
    name: Annotated[str | None, typer.Argument(help="流程名称, 如 urban-batch; 省略则列出全部。")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出各步。")] = False,
    svg: Annotated[Path | None, typer.Option("--svg", metavar="FILE", help="画成泳道图, 存为 SVG 文件。")] = None,
    bpmn_file: Annotated[Path | None, typer.Option("--bpmn", metavar="FILE", help="存为 BPMN 2.0 文件。")] = None,
    batch: Annotated[str | None, typer.Option("--batch", metavar="CODE", help="在图上标出该批次的进展。")] = None,
) -> None:
    chart = None if name is None else flow(name)
    if chart is None and (svg or bpmn_file or batch):
        raise ConfigurationError(f"--svg、--bpmn、--batch 须同时给出流程名称。可用: {'、'.join(FLOWS)}")
    if chart is None:
        _list_all(as_json)
        return
    state = _state(batch) if batch else None
    if svg:
        svg.write_text(swimlane(chart, state), encoding="utf-8")
    if bpmn_file:
        bpmn_file.write_text(bpmn(chart), encoding="utf-8")
    if as_json:
        typer.echo(json.dumps([row(step) for step in chart.steps], ensure_ascii=False, indent=2))
    elif not (svg or bpmn_file):
        _list_rows(chart, state)


flows.__doc__ = _HELP


def _state(batch: str) -> State:
    # Only here: the charts themselves are listed and drawn without a seat, its database or Django.
    from zhika.cli.seat import here

    here()
    from zhika.engine.progress import state

    found: State = state(batch)
    return found


def _list_all(as_json: bool) -> None:
    if as_json:
        charts = {chart.name: [row(step) for step in chart.steps] for chart in FLOWS.values()}
        typer.echo(json.dumps(charts, ensure_ascii=False, indent=2))
        return
    table = Table(title="六张流程图")
    for heading in ("名称", "标题", "出处"):
        table.add_column(heading, no_wrap=True)
    for heading in ("步", "行"):
        table.add_column(heading, justify="right")
    for chart in FLOWS.values():
        table.add_row(chart.name, chart.title, chart.annex, str(len(chart.numbers)), str(len(chart.steps)))
    OUT.print(table)


def _standing(step: Step, state: State) -> str:
    own = state.of(step)
    if own.done:
        return f"✓ {own.at:%Y-%m-%d %H:%M}" if own.at else "✓"
    return f"等待 {own.waits_for}".rstrip() if own.waiting else ""


def _list_rows(chart: Flow, state: State | None) -> None:
    table = Table(title=f"{chart.title}（{chart.annex}）" + (f"  {state.batch}" if state else ""))
    for heading in ("步", "泳道", "标题", "方式", "按", "发出", "等待", *(["进展"] if state else [])):
        table.add_column(heading, justify="right" if heading == "步" else "left", overflow="fold")
    for step in chart.steps:
        cells = [
            str(step.number) if step.box else f"({step.number})",
            step.lane.title,
            step.title,
            KINDS[step.kind],
            GRAINS[step.grain],
            "、".join(f"{d.title}{' ⇒' if d.things else ''}" for d in step.sends),
            "、".join(d.title for d in step.awaits),
        ]
        table.add_row(*cells, *([_standing(step, state)] if state else []), style=None if step.box else "dim")
    OUT.print(table)
