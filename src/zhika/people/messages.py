"""Messages to people 通知: written with what they tell of, in the same transaction; sent once, when they are due."""

from collections.abc import Collection, Mapping
from datetime import date

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from zhika.card.idnumber import mask_name
from zhika.ledger import audit
from zhika.ledger.alone import alone
from zhika.ledger.cards import Card
from zhika.ledger.chunks import chunks
from zhika.ledger.places import today
from zhika.people.gateway import Addressed, Gateway
from zhika.people.models import Application
from zhika.people.texts import TEXTS, TITLES, Kind, Message, mask_phone, mask_serial

_BATCH_SIZE = 500
_ADDRESS = ("phone", "name", "postcode", "address", "unit__name")
"""Columns of a person that a gateway asks for, in the order of `Addressed`."""


def write(application_ref: str, kind: Kind, *, due: date | None = None, **facts: str) -> None:
    """One message, in the caller's transaction; see `write_all`."""
    write_all({application_ref: facts}, kind, due=due)


def write_all(facts: Mapping[str, Mapping[str, str]], kind: Kind, *, due: date | None = None) -> int:
    """A message to the person of each application, in the caller's transaction. Returns how many.

    `facts`: by application number, what the text of this kind tells. `due`: not sent before this day; else at once.
    Raises KeyError for a fact that the text wants and nobody told.
    """
    now, day, count = timezone.now(), due or today(), 0
    for some in chunks(sorted(facts)):
        cards = dict(
            Card.objects.filter(application_ref__in=some, failure=None).values_list("application_ref", "serial")
        )
        named = Application.objects.filter(ref__in=some).values_list(
            "pk", "ref", "person__name", "person__office__name"
        )
        made = [
            Message(
                application_id=pk, kind=kind.value, due=day, made_at=now,
                text=TEXTS[kind].format(
                    name=mask_name(name), card=mask_serial(cards.get(ref) or ref), office=office, **facts[ref]
                ),
            )
            for pk, ref, name, office in named
        ]  # fmt: skip
        Message.objects.bulk_create(made, batch_size=_BATCH_SIZE)
        count += len(made)
    return count


def withdraw(application_refs: Collection[str], *kinds: Kind) -> None:
    """What was not sent yet is not sent any more: what it would tell is no longer so."""
    told = [kind.value for kind in kinds]
    for some in chunks(sorted(application_refs)):
        Message.objects.filter(application__ref__in=some, kind__in=told, sent_at=None).delete()


def waiting(on: date) -> QuerySet[Message]:
    """Messages that are due on this day and not sent, the oldest first."""
    return Message.objects.filter(sent_at=None, due__lte=on).order_by("due", "pk")


def masked(on: date) -> list[dict[str, str]]:
    """What waits on this day, for a screen: kind, masked phone, text."""
    rows = waiting(on).values_list("due", "kind", "application__person__phone", "text")
    return [
        {"due": due.isoformat(), "kind": kind, "title": TITLES[Kind(kind)], "phone": mask_phone(phone), "text": text}
        for due, kind, phone, text in rows
    ]


def send(gateway: Gateway, on: date, *, to_phones: bool, by: str = "zhika") -> int:
    """Hand what is due over to a gateway, once; returns how many. `to_phones`: to those who have one, or to the others.

    The gateway takes them within the transaction that marks them as sent: where it raises, nothing is marked.
    """
    with transaction.atomic():
        alone()
        phoned = ~Q(application__person__phone="") if to_phones else Q(application__person__phone="")
        found = waiting(on).filter(phoned)
        rows = list(found.values_list("pk", *(f"application__person__{name}" for name in _ADDRESS), "text"))
        if not rows:
            return 0
        now = timezone.now()
        for some in chunks(sorted([row[0] for row in rows])):
            Message.objects.filter(pk__in=some).update(sent_at=now)
        audit.note(by, "messages", today(now).isoformat(), f"{len(rows)} 条")
        gateway.send(Addressed(*row[1:]) for row in rows)
    return len(rows)
