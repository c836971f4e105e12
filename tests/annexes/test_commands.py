"""`zhika annex`, `leaders`, `county`: the same rows in the terminal, as JSON, on paper and as a workbook."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from python_calamine import CalamineWorkbook
from typer.testing import CliRunner

from tests.annexes.store import EXAMPLES, cards, delivered, hand_out, load, offices
from tests.lanes.house import House
from zhika.cli import annexes, main
from zhika.flows.lanes import Lane
from zhika.seat.config import Seat

RUNNER = CliRunner()


@pytest.fixture
def city(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """A platform with plan and leaders, on which the commands act."""
    monkeypatch.setattr(annexes, "here", lambda: house.seat)
    offices()
    for number in ("3", "6"):
        load(house.seat, "load_plan", EXAMPLES / f"annex{number}.csv", annex=number, **{"from": "2026-03-01"})
    load(house.seat, "load_leaders", EXAMPLES / "leaders.csv", **{"from": "2026-03-01"})
    yield house


def typed(*words: str) -> str:
    result = RUNNER.invoke(main.app, list(words), catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def text(path: Path) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(path).pages)


def test_annex_3_says_the_same_in_all_its_forms(city: House) -> None:
    batch = delivered(city.seat, "A1-02-1", "02", {"E1": ("worker", 7)})
    hand_out(batch, "E1", cards(batch, "E1")[:4])
    pdf, xlsx = city.folder / "3.pdf", city.folder / "3.xlsx"
    printed = typed("annex", "3", "--pdf", str(pdf), "--xlsx", str(xlsx))
    (told,) = json.loads(typed("annex", "3", "--json"))
    row = next(row for row in told["sections"][0]["rows"] if row["code"] == "02")
    assert (row["plan_all"], row["made_worker"], row["issued_worker"]) == (131_387, 7, 4)
    assert told["sections"][0]["total"]["plan_all"] == 1_088_386
    for words in (printed, text(pdf)):
        for word in (
            "XX市城镇职工和居民社会保障卡制作和发放任务表",
            "鲤城医疗保险分中心",
            "1,088,386",
            "16 个数与计算相符",
        ):
            assert word in words
    page = CalamineWorkbook.from_path(xlsx).get_sheet_by_index(0).to_python()
    assert ["02", *list(row.values())[1:]] in page


def test_annex_6_shows_the_papers_two_differences(city: House) -> None:
    pdf = city.folder / "6.pdf"
    printed = typed("annex", "6", "--on", "2026-05-12", "--pdf", str(pdf))
    for words in (printed, text(pdf)):
        for word in ("1,407,584", "1,407,583", "5,472,888", "各批印刷合计之和", "逾期的批", "2026-05-10"):
            assert word in words
    (told,) = json.loads(typed("annex", "6", "--on", "2026-05-12", "--json"))
    assert [row["difference"] for row in told["sections"][2]["rows"]] == [-1, -1]


def test_annex_7_is_printed_by_county_and_leaders_shows_one(city: House) -> None:
    pdf = city.folder / "7.pdf"
    printed = typed("annex", "7", "--on", "2026-04-01", "--pdf", str(pdf))
    for words in (printed, text(pdf), typed("leaders", "--county", "永春县"), typed("leaders", "--county", "350525")):
        for word in ("永春县社会保障卡发放工作领导小组名单", "下设办公室", "郑假名", "县劳动和社会保障局副局长"):
            assert word in words
    assert "059500000005" not in printed
    assert "还没有名单" in typed("leaders", "--county", "德化县")


def test_a_county_office_is_told_what_waits(city: House) -> None:
    printed = typed("county", "永春县", "--on", "2026-04-26")
    assert "95,908" in printed and "没有停滞的批次" in printed and "059500000005" in printed


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("annex", "5"), "没有附件 5"),
        (("annex", "3", "--on", "23.11."), "2026-11-23"),
        (("county", "999"), "没有经办机构 999"),
        (("leaders", "--county", "长春县"), "没有经办机构"),
    ],
)
def test_what_is_not_there_is_said(city: House, words: tuple[str, ...], said: str) -> None:
    error: Any = RUNNER.invoke(main.app, list(words)).exception
    assert said in str(error)


def test_another_organisations_seat_has_no_annexes(city: House, monkeypatch: pytest.MonkeyPatch) -> None:
    bank = Seat(**{**vars(city.seat), "lanes": frozenset({Lane.BANK})})
    monkeypatch.setattr(annexes, "here", lambda: bank)
    assert "不是平台" in str(RUNNER.invoke(main.app, ["annex", "3"]).exception)


def test_what_is_written_beside_json_does_not_spoil_it(city: House) -> None:
    result = RUNNER.invoke(main.app, ["annex", "3", "--json", "--pdf", str(city.folder / "3.pdf")])
    assert json.loads(result.stdout)[0]["annex"] == "附件3" and (city.folder / "3.pdf").exists()
