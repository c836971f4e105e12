"""Which cards' replacements are in production: from then on a loss in writing holds."""

from collections.abc import Collection

from django.db.models import Q

from zhika.ledger.cards import Failure
from zhika.ledger.chunks import chunks
from zhika.people.models import Application


def those_in_production(refs: Collection[str]) -> set[str]:
    """Those among these applications that another one replaces, which stands in a batch and has not left it.

    One that was withdrawn, or failed and waits for its new start, is not being made.
    """
    found: dict[str, str] = {}
    for some in chunks(sorted(refs)):
        standing = Application.objects.filter(Q(live=True) | Q(pending=True), replaces__ref__in=some)
        found |= dict(standing.exclude(batch_code="").values_list("ref", "replaces__ref"))
    for some in chunks(sorted(found)):
        left = Failure.objects.filter(card__application_ref__in=some)
        for ref in left.values_list("card__application_ref", flat=True):
            del found[ref]
    return set(found.values())
