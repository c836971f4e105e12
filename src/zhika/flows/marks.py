"""The small marks of a chart's picture: numbers, checks, signs of kind, and the legend that explains them."""

from collections.abc import Iterator

from zhika.flows import ink
from zhika.flows.chart import Kind
from zhika.flows.ink import GREY, INK, PAPER, WAIT, WAIT_FILL, blend, element, rect, text
from zhika.flows.shapes import Rect
from zhika.flows.words import KINDS, em

_SLATE = "#4b5966"


def number(value: int, x: float, y: float, colour: str) -> str:
    """The chart's own number in a circle around (x, y)."""
    circle = element("circle", cx=x, cy=y, r=14.5, fill=colour, stroke=PAPER, stroke_width=2.5)
    return circle + text(str(value), x, y + 5.2, 15, "#ffffff", font_weight=700, text_anchor="middle")


def check(x: float, y: float, colour: str) -> str:
    """A check mark in a circle around (x, y)."""
    circle = element("circle", cx=x, cy=y, r=11, fill=PAPER, stroke=colour, stroke_width=2)
    stroke = f"M{x - 5:.1f} {y + 0.5:.1f}L{x - 1.4:.1f} {y + 4.2:.1f}L{x + 5.2:.1f} {y - 4:.1f}"
    return circle + element("path", d=stroke, fill="none", stroke=colour, stroke_width=2.4, stroke_linecap="round",
                            stroke_linejoin="round")  # fmt: skip


def kind(value: Kind, right: float, bottom: float, colour: str) -> str:
    """The sign of a kind with its lower right corner at (right, bottom): a card, a person, or two cards; auto has none."""
    match value:
        case Kind.AUTO:
            return ""
        case Kind.HAND:
            person = element("circle", cx=right - 8, cy=bottom - 12, r=3.6, fill=colour)
            return person + element("path", d=f"M{right - 15:.1f} {bottom:.1f}a7 7.4 0 0 1 14 0Z", fill=colour)
        case Kind.THING:
            return _card(right - 22, bottom - 15, colour)
        case Kind.EACH:
            behind = rect(Rect(right - 18, bottom - 17, 18, 12), 2, fill="none", stroke=colour, stroke_width=1.3)
            return behind + _card(right - 24, bottom - 13, colour, small=True)


def _card(x: float, y: float, colour: str, small: bool = False) -> str:
    size = 0.85 if small else 1.0
    card = rect(Rect(x, y, 22 * size, 15 * size), 2.4, fill=PAPER, stroke=colour, stroke_width=1.5)
    return card + rect(Rect(x + 3.5 * size, y + 4.5 * size, 5.5 * size, 4.5 * size), 1, fill=colour)


def legend(x: float, y: float, width: float, with_state: bool) -> Iterator[str]:
    """One line that explains every sign of the picture."""
    entries = [
        (34, number(3, x + 16, y, _SLATE), "图中步骤"),
        (42, _frame(x, y, _SLATE, dash="5 4"), "图外步骤"),
        (42, _frame(x, y, _SLATE, dash="3 3", radius=9), "登记收件"),
        *((34, kind(k, x + 27, y + 8, _SLATE), KINDS[k]) for k in (Kind.HAND, Kind.THING, Kind.EACH)),
        (54, _sample(x, y, things=False), "单据"),
        (54, _sample(x, y, things=True), "实物随单移交,清点后回执"),
    ]
    if with_state:
        entries += [
            (52, _frame(x, y, _SLATE, blend(_SLATE, 0.15)) + check(x + 37, y - 7, _SLATE), "已完成"),
            (42, _frame(x, y, WAIT, WAIT_FILL), "正在等待"),
            (42, _frame(x, y, blend(_SLATE, 0.4)), "尚未开始"),
        ]
    room = [sign + 8 + em(word) * 13 for sign, _, word in entries]
    space = min(34.0, (width - sum(room)) / (len(entries) - 1))
    at = 0.0
    for (sign, drawn, word), own in zip(entries, room, strict=True):
        yield element("g", drawn + text(word, x + sign + 6, y + 4.6, 13, GREY), transform=f"translate({at:.1f} 0)")
        at += own + space


def _frame(x: float, y: float, edge: str, fill: str = "#ffffff", dash: str | None = None, radius: float = 5) -> str:
    return rect(Rect(x, y - 9, 36, 18), radius, fill=fill, stroke=edge, stroke_width=1.4, stroke_dasharray=dash)


def _sample(x: float, y: float, things: bool) -> str:
    way = ((x, y - (3 if things else 0)), (x + 48, y - (3 if things else 0)))
    if not things:
        return ink.line(way, INK, 1.7, 8) + ink.head(way, INK, 10.5)
    back = ((x + 48, y + 7), (x, y + 7))
    out = ink.line(way, INK, 5.5, 11) + ink.line(way, PAPER, 2.3, 8) + ink.head(way, INK, 14)
    return out + ink.line(back, GREY, 1.1, stroke_dasharray="4 3") + ink.head(back, GREY, 7, hollow=True)
