"""A chart as BPMN 2.0 (ISO/IEC 19510): one executable process in a pool with lanes, its documents as data objects, and its layout.

A row of kind each is a parallel multi-instance task; how many instances is the value of a process variable named after
the row's grain (application, parcel, card).
"""

from xml.etree import ElementTree as Xml

from zhika.flows.bpmn_layout import Diagram, diagram
from zhika.flows.chart import Flow, Kind, Step
from zhika.flows.documents import Document
from zhika.flows.net import Net, Node, Sort, net
from zhika.flows.shapes import Point, Rect
from zhika.flows.words import em, wrap

_NAMESPACES = {
    "bpmn": "http://www.omg.org/spec/BPMN/20100524/MODEL",
    "bpmndi": "http://www.omg.org/spec/BPMN/20100524/DI",
    "dc": "http://www.omg.org/spec/DD/20100524/DC",
    "di": "http://www.omg.org/spec/DD/20100524/DI",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
}
_TASKS = {Kind.AUTO: "serviceTask", Kind.HAND: "userTask", Kind.THING: "manualTask", Kind.EACH: "userTask"}
_NAME_WIDTH = 12.5
"""Width of a task's name in em, at the 12 pixels that viewers set it in."""
_NODES = {
    Sort.START: "startEvent", Sort.END: "endEvent", Sort.SPLIT: "parallelGateway", Sort.JOIN: "parallelGateway",
}  # fmt: skip


def _add(parent: Xml.Element, tag: str, content: str | None = None, /, **attributes: str) -> Xml.Element:
    prefix, _, name = tag.partition(":")
    element = Xml.SubElement(parent, f"{{{_NAMESPACES[prefix]}}}{name}", attributes)
    element.text = content
    return element


def _flow_code(edge: tuple[Node, Node]) -> str:
    return f"flow_{edge[0].code}_{edge[1].code}"


def _object_code(document: Document) -> str:
    return "document_" + document.code.replace("-", "_")


def _reference_code(step: Step, document: Document) -> str:
    return f"{_object_code(document)}_of_{step.number}_{step.work}"


def _output_code(step: Step, document: Document) -> str:
    return f"output_{step.number}_{step.work}_{document.code}"


def _input_code(sender: Step, document: Document, step: Step) -> str:
    return f"input_{step.number}_{step.work}_{document.code}_{sender.work}"


def bpmn(flow: Flow) -> str:
    """The chart as BPMN 2.0 XML with lanes and layout.

    >>> from zhika.flows import flow
    >>> bpmn(flow("urban-batch")).count("<bpmn:lane ")
    5
    """
    for prefix, address in _NAMESPACES.items():
        Xml.register_namespace(prefix, address)
    chart = net(flow)
    name = flow.name.replace("-", "_")
    root = Xml.Element(f"{{{_NAMESPACES['bpmn']}}}definitions", id=f"definitions_{name}",
                       targetNamespace="https://zhika.example/flows")  # fmt: skip
    collaboration = _add(root, "bpmn:collaboration", id=f"collaboration_{name}")
    _add(collaboration, "bpmn:participant", id=f"pool_{name}", name=f"{flow.title}({flow.annex})", processRef=name)
    _process(root, chart, name)
    _diagram(root, chart, diagram(chart), name)
    Xml.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"


def _process(root: Xml.Element, chart: Net, name: str) -> None:
    process = _add(root, "bpmn:process", id=name, name=chart.flow.title, isExecutable="true")
    lanes = _add(process, "bpmn:laneSet", id=f"lanes_{name}")
    for lane in chart.flow.lanes:
        element = _add(lanes, "bpmn:lane", id=f"lane_{lane}", name=lane.title)
        for node in chart.nodes:
            if node.lane is lane:
                _add(element, "bpmn:flowNodeRef", node.code)
    for node in chart.nodes:
        _node(process, chart, node)
    for edge in chart.edges:
        _add(process, "bpmn:sequenceFlow", id=_flow_code(edge), sourceRef=edge[0].code, targetRef=edge[1].code)
    for document in chart.documents:
        _add(process, "bpmn:dataObject", id=_object_code(document), name=document.title)
    for step in chart.flow.steps:
        for document in step.sends:
            _add(process, "bpmn:dataObjectReference", id=_reference_code(step, document), name=document.title,
                 dataObjectRef=_object_code(document))  # fmt: skip


def _node(process: Xml.Element, chart: Net, node: Node) -> None:
    step = node.step
    if node.sort is not Sort.TASK or step is None:
        element = _add(process, f"bpmn:{_NODES[node.sort]}", id=node.code)
    else:
        # Viewers break lines at spaces only, which Chinese has none of: the name brings its own line breaks.
        number = f"{step.number} " if step.box else ""
        name = number + "\n".join(wrap(step.title, _NAME_WIDTH - em(number)))
        element = _add(process, f"bpmn:{_TASKS[step.kind]}", id=node.code, name=name)
    for edge in chart.edges:
        if edge[1] is node:
            _add(element, "bpmn:incoming", _flow_code(edge))
    for edge in chart.edges:
        if edge[0] is node:
            _add(element, "bpmn:outgoing", _flow_code(edge))
    if node.sort is Sort.TASK and step is not None:
        _data(element, chart.flow, step)
        if step.kind is Kind.EACH:
            loop = _add(element, "bpmn:multiInstanceLoopCharacteristics", isSequential="false")
            cardinality = _add(loop, "bpmn:loopCardinality", step.grain.value)
            cardinality.set(f"{{{_NAMESPACES['xsi']}}}type", "bpmn:tFormalExpression")


def _data(element: Xml.Element, flow: Flow, step: Step) -> None:
    """What the task awaits and sends. An input needs a target inside the task: a property that stands for it."""
    awaited = [(sender, document) for document in step.awaits for sender in flow.senders(document)]
    for sender, document in awaited:
        _add(element, "bpmn:property", id=f"property_{_input_code(sender, document, step)}", name=document.title)
    for sender, document in awaited:
        code = _input_code(sender, document, step)
        association = _add(element, "bpmn:dataInputAssociation", id=code)
        _add(association, "bpmn:sourceRef", _reference_code(sender, document))
        _add(association, "bpmn:targetRef", f"property_{code}")
    for document in step.sends:
        association = _add(element, "bpmn:dataOutputAssociation", id=_output_code(step, document))
        _add(association, "bpmn:targetRef", _reference_code(step, document))


# Layout: BPMN DI -----------------------------------------------------------------------------------------------------


def _diagram(root: Xml.Element, chart: Net, drawn: Diagram, name: str) -> None:
    plane = _add(_add(root, "bpmndi:BPMNDiagram", id=f"diagram_{name}"), "bpmndi:BPMNPlane", id=f"plane_{name}",
                 bpmnElement=f"collaboration_{name}")  # fmt: skip
    _shape(plane, f"pool_{name}", drawn.pool, isHorizontal="true")
    for lane, rect in drawn.lanes.items():
        _shape(plane, f"lane_{lane}", rect, isHorizontal="true")
    for node, rect in drawn.nodes.items():
        _shape(plane, node.code, rect)
    for (step, document), rect in drawn.objects.items():
        shape = _shape(plane, _reference_code(step, document), rect)
        _bounds(_add(shape, "bpmndi:BPMNLabel"), Rect(rect.middle[0] - 46, rect.bottom + 4, 92, 14))
    for edge, way in drawn.edges.items():
        _edge(plane, _flow_code(edge), way)
    for (step, document), way in drawn.outputs.items():
        _edge(plane, _output_code(step, document), way)
    for (sender, document, step), way in drawn.inputs.items():
        _edge(plane, _input_code(sender, document, step), way)


def _bounds(parent: Xml.Element, rect: Rect) -> None:
    _add(parent, "dc:Bounds", x=f"{rect.x:g}", y=f"{rect.y:g}", width=f"{rect.width:g}", height=f"{rect.height:g}")


def _shape(plane: Xml.Element, code: str, rect: Rect, **attributes: str) -> Xml.Element:
    shape = _add(plane, "bpmndi:BPMNShape", id=f"shape_{code}", bpmnElement=code, **attributes)
    _bounds(shape, rect)
    return shape


def _edge(plane: Xml.Element, code: str, way: tuple[Point, ...]) -> None:
    edge = _add(plane, "bpmndi:BPMNEdge", id=f"edge_{code}", bpmnElement=code)
    for x, y in way:
        _add(edge, "di:waypoint", x=f"{x:g}", y=f"{y:g}")
