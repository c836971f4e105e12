"""The bank's own tables. CVVs and tracks are in none of them: they are derived from keys while they are needed."""

from django.db import models


class Account(models.Model):
    """One number for one application, for ever: a failed application's number is closed and never given again.

    The account behind it is the person's: a replacement's number stands on the account of the card that it replaces.
    """

    RESERVED, OPENED, ACTIVATED, CLOSED = "reserved", "opened", "activated", "closed"
    OPEN = (OPENED, ACTIVATED)

    application_ref = models.CharField(max_length=20, unique=True)
    batch_code = models.CharField(max_length=40, db_index=True)
    line = models.IntegerField()
    """Place in the batch's block of numbers, from 0."""
    pan = models.CharField(max_length=19, unique=True)
    expiry = models.CharField(max_length=4)
    """YYMM"""
    account = models.CharField(max_length=20, db_index=True)
    branch = models.CharField(max_length=12)
    id_no = models.CharField(max_length=18, db_index=True)
    name = models.CharField(max_length=50)
    status = models.CharField(max_length=10, default=RESERVED)
    closed_for_payment = models.BooleanField(default=True)
    """From opening until the person activates the card at the counter."""


class NumberBlock(models.Model):
    """Serials drawn for a batch, once: a step that runs again gets the same numbers."""

    batch_code = models.CharField(max_length=40, unique=True)
    first = models.BigIntegerField()
    n = models.IntegerField()


class Counter(models.Model):
    """The next serial that no block holds, by the prefix of the card numbers made from it."""

    prefix = models.CharField(max_length=17, unique=True)
    next = models.BigIntegerField()
