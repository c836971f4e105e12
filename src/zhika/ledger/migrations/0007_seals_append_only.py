"""Seals of the audit are append-only too: whoever could change or delete one could seal the entries anew."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

TABLE = "ledger_auditseal"


def forbid(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for event in ("UPDATE", "DELETE"):
        name = f"{TABLE}_no_{event.lower()}"
        if schema_editor.connection.vendor == "sqlite":
            schema_editor.execute(
                f"CREATE TRIGGER {name} BEFORE {event} ON {TABLE} BEGIN SELECT RAISE(ABORT, '{TABLE} is append-only'); END"
            )
        else:  # the function is the one that guards movements
            schema_editor.execute(
                f"CREATE TRIGGER {name} BEFORE {event} ON {TABLE} FOR EACH ROW EXECUTE FUNCTION zhika_append_only()"
            )


def allow(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for event in ("update", "delete"):
        on = "" if schema_editor.connection.vendor == "sqlite" else f" ON {TABLE}"
        schema_editor.execute(f"DROP TRIGGER {TABLE}_no_{event}{on}")


class Migration(migrations.Migration):
    dependencies = [("ledger", "0006_ended")]
    operations = [migrations.RunPython(forbid, allow)]
