"""What a seat may do next. Pure: own lane in order, other lanes by documents, nothing else connects lanes."""

from collections.abc import Set

from zhika.flows.chart import Flow, Grain, Step
from zhika.flows.documents import Document
from zhika.flows.lanes import Lane


def ready(flow: Flow, grain: Grain, *, done: Set[tuple[int, str]], filed: Set[Document], here: Set[Lane]) -> list[Step]:
    """Rows that may be done now for one subject of this grain.

    `done` holds the keys of rows done for the subject and, for a parcel or card, for its batch; `filed` the documents
    on the desk for it, those with things only once counted; `here` the lanes of the seat.

    >>> from zhika.flows import flow
    >>> chart = flow("urban-batch")
    >>> [str(s.work) for s in ready(chart, Grain.BATCH, done=set(), filed=set(), here={Lane.INTEGRATOR})]
    ['submit_production_data']
    """
    return [
        step
        for place, step in enumerate(flow.steps)
        if step.grain is grain
        and step.lane in here
        and step.key not in done
        and set(step.awaits) <= filed
        and all(
            earlier.key in done
            for earlier in flow.steps[:place]
            if earlier.lane is step.lane and _counts(earlier.grain, grain)
        )
    ]


def _counts(earlier: Grain, grain: Grain) -> bool:
    """Rows of the same grain come first; of a coarser one too, once there is a batch."""
    return earlier is grain or (grain.after_batch and earlier in (Grain.BATCH, Grain.PARCEL) and earlier is not grain)
