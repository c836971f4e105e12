"""Where the nodes of a BPMN diagram stand: lanes as horizontal bands, every node in a column of its own."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count

from zhika.flows.chart import Step
from zhika.flows.documents import Document
from zhika.flows.lanes import Lane
from zhika.flows.net import Net, Node, Sort
from zhika.flows.shapes import Point, Rect

_SIZES = {
    Sort.START: (36.0, 36.0), Sort.END: (36.0, 36.0), Sort.SPLIT: (50.0, 50.0), Sort.JOIN: (50.0, 50.0),
    Sort.TASK: (170.0, 96.0),
}  # fmt: skip
GAP = 56.0
POOL_HEAD, LANE_HEAD = 30.0, 30.0
MIDDLE = 92.0
"""From a lane's upper edge to the middle of its nodes."""
PLAIN, WITH_DOCUMENTS = 184.0, 262.0
OBJECT = (36.0, 50.0)
BELOW = 34.0
"""From a task down to the documents it sends."""


@dataclass(frozen=True)
class Diagram:
    """Shapes and ways of one chart in pixels. Documents are keyed by their sending row as well."""

    pool: Rect
    lanes: dict[Lane, Rect]
    nodes: dict[Node, Rect]
    edges: dict[tuple[Node, Node], tuple[Point, ...]]
    objects: dict[tuple[Step, Document], Rect]
    outputs: dict[tuple[Step, Document], tuple[Point, ...]]
    inputs: dict[tuple[Step, Document, Step], tuple[Point, ...]]


def diagram(net: Net) -> Diagram:
    """Place everything; a sequence flow crosses no task, a document's way runs in the bands between them.

    >>> from zhika.flows import flow
    >>> from zhika.flows.net import net
    >>> len(diagram(net(flow("urban-new"))).lanes)
    4
    """
    flow = net.flow
    lanes, top = {}, 0.0
    width = POOL_HEAD + LANE_HEAD + GAP + sum(_SIZES[node.sort][0] + GAP for node in net.nodes)
    for lane in flow.lanes:
        sends = any(step.sends for step in flow.steps if step.lane is lane)
        height = WITH_DOCUMENTS if sends else PLAIN
        lanes[lane] = Rect(POOL_HEAD, top, width - POOL_HEAD, height)
        top += height
    nodes, x = {}, POOL_HEAD + LANE_HEAD + GAP
    for node in net.nodes:
        wide, high = _SIZES[node.sort]
        nodes[node] = Rect(x, lanes[node.lane].y + MIDDLE - high / 2, wide, high)
        x += wide + GAP
    tasks = {node.step: nodes[node] for node in net.nodes if node.sort is Sort.TASK and node.step}
    objects = {}
    for step, task in tasks.items():
        for place, document in enumerate(step.sends):
            objects[step, document] = Rect(task.x + 8 + 96 * place, task.bottom + BELOW, *OBJECT)
    return Diagram(
        pool=Rect(0, 0, width, top),
        lanes=lanes,
        nodes=nodes,
        edges={edge: _follow(edge, nodes) for edge in net.edges},
        objects=objects,
        outputs={key: _down(tasks[key[0]], shape) for key, shape in objects.items()},
        inputs=dict(_inputs(net, lanes, tasks, objects)),
    )


def _follow(edge: tuple[Node, Node], nodes: dict[Node, Rect]) -> tuple[Point, ...]:
    source, target = nodes[edge[0]], nodes[edge[1]]
    start, end = (source.right, source.middle[1]), (target.x, target.middle[1])
    if edge[0].lane is edge[1].lane:
        return start, end
    between = {node.lane for node, shape in nodes.items() if source.right < shape.x and shape.right < target.x}
    early, late = source.right + GAP / 2, target.x - GAP / 2
    if edge[0].lane not in between:
        return start, (late, start[1]), (late, end[1]), end
    if edge[1].lane not in between:
        return start, (early, start[1]), (early, end[1]), end
    over = end[1] - MIDDLE + 14
    return start, (early, start[1]), (early, over), (late, over), (late, end[1]), end


def _down(task: Rect, document: Rect) -> tuple[Point, ...]:
    x = document.middle[0]
    return (x, task.bottom), (x, document.y)


def _inputs(
    net: Net, lanes: dict[Lane, Rect], tasks: dict[Step, Rect], objects: dict[tuple[Step, Document], Rect]
) -> Iterable[tuple[tuple[Step, Document, Step], tuple[Point, ...]]]:
    turn = count()
    for (sender, document), shape in objects.items():
        for receiver in net.flow.awaiting(document):
            task, lane = tasks[receiver], lanes[receiver.lane]
            aside = 5.0 * (next(turn) % 4)
            start: tuple[Point, ...] = ((shape.right, shape.middle[1] + aside - 8),)
            if document is not sender.sends[-1]:
                # Over the documents that stand beside it.
                over = shape.y - 8 - aside
                start = (*start, (shape.right + 12, start[0][1]), (shape.right + 12, over))
            y = start[-1][1]
            turning = tasks[sender].right + 6 + aside
            from_above = lanes[sender.lane].y < lane.y
            band = lane.y + 10 + aside if from_above else lane.bottom - 10 - aside
            into = task.x + 20 + 2 * aside if from_above else task.right - 6 - aside
            edge = task.y if from_above else task.bottom
            way = (*start, (turning, y), (turning, band), (into, band), (into, edge))
            yield (sender, document, receiver), way
