"""Which cards' replacements are in production: from then on a loss in writing holds."""

from collections.abc import Collection

from zhika.ledger.cards import Card
from zhika.ledger.chunks import chunks
from zhika.people.models import Application


def in_production(card: Card) -> bool:
    """Whether a replacement of this card is in a batch."""
    return bool(those_in_production([card.application_ref]))


def those_in_production(refs: Collection[str]) -> set[str]:
    """Those among these applications that another one, which is in a batch, replaces."""
    found: set[str] = set()
    for some in chunks(sorted(refs)):
        made = Application.objects.filter(replaces__ref__in=some).exclude(batch_code="")
        found |= set(made.values_list("replaces__ref", flat=True))
    return found
