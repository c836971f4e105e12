"""What a city has come to, person by person and card by card, without times, seals and what follows the order of work.

What the four seats' books say (`told`) is put together with what the cards themselves show. Left out are numbers
that are given in order of work (card serial, bank number, social security card number, application number): of them it
says only whether all who name one name the same.
"""

import hashlib
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.city.city import REPOSITORY, SEATS
from tests.city.told import Told, plain
from zhika.card import expiry
from zhika.card.chip import financial
from zhika.card.chip.public import public_area
from zhika.card.tray import Piece, Tray, open_for_work
from zhika.errors import CardError
from zhika.rehearsal.seats import environment
from zhika.rehearsal.world import World

NUMBERS = {"pan", "expiry", "cvv2", "ssc_no", "issue_date", "serial"}
"""Printed fields that follow the order of work, or the day."""
BANKS = ("icbc", "abc")


def digest(outcome: Told) -> str:
    """SHA-256 of an outcome, 64 hexadecimal digits."""
    return hashlib.sha256(json.dumps(outcome, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def of(folder: Path) -> Told:
    """The outcome of the city in `folder`, whose workers rest."""
    with ThreadPoolExecutor(len(SEATS)) as pool:
        seats: dict[str, Told] = dict(zip(SEATS, pool.map(_asked, (folder / name for name in SEATS)), strict=True))
    accounts = {app: account for bank in BANKS for app, account in seats[bank].pop("accounts").items()}
    platform = seats["platform"]
    people, made = platform.pop("people"), platform.pop("numbers")
    cards = {name: told.pop("cards") for name, told in seats.items()}
    serials = {card["serial"]: app for app, card in cards["platform"].items() if card["serial"]}
    things, loose = _things(World(folder / "world"))
    persons = {}
    for app, person in people.items():
        mine = [(thing, numbers) for serial, thing, numbers in things if serials.get(serial) == app]
        persons[person["id_no"]] = {
            **person,
            "books": {name: _without_serial(held[app]) for name, held in cards.items() if app in held},
            "serial agrees": len({held[app]["serial"] for held in cards.values() if app in held} - {None}) < 2,
            "things": [{**thing, **_agree(numbers, accounts.get(app), made.get(app))} for thing, numbers in mine],
            "account": accounts[app]["status"] if app in accounts else None,
        }  # fmt: skip
    strange = sorted(thing["lies"] for serial, thing, _ in things if serial not in serials)
    return {"people": persons, "seats": seats, "loose": loose, "cards of nobody": strange}


def _asked(home: Path) -> Told:
    words = [sys.executable, "-m", "tests.city.told", str(home)]
    said = subprocess.run(words, cwd=REPOSITORY, env=environment(), check=True, capture_output=True, text=True)
    told: Told = json.loads(said.stdout)
    return told


def _without_serial(card: Told) -> Told:
    return {name: value for name, value in card.items() if name != "serial"} | {"plastic": bool(card["serial"])}


# Things ------------------------------------------------------------------------------------------------------------


def _things(world: World) -> tuple[list[tuple[str, Told, Told]], dict[str, int]]:
    """Every card with what it shows, apart its numbers; and how many other pieces lie where."""
    cards, loose = [], Counter[str]()
    for path in sorted(world.folder.rglob("*.tray")):
        at = plain(str(path.relative_to(world.folder)))
        with open_for_work(path, world.secret) as tray:
            for piece in tray:
                if piece.serial:
                    thing, numbers = _read(tray, piece)
                    cards.append((piece.serial, {"lies": at, "condition": piece.condition, **thing}, numbers))
                else:
                    loose[at] += 1
    return cards, dict(loose)


def _read(tray: Tray, piece: Piece) -> tuple[Told, Told]:
    printed = tray.camera(piece, hidden=frozenset())
    try:
        with tray.chip(piece) as chip:
            area = public_area(chip)
            chip_says: Told = {"area": "empty" if area is None else [area.id_no, area.name]}
            number = financial.read_pan(chip)
    except CardError as error:
        chip_says, number = {"area": type(error).__name__}, None
    numbers = {name: printed.get(name) for name in NUMBERS} | {"chip": number, "stripe": tray.read_stripe(piece)}
    face = {name: text for name, text in printed.items() if name not in NUMBERS}
    return {"face": face, **chip_says, "bears": sorted(n for n, value in numbers.items() if value)}, numbers


def _agree(numbers: Told, account: Told | None, made: Told | None) -> Told:
    """Whether printed, written and booked numbers are one; what isn't there disagrees with nothing."""
    account, made = account or {}, made or {}
    pans = {numbers["pan"], numbers["chip"], account.get("pan"), made.get("pan"), made.get("mapped")} - {None}
    stripe = numbers["stripe"]
    printed = [
        (numbers["expiry"], account and expiry.printed(account["expiry"])),
        (numbers["cvv2"], account.get("cvv2")),
    ]
    return {
        "one number": len(pans) < 2,
        "stripe right": stripe is None or list(stripe) == account.get("tracks"),
        "expiry and CVV2 right": all(seen in (None, told) for seen, told in printed),
        "social number right": numbers["ssc_no"] == made.get("ssc_no"),
    }


def differences(one: Any, other: Any, at: str = "") -> Iterator[str]:
    """Where two outcomes differ, one line each."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in sorted({*one, *other}):
            yield from differences(one.get(key), other.get(key), f"{at}/{key}")
    elif isinstance(one, list) and isinstance(other, list):
        lines = [Counter(json.dumps(x, sort_keys=True, ensure_ascii=False) for x in side) for side in (one, other)]
        yield from (f"{at}: - {line}" for line in lines[0] - lines[1])
        yield from (f"{at}: + {line}" for line in lines[1] - lines[0])
    elif one != other:
        yield f"{at}: {one!r} / {other!r}"
