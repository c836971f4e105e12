"""Places (holder, state, group), and the tables of the books: movements, balances, tallies, handovers, cases."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Q
from django.utils import timezone

from zhika.ledger.batches import Batch, Organisation
from zhika.ledger.batches import Bundle as BundleRow
from zhika.ledger.cards import Card

SHANGHAI = ZoneInfo("Asia/Shanghai")


class State(models.TextChoices):
    """What a place's pieces are, or where they have gone."""

    OUTSIDE = "outside", "系统外"
    BLANK = "blank", "空白"
    USED = "used", "已用"
    WORK = "work", "在制"
    GOOD = "good", "良品"
    GIVEN = "given", "移交中"
    HELD = "held", "暂存"
    VOID = "void", "作废"
    MISSING = "missing", "短少"
    ISSUED = "issued", "已领"
    DESTROYED = "destroyed", "已销毁"
    WRITTEN_OFF = "writtenoff", "已核销"


class Group(models.Model):
    """What a place belongs to. Never absent: UNIQUE ignores NULLs."""

    code = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=12)
    """batch | void | parcel | return | stock | consignment"""
    ref = models.CharField(max_length=80, blank=True, db_index=True)


class Place(models.Model):
    """(holder, state, group). One custodian for every piece, always."""

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="places")
    state = models.CharField(max_length=10, choices=State.choices)
    group = models.ForeignKey(Group, models.PROTECT, related_name="places")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "state", "group"], name="place_once")]


class Movement(models.Model):
    """One line of the books. A trigger forbids changing or deleting it."""

    booked_day = models.DateField()
    happened_at = models.DateTimeField()
    from_place = models.ForeignKey(Place, models.PROTECT, related_name="out_movements", db_index=False)
    to_place = models.ForeignKey(Place, models.PROTECT, related_name="in_movements", db_index=False)
    n = models.IntegerField()
    bundle = models.ForeignKey(BundleRow, models.PROTECT, null=True, related_name="movements", db_index=False)
    card = models.ForeignKey(Card, models.PROTECT, null=True, related_name="movements", db_index=False)
    step = models.ForeignKey("ledger.StepRecord", models.PROTECT, null=True, related_name="movements", db_index=False)
    handover = models.ForeignKey("ledger.Handover", models.PROTECT, null=True, related_name="movements")
    cause = models.CharField(max_length=40)
    by = models.CharField(max_length=60)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(n__gt=0), name="movement_positive")]
        indexes = [
            models.Index(fields=["from_place", "id"], condition=Q(card=None), name="movement_from"),
            models.Index(fields=["to_place", "id"], condition=Q(card=None), name="movement_to"),
            models.Index(fields=["card", "id"], condition=Q(card__isnull=False), name="movement_card"),
        ]


class Balance(models.Model):
    """How many pieces lie at a place: derived, written with the movement, rebuildable from the movements."""

    place = models.OneToOneField(Place, models.PROTECT, primary_key=True, related_name="balance")
    n = models.IntegerField(default=0)
    outside = models.BooleanField(default=False)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(n__gte=0) | Q(outside=True), name="nothing_negative")]


class Tally(models.Model):
    """Sum of a day's movements from place to place: derived likewise; the books at any past date."""

    booked_day = models.DateField()
    from_place = models.ForeignKey(Place, models.PROTECT, related_name="+")
    to_place = models.ForeignKey(Place, models.PROTECT, related_name="+")
    n = models.IntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["booked_day", "from_place", "to_place"], name="tally_once")]


class Handover(models.Model):
    """Given by one, accepted by the other, once; the key is the giver's."""

    code = models.CharField(max_length=60, unique=True)
    from_organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="given")
    to_organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="taken")
    group = models.ForeignKey(Group, models.PROTECT)
    batch = models.ForeignKey(Batch, models.PROTECT, null=True, related_name="handovers")
    document = models.CharField(max_length=40)
    subject_kind = models.CharField(max_length=12)
    subject = models.CharField(max_length=80)
    given = models.IntegerField()
    accepted = models.IntegerField(null=True)
    difference = models.IntegerField(null=True)
    trays = models.JSONField(default=list)
    """File names of the trays that travel, on the giver's bench until they are shipped."""
    shipped = models.BooleanField(default=False)
    given_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["code"], condition=Q(shipped=False), name="handover_not_shipped")]


class Case(models.Model):
    """A difference somebody must explain, of a handover or of a stock count. Its batch can't close while it is open."""

    MISSING, SURPLUS, WRONG = "missing", "surplus", "wrong-state"

    kind = models.CharField(max_length=12)
    """missing | surplus | wrong-state: it lies there, and the books have it as something else"""
    handover = models.ForeignKey(Handover, models.PROTECT, null=True, related_name="cases")
    """None where a count found it."""
    count = models.CharField(max_length=60, blank=True, db_index=True)
    """Code of the stock count that found it."""
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="cases")
    """At whom a count found it."""
    batch = models.ForeignKey(Batch, models.PROTECT, null=True, related_name="cases")
    """Whose close it stops; a handover's case stops its handover's batch."""
    group = models.ForeignKey(Group, models.PROTECT, null=True, related_name="cases")
    """Where the pieces are counted; None where a handover says it."""
    card = models.ForeignKey(Card, models.PROTECT, null=True, related_name="cases")
    serial = models.CharField(max_length=40, blank=True)
    n = models.IntegerField(default=1)
    note = models.CharField(max_length=200, blank=True)
    """What was seen where: tray, and what the books say. No person's data."""
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closing = models.CharField(max_length=200, blank=True)

    @property
    def number(self) -> str:
        """How people name it: K17."""
        return f"K{self.pk}"

    @property
    def holder(self) -> Organisation:
        """Who answers for it: whoever gave, or at whom it was counted."""
        answers = self.organisation or (self.handover.from_organisation if self.handover else None)
        assert answers is not None
        return answers

    @property
    def source(self) -> str:
        """Code of the handover or count that found it."""
        return self.handover.code if self.handover else self.count

    @classmethod
    def of_batch(cls, code: str) -> "models.QuerySet[Case]":
        """Cases that stop a batch's close."""
        return cls.objects.filter(Q(batch__code=code) | Q(handover__batch__code=code))


def group(code: str, kind: str, ref: str = "") -> Group:
    return Group.objects.get_or_create(code=code, defaults={"kind": kind, "ref": ref})[0]


def place(organisation: Organisation, state: State | str, within: Group) -> Place:
    """The place of this holder, state and group, with its balance row."""
    known = Place.objects.filter(organisation=organisation, state=state, group=within, balance__isnull=False)
    if found := next(iter(known), None):
        return found
    made, _ = Place.objects.get_or_create(organisation=organisation, state=state, group=within)
    Balance.objects.get_or_create(place=made, defaults={"outside": state == State.OUTSIDE})
    return made


def today(at: datetime | None = None) -> date:
    """This seat's day, Asia/Shanghai: closed days never change."""
    return (at or timezone.now()).astimezone(SHANGHAI).date()


def count(at: Place) -> int:
    """Pieces that lie there now."""
    return next(iter(Balance.objects.filter(place=at).values_list("n", flat=True)), 0)
