"""Rows as lines of fixed byte widths, in the encoding that a bank's host reads."""

from typing import BinaryIO

import polars as pl

from zhika.errors import ConfigurationError
from zhika.exchange.checks import Faults, check_values
from zhika.exchange.layouts import Layout
from zhika.flows.documents import Document


def encode(document: Document, rows: pl.DataFrame, layout: Layout, faults: Faults) -> bytes:
    """Checked rows as lines; a value that the encoding or width cannot carry goes to `faults`."""
    titles = _titles(document, layout)
    columns = []
    for name, width in layout.widths:
        column = []
        for row, value in enumerate(rows[name].to_list(), layout.first_row):
            try:
                cell = value.encode(layout.encoding)
            except UnicodeEncodeError:
                faults.add(f"有 {layout.encoding} 不能表示的字", row, titles[name])
                cell = b""
            if len(cell) > width:
                faults.add(f"超过 {width} 字节（{layout.encoding}）", row, titles[name])
            if "\n" in value or "\r" in value or value.endswith(" "):
                faults.add("定长文件不能有换行或末尾空格", row, titles[name])
            column.append(cell.ljust(width))
        columns.append(column)
    return b"".join(b"".join(cells) + b"\n" for cells in zip(*columns, strict=True))


def decode(document: Document, source: BinaryIO, layout: Layout, faults: Faults) -> pl.DataFrame:
    """Rows of a fixed-width file; what is wrong goes to `faults`."""
    titles = _titles(document, layout)
    records: list[list[str]] = []
    numbers: list[int] = []
    for row, line in enumerate(source, layout.first_row):
        if faults.full:
            break
        line = line.removesuffix(b"\n").removesuffix(b"\r")
        if len(line) != layout.length:
            faults.add(f"应为 {layout.length} 字节，实为 {len(line)} 字节", row)
            continue
        record = []
        start = 0
        for name, width in layout.widths:
            try:
                record.append(line[start : start + width].decode(layout.encoding).rstrip(" "))
            except UnicodeDecodeError:
                faults.add(f"不是 {layout.encoding} 编码", row, titles[name])
            start += width
        if len(record) == len(layout.widths):
            records.append(record)
            numbers.append(row)
    columns = dict(zip(layout.columns, zip(*records, strict=True), strict=True)) if records else {}
    rows = pl.DataFrame(
        {name: columns.get(name, ()) for name in document.columns},
        schema=dict.fromkeys(document.columns, pl.String),
    )
    check_values(document, rows, numbers, faults)
    return rows


def _titles(document: Document, layout: Layout) -> dict[str, str]:
    if sorted(layout.columns) != sorted(document.columns):
        raise ConfigurationError(f"layout {layout.name} does not hold the columns of {document.code}, each once")
    return {field.name: field.title for field in document.fields}
