"""The shapes that a chart's picture is made of, in pixels; x to the right, y downwards."""

from dataclasses import dataclass
from enum import Enum

from zhika.flows.lanes import Lane
from zhika.flows.placing import Link, Place

Point = tuple[float, float]


@dataclass(frozen=True)
class Rect:
    """A rectangle by its upper left corner."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def middle(self) -> Point:
        return self.x + self.width / 2, self.y + self.height / 2

    def meets(self, other: "Rect") -> bool:
        """Whether they share an area; touching edges do not count.

        >>> Rect(0, 0, 10, 10).meets(Rect(10, 0, 5, 5)), Rect(0, 0, 10, 10).meets(Rect(9, 9, 5, 5))
        (False, True)
        """
        return (
            self.x < other.right and other.x < self.right and self.y < other.bottom and other.y < self.bottom
        )  # fmt: skip


@dataclass(frozen=True)
class Column:
    """One lane from its header to the foot of the picture."""

    lane: Lane
    rect: Rect


@dataclass(frozen=True)
class Text:
    """A line and the style it is set in."""

    line: str
    style: "Style"


class Style(Enum):
    """Styles of the lines in a box: size in pixels and height of the line."""

    TITLE = (15.0, 21.0)
    CAPTION = (11.5, 18.0)
    KEPT = (11.5, 18.0)
    STATE = (12.0, 18.0)
    WAITING = (12.5, 18.5)

    @property
    def size(self) -> float:
        return self.value[0]

    @property
    def leading(self) -> float:
        return self.value[1]


@dataclass(frozen=True)
class Box:
    """A row of the chart, or an act, where it stands."""

    place: Place
    rect: Rect
    texts: tuple[Text, ...]


@dataclass(frozen=True)
class Label:
    """A document's name, or the word for what comes back, beside its arrow."""

    text: str
    rect: Rect
    size: float
    comes_back: bool = False


@dataclass(frozen=True)
class Arrow:
    """The way of one document from one box to one or several others.

    All `ways` begin at the sender; each has an arrowhead at its end. `back` is the way of the acceptance 交接回执.
    """

    links: tuple[Link, ...]
    ways: tuple[tuple[Point, ...], ...]
    labels: tuple[Label, ...]
    back: tuple[Point, ...] = ()

    @property
    def things(self) -> bool:
        return self.links[0].document.things


@dataclass(frozen=True)
class Thread:
    """The order within a lane: from a box to the next one of the same lane."""

    sender: Place
    receiver: Place
    way: tuple[Point, ...]


@dataclass(frozen=True)
class Layout:
    """The whole picture."""

    width: float
    height: float
    columns: tuple[Column, ...]
    boxes: tuple[Box, ...]
    threads: tuple[Thread, ...]
    arrows: tuple[Arrow, ...]

    @property
    def labels(self) -> tuple[Label, ...]:
        return tuple(label for arrow in self.arrows for label in arrow.labels)
