"""`zhika batches`, `steps`, `exceptions`, `rejected`, `mail`: looking without touching."""

import json
from typing import Annotated, Any

import typer
from rich.markup import escape

from zhika.cli import words
from zhika.cli.screen import OUT, Json, show
from zhika.cli.seat import here
from zhika.errors import ConfigurationError
from zhika.flows import title_of
from zhika.flows.lanes import Lane


def one(model: Any, code: str, what: str) -> Any:
    """The row of this code. Raises ConfigurationError where there is none."""
    found = model.objects.filter(code=code).first()
    if found is None:
        hint = "; zhika batches 列出本席位的批次" if what == "批次" else ""
        raise ConfigurationError(f"没有{what} {code}{hint}")
    return found


def batches(as_json: Json = False) -> None:
    """本席位的批次: 制成没有, 几张待领、未激活、短少。例: zhika -C demo/icbc batches"""
    seat = here()
    from zhika.ledger.standing import standings

    rows = [
        {
            "code": s.batch.code, "process": s.batch.process, "office": s.batch.office.code,
            "office_name": s.batch.office.name, "size": s.batch.size, "failed": s.failed,
            "formed_at": s.batch.formed_at.isoformat(),
            "closed_at": s.batch.closed_at.isoformat() if s.batch.closed_at else None,
            "waiting": s.waiting, "inactive": s.inactive, "missing": s.missing,
        }
        for s in standings()
    ]  # fmt: skip
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    told = bool({Lane.UNIT, Lane.CENTRE, Lane.BANK} & seat.lanes)  # others never hear what becomes of a card
    shown = [
        (
            r["code"], words.PROCESSES[r["process"]], r["office_name"], r["size"], r["failed"],
            "已结" if r["closed_at"] else "在制", *((r["waiting"], r["inactive"]) if told else ()), r["missing"],
        )
        for r in rows
    ]  # fmt: skip
    numbers = ("人数", "退出", *(("待领", "未激活") if told else ()), "短少")
    columns = ("批次", "流程", "经办机构", *numbers[:2], "制卡", *numbers[2:])
    show(f"{seat.title} 批次", columns, shown, "还没有批次。", numbers)


def steps(
    batch: Annotated[str, typer.Option("--batch", help="只看一个批次")] = "",
    as_json: Json = False,
) -> None:
    """各批次走过的步骤。例: zhika -C demo/platform steps --batch A1-02-261123-01"""
    seat = here()
    from zhika.engine.progress import history
    from zhika.ledger.batches import Batch

    if batch:
        one(Batch, batch, "批次")
    rows = history(batch)
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    shown = [
        (
            r["batch"] or r["subject"],
            r["number"],
            r["title"],
            words.LANES[r["lane"]],
            r["n_in"],
            r["n_out"],
            r["happened_at"][:16].replace("T", " "),
        )
        for r in rows
    ]
    show(
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

    found = list(Failure.objects.select_related("card__batch").order_by("pk"))
    ended: dict[int, str] = {}
    if seat.platform:  # only there the persons are known
        from zhika.engine.endings import endings

        ended = endings(found)
    rows = [
        {
            "batch": f.card.batch.code, "application": f.card.application_ref, "serial": f.card.serial,
            "cause": f.cause, "cause_title": title(f.cause), "step": f.step, "source": f.source,
            "document": f.document, "row": f.row, "text": f.text, "ended": ended.get(f.pk, ""),
        }
        for f in found
    ]  # fmt: skip
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    called = words.seats(seat)
    shown = [
        (
            r["batch"],
            r["application"],
            r["serial"],
            r["cause_title"],
            r["text"],
            title_of(r["step"], f.card.batch.process),
            called(r["source"]),
            *((r["ended"],) if seat.platform else ()),
        )
        for f, r in zip(found, rows, strict=True)
    ]
    columns = ("批次", "申请编号", "卡序列号", "原因", "说明", "步骤", "发现方", *(("结局",) if seat.platform else ()))
    show(f"{seat.title} 异常", columns, shown, "没有异常。")


def rejected(as_json: Json = False) -> None:
    """未进入制卡的人及原因 (证件号码与姓名遮盖)。例: zhika -C demo/platform rejected"""
    seat = here()
    from zhika.engine.rejected import people

    rows = people(seat)
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    shown = [(r["lot"], r["line"], r["name"], r["id_no"], r["reasons"]) for r in rows]
    show(f"{seat.title} 未制卡人员", ("采集批", "行", "姓名", "公民身份号码", "原因"), shown, "没有被退回的人。")


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
    called = words.seats(seat)
    shown = [
        (
            "寄" if r["way"] == "out" else "收",
            called(r["peer"]),
            r["number"],
            words.DOCUMENTS.get(r["document"], r["document"]),
            words.MAIL.get(r["state"], r["state"]),
            r["text"],
        )
        for r in rows
    ]
    show(f"{seat.title} 信件", ("向", "对方", "号", "单据", "状态", "说明"), shown, "还没有信件。", ("号",))
    for path in reasons:
        reason = escape(path.read_text(encoding="utf-8").strip())
        OUT.print(f"[red]拒收[/] {path.name.removesuffix('.reason.txt')}: {reason}")
