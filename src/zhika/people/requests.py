"""Requests 申请: what a person asks for at the own office, from the form to the decision.

A request is what somebody wrote; nobody enters `people` with it before another person has reviewed it.
"""

from django.db import models
from django.db.models import Q

CORRECTED = ("name", "nation", "address", "phone", "postcode", "photo")
"""What a correction may change of a person's record; another ID number is another person."""


class Request(models.Model):
    """One request, under the number that its application gets."""

    FILLED, APPLIED, REVIEWED, REFUSED, WITHDRAWN = "filled", "applied", "reviewed", "refused", "withdrawn"

    ref = models.CharField(max_length=20, unique=True)
    process = models.CharField(max_length=30)
    kind = models.CharField(max_length=12)
    """Code of `flows.requests`: new, lost, damaged, …"""
    office = models.ForeignKey("ledger.Organisation", models.PROTECT, related_name="requests")
    """The person's own office 所属经办机构."""
    person = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="requests")
    """None until somebody new is reviewed."""
    fields = models.JSONField(default=dict)
    """The form's fields as they were filled in; of a replacement, the corrections alone."""
    photo = models.CharField(max_length=64, blank=True)
    """SHA-256 of the photo handed in."""
    old_card = models.CharField(max_length=20, blank=True)
    """Serial of the card to be replaced."""
    reason = models.CharField(max_length=100, blank=True)
    payment_no = models.CharField(max_length=30, blank=True)
    """Of the insurance contribution (new), or of the fee's receipt (replacement)."""
    rush = models.BooleanField(default=False)
    """加急: may be a batch of one."""
    entered_by = models.CharField(max_length=60)
    entered_at = models.DateTimeField()
    state = models.CharField(max_length=10, default=FILLED)
    cause = models.CharField(max_length=40, blank=True)
    """Why it was refused or withdrawn."""

    class Meta:
        indexes = [models.Index(fields=["process", "state", "office"], name="request_waiting")]
        constraints = [
            models.UniqueConstraint(
                fields=["person"], condition=Q(person__isnull=False, state__in=["filled", "applied"]),
                name="one_open_request",
            ),
        ]  # fmt: skip
