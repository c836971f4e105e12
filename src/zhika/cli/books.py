"""`zhika books`: who holds how many, and whether it adds up; material by lot."""

import json
from datetime import date
from typing import Annotated, Any

import typer

from zhika.cli.looking import one
from zhika.cli.screen import OUT, Json, show
from zhika.cli.seat import here
from zhika.errors import ConfigurationError

ALL = "all"
"""Told as a lot: every lot."""


def books(
    organisation: Annotated[str, typer.Option("--organisation", help="机构编号 (含下级)")] = "",
    batch: Annotated[str, typer.Option("--batch", help="批次编号")] = "",
    on: Annotated[str, typer.Option("--on", help="某日终了, 如 2026-11-23")] = "",
    lot: Annotated[str, typer.Option("--lot", help="来料批: 购入、库存、领用、已制卡各多少; all 为全部")] = "",
    kind: Annotated[str, typer.Option("--kind", help="只看一种材料: module, blank, chip-blank")] = "",
    prove: Annotated[bool, typer.Option("--prove", help="按明细逐笔重算")] = False,
    as_json: Json = False,
) -> None:
    """实物账: 谁手里有多少。不平则退出码 1。

    例: zhika -C demo/platform books --prove

    例: zhika -C demo/platform books --lot M-2026-01 --on 2026-11-23
    """
    seat = here()
    from zhika.ledger.batches import Batch, Organisation
    from zhika.ledger.books import balances
    from zhika.ledger.laws import Books, breaches

    office = one(Organisation, organisation, "机构") if organisation else None
    within = one(Batch, batch, "批次") if batch else None
    try:
        day = date.fromisoformat(on) if on else None
    except ValueError:
        raise ConfigurationError(f"日期 {on} 应写成 2026-11-23") from None
    if day is not None and prove:
        raise ConfigurationError("--prove 重算的是现在的账, 不能与 --on 同用")
    if (lot or kind) and (office or within):
        raise ConfigurationError("材料按来料批看 (--lot、--kind), 不能与 --organisation、--batch 同用")
    if lot or kind:
        if not _lots(seat.title, lot, kind, day, as_json):
            raise typer.Exit(1)
        return
    lines = balances(organisation=office, batch=within, on=day)
    broken = breaches(Books(batch=within, prove=prove)) if day is None else []
    if as_json:
        told = [{**vars(x), "state_title": x.state.label, "group_title": _within(x)} for x in lines]
        print(json.dumps({"lines": told, "breaches": list(map(str, broken))}, ensure_ascii=False, indent=1))
    else:
        rows = [(x.name, x.state.label, _within(x), f"{x.n:,}") for x in lines]
        show(
            f"{seat.title} 实物账{f' {on} 终了' if on else ''}",
            ("机构", "状态", "归属", "数量"),
            rows,
            "账上没有实物。",
            ("数量",),
        )
        if day is not None:
            OUT.print(f"{on} 终了的余额, 由逐日合计得出; 平与不平只对现在核对: zhika books --prove")
        else:
            OUT.print("\n".join(f"[red]不平[/] {b}" for b in broken) or f"账平{'(已逐笔重算)' if prove else ''}。")
    if broken:
        raise typer.Exit(1)


def _within(line: Any) -> str:
    """What a line belongs to: a lot of material in stock, what a batch drew of it, else the code itself."""
    from zhika.ledger.material import CONSIGNMENT, KINDS, STOCK, named

    if line.kind not in (STOCK, CONSIGNMENT):
        return str(line.group)
    of = named(line.group)
    title = KINDS[of.kind].title if of.kind in KINDS else of.kind
    return " ".join(filter(None, [of.batch, of.lot, f"领用{title}" if of.batch else title]))


def _lots(title: str, lot: str, kind: str, on: date | None, as_json: bool) -> bool:
    """Material by lot, printed. Returns whether every lot adds up to what was bought."""
    lot = "" if lot == ALL else lot
    from zhika.ledger.lots import TITLES
    from zhika.ledger.lots import lots as told
    from zhika.ledger.material import KINDS

    if kind and kind not in KINDS:
        raise ConfigurationError(f"没有材料 {kind}。可用: {'、'.join(KINDS)}")
    rows = told(lot=lot, kind=kind, on=on)
    if lot and not rows:
        raise ConfigurationError(f"没有来料批 {lot}")
    if as_json:
        print(json.dumps([_lot(row) for row in rows], ensure_ascii=False, indent=1))
    else:
        shown = [
            (r.lot, r.title, f"{r.bought:,}", *(f"{r.n(where):,}" for where in TITLES), f"{r.difference:,}")
            for r in rows
        ]
        numbers = ("购入", *TITLES.values(), "不平")
        show(f"{title} 材料{f' {on} 终了' if on else ''}", ("来料批", "材料", *numbers), shown, "没有材料。", numbers)
        drawn = [
            (r.lot, r.title, one.name, TITLES[one.where], f"{one.n:,}")
            for r in rows
            for one in r.holdings
            if one.where != "stock"
        ]
        if drawn:
            show("在何处", ("来料批", "材料", "机构", "状态", "数量"), drawn, "", ("数量",))
    return not any(row.difference for row in rows)


def _lot(row: Any) -> dict[str, Any]:
    from zhika.ledger.lots import TITLES

    return {
        "lot": row.lot, "kind": row.kind, "title": row.title, "bought": row.bought,
        **{where: row.n(where) for where in TITLES}, "difference": row.difference,
        "holdings": [vars(one) for one in row.holdings],
    }  # fmt: skip
