"""`zhika requests`, `slip`, `waiting`: an office's counter, what was asked for and who waits for a new start."""

import json
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

import typer
from django.utils import timezone

from zhika.cli.screen import Json, show
from zhika.cli.seat import here, near
from zhika.errors import ConfigurationError, NotAllowed
from zhika.seat.config import Seat

STATES = {"filled": "已填表", "applied": "待审核", "reviewed": "已审核", "refused": "已退回", "withdrawn": "已撤回"}
COLLECTED, ENDED = "已领卡", "已终止"
SHOWN = (*STATES.values(), COLLECTED, ENDED)
"""How far a request has come, in words."""
_CODES = {title: code for code, title in STATES.items()}


class Paper(StrEnum):
    """Which paper of a request."""

    FORM = "form"
    RECEIPT = "receipt"
    DOCTOR = "doctor"


def _platform() -> Seat:
    seat = here()
    if not seat.platform:
        raise NotAllowed(seat.title, "查看申请", "申请在平台席位上")
    return seat


def requests(
    office: Annotated[str, typer.Option("--office", help="只看一个经办机构")] = "",
    state: Annotated[str, typer.Option("--state", help=f"只看一种状态: {'、'.join(SHOWN)}")] = "",
    as_json: Json = False,
) -> None:
    """零星新增与补换卡的申请。例: zhika -C demo/platform requests --office 02 --state 待审核"""
    seat = _platform()
    if state and state not in SHOWN:
        raise ConfigurationError(f"没有状态 {state}。可用: {'、'.join(SHOWN)}")
    from zhika.engine.endings import made
    from zhika.flows.requests import KINDS
    from zhika.people.models import Request

    found = Request.objects.select_related("office").order_by("pk")
    found = found.filter(office__code=office) if office else found
    found = found.filter(state=_CODES.get(state, Request.REVIEWED)) if state else found
    cards = made([r.ref for r in found])
    rows = [
        {
            "ref": r.ref, "process": r.process, "kind": KINDS[r.kind].title, "office": r.office.code, "state": r.state,
            "cause": r.cause, "rush": r.rush, "old_card": r.old_card, "payment": r.payment_no, "by": r.entered_by,
            **cards[r.ref]._asdict(),
        }
        for r in found
    ]  # fmt: skip
    rows = [row for row in rows if state in ("", _state(row))]
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    shown = [
        (
            r["ref"], r["kind"], r["office"], _state(r), _why(r), r["old_card"], r["payment"], r["by"], r["batch"],
            r["serial"],
        )
        for r in rows
    ]  # fmt: skip
    columns = ("申请编号", "业务", "机构", "状态", "原因", "原卡", "缴费单号", "录入人", "批次", "新卡")
    show(f"{seat.title} 申请", columns, shown, "没有这样的申请。" if office or state else "没有申请。")


def _why(row: Mapping[str, object]) -> str:
    """Why it was refused, in words; why it was withdrawn, as somebody said it."""
    from zhika.engine.reasons import explained

    cause = str(row["cause"])
    return explained(cause).title if cause and row["state"] == "refused" else cause


def _state(row: Mapping[str, object]) -> str:
    """How far a request has come, in words."""
    if row["collected"]:
        return COLLECTED
    return ENDED if row["ended"] and row["state"] == "reviewed" else STATES[str(row["state"])]


def slip(
    ref: Annotated[str, typer.Argument(metavar="申请编号")],
    paper: Annotated[Paper, typer.Option("--paper", help="form 申请表 | receipt 受理回执 | doctor 领卡证明")],
    by: Annotated[str, typer.Option("--by", help="经办人")],
) -> None:
    """打印申请的纸面: 申请表、受理回执、领卡证明。

    例: zhika -C demo/platform slip A26112500000001 --paper receipt --by 王芳
    """
    seat = _platform()
    from zhika.craft.applying import print_paper

    path = print_paper(seat, ref, paper, by=by)
    typer.echo(f"{near(seat.home)}/{path.relative_to(seat.home)}")


def waiting(as_json: Json = False) -> None:
    """退出批次、等待重新发起的人, 按原因。例: zhika -C demo/platform waiting"""
    seat = _platform()
    from zhika.engine.reasons import explained
    from zhika.people import restarts

    now = timezone.now()
    rows = [
        {
            "ref": one.application.ref, "process": one.application.process, "cause": one.cause,
            "cause_title": explained(one.cause).title, "mended_by": explained(one.cause).mended_by,
            "citizen": explained(one.cause).citizen, "since": one.since.isoformat(),
            "startable": one.startable, "due": (one.since + timedelta(days=seat.batch.mending_days)).isoformat(),
            "overdue": one.overdue(seat.batch.mending_days, now),
        }
        for one in restarts.waiting()
    ]  # fmt: skip
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    shown = [
        (
            r["ref"], r["cause_title"], r["mended_by"], "可重新发起" if r["startable"] else "待排除",
            "逾期" if r["overdue"] else str(r["due"])[:10], r["citizen"],
        )
        for r in rows
    ]  # fmt: skip
    columns = ("申请编号", "原因", "由谁排除", "状态", "期限", "告知本人")
    show(f"{seat.title} 等待重新发起", columns, shown, "没有人在等待。", ())
