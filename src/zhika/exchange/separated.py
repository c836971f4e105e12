"""Rows as UTF-8 CSV with a header (RFC 4180)."""

import csv
from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO

import polars as pl

from zhika.exchange.checks import Faults, check_columns, check_values
from zhika.flows.documents import Document

CHUNK = 20_000
"""Rows held as Python strings at a time; the rest is in compact columns."""


def encode(document: Document, rows: pl.DataFrame) -> bytes:
    """Checked rows as the bytes of a CSV file."""
    target = BytesIO()
    empty_as_nothing = [pl.when(pl.col(name) != "").then(pl.col(name)) for name in document.columns]
    rows.select(empty_as_nothing).write_csv(target)
    return target.getvalue()


def decode(document: Document, source: BinaryIO, faults: Faults) -> pl.DataFrame:
    """Rows of a CSV file; what is wrong goes to `faults`.

    polars' own reader fills a short row up silently and mends bad quotes, so Python's strict one reads here.
    """
    lines = _Lines(source)
    reader = csv.reader(lines, strict=True)
    empty = pl.DataFrame(schema=dict.fromkeys(document.columns, pl.String))
    try:
        header = next(reader, [])
    except csv.Error:
        faults.add("表头不合 CSV 规定（引号或换行）", row=1)
        return empty
    if lines.take_broken():
        faults.add("表头不是 UTF-8 编码", row=1)
        return empty
    check_columns(document, header, faults)
    if tuple(header) != document.columns:
        return empty
    frames = [empty]
    records: list[list[str]] = []
    numbers: list[int] = []
    width = len(document.columns)
    row = 1

    def take() -> None:
        columns = zip(*records, strict=True)
        frame = pl.DataFrame(
            [pl.Series(name, column, dtype=pl.String) for name, column in zip(document.columns, columns, strict=True)]
        )
        check_values(document, frame, numbers, faults)
        frames.append(frame)
        records.clear()
        numbers.clear()

    while not faults.full:
        row += 1
        try:
            record = next(reader, None)
        except csv.Error:  # where the next row begins can no longer be told
            faults.add("不合 CSV 规定（引号或换行），其后各行未读", row)
            break
        if record is None:
            break
        if lines.broken and lines.take_broken():
            faults.add("不是 UTF-8 编码", row)
        elif len(record) != width:
            faults.add(f"应有 {width} 个字段，实有 {len(record)} 个", row)
        else:
            records.append(record)
            numbers.append(row)
            if len(records) == CHUNK:
                take()
    if records:
        take()
    return pl.concat(frames)


class _Lines:
    """Decoded lines, and whether one since the last asking was not UTF-8."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self.broken = False

    def take_broken(self) -> bool:
        was, self.broken = self.broken, False
        return was

    def __iter__(self) -> Iterator[str]:
        encoding = "utf-8-sig"  # spreadsheets put a byte order mark before the header
        for line in self._source:
            try:
                yield line.decode(encoding)
            except UnicodeDecodeError:
                self.broken = True
                yield line.decode(encoding, "replace")
            encoding = "utf-8"
