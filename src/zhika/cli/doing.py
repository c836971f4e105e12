"""`zhika work`, `todo`, `do`: what the program does, what waits for people, and what people did."""

import json
import shlex
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from zhika.cli import words
from zhika.cli.screen import OUT, Json
from zhika.cli.seat import here, near
from zhika.cli.told import told
from zhika.errors import ConfigurationError, NotAllowed, Refused
from zhika.seat.config import Seat

if TYPE_CHECKING:
    from zhika.engine.loop import Happening


def work(
    watch: Annotated[bool, typer.Option("--watch", help="一直工作, 直到收到终止信号")] = False,
    retry: Annotated[bool, typer.Option("--retry", help="先放行已搁置的步骤")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="机器可读, 每件一行")] = False,
) -> None:
    """办理本席位自动的步骤: 收信、比对、制作、寄信。例: zhika -C demo/icbc work --watch"""
    seat = here()
    from zhika.engine import loop, trouble
    from zhika.engine.rest import rest, signs

    if retry:
        typer.echo(f"{trouble.retry()} 项重新放行")
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    told: dict[str, str] = {}
    tidied = None
    while not stop.is_set():
        tidied = loop.tidy(seat, tidied)
        seen = signs(seat)
        done = loop.work_once(seat, lambda happening: _tell(seat, as_json, happening))
        _tell_troubles(seat, as_json, told)
        if not done:
            if not watch:
                break
            rest(seat, seen, stop)


def _tell(seat: Seat, as_json: bool, happening: "Happening") -> None:
    """One line for each thing done: for people, or with `--json` for programs."""
    from django.utils import timezone

    at = timezone.localtime().isoformat(timespec="seconds")
    if as_json:
        print(json.dumps({"seat": seat.name, "at": at, **vars(happening)}, ensure_ascii=False), flush=True)
        return
    title = (words.MAIL if happening.kind == "mail" else words.WORKS).get(happening.title, happening.title)
    counted = f"  {happening.n_in} → {happening.n_out}" if happening.kind == "step" else ""
    number = "" if happening.number is None else f"{happening.number} "
    print(f"{at[11:19]}  {happening.subject:<28}  {number}{title}{counted}", flush=True)


def _tell_troubles(seat: Seat, as_json: bool, told: dict[str, str]) -> None:
    from zhika.ledger.steps import Trouble

    for trouble in Trouble.objects.filter(tries__gt=0):
        key = f"{trouble.subject} {trouble.function}"
        if told.get(key) == f"{trouble.tries}{trouble.error}":
            continue
        told[key] = f"{trouble.tries}{trouble.error}"
        if as_json:
            line = {
                "seat": seat.name, "at": trouble.at.isoformat(), "kind": "trouble", "subject": trouble.subject,
                "work": trouble.function, "title": trouble.error, "n_in": trouble.tries, "n_out": 0, "number": None,
                "batch": "", "process": "",
            }  # fmt: skip
            print(json.dumps(line, ensure_ascii=False), flush=True)
        else:
            what = words.WORKS.get(trouble.function, trouble.function)
            text = f"{what}: 第 {trouble.tries} 次未成: {trouble.error.replace(chr(10), '; ')}"
            print(f"{trouble.at.astimezone():%H:%M:%S}  {trouble.subject:<28}  {text}", flush=True)


def todo(
    lane: Annotated[str, typer.Option("--lane", help="只看一条泳道: unit, centre, integrator, supplier, bank")] = "",
    as_json: Json = False,
) -> None:
    """等人办理的事, 先到先办, 每件附命令。例: zhika -C demo/platform todo --lane centre"""
    seat = here()
    from zhika.engine.todo import todo as waiting
    from zhika.flows.lanes import Lane

    if lane and lane not in list(Lane):
        raise ConfigurationError(f"没有泳道 {lane}。可用: {'、'.join(sorted(seat.lanes))}")
    items = waiting(seat, Lane(lane) if lane else None)
    if as_json:
        rows = [
            {
                "seat": seat.name, "lane": t.lane, "work": t.work, "kind": t.kind, "title": t.title,
                "subject": t.subject, "n": t.n, "since": t.since.isoformat(), "waits_for": t.waits_for,
                "command": list(t.command), "needs": t.needs, "hint": t.hint,
                "serials": list(t.serials),
            }
            for t in items
        ]  # fmt: skip
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    if not items:
        OUT.print(f"{seat.title}{f' {Lane(lane).title}' if lane else ''}: 没有待办。")
        return
    OUT.print(f"[bold]{seat.title}[/]  待办 {len(items)} 项")
    for t in items:
        about = f"[dim]{escape(' · 等 '.join(dict.fromkeys([t.lane.title, t.waits_for])))}[/]"
        OUT.print(f"\n[bold]{escape(t.title)}[/]  {escape(t.subject)}  {t.n:,}  {about}", soft_wrap=True)
        zhika = f"zhika -C {near(seat.home)} "
        if t.command:
            OUT.print(f"  [cyan]{escape(zhika + shlex.join(t.command))}[/]", soft_wrap=True)
        if t.hint:
            OUT.print(f"  {t.hint.replace('zhika ', zhika)}", markup=False, soft_wrap=True)


def do(
    name: Annotated[str, typer.Argument(metavar="事项", help="如 collect, confirm, accept, hand_out; 见 zhika todo")],
    subjects: Annotated[
        list[str] | None, typer.Argument(metavar="对象", help="批次、交接编号、卡序列号、申请编号, 或文件")
    ] = None,
    by: Annotated[str, typer.Option("--by", help="经办人")] = "",
    second: Annotated[str, typer.Option("--second", help="另一人 (复核、监销)")] = "",
    reason: Annotated[str, typer.Option("--reason", help="事由")] = "",
    evidence: Annotated[str, typer.Option("--evidence", help="凭证, 如签领表编号")] = "",
    file: Annotated[Path | None, typer.Option("--file", help="CSV: subject 列与各项事实列")] = None,
    fact: Annotated[list[str] | None, typer.Option("--fact", help="事实, 键=值, 可重复")] = None,
) -> None:
    """记录人做的事, 一件或一文件。

    例: zhika -C demo/platform do accept "A1-02-261123-01~card-list" --by 王芳

    例: zhika -C demo/platform do confirm L-urban-1-1a2b3c4d --fact decisions=结论.xlsx --by 王芳 --second 李敏

    例: zhika -C demo/platform do hand_out --file signed.csv --by 李敏 --evidence 签领表17

    例: zhika -C demo/platform do withdraw A26112500000001 --by 王芳 --reason 本人不办了

    例: zhika -C demo/platform do block QZ26000000017 --fact kind=call --by 王芳
    """
    if not by:
        raise NotAllowed("匿名", f"办理 {name}", "须写明经办人: --by 姓名")
    options = {"--by": by, "--second": second, "--reason": reason, "--evidence": evidence}
    heard = told(subjects or [], fact or [], file, options)
    if not heard.facts:
        raise NotAllowed(by, f"办理 {name}", "没有对象: 写在命令后, 或用 --file")
    seat = here()
    from zhika.cli.hands import before, hand, results

    done: list[str] = []
    try:
        n = hand(seat, name, heard.facts, by=by, second=second, reason=reason, evidence=evidence, done=done)
        typer.echo(f"{name}: {n} 件已办。" if n else f"{name}: 没有新办的 (已办过)。")
        for line in () if n else before(seat, name, heard.facts):
            typer.echo(f"  {line}")
    except Refused as error:
        raise Refused(heard.placed(error.faults)) from error
    finally:  # what was counted is said, though another of the same list could not be done
        for line in results(seat, name, done):
            typer.echo(f"  {line}")
