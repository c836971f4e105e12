"""Stock counts 盘点: when everything an organisation holds was read and compared with its books, and by whom."""

from django.db import models

from zhika.ledger.batches import Organisation


class StockCount(models.Model):
    """One count, by two people. Its differences are the cases that carry its code."""

    code = models.CharField(max_length=60, unique=True)
    """PD-ORGANISATION-YYMMDD-N; also the name of its paper and its table of differences."""
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="counts")
    counted_at = models.DateTimeField()
    by = models.CharField(max_length=60)
    second = models.CharField(max_length=60)
    trays = models.IntegerField()
    booked = models.IntegerField()
    """Pieces that should lie there, by the books."""
    seen = models.IntegerField()
    """Pieces that were read."""
    differences = models.IntegerField()
    """Cases opened by this count."""
    found = models.IntegerField()
    """Pieces that an earlier count missed and this one has seen again."""
    known = models.IntegerField()
    """Cases of earlier counts that are still open and still so."""
    sha256 = models.CharField(max_length=64)
    """Of the table of differences (CSV)."""
