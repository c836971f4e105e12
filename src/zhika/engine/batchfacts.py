"""All that this seat knows of a batch and that the audit holds together, read once."""

from collections.abc import Mapping
from dataclasses import dataclass

from zhika.engine import onlists
from zhika.engine.onlists import Listed
from zhika.engine.registry import NUMBERS
from zhika.engine.standing import closed_under
from zhika.engine.whereabouts import Held, held
from zhika.flows import FLOWS
from zhika.flows.chart import Grain, Step
from zhika.ledger.batches import Batch
from zhika.ledger.cards import Card, CardEvent, Failure
from zhika.ledger.places import Case, State
from zhika.ledger.steps import StepRecord
from zhika.people.models import Application
from zhika.seat.config import Seat


@dataclass(frozen=True)
class Facts:
    """One batch; everything by application number."""

    batch: Batch
    cards: Mapping[str, Card]
    """In line order."""
    left: Mapping[str, Failure]
    applications: Mapping[str, Application]
    numbers: Mapping[str, set[str]]
    """Bank numbers recorded here; of other batches' applications too, where they have one of these."""
    lying: Mapping[str, Held]
    events: Mapping[str, set[str]]
    """Kinds of what happened to the card alone."""
    cases: set[int]
    """Cards (primary keys) with an open case."""
    lists: Mapping[str, Listed]
    """By code of the document."""
    named: set[str]
    """Who stands on an exception list."""
    done: frozenset[Step]

    @property
    def living(self) -> dict[str, Card]:
        """Who has not left."""
        return {app: card for app, card in self.cards.items() if app not in self.left}

    def state(self, app: str) -> State | None:
        return self.lying[app].state if app in self.lying else None


def read(seat: Seat, batch: Batch) -> Facts:
    """Set-based: a few queries, and each document once."""
    cards = {card.application_ref: card for card in Card.objects.filter(batch=batch).order_by("line")}
    failures = Failure.objects.filter(card__batch=batch).select_related("card")
    lying = held([card.pk for card in cards.values()])
    events: dict[str, set[str]] = {}
    told = CardEvent.objects.filter(card__batch=batch).values_list("card__application_ref", "kind")
    for app, kind in told:
        events.setdefault(app, set()).add(kind)
    numbers: dict[str, set[str]] = {}
    for source in NUMBERS:
        for app, number in source(batch.code, list(cards)):
            numbers.setdefault(app, set()).add(number)
    cases = Case.objects.filter(card__batch=batch, closed_at=None).values_list("card_id", flat=True)
    return Facts(
        batch=batch, cards=cards, left={failure.card.application_ref: failure for failure in failures},
        applications={one.ref: one for one in Application.objects.filter(batch_code=batch.code)}, numbers=numbers,
        lying={app: lying[card.pk] for app, card in cards.items() if card.pk in lying}, events=events,
        cases=set(cases), lists=onlists.read(seat, batch), named=onlists.excepted(seat, batch), done=_done(batch),
    )  # fmt: skip


def _done(batch: Batch) -> frozenset[Step]:
    """Rows of the batch done here or told by other seats, and all that they imply."""
    records = StepRecord.objects.filter(subject_kind=Grain.BATCH, subject=batch.code)
    keys = set(records.values_list("number", "function"))
    return closed_under(batch.process, [step for step in FLOWS[batch.process].steps if step.key in keys])
