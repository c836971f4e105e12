"""Cards that nobody collects, on four real seats: back to the bank with packages and trays, and out again."""

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.city.city import LEFT, OTHERS, SEATS, City, Desk, copied, working
from zhika.rehearsal.world import cards_at

NAMED = ("--by", "郑洁", "--reason", "逾期未领")


@pytest.fixture(scope="module")
def city(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """Both schemes' cards lie at their units, and nobody hands them out."""
    folder = copied(founded, tmp_path_factory.mktemp("returns") / "city")
    with working(folder, leaves=LEFT | {"hand_out"}) as made:
        made.to_the_end()
        yield made


def parcels(city: City) -> dict[str, list[str]]:
    """Serials by parcel, as the cards lie at the units."""
    found: dict[str, list[str]] = {}
    for item in city.desks["platform"].asked("todo"):
        if item["work"] == "hand_out":
            unit = item["subject"].rsplit(".", 1)[1].split("+")[0]
            bench = city.folder / "world" / unit / "bench"
            lying = cards_at(bench, city.courier.world.secret)
            found[item["subject"]] = [
                serial for tray, serial, _ in lying if tray.partition(".cards")[0] == item["subject"]
            ]
    return found


def settled(city: City, *, destroyed: bool = False) -> None:
    """Everybody does what is listed, but hand out, and destroy unless told; the books prove on every seat."""
    city.leaves = LEFT | ({"hand_out"} if destroyed else {"hand_out", "destroy"})
    city.to_the_end()
    for desk in city.desks.values():
        assert desk.asked("books", "--prove")["breaches"] == []


def books(city: City, seat: str, batch: str) -> dict[tuple[str, str], int]:
    lines = city.desks[seat].asked("books", "--batch", batch)["lines"]
    return {(line["organisation"], line["state"]): line["n"] for line in lines if line["group"] != f"M:{batch}"}


def account(city: City, bank: str, serial: str) -> str:
    with sqlite3.connect(city.folder / bank / "zhika.db") as store:
        query = "SELECT a.status FROM bank_account a JOIN ledger_card c ON c.application_ref = a.application_ref"
        return str(store.execute(f"{query} WHERE c.serial = ?", (serial,)).fetchone()[0])


def test_cards_that_nobody_collects_go_back_come_again_and_are_closed_on_both_sides(city: City) -> None:
    platform = city.desks["platform"]
    waiting = parcels(city)
    parcel, (late, wrong, again, *_) = next((p, cards) for p, cards in sorted(waiting.items()) if len(cards) > 3)
    batch, unit = parcel.rsplit(".", 1)
    bank = "icbc" if batch.startswith("A") else "abc"
    listed = {row["subject"]: row for row in platform.asked("unclaimed")}
    assert listed[parcel]["n"] == len(waiting[parcel]) and listed[parcel]["days"] == 0

    platform.zhika("do", "return_cards", late, again, *NAMED, "--fact", "cause=unclaimed")
    platform.zhika("do", "return_cards", wrong, *NAMED, "--fact", "cause=data-wrong")
    settled(city)  # the unit gives, the office accepts and gives on, the bank accepts
    for seat in ("platform", bank):
        assert books(city, seat, batch)[bank, "held"] == 2
    lying = [serial for tray, serial, _ in cards_at(city.folder / "world" / bank / "bench", city.courier.world.secret)]
    assert {late, wrong, again} <= set(lying)
    assert (account(city, bank, late), account(city, bank, wrong)) == ("opened", "closed")
    causes = {seat: {r["serial"]: r["cause"] for r in city.desks[seat].asked("exceptions")} for seat in SEATS}
    assert causes["platform"][wrong] == causes[bank][wrong] == "data-wrong"

    city.desks[bank].zhika("do", "give_again", again, "--by", "周强", "--reason", "本人申请")
    settled(city)
    second = f"{parcel}+2"
    assert parcels(city)[second] == [again]
    held = {
        serial: face for _, serial, face in cards_at(city.folder / "world" / unit / "bench", city.courier.world.secret)
    }
    platform.zhika("do", "hand_out", again, "--by", OTHERS["hand_out"], "--evidence", "签领表 2", "--fact",
                   f"id_no={held[again]['id_no']}")  # fmt: skip
    settled(city)

    _configure(city, bank, "[distribution]\nclose_days = 0\n")
    (item,) = [i for i in city.desks[bank].asked("todo") if i["work"] == "destroy" and i["subject"] == batch]
    assert item["command"]
    settled(city, destroyed=True)
    assert account(city, bank, late) == "closed"
    with sqlite3.connect(city.folder / "platform" / "zhika.db") as store:
        query = "SELECT p.live FROM people_application p JOIN ledger_card c ON c.application_ref = p.ref"
        live = {s: store.execute(f"{query} WHERE c.serial = ?", (s,)).fetchone()[0] for s in (late, again)}
    assert live == {late: 0, again: 1}
    assert (bank, "held") not in books(city, "platform", batch)


def _configure(city: City, seat: str, section: str) -> None:
    """Another seat.toml; the seat's terminal is opened anew."""
    toml = city.desks[seat].home / "seat.toml"
    text = re.sub(r"(?ms)^\[distribution\].*?(?=^\[|\Z)", "", toml.read_text(encoding="utf-8"))
    toml.write_text(f"{text}\n{section}", encoding="utf-8")
    city.desks[seat].close()
    city.desks[seat] = Desk(city.folder / seat)


def test_an_overdue_parcel_is_sent_back_as_listed(city: City) -> None:
    _configure(city, "platform", "[distribution]\nrecall_days = 0\n")
    before: dict[str, Any] = parcels(city)
    item = next(i for i in city.desks["platform"].asked("todo") if i["work"] == "return_cards")
    assert item["title"].startswith("退回逾期未领") and item["subject"] in before
    settled(city)
    assert parcels(city) == {}
    assert city.desks["platform"].asked("unclaimed") == []
