"""`zhika recall`: every card and holder that a fault concerns, and a file for each thing to be done with them."""

import csv
import json
import shlex
from collections import Counter
from dataclasses import asdict, fields
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from zhika.cli.screen import OUT, Json, show
from zhika.cli.seat import here, near
from zhika.errors import ConfigurationError, NotAllowed
from zhika.flows.acts import BLOCK, REPLACE, RETURN
from zhika.seat.config import Seat

if TYPE_CHECKING:
    from zhika.engine.recall import Concerned


class Next(NamedTuple):
    """What may be done with some of the cards: the act or row, in a word, and what else is typed for it."""

    work: str
    title: str
    why: str
    told: tuple[str, ...]


NUMBER = "<召回文号>"
KIND = "kind=correction"
"""The issuer's error: free, with a notice."""
NEXT = (
    Next(BLOCK, "停用", "不再可用, 也不再发放", ("--fact", "kind=formal", "--reason", NUMBER)),
    Next(REPLACE, "换卡", "在持卡人手中, 免费换发", ("--fact", KIND, "--fact", f"reason={NUMBER}")),
    Next(RETURN, "退回", "尚未领取, 退回作废后重新发起", ("--fact", "cause=recalled", "--reason", NUMBER)),
)
"""In this order: a card is blocked before anything else is done with it."""
SHOWN = 20
"""Cards that the screen shows; all stand in the file."""


def recall(
    chip: Annotated[str, typer.Option("--chip", metavar="序列号", help="一枚芯片")] = "",
    cos: Annotated[str, typer.Option("--cos", metavar="版本", help="COS 版本")] = "",
    consignment: Annotated[str, typer.Option("--consignment", metavar="批号", help="来料批号")] = "",
    sheet: Annotated[str, typer.Option("--sheet", metavar="批次:张号", help="一张印张")] = "",
    batch: Annotated[str, typer.Option("--batch", metavar="批次", help="整个批次")] = "",
    key: Annotated[str, typer.Option("--key", metavar="标签", help="密钥版本, 如 social-master/1A2B3C")] = "",
    csv_file: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="存为 CSV, 另按待办各存一份, 交给 do --file")
    ] = None,
    as_json: Json = False,
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
        _write(csv_file, found)
        for step in NEXT:
            _write(_part(csv_file, step), _of(found, step))
    if as_json:
        print(json.dumps([asdict(one) for one in found], ensure_ascii=False, indent=1))
        return
    if found:
        _tell(found)
        _say_next(seat, found, csv_file)
    else:
        OUT.print("没有已制成的卡受影响。")
    if consignment:
        _say_unused(consignment)


def _say_unused(lot: str) -> None:
    """Pieces of the lot that are no card yet: nobody is to use them."""
    from zhika.ledger.lots import TITLES, lots

    for one in lots(lot=lot):
        left = [f"{TITLES[where]} {one.n(where):,}" for where in ("stock", "drawn", "given") if one.n(where)]
        if left:
            OUT.print(f"未用的{one.title}: {'、'.join(left)}; 停止领用 (zhika books --lot {lot})", soft_wrap=True)


def _of(found: list["Concerned"], step: Next) -> list["Concerned"]:
    return [one for one in found if step.work in one.next]


def _part(path: Path, step: Next) -> Path:
    return path.with_name(f"{path.stem}-{step.title}{path.suffix}")


def _write(path: Path, found: list["Concerned"]) -> None:
    path.write_text(_csv(found), encoding="utf-8", newline="")


def _csv(found: list["Concerned"]) -> str:
    from zhika.engine.recall import Concerned

    out = StringIO()
    writer = csv.DictWriter(out, [field.name for field in fields(Concerned)], lineterminator="\n")
    writer.writeheader()
    for one in found:
        flags = {"live": int(one.live), "certain": int(one.certain), "next": " ".join(one.next)}
        writer.writerow({**asdict(one), **flags})
    return out.getvalue()


def _tell(found: list["Concerned"]) -> None:
    columns = ("卡序列号", "申请编号", "批次", "持卡人", "证件号码", "所在", "状态", "有效", "涉及")
    shown = [
        (
            one.subject, one.application, one.batch, one.holder, one.holder_id, one.lies_at, one.lies_as,
            "是" if one.live else "否", "确定" if one.certain else "可能",
        )
        for one in found[:SHOWN]
    ]  # fmt: skip
    show(f"召回 {len(found):,} 张卡", columns, shown)
    if len(found) > SHOWN:
        OUT.print(f"… 其余 {len(found) - SHOWN:,} 张用 --csv 存成文件")
    where = Counter(f"{one.lies_at} {one.lies_as}" for one in found)
    OUT.print("所在: " + "、".join(f"{name} {n:,}" for name, n in where.most_common()), soft_wrap=True)
    OUT.print(f"有效 {sum(one.live for one in found):,} 张, 确定涉及 {sum(one.certain for one in found):,} 张。")


def _say_next(seat: Seat, found: list["Concerned"], csv_file: Path | None) -> None:
    """What is still to be done, each with its own file and command."""
    due = [(step, len(some)) for step in NEXT if (some := _of(found, step))]
    if csv_file:
        OUT.print(f"已存: {near(csv_file.resolve())}")
    elif due:
        OUT.print(
            f"待办: {'、'.join(f'{step.title} {n:,} 张' for step, n in due)}; 加 --csv 文件, 即分别存好并列出命令。"
        )
    for step, n in due if csv_file else ():
        words = ["do", step.work, "--file", near(_part(csv_file, step).resolve()), *step.told, "--by", "<by>"]
        OUT.print(f"{step.title} {n:,} 张, {step.why}:")
        OUT.print(f"  [cyan]zhika -C {near(seat.home)} {shlex.join(words)}[/]", soft_wrap=True)
    if any(not one.certain for one in found):
        OUT.print("「可能」涉及的卡也在文件中; 不召回的, 先从文件中删去该行。")
    if left := sum(one.live and not one.next for one in found):
        OUT.print(f"有效而没有待办的 {left:,} 张: 换卡已在办, 或尚在制作、途中; 到发放单位后再召回一次。")
