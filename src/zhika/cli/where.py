"""`zhika where`: where a person's cards are, what comes next and when, in words for the counter."""

import json
import sys
from datetime import date, datetime, time
from getpass import getpass
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from zhika.cli.screen import OUT, Json
from zhika.cli.seat import here
from zhika.errors import NotAllowed
from zhika.flows.causes import CAUSES, DECEASED

if TYPE_CHECKING:
    from zhika.engine.answer import Answer, Row, Told
    from zhika.engine.paid import Fee
    from zhika.engine.promise import Promise


def where(
    query: Annotated[
        str, typer.Argument(metavar="号码", help="申请编号或卡序列号; - 从标准输入读 (公民身份号码只可如此)")
    ],
    as_json: Json = False,
) -> None:
    """我的卡在哪里: 到哪一步、在谁手里、下一步由谁办、预计何时可领。

    例: zhika -C demo/platform where QZ26000000017

    例: zhika -C demo/platform where -          (随后输入公民身份号码, 不留在命令历史中)
    """
    seat = here()
    if not seat.platform:
        raise NotAllowed(seat.title, "查询个人的卡", "人员库在平台席位, 请在平台席位查询")
    from zhika.engine.answer import answer, is_id_number

    if query != "-" and is_id_number(query):
        raise NotAllowed(
            "zhika where", "在命令中写公民身份号码", "会留在命令历史中; 请写 zhika where - 并从标准输入给出"
        )
    found = answer(seat, _asked() if query == "-" else query)
    if as_json:
        print(json.dumps(told(found), ensure_ascii=False, indent=1, default=_plain))
    else:
        _show(found)


def _asked() -> str:
    return getpass("号码: ") if sys.stdin.isatty() else sys.stdin.readline().strip()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return value.isoformat() if isinstance(value, date) else vars(value)


def told(found: "Answer") -> dict[str, Any]:
    """The answer for programs."""
    return {"name": found.name, "id_no": found.id_no, "dead": found.dead, "applications": list(found.applications)}


def _show(found: "Answer") -> None:
    OUT.print(f"[bold]{escape(found.name)}[/]  {found.id_no}  {len(found.applications)} 份申请")
    if found.dead:
        OUT.print(f"[red]在死亡名单中[/], 不发放。告知家属: {CAUSES[DECEASED].citizen}")
    for one in found.applications:
        OUT.print()
        for line in lines(one, dead=found.dead):
            OUT.print(line, soft_wrap=True)


def lines(one: "Told", *, dead: bool = False) -> list[str]:
    """One application in words, with marks for the screen. `dead`: there is nobody to be told."""
    from zhika.ledger.places import State

    serial = f"  卡 {one.serial}" if one.serial else ""
    closed = f"  [dim]{'已撤回' if one.withdrawn else '已终止'}[/]" if one.closed else ""
    reason = f" ({one.reason})" if one.reason else ""
    text = [f"[bold]{one.ref}[/]  {one.chart} · {one.kind}{reason}  {_day(one.made_at)} 申请{serial}{closed}"]
    text.append(f"  到了: {_row(one.row)}, {_time(one.since)} 起" if one.row else "  到了: 已申请, 待审核")
    if plastic := one.plastic:
        way = f" → {plastic.taker}" if plastic.taker else ""
        by = f"由 {escape(plastic.holder)} 发放{', 代领' if one.proxy else ''}"
        lies = f"{escape(plastic.holder + way)} ({plastic.state.label})"
        lies = f"已发给持卡人 ({by})" if plastic.state is State.ISSUED else lies
        text.append(f"  在哪: {lies}, {_time(plastic.since)} 起")
    if moved := one.moved:
        paper = " ".join(filter(None, [moved.document, moved.handover, moved.evidence, moved.paper_list]))
        text.append(f"  凭据: {escape(paper)}")
    if failed := one.failed:
        text.append(f"  [red]退出[/]: {failed.title} ({failed.row}, {_day(failed.at)}); 由{failed.mended_by}处理")
        if not dead:
            text.append(f"  告知本人: {failed.citizen}")
        if failed.restarted_by or (failed.again and not dead):
            text.append(f"  重新制卡: {'、'.join(failed.restarted_by) or '原因消除后发起'}")
    text += [f"  下一步: {_row(row)}, 由 {escape(row.by)}" for row in one.next]
    if one.replaces or one.replaced_by:
        parts = [f"代替 {one.replaces}" if one.replaces else "", *(f"已由 {ref} 代替" for ref in one.replaced_by)]
        text.append(f"  换卡: {'; '.join(part for part in parts if part)}")
    for fee in one.fees:
        text += [f"  费用: {_fee(fee)}", *(f"        {path}" for path in fee.papers)]
    text.append(f"  社保功能: {_side(one.social)}    银行功能: {_side(one.bank)}")
    if one.ready:
        text.append(f"  [bold]可以领卡[/]: {escape(one.plastic.holder) if one.plastic else ''}")
    elif one.promise:
        text.append(f"  [bold]何时可领[/]: {_promised(one.promise)}")
    return text


def _promised(promise: "Promise") -> str:
    late = " [red](已超期, 请经办人催办)[/]" if promise.overdue else ""
    if not promise.batches:
        return f"{_day(promise.latest)} 前 (尚无已结批次的记录, 按规定期限){late}"
    likely, latest = _day(promise.likely), _day(promise.latest)
    return f"预计 {likely}, 最迟 {latest} (按 {promise.batches} 个已结批次的记录){late}"


def _fee(fee: "Fee") -> str:
    from zhika.paper.amounts import yuan

    taken = f"{yuan(fee.amount)} 元" if fee.amount else "免收"
    back = f"; {fee.void_on} {f'已退, 退费凭证 {fee.voucher}' if fee.voucher else '作废'}" if fee.void_on else ""
    return f"{taken}, 收据 {fee.receipt}{back}"


def _row(row: "Row") -> str:
    return f"{row.number} {row.title} ({row.lane})"


def _side(side: Any) -> str:
    return f"{side.text}, {_day(side.since)} 起" if side.since else str(side.text)


def _day(at: datetime) -> str:
    return f"{_here(at):%Y-%m-%d}"


def _time(at: datetime) -> str:
    """Midnight sharp: the paper tells a day only."""
    return _day(at) if _here(at).time() == time() else f"{_here(at):%Y-%m-%d %H:%M}"


def _here(at: datetime) -> datetime:
    from zhika.ledger.places import SHANGHAI

    return at.astimezone(SHANGHAI)
