"""A year in a small city: all six charts, and all that can befall a card, each to its end: `zhika demo --all`."""

import sqlite3
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from tests.city.city import REGISTERS
from zhika.card import tray
from zhika.flows import FLOWS
from zhika.flows.causes import CAUSES
from zhika.rehearsal.findings import Findings, Matter
from zhika.rehearsal.mishaps import KINDS
from zhika.rehearsal.offices import SCHEMES
from zhika.rehearsal.rehearsal import run
from zhika.rehearsal.seats import PLANS, asked
from zhika.rehearsal.story import WISHES

PEOPLE, SEED = 80, 3


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Findings:
    said = StringIO()
    return run(
        tmp_path_factory.mktemp("year") / "demo", PEOPLE, SEED, REGISTERS, Console(file=said, width=160), all_=True
    )


def endings(year: Findings, title: str) -> list[str]:
    return [matter.ending for matter in year.matters if matter.title == title]


def test_all_six_charts_have_batches_and_every_book_balances(year: Findings) -> None:
    assert {batch["process"] for batch in year.batches} == set(FLOWS)
    assert all(batch["closed_at"] for batch in year.batches)
    assert not any(year.breaches.values())
    assert not any(year.troubles.values())
    assert year.sound and len(year.breaches) == len(PLANS)
    assert set(year.mishaps) == {kind.title for kind in KINDS.values()}


def test_the_plans_were_loaded_and_the_annexes_compare_with_them(year: Findings) -> None:
    (leading,) = asked(year.folder / "platform", "annex", "7")
    assert leading["sections"][0]["rows"]
    for annex in ("3", "6"):
        (sheet,) = asked(year.folder / "platform", "annex", annex)
        rows, total = sheet["sections"][0]["rows"], sheet["sections"][0]["total"]
        assert len(rows) == 2 and rows[0] != rows[1]
        numbers = [key for key, value in total.items() if isinstance(value, int)]
        assert numbers and all(total[key] == sum(row[key] or 0 for row in rows) for key in numbers)
        assert max(total[key] for key in numbers) > 100_000  # the paper's own figures


def test_some_sent_somebody_of_the_family_and_some_came_the_next_day(year: Findings) -> None:
    with sqlite3.connect(year.folder / "platform" / "zhika.db") as store:
        proxies = store.execute("SELECT count(*) FROM unit_receipt WHERE by = 'proxy' AND relation != ''").fetchone()[0]
    assert proxies >= 1
    commands = (year.folder / "typed" / "commands.txt").read_text(encoding="utf-8").splitlines()
    assert sum(" do hand_out " in line for line in commands) > len(year.batches) // 2


def test_each_kind_of_failure_came_and_whoever_may_starts_again_has_a_card(year: Findings) -> None:
    causes = {row["cause"] for row in year.exceptions}
    assert causes >= {
        "chip-dead", "misprint", "number-misprint", "stripe-bad", "area-differs", "name-differs", "account-refused",
        "photo-bad", "glyph-missing", "missing", "data-wrong", "recalled", "deceased", "closed",
    }  # fmt: skip
    for row in year.exceptions:
        assert ("已领取" in row["ended"]) == CAUSES[row["cause"]].again, row
        assert not row["serial"] or "废卡已销毁" in row["ended"], row


def test_each_wish_of_each_scheme_ended_as_it_should(year: Findings) -> None:
    for wish in WISHES:
        found = endings(year, wish.title)
        assert len(found) == len(SCHEMES), wish.title
        replaced = any(work == "apply_replacement" for _, work, _ in wish.said)
        withdrawn = any(work == "withdraw" for _, work, _ in wish.said)
        for ending in found:
            want = "已撤回" if withdrawn else "已领" if replaced else "在本人手中"
            assert want in ending, (wish.title, ending)
    assert all("已退" in ending for ending in endings(year, WISHES[-1].title))
    called, lifted, *_ = (wish.title for wish in WISHES)
    assert endings(year, called) == ["在本人手中; 没有挂失", "在本人手中; 农业银行: 口头挂失"]  # which sets no term
    assert endings(year, lifted) == ["在本人手中; 没有挂失"] * 2


def test_cards_that_were_not_handed_out_ended_as_they_should(year: Findings) -> None:
    for title, n, ending in (
        ("发放前退卡: 卡上资料有误", 2, "已领取; 废卡已销毁"), ("发放前退卡: 召回", 2, "已领取; 废卡已销毁"),
        ("死亡名单: 不发放, 退回销毁", 2, "不再制卡; 废卡已销毁"),
        ("逾期退回银行的卡, 本人申请后重新发放", 1, "在本人手中"),
        ("芯片召回: 封锁, 免费换卡并附通知单", 2, "已领"),
        ("零星申请", 6, "已领"), ("零星申请, 审核前撤回", 2, "已撤回"),
    ):  # fmt: skip
        found = endings(year, title)
        assert len(found) == n and all(ending in one for one in found), (title, found)


def test_every_old_card_that_was_brought_to_a_counter_was_taken_in(year: Findings) -> None:
    trays = list((year.folder / "world").glob("*/in/back.tray"))
    assert len(trays) > 1
    assert {str(path): tray.count(path) for path in trays if tray.count(path)} == {}


def test_differences_were_settled_and_the_missing_card_was_found(year: Findings) -> None:
    assert {row["kind"] for row in year.cases} == {"missing"}
    assert len(year.cases) == 2 and all(row["closed_at"] for row in year.cases)


def test_what_was_taken_is_settled_and_agreed_office_by_office(year: Findings) -> None:
    assert year.settlements
    assert {row["state"] for row in year.settlements} == {"agreed"}
    assert all(row["net"] == row["taken"] - row["refunded"] for row in year.settlements)
    paid = [matter for matter in year.matters if "收据" in matter.ending]
    assert sum(row["payments"] for row in year.settlements) == len(paid)
    assert sum(row["refunded"] for row in year.settlements) == len(SCHEMES) * 2000
    assert sum(row["exempt"] for row in year.settlements) > 0


def test_the_page_shows_the_six_charts_and_how_each_matter_ended(year: Findings) -> None:
    page = (year.folder / "report.html").read_text(encoding="utf-8")
    assert all(f"<h3>{flow.title}</h3>" in page for flow in FLOWS.values())
    assert all(isinstance(matter, Matter) and matter.ending in page for matter in year.matters)
    assert not list((Path(year.folder) / "typed").glob("*.csv"))
