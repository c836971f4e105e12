"""What every table must satisfy, wherever it came from: its document's columns, widths and required fields."""

from collections.abc import Sequence

import polars as pl

from zhika.errors import Fault, Refused
from zhika.flows.documents import PHOTO, Document

MOST_FAULTS = 1_000
"""A file that is wrong in every row need not say so a million times."""


class Faults:
    """The faults of one file, at most `MOST_FAULTS`.

    >>> faults = Faults("rows.csv")
    >>> faults.add("不可为空", row=2, column="姓名")
    >>> faults.refuse()
    Traceback (most recent call last):
        ...
    zhika.errors.Refused: rows.csv 第 2 行「姓名」列: 不可为空
    """

    def __init__(self, where: str) -> None:
        self.where = where
        self._found: list[Fault] = []

    def add(self, rule: str, row: int | None = None, column: str | None = None) -> None:
        if not self.full:
            self._found.append(Fault(self.where, rule, row, column))

    @property
    def full(self) -> bool:
        return len(self._found) >= MOST_FAULTS

    def refuse(self) -> None:
        """Raise `Refused` with all of them, in the order of rows, if there is one."""
        if self._found:
            raise Refused(sorted(self._found, key=lambda fault: fault.row or 0))


def check_columns(document: Document, columns: Sequence[str], faults: Faults) -> None:
    """The document's columns, all of them, no other, in its order."""
    titles = {field.name: field.title for field in document.fields}
    if len(set(columns)) != len(columns):
        faults.add("列名重复", row=1)
        return
    for name in (name for name in titles if name not in columns):
        faults.add(f"《{document.title}》缺少此列（{name}）", row=1, column=titles[name])
    unknown = len(set(columns) - titles.keys())
    if unknown:  # their names are not shown: in a file without header they are a person's data
        faults.add(f"有 {unknown} 个列不属于《{document.title}》，应为: {', '.join(document.columns)}", row=1)
    if set(columns) == titles.keys() and tuple(columns) != document.columns:
        faults.add(f"列的顺序应为: {', '.join(document.columns)}", row=1)


def check_values(document: Document, rows: pl.DataFrame, numbers: Sequence[int], faults: Faults) -> None:
    """Widths in characters, and required fields; `numbers` are the row numbers to name, one for each row."""
    for field in document.fields:
        values = rows[field.name]
        for at in (values.str.len_chars() > field.width).arg_true().head(MOST_FAULTS):
            faults.add(f"超过 {field.width} 个字符", numbers[at], field.title)
        if field.required:
            for at in (values.str.strip_chars() == "").arg_true().head(MOST_FAULTS):
                faults.add("不可为空", numbers[at], field.title)


def photos_named(document: Document, rows: pl.DataFrame) -> set[str]:
    """The photos, by SHA-256, that the rows name; none for a document that carries no photo."""
    return set(rows[PHOTO.name].to_list()) - {""} if PHOTO.name in document.columns else set()
