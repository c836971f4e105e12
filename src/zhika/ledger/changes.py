"""Whether somebody has written into the store since one last looked."""

from django.db import connection


def mark() -> int:
    """Another number than before as soon as anybody else has committed anything; costs one small query.

    On SQLite the connection's `data_version`, which its own commits leave as it is. On PostgreSQL the next transaction
    number that has not been given out: it moves with every transaction that writes, this connection's own among them.
    """
    ask = "PRAGMA data_version" if connection.vendor == "sqlite" else "SELECT pg_snapshot_xmax(pg_current_snapshot())"
    with connection.cursor() as cursor:
        cursor.execute(ask)
        return int(str(cursor.fetchone()[0]))
