"""Trays: where cards and their parts lie (料盘). One SQLite file each, at most 5,000 pieces, one worker at a time.

A tray is a thing, not data: what a lane may learn of a piece it learns through a reader (`chip`), a camera (`camera`)
or a stripe head (`read_stripe`). Every act is committed by itself, so that a worker killed in the middle leaves each
piece either touched or untouched; and doing an act again changes nothing. Chip, ink and stripe lie sealed: the file's
raw bytes show nobody's data.
"""

import json
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag

from zhika.card.chip import sealed
from zhika.card.chip.apdu import Connection
from zhika.card.chip.softcard import SoftCard
from zhika.card.trayfile import MOST, TrayBusy, count, create, locked, move, seal, sqlite3
from zhika.errors import CardError

__all__ = ["MOST", "Piece", "Tray", "TrayBusy", "count", "create", "move", "open_for_work", "seal"]

_NONCE = 12
DEMAGNETISED = "demagnetised"
"""Stands for the tracks of a stripe that holds none."""
_COLUMNS = "position, uid, serial, module, laminated, punched, condition"


@dataclass(frozen=True)
class Piece:
    """A piece in its tray, as far as everybody sees it; laminated and punched are as they were when it was read."""

    position: int
    uid: str
    """Its own identity, for life: a piece that is moved is still this piece."""
    serial: str | None
    """Card serial (卡序列号), engraved when it becomes a card; None for modules, blanks and sheets."""
    module: str | None
    """The uid of the chip module in it; its own for what came with its chip; None where there is no chip."""
    laminated: bool
    punched: bool
    condition: str
    """Empty, or why it is void (cause code)."""


class Tray:
    """A tray on the bench; made by `open_for_work`."""

    def __init__(self, connection: sqlite3.Connection, path: Path, secret: bytes) -> None:
        self._sql, self.path, self._secret = connection, path, secret
        self._ink = sealed.derive(secret, "ink and stripe")
        self.id, self.kind = connection.execute("SELECT id, kind FROM tray").fetchone()

    def __iter__(self) -> Iterator[Piece]:
        return iter(self.pieces())

    def __len__(self) -> int:
        return int(self._sql.execute("SELECT count(*) FROM piece").fetchone()[0])

    def pieces(self) -> list[Piece]:
        """All pieces as they lie now, by position."""
        rows = self._sql.execute(f"SELECT {_COLUMNS} FROM piece ORDER BY position")
        return [_piece(row) for row in rows]

    def find(self, serial: str) -> Piece | None:
        """The piece with this card serial, None where it does not lie here."""
        row = self._sql.execute(f"SELECT {_COLUMNS} FROM piece WHERE serial = ?", (serial,)).fetchone()
        return _piece(row) if row else None

    # What comes and goes --------------------------------------------------------------------------------------------

    def add(self, *, serial: str | None = None, chip: SoftCard | None = None, position: int | None = None) -> Piece:
        """Lay a new piece at `position`, or after the last; CardError where the place is taken or the tray full."""
        uid = secrets.token_hex(8)
        place = self._free(position)
        blob = None if chip is None else sealed.seal(chip, self._secret)
        self._write(
            "INSERT INTO piece (position, uid, serial, module, chip) VALUES (?, ?, ?, ?, ?)",
            (place, uid, serial, None if chip is None else uid, blob),
        )
        return Piece(place, uid, serial, None if chip is None else uid, False, False, "")

    def move(self, piece: Piece, to: "Tray", position: int | None = None) -> None:
        """Put a piece into another tray. A worker killed in between does it again: the piece is then in one tray."""
        row = self._sql.execute("SELECT * FROM piece WHERE uid = ?", (piece.uid,)).fetchone()
        if row is None:
            raise CardError(f"料盘 {self.id} 中没有此件")
        if not to._sql.execute("SELECT 1 FROM piece WHERE uid = ?", (piece.uid,)).fetchone():
            marks = ", ".join("?" * len(row))
            to._write(f"INSERT INTO piece VALUES ({marks})", (to._free(position), *row[1:]))
        self.remove(piece)

    def remove(self, piece: Piece) -> None:
        """Take a piece out for good (destroyed, used up, lost); nothing happens where it is gone."""
        self._write("DELETE FROM piece WHERE uid = ?", (piece.uid,))

    def swap(self, one: Piece, other: Piece) -> None:
        """Let two pieces change places."""
        # Two pieces can't lie on one place, not even for a moment: the first is lifted out.
        places = ((one.uid, -1), (other.uid, one.position), (one.uid, other.position))
        self._sql.execute("BEGIN IMMEDIATE")
        self._sql.executemany("UPDATE piece SET position = ? WHERE uid = ?", [(at, uid) for uid, at in places])
        self._sql.execute("COMMIT")

    # What the machines do -------------------------------------------------------------------------------------------

    def print(self, piece: Piece, fields: Mapping[str, str], side: str = "back") -> bool:
        """Ink on one side (front, back), text by field; False where all of it is there.

        Ink stays: CardError where a field already shows another text.
        """
        printed = self._printed(piece)
        there = printed.setdefault(side, {})
        if any(there.get(name, text) != text for name, text in fields.items()):
            raise CardError("卡面该栏已印有不同内容")
        if fields.keys() <= there.keys():
            return False
        there.update(fields)
        self._set(piece, "printed", self._seal("printed", printed))
        return True

    def misprint(self, piece: Piece, field: str, text: str, side: str = "back") -> None:
        """What ink shows when something went wrong at the machine: any text, over whatever stands there."""
        printed = self._printed(piece)
        printed.setdefault(side, {})[field] = text
        self._set(piece, "printed", self._seal("printed", printed))

    def laminate(self, piece: Piece) -> None:
        """Cover it (覆膜)."""
        self._set(piece, "laminated", 1)

    def punch(self, piece: Piece) -> None:
        """Punch it out of its sheet (冲切); CardError before lamination."""
        if not self._get(piece, "laminated"):
            raise CardError("未覆膜, 不能冲切")
        self._set(piece, "punched", 1)

    def embed(self, piece: Piece, module: Piece, modules: "Tray", serial: str) -> bool:
        """Mill a chip module into a punched piece and engrave the card serial (封装): a card is born.

        The module leaves its tray. False where the piece has its chip: then only that tray is put right, so a worker
        killed in between calls it again for every piece. CardError before punching, or where serial or module is used.
        """
        has = self._get(piece, "module")
        if has is not None:
            modules._write("DELETE FROM piece WHERE uid = ?", (has,))
            return False
        if not self._get(piece, "punched"):
            raise CardError("未冲切, 不能封装芯片")
        card = modules.soft_card(module)
        card.embed()
        self._write(
            "UPDATE piece SET chip = ?, module = ?, serial = ? WHERE uid = ?",
            (sealed.seal(card, self._secret), module.uid, serial, piece.uid),
        )
        modules.remove(module)
        return True

    def engrave(self, piece: Piece, serial: str) -> bool:
        """Engrave the card serial on a laminated piece that came with its chip: a card is born without embedding.

        False where this very serial stands there. CardError before lamination, without a chip, where another serial
        stands on the piece, or this one on another.
        """
        engraved = self._get(piece, "serial")
        if engraved == serial:
            return False
        if engraved is not None:
            raise CardError("此件已有另一卡序列号")
        if not self._get(piece, "laminated"):
            raise CardError("未覆膜, 不能刻写卡序列号")
        if self._get(piece, "module") is None:
            raise CardError("此件没有芯片, 不能刻写卡序列号")
        self._set(piece, "serial", serial)
        return True

    def condemn(self, piece: Piece, cause: str) -> None:
        """Mark it void (作废) with a cause code; it stays where it lies."""
        self._set(piece, "condition", cause)

    # What is read ---------------------------------------------------------------------------------------------------

    @contextmanager
    def chip(self, piece: Piece) -> Iterator[Connection]:
        """The piece in a reader. When it leaves the reader its memory is written back, in one commit, if it changed."""
        card = self.soft_card(piece)
        before = card.to_bytes()
        try:
            yield card
        finally:
            if card.to_bytes() != before:
                self.put_chip(piece, card)

    def soft_card(self, piece: Piece) -> SoftCard:
        """The chip itself, without a reader; CardError where the piece has none."""
        blob = self._get(piece, "chip")
        if blob is None:
            raise CardError("此件没有芯片")
        return sealed.unseal(blob, self._secret)

    def put_chip(self, piece: Piece, card: SoftCard) -> None:
        """Write a chip's memory back."""
        self._set(piece, "chip", sealed.seal(card, self._secret))

    def camera(self, piece: Piece, *, hidden: Set[str]) -> dict[str, str]:
        """The printed text of both sides by field, and the engraved `serial`, without what the lane may not see."""
        seen = {name: text for side in self._printed(piece).values() for name, text in side.items()}
        serial = self._get(piece, "serial")
        if serial is not None:
            seen["serial"] = serial
        return {name: text for name, text in seen.items() if name not in hidden}

    def write_stripe(self, piece: Piece, tracks: Sequence[str]) -> bool:
        """Three tracks onto the stripe, "" for one left blank; False where they stand there already. Banks only."""
        if len(tracks) != 3:
            raise CardError("磁条须给出三个磁道")
        if self.read_stripe(piece) == tuple(tracks):
            return False
        if not self._demagnetised(piece):
            self._set(piece, "stripe", self._seal("stripe", list(tracks)))
        return True

    def read_stripe(self, piece: Piece) -> tuple[str, ...] | None:
        """The three tracks, None on a stripe never written, or one that holds nothing. Banks only."""
        blob = self._get(piece, "stripe")
        tracks = None if blob is None else self._open("stripe", blob)
        return None if tracks in (None, DEMAGNETISED) else tuple(tracks)

    def demagnetise(self, piece: Piece) -> None:
        """Nature's hand: from now on the stripe holds nothing that is written on it."""
        self._set(piece, "stripe", self._seal("stripe", DEMAGNETISED))

    def _demagnetised(self, piece: Piece) -> bool:
        blob = self._get(piece, "stripe")
        return blob is not None and self._open("stripe", blob) == DEMAGNETISED

    # ----------------------------------------------------------------------------------------------------------------

    def _printed(self, piece: Piece) -> dict[str, dict[str, str]]:
        blob = self._get(piece, "printed")
        return {} if blob is None else self._open("printed", blob)

    def _get(self, piece: Piece, column: str) -> Any:
        row = self._sql.execute(f"SELECT {column} FROM piece WHERE uid = ?", (piece.uid,)).fetchone()
        if row is None:
            raise CardError(f"料盘 {self.id} 中没有此件")
        return row[0]

    def _set(self, piece: Piece, column: str, value: object) -> None:
        if not self._write(f"UPDATE piece SET {column} = ? WHERE uid = ?", (value, piece.uid)):
            raise CardError(f"料盘 {self.id} 中没有此件")

    def _write(self, statement: str, values: Sequence[Any]) -> int:
        """One statement, committed by itself; the number of rows that it changed."""
        try:
            return int(self._sql.execute(statement, values).rowcount)
        except sqlite3.IntegrityError:
            raise CardError(f"料盘 {self.id}: 位置、卡序列号或芯片已被占用") from None

    def _free(self, position: int | None) -> int:
        number, last = self._sql.execute("SELECT count(*), coalesce(max(position), 0) FROM piece").fetchone()
        place = last + 1 if position is None else position
        if number >= MOST or not 1 <= place <= MOST:
            raise CardError(f"料盘 {self.id} 已满, 最多 {MOST} 件")
        return int(place)

    def _seal(self, column: str, value: object) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + self._ink.encrypt(nonce, json.dumps(value, ensure_ascii=False).encode(), column.encode())

    def _open(self, column: str, blob: bytes) -> Any:
        try:
            return json.loads(self._ink.decrypt(blob[:_NONCE], blob[_NONCE:], column.encode()))
        except InvalidTag:
            raise CardError(f"料盘 {self.id} 的内容被改动, 或密钥不符") from None


def _piece(row: Sequence[Any]) -> Piece:
    position, uid, serial, module, laminated, punched, condition = row
    return Piece(position, uid, serial, module, bool(laminated), bool(punched), condition)


@contextmanager
def open_for_work(path: Path, secret: bytes) -> Iterator[Tray]:
    """Put a tray on the bench: one worker, by the file's lock; TrayBusy at once for a second.

    `secret` is the world's, at least 32 bytes. A lock ends with its worker, killed or not.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     create(Path(folder, "T1.tray"), "T1", "cards")
    ...     with open_for_work(Path(folder, "T1.tray"), bytes(32)) as tray:
    ...         card = tray.add(serial="QZ26000000017")
    ...         tray.print(card, {"name": "陈阿山", "cvv2": "417"}), tray.camera(card, hidden={"cvv2"})
    (True, {'name': '陈阿山', 'serial': 'QZ26000000017'})
    """
    with locked(path) as connection:
        # On the bench a commit need not outlive a power cut, only its worker: a tray is sealed before it moves.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        yield Tray(connection, path, secret)
