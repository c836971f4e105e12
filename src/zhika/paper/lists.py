"""Handover lists: the paper and the workbook of a document, from the same rows as its electronic file.

半成品卡移交清单 is the paper of 制卡信息文档, 制卡清单 the bank's, 社保卡交接单 the centre's. Columns come from the
document's declaration; what may only pass sealed from bank to supplier is never printed.
"""

from dataclasses import asdict
from datetime import date, datetime, time
from io import BytesIO

import polars as pl
import xlsxwriter

from zhika.errors import ConfigurationError, Fault, Refused
from zhika.flows.causes import CAUSES
from zhika.flows.documents import CAUSE, CONDITION, FLAG, PHOTO, SECRET_FIELDS, Document, Field
from zhika.paper import columns as layout
from zhika.paper.typeface import FAMILY, missing_glyphs
from zhika.paper.typeset import Party, pdf

LINE_TITLE = "序号"
SHOWN = {
    CONDITION.name: {"good": "成品", "void": "作废"},
    CAUSE.name: {code: cause.title for code, cause in CAUSES.items()},
}
"""Codes of a column and the words that stand for them on paper."""
NO_GLYPH = "〓"
"""Stands on paper for a character that the typeface lacks, and for one that would break the line."""
REPLACED = "补换"
"""Value of 新增/补换 whose rows are marked: they go to a person who had a card before."""


def handover_list(
    document: Document,
    rows: pl.DataFrame,
    *,
    code: str,
    given: Party,
    taken: Party,
    digest: str,
    on: date,
    title: str = "",
) -> bytes:
    """A4 PDF: head with batch code, both parties and totals; the rows; signatures of both sides; page x of y.

    `rows` has the document's columns (others are left out), `digest` is the SHA-256 (64 hex digits) of the electronic
    file that it prints, `on` the day it is made, `title` another heading than the document's own. Numbers keep to one
    line; rows of replacement cards 补换卡 are marked; a character that the typeface lacks stands as 〓, with a note.
    The same data give the same bytes.

    Raises Refused for a missing column, ConfigurationError for a document that carries what may not be printed.

    >>> from zhika.flows.documents import PASSING_ON
    >>> made = handover_list(
    ...     PASSING_ON, pl.DataFrame([PASSING_ON.example]), code="B-urban-02-001", given=Party("丰泽医保中心", "02"),
    ...     taken=Party("闽达小学", "100000"), digest="0" * 64, on=date(2026, 11, 23),
    ... )
    >>> made[:5]
    b'%PDF-'
    """
    fields = printed_fields(document)
    texts = _texts(document, fields, rows)
    titles = [LINE_TITLE, *(layout.heading(field.title, texts[field.name].unique()) for field in fields)]
    lacking = sorted(missing_glyphs("".join(value for column in texts for value in column.unique())))
    if lacking:
        texts = texts.select(pl.all().str.replace_many(lacking, [NO_GLYPH] * len(lacking)))
    cells = [[str(n) for n in range(1, texts.height + 1)], *(column.to_list() for column in texts)]
    marked = [value == REPLACED for value in texts[FLAG.name]] if FLAG.name in texts.columns else [False] * texts.height
    table = layout.fit(titles, cells)
    head = {
        "title": title or document.title, "code": code, "label": label(code), "date": on.isoformat(),
        "digest": digest, "font": FAMILY,
        "given": given._asdict(), "taken": taken._asdict(), "totals": totals(texts), "columns": titles,
        "lacking": NO_GLYPH if lacking else "",
        "landscape": table.landscape, "widths": table.widths, "size": table.size, "intro": layout.INTRO,
        "heading": layout.HEADING, "pitch": layout.PITCH, "pad": layout.PAD, "margin": layout.MARGIN,
        "top": layout.TOP, "bottom": layout.BOTTOM,
    }  # fmt: skip
    return pdf("handover.typ", on=on, head=head, pages=[asdict(page) for page in layout.pages(table, cells, marked)])


def workbook(
    document: Document,
    rows: pl.DataFrame,
    *,
    code: str,
    given: Party,
    taken: Party,
    digest: str,
    on: date,
    title: str = "",
) -> bytes:
    """The same list as XLSX: every cell text, so that no number loses its digits; header frozen, a sheet of totals.

    Arguments and errors as for `handover_list`. Written row by row: memory doesn't grow with the rows.
    """
    fields = printed_fields(document)
    texts = _texts(document, fields, rows)
    titles = [LINE_TITLE, *(field.title for field in fields)]
    out = BytesIO()
    with xlsxwriter.Workbook(out, {"constant_memory": True}) as book:
        book.set_properties({"title": f"{title or document.title} {code}", "created": datetime.combine(on, time())})
        cell = book.add_format({"num_format": "@", "font_name": FAMILY, "font_size": 10, "valign": "vcenter"})
        replaced = book.add_format({"num_format": "@", "font_name": FAMILY, "font_size": 10, "bg_color": "#FFF4D6"})
        heading = book.add_format(
            {"bold": True, "font_name": FAMILY, "font_size": 10, "bg_color": "#E2EBF4", "bottom": 1, "num_format": "@"}
        )
        sheet = book.add_worksheet("清单")
        for at, name in enumerate(titles):
            longest = max(map(layout.em, texts.to_series(at - 1).unique())) if at and texts.height else 4
            sheet.set_column(at, at, min(60, max(longest, layout.em(name)) * 1.9 + 3), cell)
        sheet.freeze_panes(1, 0)
        sheet.repeat_rows(0)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        flag = texts.columns.index(FLAG.name) if FLAG.name in texts.columns else None
        for at, name in enumerate(titles):
            sheet.write_string(0, at, name, heading)
        for number, row in enumerate(texts.iter_rows(), start=1):
            style = replaced if flag is not None and row[flag] == REPLACED else cell
            for at, value in enumerate((str(number), *row)):
                sheet.write_string(number, at, value, style)
        _cover(book, cell, heading, [
            ("标题", title or document.title), (label(code), code), ("制表日期", on.isoformat()),
            ("移交方", " ".join(filter(None, given))), ("接收方", " ".join(filter(None, taken))),
            *totals(texts), ("电子文件 SHA-256", digest),
        ])  # fmt: skip
    return out.getvalue()


def label(code: str) -> str:
    """What a list's code is the code of.

    >>> label("A1-02-261123-01~card-list"), label("A1-02-261123-01")
    ('交接编号', '批次')
    """
    return "交接编号" if "~" in code else "批次"


def printed_fields(document: Document) -> tuple[Field, ...]:
    """The columns of a document's paper: all but the photo.

    Raises ConfigurationError for a document with expiry date, CVV2 or tracks: no list may hold them.
    """
    secret = [field.title for field in document.fields if field in SECRET_FIELDS]
    if secret:
        raise ConfigurationError(f"单据 {document.code} ({document.title}) 含 {'、'.join(secret)}, 不得印成清单")
    return tuple(field for field in document.fields if field.name != PHOTO.name)


def totals(texts: pl.DataFrame) -> list[tuple[str, str]]:
    """What the head of a list counts: all rows, good and void cards, new and replaced, as far as it has the columns."""
    counted: list[tuple[str, int]] = [("总数", texts.height)]
    for name in (CONDITION.name, FLAG.name):
        if name in texts.columns:
            words = [*SHOWN.get(name, {}).values()] or ["新增", REPLACED]
            counted += [(word, texts.filter(pl.col(name) == word).height) for word in words]
    return [(word, f"{count:,}") for word, count in counted]


def _texts(document: Document, fields: tuple[Field, ...], rows: pl.DataFrame) -> pl.DataFrame:
    """The rows as they are printed: every value text, codes in words."""
    missing = [field for field in fields if field.name not in rows.columns]
    if missing:
        raise Refused([Fault(document.title, "清单缺少此列", column=field.title) for field in missing])
    return rows.select(
        pl.col(field.name).cast(pl.String).fill_null("").replace(SHOWN.get(field.name, {})) for field in fields
    )


def _cover(
    book: xlsxwriter.Workbook,
    cell: xlsxwriter.format.Format,
    heading: xlsxwriter.format.Format,
    lines: list[tuple[str, str]],
) -> None:
    sheet = book.add_worksheet("移交信息")
    sheet.set_column(0, 0, 20, heading)
    sheet.set_column(1, 1, 72, cell)
    for at, (name, value) in enumerate(lines):
        sheet.write_string(at, 0, name, heading)
        sheet.write_string(at, 1, value, cell)
