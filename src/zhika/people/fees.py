"""Fees of replacement cards 补卡工本费: payments under numbered receipts, and their refunds. Money is whole fen.

Called inside the transaction of the step that takes the request: a step undone leaves no receipt and no gap.
"""

from collections.abc import Iterable
from datetime import date

from django.db import models
from django.db.models import Max, Q
from django.utils import timezone

from zhika.errors import NotAllowed
from zhika.flows.requests import BY_NATURE, BY_RATE, EXEMPTIONS, KINDS, listed
from zhika.ledger.alone import alone
from zhika.ledger.batches import Organisation
from zhika.ledger.chunks import chunks
from zhika.people.rates import Due, FeeRate, due

__all__ = ["Due", "Payment", "Refund", "charge", "due", "paid", "refund"]


class Payment(models.Model):
    """What was taken for one application, or not taken for a reason: under one receipt 收据."""

    office = models.ForeignKey("ledger.Organisation", models.PROTECT, related_name="payments")
    year = models.IntegerField()
    number = models.IntegerField()
    """Counts from 1 in each office and year, without gaps."""
    receipt = models.CharField(max_length=30, unique=True)
    """As it is written: S-OFFICE-YEAR-NUMBER."""
    ref = models.CharField(max_length=20, db_index=True)
    """Number of the application."""
    kind = models.CharField(max_length=12)
    """Code of `flows.requests.KINDS`."""
    amount = models.IntegerField()
    """In fen; 0 where there is a reason."""
    exempt = models.CharField(max_length=20, blank=True)
    """Code of the reason for which nothing was taken."""
    rate = models.ForeignKey(FeeRate, models.PROTECT, null=True)
    """None for a kind that is free by its nature."""
    by = models.CharField(max_length=60)
    at = models.DateTimeField()
    day = models.DateField()
    """Of which it is: says the period."""
    live = models.BooleanField(default=True)
    """Not refunded."""
    settlement = models.ForeignKey("people.Settlement", models.PROTECT, null=True, related_name="payments")
    """The statement that took it; None until then."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["office", "year", "number"], name="receipt_once"),
            models.UniqueConstraint(fields=["ref"], condition=Q(live=True), name="one_live_payment"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="payment_not_negative"),
            models.CheckConstraint(condition=Q(exempt="") | Q(amount=0), name="exempt_pays_nothing"),
        ]
        indexes = [models.Index(fields=["office", "day"], condition=Q(settlement=None), name="payment_open")]


class Refund(models.Model):
    """退费: the whole of one payment, once."""

    payment = models.OneToOneField(Payment, models.PROTECT, related_name="refund")
    reason = models.CharField(max_length=100)
    by = models.CharField(max_length=60)
    at = models.DateTimeField()
    day = models.DateField()
    settlement = models.ForeignKey("people.Settlement", models.PROTECT, null=True, related_name="refunds")

    class Meta:
        indexes = [models.Index(fields=["day"], condition=Q(settlement=None), name="refund_open")]

    @property
    def voucher(self) -> str:
        """Number of its paper: T-OFFICE-YEAR-NUMBER, after the receipt's."""
        return f"T{self.payment.receipt[1:]}"


def charge(ref: str, office: Organisation, kind: str, *, on: date, by: str, exempt: str = "") -> Payment:
    """Take the fee of an application, at its rate of that day, under the office's next receipt.

    With a reason in `exempt`, for a kind that is free by its nature and where the rate is 0, the receipt is over 0.
    Raises NotReady where no rate holds, NotAllowed for an application that has paid, a kind that takes no fee, and a
    reason that the rate doesn't know.
    """
    what = f"收取申请 {ref} 的工本费"
    if not KINDS[kind].replaces:
        raise NotAllowed(by, what, f"「{KINDS[kind].title}」免收工本费, 不开收据")
    cost = due(kind, on)
    if exempt and exempt not in cost.exemptions and cost.rate:
        known = listed(EXEMPTIONS[code] for code in cost.exemptions) or "无"
        raise NotAllowed(by, what, f"收费标准没有这项免收事由。可用: {known}")
    if cost.rate is None:
        exempt = BY_NATURE.code
    elif not cost.amount:
        exempt = exempt or BY_RATE.code
    alone()
    earlier = Payment.objects.filter(ref=ref, live=True).first()
    if earlier:
        raise NotAllowed(by, what, f"已收, 收据 {earlier.receipt}")
    number = (Payment.objects.filter(office=office, year=on.year).aggregate(n=Max("number"))["n"] or 0) + 1
    return Payment.objects.create(
        office=office, year=on.year, number=number, receipt=f"S-{office.code}-{on.year}-{number:06}", ref=ref,
        kind=kind, amount=0 if exempt else cost.amount, exempt=exempt, rate=cost.rate, by=by.strip(),
        at=timezone.now(), day=on,
    )  # fmt: skip


def paid(refs: Iterable[str]) -> dict[str, Payment]:
    """The payments of these applications that were not refunded, those over 0 for a reason among them."""
    asked = sorted(set(refs))
    found: dict[str, Payment] = {}
    for some in chunks(asked):
        rows = Payment.objects.filter(ref__in=some, live=True).select_related("office", "rate")
        found |= {payment.ref: payment for payment in rows}
    return found


def refund(ref: str, *, by: str, reason: str, on: date) -> Refund:
    """Give back what an application paid. Raises NotAllowed where it paid nothing or has it back already."""
    what = f"退申请 {ref} 的工本费"
    if not reason.strip():
        raise NotAllowed(by, what, "须写明事由")
    alone()
    payment = Payment.objects.select_related("office").filter(ref=ref).order_by("-pk").first()
    if payment is None:
        raise NotAllowed(by, what, "没有收过")
    if not payment.live:
        raise NotAllowed(by, what, f"已退, 收据 {payment.receipt}")
    Payment.objects.filter(pk=payment.pk).update(live=False)
    payment.live = False
    return Refund.objects.create(payment=payment, reason=reason.strip(), by=by.strip(), at=timezone.now(), day=on)
