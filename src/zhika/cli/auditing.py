"""`zhika audit`: person = application = card = account = plastic, and every exception by name."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from zhika.cli.screen import OUT, Json, show
from zhika.cli.seat import here
from zhika.errors import ConfigurationError, NotAllowed

if TYPE_CHECKING:
    from zhika.engine.reconcile import Audited

COUNTS = {"persons": "人", "applications": "申请", "numbers": "银行卡号", "plastics": "实物卡"}


def audit(
    batch: Annotated[str, typer.Option("--batch", help="只核一个批次")] = "",
    as_json: Json = False,
) -> None:
    """总核对: 人 = 申请 = 卡 = 账号 = 实物, 差异逐一点名。有差异则退出码 1。例: zhika -C demo/platform audit"""
    seat = here()
    if not seat.platform:
        raise NotAllowed(seat.title, "总核对", "人员库在平台席位, 请在平台席位核对")
    from zhika.engine.reconcile import all_batches
    from zhika.engine.reconcile import audit as audited

    batches = [one for one in all_batches(seat) if batch in ("", one.code)]
    if batch and not batches:
        raise ConfigurationError(f"没有批次 {batch}。zhika batches 列出本席位的批次")
    found = [audited(seat, one) for one in batches]
    differences = sum(len(one.differences) for one in found)
    if as_json:
        print(json.dumps([_told(one) for one in found], ensure_ascii=False, indent=1))
    else:
        _tell(seat.title, found, differences)
    if differences:
        raise typer.Exit(1)


def _told(one: "Audited") -> dict[str, object]:
    named = [{**asdict(x), "title": x.title} for x in one.differences]
    return {**asdict(one), "differences": named, "agrees": not named}


def _tell(title: str, found: list["Audited"], differences: int) -> None:
    if not found:
        OUT.print("还没有批次。")
        return
    _counts(title, found)
    if len(found) == 1:
        _details(found[0])
    if differences:
        _differences(found)
    OUT.print(
        f"[red]不一致[/]: {differences} 处差异, 见上。" if differences else "一致: 人、申请、卡、账号、实物相符。"
    )


def _counts(title: str, found: list["Audited"]) -> None:
    numbers = (*COUNTS.values(), "已退出", "短少在查", "差异")
    rows = [
        [one.persons, one.applications, one.numbers, one.plastics, sum(one.left.values()), one.missing,
         len(one.differences)]
        for one in found
    ]  # fmt: skip
    shown = [(one.batch, *(f"{n:,}" for n in row)) for one, row in zip(found, rows, strict=True)]
    total = ("合计", *(f"{sum(column):,}" for column in zip(*rows, strict=True))) if len(found) > 1 else ()
    show(f"{title} 总核对", ("批次", *numbers), shown, right=numbers, total=total)


def _details(one: "Audited") -> None:
    for heading, counted in (("退出原因", one.left), ("实物所在", one.places), ("列入单据", one.lists)):
        if counted:
            OUT.print(f"{heading}: " + "、".join(f"{name} {n:,}" for name, n in counted.items()), soft_wrap=True)


def _differences(found: list["Audited"]) -> None:
    columns = ("批次", "差异", "申请编号", "卡序列号", "姓名", "证件号码", "说明")
    named = [(one.batch, x) for one in found for x in one.differences]
    shown = [(batch, x.title, x.subject, x.serial, x.name, x.id_no, x.what) for batch, x in named]
    show("差异", columns, shown)
