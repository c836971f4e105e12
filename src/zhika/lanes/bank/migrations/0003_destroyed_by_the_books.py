"""Cards are destroyed by the books now: what had been begun needs no table of its own any more."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from zhika.errors import NotReady


def all_booked(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Refuses while a destruction was begun, and cards were shredded, that the books don't know: it ends the old way."""
    movements = apps.get_model("ledger", "Movement").objects.filter(to_place__state="destroyed")
    booked = set(movements.filter(card__isnull=False).values_list("card__serial", flat=True))
    begun = set(apps.get_model("bank", "Destroyed").objects.values_list("batch_code", "serial"))
    if left := sorted({batch for batch, serial in begun if serial not in booked}):
        raise NotReady(f"批次 {'、'.join(left)} 的销毁已开始而未入账: 先用原版本办完 zhika do destroy, 再升级")


class Migration(migrations.Migration):
    dependencies = [("bank", "0002_standing_accounts"), ("ledger", "0001_initial")]
    operations = [
        migrations.RunPython(all_booked, migrations.RunPython.noop),
        migrations.DeleteModel(name="Destroyed"),
    ]
