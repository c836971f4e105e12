"""Trays: what a worker, a courier and a count find in them."""

import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from zhika.card import tray
from zhika.card.chip import softcard
from zhika.card.chip.cos import State
from zhika.card.chip.social import inspect
from zhika.card.tray import Tray, TrayBusy
from zhika.errors import CardError

SECRET = bytes(range(32))
FACE = {"name": "陈阿山", "id_no": "350502199001010018", "pan": "6222350000000000012", "expiry": "3611", "cvv2": "417"}
TRACKS = ("%99", ";6222350000000000012=3611", "")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    tray.create(tmp_path / "T1.tray", "T1", "cards")
    return tmp_path / "T1.tray"


@pytest.fixture
def cards(path: Path) -> Iterator[Tray]:
    with tray.open_for_work(path, SECRET) as opened:
        yield opened


def module(number: int) -> softcard.SoftCard:
    return softcard.module(f"F1{number:010X}", social=bytes(16), bank=bytes(16))


def test_the_camera_shows_ink_and_serial_without_what_the_lane_may_not_see(cards: Tray) -> None:
    card = cards.add(serial="QZ26000000017")
    assert cards.print(card, {"logo": "ZK"}, side="front")
    assert cards.print(card, FACE)
    seen = cards.camera(card, hidden={"expiry", "cvv2"})
    assert seen == {"logo": "ZK", "serial": "QZ26000000017"} | {n: FACE[n] for n in ("name", "id_no", "pan")}


def test_ink_stays(cards: Tray) -> None:
    card = cards.add()
    cards.print(card, {"name": "陈阿山"})
    assert not cards.print(card, {"name": "陈阿山"})
    with pytest.raises(CardError, match="不同内容") as refused:
        cards.print(card, {"name": "陈阿珊", "pan": "1"})
    assert "陈" not in str(refused.value)
    assert cards.camera(card, hidden=set()) == {"name": "陈阿山"}
    assert cards.print(card, {"name": "陈阿山", "pan": "1"})


def test_a_misprint_is_what_the_camera_sees(cards: Tray) -> None:
    card = cards.add()
    cards.print(card, FACE)
    cards.misprint(card, "pan", "6222350000000000021")
    assert cards.camera(card, hidden=set())["pan"] == "6222350000000000021"
    with pytest.raises(CardError):
        cards.print(card, FACE)


def test_a_stripe_is_written_over_and_read_back(cards: Tray) -> None:
    card = cards.add()
    assert cards.read_stripe(card) is None
    assert cards.write_stripe(card, TRACKS)
    assert not cards.write_stripe(card, TRACKS)
    assert cards.read_stripe(card) == TRACKS
    assert cards.write_stripe(card, ("", "", ""))
    assert cards.read_stripe(card) == ("", "", "")
    with pytest.raises(CardError):
        cards.write_stripe(card, TRACKS[:2])


def test_a_chip_keeps_what_happened_in_the_reader_even_when_the_work_failed(cards: Tray) -> None:
    piece = cards.add(chip=module(1))
    with pytest.raises(RuntimeError), cards.chip(piece) as connection:
        assert inspect(connection).state is State.BLANK
        # A failed authentication is remembered by the chip.
        connection.transmit(bytes.fromhex("0084000008"))
        connection.transmit(bytes.fromhex("00820000080000000000000000"))
        raise RuntimeError
    assert cards.soft_card(piece).memory.tries == {0: 1}


def test_a_card_is_born_by_lamination_punching_embedding_in_this_order(cards: Tray, tmp_path: Path) -> None:
    tray.create(tmp_path / "M.tray", "M", "modules")
    with tray.open_for_work(tmp_path / "M.tray", SECRET) as modules:
        chip, piece = modules.add(chip=module(1)), cards.add()
        with pytest.raises(CardError, match="未冲切"):
            cards.embed(piece, chip, modules, "QZ1")
        with pytest.raises(CardError, match="未覆膜"):
            cards.punch(piece)
        cards.laminate(piece)
        cards.punch(piece)
        assert cards.embed(piece, chip, modules, "QZ1")
        assert len(modules) == 0
        assert not cards.embed(piece, chip, modules, "QZ1")
    born = cards.find("QZ1")
    assert born is not None and (born.laminated, born.punched, born.module) == (True, True, chip.uid)
    with cards.chip(born) as connection:
        assert inspect(connection) == ("F10000000001", "ZHIKA-COS 1.0", State.EMBEDDED)


def test_a_module_that_a_killed_worker_left_behind_is_taken_out_by_doing_it_again(cards: Tray, tmp_path: Path) -> None:
    tray.create(tmp_path / "M.tray", "M", "modules")
    piece = cards.add()
    cards.laminate(piece)
    cards.punch(piece)
    with tray.open_for_work(tmp_path / "M.tray", SECRET) as modules:
        modules.add(chip=module(1))
        modules.add(chip=module(2))
    before = (tmp_path / "M.tray").read_bytes()
    with tray.open_for_work(tmp_path / "M.tray", SECRET) as modules:
        cards.embed(piece, modules.pieces()[0], modules, "QZ1")
    tray.seal(tmp_path / "M.tray")
    (tmp_path / "M.tray").write_bytes(before)  # as if killed between the two trays' commits
    with tray.open_for_work(tmp_path / "M.tray", SECRET) as modules:
        assert not cards.embed(piece, modules.pieces()[0], modules, "QZ1")
        assert [left.position for left in modules] == [2]
        other = cards.add()
        cards.laminate(other)
        cards.punch(other)
        with pytest.raises(CardError, match="已被占用"):
            cards.embed(other, modules.pieces()[0], modules, "QZ1")  # the serial is the first card's
        assert len(modules) == 1


def test_a_piece_moves_with_everything_on_it_and_lies_in_one_tray(cards: Tray, tmp_path: Path) -> None:
    tray.create(tmp_path / "T2.tray", "T2", "cards")
    piece = cards.add(serial="QZ1", chip=module(7))
    cards.print(piece, FACE)
    cards.write_stripe(piece, TRACKS)
    with tray.open_for_work(tmp_path / "T2.tray", SECRET) as other:
        cards.move(piece, other, position=9)
        (there,) = other
        assert (there.position, there.uid, len(cards)) == (9, piece.uid, 0)
        assert other.camera(there, hidden=set()) == {**FACE, "serial": "QZ1"}
        assert other.read_stripe(there) == TRACKS
        assert other.soft_card(there).memory.serial == "F10000000007"
        with pytest.raises(CardError, match="没有此件"):
            cards.camera(piece, hidden=set())


def test_two_cards_change_places_and_nothing_else(cards: Tray) -> None:
    one, two = cards.add(serial="A"), cards.add(serial="B")
    cards.swap(one, two)
    assert [(piece.position, piece.serial) for piece in cards] == [(1, "B"), (2, "A")]


def test_a_blank_with_its_chip_becomes_a_card_when_its_serial_is_engraved(cards: Tray) -> None:
    chip = module(1)
    chip.embed()
    piece, bare = cards.add(chip=chip), cards.add()
    with pytest.raises(CardError, match="未覆膜"):
        cards.engrave(piece, "QZ1")
    cards.laminate(piece)
    assert cards.engrave(piece, "QZ1")
    assert not cards.engrave(piece, "QZ1")
    with pytest.raises(CardError, match="已有另一"):
        cards.engrave(piece, "QZ2")
    cards.laminate(bare)
    with pytest.raises(CardError, match="没有芯片"):
        cards.engrave(bare, "QZ2")
    born = cards.find("QZ1")
    assert born is not None and (born.uid, born.module) == (piece.uid, piece.uid)
    assert cards.camera(born, hidden=set()) == {"serial": "QZ1"}
    with cards.chip(born) as connection:
        assert inspect(connection) == ("F10000000001", "ZHIKA-COS 1.0", State.EMBEDDED)


def test_a_serial_is_engraved_on_one_card_only(cards: Tray) -> None:
    for number in (1, 2):
        cards.laminate(cards.add(chip=module(number)))
    one, other = cards.pieces()
    cards.engrave(one, "QZ1")
    with pytest.raises(CardError, match="已被占用"):
        cards.engrave(other, "QZ1")


def test_a_void_card_stays_where_it_lies(cards: Tray) -> None:
    cards.condemn(cards.add(serial="A"), "chip-dead")
    assert [piece.condition for piece in cards] == ["chip-dead"]


@pytest.mark.parametrize("position", [0, 1, tray.MOST + 1])
def test_no_piece_lies_outside_the_tray_or_on_another(cards: Tray, position: int) -> None:
    cards.add()
    with pytest.raises(CardError, match="T1"):
        cards.add(position=position)
    assert len(cards) == 1


def test_a_full_tray_takes_no_more(path: Path) -> None:
    connection = sqlite3.connect(path)
    rows = ((n, f"{n}") for n in range(1, tray.MOST + 1))
    connection.executemany("INSERT INTO piece (position, uid) VALUES (?, ?)", rows)
    connection.commit()
    connection.close()
    assert tray.count(path) == tray.MOST
    with tray.open_for_work(path, SECRET) as full, pytest.raises(CardError, match="已满"):
        full.add()


def test_a_second_worker_is_turned_away_at_once(path: Path, tmp_path: Path) -> None:
    with tray.open_for_work(path, SECRET):
        for act in (lambda: tray.count(path), lambda: tray.seal(path), lambda: tray.move(path, tmp_path / "out")):
            with pytest.raises(TrayBusy, match=r"T1\.tray"):
                act()
        with pytest.raises(TrayBusy), tray.open_for_work(path, SECRET):
            pass
    assert tray.count(path) == 0


def test_of_many_workers_at_once_each_has_the_tray_alone(path: Path) -> None:
    inside: list[int] = []
    most: list[int] = []

    def work(number: int) -> None:
        for _ in range(10):
            try:
                with tray.open_for_work(path, SECRET) as opened:
                    inside.append(number)
                    most.append(len(inside))
                    opened.add()
                    inside.remove(number)
            except TrayBusy:
                continue

    workers = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert set(most) == {1}
    assert tray.count(path) == len(most)


KILLED = """
import os, signal, sys
from pathlib import Path
from zhika.card import tray
with tray.open_for_work(Path(sys.argv[1]), bytes(range(32))) as cards:
    for number in range(900):
        cards.print(cards.add(serial=str(number)), {"name": "x"})
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_workers_cards_survive_the_courier(path: Path, tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.with_name("T1.tray-wal").stat().st_size > 0  # else this shows nothing
    moved = tray.move(path, tmp_path / "taker")
    assert [file.name for file in moved.parent.iterdir()] == ["T1.tray"]
    assert not list(tmp_path.glob("T1.tray*"))
    with tray.open_for_work(moved, SECRET) as cards:
        assert len(cards) == 900
        assert all(cards.camera(piece, hidden={"serial"}) == {"name": "x"} for piece in cards)


def test_a_tray_is_not_carried_over_another(path: Path, tmp_path: Path) -> None:
    tray.move(path, tmp_path / "taker")
    tray.create(path, "T1", "cards")
    with pytest.raises(CardError, match="已有"):
        tray.move(path, tmp_path / "taker")
    assert path.exists()


def test_making_a_tray_again_changes_nothing_and_never_replaces_another(path: Path) -> None:
    with tray.open_for_work(path, SECRET) as cards:
        cards.add()
    tray.create(path, "T1", "cards")
    assert tray.count(path) == 1
    for other in (("T2", "cards"), ("T1", "sheets")):
        with pytest.raises(CardError):
            tray.create(path, *other)
    with pytest.raises(CardError, match="没有「boxes」"):
        tray.create(path.with_name("T9.tray"), "T9", "boxes")


def test_what_is_no_tray_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(CardError, match="没有料盘"):
        tray.count(tmp_path / "none.tray")
    (tmp_path / "text.tray").write_text("not a database " * 100)
    with pytest.raises(CardError, match="不是料盘"):
        tray.count(tmp_path / "text.tray")
    assert not (tmp_path / "none.tray").exists()


def test_the_files_raw_bytes_show_nobodys_data(path: Path) -> None:
    with tray.open_for_work(path, SECRET) as cards:
        piece = cards.add(serial="QZ26000000017")
        cards.print(piece, FACE)
        cards.write_stripe(piece, TRACKS)
    tray.seal(path)
    raw = path.read_bytes()
    assert b"QZ26000000017" in raw
    for text in (*FACE.values(), TRACKS[1]):
        for encoding in ("utf-8", "gb18030", "utf-16-le"):
            if len(text) > 4 or not text.isascii():
                assert text.encode(encoding) not in raw


def test_another_worlds_secret_reads_neither_ink_nor_stripe(path: Path) -> None:
    with tray.open_for_work(path, SECRET) as cards:
        piece = cards.add()
        cards.print(piece, FACE)
        cards.write_stripe(piece, TRACKS)
    with tray.open_for_work(path, bytes(32)) as cards:
        for read in (lambda: cards.camera(piece, hidden=set()), lambda: cards.read_stripe(piece)):
            with pytest.raises(CardError, match="密钥不符"):
                read()
