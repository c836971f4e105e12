"""Who sits where on a chart's picture: a lane is a column, and a document passes along a row whenever the way is free.

The same places serve the swimlane and every check of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from zhika.flows.acts import ACTS, Act
from zhika.flows.chart import Flow, Step
from zhika.flows.documents import Document
from zhika.flows.lanes import Lane


@dataclass(frozen=True)
class Place:
    """A row of the chart, or the act that takes in a document no row awaits, in its cell of the picture."""

    row: int
    lane: Lane
    what: Step | Act


@dataclass(frozen=True)
class Link:
    """One document on its way from one place to another."""

    document: Document
    sender: Place
    receiver: Place

    @property
    def level(self) -> bool:
        return self.sender.row == self.receiver.row


@dataclass(frozen=True)
class Grid:
    """The places of a chart, row by row, and the documents between them."""

    flow: Flow
    places: tuple[Place, ...]
    links: tuple[Link, ...]

    @property
    def rows(self) -> int:
        return 1 + max(place.row for place in self.places)

    def column(self, place: Place) -> int:
        return self.flow.lanes.index(place.lane)


def taken_by_acts(flow: Flow, step: Step, document: Document) -> Iterator[tuple[Lane, Act]]:
    """The lanes in which no row awaits a document that `step` sends, with the act that takes it in there."""
    rows = {other.lane for other in flow.awaiting(document)} | {step.lane}
    for act in ACTS:
        if act.awaits is document and flow.name in act.processes:
            for lane in flow.lanes:
                if lane in act.lanes & document.receivers and lane not in rows:
                    yield lane, act


def kept(flow: Flow, step: Step) -> tuple[Document, ...]:
    """Documents of a row that stay in its lane's own house."""
    return tuple(d for d in step.sends if d.internal)


class _Table:
    """The picture while it is filled: one occupant a cell, and no box in the way of a level arrow."""

    def __init__(self, flow: Flow) -> None:
        self.column = {lane: index for index, lane in enumerate(flow.lanes)}
        self.places: list[Place] = []
        self.links: list[Link] = []

    def _between(self, one: Lane, other: Lane) -> range:
        low, high = sorted((self.column[one], self.column[other]))
        return range(low + 1, high)

    def _free(self, row: int, lane: Lane, senders: list[Place]) -> bool:
        taken = {self.column[p.lane] for p in self.places if p.row == row}
        passed = {c for link in self.links if link.level and link.sender.row == row
                  for c in self._between(link.sender.lane, link.receiver.lane)}  # fmt: skip
        way = {c for p in senders if p.row == row for c in self._between(p.lane, lane)}
        return self.column[lane] not in taken | passed and not way & taken

    def put(self, what: Step | Act, lane: Lane, documents: list[tuple[Document, Place]], earliest: int) -> None:
        row = max([earliest, *(sender.row for _, sender in documents)])
        while not self._free(row, lane, [sender for _, sender in documents]):
            row += 1
        place = Place(row, lane, what)
        self.places.append(place)
        self.links += [Link(document, sender, place) for document, sender in documents if sender.lane is not lane]


def grid(flow: Flow) -> Grid:
    """Seat every row as high as order and free ways allow, never above the row before it; then the acts.

    >>> from zhika.flows import flow
    >>> [(place.row, place.what.title) for place in grid(flow("urban-new")).places][:3]
    [(0, '填制参保表格并提供一寸免冠彩照'), (1, '提出参保申请、缴费'), (1, '审核、录入参保信息并扫描相片形成参保数据')]
    """
    table = _Table(flow)
    seats: dict[Step, Place] = {}
    last = 0
    for step in flow.steps:
        documents = [(d, seats[s]) for d in step.awaits for s in flow.senders(d) if s in seats]
        table.put(step, step.lane, documents, last)
        seats[step] = table.places[-1]
        last = table.places[-1].row
    for step in flow.steps:
        for document in step.sends:
            for lane, act in taken_by_acts(flow, step, document):
                table.put(act, lane, [(document, seats[step])], 0)
    return Grid(flow, tuple(table.places), tuple(table.links))
