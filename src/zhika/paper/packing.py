"""装箱单 and 签领表 of a parcel: what lies in it, in the order in which it was packed, and who signed for it.

Both are one table with a row of fixed height for each card, so that there is room to sign; a name too long for its
column is set smaller, in as many lines as the row holds.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from io import BytesIO
from itertools import chain, pairwise
from typing import NamedTuple

import xlsxwriter

from zhika.card.face import MM_PER_INCH, PT_PER_INCH
from zhika.card.idnumber import mask
from zhika.paper.columns import BOTTOM, LONG_EDGE, MARGIN, SHORT_EDGE, TOP, broken
from zhika.paper.typeface import FAMILY, missing_glyphs
from zhika.paper.typeset import Party, pdf

NO_GLYPH = "〓"
INTRO, HEADING, PAD = 26.5, 8.0, 1.0
"""Head of the first page, head of the columns, space beside a column's text; in mm."""


class Packed(NamedTuple):
    """One card of a parcel, as its lists show it."""

    name: str
    id_no: str
    """Whole; no list shows more than the first six and last four."""
    card_serial: str
    flag: str
    household: str = ""
    """What keeps a family together; "" where the unit doesn't work by households."""
    village_group: str = ""
    certificate_no: str = ""
    relation: str = ""
    person_no: str = ""


class Column(NamedTuple):
    """One column: title, width in mm, what it shows; one to write in shows nothing."""

    title: str
    width: float
    shown: Callable[[Packed], str] = lambda row: ""


_FAMILY = (
    Column("组", 13, lambda row: row.village_group),
    Column("医疗证号", 32, lambda row: row.certificate_no),
    Column("与户主关系", 19, lambda row: row.relation),
)
_NUMBER = (Column("个人编号", 31, lambda row: row.person_no),)
_CARD = (
    Column("姓名", 27, lambda row: row.name),
    Column("公民身份号码", 35, lambda row: mask(row.id_no)),
    Column("卡序列号", 28, lambda row: row.card_serial),
)
_SIGNED = (
    Column("本人签名", 32), Column("代领人签名", 28), Column("关系", 13), Column("代领人证件号码", 36),
    Column("日期", 19),
)  # fmt: skip
_LEADING = 1.2
"""Lines of one row stand so far apart, in their own height."""
_SLACK = 0.05
"""In em: what fits by our sums must fit by the typesetter's too."""
CLOSING, KEPT = 24.0, 2
"""Height of note and signatures in mm, and how many rows go over with them where a page has no room left for them."""
_LINE = 9.0
"""Width of the running number."""


@dataclass(frozen=True)
class Form:
    """How one of the two lists is laid out."""

    title: str
    landscape: bool
    row: float
    """Height of a card's row, in mm."""
    sizes: tuple[float, ...]
    """Type sizes in points, largest first: a value too long for one takes the next, in as many lines as fit."""
    extra: tuple[Column, ...]
    note: str
    signs: tuple[str, ...]

    def columns(self, families: bool) -> tuple[Column, ...]:
        return (*(_FAMILY if families else _NUMBER), *_CARD, *self.extra)


PACKING = Form(
    "装箱单", False, 5.6, (7.6, 6.6, 5.6, 4.6), (Column("类别", 12, lambda row: row.flag),),
    "本单随卡装箱，卡在箱内按序号排列；收到后逐张核对，如有差异，以交接回执为准。",
    ("装箱人", "复核人", "收箱单位（盖章）", "日期"),
)  # fmt: skip
SIGNING = Form(
    "签领表", True, 9.0, (8.0, 7.2, 6.2, 5.0), _SIGNED,
    "领卡人须出示本人身份证；代领的，须出示双方证件，并登记代领人姓名、证件号码和与持卡人的关系。制卡资料的采集、确认人不得发卡或代领。",
    ("发放人", "发放单位（盖章）", "日期"),
)  # fmt: skip


def document(form: Form, rows: Sequence[Packed], *, code: str, given: Party, taken: Party, on: date) -> bytes:
    """A4 PDF of one list: head with parcel, both sides and totals; the rows as given; signatures; page x of y.

    Households, where rows name them, stand apart by a heavier line. A character that the typeface lacks stands as 〓.
    The same data give the same bytes.

    >>> row = Packed("陈阿山", "350502199001010018", "QZ26000000017", "新增")
    >>> made = document(SIGNING, [row], code="A1-02-261123-01.100000", given=Party("丰泽医保中心", "02"),
    ...     taken=Party("闽达小学", "100000"), on=date(2026, 11, 23))
    >>> made[:5]
    b'%PDF-'
    """
    families = any(row.household for row in rows)
    columns = form.columns(families)
    lacking = missing_glyphs("".join(row.name + row.village_group + row.relation for row in rows))
    cells = [[_printable(column.shown(row), lacking) for row in rows] for column in columns]
    room = (LONG_EDGE if form.landscape else SHORT_EDGE) - 2 * MARGIN
    scale = room / (_LINE + sum(column.width for column in columns))
    widths = [_LINE * scale, *(column.width * scale for column in columns)]
    cells = [[str(n) for n in range(1, len(rows) + 1)], *cells]
    head = {
        "title": form.title, "code": code, "date": on.isoformat(), "font": FAMILY, "given": given._asdict(),
        "taken": taken._asdict(), "totals": totals(rows), "columns": ["序号", *(column.title for column in columns)],
        "widths": widths, "landscape": form.landscape, "row": form.row, "intro": INTRO, "heading": HEADING,
        "pad": PAD, "margin": MARGIN, "top": TOP, "bottom": BOTTOM, "note": form.note, "signs": form.signs,
        "lacking": NO_GLYPH if lacking else "",
    }  # fmt: skip
    apart = [bool(row.household) and row.household != before.household for before, row in pairwise(rows)]
    return pdf("packing.typ", on=on, head=head, pages=list(_pages(form, cells, widths, [False, *apart])))


def totals(rows: Sequence[Packed]) -> list[tuple[str, str]]:
    """What the head counts: cards, households where there are any, replacements."""
    households = len({row.household for row in rows if row.household})
    counted = [("卡片", f"{len(rows):,} 张")]
    counted += [("户数", f"{households:,} 户")] if households else []
    return [*counted, ("补换", f"{sum(row.flag == '补换' for row in rows):,} 张")]


def workbook(form: Form, rows: Sequence[Packed], *, code: str, given: Party, taken: Party, on: date) -> bytes:
    """The same list as XLSX: every cell text, header frozen and repeated, columns to write in left empty."""
    columns = form.columns(any(row.household for row in rows))
    out = BytesIO()
    with xlsxwriter.Workbook(out, {"constant_memory": True}) as book:
        book.set_properties({"title": f"{form.title} {code}", "created": datetime.combine(on, time())})
        look = {"num_format": "@", "font_name": FAMILY, "font_size": 10, "valign": "vcenter", "border": 1}
        cell, head = book.add_format(look), book.add_format({**look, "bold": True, "bg_color": "#E2EBF4"})
        sheet = book.add_worksheet(form.title)
        sheet.set_paper(9)
        if form.landscape:
            sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        sheet.freeze_panes(1, 0)
        about = " ".join(f"{name} {value}" for name, value in totals(rows))
        sheet.set_header(f"&C{form.title}  {code}&R{on.isoformat()}")
        sheet.set_footer(f"&L{given.organisation} → {taken.organisation}  {about}&R第 &P 页 共 &N 页")
        for at, width in enumerate([_LINE, *(column.width for column in columns)]):
            sheet.set_column(at, at, width / 1.9, cell)
        for at, title in enumerate(["序号", *(column.title for column in columns)]):
            sheet.write_string(0, at, title, head)
        for number, row in enumerate(rows, 1):
            sheet.set_row(number, form.row * PT_PER_INCH / MM_PER_INCH)
            for at, value in enumerate([str(number), *(column.shown(row) for column in columns)]):
                sheet.write_string(number, at, value, cell)
    return out.getvalue()


def _printable(value: str, lacking: set[str]) -> str:
    return "".join(NO_GLYPH if character in lacking else character for character in value)


def _pages(
    form: Form, cells: Sequence[Sequence[str]], widths: Sequence[float], apart: Sequence[bool]
) -> Iterator[dict[str, object]]:  # fmt: skip
    """Rows shared out to pages; of each page a text a column and layer, as the typesetter takes them quickly."""
    body = (SHORT_EDGE if form.landscape else LONG_EDGE) - TOP - BOTTOM - HEADING
    first, later = int((body - INTRO) / form.row), int(body / form.row)
    start, number = 0, len(cells[0])
    while start < number or start == 0:
        room = later if start else first
        stop = min(number, start + room)
        if stop == number and (stop - start) + CLOSING / form.row > room and stop - start > KEPT:
            stop -= KEPT
        yield {
            "rows": stop - start, "apart": [at - start for at in range(start + 1, stop) if apart[at]],
            "layers": _layers(form, [column[start:stop] for column in cells], widths),
        }  # fmt: skip
        if stop == number:
            return
        start = stop


def _layers(form: Form, cells: Sequence[Sequence[str]], widths: Sequence[float]) -> list[dict[str, object]]:
    """What is set in one size and number of lines is one layer: of each column a text in which the others are blank."""
    found: dict[tuple[int, float], list[list[list[str]]]] = {}
    for at, (column, width) in enumerate(zip(cells, widths, strict=True)):
        for row, value in enumerate(column):
            if value:
                size, lines = _fitted(form, value, width - 2 * PAD)
                key = (len(lines), size)
                if key not in found:
                    found[key] = [[[""] * len(lines) for _ in column] for column in cells]
                found[key][at][row] = lines
    return [
        {"lines": lines, "size": size, "columns": ["\n".join(chain(*column)) for column in texts]}
        for (lines, size), texts in sorted(found.items())
    ]


def _fitted(form: Form, value: str, room: float) -> tuple[float, list[str]]:
    """The largest size in which a row of the form holds a value, and the value in lines; what is cut off ends in ….

    >>> _fitted(SIGNING, "陈阿山", 25)
    (8.0, ['陈阿山'])
    >>> _fitted(SIGNING, "阿卜杜热西提·艾合买提江", 25)
    (8.0, ['阿卜杜热西提·艾', '合买提江'])
    """
    for size in form.sizes:
        unit = size * MM_PER_INCH / PT_PER_INCH
        most = int(form.row / (unit * _LEADING))
        lines = broken(value, room / unit - _SLACK)
        if len(lines) <= most:
            return size, lines
    return form.sizes[-1], [*lines[: most - 1], lines[most - 1][:-1] + "…"]
