"""Fees and settlement through the acts: who may, once, with its papers, its document and its to-do entries."""

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from pypdf import PdfReader

from tests.lanes.house import House
from zhika.cli import money
from zhika.craft import slips
from zhika.engine import acts, desk
from zhika.engine.acts import act
from zhika.engine.todo import Todo
from zhika.errors import NotAllowed, NotReady, Refused
from zhika.flows.documents import SETTLEMENT
from zhika.lanes.centre import rates, settling
from zhika.ledger.audit import AuditEntry
from zhika.ledger.batches import organisation
from zhika.ledger.laws import breaches
from zhika.ledger.places import today
from zhika.ledger.steps import Paper
from zhika.paper.slips import Mistake
from zhika.people import fees
from zhika.people.rates import FeeRate
from zhika.people.settlements import Settlement, period_of
from zhika.seat.config import SettlementOptions

RATES = Path(__file__).parents[3] / "examples" / "fees" / "rates.csv"
LAST = today().replace(day=1) - timedelta(days=1)
"""The last day of the month before."""
PERIOD, SUBJECT = period_of(LAST), f"02/{period_of(LAST)}"


@pytest.fixture
def house(house: House) -> House:
    """With the replacement processes, both parties, and rates."""
    house.seat = type(house.seat)(**{**vars(house.seat), "processes": ("urban-replacement", "rural-replacement")})
    organisation("01", name="XX市医疗保险中心", kind="centre")
    organisation("02", name="鲤城医疗保险分中心", kind="centre")
    load(house, RATES)
    return house


def load(house: House, path: Path) -> bool:
    ((subject, facts),) = rates.from_file(house.seat, path, {})
    return act(house.seat, "load_rates", subject, by="周", facts=facts)


def charge(ref: str, on: date = LAST, kind: str = "lost", exempt: str = "") -> fees.Payment:
    return fees.charge(ref, organisation("02"), kind, on=on, by="王芳", exempt=exempt)


def settle(house: House, subject: str = SUBJECT) -> bool:
    return act(house.seat, "settle", subject, by="王芳")


def agree(house: House, by: str = "李敏") -> bool:
    return act(house.seat, "agree_settlement", SUBJECT, by=by)


def printed(house: House, name: str) -> str:
    path = house.seat.home / "files" / name
    return "\n".join(page.extract_text() for page in PdfReader(path).pages)


def waits(house: House) -> list[tuple[str, str, int, str]]:
    found: list[Todo] = list(settling.todo(house.seat))
    return [(t.work, t.subject, t.n, t.waits_for) for t in found]


def test_rates_are_loaded_once_kept_and_audited(house: House, tmp_path: Path) -> None:
    assert FeeRate.objects.count() == 5
    assert not load(house, RATES)
    note = AuditEntry.objects.filter(what="load_rates", why__contains="新增 5 条").get()
    digest = note.why.rpartition(" ")[2]
    assert (house.seat.home / "files" / "rates" / f"{digest}.csv").read_bytes() == RATES.read_bytes()
    bad = tmp_path / "bad.csv"
    bad.write_text("kind,amount,valid_from,legal\nlost,20,2026-01-01,L\n")
    with pytest.raises(Refused, match=r"bad.csv 第 2 行「生效日期」列: 有效期与已装载的标准"):
        load(house, bad)
    with pytest.raises(NotAllowed, match="经办人"):
        act(house.seat, "load_rates", "rates/x", by=" ", facts={"path": str(RATES)})


def test_a_statement_is_drawn_sent_agreed_by_another_and_numbered_each_once(house: House) -> None:
    charge("A1")
    charge("A2", exempt="low-income")
    assert settle(house) and not settle(house)
    paper = Paper.objects.get(type=SETTLEMENT.code)
    assert desk.read(house.seat, paper).rows() == [
        ("02", PERIOD, "fee", PERIOD, "lost", "", "1", "20.00"),
        ("02", PERIOD, "exempt", PERIOD, "lost", "low-income", "1", "0.00"),
    ]  # fmt: skip
    draft = printed(house, f"settlements/02-{PERIOD}.pdf")
    assert "待核定" in draft and paper.sha256 in draft
    acts.run_awaiting(house.seat, first=False)
    assert Settlement.objects.get().agreed_at is None  # no worker agrees for the city centre
    with pytest.raises(NotAllowed, match="同一人所为"):
        agree(house, by="王芳")
    assert agree(house) and not agree(house)
    closed = Settlement.objects.get()
    assert (closed.number, closed.drawn_by, closed.agreed_by) == (f"J-02-{PERIOD}", "王芳", "李敏")
    final = printed(house, f"settlements/J-02-{PERIOD}.pdf")
    assert all(word in final for word in (closed.number, "王芳", "李敏", "XX市医疗保险中心", "人民币贰拾元整"))
    assert (house.seat.home / "files" / "settlements" / f"J-02-{PERIOD}.xlsx").exists()
    paper.refresh_from_db()
    assert paper.state == Paper.USED and paper.process == "urban-replacement"
    assert breaches() == []


def test_only_the_document_that_the_books_know_is_agreed_to(house: House, unguarded: None) -> None:
    with pytest.raises(NotReady, match="还没有结算单"):
        agree(house)
    charge("A1")
    settle(house)
    Settlement.objects.update(taken=1999)
    with pytest.raises(Refused, match="与账上的结算单不符"):
        agree(house)


@pytest.mark.parametrize("subject", ["02", "02/2026", "02/2026-13", "02/2026-1", "99/2026-01", "/2026-01"])
def test_a_subject_that_is_no_office_and_period_is_refused(house: House, subject: str) -> None:
    with pytest.raises(Refused):
        settle(house, subject)


def test_a_running_month_is_settled_only_where_the_city_wants_it(house: House) -> None:
    subject = f"02/{period_of(today())}"
    charge("A1", today())
    assert waits(house) == []
    with pytest.raises(NotReady, match="尚未结束"):
        settle(house, subject)
    house.seat = type(house.seat)(**{**vars(house.seat), "settlement": SettlementOptions(early=True)})
    assert settle(house, subject)


def test_the_office_and_then_the_city_centre_find_what_waits_for_them(house: House) -> None:
    assert waits(house) == []
    early = LAST.replace(day=1) - timedelta(days=1)
    charge("A0", early)
    charge("A1")
    charge("A2")
    fees.refund("A2", by="王芳", reason="撤回申请", on=LAST)
    first = f"02/{period_of(early)}"
    assert waits(house) == [("settle", first, 1, "鲤城医疗保险分中心")]
    settle(house, first)
    assert waits(house) == [
        ("settle", SUBJECT, 3, "鲤城医疗保险分中心"), ("agree_settlement", first, 1, "XX市医疗保险中心"),
    ]  # fmt: skip
    (entry, _) = settling.todo(house.seat)
    assert entry.command == ("do", "settle", SUBJECT, "--by", "<by>")
    house.seat = type(house.seat)(**{**vars(house.seat), "processes": ("urban-batch",)})
    assert waits(house) == []


def test_the_slips_are_printed_from_the_books(house: House) -> None:
    payment = charge("A1", kind="warranty")
    slips.print_receipt(house.seat, payment, "陈阿山")
    assert all(word in printed(house, f"slips/{payment.receipt}.pdf") for word in ("业务免费（质量问题）", "陈阿山"))
    charge("A2")
    back = fees.refund("A2", by="李敏", reason="撤回申请", on=LAST)
    slips.print_voucher(house.seat, back, "林小燕")
    text = printed(house, f"slips/{back.voucher}.pdf")
    assert all(word in text for word in (back.voucher, back.payment.receipt, "撤回申请", "林小燕", "贰拾元整"))
    slips.print_notice(
        house.seat, "A3", [Mistake("姓名", "甲", "乙")], holder="乙", old_card="QZ1", reason="录入有误",
        office=organisation("02"), by="王芳", on=LAST, blocked=False,
    )  # fmt: skip
    assert "QZ1" in printed(house, "slips/K-A3.pdf")


def test_the_commands_list_rates_and_settlements(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(money, "here", lambda: house.seat)
    charge("A1")
    settle(house)
    charge("A2", kind="warranty")
    charge("A3")
    money.fees(as_json=True)
    told = pl.read_json(capsys.readouterr().out.encode())
    assert dict(told.select("kind", "amount").iter_rows())["lost"] == 2000
    money.settlements(as_json=True)
    told = pl.read_json(capsys.readouterr().out.encode())
    assert told.select("office", "state", "payments", "exempt", "net").rows() == [
        ("02", "drawn", 1, 0, 2000), ("02", "open", 2, 1, 2000),
    ]  # fmt: skip
    money.fees()
    money.settlements()
    shown = capsys.readouterr().out
    assert "收退净额 40.00, 其中未结 20.00" in shown
    house.seat = type(house.seat)(**{**vars(house.seat), "lanes": frozenset()})
    with pytest.raises(NotAllowed, match="平台"):
        money.settlements()
