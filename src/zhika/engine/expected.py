"""What an organisation's books say must lie with it: cards one by one, material by lot or batch."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db.models import Q

from zhika.ledger.batches import Organisation
from zhika.ledger.cards import Card
from zhika.ledger.material import CONSIGNMENT, STOCK, Lying, named
from zhika.ledger.places import Balance, Movement, Place, State
from zhika.ledger.where import where

KEPT = (State.GOOD, State.VOID, State.HELD)
"""States in which a card lies in its holder's trays."""


class Shelf(NamedTuple):
    """Where material lies in reality: a lot's trays in the stock, or a batch's tray, in which lots are mixed."""

    batch: str
    lot: str
    kind: str


@dataclass
class Expected:
    """The books of one organisation, as a count holds them against what is read."""

    cards: dict[str, tuple[Card, Place]] = field(default_factory=dict)
    """Serial → card and place."""
    fit: dict[Shelf, list[Lying]] = field(default_factory=lambda: defaultdict(list))
    void: dict[Shelf, list[Lying]] = field(default_factory=lambda: defaultdict(list))
    last_movement: int = 0
    """Of those that touch this organisation: another one makes the count stale."""


def expected(holder: Organisation) -> Expected:
    """What must lie in the trays of a holder now."""
    books = Expected(last_movement=last_movement(holder))
    places = {
        place.pk: place
        for place in Place.objects.filter(organisation=holder, balance__n__gt=0).select_related("group", "organisation")
    }
    batches = {p.group.ref for p in places.values() if p.state in KEPT and p.group.kind not in (STOCK, CONSIGNMENT)}
    for code in sorted(batches):
        cards = {c.pk: c for c in Card.objects.filter(batch__code=code, serial__isnull=False).select_related("batch")}
        for pk, at in where(cards).items():
            if at in places and places[at].state in KEPT:
                books.cards[str(cards[pk].serial)] = (cards[pk], places[at])
    held = Balance.objects.filter(place__in=list(places)).order_by("place__group").values_list("place_id", "n")
    for pk, n in held:
        at = places[pk]
        if at.group.kind in (STOCK, CONSIGNMENT) and at.state in (State.BLANK, State.VOID):
            batch, lot, kind = named(at.group.code)
            shelf = Shelf(batch, "" if batch else lot, kind)
            (books.fit if at.state == State.BLANK else books.void)[shelf].append(Lying(at, lot, kind, n))
    return books


def last_movement(holder: Organisation) -> int:
    """The last movement from or to an organisation (primary key)."""
    touching = Movement.objects.filter(Q(from_place__organisation=holder) | Q(to_place__organisation=holder))
    return touching.order_by("-pk").values_list("pk", flat=True).first() or 0
