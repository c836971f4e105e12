"""Annexes on paper and as workbooks: the same rows, title, units, remarks and a line to sign."""

from dataclasses import replace
from datetime import date
from io import BytesIO

from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from zhika.paper.annex import SIGNED, Heading, Row, Section, Sheet, annex_pdf, annex_workbook

HEADINGS = (
    Heading("county", "县（市、区）"), Heading("plan", "计划", "第一批 4月25日"),
    Heading("got", "累计已收", "第一批 4月25日"), Heading("note", "备注"),
)  # fmt: skip
ROWS: tuple[Row, ...] = (("洛江区", 79_063, 0, "=1+1"), ("惠安县(含XX台商投资区)", 442_618, None, ""))
TABLE = Section("", HEADINGS, ROWS, total=("合计", 521_681, 0, ""), marked=frozenset({(0, 2)}))
NONE = Section("逾期的批", HEADINGS, (), empty="没有逾期的批。")
NAMES = Section(
    "下设办公室", (Heading("role", "职务"), Heading("name", "姓名")), (("主　任：", "王𮣲"),), ruled=False
)  # fmt: skip
SHEET = Sheet("附件6", "任务进度表", date(2026, 4, 25), (TABLE, NONE), unit="人", facts=(("计划自", "2026-03-01"),),
              remarks=("已回收: 见说明。",))  # fmt: skip


def pages(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(BytesIO(pdf)).pages]


def test_the_page_has_title_unit_day_rows_total_remarks_and_a_line_to_sign() -> None:
    (printed,) = pages(annex_pdf([SHEET]))
    words = (
        "附件6",
        "任务进度表",
        "2026-04-25",
        "单位：人",
        "计划自",
        "第一批 4月25日",
        "累计已收",
        "79,063",
        "521,681",
    )
    for word in (*words, "惠安县(含XX台商投资区)", "没有逾期的批。", "已回收: 见说明。", "第 1 页", *SIGNED):
        assert word in printed, word


def test_the_page_is_a4_landscape() -> None:
    box = PdfReader(BytesIO(annex_pdf([SHEET]))).pages[0].mediabox
    assert (round(box.width), round(box.height)) == (842, 595)


def test_each_sheet_begins_a_page_and_a_long_table_repeats_its_headings() -> None:
    long = replace(SHEET, sections=(replace(TABLE, rows=ROWS * 40),))
    printed = pages(annex_pdf([long, SHEET]))
    assert len(printed) >= 4
    assert all("累计已收" in page and f"共 {len(printed)} 页" in page for page in printed)
    assert "单位：人" in printed[-1]


def test_many_wide_columns_stay_on_the_page() -> None:
    headings = tuple(Heading(f"n{at}", "累计已收", f"第{at}组") for at in range(20))
    wide = Section("", headings, (tuple(5_472_889 for _ in headings),))
    found: list[float] = []

    def visit(text: str, cm: list[float], tm: list[float], *_: object) -> None:
        if "5,472,889" in text:
            found.append(tm[4] * cm[0] + cm[4])

    PdfReader(BytesIO(annex_pdf([replace(SHEET, sections=(wide,))]))).pages[0].extract_text(visitor_text=visit)
    assert len(found) == 20 and max(found) < 842 - 34 and len({round(x) for x in found}) == 20


def test_a_list_without_lines_and_a_character_the_typeface_lacks() -> None:
    (printed,) = pages(annex_pdf([replace(SHEET, sections=(NAMES,))]))
    assert "下设办公室" in printed and "王〓" in printed and "〓 为字库缺字" in printed
    assert "字库缺字" not in pages(annex_pdf([SHEET]))[0]


def test_the_workbook_holds_the_same_rows_with_numbers_as_numbers() -> None:
    page = CalamineWorkbook.from_filelike(BytesIO(annex_workbook([SHEET]))).get_sheet_by_name("附件6").to_python()
    flat = [[cell for cell in line if cell != ""] for line in page]
    assert ["洛江区", 79_063, 0, "=1+1"] in flat and ["合计", 521_681, 0] in flat
    assert ["惠安县(含XX台商投资区)", 442_618] in flat and ["没有逾期的批。"] in flat
    assert flat[0] == ["附件6　任务进度表"] and flat[1] == ["截至 2026-04-25　单位：人　计划自 2026-03-01"]


def test_each_of_several_sheets_has_a_worksheet_of_its_own() -> None:
    book = CalamineWorkbook.from_filelike(BytesIO(annex_workbook([SHEET, SHEET])))
    assert book.sheet_names == ["附件6-1", "附件6-2"]


def test_the_same_sheets_make_the_same_bytes() -> None:
    for make in (annex_pdf, annex_workbook):
        assert make([SHEET]) == make([SHEET])
