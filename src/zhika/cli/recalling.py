"""`zhika recall`: every card and holder that a fault concerns, as a file that `zhika do … --file` takes."""

import csv
import json
from collections import Counter
from dataclasses import asdict, fields
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from zhika.cli.seat import here, near
from zhika.errors import ConfigurationError, NotAllowed

if TYPE_CHECKING:
    from zhika.engine.recall import Concerned

OUT = Console(highlight=False)
SHOWN = 20
"""Cards that the screen shows; all stand in the file."""


def recall(
    chip: Annotated[str, typer.Option("--chip", metavar="序列号", help="一枚芯片")] = "",
    cos: Annotated[str, typer.Option("--cos", metavar="版本", help="COS 版本")] = "",
    consignment: Annotated[str, typer.Option("--consignment", metavar="批号", help="来料批号")] = "",
    sheet: Annotated[str, typer.Option("--sheet", metavar="批次:张号", help="一张印张")] = "",
    batch: Annotated[str, typer.Option("--batch", metavar="批次", help="整个批次")] = "",
    key: Annotated[str, typer.Option("--key", metavar="标签", help="密钥版本, 如 social-master/1A2B3C")] = "",
    csv_file: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="存为 CSV, 可交给 do --file")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="机器可读")] = False,
) -> None:
    """召回: 一处缺陷涉及哪些卡、哪些人、卡现在在哪里。

    例: zhika -C demo/platform recall --consignment M-2026-01 --csv 召回.csv
    """
    told = {"chip": chip, "cos": cos, "consignment": consignment, "sheet": sheet, "batch": batch, "key": key}
    given = [(start, value) for start, value in told.items() if value]
    if len(given) != 1:
        raise ConfigurationError(f"须从一处说起, 只写一项: {'、'.join(f'--{name}' for name in told)}")
    seat = here()
    if not seat.platform:
        raise NotAllowed(seat.title, "召回", "人员库在平台席位, 请在平台席位召回")
    from zhika.engine.recall import recall as concerned

    found = concerned(seat, *given[0])
    if csv_file:
        csv_file.write_text(_csv(found), encoding="utf-8", newline="")
    if as_json:
        print(json.dumps([asdict(one) for one in found], ensure_ascii=False, indent=1))
    else:
        _show(found, near(csv_file.resolve()) if csv_file else "")


def _csv(found: list["Concerned"]) -> str:
    from zhika.engine.recall import Concerned

    out = StringIO()
    writer = csv.DictWriter(out, [field.name for field in fields(Concerned)], lineterminator="\n")
    writer.writeheader()
    writer.writerows({**asdict(one), "live": int(one.live), "certain": int(one.certain)} for one in found)
    return out.getvalue()


def _show(found: list["Concerned"], file: str) -> None:
    if not found:
        OUT.print("没有已制成的卡受影响。")
        return
    table = Table(title=f"召回 {len(found):,} 张卡", title_justify="left")
    for name in ("卡序列号", "申请编号", "批次", "持卡人", "证件号码", "所在", "状态", "有效", "涉及"):
        table.add_column(name, overflow="fold")
    for one in found[:SHOWN]:
        table.add_row(
            one.subject, one.application, one.batch, one.holder, one.holder_id, one.lies_at, one.lies_as,
            "是" if one.live else "否", "确定" if one.certain else "可能",
        )  # fmt: skip
    OUT.print(table)
    if len(found) > SHOWN:
        OUT.print(f"… 其余 {len(found) - SHOWN:,} 张用 --csv 存成文件")
    where = Counter(f"{one.lies_at} {one.lies_as}" for one in found)
    OUT.print("所在: " + "、".join(f"{name} {n:,}" for name, n in where.most_common()), soft_wrap=True)
    OUT.print(f"有效 {sum(one.live for one in found):,} 张, 确定涉及 {sum(one.certain for one in found):,} 张。")
    if file:
        OUT.print(f"已存: {file}")
