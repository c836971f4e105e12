"""Persons enter from a lot that the centre signed, or a request that it reviewed; an application asks for one card."""

from django.db import models
from django.db.models import Q

from zhika.people.cleared import Cleared
from zhika.people.deaths import Death
from zhika.people.fees import Payment, Refund
from zhika.people.leaders import Leader, LeaderList
from zhika.people.lots import CollectedLot
from zhika.people.numbers import NumberBlock
from zhika.people.plans import Plan, PlanLine
from zhika.people.rates import FeeRate
from zhika.people.requests import Request
from zhika.people.settlements import Settlement
from zhika.people.texts import Message

__all__ = [
    "Application", "Cleared", "CollectedLot", "Death", "FeeRate", "Leader", "LeaderList", "Message",
    "NumberBlock", "Payment", "Person", "Plan", "PlanLine", "Refund", "Request", "Settlement",
]  # fmt: skip


class Person(models.Model):
    """One person of the city, by keyed hash of the ID number. Fields are the form's, confirmed."""

    id_key = models.CharField(max_length=64, unique=True)
    id_no = models.CharField(max_length=18)
    name = models.CharField(max_length=50)
    sex = models.CharField(max_length=1)
    birth = models.CharField(max_length=8)
    nation = models.CharField(max_length=12, blank=True)
    address = models.CharField(max_length=100, blank=True)
    postcode = models.CharField(max_length=6, blank=True)
    phone = models.CharField(max_length=20, blank=True)
    district = models.CharField(max_length=6, blank=True)
    scheme = models.CharField(max_length=10)
    """urban | rural"""
    category = models.CharField(max_length=8)
    person_no = models.CharField(max_length=20, blank=True)
    certificate_no = models.CharField(max_length=18, blank=True)
    member_no = models.CharField(max_length=2, blank=True)
    relation = models.CharField(max_length=12, blank=True)
    household_attribute = models.CharField(max_length=12, blank=True)
    village_group = models.CharField(max_length=20, blank=True)
    photo = models.CharField(max_length=64)
    """SHA-256 of the photo file."""
    unit = models.ForeignKey("ledger.Organisation", models.PROTECT, related_name="people")
    office = models.ForeignKey("ledger.Organisation", models.PROTECT, related_name="office_people")

    class Meta:
        indexes = [models.Index(fields=["name"], name="person_name")]


class Application(models.Model):
    """参保/参合/补卡申请: asks for one card; its number is the key of every row of every document."""

    NEW, REPLACEMENT = "新增", "补换"

    ref = models.CharField(max_length=20, unique=True)
    person = models.ForeignKey(Person, models.PROTECT, related_name="applications")
    process = models.CharField(max_length=30)
    kind = models.CharField(max_length=4, default=NEW)
    """新增 | 补换: the flag that stands on every list and handover."""
    lot = models.CharField(max_length=60, blank=True)
    batch_code = models.CharField(max_length=40, blank=True, db_index=True)
    replaces = models.ForeignKey("self", models.PROTECT, null=True, related_name="replaced_by", db_index=False)
    """The application whose card this one's replaces."""
    restarts = models.ForeignKey("self", models.PROTECT, null=True, related_name="restarted_by", db_index=False)
    """The failed application that this one starts again."""
    live = models.BooleanField(default=True)
    """The person has, or is to have, this card and no other."""
    pending = models.BooleanField(default=False)
    """A replacement whose card has not taken the old one's place yet: until then the old one is live."""
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person"], condition=Q(live=True), name="one_live_card"),
            models.UniqueConstraint(fields=["person"], condition=Q(pending=True), name="one_pending_card"),
            models.CheckConstraint(condition=Q(live=False) | Q(pending=False), name="live_or_pending"),
        ]
        indexes = [
            models.Index(fields=["process", "batch_code"], name="application_waiting"),
            # Few applications follow another: an index over millions of NULLs is one that the planner passes by.
            models.Index(fields=["replaces"], condition=Q(replaces__isnull=False), name="application_replaces"),
            models.Index(fields=["restarts"], condition=Q(restarts__isnull=False), name="application_restarts"),
        ]
