"""`zhika fees`, `settlements`: what replacement cards cost today, and what the offices have settled."""

import json
from typing import Any

from zhika.cli.screen import Json, show
from zhika.cli.seat import here
from zhika.errors import NotAllowed
from zhika.paper.amounts import yuan
from zhika.seat.config import Seat

STATES = {"open": "未结", "drawn": "待核定", "agreed": "已核定"}


def _platform() -> Seat:
    """Money is taken on the platform alone. Raises NotAllowed on another seat."""
    seat = here()
    if not seat.platform:
        raise NotAllowed(seat.title, "查看收费与结算", "收费与结算在平台席位上")
    return seat


def fees(as_json: Json = False) -> None:
    """今日有效的补换卡收费标准。例: zhika -C demo/platform fees"""
    seat = _platform()
    from zhika.flows.requests import KINDS, exempt_title
    from zhika.ledger.places import today
    from zhika.people.rates import valid

    rates = {rate.kind: rate for rate in valid(today())}
    rows: list[dict[str, Any]] = [
        {
            "kind": kind.code, "title": kind.title, "free": kind.free,
            "amount": rates[kind.code].amount if kind.code in rates else 0 if kind.free else None,
            "valid_from": rates[kind.code].valid_from.isoformat() if kind.code in rates else None,
            "valid_to": str(rates[kind.code].valid_to or "") if kind.code in rates else None,
            "legal": rates[kind.code].legal if kind.code in rates else "",
            "exempt": list(rates[kind.code].exemptions) if kind.code in rates else [],
        }
        for kind in KINDS.values()
    ]  # fmt: skip
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    shown = [
        (
            r["title"], r["kind"], "免费" if r["free"] else "未定" if r["amount"] is None else yuan(r["amount"]),
            r["valid_from"], r["valid_to"], "、".join(map(exempt_title, r["exempt"])), r["legal"],
        )
        for r in rows
    ]  # fmt: skip
    columns = ("业务类型", "代码", "金额（元）", "生效", "失效", "免收事由", "收费依据")
    show(f"{seat.title} 收费标准 {today()}", columns, shown, right=("金额（元）",))


def settlements(as_json: Json = False) -> None:
    """各机构的结算单与未结的收退费, 金额以分计 (--json)。例: zhika -C demo/platform settlements"""
    seat = _platform()
    from zhika.people.takings import overview

    rows = overview()
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    shown = [
        (
            r["name"], r["period"], r["number"], STATES[r["state"]], r["replacements"], r["payments"],
            r["exempt"], yuan(r["taken"]), yuan(r["refunded"]), yuan(r["net"]),
        )
        for r in rows
    ]  # fmt: skip
    columns = ("机构", "结算期", "编号", "状态", "补换卡", "收据", "其中免收", "收费额", "退费额", "净额")
    show(f"{seat.title} 结算", columns, shown, "还没有收费。", columns[4:])
    if rows:
        total = sum(r["net"] for r in rows)
        print(f"收退净额 {yuan(total)}, 其中未结 {yuan(sum(r['net'] for r in rows if r['state'] == 'open'))}。")
