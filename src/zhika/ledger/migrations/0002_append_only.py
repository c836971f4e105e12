"""The books are append-only: the store itself forbids changing or deleting a movement or an audit entry."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

TABLES = ("ledger_movement", "ledger_auditentry")


def forbid(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    sqlite = schema_editor.connection.vendor == "sqlite"
    if not sqlite:
        schema_editor.execute(
            "CREATE OR REPLACE FUNCTION zhika_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME "
            "USING ERRCODE = 'integrity_constraint_violation'; END $$",
            params=None,  # the percent sign is PL/pgSQL's
        )
    for table in TABLES:
        for event in ("UPDATE", "DELETE"):
            name = f"{table}_no_{event.lower()}"
            if sqlite:
                schema_editor.execute(
                    f"CREATE TRIGGER {name} BEFORE {event} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                )
            else:
                schema_editor.execute(
                    f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION zhika_append_only()"
                )


def allow(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for table in TABLES:
        for event in ("update", "delete"):
            on = "" if schema_editor.connection.vendor == "sqlite" else f" ON {table}"
            schema_editor.execute(f"DROP TRIGGER {table}_no_{event}{on}")


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]
    operations = [migrations.RunPython(forbid, allow)]
