"""A step record in a store of 10 thousand and of 5 million cards, durable, on SQLite with a seat's real settings.

Run `python bench/steps.py [--cards 10000 5000000]`; exit code 1 if the median of a step in a store exceeds 20 ms
in the quietest of three turns: the machine is shared.
Both stores are a bank's seat filled through the migrations' own tables: batches of 5,000 in 25 bundles, births, voids,
the way to the centre, to 25 units and into people's hands, steps, documents, mail and audit. A step is what
`engine.run.Outcome.book` does once everything is sealed: step record, whole-place movement, handover, balances,
tallies, two packages in the outbox, documents, progress and audit, in one transaction that is on disk when it returns.
The stores are measured in turns, so that a noisy moment of the machine meets both.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

BATCH, TURNS = 5_000, 3
STEPS, FAILING, LOOKS = 30, 6, 100
FAILED = 50
LIMIT = 20.0
"""Milliseconds that the median of a step may take."""
LIMITED = ("step record", f"step with {FAILED} failed cards")


def clocked(work: Callable[[], object]) -> float:
    """Milliseconds of one call."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1_000


@dataclass
class Rounds:
    """One of the store's two open batches, delivered again and again: given, and silently brought back."""

    seat: Any
    code: str
    turn: int
    figures: dict[str, list[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        from zhika.engine import batches
        from zhika.ledger.batches import Batch

        self.batch = Batch.objects.get(code=self.code)
        self.people = batches.live(self.batch)

    def once(self, n: int, failing: int = 0) -> float:
        """Milliseconds of booking one delivery; sealing comes before and is not in it."""
        import polars as pl

        from zhika.engine.run import Outcome
        from zhika.engine.work import Done, Subject, Work
        from zhika.flows import FLOWS
        from zhika.flows.chart import Grain
        from zhika.flows.documents import CARD_LIST

        flow = FLOWS["urban-batch"]
        subject = Subject(Grain.BATCH, f"{self.code}#{self.turn}-{failing}-{n}")
        work = Work(self.seat, flow, flow.step("deliver"), subject, self.batch, people=self.people)
        failed = dict.fromkeys(list(self.people)[:failing], "stripe-bad")
        outcome = Outcome(
            work, Done({CARD_LIST: pl.DataFrame([CARD_LIST.example])}, failed=failed), self.people, {}, (), ()
        )
        outgoing = outcome.seal()
        taken = clocked(lambda: outcome.book(outgoing))
        self.people = {app: card for app, card in self.people.items() if app not in failed}
        self._bring_back()
        return taken

    def _bring_back(self) -> None:
        from zhika.engine import plastic
        from zhika.ledger.batches import organisation
        from zhika.ledger.custody import WHOLE, move
        from zhika.ledger.places import State, place

        within = plastic.batch_group(self.batch)
        given = place(organisation("icbc"), State.GIVEN, within)
        move(given, plastic.good(organisation("icbc"), self.batch), WHOLE, cause="bench", by="bench")


def measure(home: Path, cards: int, turn: int) -> dict[str, list[float]]:
    """Milliseconds of everything, by name."""
    from stores.bank import DAY, codes

    from zhika.seat.start import start

    seat = start(home)
    from zhika.ledger.books import balances
    from zhika.ledger.where import where

    draw = random.Random(turn)
    figures: dict[str, list[float]] = {name: [] for name in LIMITED}
    for code in codes(cards)[-2:]:
        rounds = Rounds(seat, code, turn)
        for n in range(3):
            rounds.once(-1 - n)
        figures[LIMITED[0]] += [rounds.once(n) for n in range(STEPS)]
        figures[LIMITED[1]] += [rounds.once(n, FAILED) for n in range(FAILING)]
    some = [draw.randrange(1, cards + 1) for _ in range(LOOKS)]
    figures["where is one card"] = [clocked(lambda pk=pk: where([pk])) for pk in some]  # type: ignore[misc]
    figures["books of the city, now"] = [clocked(balances) for _ in range(3)]
    figures["books of the city, a year ago"] = [clocked(lambda: balances(on=date(2025, *DAY))) for _ in range(3)]
    if turn == TURNS - 1:
        figures |= whole_rows(seat)
    return figures


def whole_rows(seat: Any) -> dict[str, list[float]]:
    """Whole rows of a batch of 5,000, reading, computing and sealing included."""
    from stores.bank import open_batch

    from zhika.engine.run import run
    from zhika.engine.work import Subject
    from zhika.flows import FLOWS
    from zhika.flows.chart import Grain

    figures: dict[str, list[float]] = {}
    code = "A1-99-261123-01"
    figures["batch opened, 5,000 people"] = [clocked(lambda: open_batch(seat, code, BATCH))]
    flow = FLOWS["urban-batch"]
    for work in ("generate_accounts", "return_accounts"):
        row = flow.step(work)
        figures[f"run: {work}, 5,000"] = [clocked(lambda row=row: run(seat, Subject(Grain.BATCH, code), flow, row))]  # type: ignore[misc]
    return figures


def in_process(action: str, home: Path, cards: int, turn: int = 0) -> Any:
    """One seat is one process."""
    command = [sys.executable, __file__, "--action", action, str(home), str(cards), str(turn)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def act(action: str, home: Path, cards: int, turn: int) -> Any:
    from stores.bank import fill

    return fill(home, cards) if action == "fill" else measure(home, cards, turn)


def rows(sizes: list[int], figures: dict[int, dict[str, list[float]]]) -> Iterator[tuple[list[str], bool]]:
    """Lines of the table: median and p99 by store, ratio of the medians, whether the limit is kept."""
    for name in figures[sizes[0]]:
        turns = [np.array_split(figures[size][name], TURNS) for size in sizes]
        quiet = [min(float(np.median(turn)) for turn in of_size if turn.size) for of_size in turns]
        medians = [float(np.median(figures[size][name])) for size in sizes]
        tails = [float(np.percentile(figures[size][name], 99)) for size in sizes]
        kept = name not in LIMITED or max(quiet) <= LIMIT
        cells = [f"{m:,.2f} / {t:,.2f} ({q:,.2f})" for m, t, q in zip(medians, tails, quiet, strict=True)]
        mark = "" if name not in LIMITED else f"≤ {LIMIT:.0f} ms " + ("kept" if kept else "OVER")
        yield [name, str(len(figures[sizes[0]][name])), *cells, f"{medians[-1] / medians[0]:.2f}", mark], kept


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cards", type=int, nargs="+", default=[10_000, 5_000_000])
    parser.add_argument("--action", nargs=4, help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.action:
        action, home, cards, turn = told.action
        print(json.dumps(act(action, Path(home), int(cards), int(turn))))
        return 0
    figures: dict[int, dict[str, list[float]]] = {size: {} for size in told.cards}
    with tempfile.TemporaryDirectory() as folder:
        homes = {size: Path(folder) / str(size) / "icbc" for size in told.cards}
        for size in told.cards:
            filled = in_process("fill", homes[size], size)
            print(f"{size:,} cards: filled in {filled['seconds']:.1f} s, {filled['megabytes']:,.0f} MB")
        for turn in range(TURNS):
            for size in told.cards:
                for name, values in in_process("measure", homes[size], size, turn).items():
                    figures[size].setdefault(name, []).extend(values)
    stores = [f"{size:,} cards, ms: median / p99 (quiet)" for size in told.cards]
    table = Table("what", "n", *stores, "ratio", "limit", title="step records, books, where")
    lines = list(rows(told.cards, figures))
    for cells, _ in lines:
        table.add_row(*cells)
    Console(width=140).print(table)
    return 0 if all(kept for _, kept in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
