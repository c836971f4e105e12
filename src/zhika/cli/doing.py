"""`zhika work`, `todo`, `do`: what the program does, what waits for people, and what people did."""

import json
import shlex
import signal
import sys
import threading
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from zhika.cli import tables
from zhika.cli.seat import here, near
from zhika.errors import ConfigurationError, Fault, NotAllowed, Refused

OUT = Console(highlight=False)
PAUSE = 0.3
"""Seconds between two looks when nothing was there to do."""


def work(
    watch: Annotated[bool, typer.Option("--watch", help="一直工作, 直到收到终止信号")] = False,
    retry: Annotated[bool, typer.Option("--retry", help="先放行已搁置的步骤")] = False,
) -> None:
    """办理本席位自动的步骤: 收信、比对、制作、寄信。例: zhika -C demo/icbc work --watch"""
    seat = here()
    from zhika.engine import loop, post, retention, trouble

    if retry:
        typer.echo(f"{trouble.retry()} 项重新放行")
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    post.sweep(seat)
    retention.expire(seat)
    told: dict[str, str] = {}
    while not stop.is_set():
        done = loop.work_once(seat, lambda happening: _tell(seat.name, happening))
        _tell_troubles(seat.name, told)
        if not done:
            if not watch:
                break
            stop.wait(PAUSE)


def _tell(name: str, happening: object) -> None:
    facts = {"seat": name, "at": datetime.now().astimezone().isoformat(timespec="seconds"), **vars(happening)}
    if sys.stdout.isatty():
        counted = f"{facts['n_in']} → {facts['n_out']}" if facts["kind"] == "step" else ""
        OUT.print(
            f"{facts['at'][11:19]}  {facts['subject']:<28} {facts['number'] or '':>2} {facts['title']}  {counted}"
        )
    else:
        print(json.dumps(facts, ensure_ascii=False), flush=True)


def _tell_troubles(name: str, told: dict[str, str]) -> None:
    from zhika.ledger.steps import Trouble

    for trouble in Trouble.objects.all():
        key = f"{trouble.subject} {trouble.function}"
        if told.get(key) != f"{trouble.tries}{trouble.error}":
            told[key] = f"{trouble.tries}{trouble.error}"
            line = {
                "seat": name, "at": trouble.at.isoformat(), "kind": "trouble", "subject": trouble.subject,
                "work": trouble.function, "title": trouble.error, "n_in": trouble.tries, "n_out": 0, "number": None,
                "batch": "", "process": "",
            }  # fmt: skip
            print(
                json.dumps(line, ensure_ascii=False),
                file=sys.stdout if not sys.stdout.isatty() else sys.stderr,
                flush=True,
            )


def todo(
    lane: Annotated[str, typer.Option("--lane", help="只看一条泳道: unit, centre, integrator, supplier, bank")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="机器可读")] = False,
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
                "command": list(t.command), "needs": t.needs,
            }
            for t in items
        ]  # fmt: skip
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    if not items:
        OUT.print("没有待办。")
        return
    OUT.print(f"[bold]{seat.title}[/]  待办 {len(items)} 项")
    for t in items:
        about = f"[dim]{t.lane.title} · 等 {t.waits_for}[/]"
        OUT.print(f"\n[bold]{t.title}[/]  {t.subject}  {t.n:,}  {about}", soft_wrap=True)
        if t.command:
            OUT.print(f"  [cyan]zhika -C {near(seat.home)} {shlex.join(t.command)}[/]", soft_wrap=True)


def do(
    name: Annotated[str, typer.Argument(metavar="事项", help="如 collect, confirm, accept, hand_out; 见 zhika todo")],
    subjects: Annotated[
        list[str] | None, typer.Argument(metavar="对象", help="批次、交接编号、卡序列号, 或文件")
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

    例: zhika -C demo/platform do hand_out --file signed.csv --by 李敏 --evidence 签领表17
    """
    if not by:
        raise NotAllowed("匿名", f"办理 {name}", "须写明经办人: --by 姓名")
    seat = here()
    from zhika.cli.hands import hand

    facts = dict(_pair(text) for text in fact or [])
    told: dict[str, Mapping[str, str]] = dict.fromkeys(subjects or [], facts)
    if file is not None:
        told |= {subject: facts | row for subject, row in _told(file).items()}
    if not told:
        raise NotAllowed(by, f"办理 {name}", "没有对象: 写在命令后, 或用 --file")
    done = hand(seat, name, told, by=by, second=second, reason=reason, evidence=evidence)
    typer.echo(f"{name}: {done} 件已办。" if done else f"{name}: 没有新办的 (已办过)。")


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise NotAllowed("zhika do", f"--fact {text}", "应写成 键=值")
    return key, value


def _told(path: Path) -> dict[str, dict[str, str]]:
    """Subjects with their facts from a CSV; a subject twice is refused with both rows."""
    rows = tables.rows(path, ("subject",))
    told: dict[str, dict[str, str]] = {}
    faults = []
    for line, row in enumerate(rows, 2):
        subject = row.pop("subject")
        if not subject:
            faults.append(Fault(path.name, "不可为空", line, "subject"))
        elif subject in told:
            faults.append(Fault(path.name, "与前面的行重复", line, "subject"))
        told[subject] = {key: value for key, value in row.items() if key}
    if faults:
        raise Refused(faults)
    return told
