"""Expiry and CVV2 at the supplier: read from the sealed package while printing, gone once the cards are accepted."""

import secrets
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.engine.two_seats import Sender, introduce, make_seat
from tests.lanes.workshop import chip
from zhika.card import pan, tray
from zhika.engine import batches, desk, plastic
from zhika.engine.booking import book_acceptance
from zhika.engine.handover import accept
from zhika.engine.run import run
from zhika.engine.taking import take_mail
from zhika.engine.work import ActWork, Subject
from zhika.errors import NotAllowed, NotReady
from zhika.exchange.keys import load_signer
from zhika.exchange.manifest import MANIFEST, PAYLOAD, SIGNATURE, Stem
from zhika.flows import FLOWS
from zhika.flows.acts import BY_NAME
from zhika.flows.chart import Grain
from zhika.flows.documents import ACCEPTANCE, ERASURE, FACE_DATA, MATERIAL, SUPPLIER_ACCOUNTS, Document
from zhika.flows.lanes import PLATFORM, Lane
from zhika.lanes.supplier import acts
from zhika.ledger.batches import Batch, organisation
from zhika.ledger.custody import Quantity, move
from zhika.ledger.places import Handover, Movement, State, place
from zhika.ledger.steps import Paper
from zhika.rehearsal.portraits import portrait
from zhika.seat import things
from zhika.seat.config import Seat

CHART = FLOWS["urban-batch"]
SUBJECT = Subject(Grain.BATCH, "B1")
SIZE = 3
NUMBERS = pan.numbers("622235", pl.arange(1, SIZE + 1, eager=True).to_numpy()).tolist()
SECRETS = ("417", "528", "639")
PEOPLE = [{"app_no": f"A{n}", "id_no": f"35050219900101{n:03d}X", "name": "陈阿山"} for n in range(SIZE)]


@pytest.fixture
def line(tmp_path: Path, db: None) -> Seat:
    """A supplier's seat with a batch open: the bank's package in mail/taken, blanks and modules on the bench."""
    seat = make_seat(tmp_path / "supplier", "supplier", frozenset({Lane.SUPPLIER}))
    bank = make_seat(tmp_path / "icbc", "icbc", frozenset({Lane.BANK}))
    make_seat(tmp_path / "platform", "platform", PLATFORM)
    introduce(seat.home, bank.home, "icbc", frozenset({Lane.BANK}), {"icbc"})
    introduce(seat.home, tmp_path / "platform", "platform", PLATFORM, {"ylz", "02"})
    (tmp_path / "world").mkdir()
    (tmp_path / "world" / "nature").write_text(secrets.token_hex(32))
    rows = [p | {"pan": n, "expiry": "3611", "cvv2": c} for p, n, c in zip(PEOPLE, NUMBERS, SECRETS, strict=True)]
    sender = Sender(bank.home, load_signer(bank.home / "keys"), seat)
    sender.send(1, document=SUPPLIER_ACCOUNTS, rows=pl.DataFrame(rows), receiver="supplier")
    assert [a.verdict for a in take_mail(seat)] == ["taken"]
    faces = [
        FACE_DATA.example | p | {"pan": n, "photo": desk.keep_photo(seat, portrait(n, "1", 30))}
        for p, n in zip(PEOPLE, NUMBERS, strict=True)
    ]
    file(seat, FACE_DATA, faces)
    file(seat, MATERIAL, [MATERIAL.example])
    (batch,) = batches.open_waiting(seat)
    supply(seat, batch)
    return seat


def file(seat: Seat, document: Document, rows: list[dict[str, str]]) -> Paper:
    frame = pl.DataFrame(rows, schema=dict.fromkeys(document.columns, pl.String))
    return desk.file(
        seat, document, frame, SUBJECT, process="urban-batch", batch_code="B1", sender_lane=Lane.INTEGRATOR,
        sender="platform", receiver="supplier",
    )  # fmt: skip


def supply(seat: Seat, batch: Batch) -> None:
    for kind in ("blanks", "modules"):
        path = seat.bench("supplier", "bench") / f"B1.{kind}.tray"
        tray.create(path, path.stem, kind)
        with things.on_bench(seat.world, path) as opened:
            for n in range(SIZE):
                opened.add(chip=chip(n) if kind == "modules" else None)
        group, holder = (
            plastic.material_group(batch.code, kind[:-1], MATERIAL.example["consignment"]),
            organisation("supplier"),
        )
        move(
            place(organisation("ylz"), State.OUTSIDE, group), place(holder, State.BLANK, group), Quantity(SIZE),
            cause="accept", by="test",
        )  # fmt: skip


def do(seat: Seat, *works: str) -> None:
    for work in works:
        assert run(seat, SUBJECT, CHART, CHART.step(work))


def accepted(seat: Seat, document: str, *, count: int = SIZE, sender: str = "platform", of: str = "B1") -> ActWork:
    line = {
        "handover": f"B1~{document}",
        "kind": "good",
        "given": "3",
        "accepted": str(count),
        "difference": str(SIZE - count),
        "serial": "",
    }
    paper = file(seat, ACCEPTANCE, [line])
    paper.sender, paper.batch_code = sender, of
    batch = Batch.objects.get(code="B1")
    return ActWork(seat, BY_NAME["erase"], "paper", batch, "urban-batch", paper, desk.read(seat, paper))


def opened_text(seat: Seat) -> str:
    """All that stands in clear in the home: every file but the sealed packages, as text of the encodings in use."""
    files = [path for path in seat.home.rglob("*") if path.is_file() and path.suffix not in (".age", ".jpg")]
    return "\n".join(path.read_bytes().decode("latin-1") for path in files)


def test_the_banks_three_fields_are_printed_and_checked_and_stand_in_no_file_of_the_home(line: Seat) -> None:
    do(line, "print_faces")
    with things.on_bench(line.world, line.bench("supplier", "bench") / "B1.blanks.tray") as blanks:
        blanks.misprint(blanks.pieces()[1], "cvv2", "000")
    do(line, "laminate", "return_semi_finished")
    with things.on_bench(line.world, line.bench("supplier", "bench") / "B1.cards.tray") as cards:
        seen = [cards.camera(piece, hidden=set()) for piece in cards]
        assert [piece.condition for piece in cards] == ["", "number-misprint", ""]
    assert [(s["pan"], s["expiry"]) for s in seen] == [(n, "11/36") for n in NUMBERS]
    assert [s["cvv2"] for s in seen] == [SECRETS[0], "000", SECRETS[2]]
    text = opened_text(line)
    assert NUMBERS[0] in text  # the face data hold the number: else this shows nothing
    assert not any(f"3611,{cvv2}" in text or f'"{cvv2}"' in text for cvv2 in SECRETS)


def test_package_and_sheets_are_erased_once_the_cards_are_accepted_and_the_bank_is_told(line: Seat) -> None:
    do(line, "print_faces", "laminate", "return_semi_finished")
    with pytest.raises(NotReady):
        acts.erase(accepted(line, "material"))
    taken, sheets = line.home / "mail" / "taken", line.home / "files" / "sheets" / "B1"
    assert len(list(taken.iterdir())) == 3 and list(sheets.iterdir())
    work = accepted(line, "semi-finished")
    with pytest.raises(NotReady, match="尚未入账"):
        acts.erase(work)
    book(work)
    cut_off = acts.erase(work)  # done, but never written: the worker was killed
    done = acts.erase(work)
    rows = done.documents[ERASURE]
    assert rows.equals(cut_off.documents[ERASURE])
    assert rows["what"].to_list() == ["icbc-000001-supplier-accounts", "sheets/B1-001.jpg"]
    assert not list(taken.iterdir()) and not sheets.exists()
    assert done.write is not None
    done.write()
    assert not acts.erase(work).documents
    assert Paper.objects.get(type=SUPPLIER_ACCOUNTS.code).state == Paper.KEPT
    assert book_acceptance(work).write is not None  # the books go on without the package


@pytest.mark.parametrize("named", ["supplier-accounts", "account-file"])
def test_of_the_banks_package_no_sealed_file_is_kept_where_it_is_refused(line: Seat, named: str) -> None:
    bank = Sender(line.home.parent / "icbc", load_signer(line.home.parent / "icbc" / "keys"), line)
    _, files = bank.package(2, document=SUPPLIER_ACCOUNTS, receiver="supplier")
    stem = Stem("icbc", 2, named)
    bank.post(stem, {**files, SIGNATURE: files[SIGNATURE][:-1] + bytes([files[SIGNATURE][-1] ^ 1])})
    assert [a.verdict for a in take_mail(line)] == ["damaged"]
    kept = {path.name: path for path in (line.home / "mail" / "rejected").iterdir()}
    assert set(kept) == {f"{stem}{suffix}" for suffix in (MANIFEST, SIGNATURE, ".reason.txt")}
    assert "未留存" in kept[f"{stem}.reason.txt"].read_text()
    assert not list((line.home / "mail" / "in").iterdir())


def test_a_sealed_file_that_an_older_home_has_kept_as_refused_is_erased_too(line: Seat) -> None:
    do(line, "print_faces", "laminate", "return_semi_finished")
    rejected = line.home / "mail" / "rejected"
    rejected.mkdir(exist_ok=True)
    (taken,) = (line.home / "mail" / "taken").glob(f"*{PAYLOAD}")
    (rejected / taken.name).write_bytes(taken.read_bytes())
    work = accepted(line, "semi-finished")
    book(work)
    assert f"rejected/{taken.stem}" in acts.erase(work).documents[ERASURE]["what"].to_list()
    assert not list((line.home / "mail").rglob(f"*{PAYLOAD}"))


def book(work: ActWork) -> None:
    done = book_acceptance(work)
    assert done.write is not None
    done.write()


@pytest.mark.parametrize("forged", [{"sender": "icbc"}, {"of": ""}, {"of": "B2"}], ids=["sender", "none", "another"])
def test_only_the_taker_answers_a_handover_and_only_under_its_batch(line: Seat, forged: dict[str, Any]) -> None:
    do(line, "print_faces", "laminate", "return_semi_finished")
    work = accepted(line, "semi-finished", **forged)
    for act in (book_acceptance, acts.erase):
        with pytest.raises(NotAllowed, match="B1~semi-finished"):
            act(work)
    assert Handover.objects.get(code="B1~semi-finished").accepted is None
    assert list((line.home / "files" / "sheets" / "B1").iterdir())


@pytest.mark.parametrize("count", [0, 2, 4])
def test_an_acceptance_that_does_not_add_up_books_nothing(line: Seat, count: int) -> None:
    do(line, "print_faces", "laminate", "return_semi_finished")
    before = list(Movement.objects.values_list("pk", flat=True))
    with pytest.raises(NotAllowed, match="不等于移交的 3"):
        book(accepted(line, "semi-finished", count=count))
    assert list(Movement.objects.values_list("pk", flat=True)) == before
    book(accepted(line, "semi-finished"))
    assert Handover.objects.get(code="B1~semi-finished").accepted == SIZE


def test_material_is_not_accepted_before_its_batch_is_open_here(line: Seat) -> None:
    paper = Paper.objects.get(type=MATERIAL.code)
    Paper.objects.filter(pk=paper.pk).update(handover_code="B1~material", counted=False)
    with pytest.raises(NotReady, match="尚未在本席位开立"):
        accept(ActWork(line, BY_NAME["accept"], "B1~material", by="林工"))
