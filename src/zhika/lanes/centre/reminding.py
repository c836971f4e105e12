"""逾期未领提醒: each person is told again after so many days that the card waits, once for each of them.

What was given is written down card by card, so that a day that is done again tells nobody twice.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import models
from django.utils import timezone

from zhika.engine.unclaimed import Stay, cards_of, stays
from zhika.engine.work import ActWork, Done
from zhika.flows.lanes import Lane
from zhika.lanes.centre import telling
from zhika.ledger.cards import Card, CardEvent
from zhika.ledger.chunks import chunks
from zhika.ledger.places import today
from zhika.ledger.steps import ActRecord
from zhika.people import messages
from zhika.people.deaths import Death
from zhika.people.models import Application
from zhika.people.texts import Kind
from zhika.seat.config import Seat

WORK = "remind"
KINDS = (Kind.COLLECT_REMINDER, Kind.REPLACEMENT_REMINDER)
"""For a first card, and for one against which the old one is given back."""


class Reminder(models.Model):
    """One reminder that was given. A card that is given out again begins anew."""

    card_serial = models.CharField(max_length=20)
    lay_in = models.CharField(max_length=80, db_index=True)
    """The parcel or batch, and the day on which it came (`Stay.key`)."""
    days = models.IntegerField()
    """Which one: after how many days."""
    given_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["card_serial", "lay_in", "days"], name="reminded_once")]


@dataclass(frozen=True)
class Due:
    """A reminder that somebody is to get now."""

    application_ref: str
    card: int
    """Primary key."""
    card_serial: str
    lay_in: str
    days: int
    """Which one."""
    stayed: int
    """Days for which the card has lain there."""
    holder: str
    """Name of the unit or office where the card lies."""


def reminders(seat: Seat, now: datetime) -> list[Due]:
    """Who is due which reminder: of those whose day has come the latest one alone, if it was not given.

    Nobody is reminded of a dead person's card.
    """
    steps = seat.distribution.reminders
    late = stays(now, least=steps[0]) if steps else []
    given = _given({stay.key for stay in late})
    found = []
    for stay in late:
        days = max(step for step in steps if step <= stay.days)
        if stay.n > len(given[stay.key, days]):  # all that lie there were told: nobody has come since
            found += _of(stay, days, given[stay.key, days])
    return found


def remind(work: ActWork) -> Done:
    """Everybody who is due one on this day; the subject is the day, and a day is done once."""
    found = reminders(work.seat, work.now)

    def write() -> None:
        gone = _collected(found)
        due = [one for one in found if one.card not in gone]  # somebody came while we looked
        Reminder.objects.bulk_create(
            [Reminder(card_serial=one.card_serial, lay_in=one.lay_in, days=one.days, given_at=work.now) for one in due],
            batch_size=200,
        )
        facts = {one.application_ref: {"place": one.holder, "days": str(one.stayed)} for one in due}
        messages.withdraw(facts, *KINDS)  # the newest says it all
        telling.call(facts, *KINDS)

    return Done(write=write, n_in=len(found), n_out=len(found))


def _collected(found: Sequence[Due]) -> set[int]:
    """Cards (primary keys) among these that have been handed out."""
    gone: set[int] = set()
    for some in chunks([one.card for one in found]):
        events = CardEvent.objects.filter(card__in=some, kind="hand_out")
        gone |= set(events.values_list("card_id", flat=True))
    return gone


def due(seat: Seat) -> Iterator[tuple[str, str, str]]:
    """Once a day, by itself."""
    day, here = today(timezone.now()).isoformat(), Lane.CENTRE in seat.lanes
    if here and seat.distribution.reminders and not ActRecord.objects.filter(name=WORK, subject=day).exists():
        yield WORK, day, seat.processes[0]


def _of(stay: Stay, days: int, given: set[str]) -> Iterator[Due]:
    cards = list(Card.objects.filter(pk__in=cards_of(stay)).order_by("line"))
    refs = Application.objects.filter(ref__in=[card.application_ref for card in cards])
    dead = set(refs.filter(person__id_key__in=Death.objects.values("id_key")).values_list("ref", flat=True))
    for card in cards:
        if card.serial and card.serial not in given and card.application_ref not in dead:
            yield Due(card.application_ref, card.pk, card.serial, stay.key, days, stay.days, stay.name)


def _given(stays_: set[str]) -> defaultdict[tuple[str, int], set[str]]:
    """Serials that were told, by stay and by days."""
    found: defaultdict[tuple[str, int], set[str]] = defaultdict(set)
    listed = sorted(stays_)
    for some in chunks(listed):
        rows = Reminder.objects.filter(lay_in__in=some)
        for serial, lay_in, days in rows.values_list("card_serial", "lay_in", "days"):
            found[lay_in, days].add(serial)
    return found
