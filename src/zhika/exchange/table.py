"""The rows of a document as a file, checked on the way out and on the way in."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import BinaryIO

import polars as pl

from zhika.exchange import fixed, separated
from zhika.exchange.checks import Faults, check_columns, check_values
from zhika.exchange.files import replace
from zhika.exchange.layouts import CSV, Layout
from zhika.flows.documents import Document

Rows = pl.DataFrame
"""Rows of one document: its columns in its order, all of them text; an empty value is "", never null."""


def frame(document: Document, told: Iterable[Mapping[str, str]]) -> Rows:
    """Rows as the document declares them, from what is told of each; what it does not declare is left out."""
    rows = [{name: one[name] for name in document.columns} for one in told]
    return pl.DataFrame(rows, schema=dict.fromkeys(document.columns, pl.String))


def encode(document: Document, rows: Rows, layout: Layout = CSV, where: str = "rows.csv") -> bytes:
    """The rows as the bytes of a file. Raises `Refused` with every fault; `where` names the file in them.

    >>> from zhika.flows.documents import PASSING_ON
    >>> encode(PASSING_ON, pl.DataFrame([PASSING_ON.example])).decode().splitlines()[0]
    'app_no,id_no,name,card_serial'
    """
    faults = Faults(where)
    check_columns(document, rows.columns, faults)
    for name, kind in rows.schema.items():
        if kind != pl.String:
            faults.add("一律为文本", row=1, column=name)
    faults.refuse()
    rows = rows.fill_null("")
    check_values(document, rows, range(layout.first_row, layout.first_row + rows.height), faults)
    data = fixed.encode(document, rows, layout, faults) if layout.widths else separated.encode(document, rows)
    faults.refuse()
    return data


def decode(document: Document, source: BinaryIO, layout: Layout = CSV, where: str = "rows.csv") -> Rows:
    """The rows that a stream holds. Raises `Refused` with row, column and rule of every fault, never a value.

    Refused are: missing, unknown or misplaced columns, a value over `Field.width` characters, a required one that
    is empty, bytes that are not of the layout's encoding, and a row with too many or too few fields.

    >>> from io import BytesIO
    >>> from zhika.flows.documents import PASSING_ON
    >>> decode(PASSING_ON, BytesIO(b"app_no,id_no,name,card_serial\\nA1,,B,QZ1\\n"))
    Traceback (most recent call last):
        ...
    zhika.errors.Refused: rows.csv 第 2 行「公民身份号码」列: 不可为空
    """
    faults = Faults(where)
    if layout.widths:
        rows = fixed.decode(document, source, layout, faults)
    else:
        rows = separated.decode(document, source, faults)
    faults.refuse()
    return rows


def write(document: Document, rows: Rows, path: Path, layout: Layout = CSV) -> int:
    """Write the rows to `path`, whole or not at all; returns how many. Raises `Refused` as `encode` does."""
    data = encode(document, rows, layout, path.name)
    replace(path, data)
    return rows.height


def read(document: Document, path: Path, layout: Layout = CSV) -> Rows:
    """The rows of the file at `path`. Raises `Refused` as `decode` does, and `FileNotFoundError`."""
    with path.open("rb") as source:
        return decode(document, source, layout, path.name)
