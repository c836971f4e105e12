"""The supplier's own tables: places on sheets, blocks of serials, what was erased. No expiry date, no CVV2."""

from django.db import models


class PrintRow(models.Model):
    """Whose face is printed at which place: of the print sheets, and of the tray of blanks. Fixed before any ink."""

    batch_code = models.CharField(max_length=40)
    application_ref = models.CharField(max_length=20)
    position = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch_code", "application_ref"], name="printed_once"),
            models.UniqueConstraint(fields=["batch_code", "position"], name="place_printed_once"),
        ]
        ordering = ["position"]


class Counter(models.Model):
    """The next card serial of a year that no block holds."""

    year = models.IntegerField(unique=True)
    next = models.IntegerField(default=1)


class SerialBlock(models.Model):
    """Card serials drawn for a batch, once: a step that runs again gets the same."""

    batch_code = models.CharField(max_length=40, unique=True)
    year = models.IntegerField()
    first = models.IntegerField()
    n = models.IntegerField()


class Erasure(models.Model):
    """What was erased, or is just being erased, once a batch was shipped: written before the first file goes."""

    batch_code = models.CharField(max_length=40)
    what = models.CharField(max_length=60)
    sha256 = models.CharField(max_length=64)
    on = models.DateField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch_code", "what"], name="erased_once")]
