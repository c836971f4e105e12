"""Lots as they come in: whose they are, and how many people they name. The desk's paper does not say whose it is."""

from django.db import models


class CollectedLot(models.Model):
    """采集批: what one unit handed in at a time, written when it comes in."""

    code = models.CharField(max_length=60, unique=True)
    process = models.CharField(max_length=30)
    office = models.CharField(max_length=40)
    """Code of the centre or county office, as the unit wrote it: it is checked later than this."""
    rows = models.IntegerField()
    """People named in it."""
    day = models.DateField()
    """This seat's day on which it came."""

    class Meta:
        indexes = [models.Index(fields=["process", "office", "day"], name="lot_recovered")]
