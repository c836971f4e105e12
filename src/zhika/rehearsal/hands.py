"""What people do with the cards in their hands: lose them, bring them back to a counter."""

from collections.abc import Callable, Set
from pathlib import Path

from zhika.card import tray
from zhika.rehearsal.world import PEOPLE, World

LOST = "lost"
"""Where cards lie that nobody will find."""
BACK = "back.tray"
"""What an office's counter takes back: in its folder `in`."""


def lose(world: World, serial: str) -> None:
    """A card leaves its holder's hand and is nowhere."""
    _move(world, world.folder / LOST / f"{LOST}.cards.tray", lambda here, _: here == serial)


def bring_back(world: World, office: str, holders: Set[str]) -> None:
    """Every card that these people (ID numbers) still have is laid on the office's counter."""
    _move(world, world.of(office, "in") / BACK, lambda _, holder: holder in holders)


def _move(world: World, to: Path, meant: Callable[[str, str], bool]) -> None:
    """Out of the hands of people: by serial, and the ID number printed on the card."""
    for path in sorted((world.folder / PEOPLE).glob("*.cards.tray")):
        with tray.open_for_work(path, world.secret) as hands:
            chosen = [
                piece
                for piece in hands
                if piece.serial and meant(piece.serial, hands.camera(piece, hidden={"expiry", "cvv2"})["id_no"])
            ]
            if not chosen:
                continue
            if not to.exists():
                to.parent.mkdir(parents=True, exist_ok=True)
                tray.create(to, to.stem.split(".")[0], "cards")
            with tray.open_for_work(to, world.secret) as there:
                for piece in chosen:
                    hands.move(piece, there)
