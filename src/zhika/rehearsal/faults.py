"""Mishaps: what goes wrong with things and files, each a small function that touches nothing else.

None of them knows a seat's inside: they act on trays that lie on their way, on a package's file, on the bank's customer
file (`people.customers`). Which piece is hit follows from seed, mishap and office alone, so the same rehearsal has the
same mishaps, whoever was killed meanwhile. Each may be done again and changes nothing then.
"""

import random
from collections.abc import Sequence
from pathlib import Path

from zhika.card import pan, tray
from zhika.card.tray import Piece, Tray
from zhika.card.trayfile import locked
from zhika.errors import CardError

WRONG = "某"
"""What a misprinted name shows after the family name."""


def choose(pieces: Sequence[Piece], count: int, *seed: object) -> list[Piece]:
    """`count` of the sound pieces of a tray, by position; fewer where there are not so many."""
    sound = [piece for piece in pieces if not piece.condition]
    return random.Random("/".join(map(str, seed))).sample(sound, min(count, len(sound)))


def kill_chip(opened: Tray, piece: Piece) -> None:
    """A chip that answers nothing any more (芯片无应答)."""
    chip = opened.soft_card(piece)
    chip.memory.dead = True
    opened.put_chip(piece, chip)


def misprint_name(opened: Tray, piece: Piece) -> None:
    """Ink gone wrong: the name shows another given name."""
    name = opened.camera(piece, hidden=frozenset()).get("name", "")
    opened.misprint(piece, "name", name[:1] + WRONG)


def misprint_number(opened: Tray, piece: Piece) -> None:
    """Ink gone wrong: the bank card number shows another last digit, which its others do not give."""
    number = opened.camera(piece, hidden=frozenset())["pan"]
    if pan.is_valid(number):
        opened.misprint(piece, "pan", number[:-1] + ("0" if number[-1] != "0" else "1"))


def chips_after_exchange(one: Piece, other: Piece) -> dict[str, str]:
    """Which chip module each of two pieces will hold, by the pieces' uids: what `exchange_chips` brings about."""
    if one.module is None or other.module is None:
        raise CardError("此件没有芯片")
    return {one.uid: other.module, other.uid: one.module}


def exchange_chips(path: Path, after: dict[str, str]) -> None:
    """Two cards whose chips lie in each other's body, in one commit; no document says so.

    Nature's hand: no machine of `Tray` does this.
    """
    with locked(path) as connection:
        connection.execute("BEGIN IMMEDIATE")
        marks = ", ".join("?" * len(after))
        rows = connection.execute(f"SELECT uid, module, chip FROM piece WHERE uid IN ({marks})", list(after)).fetchall()
        chips = {module: chip for _, module, chip in rows}
        if any(after[uid] != module for uid, module, _ in rows) and chips.keys() >= set(after.values()):
            # A module can't be in two bodies, not even for a moment: both come out first.
            connection.executemany("UPDATE piece SET module = NULL WHERE uid = ?", [(uid,) for uid in after])
            connection.executemany(
                "UPDATE piece SET module = ?, chip = ? WHERE uid = ?",
                [(module, chips[module], uid) for uid, module in after.items()],
            )
        connection.execute("COMMIT")


def take_out(opened: Tray, uids: Sequence[str], aside: Path, secret: bytes) -> None:
    """Pieces that leave their tray unseen, and lie aside until somebody finds them."""
    tray.create(aside, aside.stem, opened.kind)
    with tray.open_for_work(aside, secret) as other:
        for piece in opened:
            if piece.uid in uids:
                opened.move(piece, other)


def damage(file: Path, seed: int) -> None:
    """One bit of a file turned over, as on a bad line. Not to be done twice."""
    data = bytearray(file.read_bytes())
    at = random.Random(seed).randrange(len(data))
    data[at] ^= 1
    file.write_bytes(bytes(data))
