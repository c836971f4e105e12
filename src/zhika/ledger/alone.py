"""Writers of the books one after another, whatever the store."""

from django.db import connection

BOOKS = 0x5A484B41
"""Key of PostgreSQL's advisory lock: 'ZHKA'."""


def alone() -> None:
    """Make this transaction the only one that writes the books until it ends. Call it inside one.

    A whole-place movement, the next number of the mail and the next range of the audit each read what lies there and
    write what follows. SQLite lets one writer in at a time (BEGIN IMMEDIATE); PostgreSQL lets them run side by side,
    so there they queue at an advisory lock, which the transaction's end frees, a crash included. Calling it again in
    the same transaction is free.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [BOOKS])
