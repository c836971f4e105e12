"""装箱单 and 签领表 on paper and as workbooks."""

from datetime import date
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from zhika.paper.packing import PACKING, SIGNING, Form, Packed, document, totals, workbook
from zhika.paper.typeset import Party

ABOUT: dict[str, Any] = {
    "code": "B1-0526-261123-01.350526100201", "given": Party("德化县新农合办", "0526"),
    "taken": Party("浔中镇石鼓村民委员会", "350526100201"), "on": date(2026, 11, 23),
}  # fmt: skip
LONG = "克孜勒苏柯尔克孜阿依古丽·买买提明·吐尔逊江阿卜杜拉"


def families(n: int) -> list[Packed]:
    """Households of three."""
    return [
        Packed(
            ("陈阿山", LONG, "𮣲海生")[at % 3], f"35052619900101{at:03}X", f"QZ26{at:09}",
            ("新增", "补换")[at % 7 == 0], f"H{at // 3:04}", f"{at // 9 + 1}组", f"H{at // 3:04}",
            ("户主", "配偶", "子")[at % 3], f"P{at}",
        )
        for at in range(n)
    ]  # fmt: skip


def pages(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(BytesIO(pdf)).pages]


@pytest.mark.parametrize("form", [PACKING, SIGNING])
def test_every_card_stands_on_the_list_once_with_a_masked_number(form: Form) -> None:
    rows = families(120)
    text = "\n".join(pages(document(form, rows, **ABOUT)))
    assert form.title in text and ABOUT["code"] in text and "浔中镇石鼓村民委员会" in text
    for row in rows:
        assert text.count(row.card_serial) == 1 and row.id_no not in text
        assert f"350526********{row.id_no[-4:]}" in text
    assert "补换　18 张" in text and "120 张" in text and "40 户" in text


@pytest.mark.parametrize("form", [PACKING, SIGNING])
def test_pages_are_numbered_and_the_signatures_stand_once_at_the_end(form: Form) -> None:
    texts = pages(document(form, families(200), **ABOUT))
    assert len(texts) > 3
    for number, text in enumerate(texts, 1):
        assert f"第 {number} 页" in text and f"共 {len(texts)} 页" in text
    assert [form.signs[0] in text for text in texts] == [False] * (len(texts) - 1) + [True]


@pytest.mark.parametrize("form", [PACKING, SIGNING])
@pytest.mark.parametrize("extra", range(60))
def test_the_signatures_never_stand_on_a_page_without_cards(form: Form, extra: int) -> None:
    last = pages(document(form, families(2 + extra), **ABOUT))[-1]
    assert form.signs[0] in last and "QZ26" in last


def test_the_signing_list_has_room_for_the_holder_and_for_a_proxy(form: Form = SIGNING) -> None:
    (text,) = pages(document(form, families(3), **ABOUT))
    for title in ("本人签名", "代领人签名", "关系", "代领人证件号码", "日期", "与户主关系", "医疗证号"):
        assert title in text


def test_a_long_name_is_whole_and_a_character_without_glyph_is_noted() -> None:
    for form in (PACKING, SIGNING):
        (text,) = pages(document(form, families(6), **ABOUT))
        assert LONG in text.replace("\n", "") and "〓海生" in text and "字库缺字" in text


def test_without_households_there_is_the_personal_number() -> None:
    rows = [row._replace(household="") for row in families(6)]
    (text,) = pages(document(PACKING, rows, **ABOUT))
    assert "个人编号" in text and "P5" in text and "医疗证号" not in text and "户数" not in text
    assert totals(rows) == [("卡片", "6 张"), ("补换", "1 张")]


def test_an_empty_parcel_says_so_on_one_page() -> None:
    (text,) = pages(document(SIGNING, [], **ABOUT))
    assert "本包无卡" in text and "第 1 页" in text


def test_the_same_data_give_the_same_bytes() -> None:
    assert document(PACKING, families(9), **ABOUT) == document(PACKING, families(9), **ABOUT)


@pytest.mark.parametrize("form", [PACKING, SIGNING])
def test_the_workbook_has_the_same_rows_as_text_and_no_whole_number(form: Form) -> None:
    rows = families(30)
    book = CalamineWorkbook.from_filelike(BytesIO(workbook(form, rows, **ABOUT)))
    table = book.get_sheet_by_index(0).to_python()
    assert len(table) == 31 and table[0][:2] == ["序号", "组"]
    serials, numbers = table[0].index("卡序列号"), table[0].index("公民身份号码")
    assert [line[serials] for line in table[1:]] == [row.card_serial for row in rows]
    assert table[5][numbers] == "350526********004X" and all(isinstance(v, str) for line in table for v in line)
