"""Who does what: step functions, acts and the lanes' own rules, by name. Lanes fill it through `serve`."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from zhika.engine.work import ActWork, Done, Work
from zhika.errors import ConfigurationError
from zhika.flows.acts import BY_NAME
from zhika.flows.lanes import Lane
from zhika.seat.config import Seat

StepFunction = Callable[[Work], Done]
ActFunction = Callable[[ActWork], Done]
Due = Callable[[Seat], Iterable[tuple[str, str, str]]]
"""Acts that are due without a document: (name, subject, process). A lane's rule, e.g. a batch full or old enough."""
FromFile = Callable[[Seat, Path, Mapping[str, str]], Iterable[tuple[str, Mapping[str, str]]]]
"""How a file told with `zhika do` becomes subjects with their facts."""

Errand = Callable[[Seat, str], None]
"""What is to be done with things once a transaction holds, by its subject. It may be called again after a crash."""

STEPS: dict[tuple[Lane, str], StepFunction] = {}
ACT_FUNCTIONS: dict[tuple[Lane | None, str], ActFunction] = {}
"""By lane and name; lane None: the engine's own, for every lane."""
ERRANDS: dict[tuple[Lane | None, str], Errand] = {}
"""By lane and name of the row or act that leaves it; lane None: the engine's own."""
DUE: list[Due] = []
FROM_FILE: dict[str, FromFile] = {}
TODO: list["TodoSource"] = []
TodoSource = Callable[[Seat], Iterable[Any]]
"""A lane's own entries of the to-do list (`engine.todo.Todo`)."""


def engine_act(function: ActFunction) -> ActFunction:
    """Mark an act that is the engine's own, the same in every lane."""
    if function.__name__ not in BY_NAME:
        raise ConfigurationError(f"no act is declared as {function.__name__}")
    ACT_FUNCTIONS[None, function.__name__] = function
    return function
