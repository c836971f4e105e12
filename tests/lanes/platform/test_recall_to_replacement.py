"""Recall → block → replacement, typed as `zhika recall` says it: cards in hand, at their unit, and void already."""

import shlex
from pathlib import Path

import pytest
from pypdf import PdfReader
from typer.testing import CliRunner

from tests.lanes.house import OFFICE
from tests.lanes.street import CLERK, Street, serial
from zhika.cli import doing, main, recalling, tables
from zhika.engine.recall import recall
from zhika.engine.todo import todo
from zhika.errors import NotAllowed, Refused
from zhika.flows.acts import BLOCK, REPLACE, RETURN
from zhika.flows.blocking import Standing
from zhika.flows.documents import RETURNED
from zhika.flows.lanes import Lane
from zhika.ledger.batches import Batch
from zhika.ledger.blocks import blocked
from zhika.ledger.cards import Card
from zhika.ledger.laws import Books, breaches
from zhika.ledger.places import today
from zhika.people.models import Application, Payment, Request
from zhika.seat.config import Seat

NUMBER = "召2026-3"


@pytest.fixture
def mixed(street: Street, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Street:
    """Cards 1 and 2 are in hand, 3 to 5 at their unit, 6 has gone back for wrong data; commands run in a folder."""
    seat = street.seat
    partners = {**seat.partners, "urban-replacement": {Lane.BANK: seat.name}}
    street.house.seat = Seat(**{**vars(seat), "partners": partners})
    street.hand_out(1, 2)
    street.send_back(6, cause="data-wrong")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ZHIKA_HOME", str(seat.home))
    for module in (recalling, doing):
        monkeypatch.setattr(module, "here", lambda: street.seat)
    return street


def listed(street: Street) -> dict[str, list[int]]:
    """What a recall says is still to be done, by act, with the numbers of the cards."""
    found = recall(street.seat, "batch", street.batch.code)
    return {act: [int(x.subject[-6:]) for x in found if act in x.next] for act in (BLOCK, REPLACE, RETURN)}


def zhika(*words: str) -> str:
    """Type one command; what was printed. Raises what it was refused with."""
    result = CliRunner().invoke(main.app, list(words), catch_exceptions=False, env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    return result.stdout


def commands(said: str) -> list[list[str]]:
    """The commands that were printed, without `zhika`, as somebody types them who knows the recall's number."""
    lines = [line.strip() for line in said.splitlines() if line.strip().startswith("zhika ")]
    return [shlex.split(line.replace("<召回文号>", NUMBER).replace("<by>", CLERK))[1:] for line in lines]


def test_what_a_recall_prints_leads_to_blocked_cards_replacements_and_cards_taken_back(mixed: Street) -> None:
    assert listed(mixed) == {BLOCK: [1, 2, 3, 4, 5], REPLACE: [1, 2], RETURN: [3, 4, 5]}
    assert "停用 5 张、换卡 2 张、退回 3 张; 加 --csv" in zhika("recall", "--batch", mixed.batch.code)
    said = zhika("recall", "--batch", mixed.batch.code, "--csv", "召回.csv")
    assert len(tables.rows(Path("召回.csv"), ("subject",))) == 6
    due = commands(said)
    assert [words[3] for words in due] == [BLOCK, REPLACE, RETURN]
    assert [zhika(*words).split(":")[1].split()[0] for words in due] == ["5", "2", "3"]

    stands = blocked(mixed.card(n).pk for n in range(1, 7))
    assert stands == {mixed.card(n).pk: Standing.FORMAL for n in range(1, 6)}
    assert listed(mixed) == {BLOCK: [], REPLACE: [], RETURN: []}
    check_requests(mixed)
    review_and_form(mixed)
    start_again(mixed)


def check_requests(street: Street) -> None:
    """Free, and with a notice that says why."""
    asked = list(Request.objects.order_by("old_card"))
    told = [(one.old_card, one.kind, one.reason, one.state) for one in asked]
    assert told == [(serial(n), "correction", NUMBER, Request.APPLIED) for n in (1, 2)]
    assert {(one.amount, one.exempt) for one in Payment.objects.all()} == {(0, "by-nature")}
    for one in asked:
        (page,) = PdfReader(street.seat.home / "files" / "slips" / f"K-{one.ref}.pdf").pages
        said = page.extract_text()
        card = Card.objects.get(serial=one.old_card)
        assert NUMBER in said and ("原卡已停用" in said) == bool(blocked([card.pk])) == ("可继续使用" not in said)


def review_and_form(street: Street) -> None:
    """By another person than the one who entered it; then the office makes its batch."""
    (review,) = [item for item in todo(street.seat) if item.work == "review_replacement"]
    assert review.n == 2
    with pytest.raises(NotAllowed, match="同一人所为"):
        zhika("do", review.work, review.subject, "--by", CLERK)
    zhika("do", review.work, review.subject, "--by", "王芳")
    (form,) = [item for item in todo(street.seat) if item.work == "form_requests"]
    zhika("do", form.work, form.subject, "--by", "王芳")
    made = Batch.objects.get(process="urban-replacement")
    cards = Card.objects.filter(batch=made).order_by("replaces__line")
    assert list(cards.values_list("replaces__serial", flat=True)) == [serial(1), serial(2)]
    pending = Application.objects.filter(pending=True)
    assert list(pending.values_list("batch_code", flat=True)) == [made.code] * 2


def start_again(street: Street) -> None:
    """What was taken back is void at the office, and its holders start again into a batch of the same chart."""
    (back,) = [t for t in todo(street.seat) if RETURNED.title in t.title and t.n == 3]
    assert street.accept(back.subject)
    assert street.at(1, 2) == [("unit", "issued")] * 2 and street.at(3, 4, 5) == [("office", "void")] * 3
    (again,) = [t for t in todo(street.seat) if t.work == "restart" and "召回" in t.title]
    zhika("do", again.work, again.subject, "--by", "周", "--reason", "重新制作")
    failed = [street.card(n).application_ref for n in (3, 4, 5)]
    new = Application.objects.filter(restarts__ref__in=failed, live=True)
    assert new.count() == 3
    zhika("do", "form", f"urban-batch/{OFFICE}", "--by", "周")
    cards = Card.objects.filter(application_ref__in=new.values("ref"))
    assert list(cards.values_list("attempt", flat=True)) == [2, 2, 2]
    assert not breaches(Books(prove=True))


def test_a_replacement_that_nobody_has_fetched_is_to_be_taken_back_too(mixed: Street) -> None:
    Application.objects.filter(ref=mixed.card(3).application_ref).update(live=False, pending=True)
    found = {one.subject: one for one in recall(mixed.seat, "batch", mixed.batch.code)}
    assert found[serial(3)].live and found[serial(3)].next == (BLOCK, RETURN)


def test_what_is_done_already_is_said_with_its_time_and_how_the_card_stands(mixed: Street) -> None:
    words = ("do", "hand_out", serial(1), "--by", CLERK, "--evidence", "签领 2")
    said = zhika(*words)
    assert "没有新办的" in said and f"{serial(1)}  {today()}" in said and f"{CLERK} 已办 (" in said
    zhika("do", BLOCK, serial(1), "--fact", "kind=formal", "--reason", NUMBER, "--by", CLERK)
    assert "; 现书面挂失" in zhika(*words)
    holder = mixed.application(1).person.id_no
    assert serial(1) in zhika("do", "hand_out", "--fact", f"id_no={holder}", "--by", CLERK, "--evidence", "签领 2")


def test_a_blocked_card_is_not_handed_out_and_still_to_be_taken_back(mixed: Street) -> None:
    zhika("do", BLOCK, serial(3), "--fact", "kind=formal", "--reason", NUMBER, "--by", CLERK)
    with pytest.raises(Refused, match="卡书面挂失, 不可发放"):
        mixed.hand_out(3)
    assert listed(mixed) == {BLOCK: [1, 2, 4, 5], REPLACE: [1, 2], RETURN: [3, 4, 5]}


def test_every_fault_of_a_list_is_told_with_its_row_and_nothing_is_asked_for(mixed: Street) -> None:
    rows = [serial(1), serial(3), "QZ99"]
    Path("换卡.csv").write_text("\n".join(["subject", *rows]) + "\n", encoding="utf-8")
    with pytest.raises(Refused) as caught:
        zhika("do", REPLACE, "--file", "换卡.csv", "--fact", "kind=correction", "--by", CLERK)
    faults = [(fault.where, fault.row, fault.column) for fault in caught.value.faults]
    assert faults == [
        ("换卡.csv", 2, "原因"), ("换卡.csv", 3, "原卡序列号"), ("换卡.csv", 3, "原因"), ("换卡.csv", 4, "原卡序列号"),
    ]  # fmt: skip
    assert not Request.objects.exists()


def test_kind_and_reason_may_be_told_once_for_a_file_of_requests(mixed: Street) -> None:
    Path("补换卡.csv").write_text(f"原卡序列号\n{serial(1)}\n{serial(2)}\n", encoding="utf-8")
    zhika("do", REPLACE, "补换卡.csv", "--fact", "kind=correction", "--fact", f"reason={NUMBER}", "--by", CLERK)
    check_requests(mixed)
