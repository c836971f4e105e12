"""A card's place in a batch, its failure, and what happens to it alone."""

from django.db import models
from django.db.models import Q


class Card(models.Model):
    """One row a place in a batch. Never updated by a step; the serials are set once, when the plastic is bound."""

    batch = models.ForeignKey("ledger.Batch", models.PROTECT, related_name="cards")
    bundle = models.ForeignKey("ledger.Bundle", models.PROTECT, related_name="cards")
    line = models.IntegerField()
    application_ref = models.CharField(max_length=20, db_index=True)
    person_key = models.CharField(max_length=64)
    """Keyed hash of ID number and name: a row that names somebody else is found without keeping who it is."""
    attempt = models.IntegerField(default=1)
    serial = models.CharField(max_length=20, null=True, unique=True)
    chip_serial = models.CharField(max_length=16, null=True)
    replaces = models.ForeignKey("self", models.PROTECT, null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "line"], name="card_line_once"),
            models.UniqueConstraint(fields=["batch", "application_ref"], name="card_application_once"),
        ]


class Failure(models.Model):
    """A card left its batch, with its cause. Once a card; the batch goes on."""

    card = models.OneToOneField(Card, models.PROTECT, related_name="failure")
    cause = models.CharField(max_length=20)
    step = models.CharField(max_length=40)
    document = models.CharField(max_length=40, blank=True)
    row = models.IntegerField(null=True)
    source = models.CharField(max_length=40)
    """The seat that found it."""
    text = models.CharField(max_length=200, blank=True, db_default="")
    """What whoever found it said beside the cause; never a person's data."""
    happened_at = models.DateTimeField()


class CardEvent(models.Model):
    """What happens to one card and changes no custody, or needs more than its movement says."""

    ONCE = ("hand_out", "activate", "collected", "activated")
    """Rows of a chart of grain card, and what other seats say of them: once a card."""

    card = models.ForeignKey(Card, models.PROTECT, related_name="events")
    kind = models.CharField(max_length=20)
    happened_at = models.DateTimeField()
    booked_day = models.DateField()
    by = models.CharField(max_length=60)
    cause = models.CharField(max_length=200, blank=True)
    """Evidence or reason."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["card", "kind"],
                condition=Q(kind__in=["hand_out", "activate", "collected", "activated"]),
                name="card_event_once",
            )
        ]
        indexes = [models.Index(fields=["kind", "booked_day"], name="card_event_day")]
