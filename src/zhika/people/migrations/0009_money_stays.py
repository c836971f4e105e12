"""Money that was booked stays booked: the store itself forbids changing or deleting a payment, a refund, a statement.

What may still happen to a row happens once: a payment is refunded, it and a refund are taken by a statement, a
statement is agreed. Whoever alters one of these tables later makes the triggers anew: on SQLite Django builds the table
anew without them.
"""

from collections.abc import Iterator
from typing import NamedTuple

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

PAYMENT = (
    "office_id", "year", "number", "receipt", "ref", "kind", "amount", "exempt", "rate_id", "by", "at", "day",
)  # fmt: skip
REFUND = ("payment_id", "reason", "by", "at", "day")
SETTLEMENT = (
    "office_id", "period", "since", "until", "replacements", "n_payments", "taken", "n_exempt", "n_refunds",
    "refunded", "drawn_by", "drawn_at",
)  # fmt: skip


class Guard(NamedTuple):
    """One trigger: what it forbids, and when."""

    table: str
    name: str
    event: str
    when: str = ""


def guards() -> Iterator[Guard]:
    for table, columns in (("payment", PAYMENT), ("refund", REFUND), ("settlement", SETTLEMENT)):
        yield Guard(f"people_{table}", "no_delete", "DELETE")
        yield Guard(f"people_{table}", "no_update", f"UPDATE OF {_quoted(columns)}")
    yield Guard("people_payment", "refunded_for_ever", "UPDATE OF live", "NOT OLD.live")
    for table in ("people_payment", "people_refund"):
        yield Guard(table, "settled_once", "UPDATE OF settlement_id", "OLD.settlement_id IS NOT NULL")
    agreed = _quoted(("number", "agreed_by", "agreed_at"))
    yield Guard("people_settlement", "agreed_once", f"UPDATE OF {agreed}", "OLD.agreed_at IS NOT NULL")


def _quoted(columns: tuple[str, ...]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def forbid(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for table, name, event, when in guards():
        head = f"CREATE TRIGGER {table}_{name} BEFORE {event} ON {table} FOR EACH ROW"
        condition = f" WHEN ({when})" if when else ""
        if schema_editor.connection.vendor == "sqlite":
            schema_editor.execute(f"{head}{condition} BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END")
        else:  # the function is the one that guards movements
            schema_editor.execute(f"{head}{condition} EXECUTE FUNCTION zhika_append_only()")


def allow(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for table, name, *_ in guards():
        on = "" if schema_editor.connection.vendor == "sqlite" else f" ON {table}"
        schema_editor.execute(f"DROP TRIGGER {table}_{name}{on}")


class Migration(migrations.Migration):
    dependencies = [("people", "0008_following"), ("ledger", "0002_append_only")]
    operations = [migrations.RunPython(forbid, allow)]
