"""Organisations, units, batches, and the bundles a batch is cut into."""

from django.db import models
from django.db.models import Q


class Organisation(models.Model):
    """Who holds cards and signs for them: city, centres, rural offices, units, integrator, suppliers, banks."""

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=20)
    """city | centre | unit | integrator | supplier | bank | outside"""
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children")
    path = models.CharField(max_length=200, db_index=True)
    """'1/12/4711/': the ids from the city down; scopes every query."""

    def __str__(self) -> str:
        return self.name


def organisation(code: str, *, name: str = "", kind: str = "", parent: Organisation | None = None) -> Organisation:
    """The organisation of this code, made on first mention."""
    found = Organisation.objects.filter(code=code).first()
    if found is None:
        found = Organisation.objects.create(code=code, name=name or code, kind=kind or "outside", parent=parent)
        found.path = f"{parent.path if parent else ''}{found.pk}/"
        found.save(update_fields=["path"])
    elif (name and found.name != name) or (kind and found.kind != kind):
        found.name, found.kind = name or found.name, kind or found.kind
        found.save(update_fields=["name", "kind"])
    return found


class Unit(models.Model):
    """Employer, village, school or neighbourhood: who hands in data and receives cards."""

    organisation = models.OneToOneField(Organisation, models.PROTECT)
    office = models.ForeignKey(Organisation, models.PROTECT, related_name="units")
    category = models.CharField(max_length=20)
    """worker | resident | student | rural"""


class Batch(models.Model):
    """Applications of one office, one bank, one card product and one kind of request, made into cards together."""

    code = models.CharField(max_length=40, unique=True)
    """Made by the seat that forms it, the same everywhere."""
    process = models.CharField(max_length=30)
    office = models.ForeignKey(Organisation, models.PROTECT)
    size = models.IntegerField()
    attempt = models.IntegerField(default=1)
    origin_batch = models.ForeignKey("self", models.PROTECT, null=True)
    formed_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    """Every row of this seat is done, card by card too: a round looks at it no more."""

    class Meta:
        indexes = [
            models.Index(fields=["process"], condition=Q(ended_at=None), name="batch_not_ended"),
            models.Index(fields=["process"], condition=Q(closed_at=None), name="batch_not_closed"),
        ]

    def __str__(self) -> str:
        return self.code


class Party(models.Model):
    """Who does a lane's part in a batch: fixed when the batch is formed, carried by every manifest of it."""

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="parties")
    lane = models.CharField(max_length=12)
    organisation = models.ForeignKey(Organisation, models.PROTECT)
    seat = models.CharField(max_length=40)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "lane"], name="party_once")]


class Bundle(models.Model):
    """捆: the cards of one batch for one unit. Regrouping moves bundles, not cards."""

    batch = models.ForeignKey(Batch, models.PROTECT, related_name="bundles")
    unit = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="bundles")
    """None where this seat isn't told units: then one bundle a batch."""
    size = models.IntegerField()
    birth_place = models.ForeignKey("ledger.Place", models.PROTECT, null=True, related_name="+")
    birth_movement = models.ForeignKey("ledger.Movement", models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "unit"], name="bundle_once")]
