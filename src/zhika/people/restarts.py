"""New starts 重新发起: whoever left a batch waits with the cause, until it is mended and the person starts again.

The failed application stays the person's live one while it waits, so that nobody slips in twice; the new one takes its
place in one transaction, linked to it, and enters the next batch of the same process and office under a new number.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone

from zhika.errors import NotReady
from zhika.flows.causes import CAUSES
from zhika.ledger.cards import Failure
from zhika.ledger.chunks import chunks
from zhika.people.cleared import Cleared
from zhika.people.models import Application, Person
from zhika.people.numbers import application_numbers


@dataclass(frozen=True)
class Waiting:
    """Somebody who left a batch and has not started again."""

    application: Application
    cause: str
    since: datetime
    serial: str
    cleared: bool

    @property
    def startable(self) -> bool:
        """Nothing but the integrator's word is lacking."""
        return self.cleared or self.cause not in CAUSES or not CAUSES[self.cause].outside

    def overdue(self, days: int, now: datetime) -> bool:
        return self.since < now - timedelta(days=days)


def waiting(refs: Iterable[str] | None = None) -> list[Waiting]:
    """Everybody who waits, or those of these applications, the longest first."""
    failed: dict[str, tuple[str, datetime, str]] = {}
    found = Failure.objects.order_by("happened_at", "pk")
    columns = ("card__application_ref", "cause", "happened_at", "card__serial")
    if refs is None:
        rows = found.filter(card__application_ref__in=_standing()).values_list(*columns)
        failed = {ref: (cause, at, serial or "") for ref, cause, at, serial in rows}
    else:
        for some in chunks(list(refs)):
            rows = found.filter(card__application_ref__in=some).values_list(*columns)
            failed |= {ref: (cause, at, serial or "") for ref, cause, at, serial in rows}
    people: dict[str, Application] = {}
    cleared: set[str] = set()
    for some in chunks(list(failed)):
        standing = Application.objects.filter(ref__in=some).filter(models.Q(live=True) | models.Q(pending=True))
        people |= {one.ref: one for one in standing.select_related("person__office")}
        cleared |= set(Cleared.objects.filter(ref__in=some).values_list("ref", flat=True))
    return [
        Waiting(people[ref], cause, at, serial, ref in cleared)
        for ref, (cause, at, serial) in failed.items()
        if ref in people and (cause not in CAUSES or CAUSES[cause].again)
    ]


def origin(one: Application) -> str:
    """Number of the application whose request this is: of a new start, the first one's."""
    while one.restarts is not None:
        one = one.restarts
    return one.ref


def latest(ref: str) -> Application | None:
    """The application with which a request's card is made: its own, or the last new start of it."""
    last = followed([ref]).get(ref, ref)
    return Application.objects.select_related("person").filter(ref=last).first()


def followed(refs: Sequence[str]) -> dict[str, str]:
    """Failed application → the last of the new starts that followed it, as far as there is one."""
    last = {ref: ref for ref in refs}
    step: Sequence[str] = refs
    while step:
        following: dict[str, str] = {}
        for some in chunks(sorted(set(step))):
            rows = Application.objects.filter(restarts__ref__in=some)
            following |= dict(rows.values_list("restarts__ref", "ref"))
        last = {ref: following.get(now, now) for ref, now in last.items()}
        step = list(following.values())
    return {ref: now for ref, now in last.items() if now != ref}


def _standing() -> "models.QuerySet[Application, str]":
    """Numbers of applications that stand for their persons."""
    standing = Application.objects.exclude(batch_code="").filter(models.Q(live=True) | models.Q(pending=True))
    return standing.values_list("ref", flat=True)


def correct(person: Person, corrections: Mapping[str, str]) -> None:
    """Write corrected values into the person's record; in the caller's transaction."""
    for name, value in corrections.items():
        setattr(person, name, value)
    if corrections:
        person.save(update_fields=list(corrections))


def numbers(prefix: str, day: str, again: Sequence[Waiting]) -> dict[str, str]:
    """Failed application → number of its new start; asked again it is the same."""
    return {
        one.application.ref: application_numbers(prefix, day, f"again-{one.application.ref}", 1)[0] for one in again
    }


def start(again: Sequence[Waiting], refs: Mapping[str, str]) -> None:
    """The new applications in place of the failed ones; in the caller's transaction.

    Raises NotReady where one has started again meanwhile.
    """
    now, made = timezone.now(), []
    for one in again:
        old = one.application
        changed = Application.objects.filter(pk=old.pk, live=old.live, pending=old.pending)
        if not changed.update(live=False, pending=False):
            raise NotReady(f"{old.ref}: 刚刚已由另一人重新发起")
        made.append(
            Application(
                ref=refs[old.ref], person=old.person, process=old.process, kind=old.kind, replaces=old.replaces,
                restarts=old, live=old.live, pending=old.pending, made_at=now,
            )
        )  # fmt: skip
    Application.objects.bulk_create(made, batch_size=500)
