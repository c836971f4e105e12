"""结算单 on paper and as a workbook: the same rows, the same sums."""

from datetime import date
from io import BytesIO

import polars as pl
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from zhika.flows.documents import SETTLEMENT
from zhika.paper.statement import About, statement, sums, workbook
from zhika.paper.typeset import Party

LINES = [
    ("made", "", "", "", 23, "0.00"), ("fee", "2026-10", "lost", "", 1, "16.05"),
    ("fee", "2026-11", "lost", "", 1212, "24240.00"), ("exempt", "2026-11", "lost", "low-income", 2, "0.00"),
    ("exempt", "2026-11", "warranty", "by-nature", 3, "0.00"), ("refund", "2026-11", "lost", "", 1, "20.00"),
]  # fmt: skip
ABOUT = About(
    "2026-11",
    Party("鲤城医疗保险分中心", "02"),
    Party("XX市医疗保险中心", "01"),
    "王芳",
    "9" * 64,
    "J-02-2026-11",
    "李敏",
)
ON = date(2026, 12, 1)


def rows(lines: list[tuple[str, str, str, str, int, str]]) -> pl.DataFrame:
    told = [("02", "2026-11", *line[:4], str(line[4]), line[5]) for line in lines]
    return pl.DataFrame(told, schema=dict.fromkeys(SETTLEMENT.columns, pl.String), orient="row")


def text(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)


def test_the_sums_are_those_of_the_lines() -> None:
    assert sums(rows(LINES)) == [
        ("补换卡", "23 张", ""), ("收费", "1,213 笔", "24256.05"), ("免收", "5 笔", ""), ("退费", "1 笔", "20.00"),
        ("净额", "24236.05", ""),
    ]  # fmt: skip


def test_the_paper_names_both_sides_every_line_and_the_net_amount_in_capitals() -> None:
    printed = text(statement(rows(LINES), ABOUT, on=ON))
    assert all(
        word in printed for word in ("J-02-2026-11", *ABOUT.office[:2], *ABOUT.city[:2], "王芳", "李敏", "9" * 64)
    )
    assert all(word in printed for word in ("遗失", "质量问题", "低保", "业务免费", "24240.00", "16.05", "1212"))
    assert "应缴净额" in printed and "人民币贰万肆仟贰佰叁拾陆元零伍分" in printed
    assert "2026-10　补" in printed and "以前结算期补记" in printed


def test_what_the_city_centre_owes_is_said_so_and_a_draft_has_no_number() -> None:
    draft = About("2026-11", ABOUT.office, ABOUT.city, "王芳", "9" * 64)
    printed = text(statement(rows(LINES[-1:]), draft, on=ON))
    assert "应退净额" in printed and "人民币贰拾元整" in printed and "待核定" in printed
    assert "补记" not in printed.replace("此后补记", "")


def test_the_workbook_has_the_same_lines_with_numbers_that_add_up() -> None:
    book = CalamineWorkbook.from_filelike(BytesIO(workbook(rows(LINES), ABOUT, on=ON)))
    table = book.get_sheet_by_index(0).to_python()
    assert [row[4] for row in table[1:]] == [line[4] for line in LINES]
    assert [row[5] for row in table[2:]] == [float(line[5]) for line in LINES[1:]]
    assert table[4][:4] == ["免收", "2026-11", "遗失", "低保"]
    head = dict(book.get_sheet_by_index(1).to_python())
    assert (head["净额"], head["编号"], head["结算单位"]) == ("24236.05", "J-02-2026-11", "鲤城医疗保险分中心 02")
