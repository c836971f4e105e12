"""The courier loses nothing, wherever it is killed, and lets each planned mishap happen once."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from zhika.card import pan, tray
from zhika.card.chip.softcard import module
from zhika.exchange.mailbox import Mailbox
from zhika.exchange.manifest import Stem
from zhika.rehearsal.courier import Courier
from zhika.rehearsal.mishaps import FEW, FOUND, KINDS, Mishaps
from zhika.rehearsal.world import World, create

SEATS = ("platform", "icbc", "abc", "supplier")
NUMBERS = pan.numbers("622235", np.arange(1, 101))
OFFICES = {"urban": ("02", "01"), "rural": ("350521", "350583")}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for seat in SEATS:
        (tmp_path / seat).mkdir()
        (tmp_path / seat / "seat.toml").touch()
    create(tmp_path / "world", 1)
    return tmp_path


def post(folder: Path, sender: str, peer: str, numbers: range) -> None:
    box = Mailbox(str(folder / sender / "mail" / "out" / peer))
    for n in numbers:
        content = f"{sender} {peer} {n}".encode()
        box.publish(Stem(sender, n, "exceptions"), {".age": content * 50, ".p7s": content, ".json": content})


def arrived(folder: Path, peer: str) -> dict[str, bytes]:
    box = folder / peer / "mail" / "in"
    stems = [str(stem) for stem in Mailbox(str(box)).arrivals()]
    return {stem: (box / f"{stem}.age").read_bytes() + (box / f"{stem}.p7s").read_bytes() for stem in stems}


def load(folder: Path, giver: str, taker: str, name: str, cards: int) -> Path:
    """A tray of cards on its way."""
    path = folder / "world" / giver / "out" / taker / name
    path.parent.mkdir(parents=True, exist_ok=True)
    tray.create(path, name, "cards")
    with tray.open_for_work(path, World(folder / "world").secret) as opened:
        for n in range(cards):
            chip = module(f"F2{n:010X}", social=bytes(16), bank=bytes(range(16)))
            piece = opened.add(serial=f"QZ26{n:09}", chip=chip)
            opened.print(piece, {"name": f"陈{n}", "pan": str(NUMBERS[n])})
    tray.seal(path)
    return path


def test_every_package_comes_to_its_receiver_and_leaves_the_sender(folder: Path) -> None:
    post(folder, "platform", "icbc", range(1, 4))
    post(folder, "icbc", "supplier", range(1, 3))
    assert Courier(folder).carry_mail() == 5
    assert list(arrived(folder, "icbc")) == [f"platform-00000{n}-exceptions" for n in (1, 2, 3)]
    assert len(arrived(folder, "supplier")) == 2
    assert not list(folder.glob("*/mail/out/*/*"))


def test_a_package_without_its_manifest_does_not_move(folder: Path) -> None:
    post(folder, "platform", "icbc", range(1, 2))
    (folder / "platform/mail/out/icbc/platform-000001-exceptions.json").unlink()
    assert Courier(folder).carry_mail() == 0
    assert not (folder / "icbc/mail/in").exists()


def test_packages_delivered_twice_late_and_out_of_order_are_the_same_packages(folder: Path) -> None:
    post(folder, "platform", "icbc", range(1, 21))
    courier = Courier(folder, twice=0.5, late=0.2, shuffled=True, seed=3)
    seen: list[str] = []
    want = {f"platform-{n:06}-exceptions" for n in range(1, 21)}
    until = time.monotonic() + 5
    while time.monotonic() < until and (len(seen) < 25 or set(seen) < want):
        courier.carry_mail()
        seen += arrived(folder, "icbc")
        Mailbox(str(folder / "icbc/mail/in"))
        for stem in arrived(folder, "icbc"):
            Mailbox(str(folder / "icbc/mail/in")).remove(Stem.of(stem))
        time.sleep(0.02)
        if not list(folder.glob("platform/mail/out/*/*.json")) and not list((folder / "courier").glob("*/*.json")):
            break
    assert set(seen) == want
    assert len(seen) > 20
    assert seen != sorted(seen)


def test_a_courier_killed_again_and_again_loses_and_doubles_nothing(folder: Path) -> None:
    for n in range(12):
        load(folder, "supplier", "ylz", f"A1-0{n}-1~semi-finished--A1-0{n}-1.cards.tray", 20)
    post(folder, "platform", "icbc", range(1, 200))
    chance = random.Random(5)
    for _ in range(6):
        running = subprocess.Popen([sys.executable, "-m", "zhika.rehearsal.courier", str(folder), "--every", "0"])
        until = time.monotonic() + 10  # it takes a while to start: killed when it has begun, at a random moment
        before = len(list(folder.glob("*/mail/in/*")))
        while time.monotonic() < until and len(list(folder.glob("*/mail/in/*"))) == before:
            if not list(folder.glob("*/mail/out/*/*.json")):
                break
        time.sleep(chance.uniform(0, 0.03))
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
        post(folder, "platform", "icbc", range(200, 200 + chance.randrange(3)))
    Courier(folder).round()
    assert set(range(1, 200)) <= {Stem.of(stem).number for stem in arrived(folder, "icbc")}
    assert all(len(content) > 0 for content in arrived(folder, "icbc").values())
    trays = sorted((folder / "world/ylz/in").glob("*.tray"))
    assert [tray.count(path) for path in trays] == [20] * 12
    assert not list((folder / "world").glob("*/out/*/*"))


def test_a_tray_in_somebodys_hands_waits_for_the_next_round(folder: Path) -> None:
    path = load(folder, "icbc", "02", "A1-02-1~card-list--A1-02-1.good.tray", 3)
    courier = Courier(folder)
    with tray.open_for_work(path, World(folder / "world").secret):
        assert courier.carry_trays() == 0
    assert courier.carry_trays() == 1
    assert (folder / "world/02/in" / path.name).exists()


WAYS = {
    "dead-chip": ("ylz", "supplier", "A1-02-261123-01~material--A1-02-261123-01.modules.tray"),
    "misprint": ("supplier", "ylz", "A1-01-261123-01~semi-finished--A1-01-261123-01.cards.tray"),
    "swap": ("ylz", "abc", "B1-350521-261123-01~rural-production-handover--B1-350521-261123-01.cards.tray"),
    "short": ("abc", "350583", "B1-350583-261123-01~card-list--B1-350583-261123-01.good.tray"),
}


def test_each_mishap_befalls_its_office_once_even_if_the_courier_begins_anew(folder: Path) -> None:
    world = World(folder / "world")
    Mishaps.plan(world, 7, OFFICES)
    assert set(WAYS) == set(FEW)
    for giver, taker, name in WAYS.values():
        load(folder, giver, taker, name, 9)
        other = name.replace("A1-02", "A1-03").replace("A1-01", "A1-03").replace("B1-3505", "B1-3509")
        load(folder, giver, taker, other, 9)
        Mishaps(world).befall(folder / "world" / giver / "out" / taker / name, giver, taker)
    told = (world.folder / "mishaps.done.json").read_text()
    Courier(folder).round()
    assert (world.folder / "mishaps.done.json").read_text() == told
    hit = json.loads(told)
    assert {kind: len(entry["uids"]) for kind, entry in hit.items()} == {name: KINDS[name].pieces for name in FEW}
    for kind, (_, taker, name) in WAYS.items():
        with tray.open_for_work(world.of(taker, "in") / name, world.secret) as opened:
            strange = [
                piece.uid
                for n, piece in enumerate(opened)
                if opened.soft_card(piece).memory.dead
                or opened.camera(piece, hidden=frozenset())["name"] != f"陈{int((piece.serial or '')[4:])}"
                or opened.soft_card(piece).memory.serial != f"F2{int((piece.serial or '')[4:]):010X}"
            ]
            assert sorted(strange) == ([] if kind == "short" else sorted(hit[kind]["uids"]))
            assert len(opened) == (8 if kind == "short" else 9)


def test_what_befalls_a_year_besides_is_one_piece_each_and_what_is_gone_stays_gone(folder: Path) -> None:
    world = World(folder / "world")
    Mishaps.plan(world, 7, OFFICES, KINDS)
    ways = {
        "number": ("ylz", "icbc", "A1-02-261123-01~production-handover--A1-02-261123-01.cards.tray"),
        "stripe": ("ylz", "icbc", "A1-01-261123-01~production-handover--A1-01-261123-01.cards.tray"),
        "module": ("ylz", "supplier", "A1-01-261123-01~material--A1-01-261123-01.modules.tray"),
    }
    assert {*ways, *FEW} == set(KINDS)
    for giver, taker, name in ways.values():
        load(folder, giver, taker, name, 9)
    Courier(folder).round()
    hit = json.loads((world.folder / "mishaps.done.json").read_text())
    assert {kind: len(entry["uids"]) for kind, entry in hit.items()} == dict.fromkeys(ways, 1)
    for kind, (_, taker, name) in ways.items():
        with tray.open_for_work(world.of(taker, "in") / name, world.secret) as opened:
            assert len(opened) == (8 if kind == "module" else 9)
            for piece in opened:
                hurt = [piece.uid] == hit[kind]["uids"]
                opened.write_stripe(piece, ("B1", "1=", "99"))
                assert (opened.read_stripe(piece) is None) == (hurt and kind == "stripe")
                assert pan.is_valid(opened.camera(piece, hidden=frozenset())["pan"]) != (hurt and kind == "number")
    Courier(folder).round()
    assert tray.count(world.folder / "aside" / "never-found.tray") == 1


def test_a_card_that_was_short_turns_up_only_after_its_tray_was_put_away(folder: Path) -> None:
    world = World(folder / "world")
    Mishaps.plan(world, 7, OFFICES)
    giver, taker, name = WAYS["short"]
    load(folder, giver, taker, name, 9)
    courier = Courier(folder)
    courier.round()
    courier.round()
    found = world.of(giver, "in") / FOUND
    assert not found.exists()
    (world.of(taker, "in") / name).rename(world.folder / taker / "counted.tray")
    courier.round()
    assert tray.count(found) == 1
    assert tray.count(world.folder / taker / "counted.tray") == 8
