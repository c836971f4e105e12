"""The unit's own table: who received a card, as signed."""

from django.db import models


class Receipt(models.Model):
    """领卡签收: one row a card. A proxy is named with the relation to the holder."""

    card_serial = models.CharField(max_length=20, unique=True)
    parcel = models.CharField(max_length=80, db_index=True)
    by = models.CharField(max_length=5)
    """self | proxy"""
    proxy_name = models.CharField(max_length=50, blank=True)
    proxy_id = models.CharField(max_length=18, blank=True)
    relation = models.CharField(max_length=20, blank=True)
    evidence = models.CharField(max_length=200)
    """The signature: sheet and line, or the digest of its picture."""
    handed_by = models.CharField(max_length=60)
    at = models.DateTimeField()
