"""Places on sheets and blocks of card serials: fixed before any ink, so that who is cut off goes on with the same.

The tables are each maker's own (the supplier's in a batch, the integrator's in sporadic work); these are their shapes.
"""

from collections.abc import Mapping, Sequence

from django.db import models, transaction


class PrintRow(models.Model):
    """Whose face is printed at which place: of the print sheets, and of the tray of blanks."""

    batch_code = models.CharField(max_length=40)
    application_ref = models.CharField(max_length=20)
    position = models.IntegerField()

    class Meta:
        abstract = True
        constraints = [
            models.UniqueConstraint(fields=["batch_code", "application_ref"], name="%(app_label)s_printed_once"),
            models.UniqueConstraint(fields=["batch_code", "position"], name="%(app_label)s_place_printed_once"),
        ]
        ordering = ["position"]


class SerialCounter(models.Model):
    """The next card serial of a year that no block holds."""

    year = models.IntegerField(unique=True)
    next = models.IntegerField(default=1)

    class Meta:
        abstract = True


class SerialBlock(models.Model):
    """Card serials drawn for a batch, once: a step that runs again gets the same."""

    batch_code = models.CharField(max_length=40, unique=True)
    year = models.IntegerField()
    first = models.IntegerField()
    n = models.IntegerField()

    class Meta:
        abstract = True


def reserve(table: type[PrintRow], batch_code: str, apps: Sequence[str], places: Sequence[int]) -> dict[str, int]:
    """Application number → place, in line order, as long as there are blanks; made once, the same ever after."""
    with transaction.atomic():
        if not table.objects.filter(batch_code=batch_code).exists():  # type: ignore[attr-defined]
            rows = zip(apps, places, strict=False)
            table.objects.bulk_create(  # type: ignore[attr-defined]
                [table(batch_code=batch_code, application_ref=app, position=place) for app, place in rows],
                batch_size=500,
            )
    return placed(table, batch_code)


def placed(table: type[PrintRow], batch_code: str) -> dict[str, int]:
    """Application number → place, by place."""
    rows = table.objects.filter(batch_code=batch_code)  # type: ignore[attr-defined]
    return dict(rows.values_list("application_ref", "position"))


def serials(
    counters: type[SerialCounter], blocks: type[SerialBlock], batch_code: str, maker: str, places: Mapping[str, int],
    year: int,
) -> dict[str, str]:  # fmt: skip
    """Application number → card serial: maker, two digits of the year, running number; drawn once for a batch."""
    with transaction.atomic():
        counters.objects.get_or_create(year=year)  # type: ignore[attr-defined]
        counter = counters.objects.select_for_update().get(year=year)  # type: ignore[attr-defined]
        block, made = blocks.objects.get_or_create(  # type: ignore[attr-defined]
            batch_code=batch_code, defaults={"year": year, "first": counter.next, "n": len(places)}
        )
        if made:
            counter.next += block.n
            counter.save(update_fields=["next"])
    return {app: serial(maker, block.year, block.first + n) for n, app in enumerate(places)}


def serial(maker: str, year: int, number: int) -> str:
    """卡序列号.

    >>> serial("QZ", 2026, 17)
    'QZ26000000017'
    """
    return f"{maker}{year % 100:02}{number:09}"
