"""Requests at a glance: what waits for the counter and for review, office by office; for what a number was drawn."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from django.db.models import Count, Exists, Min, OuterRef
from django.utils import timezone

from zhika.engine.todo import REASON, Todo, command
from zhika.flows import FLOWS
from zhika.flows.acts import REPLACEMENTS
from zhika.flows.lanes import Lane
from zhika.ledger.batches import Organisation
from zhika.ledger.cards import Card
from zhika.people import fees, restarts
from zhika.people.models import Application, Payment, Request
from zhika.people.numbers import drawn_for
from zhika.seat.config import Seat

BEFORE = {
    "apply": Request.FILLED, "review": Request.APPLIED, "review_replacement": Request.APPLIED,
}  # fmt: skip
"""Function of a row → the state in which a request waits for it."""
CUT_OFF = timedelta(minutes=15)
"""Whose request has not followed the fee after so long was cut off; until then somebody is at it."""
_REPLACING = "R-"


def gather(seat: Seat, work: str, subject: str) -> Sequence[str] | None:
    """PROCESS/OFFICE stands for all of its requests that wait for this row."""
    process, slash, office = subject.partition("/")
    if not slash or process not in FLOWS or work not in BEFORE:
        return None
    waiting = Request.objects.filter(process=process, state=BEFORE[work], office__code=office)
    return list(waiting.order_by("ref").values_list("ref", flat=True))


def replacing(serial: str, times: int) -> str:
    """What the number of a card's next replacement is drawn for, after so many requests for one.

    >>> replacing("QZ26000000017", 0)
    'R-QZ26000000017-1'
    """
    return f"{_REPLACING}{serial}-{times + 1}"


def to_replace(ref: str) -> str:
    """Serial of the card for whose replacement this number was drawn; '' where it was drawn for something else."""
    subject = drawn_for(ref)
    return subject.removeprefix(_REPLACING).rpartition("-")[0] if subject.startswith(_REPLACING) else ""


def todo(seat: Seat) -> Iterator[Todo]:
    """One entry for each chart, row and office."""
    names = dict(Organisation.objects.filter(kind="centre").values_list("code", "name"))
    waiting = Request.objects.filter(state__in=set(BEFORE.values()), process__in=seat.processes)
    grouped = waiting.values_list("process", "state", "office__code").annotate(n=Count("pk"), since=Min("entered_at"))
    for process, state, office, n, since in grouped.order_by("process", "office__code", "state"):
        step = next(s for s in FLOWS[process].steps if BEFORE.get(s.work) == state)
        about = f"{process}/{office}"
        yield Todo(
            step.lane, step.work, step.title, about, n, since, names.get(office, office), command(step.work, about),
        )  # fmt: skip


def todo_unentered(seat: Seat) -> Iterator[Todo]:
    """Fees of requests that nobody entered: whoever took them was cut off. It is entered after all, or given back."""
    if not REPLACEMENTS & set(seat.processes):
        return
    entered = Exists(Request.objects.filter(ref=OuterRef("ref")))
    alone = Payment.objects.filter(~entered, live=True, at__lt=timezone.now() - CUT_OFF)
    for payment in alone.select_related("office").order_by("pk"):
        yield Todo(
            Lane.CENTRE, "withdraw", "已收费而没有申请", payment.ref, 1, payment.at, payment.office.name,
            command("withdraw", payment.ref, REASON), "act",
            f"或补录: zhika do apply_replacement {to_replace(payment.ref)} …",
        )  # fmt: skip


def todo_owed(seat: Seat) -> Iterator[Todo]:
    """Fees of requests that came to nothing: the review refused them, or they ended before a card was made."""
    if not REPLACEMENTS & set(seat.processes):
        return
    titles = dict.fromkeys(_ended(), "已终止而未退费")
    refused = Request.objects.filter(state=Request.REFUSED, process__in=REPLACEMENTS).values_list("ref", flat=True)
    titles |= dict.fromkeys(refused, "已退回而未退费")
    owed = [payment for payment in fees.paid(titles).values() if payment.amount]
    for payment in sorted(owed, key=lambda payment: payment.pk):
        yield Todo(
            Lane.CENTRE, "withdraw", titles[payment.ref], payment.ref, 1, payment.at, payment.office.name,
            command("withdraw", payment.ref, REASON), "act",
        )  # fmt: skip


def ended_without_card(one: Application) -> bool:
    """Whether an application has ended, as by its person's death, before there was a card of it."""
    made = Card.objects.filter(application_ref=one.ref, serial__isnull=False)
    return not (one.live or one.pending or made.exists())


def _ended() -> Iterator[str]:
    """Numbers of the requests whose replacement has ended before there was a card of it."""
    made = Card.objects.filter(application_ref=OuterRef("ref"), serial__isnull=False)
    later = Application.objects.filter(restarts=OuterRef("pk"))
    over = Application.objects.filter(~Exists(made), ~Exists(later), replaces__isnull=False, live=False, pending=False)
    yield from map(restarts.origin, over.select_related("restarts"))
