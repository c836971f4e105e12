"""Numbers of mail: what was promised to whom, and what came from whom. Fixed in the transaction of the step."""

from django.db import connection, models
from django.db.models import Max, Q

from zhika.ledger.alone import alone

AGAIN = 8
"""So often a package leaves again as soon as it is asked for; from then on only when its answer is overdue."""


class Outbox(models.Model):
    """A package that must leave. Number and bytes were fixed with the step, so it may leave twice."""

    peer = models.CharField(max_length=40)
    number = models.IntegerField()
    document = models.CharField(max_length=40)
    payload_sha256 = models.CharField(max_length=64)
    manifest = models.BinaryField()
    signature = models.BinaryField()
    published = models.BooleanField(default=False)
    published_at = models.DateTimeField(null=True)
    receipt = models.CharField(max_length=10, blank=True)
    """'' until the peer answers; then taken | refused. A package damaged on its way is simply published again."""
    receipt_text = models.TextField(blank=True)
    again = models.IntegerField(default=0)
    """How often the peer has asked for it again."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["peer", "number"], name="outbox_once")]
        indexes = [
            models.Index(fields=["peer", "number"], condition=Q(published=False), name="outbox_waiting"),
            models.Index(fields=["receipt", "published_at"], name="outbox_unanswered"),
        ]


class Inbox(models.Model):
    """A package that was taken or refused under its number."""

    peer = models.CharField(max_length=40)
    number = models.IntegerField()
    manifest_sha256 = models.CharField(max_length=64)
    verdict = models.CharField(max_length=10)
    text = models.TextField(blank=True)
    paper = models.ForeignKey("ledger.Paper", models.PROTECT, null=True)
    answered = models.BooleanField(default=False)
    """The receipt has left; a repeat of the package asks for it again."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["peer", "number"], name="inbox_once")]
        indexes = [models.Index(fields=["peer"], condition=Q(answered=False), name="inbox_unanswered")]


def stuck() -> models.QuerySet[Outbox]:
    """Packages that were sent again as often as may be and still have not come whole."""
    return Outbox.objects.filter(receipt="", again__gt=AGAIN)


def next_number(peer: str) -> int:
    """The next number to this peer; call it inside the step's transaction."""
    alone()
    with connection.cursor() as cursor:  # the ORM takes ten times as long to write this line as the store to answer it
        cursor.execute("SELECT coalesce(max(number), 0) + 1 FROM ledger_outbox WHERE peer = %s", [peer])
        (number,) = cursor.fetchone()
    return int(number)


def expected_number(peer: str) -> int:
    """The number that must come next from this peer."""
    return (Inbox.objects.filter(peer=peer).aggregate(n=Max("number"))["n"] or 0) + 1
