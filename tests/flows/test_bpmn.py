"""BPMN that others accept: SpiffWorkflow runs it to the end, bpmn.io's viewer opens it without a warning."""

import os
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser, BpmnValidator
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

from zhika.flows import FLOWS
from zhika.flows.bpmn import bpmn
from zhika.flows.bpmn_layout import diagram
from zhika.flows.chart import Flow, Kind, Step
from zhika.flows.lanes import Lane
from zhika.flows.net import net

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
VIEWER = "bpmn-js/dist/bpmn-viewer.production.min.js"
each_chart = pytest.mark.parametrize("chart", FLOWS.values(), ids=lambda chart: chart.name)


def task_code(step: Step) -> str:
    return f"task_{step.number}_{step.work}"


def run(chart: Flow) -> list[str]:
    """Complete every task that is ready, always the last one offered, and give the names in the order of completion."""
    parser = BpmnParser(validator=BpmnValidator())
    parser.add_bpmn_xml(etree.fromstring(bpmn(chart).encode()))
    workflow = BpmnWorkflow(parser.get_spec(chart.name.replace("-", "_")))
    workflow.task_tree.data.update(application=2, parcel=2, card=2)
    completed = []
    while ready := workflow.get_tasks(state=TaskState.READY):
        task: Any = ready[-1]
        for document in task.task_spec.data_output_associations:
            task.data[document.bpmn_id] = "sent"
        task.run()
        if task.state == TaskState.STARTED:  # a service task: the program reports back
            task.complete()
        completed.append(task.task_spec.name)
    assert workflow.is_completed()
    return completed


@each_chart
def test_spiffworkflow_validates_the_xml_and_runs_it_to_the_end_through_every_row(chart: Flow) -> None:
    completed = run(chart)
    for step in chart.steps:
        if step.kind is Kind.EACH:
            assert completed.count(f"{task_code(step)} [child]") == 2
        else:
            assert completed.count(task_code(step)) == 1


@each_chart
def test_no_row_runs_before_the_rows_of_its_lane_and_the_senders_of_its_documents(chart: Flow) -> None:
    completed = run(chart)
    done = {
        step: max(i for i, name in enumerate(completed) if name.split(" ")[0] == task_code(step))
        for step in chart.steps
    }
    for place, step in enumerate(chart.steps):
        before = [other for other in chart.steps[:place] if other.lane is step.lane]
        before += [sender for document in step.awaits for sender in chart.senders(document)]
        assert all(done[other] < done[step] for other in before)


def test_the_join_before_printing_waits_for_both_senders() -> None:
    joins = [n for n in net(FLOWS["urban-batch"]).nodes if n.code == "join_7_print_faces"]
    into = [edge[0].step for edge in net(FLOWS["urban-batch"]).edges if edge[1] in joins]
    assert [(step.number, step.lane) for step in into if step] == [(6, Lane.INTEGRATOR), (6, Lane.BANK)]


@each_chart
def test_lanes_hold_their_own_rows_and_names_are_the_charts_titles(chart: Flow) -> None:
    root = etree.fromstring(bpmn(chart).encode())
    lanes = {lane.get("id"): {ref.text for ref in lane.iter(f"{BPMN}flowNodeRef")} for lane in root.iter(f"{BPMN}lane")}
    assert set(lanes) == {f"lane_{lane}" for lane in chart.lanes}
    names = {element.get("id"): element.get("name") for element in root.iter() if element.get("name")}
    for step in chart.steps:
        assert task_code(step) in lanes[f"lane_{step.lane}"]
        title = f"{step.number} {step.title}" if step.box else step.title
        assert names[task_code(step)].replace("\n", "") == title


@each_chart
def test_every_node_document_and_flow_has_its_place_in_the_diagram(chart: Flow) -> None:
    root = etree.fromstring(bpmn(chart).encode())
    drawn = {element.get("bpmnElement") for element in root.iter() if element.get("bpmnElement")}
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    process = root.find(f"{BPMN}process")
    assert process is not None
    kept = ("laneSet", "dataObject")
    missing = [e.get("id") for e in process if etree.QName(e).localname not in kept and e.get("id") not in drawn]
    assert not missing and drawn <= set(ids)


@each_chart
def test_no_two_shapes_of_the_diagram_meet_and_each_lies_in_its_lane(chart: Flow) -> None:
    drawn = diagram(net(chart))
    shapes = [*drawn.nodes.values(), *drawn.objects.values()]
    assert not [pair for pair in combinations(shapes, 2) if pair[0].meets(pair[1])]
    for node, rect in drawn.nodes.items():
        lane = drawn.lanes[node.lane]
        assert lane.x < rect.x and rect.right < lane.right and lane.y < rect.y and rect.bottom < lane.bottom


def viewer() -> Path | None:
    """bpmn.io's viewer: where ZHIKA_BPMN_JS says, or under build/ in the repository."""
    build = Path(__file__).parents[2] / "build"
    named = [Path(os.environ["ZHIKA_BPMN_JS"])] if "ZHIKA_BPMN_JS" in os.environ else []
    found = [*named, build / "node/node_modules" / VIEWER, build / "node_modules" / VIEWER]
    return next((path for path in found if path.is_file()), None)


def test_the_viewer_of_bpmn_io_opens_all_six_without_a_warning(tmp_path: Path) -> None:
    script = viewer()
    chromium = Path("/usr/bin/chromium")
    if script is None or not chromium.exists():
        missing = "bpmn-js (npm install --prefix build/node bpmn-js)" if script is None else str(chromium)
        if os.environ.get("CI") == "true":
            pytest.fail(f"{missing} is not installed")
        pytest.skip(f"{missing} is not installed: bpmn.io's viewer was not tried")
    from playwright.sync_api import sync_playwright

    page_file = tmp_path / "viewer.html"
    page_file.write_text(
        f"<div id=c style='width:900px;height:600px'></div><script>{script.read_text('utf-8')}</script>", "utf-8"
    )
    opened = """async xml => {
        const viewer = new BpmnJS({container: '#c'});
        const {warnings} = await viewer.importXML(xml);
        const shapes = viewer.get('elementRegistry').filter(e => e.type === 'bpmn:Lane').length;
        viewer.destroy();
        return [warnings.map(w => w.message), shapes];
    }"""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium), args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(page_file.as_uri())
        for chart in FLOWS.values():
            assert page.evaluate(opened, bpmn(chart)) == [[], len(chart.lanes)], chart.name
        [messages, _] = page.evaluate(
            opened, bpmn(FLOWS["urban-new"]).replace('sourceRef="start"', 'sourceRef="nobody"')
        )
        assert messages  # the viewer does warn
        browser.close()
