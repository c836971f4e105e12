"""Blocked cards: how each stands now in one row, how it came to stand so in events. A block changes no custody."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone

from zhika.errors import NotReady
from zhika.flows.blocking import BLOCKED, Standing
from zhika.ledger.cards import Card, CardEvent
from zhika.ledger.chunks import chunks
from zhika.ledger.places import today

_BATCH_SIZE = 500


class Block(models.Model):
    """How one card stands on this seat's side. A card that nobody ever blocked has no row."""

    card = models.OneToOneField(Card, models.PROTECT, related_name="block")
    state = models.CharField(max_length=12)
    """A code of `flows.blocking.Standing`."""
    at = models.DateTimeField()
    """When the word was said that made it so, on whichever side; a lapse leaves the call's time."""
    until = models.DateField(null=True)
    """Last day on which a call-loss holds here; None: it does not lapse."""

    class Meta:
        indexes = [
            models.Index(fields=["until"], condition=Q(state="lost-call"), name="block_lapsing"),
            models.Index(fields=["at"], condition=Q(state__in=["lost-call", "lost-formal"]), name="block_open"),
        ]

    @property
    def standing(self) -> Standing:
        return Standing(self.state)


@dataclass(frozen=True)
class Word:
    """What is said of one card."""

    card: Card
    standing: Standing
    at: datetime
    until: date | None = None
    by: str = ""
    cause: str = ""
    """Evidence or reason; never a person's data."""
    silent: bool = False
    """Says again how the card stands: no event."""


def of(cards: Iterable[int]) -> dict[int, Block]:
    """Blocks by card (primary key), of those that have one."""
    wanted = sorted(set(cards))
    found: dict[int, Block] = {}
    for some in chunks(wanted):
        rows = Block.objects.filter(card__in=some)
        found |= {block.card_id: block for block in rows}
    return found


def blocked(cards: Iterable[int]) -> dict[int, Standing]:
    """Cards (primary keys), among these, that are of no use now, with how they stand."""
    return {pk: block.standing for pk, block in of(cards).items() if block.standing.blocked}


def standing(known: Mapping[int, Block], card: Card) -> Standing:
    """How a card stands, by `of`."""
    return known[card.pk].standing if card.pk in known else Standing.NORMAL


def say(words: Sequence[Word], seen: Mapping[int, Block]) -> None:
    """Write words into rows and events, in the caller's transaction.

    `seen`: the blocks that the words were weighed against, by `of`. Raises NotReady where one has changed since.
    """
    now = of(word.card.pk for word in words)
    for word in words:
        before, here = seen.get(word.card.pk), now.get(word.card.pk)
        if (before and (before.state, before.at)) != (here and (here.state, here.at)):
            raise NotReady(f"卡 {word.card.serial}: 挂失状态刚刚改变, 请重新办理")
    Block.objects.bulk_create(
        [Block(card=word.card, state=word.standing.value, at=word.at, until=word.until) for word in words],
        batch_size=_BATCH_SIZE, update_conflicts=True, unique_fields=["card"], update_fields=["state", "at", "until"],
    )  # fmt: skip
    booked, day = timezone.now(), today()
    CardEvent.objects.bulk_create(
        [
            CardEvent(
                card=word.card, kind=word.standing.value, booked_day=day, by=word.by[:60], cause=word.cause[:200],
                happened_at=booked if word.standing is Standing.LAPSED else word.at,
            )
            for word in words
            if not word.silent
        ],
        batch_size=_BATCH_SIZE,
    )  # fmt: skip


def lapsing(on: date) -> "models.QuerySet[Block]":
    """Call-losses whose last day is over on this day."""
    return Block.objects.filter(state=Standing.CALL.value, until__lt=on).select_related("card__batch")


def open_blocks(*, cancelled: bool = False) -> "models.QuerySet[Block]":
    """What is blocked here, the oldest first; with `cancelled`, the cards whose end it was too."""
    states = [one.value for one in BLOCKED if cancelled or one is not Standing.CANCELLED]
    return Block.objects.filter(state__in=states).select_related("card__batch").order_by("at", "pk")


def known() -> "models.QuerySet[Block]":
    """Every card that was ever blocked here, as it stands now, the oldest first."""
    return Block.objects.select_related("card__batch").order_by("at", "pk")


def said(found: Iterable[Block]) -> dict[int, str]:
    """By card (primary key) the evidence or reason with which it came to stand so, of those that have one."""
    stands = {block.card_id: block.state for block in found}
    causes: dict[int, str] = {}
    for some in chunks(sorted(stands)):
        events = CardEvent.objects.filter(card__in=some, kind__in=set(stands.values())).order_by("pk")
        told = events.values_list("card_id", "kind", "cause")
        causes |= {card: cause for card, kind, cause in told if stands[card] == kind}  # the newest of its kind
    return {card: cause for card, cause in causes.items() if cause}


def applications(words: Iterable[Word], standings: Collection[Standing]) -> list[str]:
    """Application numbers of the words that say one of these."""
    return [word.card.application_ref for word in words if word.standing in standings]
