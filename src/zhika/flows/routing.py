"""The ways of documents: level arrows along a row, steep ones through the gutter between two rows.

Every arrow has a height of its own where it runs beside others, so that no two run on top of each other.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from zhika.flows.documents import ACCEPTANCE
from zhika.flows.placing import Grid, Link, Place
from zhika.flows.shapes import Arrow, Label, Point, Rect
from zhika.flows.words import em

LABEL = 13.0
BACK = 11.0
PLAIN_SLOT, THINGS_SLOT = 34.0, 56.0
"""Height that a level arrow needs with its label above and, where things travel, the acceptance below."""
ABOVE = 22.0
"""From the upper edge of a slot down to the arrow's line."""
RETURN = 10.0
"""From the line of an arrow with things down to the way back of its acceptance."""
CHANNEL = 8.0


@dataclass(frozen=True)
class Frame:
    """What is known before arrows are drawn: boxes, the rows' tops and heights, widths of the gutters."""

    grid: Grid
    boxes: Mapping[Place, Rect]
    tops: Sequence[float]
    heights: Sequence[float]
    gap: float
    row_gap: float
    row_track: float

    def track(self, row: int, number: int) -> float:
        """y of a track in the gutter under a row."""
        return self.tops[row] + self.heights[row] + self.row_gap / 2 + 8 + self.row_track * number


def _slot(link: Link) -> float:
    return THINGS_SLOT if link.document.things else PLAIN_SLOT


def _gutters(chart: Grid, link: Link) -> range:
    low, high = sorted((chart.column(link.sender), chart.column(link.receiver)))
    return range(low, high)


def _bundles(chart: Grid, row: int) -> list[list[Link]]:
    """Level links of a row, those that share a gutter together: they lie above each other."""
    bundles: list[list[Link]] = []
    for link in chart.links:
        if not link.level or link.sender.row != row:
            continue
        ways = set(_gutters(chart, link))
        met = [b for b in bundles if any(ways & set(_gutters(chart, other)) for other in b)]
        bundles = [b for b in bundles if b not in met] + [[other for b in met for other in b] + [link]]
    return bundles


def level_height(chart: Grid, row: int) -> float:
    """How high a row must be, in pixels, for its level arrows to lie beside each other."""
    return max((sum(map(_slot, bundle)) for bundle in _bundles(chart, row)), default=0.0)


def _label(text: str, centre: float, baseline: float, size: float, comes_back: bool = False) -> Label:
    width = em(text) * size
    return Label(text, Rect(centre - width / 2, baseline - size, width, size + 3), size, comes_back)


def level_arrows(frame: Frame) -> Iterator[Arrow]:
    for row in range(frame.grid.rows):
        for bundle in _bundles(frame.grid, row):
            y = frame.tops[row] + frame.heights[row] / 2 - sum(map(_slot, bundle)) / 2
            for link in bundle:
                line = y + ABOVE if link.document.things or len(bundle) > 1 else y + PLAIN_SLOT / 2
                y += _slot(link)
                yield _level(frame, link, line)


def _level(frame: Frame, link: Link, y: float) -> Arrow:
    sender, receiver = frame.boxes[link.sender], frame.boxes[link.receiver]
    right = receiver.x > sender.x
    start, end = (sender.right, receiver.x) if right else (sender.x, receiver.right)
    centre = start + frame.gap / 2 * (1 if right else -1)
    labels = [_label(link.document.title, centre, y - 8, LABEL)]
    back: tuple[Point, ...] = ()
    if link.document.things:
        labels.append(_label(ACCEPTANCE.title, centre, y + RETURN + 14, BACK, comes_back=True))
        back = ((end, y + RETURN), (start, y + RETURN))
    return Arrow((link,), (((start, y), (end, y)),), tuple(labels), back)


# Steep arrows: down from the sender, along a track of the gutter, down to the receivers -----------------------------


def _groups(chart: Grid) -> list[list[Link]]:
    """Steep links that leave one box with one document to one side and for one row: they share a trunk."""
    groups: dict[tuple[object, ...], list[Link]] = defaultdict(list)
    for link in chart.links:
        if not link.level:
            side = chart.column(link.receiver) > chart.column(link.sender)
            groups[link.sender, link.document.code, link.receiver.row, side].append(link)
    return list(groups.values())


def _used(group: list[Link]) -> set[int]:
    """Rows under which a group needs a track: its sender's, and the one above its receivers' where that is another."""
    return {group[0].sender.row, group[0].receiver.row - 1}


def steep_tracks(chart: Grid) -> list[int]:
    """How many tracks the gutter under each row needs."""
    return [sum(row in _used(group) for group in _groups(chart)) for row in range(chart.rows)]


def steep_arrows(frame: Frame) -> Iterator[Arrow]:
    taken = [0] * frame.grid.rows
    for channel, group in enumerate(_groups(frame.grid)):
        track = {row: frame.track(row, taken[row]) for row in _used(group)}
        for row in track:
            taken[row] += 1
        yield _steep(frame, group, track, channel)


def _steep(frame: Frame, group: list[Link], track: Mapping[int, float], channel: int) -> Arrow:
    first = group[0]
    sender = frame.boxes[first.sender]
    side = 1 if frame.boxes[first.receiver].x > sender.x else -1
    out = sender.middle[0] + side * (sender.width * 0.32 + 7 * (channel % 4))
    upper, lower = track[first.sender.row], track[first.receiver.row - 1]
    ways = []
    for link in group:
        box = frame.boxes[link.receiver]
        into = box.middle[0] - side * (box.width * 0.12 + 7 * (channel % 4))
        way: list[Point] = [(out, sender.bottom), (out, upper)]
        if lower != upper:
            # Past boxes of the rows between: down the gutter beside the receiver's column.
            beside = (box.x if side > 0 else box.right) - side * (CHANNEL + 4 * (channel % 4))
            way += [(beside, upper), (beside, lower)]
        ways.append((*way, (into, lower), (into, box.y)))
    edge = sender.right if side > 0 else sender.x
    label = _label(first.document.title, edge + side * frame.gap / 2, upper - 8, LABEL)
    back: tuple[Label, ...] = ()
    if first.document.things:
        back = (_label(ACCEPTANCE.title, edge + side * frame.gap / 2, upper + 16, BACK, comes_back=True),)
    return Arrow(tuple(group), tuple(ways), (label, *back))
