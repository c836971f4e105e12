"""`zhika cases`, `count`: differences nobody has explained, and the last stock counts."""

import json
from typing import Annotated, Any

import typer

from zhika.cli.screen import OUT, Json, show
from zhika.cli.seat import here


def cases(
    closed: Annotated[bool, typer.Option("--all", help="连同已结的")] = False,
    as_json: Json = False,
) -> None:
    """未结的差异: 交接与盘点的短少、多出。例: zhika -C demo/platform cases"""
    seat = here()
    from zhika.ledger.cases import cases as told

    rows = told(closed=closed)
    if as_json:
        print(json.dumps([_case(row) for row in rows], ensure_ascii=False, indent=1))
        return
    shown = [
        (r.number, r.title, r.thing, f"{r.n:,}", r.batch, r.lot, r.holder_name, r.handover or r.count,
         f"{r.since.astimezone():%Y-%m-%d %H:%M}", r.closing if r.closed_at else r.note)
        for r in rows
    ]  # fmt: skip
    show(
        f"{seat.title} 差异案",
        ("案号", "差异", "卡序列号 / 材料", "数量", "批次", "来料批", "责任方", "交接 / 盘点", "立案", "说明"),
        shown,
        "没有未结的差异。",
        ("数量",),
    )


def _case(row: Any) -> dict[str, Any]:
    facts = {**vars(row), "title": row.title, "thing": row.thing, "since": row.since.isoformat()}
    return facts | {"closed_at": row.closed_at.isoformat() if row.closed_at else None}


def count(
    last: Annotated[int, typer.Option("--last", help="最近几次")] = 20,
    as_json: Json = False,
) -> None:
    """最近的盘点及其记录。盘点: zhika -C HOME do count_stock 机构编号 --by 甲 --second 乙"""
    seat = here()
    from zhika.ledger.counts import StockCount

    found = StockCount.objects.select_related("organisation").order_by("-pk")[:last]
    lists = seat.home / "files" / "lists"
    rows = [
        {
            "code": c.code, "organisation": c.organisation.code, "name": c.organisation.name,
            "counted_at": c.counted_at.isoformat(), "by": c.by, "second": c.second, "trays": c.trays,
            "booked": c.booked, "seen": c.seen, "differences": c.differences, "found": c.found, "known": c.known,
            "paper": str(lists / f"{c.code}.pdf"), "table": str(lists / f"{c.code}.csv"), "sha256": c.sha256,
        }
        for c in found
    ]  # fmt: skip
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    shown = [
        (c.code, c.organisation.name, f"{c.counted_at.astimezone():%Y-%m-%d %H:%M}", f"{c.by}、{c.second}",
         f"{c.booked:,}", f"{c.seen:,}", c.differences, c.known, c.found)
        for c in found
    ]  # fmt: skip
    numbers = ("账面", "实盘", "新差异", "已立案", "找回")
    show(
        f"{seat.title} 盘点",
        ("编号", "单位", "时间", "盘点人", *numbers),
        shown,
        "还没有盘点过。",
        numbers,
    )
    if found:
        OUT.print(f"记录与差异表: {lists}/PD-….pdf, .csv", soft_wrap=True)
