"""Lanes hand over their step functions and acts; table and code can't drift."""

from collections.abc import Callable
from types import ModuleType

from zhika.engine import (  # noqa: F401 - the engine's own acts and law
    booking,
    carrying,
    counting,
    exceptions,
    found,
    handover,
    laws,
    settling,
)
from zhika.engine.registry import ACT_FUNCTIONS, STEPS
from zhika.engine.work import Done
from zhika.errors import ConfigurationError
from zhika.flows import FLOWS
from zhika.flows.acts import ACTS
from zhika.flows.lanes import Lane
from zhika.seat.settings import SEAT


def public(module: ModuleType) -> dict[str, Callable[..., Done]]:
    """The functions that a module offers: its own, without a leading underscore."""
    return {
        name: thing
        for name, thing in vars(module).items()
        if callable(thing) and not name.startswith("_") and getattr(thing, "__module__", "") == module.__name__
        and not isinstance(thing, type)
    }  # fmt: skip


def serve(lane: Lane, steps: ModuleType | None, acts: ModuleType | None = None) -> None:
    """A lane hands over its step functions and acts.

    Refuses a function that no chart names, and a row without one in a process that seat.toml names.
    """
    processes = SEAT.processes if SEAT else ()
    offered = public(steps) if steps else {}
    named = {step.work for flow in FLOWS.values() for step in flow.steps if step.lane is lane}
    asked = {step.work for name in processes for step in FLOWS[name].steps if step.lane is lane}
    if extra := sorted(set(offered) - named):
        raise ConfigurationError(f"lanes/{lane}/steps: no chart has a row of this lane named {', '.join(extra)}")
    if lacking := sorted(asked - set(offered)):
        raise ConfigurationError(f"lanes/{lane}/steps: no function for the rows {', '.join(lacking)}")

    offered_acts = public(acts) if acts else {}
    declared = {act.name for act in ACTS if lane in act.lanes}
    if extra := sorted(set(offered_acts) - declared):
        raise ConfigurationError(f"lanes/{lane}/acts: no act of this lane is declared as {', '.join(extra)}")
    needed = {act.name for act in ACTS if lane in act.lanes and act.processes & set(processes)}
    own = {name for owner, name in ACT_FUNCTIONS if owner is None}
    if lacking := sorted(needed - own - set(offered_acts)):
        raise ConfigurationError(f"lanes/{lane}/acts: no function for the acts {', '.join(lacking)}")
    STEPS.update({(lane, name): function for name, function in offered.items()})
    ACT_FUNCTIONS.update({(lane, name): function for name, function in offered_acts.items()})
