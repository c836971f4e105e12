"""`zhika check`: what is doubtful in a lot, to be looked at and decided before two people confirm it."""

from pathlib import Path
from typing import Annotated

import typer

from zhika.cli.screen import show
from zhika.cli.seat import here
from zhika.errors import NotAllowed

WORK = "confirm"


def check(
    lot: Annotated[str, typer.Argument(metavar="采集批", help="编号见 zhika todo")],
    export: Annotated[Path | None, typer.Option("--export", help="写成 .xlsx 或 .csv, 在其中填写结论")] = None,
) -> None:
    """看一份报送中存疑的行; 写成文件, 填写结论后随确认一并办理。

    例: zhika -C demo/platform check L-urban-100000-1a2b3c4d --export 结论.xlsx

    填好后: zhika -C demo/platform do confirm L-urban-100000-1a2b3c4d --fact decisions=结论.xlsx --by 王芳 --second 李敏
    """
    seat = here()
    from zhika.engine.registry import DECIDED

    if WORK not in DECIDED:
        raise NotAllowed(seat.title, "核对数据", "本席位没有承担数据确认的泳道")
    decided = DECIDED[WORK]
    if export is not None:
        n = decided.export(seat, lot, export)
        typer.echo(f"{export}: {n} 行。「结论」列填 通过、按登记 或 退回; 存疑而不填的退回。")
        typer.echo(f"填好后: zhika do {WORK} {lot} --fact decisions={export} --by … --second …")
        return
    rows = decided.lines(seat, lot).select("line", "proposal", "explained", "mended_by").rows()
    show(f"{lot} 存疑的行", ("行号", "建议", "疑点", "由谁更正"), rows, "没有存疑的行。", ("行号",))
