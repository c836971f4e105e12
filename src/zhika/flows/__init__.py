"""The document's six charts as tables, and what is drawn from them."""

from collections.abc import Iterator

from zhika.errors import ConfigurationError
from zhika.flows.acts import ACTS
from zhika.flows.chart import Flow
from zhika.flows.documents import CATALOGUE
from zhika.flows.rural import RURAL_BATCH, RURAL_NEW, RURAL_REPLACEMENT
from zhika.flows.urban import URBAN_BATCH, URBAN_NEW, URBAN_REPLACEMENT

FLOWS: dict[str, Flow] = {
    flow.name: flow for flow in (URBAN_BATCH, URBAN_NEW, URBAN_REPLACEMENT, RURAL_BATCH, RURAL_NEW, RURAL_REPLACEMENT)
}

TITLES = {act.name: act.title for act in ACTS} | {s.work: s.title for one in FLOWS.values() for s in one.steps}
"""What acts and rows are called, by name; of a row that charts call differently, one of them."""


def title_of(work: str, process: str = "") -> str:
    """What a row is called in this chart, or an act anywhere; the name itself where nobody knows it.

    >>> title_of("apply", "urban-new"), title_of("apply", "rural-new"), title_of("form", "urban-batch")
    ('提出参保申请、缴费', '提出参合申请、缴费', '组批')
    """
    own = (step.title for step in FLOWS[process].steps if step.work == work) if process in FLOWS else iter(())
    return next(own, TITLES.get(work, work))


def flow(name: str) -> Flow:
    """The chart of this name.

    >>> len(flow("urban-batch").numbers)
    15
    """
    if name not in FLOWS:
        raise ConfigurationError(f"没有流程「{name}」。可用: {'、'.join(FLOWS)}")
    return FLOWS[name]


def _unawaited() -> Iterator[str]:
    awaited = {document for chart in FLOWS.values() for step in chart.steps for document in step.awaits}
    awaited |= {act.awaits for act in ACTS if act.awaits}
    for document in CATALOGUE:
        # What travels with things is awaited by the taker's acceptance, whatever row comes after.
        if document not in awaited and not document.internal and not document.things:
            yield f"{document.code} ({document})"


if _loose := list(_unawaited()):
    raise ConfigurationError(f"documents that no row and no act awaits, nor declared internal: {', '.join(_loose)}")
