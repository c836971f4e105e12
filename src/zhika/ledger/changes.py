"""Whether somebody has written into the store since one last looked."""

from django.db import connection


def mark() -> str:
    """Another word than before as soon as anybody else has committed anything; costs one small query.

    On SQLite the connection's `data_version`, which its own commits leave as it is. On PostgreSQL the snapshot: which
    transactions have ended. It moves with every one that writes, this connection's own and other databases' among them.
    """
    ask = "PRAGMA data_version" if connection.vendor == "sqlite" else "SELECT pg_current_snapshot()::text"
    with connection.cursor() as cursor:
        cursor.execute(ask)
        return str(cursor.fetchone()[0])
