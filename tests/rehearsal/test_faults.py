"""Mishaps change just what they say, and nothing when they come again."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from zhika.card import pan, tray
from zhika.card.chip.softcard import module
from zhika.card.tray import Piece, Tray
from zhika.errors import CardError
from zhika.rehearsal import faults

SECRET = bytes(32)
NUMBERS = pan.numbers("622235", np.arange(1, 6))
NAMES = ("陈阿山", "林美", "黄志远", "吴珍", "许文")


@pytest.fixture
def cards(tmp_path: Path) -> Path:
    """Five finished cards: chip, name, serial."""
    path = tmp_path / "B1.cards.tray"
    tray.create(path, "B1", "cards")
    with tray.open_for_work(path, SECRET) as opened:
        for n, name in enumerate(NAMES):
            chip = module(f"F1{n:010X}", social=bytes(16), bank=bytes(range(16)))
            piece = opened.add(serial=f"QZ26{n:09}", chip=chip)
            opened.print(piece, {"name": name, "pan": str(NUMBERS[n])})
    return path


@contextmanager
def on(path: Path) -> Iterator[tuple[Tray, list[Piece]]]:
    with tray.open_for_work(path, SECRET) as opened:
        yield opened, opened.pieces()


def picture(path: Path) -> list[tuple[str | None, str, str, bool]]:
    """Serial, printed text, chip serial and whether it answers, of every piece."""
    with on(path) as (opened, pieces):
        chips = [opened.soft_card(piece).memory for piece in pieces]
        seen = [opened.camera(piece, hidden=frozenset()) for piece in pieces]
        return [
            (piece.serial, " ".join(text[name] for name in sorted(text)), chip.serial, chip.dead)
            for piece, text, chip in zip(pieces, seen, chips, strict=True)
        ]


def differing(before: list[object], after: list[object]) -> list[int]:
    return [at for at, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]


def test_a_dead_chip_is_one_chip_that_no_longer_answers(cards: Path) -> None:
    before = picture(cards)
    for _ in range(2):
        with on(cards) as (opened, pieces):
            faults.kill_chip(opened, pieces[2])
    after = picture(cards)
    assert differing(before, after) == [2]
    assert after[2] == (*before[2][:3], True)
    with on(cards) as (opened, pieces), opened.chip(pieces[2]) as chip, pytest.raises(CardError):
        chip.transmit(bytes.fromhex("80CADF0100"))


def test_a_misprint_alters_one_name_and_stays_the_same_misprint(cards: Path) -> None:
    before = picture(cards)
    with on(cards) as (opened, pieces):
        faults.misprint_name(opened, pieces[0])
        first = opened.camera(pieces[0], hidden=frozenset())["name"]
        faults.misprint_name(opened, pieces[0])
        assert opened.camera(pieces[0], hidden=frozenset())["name"] == first != NAMES[0]
    assert differing(before, picture(cards)) == [0]


def test_exchanged_chips_lie_in_each_others_body_even_when_it_is_done_twice(cards: Path) -> None:
    before = picture(cards)
    with on(cards) as (_, pieces):
        after_exchange = faults.chips_after_exchange(pieces[1], pieces[3])
    for _ in range(2):
        faults.exchange_chips(cards, after_exchange)
    after = picture(cards)
    assert differing(before, after) == [1, 3]
    assert (after[1][2], after[3][2]) == (before[3][2], before[1][2])
    assert (after[1][:2], after[3][:2]) == (before[1][:2], before[3][:2])


def test_a_card_taken_out_lies_aside_as_it_was(cards: Path, tmp_path: Path) -> None:
    before = picture(cards)
    for _ in range(2):
        with on(cards) as (opened, pieces):
            gone = [piece.uid for piece in pieces if piece.serial == before[4][0]]
            faults.take_out(opened, gone, tmp_path / "found.tray", SECRET)
    assert picture(cards) == before[:4]
    assert picture(tmp_path / "found.tray") == before[4:]


def test_only_sound_pieces_are_hit_and_the_same_seed_hits_the_same(cards: Path) -> None:
    with on(cards) as (opened, pieces):
        for piece in pieces[:3]:
            opened.condemn(piece, "chip-dead")
        sound = opened.pieces()
        chosen = faults.choose(sound, 2, 7, "swap", "350521")
        assert chosen == faults.choose(sound, 2, 7, "swap", "350521")
        assert {piece.position for piece in chosen} == {4, 5}
        assert len(faults.choose(sound, 9, 7)) == 2


def test_a_damaged_file_differs_in_one_bit(tmp_path: Path) -> None:
    file = tmp_path / "icbc-000001-account-file.age"
    file.write_bytes(bytes(1000))
    faults.damage(file, 3)
    assert sum(byte.bit_count() for byte in file.read_bytes()) == 1


def test_a_number_misprinted_is_one_that_its_check_digit_gives_away(cards: Path) -> None:
    before = picture(cards)
    for _ in range(2):
        with on(cards) as (opened, pieces):
            faults.misprint_number(opened, pieces[1])
    after = picture(cards)
    assert differing(before, after) == [1]
    with on(cards) as (opened, pieces):
        seen = opened.camera(pieces[1], hidden=frozenset())["pan"]
    assert seen[:-1] == str(NUMBERS[1])[:-1] and not pan.is_valid(seen)


def test_a_stripe_that_lost_its_magnetism_holds_nothing_that_is_written_on_it(cards: Path) -> None:
    tracks = ("B622235", "622235=", "99")
    with on(cards) as (opened, pieces):
        opened.demagnetise(pieces[3])
        assert [opened.write_stripe(piece, tracks) for piece in pieces[3:]] == [True, True]
        assert [opened.read_stripe(piece) for piece in pieces[3:]] == [None, tracks]
