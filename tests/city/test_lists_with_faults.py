"""Lists that don't fit their things, and things that don't fit their lists: each is found, and the rest goes on.

In each scheme the first office's semi-finished list is wrong (`careless`). On the second office's way, chips of two
urban cards are exchanged, one urban card is taken out of the bank's good tray, and one rural card out of the
supplier's; no document says so, and neither turns up again.
"""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.city.careless import INVENTED, UNKNOWN
from tests.city.city import SEATS, City, copied, working
from tests.city.counting import booked, in_hand, lying, opened
from zhika.rehearsal import faults
from zhika.rehearsal.courier import Courier
from zhika.rehearsal.mishaps import BETWEEN
from zhika.rehearsal.world import ASIDE, World


def _chips(path: Path, world: World) -> list[str]:
    with opened(path, world.folder.parent) as tray:
        hit = faults.choose(tray.pieces(), 2, "chips")
        after = faults.chips_after_exchange(*hit)
    faults.exchange_chips(path, after)
    return [piece.serial or "" for piece in hit]


def _one(path: Path, world: World) -> list[str]:
    with opened(path, world.folder.parent) as tray:
        hit = faults.choose(tray.pieces(), 1, "lost")
        aside = world.folder / ASIDE / f"{path.stem}.lost.tray"
        faults.take_out(tray, [piece.uid for piece in hit], aside, world.secret)
    return [piece.serial or "" for piece in hit]


DONE_TO = {
    ("A1", "production-handover"): ("exchanged", _chips),
    ("A1", "card-list"): ("lost at the bank", _one),
    ("B1", "semi-finished"): ("lost at the supplier", _one),
}
"""Scheme and document with which the tray travels → what happens to it."""


def meddle(courier: Courier) -> None:
    """Once to each tray of the second offices that DONE_TO names; what was hit is written to hit.json."""
    offices = json.loads((courier.folder / "offices.json").read_text(encoding="utf-8"))
    second = {offices["urban"][1], offices["rural"][1]}
    note = courier.folder / "hit.json"
    hit = json.loads(note.read_text(encoding="utf-8")) if note.exists() else {}
    for path in sorted(courier.world.folder.glob("*/out/*/*.tray")):
        handover = path.name.split(BETWEEN)[0]
        batch, _, document = handover.partition("~")
        scheme, office = batch.split("-")[:2]
        if office in second and (scheme, document) in DONE_TO:
            kind, do = DONE_TO[scheme, document]
            if kind not in hit:
                hit[kind] = {"batch": batch, "handover": handover, "serials": do(path, courier.world)}
    note.write_text(json.dumps(hit), encoding="utf-8")


@pytest.fixture(scope="module")
def city(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    folder = copied(founded, tmp_path_factory.mktemp("faults") / "city")
    with working(folder, arrange={"supplier": "tests.city.careless"}, meddle=meddle) as city:
        city.to_the_end()
        yield city


@pytest.fixture(scope="module")
def altered(city: City) -> dict[str, Any]:
    """Batch → whose row the supplier spoilt."""
    return dict(json.loads((city.folder / "altered.json").read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def hit(city: City) -> dict[str, Any]:
    return dict(json.loads((city.folder / "hit.json").read_text(encoding="utf-8")))


def _exceptions(city: City, seat: str) -> dict[str, dict[str, Any]]:
    return {row["application"]: row for row in city.desks[seat].asked("exceptions")}


def _serials_in_hand(city: City) -> set[str]:
    return {seen.piece.serial or "" for seen in in_hand(city.folder)}


def test_two_rows_whose_serials_are_exchanged_are_both_found_and_every_seat_hears_it(
    city: City, altered: dict[str, Any]
) -> None:
    assert {code[:2] for code in altered} == {"A1", "B1"}
    for code, notes in altered.items():
        bank = "icbc" if code.startswith("A1") else "abc"
        for seat in ("platform", "supplier", bank):
            found = _exceptions(city, seat)
            assert [found[app]["cause"] for app in notes["swapped"]] == ["serial-differs"] * 2, (code, seat)


def test_a_card_whose_row_is_left_out_is_found_in_the_tray_by_its_face(city: City, altered: dict[str, Any]) -> None:
    for notes in altered.values():
        row = _exceptions(city, "platform")[notes["left_out"]]
        assert (row["cause"], row["serial"]) == ("row-missing", notes["serials"][notes["left_out"]])


def test_a_card_whose_row_names_somebody_unknown_is_found_by_its_face_too(city: City, altered: dict[str, Any]) -> None:
    ((_, notes),) = [(code, notes) for code, notes in altered.items() if "renamed" in notes]
    row = _exceptions(city, "platform")[notes["renamed"]]
    assert (row["cause"], row["serial"]) == ("row-missing", notes["serials"][notes["renamed"]])


def test_a_row_of_somebody_unknown_changes_nothing_and_no_card_of_that_serial_is_in_the_books(city: City) -> None:
    for seat in SEATS:
        rows = city.desks[seat].asked("exceptions")
        assert UNKNOWN not in {row["application"] for row in rows}
        assert INVENTED not in {row["serial"] for row in rows}


def test_none_of_those_cards_reaches_anybody(city: City, altered: dict[str, Any]) -> None:
    spoilt = {
        notes["serials"][app]
        for notes in altered.values()
        for app in (*notes["swapped"], notes["left_out"], *([notes["renamed"]] if "renamed" in notes else []))
    }
    assert len(spoilt) == 7
    assert not spoilt & _serials_in_hand(city)


def test_chips_that_were_exchanged_are_found_by_the_public_area_at_the_bank(city: City, hit: dict[str, Any]) -> None:
    serials = hit["exchanged"]["serials"]
    found = {row["serial"]: row for row in city.desks["icbc"].asked("exceptions")}
    assert len(serials) == 2
    assert [(found[s]["cause"], found[s]["step"], found[s]["source"]) for s in serials] == [
        ("area-differs", "finish", "icbc")
    ] * 2
    assert not set(serials) & _serials_in_hand(city)


def test_a_card_taken_out_of_the_banks_tray_is_missed_by_the_count_and_stands_with_the_bank(
    city: City, hit: dict[str, Any]
) -> None:
    (serial,) = hit["lost at the bank"]["serials"]
    code = hit["lost at the bank"]["batch"]
    for seat in ("icbc", "platform"):
        lines = city.desks[seat].asked("books", "--batch", code, fine=(0, 1))["lines"]
        assert [(x["organisation"], x["n"]) for x in lines if x["state"] == "missing"] == [("icbc", 1)], seat
    waiting = [item for item in city.desks["icbc"].asked("todo") if item["work"] == "found"]
    assert [(item["subject"], item["command"]) for item in waiting] == [(serial, [])]
    (batch,) = [batch for batch in city.desks["icbc"].asked("batches") if batch["code"] == code]
    assert batch["closed_at"] is None, "a batch can't close on a difference"


def test_a_card_taken_out_before_it_was_ever_counted_leaves_its_batch_and_stands_with_the_supplier(
    city: City, hit: dict[str, Any]
) -> None:
    (serial,) = hit["lost at the supplier"]["serials"]
    code = hit["lost at the supplier"]["batch"]
    lines = city.desks["supplier"].asked("books", "--batch", code, fine=(0, 1))["lines"]
    assert [(x["organisation"], x["n"]) for x in lines if x["state"] == "missing"] == [("supplier", 1)]
    missed = [row for row in city.desks["supplier"].asked("exceptions") if row["serial"] == serial]
    assert [row["cause"] for row in missed] == ["missing"]
    assert _exceptions(city, "platform")[missed[0]["application"]]["cause"] == "missing"
    # The rural bank learns who is in a batch from what is handed over to it: of this person it never hears.
    with sqlite3.connect(city.folder / "abc" / "zhika.db") as store:
        known = {app for (app,) in store.execute("SELECT application_ref FROM ledger_card")}
    assert len(known) > 10 and missed[0]["application"] not in known


def test_everybody_else_gets_a_card(city: City) -> None:
    left = _exceptions(city, "platform")
    sizes = {batch["code"]: batch["size"] for batch in city.desks["platform"].asked("batches")}
    lost = 1  # at the bank: good, but nowhere
    assert len(_serials_in_hand(city)) == sum(sizes.values()) - len(left) - lost > 20


@pytest.mark.parametrize("seat", SEATS)
def test_the_books_still_balance(seat: str, city: City) -> None:
    assert city.desks[seat].asked("books", "--prove", fine=(0, 1))["breaches"] == []


def test_what_lies_in_the_trays_is_still_what_the_books_say(city: City) -> None:
    cards, _ = lying(city.folder)
    told, _ = booked(city.desks["platform"].asked("books", fine=(0, 1))["lines"])
    assert cards == told
