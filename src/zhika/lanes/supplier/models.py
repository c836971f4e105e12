"""The supplier's own tables: places on sheets, blocks of serials, what was erased. No expiry date, no CVV2."""

from django.db import models

from zhika.craft import places


class PrintRow(places.PrintRow):
    """Whose face is printed at which place. Fixed before any ink."""


class Counter(places.SerialCounter):
    """The next card serial of a year that no block holds."""


class SerialBlock(places.SerialBlock):
    """Card serials drawn for a batch, once."""


class Erasure(models.Model):
    """What was erased, or is just being erased, once a batch was shipped: written before the first file goes."""

    batch_code = models.CharField(max_length=40)
    what = models.CharField(max_length=60)
    sha256 = models.CharField(max_length=64)
    on = models.DateField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch_code", "what"], name="erased_once")]
