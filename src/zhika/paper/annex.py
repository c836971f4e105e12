"""The document's annexes as they are printed: a title, tables of figures, remarks and a line to sign.

One value stands behind all its forms: terminal, JSON, PDF and workbook show the same rows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from io import BytesIO
from itertools import groupby
from typing import Any, TypeAlias

import xlsxwriter

from zhika.paper.columns import em
from zhika.paper.lists import NO_GLYPH
from zhika.paper.typeface import FAMILY, missing_glyphs
from zhika.paper.typeset import pdf

Cell: TypeAlias = str | int | None
"""A number is a count, right-aligned and grouped by thousands; None stands for what does not exist (yet)."""
Row: TypeAlias = tuple[Cell, ...]
SIGNED = ("制表人", "审核人", "单位（盖章）", "日期")


@dataclass(frozen=True)
class Heading:
    """A column: its name for programs, its title, and what several columns stand under together."""

    name: str
    title: str
    group: str = ""


@dataclass(frozen=True)
class Section:
    """One table of a sheet."""

    title: str
    headings: tuple[Heading, ...]
    rows: tuple[Row, ...]
    total: Row | None = None
    marked: frozenset[tuple[int, int]] = frozenset()
    """Cells (row, column) that ask to be looked at; the total stands in row `len(rows)`."""
    empty: str = ""
    """What is said in place of a table without rows."""
    ruled: bool = True
    """False: a list without lines, as annex 7 prints its names."""

    @property
    def lines(self) -> tuple[Row, ...]:
        """Rows, and the total below them."""
        return self.rows if self.total is None else (*self.rows, self.total)

    @property
    def groups(self) -> list[tuple[str, int]]:
        """Columns' groups from left to right, with how many columns stand under each."""
        return [(title, len(list(some))) for title, some in groupby(self.headings, lambda heading: heading.group)]


@dataclass(frozen=True)
class Sheet:
    """One annex on one day."""

    annex: str
    """附件3"""
    title: str
    on: date
    sections: tuple[Section, ...]
    unit: str = ""
    """What the figures count."""
    facts: tuple[tuple[str, str], ...] = ()
    remarks: tuple[str, ...] = ()


def shown(cell: Cell) -> str:
    """A cell as people read it.

    >>> shown(1088386), shown(-1), shown(None)
    ('1,088,386', '-1', '')
    """
    return f"{cell:,}" if isinstance(cell, int) else cell or ""


def numeric(section: Section, at: int) -> bool:
    """Whether a column holds counts."""
    return any(isinstance(line[at], int) for line in section.lines)


def annex_pdf(sheets: Sequence[Sheet]) -> bytes:
    """A4 landscape, each sheet from a page of its own: title, tables, remarks, a line to sign; page x of y.

    A character that the typeface lacks stands as 〓. The same sheets give the same bytes.

    >>> table = Section("", (Heading("county", "县"), Heading("people", "人数")), (("洛江区", 158126),))
    >>> annex_pdf([Sheet("附件6", "任务进度表", date(2026, 4, 25), (table,), unit="人")])[:5]
    b'%PDF-'
    """
    head = {"font": FAMILY, "signed": SIGNED, "title": " ".join(dict.fromkeys(sheet.title for sheet in sheets))}
    return pdf("annex.typ", on=sheets[0].on, head=head, sheets=[_printed(sheet) for sheet in sheets])


def _printed(sheet: Sheet) -> dict[str, object]:
    text = "".join(shown(cell) for section in sheet.sections for line in section.lines for cell in line)
    lacking = (f"{NO_GLYPH} 为字库缺字, 以电子数据为准。",) if missing_glyphs(text) else ()
    return {
        "annex": sheet.annex, "title": _glyphs(sheet.title), "date": sheet.on.isoformat(), "unit": sheet.unit,
        "facts": sheet.facts, "remarks": [_glyphs(remark) for remark in (*sheet.remarks, *lacking)],
        "sections": [_table(section) for section in sheet.sections],
    }  # fmt: skip


def _table(section: Section) -> dict[str, object]:
    cells = [[_glyphs(shown(cell)) for cell in line] for line in section.lines]
    return {
        "title": _glyphs(section.title), "empty": section.empty, "ruled": section.ruled,
        "groups": section.groups, "titles": [heading.title for heading in section.headings],
        "right": [numeric(section, at) for at in range(len(section.headings))], "cells": cells,
        "total": section.total is not None, "marked": sorted(section.marked), "widths": widths(section),
    }  # fmt: skip


def widths(section: Section) -> list[float]:
    """What each column needs, in em: its longest text or number, its title broken at half."""
    needs = []
    for at, heading in enumerate(section.headings):
        values = max((em(shown(line[at])) for line in section.lines), default=0.0)
        needs.append(round(max(values, em(heading.title) / (2 if len(heading.title) > 4 else 1), 2.0), 2))
    return needs


def _glyphs(text: str) -> str:
    for character in missing_glyphs(text):
        text = text.replace(character, NO_GLYPH)
    return text


# Workbook -----------------------------------------------------------------------------------------------------------


def annex_workbook(sheets: Sequence[Sheet]) -> bytes:
    """The same sheets as XLSX, one worksheet each; counts are numbers, everything else is text.

    The same sheets give the same bytes.
    """
    out = BytesIO()
    with xlsxwriter.Workbook(out) as book:
        book.set_properties({"title": sheets[0].title, "created": datetime.combine(sheets[0].on, time())})
        look = {"font_name": FAMILY, "font_size": 10, "valign": "vcenter"}
        styles = {
            name: book.add_format(look | extra)
            for name, extra in {
                "title": {"bold": True, "font_size": 14}, "plain": {},
                "head": {"bold": True, "bg_color": "#E2EBF4", "border": 1, "align": "center", "text_wrap": True},
                "text": {"num_format": "@", "border": 1}, "count": {"num_format": "#,##0", "border": 1},
                "text!": {"num_format": "@", "border": 1, "bg_color": "#FFF4D6"},
                "count!": {"num_format": "#,##0", "border": 1, "bg_color": "#FFF4D6"},
            }.items()
        }  # fmt: skip
        for number, sheet in enumerate(sheets, 1):
            _worksheet(
                book.add_worksheet(sheet.annex if len(sheets) == 1 else f"{sheet.annex}-{number}"), sheet, styles
            )
    return out.getvalue()


def _worksheet(page: Any, sheet: Sheet, styles: dict[str, Any]) -> None:
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.write_string(0, 0, f"{sheet.annex}　{sheet.title}", styles["title"])
    page.write_string(1, 0, "　".join(_about(sheet)), styles["plain"])
    at = 3
    for section in sheet.sections:
        at = _block(page, section, at, styles)
    for remark in sheet.remarks:
        page.write_string(at, 0, remark, styles["plain"])
        at += 1
    wide = [max(some) for some in zip(*(_padded(section, sheet) for section in sheet.sections), strict=True)]
    for column, width in enumerate(wide):
        page.set_column(column, column, min(60.0, width * 1.8 + 2))


def _about(sheet: Sheet) -> Iterator[str]:
    yield f"截至 {sheet.on.isoformat()}"
    if sheet.unit:
        yield f"单位：{sheet.unit}"
    yield from (f"{label} {value}" for label, value in sheet.facts)


def _padded(section: Section, sheet: Sheet) -> list[float]:
    most = max(len(other.headings) for other in sheet.sections)
    return [*widths(section), *[0.0] * (most - len(section.headings))]


def _block(page: Any, section: Section, at: int, styles: dict[str, Any]) -> int:
    """Write a table from a row on; the row after it and a blank one."""
    if section.title:
        page.write_string(at, 0, section.title, styles["plain"])
        at += 1
    if not section.lines:
        page.write_string(at, 0, section.empty, styles["plain"])
        return at + 2
    if any(title for title, _ in section.groups):
        column = 0
        for title, span in section.groups:
            if span > 1:
                page.merge_range(at, column, at, column + span - 1, title, styles["head"])
            else:
                page.write_string(at, column, title, styles["head"])
            column += span
        at += 1
    for column, heading in enumerate(section.headings):
        page.write_string(at, column, heading.title, styles["head"])
    for number, line in enumerate(section.lines):
        for column, cell in enumerate(line):
            mark = "!" if (number, column) in section.marked else ""
            if isinstance(cell, int):
                page.write_number(at + 1 + number, column, cell, styles[f"count{mark}"])
            else:
                page.write_string(at + 1 + number, column, cell or "", styles[f"text{mark}"])
    return at + len(section.lines) + 2
