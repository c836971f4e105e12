"""Many runs of the machine in one process: a town is founded once, and each run begins with it as it stands."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.laws.machine import TALLY, Machine, Tally
from tests.laws.seams import Hands, seams
from tests.laws.town import found_town, snapshot
from zhika.engine import laws

STEPS = 50
TOGETHER = 25
"""Runs that Hypothesis makes of one seed."""


def long_ones(tally: Tally, steps: int = STEPS) -> int:
    """How many runs had at least so many steps."""
    return sum(length >= steps for length in tally.lengths)


def run(
    folder: Path, runs: int, *, first_seed: int = 0, steps: int = STEPS, shrink: bool = True,
    tell: Callable[[Tally], None] = lambda _: None,
) -> Tally:  # fmt: skip
    """So many runs of at least so many steps; the store is the caller's, in a transaction or of its own.

    `tell` hears the tally so far after the runs of each seed.
    Raises what the first run that broke something raised, made as short as it gets with `shrink`.
    """
    hands, at = Hands(), first_seed
    with ExitStack() as stack:
        stack.enter_context(seams(hands))
        town = found_town(folder, hands)

        class Run(Machine):
            """The machine in this town."""

        Run.town, Run.back = town, staticmethod(snapshot(town))
        stack.enter_context(patch.object(laws, "current", lambda: town.seat))
        while (left := runs - long_ones(TALLY, steps)) > 0:
            chosen = settings(
                max_examples=min(left, TOGETHER), stateful_step_count=steps + 1, deadline=None, database=None,
                suppress_health_check=list(HealthCheck), print_blob=False, report_multiple_bugs=False,
                phases=[Phase.generate, Phase.shrink] if shrink else [Phase.generate],
            )  # fmt: skip
            run_state_machine_as_test(seed(at)(Run), settings=chosen)
            at += 1
            tell(TALLY)
    return TALLY
