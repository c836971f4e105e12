"""The world at its beginning: what was bought lies in the stock, each kind as its maker delivers it."""

import json
from pathlib import Path

from zhika.card import tray
from zhika.card.chip.cos import State
from zhika.card.chip.social import inspect
from zhika.rehearsal.world import MAKER, create


def test_blanks_with_their_chip_are_delivered_embedded_with_serials_of_their_own(tmp_path: Path) -> None:
    world = create(tmp_path / "world", 2, chip_blanks=3)
    seen: dict[str, list[tuple[str, State]]] = {}
    for path in world.stock.glob("*-1.tray"):
        with tray.open_for_work(path, world.secret) as opened:
            for piece in opened:
                if piece.module:
                    with opened.chip(piece) as chip:
                        told = inspect(chip)
                        seen.setdefault(opened.kind, []).append((told.serial[:2], told.state))
    assert seen == {"modules": [("F1", State.BLANK)] * 3, "chip-blanks": [("F2", State.EMBEDDED)] * 3}
    delivered = json.loads((world.folder / MAKER / "M-2026-01.json").read_text())
    assert delivered == {"consignment": "M-2026-01", "modules": 3, "blanks": 3, "chip-blanks": 3}
