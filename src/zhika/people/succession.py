"""A replacement takes the old card's place: when, and what becomes of the two applications.

Until then the old application is the person's live one and the new one is pending, so that nobody has two live cards.
"""

from collections.abc import Collection, Iterator

from django.db.models import Q

from zhika.flows.blocking import Standing
from zhika.flows.requests import KINDS, OldCard
from zhika.ledger.cards import Card
from zhika.ledger.chunks import chunks
from zhika.people import restarts
from zhika.people.models import Application, Request

BLOCKED = (Standing.CALL.value, Standing.FORMAL.value)


def olds(refs: Collection[str]) -> dict[str, Card]:
    """New application → the card that it replaces, of those that wait to take its place."""
    found: dict[str, str] = {}
    for some in chunks(sorted(refs)):
        rows = Application.objects.filter(ref__in=some, pending=True, replaces__isnull=False)
        found |= dict(rows.values_list("ref", "replaces__ref"))
    cards: dict[str, Card] = {}
    for some in chunks(sorted(found.values())):
        rows = Card.objects.filter(application_ref__in=some, serial__isnull=False).select_related("batch", "block")
        cards |= {card.application_ref: card for card in rows}
    return {ref: cards[old] for ref, old in found.items() if old in cards}


def taken_over(refs: Collection[str]) -> None:
    """The new ones are live, the old ones no more; in the caller's transaction."""
    for some in chunks(sorted(refs)):
        new = Application.objects.filter(ref__in=some, pending=True)
        Application.objects.filter(pk__in=list(new.values_list("replaces_id", flat=True)), live=True).update(live=False)
        new.update(live=True, pending=False)


def lost(refs: Collection[str]) -> set[str]:
    """Applications whose request says that the old card is lost; a block alone does not: one that was recalled is
    blocked, and in its holder's hand."""
    found: set[str] = set()
    for some in chunks(sorted(refs)):
        applied = Application.objects.filter(ref__in=some).select_related("restarts")
        origins = {restarts.origin(one): one.ref for one in applied}
        asked = Request.objects.filter(ref__in=origins).values_list("ref", "kind")
        found |= {origins[ref] for ref, kind in asked if KINDS[kind].old_card is OldCard.BLOCKED}
    return found


def produced() -> Iterator[str]:
    """Serials of lost, blocked cards whose replacement is made and at its office: they end now.

    Others end when they come back for the new one.
    """
    made = Application.objects.filter(pending=True, replaces__isnull=False).exclude(batch_code="")
    new = dict(made.values_list("ref", "replaces__ref"))
    for some in chunks(sorted(new)):
        good = Card.objects.filter(application_ref__in=some, failure=None, serial__isnull=False)
        ready = good.exclude(batch__closed_at=None).values_list("application_ref", flat=True)
        by_old = {new[ref]: ref for ref in ready}
        blocked = Card.objects.filter(application_ref__in=by_old, block__state__in=BLOCKED)
        serials = {by_old[old]: serial or "" for old, serial in blocked.values_list("application_ref", "serial")}
        told = lost(serials)
        yield from (serial for ref, serial in serials.items() if ref in told)


def still_standing(refs: Collection[str]) -> list[str]:
    """Serials of cards of these applications' predecessors that nobody has cancelled yet."""
    found: list[str] = []
    for some in chunks(sorted(refs)):
        before = Application.objects.filter(ref__in=some, replaces__isnull=False).values("replaces__ref")
        cards = Card.objects.filter(application_ref__in=before, serial__isnull=False)
        open_ = cards.filter(Q(block=None) | ~Q(block__state=Standing.CANCELLED.value))
        found += [serial or "" for serial in open_.values_list("serial", flat=True)]
    return found
