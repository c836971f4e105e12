"""`zhika books`, `batches`, `steps`, `exceptions`, `rejected`, `mail`: looking without touching."""

import json
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from zhika.cli.seat import here
from zhika.errors import ConfigurationError
from zhika.flows import FLOWS

OUT = Console(highlight=False)
STEPS = {step.work: step.title for flow in FLOWS.values() for step in flow.steps}
Json = Annotated[bool, typer.Option("--json", help="机器可读")]


def _show(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], empty: str, right: Sequence[str] = ()
) -> None:
    if not rows:
        OUT.print(empty)
        return
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row))
    OUT.print(table)


def books(
    organisation: Annotated[str, typer.Option("--organisation", help="机构编号 (含下级)")] = "",
    batch: Annotated[str, typer.Option("--batch", help="批次编号")] = "",
    on: Annotated[str, typer.Option("--on", help="某日终了, 如 2026-11-23")] = "",
    prove: Annotated[bool, typer.Option("--prove", help="按明细逐笔重算")] = False,
    as_json: Json = False,
) -> None:
    """实物账: 谁手里有多少。不平则退出码 1。例: zhika -C demo/platform books --prove"""
    seat = here()
    from zhika.ledger.batches import Batch, Organisation
    from zhika.ledger.books import balances
    from zhika.ledger.laws import Books, breaches

    office = _one(Organisation, organisation, "机构") if organisation else None
    within = _one(Batch, batch, "批次") if batch else None
    try:
        day = date.fromisoformat(on) if on else None
    except ValueError:
        raise ConfigurationError(f"日期 {on} 应写成 2026-11-23") from None
    lines = balances(organisation=office, batch=within, on=day)
    broken = breaches(Books(batch=within, prove=prove)) if day is None else []
    if as_json:
        told = [{**vars(x), "state_title": x.state.label} for x in lines]
        print(json.dumps({"lines": told, "breaches": list(map(str, broken))}, ensure_ascii=False, indent=1))
    else:
        rows = [(x.name, x.state.label, x.group, f"{x.n:,}") for x in lines]
        _show(
            f"{seat.title} 实物账{f' {on} 终了' if on else ''}",
            ("机构", "状态", "归属", "数量"),
            rows,
            "账上没有实物。",
            ("数量",),
        )
        OUT.print("\n".join(f"[red]不平[/] {b}" for b in broken) or f"账平{'(已逐笔重算)' if prove else ''}。")
    if broken:
        raise typer.Exit(1)


def _one(model: Any, code: str, what: str) -> Any:
    found = model.objects.filter(code=code).first()
    if found is None:
        raise ConfigurationError(f"没有{what} {code}")
    return found


def batches(as_json: Json = False) -> None:
    """本席位的批次。例: zhika -C demo/icbc batches"""
    seat = here()
    from zhika.ledger.batches import Batch

    rows = [
        {
            "code": b.code, "process": b.process, "office": b.office.code, "size": b.size,
            "failed": b.cards.filter(failure__isnull=False).count(), "formed_at": b.formed_at.isoformat(),
            "closed_at": b.closed_at.isoformat() if b.closed_at else None,
        }
        for b in Batch.objects.select_related("office").order_by("pk")
    ]  # fmt: skip
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    shown = [
        (r["code"], r["process"], r["office"], r["size"], r["failed"], "已结" if r["closed_at"] else "在制")
        for r in rows
    ]
    _show(
        f"{seat.title} 批次",
        ("批次", "流程", "经办机构", "人数", "退出", "状态"),
        shown,
        "还没有批次。",
        ("人数", "退出"),
    )


def steps(
    batch: Annotated[str, typer.Option("--batch", help="只看一个批次")] = "",
    as_json: Json = False,
) -> None:
    """各批次走过的步骤。例: zhika -C demo/platform steps --batch A1-02-261123-01"""
    seat = here()
    from zhika.engine.progress import history

    rows = history(batch)
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    shown = [
        (r["batch"] or r["subject"], r["number"], r["title"], r["lane"], r["n_in"], r["n_out"], r["happened_at"][5:19])
        for r in rows
    ]
    _show(
        f"{seat.title} 步骤",
        ("批次", "序", "步骤", "泳道", "收", "成", "时间"),
        shown,
        "还没有办过步骤。",
        ("序", "收", "成"),
    )


def exceptions(as_json: Json = False) -> None:
    """退出批次的卡及原因。例: zhika -C demo/platform exceptions"""
    seat = here()
    from zhika.flows.causes import title
    from zhika.ledger.cards import Failure

    found = Failure.objects.select_related("card__batch").order_by("pk")
    rows = [
        {
            "batch": f.card.batch.code, "application": f.card.application_ref, "serial": f.card.serial,
            "cause": f.cause, "cause_title": title(f.cause), "step": f.step, "source": f.source,
            "document": f.document, "row": f.row,
        }
        for f in found
    ]  # fmt: skip
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    shown = [
        (r["batch"], r["application"], r["serial"], r["cause_title"], STEPS.get(r["step"], r["step"]), r["source"])
        for r in rows
    ]
    _show(f"{seat.title} 异常", ("批次", "申请编号", "卡序列号", "原因", "步骤", "发现方"), shown, "没有异常。")


def rejected(as_json: Json = False) -> None:
    """未进入制卡的人及原因 (证件号码与姓名遮盖)。例: zhika -C demo/platform rejected"""
    seat = here()
    from zhika.engine.rejected import people

    rows = people(seat)
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    shown = [(r["lot"], r["line"], r["name"], r["id_no"], r["reasons"]) for r in rows]
    _show(f"{seat.title} 未制卡人员", ("采集批", "行", "姓名", "公民身份号码", "原因"), shown, "没有被退回的人。")


def mail(as_json: Json = False) -> None:
    """信件往来与拒收。例: zhika -C demo/platform mail"""
    seat = here()
    from zhika.ledger.mail import Inbox, Outbox, stuck

    stopped = set(stuck().values_list("pk", flat=True))

    rows = [
        {
            "way": "out", "peer": o.peer, "number": o.number, "document": o.document, "text": o.receipt_text,
            "state": o.receipt or ("stuck" if o.pk in stopped else "published" if o.published else "waiting"),
        }
        for o in Outbox.objects.order_by("pk")
    ]  # fmt: skip
    rows += [
        {
            "way": "in", "peer": i.peer, "number": i.number, "document": i.paper.type if i.paper else "",
            "text": i.text, "state": i.verdict,
        }
        for i in Inbox.objects.select_related("paper").order_by("pk")
    ]  # fmt: skip
    reasons = sorted((seat.home / "mail" / "rejected").glob("*.reason.txt"))
    if as_json:
        print(json.dumps({"mail": rows, "rejected": [p.name for p in reasons]}, ensure_ascii=False, indent=1))
        return
    shown = [
        ("寄" if r["way"] == "out" else "收", r["peer"], r["number"], r["document"], r["state"], r["text"])
        for r in rows
    ]
    _show(f"{seat.title} 信件", ("向", "对方", "号", "单据", "状态", "说明"), shown, "还没有信件。", ("号",))
    for path in reasons:
        OUT.print(f"[red]拒收[/] {path.name.removesuffix('.reason.txt')}: {path.read_text(encoding='utf-8').strip()}")
