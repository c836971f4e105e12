"""The plans of annexes 3 and 6 as they were loaded: how many people each office is to serve, and by when."""

from collections.abc import Mapping
from datetime import date

from django.db import models

from zhika.ledger.batches import Organisation

CARDS, FORMS = 3, 6
"""The annexes that are plans: cards made and issued by centre, registration forms recovered by county."""
CATEGORIES: Mapping[int, tuple[str, ...]] = {CARDS: ("worker", "resident", "student"), FORMS: ("rural",)}
"""Whom each annex counts, by `ledger.Unit.category`."""


class Plan(models.Model):
    """One plan. A newer one replaces it from its day on; none is ever changed."""

    annex = models.SmallIntegerField()
    """3 | 6"""
    valid_from = models.DateField()
    due = models.JSONField(default=list)
    """Annex 6: due days of the lots, ISO dates, ascending."""
    printed = models.JSONField(default=dict)
    """Totals as the paper prints them, by column of the file: to be compared, never to be shown as ours."""
    sha256 = models.CharField(max_length=64)
    """Of the file that it was loaded from."""
    loaded_at = models.DateTimeField()
    by = models.CharField(max_length=60)

    class Meta:
        indexes = [models.Index(fields=["annex", "valid_from"], name="plan_in_force")]

    @property
    def days(self) -> list[date]:
        """Due days of the lots."""
        return [date.fromisoformat(day) for day in self.due]


class PlanLine(models.Model):
    """The people of one office in a plan."""

    plan = models.ForeignKey(Plan, models.PROTECT, related_name="lines")
    place = models.IntegerField()
    """Row of the file."""
    office = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    """Centre or county, as the plan names it."""
    worker = models.IntegerField(default=0)
    resident = models.IntegerField(default=0)
    student = models.IntegerField(default=0)
    rural = models.IntegerField(default=0)
    lots = models.SmallIntegerField(default=0)
    """Annex 6: the number of lots among which the people are divided."""
    printed = models.JSONField(default=dict)
    """What the paper prints and we compute: the row's total, or its lots."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["plan", "office"], name="plan_office_once")]
        ordering = ["place"]

    @property
    def people(self) -> int:
        """Everybody of this office."""
        return sum(getattr(self, category) for category in CATEGORIES[self.plan.annex])


def in_force(annex: int, on: date) -> Plan | None:
    """The plan that holds on a day: the one with the latest first day, and of those the last loaded."""
    held = Plan.objects.filter(annex=annex, valid_from__lte=on).order_by("-valid_from", "-pk")
    return held.first()


def divided(people: int, lots: int) -> list[int]:
    """People of each lot by annex 6's rule: the number divided by the lots, the rest in the last one.

    >>> divided(1_212_004, 5), divided(885_237, 2)
    ([242400, 242400, 242400, 242400, 242404], [442618, 442619])
    """
    share, rest = divmod(people, lots)
    return [*[share] * (lots - 1), share + rest]
