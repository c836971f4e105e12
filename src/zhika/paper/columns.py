"""How a table stands on A4: column widths, lines broken where a column ends, lines shared out to pages.

Worked out before typesetting, from the typeface's own widths: the typesetter then sets one text for a column of a page
instead of a cell for every value, which takes a fifth of the time. Lengths in mm, type size in points.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from math import ceil

from zhika.card.face import MM_PER_INCH, PT_PER_INCH
from zhika.flows.words import wrap
from zhika.paper.typeface import font

SHORT_EDGE, LONG_EDGE = 210.0, 297.0
"""A4 (ISO 216)."""
MARGIN, TOP, BOTTOM = 10.0, 11.0, 14.0
INTRO, HEADING, PITCH, PAD = 37.0, 8.0, 4.3, 0.9
"""Head of the first page; head of the columns; one line; space beside a column's text."""
SIZE, SMALLEST = 7.2, 5.2
_UNBROKEN = 45.0
"""A column without Chinese text stays in one line up to this width."""
_NARROWEST = 16.0
"""Chinese text may be broken down to this width."""
_TITLE_LINE = 4
"""Characters of a column's title that stand in one line; longer ones take two."""
_SLACK = 0.05
"""In em: what fits by our sums must fit by the typesetter's too, or a row would slip."""
_UNITS = 1000


@cache
def _advance(character: str) -> float:
    """Width of a character in em."""
    return font(_UNITS).getlength(character) / _UNITS


def em(text: str) -> float:
    """Width of a text in em; digits are of one width.

    >>> em("陈阿山"), em("111") == em("888")
    (3.0, True)
    """
    return sum(map(_advance, text))


def heading(title: str, values: Iterable[str] = ()) -> str:
    """A column's title in the lines it is printed in: one, where its values are as wide, else two of like length.

    >>> heading("成品/作废"), heading("单位（村）编号", ["350583"]), heading("公民身份号码", ["350502199001010018"])
    ('成品/\\n作废', '单位\\n（村）编号', '公民身份号码')
    """
    if len(title) <= _TITLE_LINE or any(em(value) >= em(title) for value in set(values)):
        return title
    return title.replace("/", "/\n") if "/" in title else "\n".join(wrap(title, ceil(em(title) / 2) + 1))


@dataclass(frozen=True)
class Table:
    """Columns of text as they will stand: widths in mm with padding, type size in points."""

    landscape: bool
    widths: tuple[float, ...]
    size: float

    @property
    def em(self) -> float:
        """One em in mm."""
        return self.size * MM_PER_INCH / PT_PER_INCH

    @property
    def body(self) -> float:
        """Height of a page between its margins, in mm."""
        return (SHORT_EDGE if self.landscape else LONG_EDGE) - TOP - BOTTOM


@dataclass
class Page:
    """One page's lines, column by column; rules and marks count lines from its top."""

    lines: int
    columns: list[str]
    rules: list[int]
    marked: list[tuple[int, int]]


def fit(titles: Sequence[str], columns: Sequence[Sequence[str]]) -> Table:
    """Choose portrait or landscape and the width of each column.

    Numbers and codes keep to one line; Chinese text gives way first, then the type size.
    """
    unit = SIZE * MM_PER_INCH / PT_PER_INCH
    natural, least = [], []
    for title, values in zip(titles, columns, strict=True):
        distinct = set(values)
        value_width = max((em(value) for value in distinct), default=0) * unit
        title_width = max(map(em, title.split("\n"))) * unit
        width = max(value_width, title_width) + 2 * PAD + 0.4
        rigid = width <= _UNBROKEN and all(value.isascii() for value in distinct)
        natural.append(width)
        least.append(width if rigid else min(width, _NARROWEST))
    landscape = sum(natural) > SHORT_EDGE - 2 * MARGIN
    room = (LONG_EDGE if landscape else SHORT_EDGE) - 2 * MARGIN
    give, excess = sum(natural) - sum(least), sum(natural) - room
    if excess <= 0:
        spare = -excess / len(natural)
        return Table(landscape, tuple(width + spare for width in natural), SIZE)
    share = min(1.0, excess / give) if give else 0.0
    widths = [width - (width - low) * share for width, low in zip(natural, least, strict=True)]
    scale = min(1.0, room / sum(widths))
    return Table(landscape, tuple(width * scale for width in widths), max(SMALLEST, SIZE * scale))


def broken(text: str, room: float) -> list[str]:
    """A text in lines of at most `room` em; a single character always fits.

    >>> broken("鲤城区涂门街 1 号", 4.2)
    ['鲤城区涂', '门街 1 号']
    """
    lines, line, width = [], "", 0.0
    for character in text:
        width += _advance(character)
        if line and width > room:
            lines.append(line)
            line, width = "", _advance(character)
        line += character
    return [*lines, line]


def pages(table: Table, columns: Sequence[Sequence[str]], marked: Sequence[bool]) -> list[Page]:
    """Share the rows out to pages; a row never stands on two. There is always a first page."""
    rooms = [(width - 2 * PAD) / table.em - _SLACK for width in table.widths]
    narrow = [max((em(v) for v in set(values)), default=0) > room for values, room in zip(columns, rooms, strict=True)]
    first = int((table.body - INTRO - HEADING) / PITCH)
    later = int((table.body - HEADING) / PITCH)
    out: list[Page] = []
    cells: list[list[str]] = [[] for _ in columns]
    page = Page(0, [], [], [])
    for row in range(len(marked)):
        lines = [broken(values[row], rooms[at]) if narrow[at] else [values[row]] for at, values in enumerate(columns)]
        height = max(map(len, lines))
        if page.lines and page.lines + height > (later if out else first):
            page.columns = ["\n".join(lines_of) for lines_of in cells]
            out.append(page)
            page, cells = Page(0, [], [], []), [[] for _ in columns]
        for into, part in zip(cells, lines, strict=True):
            into += part + [""] * (height - len(part))
        if marked[row]:
            page.marked.append((page.lines, height))
        page.lines += height
        page.rules.append(page.lines)
    page.columns = ["\n".join(lines_of) for lines_of in cells]
    return [*out, page]
