"""Settlements 结算: what an office took and gave back in a period, once, agreed with the city centre.

Payments and refunds carry the settlement that took them, none until then: what is written late goes into the next
one, and a statement never changes.
"""

from datetime import date, datetime, time, timedelta

from django.db import models
from django.db.models import Q

from zhika.ledger.places import SHANGHAI


class Settlement(models.Model):
    """结算单 of one office and period: drawn by the office, then agreed by the city centre, which numbers it."""

    office = models.ForeignKey("ledger.Organisation", models.PROTECT, related_name="settlements")
    period = models.CharField(max_length=7)
    """A month: YYYY-MM."""
    since = models.DateTimeField(null=True)
    """Replacements are counted from here, where the statement before ended; None for an office's first."""
    until = models.DateTimeField()
    replacements = models.IntegerField()
    """Replacement cards given to the office."""
    n_payments = models.IntegerField()
    taken = models.BigIntegerField()
    """In fen, as `refunded`."""
    n_exempt = models.IntegerField()
    """How many of the payments were over 0 for a reason."""
    n_refunds = models.IntegerField()
    refunded = models.BigIntegerField()
    drawn_by = models.CharField(max_length=60)
    drawn_at = models.DateTimeField()
    number = models.CharField(max_length=60, null=True, unique=True)
    """J-OFFICE-PERIOD, once it is agreed."""
    agreed_by = models.CharField(max_length=60, blank=True)
    agreed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["office", "period"], name="settlement_once"),
            models.CheckConstraint(
                condition=Q(number=None, agreed_at=None) | Q(number__isnull=False, agreed_at__isnull=False),
                name="numbered_when_agreed",
            ),
        ]

    @property
    def net(self) -> int:
        """What the office owes the city centre, in fen; less than nothing where it gave back more than it took."""
        return self.taken - self.refunded

    @property
    def subject(self) -> str:
        """What its acts are about: OFFICE/PERIOD."""
        return f"{self.office.code}/{self.period}"


def period_of(day: date) -> str:
    """
    >>> period_of(date(2026, 11, 25))
    '2026-11'
    """
    return f"{day:%Y-%m}"


def first_day(period: str) -> date:
    """The first day of a period. Raises ValueError for what is none.

    >>> first_day("2026-02")
    datetime.date(2026, 2, 1)
    """
    day = date.fromisoformat(f"{period}-01")
    if period_of(day) != period:
        raise ValueError("not a month")
    return day


def last_day(period: str) -> date:
    """
    >>> last_day("2028-02")
    datetime.date(2028, 2, 29)
    """
    return first_day(after(period)) - timedelta(days=1)


def after(period: str) -> str:
    """
    >>> after("2026-12")
    '2027-01'
    """
    return period_of(first_day(period) + timedelta(days=31))


def end(period: str) -> datetime:
    """The moment at which a period has ended, this seat's time."""
    return datetime.combine(first_day(after(period)), time(), SHANGHAI)
