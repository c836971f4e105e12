"""A chart as a net of nodes: what follows what, with a gateway wherever ways part or meet.

A row follows the row before it in its own lane and the rows that send what it awaits, nothing else.
"""

from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from zhika.flows.chart import Flow, Step
from zhika.flows.documents import Document
from zhika.flows.lanes import Lane


class Sort(Enum):
    """What a node is."""

    START = "start"
    TASK = "task"
    SPLIT = "split"
    JOIN = "join"
    END = "end"


@dataclass(frozen=True)
class Node:
    """One node; `step` is its row, or for a gateway the row it stands beside."""

    sort: Sort
    lane: Lane
    step: Step | None = None

    @property
    def code(self) -> str:
        """An XML name, unique within its chart."""
        return f"{self.sort.value}_{self.step.number}_{self.step.work}" if self.step else self.sort.value


@dataclass(frozen=True)
class Net:
    """Nodes in the order of the chart, and pairs of nodes that follow each other."""

    flow: Flow
    nodes: tuple[Node, ...]
    edges: tuple[tuple[Node, Node], ...]

    @property
    def documents(self) -> tuple[Document, ...]:
        return tuple(dict.fromkeys(document for step in self.flow.steps for document in step.sends))


def followed(flow: Flow) -> dict[Step, tuple[Step, ...]]:
    """The rows that each row directly follows; what is implied by another one is left out.

    >>> from zhika.flows import flow
    >>> rows = {row.work: [before.work for before in follows] for row, follows in followed(flow("urban-batch")).items()}
    >>> rows["print_faces"], rows["confirm"]
    (['submit_faces', 'submit_accounts'], ['compare'])
    """
    direct: dict[Step, list[Step]] = {}
    above: dict[Step, set[Step]] = {}
    for place, step in enumerate(flow.steps):
        own = [other for other in flow.steps[:place] if other.lane is step.lane][-1:]
        senders = [s for d in step.awaits for s in flow.senders(d) if s in direct and s is not step]
        before = list(dict.fromkeys(own + senders))
        implied = {farther for other in before for farther in above[other]}
        direct[step] = [other for other in flow.steps[:place] if other in before and other not in implied]
        above[step] = implied | set(before)
    return {step: tuple(before) for step, before in direct.items()}


def net(flow: Flow) -> Net:
    """The chart as a net from one start to one end."""
    before = followed(flow)
    after = {step: [other for other in flow.steps if step in before[other]] for step in flow.steps}
    first = [step for step in flow.steps if not before[step]]
    last = [step for step in flow.steps if not after[step]]
    nodes = [start := Node(Sort.START, first[0].lane)]
    edges: list[tuple[Node, Node]] = []
    enter: dict[Step, Node] = {}
    leave: dict[Step, Node] = {}
    if len(first) > 1:
        nodes.append(Node(Sort.SPLIT, first[0].lane))
        edges.append((nodes[-2], nodes[-1]))
        start = nodes[-1]
    for step in flow.steps:
        task = enter[step] = leave[step] = Node(Sort.TASK, step.lane, step)
        own = [task]
        if len(before[step]) > 1:
            enter[step] = Node(Sort.JOIN, step.lane, step)
            own.insert(0, enter[step])
        if len(after[step]) > 1:
            leave[step] = Node(Sort.SPLIT, step.lane, step)
            own.append(leave[step])
        edges += pairwise(own)
        edges += [(leave[other], enter[step]) for other in before[step]] or [(start, enter[step])]
        nodes += own
    if len(last) > 1:
        nodes.append(Node(Sort.JOIN, last[-1].lane))
    nodes.append(end := Node(Sort.END, last[-1].lane))
    if len(last) > 1:
        edges.append((nodes[-2], end))
    edges += [(leave[step], nodes[-2] if len(last) > 1 else end) for step in last]
    return Net(flow, tuple(nodes), tuple(edges))
