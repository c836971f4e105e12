"""Step records: lock, queue and proof in one row; the documents on the desk; and steps that raised."""

from django.db import models
from django.db.models import Q


class StepRecord(models.Model):
    """A row of a chart, done for a subject. Its UNIQUE key is the only lock there is."""

    subject_kind = models.CharField(max_length=12)
    subject = models.CharField(max_length=80)
    batch = models.ForeignKey("ledger.Batch", models.PROTECT, null=True, related_name="steps")
    process = models.CharField(max_length=30)
    number = models.IntegerField()
    lane = models.CharField(max_length=12)
    function = models.CharField(max_length=40)
    n_in = models.IntegerField(default=0)
    n_out = models.IntegerField(default=0)
    happened_at = models.DateTimeField()
    booked_at = models.DateTimeField()
    by = models.CharField(max_length=60)
    evidence = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=6, default="own")
    """own | notice: a notice is shown and never starts work."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subject_kind", "subject", "number", "function"], name="step_once")
        ]
        indexes = [models.Index(fields=["batch", "number"], name="step_batch")]


class Trouble(models.Model):
    """A step or act that raised: tried again twice, then set aside and shown; others go on."""

    subject_kind = models.CharField(max_length=12)
    subject = models.CharField(max_length=80)
    function = models.CharField(max_length=40)
    tries = models.IntegerField(default=0)
    error = models.TextField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subject_kind", "subject", "function"], name="trouble_once")]


class Paper(models.Model):
    """A document: on the desk, used, sent or made here. Its rows are a frozen file, named by content."""

    FILED, USED, SENT, KEPT = "filed", "used", "sent", "kept"

    type = models.CharField(max_length=40)
    subject_kind = models.CharField(max_length=12)
    subject = models.CharField(max_length=80, db_index=True)
    batch_code = models.CharField(max_length=40, blank=True, db_index=True)
    """The batch it speaks of, known here or not yet."""
    process = models.CharField(max_length=30)
    sender_lane = models.CharField(max_length=12)
    sender = models.CharField(max_length=40)
    """Seat it came from."""
    receiver = models.CharField(max_length=40)
    sha256 = models.CharField(max_length=64)
    rows = models.IntegerField()
    state = models.CharField(max_length=6)
    number = models.IntegerField(null=True)
    """Number of its package between the two seats; None when it never left this one."""
    handover_code = models.CharField(max_length=60, blank=True)
    """Set where things travel with it."""
    counted = models.BooleanField(default=True)
    """False until the taker of the things has read the tray and accepted."""
    acted = models.BooleanField(default=False)
    """Every act that awaits it has run."""
    sealed = models.BooleanField(default=False)
    """Kept as the sealed package only: it holds what no table and no file of ours may."""
    made_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["batch_code", "type"], name="paper_batch_type"),
            models.Index(fields=["state", "subject_kind"], name="paper_on_desk"),
            models.Index(fields=["type"], condition=Q(acted=False), name="paper_not_acted"),
            models.Index(fields=["receiver"], condition=Q(counted=False), name="paper_not_counted"),
        ]


class ActRecord(models.Model):
    """An act done for a document or a subject: once."""

    name = models.CharField(max_length=40)
    subject = models.CharField(max_length=80)
    happened_at = models.DateTimeField()
    by = models.CharField(max_length=60)
    second = models.CharField(max_length=60, blank=True)
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "subject"], name="act_once")]


def times_done(name: str, subject: str) -> int:
    """How often an act that repeats has been done on a subject: its records are numbered SUBJECT#1, SUBJECT#2, …"""
    return ActRecord.objects.filter(name=name, subject__startswith=f"{subject}#").count()
