"""The swimlane: nothing on it lies on top of anything else, and it says what the chart and the batch say."""

from datetime import datetime
from itertools import combinations, pairwise
from xml.etree import ElementTree as Xml

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhika.flows import FLOWS
from zhika.flows.chart import Flow, Step
from zhika.flows.drawing import swimlane
from zhika.flows.layout import layout
from zhika.flows.placing import grid
from zhika.flows.shapes import Layout, Point, Rect
from zhika.flows.state import State, StepState
from zhika.flows.words import em, wrap

CHARTS = list(FLOWS.values())
SVG = "{http://www.w3.org/2000/svg}"
each_chart = pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.name)


def at(chart: Flow, place: int) -> State:
    """A batch whose rows before `place` are done, while the row there waits."""
    steps = {step.key: StepState(True, datetime(2026, 11, 23, 10, 5), 250, 249) for step in chart.steps[:place]}
    steps[chart.steps[place].key] = StepState(waiting=True, waits_for="医保中心清点 249 张社保卡并签收交接回执")
    return State("B-17", steps, {"芯片失效": 1})


def pictures(chart: Flow) -> list[Layout]:
    return [layout(chart), *(layout(chart, at(chart, place)) for place in range(0, len(chart.steps), 3))]


def words(svg: str) -> str:
    return "".join(element.text or "" for element in Xml.fromstring(svg).iter(f"{SVG}text"))


@each_chart
def test_the_svg_is_well_formed_and_has_every_title_number_lane_and_document(chart: Flow) -> None:
    drawn = words(swimlane(chart))
    for step in chart.steps:
        assert step.title in drawn
    for lane in chart.lanes:
        assert lane.title in drawn
    for document in (d for step in chart.steps for d in step.sends):
        assert document.title in drawn
    groups = [g for g in Xml.fromstring(swimlane(chart)).iter(f"{SVG}g") if "data-step" in g.attrib]
    assert len(groups) == len(chart.steps)
    for step, group in zip(chart.steps, groups, strict=True):
        inside = [t.text for t in group.iter(f"{SVG}text")]
        assert (str(step.number) in inside) == step.box


@each_chart
def test_no_two_boxes_meet_and_no_label_meets_a_box_or_another_label(chart: Flow) -> None:
    for picture in pictures(chart):
        shapes = [box.rect for box in picture.boxes] + [label.rect for label in picture.labels]
        assert len(shapes) > len(chart.steps) + 5
        assert not [pair for pair in combinations(shapes, 2) if pair[0].meets(pair[1])]
        page = Rect(0, 0, picture.width, picture.height)
        assert all(s.x >= 0 and s.right <= page.right and s.bottom <= page.bottom for s in shapes)


@each_chart
def test_every_line_of_text_fits_its_box(chart: Flow) -> None:
    for picture in pictures(chart):
        for box in picture.boxes:
            assert sum(t.style.leading for t in box.texts) <= box.rect.height
            assert all(em(t.line) * t.style.size <= box.rect.width - 30 for t in box.texts), box.texts


def segments(way: tuple[Point, ...]) -> list[tuple[Point, Point]]:
    return list(pairwise(way))


def overlap(one: tuple[Point, Point], other: tuple[Point, Point]) -> bool:
    """Whether two upright or level segments run on top of each other for more than a point."""
    for axis in (0, 1):
        if one[0][axis] == one[1][axis] == other[0][axis] == other[1][axis]:
            low, high = sorted(p[1 - axis] for p in one)
            from_, to = sorted(p[1 - axis] for p in other)
            if min(high, to) - max(low, from_) > 0:
                return True
    return False


@each_chart
def test_no_two_arrows_run_on_top_of_each_other(chart: Flow) -> None:
    picture = layout(chart)
    ways = [
        [s for way in (*arrow.ways, *filter(None, [arrow.back])) for s in segments(way)] for arrow in picture.arrows
    ]
    ways += [segments(thread.way) for thread in picture.threads]
    for one, other in combinations(ways, 2):
        assert not [(a, b) for a in one for b in other if overlap(a, b)]


def crosses(segment: tuple[Point, Point], rect: Rect) -> bool:
    (x0, y0), (x1, y1) = segment
    line = Rect(min(x0, x1), min(y0, y1), max(abs(x1 - x0), 0.01), max(abs(y1 - y0), 0.01))
    return line.meets(Rect(rect.x + 0.5, rect.y + 0.5, rect.width - 1, rect.height - 1))


@each_chart
def test_no_arrow_runs_through_a_box_and_each_ends_at_the_box_of_its_receiver(chart: Flow) -> None:
    picture = layout(chart)
    boxes = {box.place: box.rect for box in picture.boxes}
    for arrow in picture.arrows:
        for link, way in zip(arrow.links, arrow.ways, strict=True):
            assert not [b for b in boxes.values() for s in segments(way) if crosses(s, b)]
            end, receiver = way[-1], boxes[link.receiver]
            assert receiver.x <= end[0] <= receiver.right and receiver.y <= end[1] <= receiver.bottom
    for thread in picture.threads:
        assert not [b for b in boxes.values() for s in segments(thread.way) if crosses(s, b)]


@each_chart
def test_every_document_between_lanes_is_drawn_from_its_sender_to_every_row_that_awaits_it(chart: Flow) -> None:
    drawn = {(link.document.code, link.sender.what, link.receiver.what) for link in grid(chart).links}
    for step in chart.steps:
        for document in step.awaits:
            for sender in chart.senders(document):
                assert sender.lane is step.lane or (document.code, sender, step) in drawn


@each_chart
def test_rows_of_a_lane_stand_below_each_other_in_their_order(chart: Flow) -> None:
    rows = {place.what: place.row for place in grid(chart).places}
    for lane in chart.lanes:
        own = [rows[step] for step in chart.steps if step.lane is lane]
        assert own == sorted(set(own))


@each_chart
def test_things_have_a_way_back_for_the_acceptance_and_plain_documents_have_none(chart: Flow) -> None:
    for arrow in layout(chart).arrows:
        assert bool(arrow.back) == arrow.links[0].document.things


def test_a_document_over_several_rows_goes_round_the_boxes_between() -> None:
    # The number mapping of the new-card chart, awaited two rows later than there.
    chart = FLOWS["urban-new"]
    mapping = chart.step("return_mapping").sends[0]
    steps = []
    for step in chart.steps:
        awaits = tuple(d for d in step.awaits if d is not mapping)
        steps.append(Step(**{**vars(step), "awaits": (*awaits, mapping) if step.work == "hand_over" else awaits}))
    later = Flow("later", "改", "附件", tuple(steps), chart.own)
    assert any(not link.level and link.document is mapping for link in grid(later).links)
    test_no_arrow_runs_through_a_box_and_each_ends_at_the_box_of_its_receiver(later)
    test_no_two_boxes_meet_and_no_label_meets_a_box_or_another_label(later)
    test_no_two_arrows_run_on_top_of_each_other(later)


# A batch on its chart ------------------------------------------------------------------------------------------------


def standing(svg: str) -> dict[str, str | None]:
    return {
        g.attrib["data-step"]: g.get("data-standing")
        for g in Xml.fromstring(svg).iter(f"{SVG}g")
        if "data-step" in g.attrib
    }


def test_a_batch_shows_what_is_done_what_waits_for_whom_and_who_left() -> None:
    chart = FLOWS["urban-batch"]
    svg = swimlane(chart, at(chart, 14))
    assert list(standing(svg).values()) == ["done"] * 14 + ["waiting"] + ["ahead"] * 5
    drawn = words(svg)
    assert "B-17" in drawn and "已完成 14 / 20" in drawn and "芯片失效 1" in drawn
    assert drawn.count("11-23 10:05 · 250 → 249") == 14
    assert "等待: 医保中心清点 249 张社保卡并签收交接回执".replace(" ", "") in drawn.replace(" ", "")


def test_a_row_done_in_another_year_says_which() -> None:
    chart = FLOWS["urban-new"]
    first, second = (step.key for step in chart.steps[:2])
    told = State("B", {
        first: StepState(done=True, at=datetime(2026, 12, 31, 23, 59), n_out=1),
        second: StepState(done=True, at=datetime(2027, 1, 1, 0, 1), n_out=1),
    })  # fmt: skip
    drawn = words(swimlane(chart, told))
    assert "12-31 23:59 · 1" in drawn and "2027-01-01 · 1" in drawn


def test_without_a_batch_no_row_is_done_or_waiting() -> None:
    assert set(standing(swimlane(FLOWS["urban-new"])).values()) == {None}


def test_words_of_a_state_are_escaped() -> None:
    chart = FLOWS["urban-new"]
    first = chart.steps[0].key
    svg = swimlane(chart, State("<&>", {first: StepState(waiting=True, waits_for='<b> & "甲"')}), title="a < b")
    assert "a < b" in words(svg) and "<&>" in words(svg)


def test_several_pictures_may_stand_in_one_page() -> None:
    svg = swimlane(FLOWS["urban-batch"], at(FLOWS["urban-batch"], 3))
    assert " id=" not in svg and "<style" not in svg and "url(" not in svg


# Lines ---------------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="制卡信息文档及、,(公共区)COSYLZ-个人化", min_size=1, max_size=50), st.integers(8, 16))
def test_wrapping_loses_nothing_and_keeps_the_limit_where_words_allow(text: str, limit: int) -> None:
    lines = wrap(text, limit)
    assert "".join(lines) == text
    assert all(line[0] not in ",、)" for line in lines[1:])
    for line in lines:
        assert em(line) <= limit or len(wrap(line, limit)) == 1


def test_a_latin_word_is_not_broken() -> None:
    assert any("YLZ-COS" in line for line in wrap("易联众提交采购的卡片YLZ-COS", 12))
