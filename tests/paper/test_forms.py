"""The record of destroyed cards."""

from datetime import date
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from zhika.errors import Refused
from zhika.paper.forms import destruction_record
from zhika.paper.typeset import Party

ABOUT: dict[str, Any] = {
    "code": "D-icbc-0001", "organisation": Party("中国工商银行", "icbc"), "digest": "9" * 64, "on": date(2026, 11, 23),
}  # fmt: skip
SERIALS = [f"QZ26{n:09d}" for n in range(300)]


def test_every_serial_and_both_witnesses_are_on_the_record() -> None:
    made = destruction_record(SERIALS, witnesses=("王芳", "李敏"), **ABOUT)
    printed = "\n".join(page.extract_text() for page in PdfReader(BytesIO(made)).pages)
    assert all(printed.count(serial) == 1 for serial in SERIALS)
    assert all(word in printed for word in ("王芳", "李敏", "300 张", "D-icbc-0001", "9" * 64))


@pytest.mark.parametrize(("contact", "shown"), [("", False), ("0595-22220000", True)])
def test_a_contact_is_printed_only_where_there_is_one(contact: str, shown: bool) -> None:
    party = Party("中国工商银行", "icbc", contact)
    made = destruction_record(SERIALS[:1], witnesses=("王芳", "李敏"), **ABOUT | {"organisation": party})
    assert ("联系" in PdfReader(BytesIO(made)).pages[0].extract_text()) is shown


@pytest.mark.parametrize(
    ("serials", "witnesses", "rule"),
    [
        ([], ("王芳", "李敏"), "没有卡片"),
        (SERIALS[:2] + SERIALS[:1], ("王芳", "李敏"), "重复"),
        (SERIALS[:1], ("王芳", " 王芳"), "两人"),
        (SERIALS[:1], ("王芳", ""), "两人"),
    ],
)
def test_a_record_that_proves_nothing_is_refused(serials: list[str], witnesses: tuple[str, str], rule: str) -> None:
    with pytest.raises(Refused, match=rule):
        destruction_record(serials, witnesses=witnesses, **ABOUT)
