"""The integrator's own tables: production database, application database, registers, material."""

from django.db import models

from zhika.craft import places


class Production(models.Model):
    """生产数据库: what is made, or was made, into a card; one row an application."""

    app_no = models.CharField(max_length=20, unique=True)
    ssc_no = models.CharField(max_length=9, unique=True)
    """Social security card number 社会保障卡号."""
    issue_date = models.CharField(max_length=8)
    pan = models.CharField(max_length=19, null=True, unique=True)
    """Urban: the bank's number, before the card is printed. Rural: none here, it comes with the mapping."""
    card_serial = models.CharField(max_length=20, null=True, unique=True)
    chip_serial = models.CharField(max_length=16, null=True, unique=True)
    identification = models.CharField(max_length=32, blank=True)
    """卡识别码, all 32 digits, as it was read back from the chip."""
    personalised_at = models.DateTimeField(null=True)
    key_version = models.CharField(max_length=40, blank=True)
    """Which generation of the social master key the chip's keys come from: its label and check value."""


class Mapping(models.Model):
    """应用数据库: person ↔ social security card number ↔ bank card number, for later extended uses."""

    app_no = models.CharField(max_length=20, unique=True)
    id_key = models.CharField(max_length=64, db_index=True)
    ssc_no = models.CharField(max_length=9, unique=True)
    card_serial = models.CharField(max_length=20, blank=True)
    pan = models.CharField(max_length=19, unique=True)
    imported_at = models.DateTimeField()


class Register(models.Model):
    """An extract of a register as it was loaded: the rows are a Parquet file named by content."""

    scheme = models.CharField(max_length=10)
    """urban | rural"""
    kind = models.CharField(max_length=12)
    """insurance | household"""
    sha256 = models.CharField(max_length=64)
    rows = models.IntegerField()
    path = models.CharField(max_length=200)
    """Below the seat's home."""
    loaded_at = models.DateTimeField()
    by = models.CharField(max_length=60)

    class Meta:
        indexes = [models.Index(fields=["scheme", "kind"], name="register_kind")]


class LeftOut(models.Model):
    """A line that the centre passed and that becomes no application, with its reason."""

    lot = models.CharField(max_length=60)
    line = models.CharField(max_length=9)
    reason = models.CharField(max_length=40)
    """Code of `registers.rules`."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["lot", "line"], name="left_out_once")]


class Consignment(models.Model):
    """来料: one tray of material as it was bought and counted into stock."""

    code = models.CharField(max_length=30)
    kind = models.CharField(max_length=12)
    """module | blank | chip-blank"""
    tray = models.CharField(max_length=80, unique=True)
    """File name in the integrator's stock."""
    count = models.IntegerField()
    cos_version = models.CharField(max_length=30, blank=True)
    cos_digest = models.CharField(max_length=64, blank=True)
    loaded_at = models.DateTimeField()
    by = models.CharField(max_length=60)


class Draw(models.Model):
    """领料: pieces of one stock tray kept for a batch, before any is moved."""

    batch_code = models.CharField(max_length=40)
    consignment = models.ForeignKey(Consignment, models.PROTECT, related_name="draws")
    n = models.IntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch_code", "consignment"], name="draw_once")]


class PrintRow(places.PrintRow):
    """Whose face is printed at which place, of cards that the integrator makes itself."""


class SerialCounter(places.SerialCounter):
    """The next card serial of a year that no block holds."""


class SerialBlock(places.SerialBlock):
    """Card serials drawn for a batch, once."""
