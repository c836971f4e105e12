"""`zhika blocks`, `zhika messages`: what is blocked here, and what people are to be told."""

import json
from pathlib import Path
from typing import Annotated

import typer

from zhika.cli.screen import Json, show
from zhika.cli.seat import here
from zhika.errors import ConfigurationError
from zhika.flows.blocking import Standing

ENDED = frozenset({Standing.LIFTED.value, Standing.LAPSED.value, Standing.CANCELLED.value})
"""Standings that no term ends."""


def blocks(
    cancelled: Annotated[bool, typer.Option("--cancelled", help="连同已注销的")] = False,
    past: Annotated[bool, typer.Option("--all", help="连同已注销、已解挂、挂失到期的")] = False,
    as_json: Json = False,
) -> None:
    """本席位一方挂失的卡: 自何时, 至何时, 凭什么。例: zhika -C demo/platform blocks"""
    seat = here()
    from zhika.ledger.blocks import known, open_blocks, said
    from zhika.ledger.places import SHANGHAI

    found = list(known() if past else open_blocks(cancelled=cancelled))
    causes = said(found)
    rows = [
        {
            "batch": b.card.batch.code, "application": b.card.application_ref, "serial": b.card.serial,
            "state": b.state, "title": b.standing.title,
            "since": b.at.astimezone(SHANGHAI).isoformat(timespec="seconds"),
            "until": b.until.isoformat() if b.until else None, "cause": causes.get(b.card_id, ""),
        }
        for b in found
    ]  # fmt: skip
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    shown = [
        (
            r["serial"],
            r["application"],
            r["batch"],
            r["title"],
            str(r["since"])[:16].replace("T", " "),
            r["until"] or ("" if r["state"] in ENDED else "无期限"),
            r["cause"],
        )
        for r in rows
    ]
    columns = ("卡序列号", "申请编号", "批次", "状态", "自", "有效至", "凭据、原因")
    show(f"{seat.title} 挂失", columns, shown, "没有挂失的卡。")


def messages(
    export: Annotated[Path | None, typer.Option("--export", metavar="FILE", help="写成短信文件, 记为已发")] = None,
    letters: Annotated[
        Path | None, typer.Option("--letters", metavar="FILE", help="没有电话的写成通知名单, 记为已发")
    ] = None,
    by: Annotated[str, typer.Option("--by", help="经办人, 省略为程序自动")] = "",
    as_json: Json = False,
) -> None:
    """到期待发的通知 (电话遮盖), 或写成文件, 每条一次。例: zhika -C demo/platform messages --export sms.csv"""
    seat = here()
    if not seat.platform:
        raise ConfigurationError(f"{seat.title}: 通知由平台席位发送")
    from zhika.engine import rules
    from zhika.ledger.places import today
    from zhika.people.gateway import FileGateway, FileList
    from zhika.people.messages import masked, send

    if by:
        rules.check("发出通知", "", by=by)
    if export or letters:
        if export:
            typer.echo(f"短信 {send(FileGateway(export), today(), to_phones=True, by=rules.name_of(by or None))} 条")
        if letters:
            typer.echo(f"通知名单 {send(FileList(letters), today(), to_phones=False, by=rules.name_of(by or None))} 条")
        return
    rows = masked(today())
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    shown = [(r["due"], r["title"], r["phone"] or "无电话", r["text"]) for r in rows]
    show(f"{seat.title} 待发通知", ("日期", "事由", "电话", "内容"), shown, "没有待发的通知。")
