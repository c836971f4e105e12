"""From places to pixels: boxes, the gutters between them, and an arrow's way through the gutters."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from zhika.flows.chart import Flow, Step
from zhika.flows.lanes import Lane
from zhika.flows.placing import Grid, Link, Place, grid, kept
from zhika.flows.routing import LABEL, Frame, level_arrows, level_height, steep_arrows, steep_tracks
from zhika.flows.shapes import Box, Column, Layout, Rect, Style, Text, Thread
from zhika.flows.state import State, StepState
from zhika.flows.words import GRAINS, KINDS, em, wrap

MARGIN = 56.0
HEAD = 118.0
"""Room for the picture's title."""
LANE_HEAD = 46.0
FOOT = 84.0
"""Room for the legend."""
BOX = 232.0
PADDING = 15.0
ROW_GAP = 46.0
ROW_TRACK = 36.0


@dataclass(frozen=True)
class _Filled:
    place: Place
    texts: tuple[Text, ...]

    @property
    def height(self) -> float:
        return sum(text.style.leading for text in self.texts) + 2 * PADDING - 4


def _status(state: StepState, year: int | None) -> list[Text]:
    """When it was done and for how many; the year where it is another than the batch's first, `year`."""
    if state.done:
        when = "%m-%d %H:%M" if state.at and state.at.year == year else "%Y-%m-%d"
        parts = [format(state.at, when)] if state.at else []
        if state.n_out is not None:
            same = state.n_in in (None, state.n_out)
            parts.append(f"{state.n_out:,}" if same else f"{state.n_in:,} → {state.n_out:,}")
        return [Text(" · ".join(parts) or "已完成", Style.STATE)]
    if state.waiting:
        words = f"等待: {state.waits_for}" if state.waits_for else "正在进行"
        if state.n_in is not None and state.n_out is not None:
            words = f"{state.n_out:,} / {state.n_in:,}  {words}"
        return [Text(line, Style.WAITING) for line in wrap(words, (BOX - 2 * PADDING) / Style.WAITING.size)]
    return []


def _fill(flow: Flow, place: Place, state: State | None) -> _Filled:
    room = BOX - 2 * PADDING - 6
    if not isinstance(place.what, Step):
        return _Filled(place, (Text(place.what.title, Style.CAPTION),))
    step = place.what
    texts = [Text(line, Style.TITLE) for line in wrap(step.title, room / Style.TITLE.size)]
    texts += [Text(f"留存 {document.title}", Style.KEPT) for document in kept(flow, step)]
    status = _status(state.of(step), state.year) if state else []
    texts += status or [Text(f"{KINDS[step.kind]} · {GRAINS[step.grain]}", Style.CAPTION)]
    return _Filled(place, tuple(texts))


def _gap(links: Sequence[Link]) -> float:
    """Width of the gutter between two columns of boxes: the longest document name must fit beside the channels."""
    return max([72.0, *(em(link.document.title) * LABEL for link in links)]) + 46


def _threads(places: Sequence[Place], boxes: dict[Place, Rect]) -> tuple[Thread, ...]:
    by_lane: dict[Lane, list[Place]] = defaultdict(list)
    for place in places:
        if isinstance(place.what, Step):
            by_lane[place.lane].append(place)
    threads = []
    for own in by_lane.values():
        for upper, lower in pairwise(own):
            x = boxes[upper].middle[0]
            threads.append(Thread(upper, lower, ((x, boxes[upper].bottom), (x, boxes[lower].y))))
    return tuple(threads)


def _heights(chart: Grid, filled: Sequence[_Filled]) -> list[float]:
    heights = [0.0] * chart.rows
    for one in filled:
        heights[one.place.row] = max(heights[one.place.row], one.height)
    return [max(height, level_height(chart, row) + 12) for row, height in enumerate(heights)]


def layout(flow: Flow, state: State | None = None) -> Layout:
    """The chart's picture as shapes.

    No two boxes meet, no label meets a box or another label, and no two arrows run on top of each other.

    >>> from zhika.flows import flow
    >>> picture = layout(flow("rural-new"))
    >>> len(picture.boxes), len(picture.columns)
    (16, 4)
    """
    chart = grid(flow)
    filled = [_fill(flow, place, state) for place in chart.places]
    pitch = BOX + _gap(chart.links)
    heights = _heights(chart, filled)
    tracks = steep_tracks(chart)
    tops, y = [], HEAD + LANE_HEAD + 34.0
    for row, height in enumerate(heights):
        tops.append(y)
        y += height + ROW_GAP + ROW_TRACK * tracks[row]
    foot = tops[-1] + heights[-1] + 30
    left = {lane: MARGIN + index * pitch for index, lane in enumerate(flow.lanes)}
    inset = (pitch - BOX) / 2
    boxes: dict[Place, Rect] = {}
    for one in filled:
        place, high = one.place, heights[one.place.row]
        own = high if isinstance(place.what, Step) else min(34.0, high)
        boxes[place] = Rect(left[place.lane] + inset, tops[place.row] + (high - own) / 2, BOX, own)
    frame = Frame(chart, boxes, tops, heights, pitch - BOX, ROW_GAP, ROW_TRACK)
    return Layout(
        width=2 * MARGIN + pitch * len(flow.lanes),
        height=foot + FOOT,
        columns=tuple(Column(lane, Rect(x, HEAD, pitch, foot - HEAD)) for lane, x in left.items()),
        boxes=tuple(Box(one.place, boxes[one.place], one.texts) for one in filled),
        threads=_threads(chart.places, boxes),
        arrows=(*level_arrows(frame), *steep_arrows(frame)),
    )
