"""The cast answers what a to-do list says, and knows no order of steps."""

from pathlib import Path
from typing import Any

import pytest

from zhika.card import tray
from zhika.rehearsal.cast import CLERKS, LEFT, PROXIES, SETTLED, Cast
from zhika.rehearsal.people import City, draw
from zhika.rehearsal.photos import take
from zhika.rehearsal.world import World, create

REGISTERS = Path(__file__).parents[2] / "examples" / "registers"


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    return draw(REGISTERS, 60, 7, tmp_path_factory.mktemp("city"))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return create(tmp_path / "world", 4)


def item(work: str, subject: str, *rest: str, lane: str = "centre", n: int = 1) -> dict[str, Any]:
    command = ["do", work, subject, "--by", "<by>", *rest]
    return {"work": work, "subject": subject, "lane": lane, "n": n, "command": command, "kind": "step"}


def test_two_lots_are_confirmed_by_one_command_with_two_different_signers(city: City, world: World) -> None:
    lots = [item("confirm", f"L-urban-{n}", "--second", "<second>", n=9) for n in (1, 2)]
    (command,) = Cast.of(city, world, 7).answers(lots)
    assert command.words == ("do", "confirm", "--by", CLERKS["centre"][0], "--second", CLERKS["centre"][1])
    assert [row["subject"] for row in command.rows] == ["L-urban-1", "L-urban-2"]
    assert len(set(CLERKS["centre"])) == 2


def test_what_has_no_command_yet_is_left_standing(city: City, world: World) -> None:
    waiting = item("accept", "A1-02-1~card-list") | {"command": []}
    cast = Cast.of(city, world, 7)
    assert list(cast.answers([waiting])) == []
    assert not cast.patient


def test_who_failed_waits_and_no_shelf_is_counted_unless_the_cast_is_told(city: City, world: World) -> None:
    listed = [item(work, f"A26-{n}", "--reason", "<reason>", lane="centre") for n, work in enumerate(sorted(LEFT))]
    cast = Cast.of(city, world, 7)
    assert list(cast.answers(listed)) == []
    assert not cast.patient
    cast.leaves = frozenset()
    assert {command.work for command in cast.answers(listed)} == LEFT


def test_a_batch_is_not_cut_while_lots_are_confirmed_or_it_still_grows(
    city: City, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr("zhika.rehearsal.cast.time.monotonic", lambda: clock[0])
    cast = Cast.of(city, world, 7)
    forms = [item("form", "urban-batch/02/A1-02-1", lane="integrator", n=5)]
    assert [c.work for c in cast.answers([*forms, item("confirm", "L-urban-1", "--second", "<second>")])] == ["confirm"]
    assert list(cast.answers(forms)) == []
    assert cast.patient
    clock[0] += SETTLED
    forms[0]["n"] = 6
    assert list(cast.answers(forms)) == []
    clock[0] += SETTLED
    assert [command.work for command in cast.answers(forms)] == ["form"]
    assert not cast.patient


def test_two_counters_wait_for_their_own_queues_though_the_others_is_longer(
    city: City, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr("zhika.rehearsal.cast.time.monotonic", lambda: clock[0])
    cast, serials = Cast.of(city, world, 7), ["QZ26000000001", "QZ26000000002", "QZ26000000003"]
    path = world.of("people", "A1-02-1.cards.tray")
    tray.create(path, "A1-02-1", "cards")
    with tray.open_for_work(path, world.secret) as opened:
        for n, serial in enumerate(serials):
            opened.print(opened.add(serial=serial), {"id_no": f"35050219900101000{n}"})
    one = [item("activate", "A1-02-1", lane="bank", n=1) | {"serials": serials[:1]}]
    other = [item("activate", "B1-02-1", lane="bank", n=2) | {"serials": serials[1:]}]
    assert [*cast.answers(one), *cast.answers(other)] == []
    clock[0] += SETTLED
    come = [*cast.answers(one), *cast.answers(other)]
    assert [[row["subject"] for row in command.rows] for command in come] == [serials[:1], serials[1:]]


def test_at_hand_out_the_absent_stay_away_and_the_late_come_on_the_second_day(city: City, world: World) -> None:
    cast = Cast.of(city, world, 7)
    (absent, *_), proxy = sorted(cast.absent), sorted(cast.proxies)[0]
    parcel = "A1-02-261123-01.100000"
    numbers = [absent, proxy, *(f"3505021990010100{n:02}" for n in range(30))]
    path = world.of("100000", "bench") / f"{parcel}.cards.tray"
    path.parent.mkdir(parents=True)
    tray.create(path, parcel, "cards")
    with tray.open_for_work(path, world.secret) as opened:
        for n, number in enumerate(numbers):
            opened.print(opened.add(serial=f"QZ26{n:09}"), {"id_no": number, "cvv2": "417"})
    waits = [item("hand_out", parcel, "--evidence", "<evidence>", lane="unit", n=len(numbers))]
    (first,), (second,) = list(cast.answers(waits)), list(cast.answers(waits))
    assert {row["id_no"] for row in second.rows} == set(numbers) - {absent}
    assert {row["id_no"] for row in first.rows} < {row["id_no"] for row in second.rows}
    assert second.done == {"A1-02-261123-01": len(numbers) - 1}
    assert [row for row in second.rows if row["by"] == "proxy"] == [row for row in second.rows if row["id_no"] == proxy]
    assert all(row["proxy_id"] not in ("", row["id_no"]) for row in second.rows if row["by"] == "proxy")


def test_who_is_absent_and_who_sends_somebody_follows_from_the_seed(city: City, world: World) -> None:
    one, same, other = (Cast.of(city, world, seed) for seed in (7, 7, 8))
    assert (one.absent, one.proxies) == (same.absent, same.proxies)
    assert one.absent != other.absent
    assert (len(one.absent), len(one.proxies)) == (2, 2 * PROXIES)
    assert one.absent.isdisjoint(one.proxies)


def test_everybody_with_a_photo_in_the_file_is_portrayed_where_it_says(city: City, tmp_path: Path) -> None:
    named = [name for rows in city.collected.values() for name in rows["photo"] if name]
    assert take(city, tmp_path) == len(named) > 40
    assert all((tmp_path / name).read_bytes()[:2] == b"\xff\xd8" for name in named)
