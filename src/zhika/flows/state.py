"""Where one batch stands on its chart: what a picture or a list of the chart needs to know, and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from zhika.flows.chart import Step


@dataclass(frozen=True)
class StepState:
    """One row of the chart for one batch. A row that is neither done nor waiting lies ahead."""

    done: bool = False
    at: datetime | None = None
    """When it was done, in the time zone in which it is to be read."""
    n_in: int | None = None
    """People or cards that came in; for rows of other grain the lots, applications or parcels."""
    n_out: int | None = None
    waiting: bool = False
    """The batch stands here now."""
    waits_for: str = ""
    """For whom or what it waits, in Chinese, without a person's data."""


_AHEAD = StepState()


@dataclass(frozen=True)
class State:
    """Where a batch stands.

    `steps` goes by a row's key, number and function; a row left out lies ahead. `failed` counts who left the batch,
    by cause in Chinese.

    >>> state = State("B-urban-02-0001", {(1, "collect"): StepState(done=True)}, {"芯片失效": 2})
    >>> state.failures
    2
    """

    batch: str
    steps: Mapping[tuple[int, str], StepState] = field(default_factory=dict)
    failed: Mapping[str, int] = field(default_factory=dict)

    def of(self, step: Step) -> StepState:
        return self.steps.get(step.key, _AHEAD)

    @property
    def year(self) -> int | None:
        """In which the first row was done."""
        return min((own.at.year for own in self.steps.values() if own.at), default=None)

    @property
    def failures(self) -> int:
        return sum(self.failed.values())
