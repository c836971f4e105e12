"""What paper costs: a list of 5,000 rows, card backs, a sheet, portraits. Run: python bench/paper.py

Prints each figure with its limit; exit code 1 if one is over it.
"""

import sys
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any

import polars as pl

from zhika.card.face import URBAN
from zhika.flows.documents import HANDOVER, RURAL_HANDOVER, Document
from zhika.paper.faces import back, proof
from zhika.paper.lists import handover_list, workbook
from zhika.paper.sheets import sheets
from zhika.paper.typeset import Party
from zhika.rehearsal.portraits import portrait

ROWS, CARDS, TURNS = 5_000, 60, 3
PERSON = {
    "name": "陈阿山", "id_no": "350502199001010018", "ssc_no": "A0000001X", "issue_date": "20261123",
    "pan": "6222350000000000012", "expiry": "3611", "cvv2": "417",
}  # fmt: skip


def seconds(work: Callable[[], object]) -> float:
    """Of the quietest turn: the machine is shared."""
    taken = []
    for _ in range(TURNS):
        start = perf_counter()
        work()
        taken.append(perf_counter() - start)
    return min(taken)


def people(document: Document) -> pl.DataFrame:
    """No two rows alike, every third address too long for its column."""
    number = pl.int_range(ROWS)
    varied = {
        "app_no": pl.format("A2611230{}", number + 1_000_000),
        "id_no": pl.format("350502199001{}", number + 100_000),
        "name": pl.when(number % 9 == 0).then(pl.lit("阿卜杜热西提·艾合买提江")).otherwise(pl.lit("陈阿山")),
        "card_serial": pl.format("QZ26{}", number + 100_000_000),
        "address": pl.format("鲤城区涂门街 {} 号", number)
        + pl.when(number % 3 == 0).then(pl.lit("金色花园小区三期十二幢一八零二室")).otherwise(pl.lit("")),
        "flag": pl.when(number % 37 == 0).then(pl.lit("补换")).otherwise(pl.lit("新增")),
    }
    example = pl.DataFrame([document.example] * ROWS)
    return example.with_columns(**{name: made for name, made in varied.items() if name in document.columns})


def main() -> int:
    about: dict[str, Any] = {
        "code": "B-urban-02-001", "given": Party("移交单位", "02"), "taken": Party("接收单位", "100000"),
        "digest": "0" * 64, "on": date(2026, 11, 23),
    }  # fmt: skip
    photo = portrait("bench", "2", 30)
    backs = [back(PERSON, photo, URBAN)]
    figures: list[tuple[str, float, float, str]] = []
    for document in (HANDOVER, RURAL_HANDOVER):
        rows = people(document)
        figures += [
            (f"PDF {document.code}", seconds(lambda: handover_list(document, rows, **about)), 4.0, "s"),  # noqa: B023
            (f"XLSX {document.code}", seconds(lambda: workbook(document, rows, **about)), 4.0, "s"),  # noqa: B023
        ]
    each = 1000 / CARDS
    figures += [
        ("back", seconds(lambda: [back(PERSON, photo, URBAN) for _ in range(CARDS)]) * each, 8.0, "ms"),
        ("proof", seconds(lambda: [proof(PERSON, photo, URBAN) for _ in range(CARDS)]) * each, 8.0, "ms"),
        ("portrait", seconds(lambda: [portrait(f"{n}", "12"[n % 2], n) for n in range(CARDS)]) * each, 15.0, "ms"),
    ]
    with tempfile.TemporaryDirectory() as folder:
        figures.append(("sheet of 24", seconds(lambda: sheets(backs * 24, Path(folder), title="B")), 1.5, "s"))
    for name, figure, limit, unit in figures:
        print(f"{name:34} {figure:8.2f} {unit:2}  limit {limit:.1f}  {'ok' if figure <= limit else 'OVER'}")
    return int(any(figure > limit for _, figure, limit, _ in figures))


if __name__ == "__main__":
    sys.exit(main())
