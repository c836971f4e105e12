"""What an office has taken, given back and made: counted from the events, for a statement or before one."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Count, Min, QuerySet, Sum
from django.db.models.functions import TruncMonth

from zhika.flows.acts import REPLACEMENTS
from zhika.ledger.batches import Batch, Organisation
from zhika.ledger.cards import Failure
from zhika.paper.statement import EXEMPT, FEE, REFUND
from zhika.people.fees import Payment, Refund
from zhika.people.models import Application
from zhika.people.settlements import Settlement, after, period_of


class Line(NamedTuple):
    """One line of a statement: so many of an item, of one month, kind of request and reason."""

    item: str
    of: str
    """Month in which the events were, YYYY-MM; '' for the replacements made."""
    kind: str
    exempt: str
    n: int
    amount: int
    """In fen."""


def open_payments(office: Organisation) -> QuerySet[Payment]:
    """Payments that no settlement has taken."""
    return Payment.objects.filter(office=office, settlement=None)


def open_refunds(office: Organisation) -> QuerySet[Refund]:
    """Refunds that no settlement has taken."""
    return Refund.objects.filter(payment__office=office, settlement=None)


def last_of(office: Organisation) -> Settlement | None:
    """The office's newest statement."""
    return Settlement.objects.filter(office=office).order_by("-period").first()


def waiting(office: Organisation) -> str | None:
    """The oldest period of an office with open entries: late ones belong to the first that has no statement."""
    found = [rows.aggregate(day=Min("day"))["day"] for rows in (open_payments(office), open_refunds(office))]
    days = [day for day in found if day]
    if not days:
        return None
    last = last_of(office)
    return max(period_of(min(days)), after(last.period)) if last else period_of(min(days))


def lines(payments: QuerySet[Payment], refunds: QuerySet[Refund]) -> Iterator[Line]:
    """Fees, then what was not taken for a reason, then refunds; by month, kind and reason."""
    taken = payments.values_list("exempt", TruncMonth("day"), "kind").annotate(Count("pk"), Sum("amount"))
    for exempt, month, kind, n, amount in taken.order_by("exempt", TruncMonth("day"), "kind"):
        yield Line(EXEMPT if exempt else FEE, period_of(month), kind, exempt, n, amount)
    given = refunds.values_list("payment__exempt", TruncMonth("day"), "payment__kind")
    given = given.annotate(Count("pk"), Sum("payment__amount"))
    for exempt, month, kind, n, amount in given.order_by("payment__exempt", TruncMonth("day"), "payment__kind"):
        yield Line(REFUND, period_of(month), kind, exempt, n, amount)


def replacements_made(office: Organisation, since: datetime | None, until: datetime) -> int:
    """补换卡数: applications for a replacement in batches of the office closed in [since, until) that did not fail."""
    batches = Batch.objects.filter(office=office, process__in=REPLACEMENTS, closed_at__lt=until)
    if since:
        batches = batches.filter(closed_at__gte=since)
    failed = Failure.objects.filter(card__batch__in=batches).values("card__application_ref")
    made = Application.objects.filter(kind=Application.REPLACEMENT, batch_code__in=batches.values("code"))
    return made.exclude(ref__in=failed).count()


def overview() -> list[dict[str, Any]]:
    """Every statement, and of each office what no statement has taken; money in fen, states open | drawn | agreed."""
    rows = [
        {
            "office": one.office.code, "name": one.office.name, "period": one.period, "number": one.number,
            "state": "agreed" if one.agreed_at else "drawn", "replacements": one.replacements,
            "payments": one.n_payments, "exempt": one.n_exempt, "taken": one.taken, "refunds": one.n_refunds,
            "refunded": one.refunded, "net": one.net, "drawn_by": one.drawn_by, "agreed_by": one.agreed_by,
        }
        for one in Settlement.objects.select_related("office")
    ]  # fmt: skip
    rows += [
        _open(office, period)
        for office in Organisation.objects.filter(kind="centre")
        if (period := waiting(office))
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (row["office"], row["period"]))


def _open(office: Organisation, period: str) -> dict[str, Any]:
    n, amount = Counter[str](), Counter[str]()
    for line in lines(open_payments(office), open_refunds(office)):
        n[line.item] += line.n
        amount[line.item] += line.amount
    return {
        "office": office.code, "name": office.name, "period": period, "number": None, "state": "open",
        "replacements": None, "payments": n[FEE] + n[EXEMPT], "exempt": n[EXEMPT], "taken": amount[FEE],
        "refunds": n[REFUND], "refunded": amount[REFUND], "net": amount[FEE] - amount[REFUND], "drawn_by": "",
        "agreed_by": "",
    }  # fmt: skip
