"""Rows on the screen: a table where it fits, else row by row. A column of numbers, codes or times never breaks.

Into a pipe or a file a table goes as wide as it is.
"""

import re
import sys
from collections.abc import Sequence
from typing import IO, Annotated, Any

import typer
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

Json = Annotated[bool, typer.Option("--json", help="机器可读")]
NARROW = 16
"""Cells that a column of running text needs at least."""
GAP = 2
"""Cells between two columns."""
_CODE = re.compile(r"[!-~]+")
PIPE = 10_000
"""Cells of a line that goes to no terminal: nothing folds there."""


def console(file: IO[str] | None = None) -> Console:
    """Standard output, or a file, at the width it has."""
    to = file or sys.stdout
    return Console(file=file, highlight=False, width=None if to and to.isatty() else PIPE)


OUT = console()


def show(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], empty: str = "", right: Sequence[str] = (),
    total: Sequence[Any] = (), out: Console | None = None,
) -> None:  # fmt: skip
    """A table, or what to say of an empty one. `right`: columns of numbers; `total`: a last row below a rule."""
    out = out or OUT
    if not rows:
        out.print(empty)
        return
    texts = [["" if value is None else str(value) for value in row] for row in (*rows, *((total,) if total else ()))]
    natural = [max(map(cell_len, column)) for column in zip(columns, *texts, strict=True)]
    whole = [all(text.isascii() for text in column) for column in zip(*texts, strict=True)]
    words = [max(map(_longest, column)) for column in zip(*texts, strict=True)]
    least = sum(
        width if kept else min(width, max(NARROW, word))
        for width, kept, word in zip(natural, whole, words, strict=True)
    )
    gaps = GAP * (len(columns) - 1)
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False,
                  padding=(0, GAP - 1, 0, 0))  # fmt: skip
    for column, kept in zip(columns, whole, strict=True):
        table.add_column(column, justify="right" if column in right else "left", overflow="fold", no_wrap=kept)
    for text in texts:
        if total and text is texts[-1]:
            table.add_section()
        table.add_row(*map(Text, text))
    if least + gaps <= out.width:
        out.print(table)
    else:
        each(out, title, columns, texts)


def _longest(text: str) -> int:
    """Cells of the longest code within a text."""
    return max(map(len, _CODE.findall(text)), default=0)


def each(out: Console, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Row by row, the first column that has something as heading; what is empty is left out."""
    if title:
        out.print(f"[italic]{title}[/]")
    wide = max(map(cell_len, columns[1:]), default=0)
    for row in rows:
        head = next((at for at, text in enumerate(row) if text), 0)
        out.print(f"\n[bold]{escape(row[head])}[/]")
        for at, (column, text) in enumerate(zip(columns, row, strict=True)):
            if text and at != head:
                out.print(f"  [dim]{column}{' ' * (wide - cell_len(column))}[/]  {escape(text)}", soft_wrap=True)
