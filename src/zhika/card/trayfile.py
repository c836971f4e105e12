"""A tray's file: how it is made, locked, counted, sealed and carried.

On the bench it is a WAL database under one worker's lock; sealed, it is one file that may be moved. Whoever moves it
without sealing leaves behind what still lies in the log.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from zhika.errors import CardError

if TYPE_CHECKING:
    import sqlite3
else:
    try:
        # The library that comes with the system may be one that can corrupt a WAL database (before 3.51.3).
        from pysqlite3 import dbapi2 as sqlite3
    except ImportError:
        import sqlite3

__all__ = ["KINDS", "MOST", "TrayBusy", "count", "create", "locked", "move", "seal", "sqlite3"]

KINDS = ("modules", "blanks", "chip-blanks", "sheets", "cards")
"""Chip modules, blank cards, blank cards that have their chip, cut positions of print sheets, cards."""
MOST = 5_000
"""Pieces in a tray."""

_SCHEMA = """
CREATE TABLE tray (id TEXT NOT NULL, kind TEXT NOT NULL);
CREATE TABLE piece (
    position INTEGER PRIMARY KEY,
    uid TEXT NOT NULL UNIQUE,
    serial TEXT UNIQUE,
    module TEXT UNIQUE,
    chip BLOB,
    printed BLOB,
    stripe BLOB,
    laminated INTEGER NOT NULL DEFAULT 0,
    punched INTEGER NOT NULL DEFAULT 0,
    condition TEXT NOT NULL DEFAULT ''
);
"""


class TrayBusy(CardError):
    """Another worker has this tray."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"料盘 {path.name} 正由另一进程使用")


def create(path: Path, id: str, kind: str) -> None:
    """Make an empty tray; nothing happens where this very tray stands already.

    Raises CardError for an unknown kind, or where another tray stands at `path`.
    """
    if kind not in KINDS:
        raise CardError(f"没有「{kind}」这种料盘, 只有 {', '.join(KINDS)}")
    if path.exists():
        with locked(path) as there:
            if tuple(there.execute("SELECT id, kind FROM tray").fetchone()) != (id, kind):
                raise CardError(f"{path.name} 处已有另一料盘")
        return
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)
    connection = sqlite3.connect(part, isolation_level=None)
    try:
        connection.executescript(_SCHEMA)
        connection.execute("INSERT INTO tray VALUES (?, ?)", (id, kind))
    finally:
        connection.close()
    part.rename(path)


@contextmanager
def locked(path: Path) -> Iterator[sqlite3.Connection]:
    """The tray's database under an exclusive lock, which a killed worker loses with its life.

    Raises TrayBusy at once where another has it, CardError where there is no tray. Under it don't open the file by
    other means in this process: on POSIX, closing any handle of a file gives up the process's locks on it.
    """
    try:
        before = path.stat().st_ino
        connection = sqlite3.connect(path.absolute().as_uri() + "?mode=rw", uri=True, isolation_level=None, timeout=0)
    except (FileNotFoundError, sqlite3.OperationalError):
        raise CardError(f"没有料盘 {path.name}") from None
    try:
        try:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("COMMIT")
            connection.execute("SELECT id FROM tray")
        except sqlite3.OperationalError:
            raise TrayBusy(path) from None
        except sqlite3.DatabaseError:
            raise CardError(f"{path.name} 不是料盘") from None
        inode = None
        with suppress(FileNotFoundError):
            inode = path.stat().st_ino
        if inode != before:
            # Somebody carried it away between the look and the lock: the lock is on a tray that lies elsewhere now.
            raise CardError(f"没有料盘 {path.name}")
        yield connection
    finally:
        connection.close()


def count(path: Path) -> int:
    """How many pieces lie in a tray that nobody works on; TrayBusy otherwise."""
    with locked(path) as connection:
        return int(connection.execute("SELECT count(*) FROM piece").fetchone()[0])


def seal(path: Path) -> None:
    """Bring everything into the one file, after a killed worker too."""
    with locked(path) as connection:
        _into_one_file(connection)


def move(path: Path, folder: Path, name: str = "") -> Path:
    """Seal a tray and carry it into a folder, which is made; its new path. The tray is in one place at any moment.

    `name`: under which it lies there, if another. Raises TrayBusy while somebody works on it, CardError where a tray
    of that name lies there.
    """
    target = folder / (name or path.name)
    folder.mkdir(parents=True, exist_ok=True)
    with locked(path) as connection:
        _into_one_file(connection)
        if target.exists():
            raise CardError(f"{folder.name} 中已有料盘 {target.name}")
        path.rename(target)
    return target


def _into_one_file(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    (mode,) = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
    if mode != "delete":
        raise CardError("料盘未能封存, 请重试")
