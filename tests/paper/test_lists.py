"""Handover lists on paper and as workbooks."""

import hashlib
import re
from datetime import date
from io import BytesIO
from typing import Any

import polars as pl
import pytest
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from zhika.errors import ConfigurationError, Refused
from zhika.flows.documents import (
    BY_CODE,
    CARD_LIST,
    HANDOVER,
    PASSING_ON,
    RURAL_FACE_DATA,
    RURAL_HANDOVER,
    SUPPLIER_ACCOUNTS,
    Document,
)
from zhika.paper.lists import handover_list, printed_fields, workbook
from zhika.paper.typeset import Party

DIGEST = hashlib.sha256(b"the electronic file").hexdigest()
ABOUT: dict[str, Any] = {
    "code": "B-urban-02-001", "given": Party("丰泽医保中心", "02"), "taken": Party("闽达小学", "100000", "王芳"),
    "digest": DIGEST, "on": date(2026, 11, 23),
}  # fmt: skip


def people(document: Document, count: int) -> pl.DataFrame:
    varied = [
        {
            "app_no": f"A2611230{n:07d}", "id_no": f"350502199001{n:06d}", "card_serial": f"QZ26{n:09d}",
            "name": ("陈阿山", "阿卜杜热西提·艾合买提江")[n % 2], "condition": "void" if n % 10 == 3 else "good",
            "address": "鲤城区涂门街 1 号，" * (1 + n % 4), "flag": "补换" if n % 7 == 2 else "新增",
        }
        for n in range(count)
    ]  # fmt: skip
    return pl.DataFrame(
        [document.example | {k: v for k, v in row.items() if k in document.columns} for row in varied],
        schema=dict.fromkeys(document.columns, pl.String),
    )


def text(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)


def heights(pdf: bytes, prefix: str) -> dict[str, tuple[int, float]]:
    """Page and height at which each line of text with a prefix stands."""
    found: dict[str, tuple[int, float]] = {}
    for number, page in enumerate(PdfReader(BytesIO(pdf)).pages):

        def visit(part: str, cm: list[float], tm: list[float], *_: object, number: int = number) -> None:
            if part.strip().startswith(prefix):
                found[part.strip()] = (number, round(tm[5] * cm[3] + cm[5], 1))

        page.extract_text(visitor_text=visit)
    return found


def test_a_handovers_number_is_not_called_a_batch() -> None:
    rows = people(CARD_LIST, 3)
    printed = text(handover_list(CARD_LIST, rows, **ABOUT | {"code": "A1-02-261123-01~card-list"}))
    assert "交接编号" in printed and "批次" not in printed


@pytest.mark.parametrize("document", [HANDOVER, RURAL_HANDOVER, CARD_LIST, PASSING_ON], ids=lambda d: d.code)
def test_every_row_is_printed_once_with_its_numbers_unbroken(document: Document) -> None:
    rows = people(document, 130)
    printed = text(handover_list(document, rows, **ABOUT))
    for name in ("app_no", "id_no", "card_serial"):
        for value in rows[name]:
            assert printed.count(value) == 1


@pytest.mark.parametrize("document", [RURAL_HANDOVER, HANDOVER], ids=lambda d: d.code)
def test_a_rows_values_stand_at_one_height_though_others_are_broken(document: Document) -> None:
    rows = people(document, 90)
    made = handover_list(document, rows, **ABOUT)
    ids, serials = heights(made, "350502199001"), heights(made, "QZ26")
    assert len(ids) == len(serials) == 90
    for id_no, serial in zip(rows["id_no"], rows["card_serial"], strict=True):
        assert ids[id_no] == serials[serial]


def test_the_list_names_parties_totals_digest_and_both_signatures() -> None:
    made = handover_list(HANDOVER, people(HANDOVER, 100), title="半成品卡移交清单", **ABOUT)
    pages = PdfReader(BytesIO(made)).pages
    first, last = pages[0].extract_text(), pages[-1].extract_text()
    for word in ("半成品卡移交清单", "B-urban-02-001", "丰泽医保中心", "闽达小学", "王芳", "2026-11-23"):
        assert word in first
    assert re.findall(r"(总数|成品|作废|新增|补换)\s*(\d+)", first.split("序号")[0]) == [
        ("总数", "100"), ("成品", "90"), ("作废", "10"), ("新增", "86"), ("补换", "14")
    ]  # fmt: skip
    for word in (DIGEST, "移交人", "接收人", "盖章", f"共 {len(pages)} 页"):
        assert word in last
    assert all(f"第 {n} 页" in page.extract_text() for n, page in enumerate(pages, start=1))


def test_columns_have_the_titles_of_the_declaration_on_each_page() -> None:
    for page in PdfReader(BytesIO(handover_list(PASSING_ON, people(PASSING_ON, 120), **ABOUT))).pages:
        printed = page.extract_text()
        assert all(field.title in printed for field in PASSING_ON.fields)


def test_an_empty_list_is_still_a_list() -> None:
    assert "移交人" in text(handover_list(HANDOVER, people(HANDOVER, 0), **ABOUT))
    assert workbook(HANDOVER, people(HANDOVER, 0), **ABOUT)[:2] == b"PK"


def test_the_same_rows_make_the_same_bytes() -> None:
    rows = people(CARD_LIST, 20)
    for make in (handover_list, workbook):
        assert make(CARD_LIST, rows, **ABOUT) == make(CARD_LIST, rows, **ABOUT)


def test_a_character_the_typeface_lacks_is_marked_and_cannot_shift_a_row() -> None:
    rows = people(PASSING_ON, 3).with_columns(name=pl.Series(["王𮣲", "陈\n阿山", "黄小明"]))
    printed = text(handover_list(PASSING_ON, rows, **ABOUT))
    assert "王〓" in printed and "陈〓阿山" in printed and "字库缺字" in printed
    assert "字库缺字" not in text(handover_list(PASSING_ON, people(PASSING_ON, 3), **ABOUT))


@pytest.mark.parametrize("document", BY_CODE.values(), ids=lambda d: d.code)
def test_no_list_can_hold_what_passes_only_from_bank_to_supplier(document: Document) -> None:
    if {"expiry", "cvv2"} & set(document.columns):
        with pytest.raises(ConfigurationError, match="不得印成清单"):
            printed_fields(document)
    else:
        assert {field.name for field in printed_fields(document)} == set(document.columns) - {"photo"}


def test_supplier_accounts_are_never_printed() -> None:
    for make in (handover_list, workbook):
        with pytest.raises(ConfigurationError):
            make(SUPPLIER_ACCOUNTS, pl.DataFrame([SUPPLIER_ACCOUNTS.example]), **ABOUT)


def test_every_missing_column_is_named() -> None:
    with pytest.raises(Refused) as refused:
        handover_list(CARD_LIST, people(CARD_LIST, 1).drop("card_serial", "flag"), **ABOUT)
    assert {fault.column for fault in refused.value.faults} == {"卡序列号", "新增/补换"}


def test_a_photo_is_left_out() -> None:
    rows = pl.DataFrame([RURAL_FACE_DATA.example | {"photo": "f" * 64}])
    assert "f" * 20 not in text(handover_list(RURAL_FACE_DATA, rows, **ABOUT))


def test_the_workbook_holds_the_same_rows_as_text() -> None:
    rows = people(HANDOVER, 30)
    book = CalamineWorkbook.from_filelike(BytesIO(workbook(HANDOVER, rows, **ABOUT)))
    head, *lines = book.get_sheet_by_name("清单").to_python()
    assert head == ["序号", *(field.title for field in HANDOVER.fields)]
    shown = rows.with_columns(
        pl.col("condition").replace({"good": "成品", "void": "作废"}),
        pl.col("cause").replace({"chip-dead": "芯片无应答"}),
    )
    assert [line[1:] for line in lines] == [list(row) for row in shown.iter_rows()]
    assert all(isinstance(value, str) for line in lines for value in line)
    cover = {line[0]: line[1] for line in book.get_sheet_by_name("移交信息").to_python()}
    assert (cover["总数"], cover["成品"], cover["作废"], cover["补换"]) == ("30", "27", "3", "4")
    assert cover["电子文件 SHA-256"] == DIGEST


def test_a_value_that_looks_like_a_formula_stays_text() -> None:
    rows = people(PASSING_ON, 1).with_columns(name=pl.lit("=1+1"))
    book = CalamineWorkbook.from_filelike(BytesIO(workbook(PASSING_ON, rows, **ABOUT)))
    assert "=1+1" in book.get_sheet_by_name("清单").to_python()[1]
