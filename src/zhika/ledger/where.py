"""Where a card is, now or on a past day: from its bundle's birth place along the movements."""

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import date
from typing import NamedTuple

from zhika.ledger.batches import Batch
from zhika.ledger.cards import Card
from zhika.ledger.chunks import chunks
from zhika.ledger.places import Movement, Place


class Lies(NamedTuple):
    """Where a card lies, and the movement that brought it there; primary keys."""

    place: int
    movement: int


def where(cards: Iterable[int], *, on: date | None = None) -> dict[int, int]:
    """Place (primary key) of each card that has plastic."""
    return {card: at.place for card, at in lies(cards, on=on).items()}


def lies(cards: Iterable[int], *, on: date | None = None) -> dict[int, Lies]:
    """Place and last movement of each card that has plastic: from its bundle's birth place along the movements.

    The next movement is the card's own, or of its bundle, or of the whole place. Where the card's last own movement
    leads it lies whatever was before, so the way begins there. `on`: stop at the end of that day.
    """
    wanted = list(cards)
    births: dict[int, tuple[int, int, int]] = {}
    own: dict[int, tuple[int, int]] = {}
    for some in chunks(wanted):
        rows = Card.objects.filter(pk__in=some, serial__isnull=False, bundle__birth_movement__isnull=False)
        for pk, bundle, at, since in rows.values_list(
            "pk", "bundle_id", "bundle__birth_place_id", "bundle__birth_movement_id"
        ):
            births[pk] = (bundle, at, since)
        moved = Movement.objects.filter(card_id__in=some)
        moved = moved.filter(booked_day__lte=on) if on else moved
        for card, pk, target in moved.order_by("pk").values_list("card_id", "pk", "to_place_id"):
            own[card] = (pk, target)
    if on and births:
        early = set(
            Movement.objects.filter(pk__in={b[2] for b in births.values()}, booked_day__gt=on).values_list(
                "pk", flat=True
            )
        )
        births = {card: birth for card, birth in births.items() if birth[2] not in early}
    shared = _Shared(on)
    found: dict[int, Lies] = {}
    together: dict[tuple[int, int, int], Lies] = {}
    for card, (bundle, at, since) in births.items():
        if card in own:
            since, at = own[card]
        begun = (bundle, at, since)
        if begun not in together:  # cards without a movement of their own go their bundle's way
            while following := shared.after(at, bundle, since):
                since, at = following
            together[begun] = Lies(at, since)
        found[card] = together[begun]
    return found


class _Shared:
    """Movements of whole places and bundles, read once a place."""

    def __init__(self, on: date | None) -> None:
        self.on = on
        self.read: dict[int, list[tuple[int, int, int | None]]] = {}
        self.known: dict[tuple[int, int, int], tuple[int, int] | None] = {}

    def after(self, at: int, bundle: int, since: int) -> tuple[int, int] | None:
        """(movement, place) that takes this bundle's cards away from `at` after movement `since`."""
        key = (at, bundle, since)
        if key not in self.known:
            if at not in self.read:
                rows = Movement.objects.filter(from_place=at, card=None)
                rows = rows.filter(booked_day__lte=self.on) if self.on else rows
                self.read[at] = list(rows.order_by("pk").values_list("pk", "to_place_id", "bundle_id"))
            self.known[key] = next(
                ((pk, to) for pk, to, row in self.read[at] if pk > since and row in (None, bundle)), None
            )
        return self.known[key]


def lying_at(at: Place, *, batch: Batch | None = None, bundles: Collection[int] = ()) -> list[int]:
    """Cards (primary keys) that lie at a place now; with `bundles` (primary keys), those of these bundles only."""
    cards = Card.objects.filter(serial__isnull=False)
    if bundles:
        cards = cards.filter(bundle__in=bundles)
    elif ref := batch or Batch.objects.filter(code=at.group.ref or at.group.code).first():
        cards = cards.filter(batch=ref)
    return [card for card, lies in where(cards.values_list("pk", flat=True)).items() if lies == at.pk]


def by_bundle(at: Place, bundles: Collection[int] = ()) -> Counter[int]:
    """How many cards of each bundle, or of each of these bundles, lie at a place."""
    ids = lying_at(at, bundles=bundles)
    counted: Counter[int] = Counter()
    for some in chunks(ids):
        counted.update(Card.objects.filter(pk__in=some).values_list("bundle_id", flat=True))
    return counted
