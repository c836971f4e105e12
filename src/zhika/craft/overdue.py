"""What is to go back: cards that nobody collected in time, and those of people who have died meanwhile."""

from collections.abc import Iterator
from datetime import datetime

from django.utils import timezone

from zhika.engine.todo import REASON, Todo, command
from zhika.engine.unclaimed import cards_of, stays
from zhika.flows import causes
from zhika.flows.lanes import Lane
from zhika.ledger.cards import Card, CardEvent
from zhika.ledger.places import Place, State
from zhika.ledger.where import where
from zhika.people.deaths import Death
from zhika.people.models import Application
from zhika.seat.config import Seat

WORK = "return_cards"


def at_units(seat: Seat) -> Iterator[Todo]:
    """What units are to give back."""
    return todo(seat, Lane.UNIT)


def todo(seat: Seat, lane: Lane) -> Iterator[Todo]:
    """Of one lane's holders: overdue cards, parcel by parcel, then dead people's, card by card."""
    now = timezone.now()
    for stay in stays(now, least=seat.distribution.recall_days):
        if stay.lane is lane:
            about = [stay.subject] if not stay.cards else _serials(cards_of(stay))
            words = command(WORK, about[0], REASON)
            yield Todo(
                lane, WORK, f"退回{causes.title('unclaimed')} {stay.n} 张", stay.subject, stay.n, stay.since, stay.name,
                (*words[:2], *about, *words[3:], "--fact", "cause=unclaimed"), "act",
            )  # fmt: skip
    yield from _of_the_dead(now, lane)


def _serials(cards: list[int]) -> list[str]:
    return [str(serial) for serial in Card.objects.filter(pk__in=cards).values_list("serial", flat=True)]


def _of_the_dead(now: datetime, lane: Lane) -> Iterator[Todo]:
    """Cards that lie good with a unit or office, of persons on a list of the dead."""
    waiting = Application.objects.filter(live=True, person__id_key__in=Death.objects.values("id_key"))
    cards = Card.objects.filter(application_ref__in=waiting.exclude(batch_code="").values("ref"), failure=None)
    cards = cards.filter(serial__isnull=False).exclude(pk__in=CardEvent.objects.filter(kind="hand_out").values("card"))
    serials = dict(cards.values_list("pk", "serial"))
    lying = where(serials)
    places = Place.objects.filter(pk__in=set(lying.values()), state=State.GOOD).select_related("organisation", "group")
    known = {place.pk: place for place in places}
    for card, at in sorted(lying.items()):
        place = known.get(at)
        of = Lane.UNIT if place and place.group.kind == "parcel" else Lane.CENTRE
        if place and of is lane and place.organisation.kind in ("unit", "centre"):
            yield Todo(
                lane, WORK, f"退回: {causes.title('deceased')}", str(serials[card]), 1, now, place.organisation.name,
                (*command(WORK, str(serials[card]), REASON), "--fact", "cause=deceased"), "act",
            )  # fmt: skip
