"""The board of a rehearsal: every step of every batch in every seat, as the seats' workers and the cast tell it."""

import json
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from zhika.flows import FLOWS
from zhika.flows.chart import Flow, Step
from zhika.flows.documents import PROGRESS
from zhika.rehearsal.calendar import clock
from zhika.rehearsal.seats import PLANS, PROCESSES

Event = dict[str, Any]
DONE = "[green]✓[/]"
PAGE = "日历"


class Board:
    """What was told so far. Fed by several threads, drawn by one."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.live = console.is_terminal
        self.batches: dict[str, str] = {}
        """Batch → process, in the order in which they appeared."""
        self.cells: dict[str, Counter[tuple[int, str]]] = defaultdict(Counter)
        """Batch, or a process for its lots → row of the chart → people or cards done."""
        self.latest: dict[str, str] = {}
        self.troubles: dict[tuple[str, str, str], str] = {}
        self.heard: dict[str, float] = {}
        self.counted: Counter[str] = Counter()
        """Seat → how many things it told after which something may wait for somebody."""
        self.page = ""
        self._began = time.monotonic()
        self._lock = threading.Lock()

    def tell(self, seat: str, line: str) -> None:
        """One line of a worker: JSON, one thing done."""
        try:
            event: Event = json.loads(line)
        except json.JSONDecodeError:
            return  # a warning of some library: it stands in the seat's log
        with self._lock:
            self._count(seat, not (event["kind"] == "mail" and _idle(event)))
            if event["kind"] == "trouble":
                self.troubles[seat, event["subject"], event["work"]] = event["title"]
            elif event["kind"] == "step":
                self.troubles.pop((seat, event["subject"], event["work"]), None)
                self._step(event)
            if event["kind"] != "mail":
                self._say(seat, _sentence(event))

    def did(self, seat: str, work: str, done: Mapping[str, int], title: str) -> None:
        """Somebody of the cast did something by hand."""
        with self._lock:
            self._count(seat)
            for subject, n in done.items():
                process = self.batches.get(subject) or next((p for s, p in PROCESSES.items() if s in subject), "")
                rows = [step for step in FLOWS[process].steps if step.work == work] if process else []
                for step in rows:
                    self.cells[subject if subject in self.batches else process][step.key] += n
            self._say(seat, f"{title}  {sum(done.values()) or ''}")

    def turned(self, title: str) -> None:
        """The calendar shows another page."""
        with self._lock:
            self.page = title
            for plan in PLANS:
                self._count(plan.name)
            self._say(PAGE, title)

    def quiet(self, seat: str) -> float:
        """Seconds since a seat last told something, or since the board was hung up."""
        return time.monotonic() - self.heard.get(seat, self._began)

    def _count(self, seat: str, matters: bool = True) -> None:
        self.heard[seat] = time.monotonic()
        self.counted[seat] += matters

    def _step(self, event: Event) -> None:
        key, process = (event["number"], event["work"]), event["process"]
        if event["batch"]:
            self.batches.setdefault(event["batch"], process)
        self.cells[event["batch"] or process][key] += event["n_out"]

    def _say(self, seat: str, text: str) -> None:
        self.latest[seat] = text
        if not self.live:
            self.console.print(f"{clock():%H:%M:%S}  {seat:<9}{text}", highlight=False, markup=False, soft_wrap=True)

    def __rich__(self) -> RenderableType:
        with self._lock:
            charts = Table.grid(padding=(0, 2), expand=True)
            flows = [FLOWS[process] for process in PROCESSES.values()]
            charts.add_row(*(self._chart(flow) for flow in flows))
            seats = Table.grid(padding=(0, 2))
            for plan in PLANS:
                seats.add_row(Text(plan.title, style="bold"), Text(self.latest.get(plan.name, ""), overflow="ellipsis"))
            troubles = [
                Text(f"{seat} {subject}: {text}", style="red") for (seat, subject, _), text in self.troubles.items()
            ]
            return Group(charts, Text(), seats, *troubles[-3:])

    def _chart(self, flow: Flow) -> Table:
        table = Table(title=flow.title, title_justify="left", expand=True, pad_edge=False, box=None)
        table.add_column("步", justify="right", style="dim")
        table.add_column("", style="cyan")
        table.add_column("", no_wrap=True, overflow="ellipsis", ratio=1)
        mine = [code for code, process in self.batches.items() if process == flow.name]
        for code in mine:
            table.add_column("-".join(code.split("-")[:2]), justify="right", no_wrap=True)
        for step in flow.steps:
            cells = [self._cell(code, flow, step, at) for at, code in enumerate(mine or [""])]
            table.add_row(str(step.number), step.lane.short, step.title, *(cells if mine else []))
        return table

    def _cell(self, batch: str, flow: Flow, step: Step, at: int) -> str:
        if step.grain.before_batch:  # lots are no batch yet: shown once, for all of the process
            n = self.cells[flow.name].get(step.key)
            return f"{n} {DONE}" if n is not None and at == 0 else ""
        n = self.cells[batch].get(step.key)
        return "" if n is None else f"{n} {DONE}"


def _idle(event: Event) -> bool:
    """Mail after which nothing new waits for anybody: receipts, repeats, notices of progress."""
    return event["title"] != "taken" or str(event["subject"]).endswith(f"-{PROGRESS.code}")


def _sentence(event: Event) -> str:
    """One line for people.

    >>> _sentence({"kind": "step", "batch": "A1-02-1", "subject": "A1-02-1", "number": 3, "title": "生成账号资料",
    ...            "n_in": 250, "n_out": 249})
    'A1-02-1  3 生成账号资料  250 → 249'
    """
    if event["kind"] != "step":
        return f"{event['batch'] or event['subject']}  {event['title']}"
    return f"{event['subject']}  {event['number']} {event['title']}  {event['n_in']} → {event['n_out']}"
