"""Colours, and the strokes of SVG that the chart's picture is written with.

Presentation attributes only, neither style sheet nor id: several pictures may stand in one page.
"""

from collections.abc import Sequence
from math import hypot
from xml.sax.saxutils import escape, quoteattr

from zhika.flows.lanes import Lane
from zhika.flows.shapes import Point, Rect

FONTS = "'Noto Sans CJK SC','Source Han Sans SC','Microsoft YaHei',sans-serif"
PAPER, INK, GREY, PALE, RULE = "#fdfcf9", "#22262b", "#6d7278", "#a9adb2", "#e3dfd6"
WAIT, WAIT_FILL, FAIL = "#b8720a", "#fff3d6", "#a33a2c"
LANES = {
    Lane.INSURED: "#7d6636",
    Lane.UNIT: "#4a7355",
    Lane.CENTRE: "#2b7379",
    Lane.INTEGRATOR: "#2f5788",
    Lane.SUPPLIER: "#71527d",
    Lane.BANK: "#9a4038",
}
ROUND = 9.0


def blend(colour: str, share: float, ground: str = PAPER) -> str:
    """`share` of a colour on a ground, so that nothing needs to be transparent.

    >>> blend("#000000", 0.5, "#ffffff")
    '#808080'
    """
    pairs = [(int(colour[i : i + 2], 16), int(ground[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(over * share + under * (1 - share)):02x}" for over, under in pairs)


def element(tag: str, content: str | None = None, /, **attributes: object) -> str:
    """One element; underscores in names become hyphens, numbers lose what no eye sees, None is left out.

    >>> element("rect", x=1.0, stroke_width=1.25, fill=None)
    '<rect x="1" stroke-width="1.25"/>'
    """
    written = "".join(
        f" {name.replace('_', '-')}={quoteattr(f'{value:.2f}'.rstrip('0').rstrip('.') if isinstance(value, float) else str(value))}"
        for name, value in attributes.items()
        if value is not None
    )
    return f"<{tag}{written}/>" if content is None else f"<{tag}{written}>{content}</{tag}>"


def text(line: str, x: float, y: float, size: float, fill: str = INK, **more: object) -> str:
    return element("text", escape(line), x=x, y=y, font_size=size, fill=fill, **more)


def rect(shape: Rect, radius: float = 0, **more: object) -> str:
    return element("rect", x=shape.x, y=shape.y, width=shape.width, height=shape.height, rx=radius or None, **more)


def _towards(start: Point, end: Point, distance: float) -> Point:
    length = hypot(end[0] - start[0], end[1] - start[1]) or 1.0
    return start[0] + (end[0] - start[0]) * distance / length, start[1] + (end[1] - start[1]) * distance / length


def trace(way: Sequence[Point], short: float = 0) -> str:
    """Path data of a way with rounded corners, ending `short` pixels before its last point."""
    points = [*way[:-1], _towards(way[-1], way[-2], short)] if short else list(way)
    parts = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        room = min(ROUND, hypot(corner[0] - before[0], corner[1] - before[1]) / 2,
                   hypot(after[0] - corner[0], after[1] - corner[1]) / 2)  # fmt: skip
        enter, leave = _towards(corner, before, room), _towards(corner, after, room)
        parts.append(f"L{enter[0]:.1f} {enter[1]:.1f}Q{corner[0]:.1f} {corner[1]:.1f} {leave[0]:.1f} {leave[1]:.1f}")
    return "".join(parts) + f"L{points[-1][0]:.1f} {points[-1][1]:.1f}"


def line(way: Sequence[Point], colour: str, width: float, short: float = 0, **more: object) -> str:
    return element("path", d=trace(way, short), fill="none", stroke=colour, stroke_width=width, **more)


def head(way: Sequence[Point], colour: str, size: float, hollow: bool = False) -> str:
    """The arrowhead at the end of a way."""
    tip, base = way[-1], _towards(way[-1], way[-2], size)
    along = ((tip[0] - base[0]) / size, (tip[1] - base[1]) / size)
    half = size * 0.46
    one = (base[0] - along[1] * half, base[1] + along[0] * half)
    other = (base[0] + along[1] * half, base[1] - along[0] * half)
    data = f"M{one[0]:.1f} {one[1]:.1f}L{tip[0]:.1f} {tip[1]:.1f}L{other[0]:.1f} {other[1]:.1f}"
    if hollow:
        return element("path", d=data, fill="none", stroke=colour, stroke_width=1.1)
    return element("path", d=data + "Z", fill=colour)
