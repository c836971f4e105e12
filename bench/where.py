"""Books, annex 3 and "where is my card" over a whole city's store of 6,561,275 cards, on SQLite with real settings.

Run `python bench/where.py [--cards 6561275]`; exit code 1 where a limit is not kept in the quietest of three turns.
Filling takes minutes and about 10 GB in a temporary folder (`--store FOLDER` keeps it, and measures it again).
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

TURNS = 3
LIMITS = {
    "whole-city books, now": 3_000.0, "whole-city books, at a past date": 3_000.0, "laws of zhika books": 3_000.0,
    "annex 3: planned, made, issued": 1_000.0, "where: one person, by application": 20.0,
    "where: one person, by card": 20.0, "where: one person, by ID number": 20.0, "audit of a batch of 5,000": 5_000.0,
    "recall of a batch of 5,000": 5_000.0,
}  # fmt: skip
"""Milliseconds that the median may take."""
PAST = date(2024, 6, 1)
Figures = dict[str, list[tuple[float, float]]]


def clocked(work: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds of one call: on the clock, and of this process alone."""
    start, own = time.perf_counter(), time.process_time()
    work()
    return (time.perf_counter() - start) * 1_000, (time.process_time() - own) * 1_000


def measure(home: Path, cards: int) -> Figures:
    """Milliseconds of everything, by name, in a fresh process."""
    from stores.platform import AUDITED, id_no, sample

    from zhika.seat.start import start

    seat = start(home)
    from zhika.engine.answer import answer
    from zhika.engine.promise import paces
    from zhika.engine.recall import recall
    from zhika.engine.reconcile import audit
    from zhika.ledger.batches import Batch
    from zhika.ledger.books import balances
    from zhika.ledger.cards import Card
    from zhika.ledger.laws import Books, breaches

    figures: Figures = {}
    figures["whole-city books, now"] = [clocked(balances) for _ in range(3)]
    figures["whole-city books, at a past date"] = [clocked(lambda: balances(on=PAST)) for _ in range(3)]
    figures["laws of zhika books"] = [clocked(lambda: breaches(Books(prove=False)))]
    figures["annex 3: planned, made, issued"] = [clocked(annex3) for _ in range(3)]
    figures["paces of both charts, once a process run"] = [
        clocked(lambda: (paces("urban-batch"), paces("rural-batch")))
    ]
    some = sample(cards)
    serials = list(Card.objects.filter(pk__in=some, serial__isnull=False).values_list("serial", flat=True))
    figures["where: one person, by application"] = [clocked(lambda n=n: answer(seat, f"A{n:014d}")) for n in some]  # type: ignore[misc]
    figures["where: one person, by card"] = [clocked(lambda s=s: answer(seat, s)) for s in serials]  # type: ignore[misc]
    figures["where: one person, by ID number"] = [clocked(lambda n=n: answer(seat, id_no(n))) for n in some]  # type: ignore[misc]
    batch = Batch.objects.get(pk=AUDITED)
    figures["audit of a batch of 5,000"] = [clocked(lambda: agreed(audit(seat, batch)))]
    figures["recall of a batch of 5,000"] = [clocked(lambda: recall(seat, "batch", batch.code))]
    figures["recall of a consignment"] = [clocked(lambda: recall(seat, "consignment", "M-0"))]
    return figures


def agreed(audited: Any) -> None:
    """The measured batch is sound: an audit that finds nothing is the longest way through."""
    assert not audited.differences and audited.plastics == 4_975, audited


def annex3() -> list[tuple[str, str, int, int, int]]:
    """Centre, category, planned, made and issued: sums over bundles, and over the days' sums of what was handed out."""
    from django.db.models import Count, Sum

    from zhika.ledger.batches import Bundle
    from zhika.ledger.cards import Failure
    from zhika.ledger.places import Balance, State

    by = ("batch__office__code", "unit__unit__category")
    urban = Bundle.objects.filter(batch__process="urban-batch", batch__attempt=1)
    planned = {
        tuple(row[:2]): row[2:] for row in urban.values_list(*by).annotate(a=Sum("size"), b=Sum("birth_movement__n"))
    }
    failed = Failure.objects.filter(card__batch__process="urban-batch")
    left = failed.values_list("card__batch__office__code", "card__bundle__unit__unit__category").annotate(n=Count("pk"))
    gone = {tuple(row[:2]): row[2] for row in left}
    held = Balance.objects.filter(place__state=State.ISSUED).exclude(place__organisation__unit__category="rural")
    issued = held.values_list("place__organisation__unit__office__code", "place__organisation__unit__category")
    in_hands = {tuple(row[:2]): row[2] for row in issued.annotate(n=Sum("n"))}
    return [
        (*key, size, (born or 0) - gone.get(key, 0), in_hands.get(key, 0))
        for key, (size, born) in sorted(planned.items())
    ]  # fmt: skip


def in_process(action: str, home: Path, cards: int) -> Any:
    """One seat is one process."""
    command = [sys.executable, __file__, "--action", action, str(home), str(cards)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def act(action: str, home: Path, cards: int) -> Any:
    if action == "measure":
        return measure(home, cards)
    from stores.platform import fill

    return fill(home, cards)


def shown(turns: list[Figures]) -> tuple[Table, bool]:
    """The table, and whether every limit is kept in the quietest turn."""
    table = Table("what", "n", "median ms", "quietest turn", "own CPU", "most", "limit")
    kept = True
    for name in turns[0]:
        medians = [statistics.median(clock for clock, _ in turn[name]) for turn in turns]
        clocks, own = zip(*(pair for turn in turns for pair in turn[name]), strict=True)
        limit = LIMITS.get(name)
        good = limit is None or min(medians) <= limit
        kept &= good
        mark = "" if limit is None else f"≤ {limit:,.0f} {'kept' if good else 'OVER'}"
        figures = (statistics.median(clocks), min(medians), statistics.median(own), max(clocks))
        table.add_row(name, str(len(clocks)), *(f"{value:,.1f}" for value in figures), mark)
    return table, kept


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cards", type=int, default=6_561_275)
    parser.add_argument("--store", type=Path, help="a folder that stays, filled where it is empty")
    parser.add_argument("--action", nargs=3, help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.action:
        action, home, cards = told.action
        print(json.dumps(act(action, Path(home), int(cards))))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        home = (told.store or Path(folder)) / "city" / "platform"
        if not home.exists():
            home.parent.parent.mkdir(parents=True, exist_ok=True)
            filled = in_process("fill", home, told.cards)
            print(f"{told.cards:,} cards: filled in {filled['seconds']:.0f} s, {filled['megabytes']:,.0f} MB")
        turns = [in_process("measure", home, told.cards) for _ in range(TURNS)]
    table, kept = shown(turns)
    Console(width=120).print(table)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
