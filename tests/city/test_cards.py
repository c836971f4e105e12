"""After a city has run: numbers, persons, chips, books and papers, each held against the things themselves."""

import re
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import pypdf
import pytest
from python_calamine import CalamineWorkbook

from tests.city.city import SEATS, working
from tests.city.counting import booked, in_hand, lying
from zhika.card import stripe
from zhika.card.chip.financial import read_pan
from zhika.card.chip.public import public_area


@pytest.fixture(scope="module")
def books(ended: Path) -> dict[str, Any]:
    """`zhika books --prove` of each seat."""
    with working(ended) as city:
        return {name: desk.asked("books", "--prove", fine=(0, 1)) for name, desk in city.desks.items()}


def _rows(home: Path, query: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(home / "zhika.db") as store:
        return store.execute(query).fetchall()


def test_each_application_has_one_number_and_each_number_one_application(ended: Path) -> None:
    held = [
        row for bank in ("icbc", "abc") for row in _rows(ended / bank, "SELECT application_ref, pan FROM bank_account")
    ]
    assert len(held) == len({app for app, _ in held}) == len({pan for _, pan in held}) > 40
    known = dict(_rows(ended / "platform", "SELECT app_no, pan FROM integrator_mapping"))
    assert known.items() <= dict(held).items() and len(known) > 20


def test_the_number_of_an_application_that_failed_is_closed_and_no_one_elses(ended: Path) -> None:
    failed = {
        app
        for (app,) in _rows(
            ended / "platform", "SELECT c.application_ref FROM ledger_failure f JOIN ledger_card c ON c.id = f.card_id"
        )
    }
    closed = {
        app
        for bank in ("icbc", "abc")
        for (app,) in _rows(ended / bank, "SELECT application_ref FROM bank_account WHERE status = 'closed'")
    }
    assert failed and failed == closed


def test_no_person_has_two_live_cards_over_both_schemes(ended: Path) -> None:
    live = _rows(
        ended / "platform",
        "SELECT p.id_no, a.process FROM people_application a JOIN people_person p ON p.id = a.person_id WHERE a.live",
    )
    assert {process for _, process in live} == {"urban-batch", "rural-batch"}
    assert max(Counter(person for person, _ in live).values()) == 1
    holders = Counter(seen.face["id_no"] for seen in in_hand(ended))
    assert len(holders) > 20 and max(holders.values()) == 1
    assert set(holders) <= {person for person, _ in live}


def test_every_issued_card_is_finished_and_its_public_area_reads_back_empty(ended: Path) -> None:
    seen = 0
    for card in in_hand(ended):
        seen += 1
        assert card.piece.condition == "" and card.piece.laminated
        with card.tray.chip(card.piece) as chip:
            assert public_area(chip) is None
            assert read_pan(chip) == card.face["pan"]
        tracks = card.tray.read_stripe(card.piece)
        assert tracks is not None
        assert stripe.read(tracks[1])[stripe.Part.PAN] == card.face["pan"]
    assert seen > 20


@pytest.mark.parametrize("name", SEATS)
def test_the_laws_find_no_breach(name: str, books: dict[str, Any]) -> None:
    assert books[name]["breaches"] == []
    assert books[name]["lines"]


def test_what_lies_in_the_worlds_trays_is_what_the_books_say(ended: Path, books: dict[str, Any]) -> None:
    assert lying(ended) == booked(books["platform"]["lines"])


def test_a_piece_that_is_taken_away_unseen_makes_the_count_disagree(ended: Path, books: dict[str, Any]) -> None:
    lines = [dict(line) for line in books["platform"]["lines"]]
    next(line for line in lines if line["state"] == "issued")["n"] += 1
    assert lying(ended) != booked(lines)


def test_every_handover_of_cards_has_its_list_on_paper_and_as_workbook_with_the_files_digest(ended: Path) -> None:
    found = 0
    for name in SEATS:
        home = ended / name
        given = _rows(
            home,
            "SELECT handover_code, sha256 FROM ledger_paper WHERE handover_code != '' AND type NOT IN "
            "('material', 'acceptance') AND (state = 'sent' OR sender = receiver)",
        )
        for code, digest in given:
            pdf, book = (home / "files" / "lists" / f"{code}.{suffix}" for suffix in ("pdf", "xlsx"))
            pages = pypdf.PdfReader(pdf).pages
            text = re.sub(r"\s", "", "".join(page.extract_text() for page in pages))
            assert digest in text, f"{code}.pdf"
            sheets = CalamineWorkbook.from_path(book)
            cells = {str(v) for n in sheets.sheet_names for row in sheets.get_sheet_by_name(n).to_python() for v in row}
            assert digest in cells, f"{code}.xlsx"
            frozen = home / "files" / "documents" / digest[:2] / f"{digest}.csv"
            serials = re.findall(r"QZ\d+", frozen.read_text(encoding="utf-8"))
            assert serials and set(serials) <= cells and all(serial in text for serial in serials)
            found += 1
    assert found >= 4 * 4
