"""A chart as a picture: lanes side by side, numbered boxes, arrows with the names of documents, as the document's annexes draw it.

Given a batch, the same picture shows where it stands: what is done and when, what waits and for whom, what lies ahead.
"""

from collections.abc import Iterator
from xml.sax.saxutils import escape

from zhika.flows import ink, marks
from zhika.flows.chart import Flow, Kind, Step
from zhika.flows.ink import GREY, INK, LANES, PALE, PAPER, RULE, WAIT, WAIT_FILL, blend, element, rect, text
from zhika.flows.layout import HEAD, LANE_HEAD, MARGIN, PADDING, layout
from zhika.flows.placing import Place
from zhika.flows.shapes import Arrow, Box, Layout, Rect, Style
from zhika.flows.state import State, StepState

__all__ = ["State", "StepState", "swimlane"]

_COLOURS = {Style.TITLE: INK, Style.CAPTION: GREY, Style.KEPT: GREY, Style.STATE: GREY, Style.WAITING: WAIT}


def swimlane(flow: Flow, state: State | None = None, *, title: str | None = None) -> str:
    """The chart as a standalone SVG, size in pixels, with where a batch stands if `state` is given.

    `title` replaces the chart's own. The SVG names typefaces and holds none; it has no style sheet and no ids, so
    several may stand in one page.

    >>> from zhika.flows import flow
    >>> swimlane(flow("urban-batch")).startswith('<svg xmlns="http://www.w3.org/2000/svg"')
    True
    """
    picture = layout(flow, state)
    parts = [
        element("title", escape(title or flow.title)),
        rect(Rect(0, 0, picture.width, picture.height), fill=PAPER),
        *_heading(flow, picture, state, title or flow.title),
        *_columns(picture),
        *_threads(picture, state),
        *(_box(box, state) for box in picture.boxes),
        *(stroke for arrow in picture.arrows for stroke in _arrow(arrow, state)),
        *marks.legend(MARGIN, picture.height - 54, picture.width - 2 * MARGIN, state is not None),
    ]
    return element(
        "svg", "\n".join(parts) + "\n", xmlns="http://www.w3.org/2000/svg", width=picture.width, height=picture.height,
        viewBox=f"0 0 {picture.width:.0f} {picture.height:.0f}", font_family=ink.FONTS, role="img",
    )  # fmt: skip


def _heading(flow: Flow, picture: Layout, state: State | None, title: str) -> Iterator[str]:
    yield text(title, MARGIN, 66, 36, font_weight=700, letter_spacing=2)
    yield text(f"{flow.annex}　　{len(flow.numbers)} 步　{len(flow.lanes)} 方", MARGIN + 2, 95, 15, GREY)
    if state is None:
        return
    edge = picture.width - MARGIN
    done = sum(state.of(step).done for step in flow.steps)
    yield text(state.batch, edge, 58, 20, font_weight=600, text_anchor="end")
    causes = "、".join(f"{cause} {count:,}" for cause, count in state.failed.items())
    yield text(f"已完成 {done} / {len(flow.steps)}", edge, 82, 14, GREY, text_anchor="end")
    if causes:
        yield text(f"退出 {state.failures:,}: {causes}", edge - 260, 82, 14, ink.FAIL, text_anchor="end")
    bar = Rect(edge - 240, 92, 240, 5)
    yield rect(bar, 2.5, fill=RULE)
    yield rect(Rect(bar.x, bar.y, bar.width * done / len(flow.steps), bar.height), 2.5, fill=LANES[flow.steps[-1].lane])


def _columns(picture: Layout) -> Iterator[str]:
    for column in picture.columns:
        colour, shape = LANES[column.lane], column.rect
        yield rect(shape, fill=blend(colour, 0.045))
        yield rect(Rect(shape.x + 1, shape.y, shape.width - 2, LANE_HEAD), fill=colour)
        yield text(column.lane.title, shape.middle[0], shape.y + 31, 19, "#ffffff", font_weight=600,
                   text_anchor="middle", letter_spacing=1)  # fmt: skip
    for column in picture.columns[1:]:
        x = column.rect.x
        yield ink.line(((x, HEAD + LANE_HEAD), (x, column.rect.bottom)), RULE, 1)
    left, right = picture.columns[0].rect, picture.columns[-1].rect
    yield ink.line(((left.x, left.bottom), (right.right, left.bottom)), RULE, 1)


def _done(place: Place, state: State | None) -> bool:
    """Whether its arrows are drawn in full: without a batch all are."""
    return state is None or (isinstance(place.what, Step) and state.of(place.what).done)


def _threads(picture: Layout, state: State | None) -> Iterator[str]:
    for thread in picture.threads:
        colour = blend(LANES[thread.sender.lane], 0.5 if _done(thread.sender, state) else 0.25)
        yield ink.line(thread.way, colour, 1.2, 6)
        yield ink.head(thread.way, colour, 7)


def _arrow(arrow: Arrow, state: State | None) -> Iterator[str]:
    sender = arrow.links[0].sender
    sent = _done(sender, state)
    colour = LANES[sender.lane] if sent else blend(LANES[sender.lane], 0.38)
    for way in arrow.ways:
        if arrow.things:
            yield ink.line(way, colour, 5.5, 11)
            yield ink.line(way, PAPER, 2.3, 8)
            yield ink.head(way, colour, 14)
        else:
            yield ink.line(way, colour, 1.7, 8)
            yield ink.head(way, colour, 10.5)
    if arrow.back:
        yield ink.line(arrow.back, blend(colour, 0.75), 1.1, stroke_dasharray="4 3")
        yield ink.head(arrow.back, blend(colour, 0.75), 7, hollow=True)
    for label in arrow.labels:
        quiet = label.comes_back or not sent
        yield text(label.text, label.rect.middle[0], label.rect.bottom - 3, label.size, GREY if quiet else INK,
                   text_anchor="middle", font_weight=None if quiet else 500)  # fmt: skip


def _box(box: Box, state: State | None) -> str:
    step, shape, colour = box.place.what, box.rect, LANES[box.place.lane]
    if not isinstance(step, Step):
        return element("g", "".join((
            rect(shape, shape.height / 2, fill=PAPER, stroke=blend(colour, 0.45), stroke_dasharray="3 3"),
            text(step.title, shape.middle[0], shape.middle[1] + 4, 12, GREY, text_anchor="middle"),
        )), data_act=step.name)  # fmt: skip
    own = state.of(step) if state else StepState()
    ahead = state is not None and not own.done and not own.waiting
    parts = []
    edge = WAIT if own.waiting else blend(colour, 0.4 if ahead or not step.box else 0.9)
    fill = WAIT_FILL if own.waiting else blend(colour, 0.15) if own.done else "#ffffff"
    stroke = 2.6 if own.waiting else 1.4
    dash = None if step.box else "5 4"
    if step.kind is Kind.EACH:
        parts.append(rect(Rect(shape.x + 5, shape.y + 5, shape.width, shape.height), 10, fill=fill, stroke=edge))
    parts.append(rect(shape, 10, fill=fill, stroke=edge, stroke_width=stroke, stroke_dasharray=dash))
    y = shape.middle[1] - sum(t.style.leading for t in box.texts) / 2
    for one in box.texts:
        y += one.style.leading
        shade = (
            PALE if ahead and one.style is not Style.TITLE else GREY if ahead or not step.box else _COLOURS[one.style]
        )
        weight = 600 if one.style is Style.WAITING else 500 if one.style is Style.TITLE and not ahead else None
        parts.append(text(one.line, shape.x + PADDING + 4, y - one.style.leading * 0.26, one.style.size, shade,
                          font_weight=weight))  # fmt: skip
    if step.box:
        ground = WAIT if own.waiting else blend(colour, 0.55) if ahead else colour
        parts.append(marks.number(step.number, shape.x, shape.y, ground))
    if own.done:
        parts.append(marks.check(shape.right, shape.y, colour))
    parts.append(marks.kind(step.kind, shape.right - 12, shape.bottom - 11, PALE if ahead else blend(colour, 0.8)))
    key = f"{step.number}-{step.work}"
    standing = "done" if own.done else "waiting" if own.waiting else "ahead" if state else None
    return element("g", "".join(parts), data_step=key, data_standing=standing)
