"""Receipt, refund voucher and 勘误换卡通知单, as they are read."""

from datetime import date
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from zhika.errors import Refused
from zhika.paper.slips import Mistake, Taken, correction_notice, receipt, refund_voucher
from zhika.paper.typeset import Party

OFFICE, ON = Party("XX市鲤城区城镇职工基本医疗保险管理中心分中心", "02"), date(2026, 11, 25)
LEGAL = "XX省物价局、财政厅《关于社会保障卡工本费收费标准及有关问题的通知》X价费〔2009〕101号"
PAID = Taken("S-02-2026-000001", "阿卜杜热西提·艾合买提江", "A26112300000017", "遗失", 2050, LEGAL, "")


def text(pdf: bytes) -> str:
    """What stands on a slip of one page, blanks and line breaks left out."""
    (page,) = PdfReader(BytesIO(pdf)).pages
    assert float(page.mediabox.width) > float(page.mediabox.height) > 400  # A5, landscape
    return "".join(page.extract_text().split())


def test_a_receipt_says_who_paid_what_by_which_decision_in_figures_and_capitals() -> None:
    printed = text(receipt(PAID, office=OFFICE, by="王芳", on=ON))
    assert all(word in printed for word in (*PAID[:4], LEGAL, "20.50", "人民币贰拾元伍角", OFFICE[0], "王芳"))
    assert "免收" not in printed and "2026-11-25" in printed


def test_a_receipt_over_nothing_says_why() -> None:
    printed = text(receipt(PAID._replace(amount=0, exempt="低保"), office=OFFICE, by="王芳", on=ON))
    assert "免收事由低保" in printed and "人民币零元整" in printed and "0.00" in printed and LEGAL in printed
    free = text(
        receipt(PAID._replace(amount=0, legal="", exempt="业务免费（质量问题）"), office=OFFICE, by="王", on=ON)
    )
    assert "按规定不收费" in free and "业务免费（质量问题）" in free


def test_a_name_with_a_character_that_no_typeface_has_is_printed_with_a_note() -> None:
    printed = text(receipt(PAID._replace(payer="陈𮣲山"), office=OFFICE, by="王芳", on=ON))
    assert "陈〓山" in printed and "字库缺字" in printed


def test_a_voucher_names_its_receipt_and_reason() -> None:
    made = refund_voucher(PAID, voucher="T-02-2026-000001", reason="本人撤回申请", office=OFFICE, by="李敏", on=ON)
    printed = text(made)
    assert all(
        word in printed for word in ("T-02-2026-000001", "S-02-2026-000001", "本人撤回申请", "贰拾元伍角", "李敏")
    )
    assert made == refund_voucher(
        PAID, voucher="T-02-2026-000001", reason="本人撤回申请", office=OFFICE, by="李敏", on=ON
    )


def test_a_notice_says_what_is_wrong_and_that_its_exchange_is_free() -> None:
    mistakes = [Mistake("姓名", "陈阿珊", "陈阿山"), Mistake("照片", "他人照片", "本人照片")]
    about: dict[str, Any] = {
        "ref": "A1", "holder": "陈阿山", "old_card": "QZ26000000017", "reason": "录入有误", "office": OFFICE,
        "by": "李敏", "on": ON,
    }  # fmt: skip
    printed = text(correction_notice(mistakes, **about))
    assert all(word in printed for mistake in mistakes for word in mistake)
    assert "勘误换卡通知单" in printed and "免费" in printed and "QZ26000000017" in printed
    with pytest.raises(Refused, match="没有差错"):
        correction_notice([], **{**about, "reason": ""})


def test_a_notice_of_a_recall_says_why_and_that_the_old_card_is_of_no_use() -> None:
    about: dict[str, Any] = {
        "ref": "A1", "holder": "陈阿山", "old_card": "QZ26000000017", "office": OFFICE, "by": "李敏", "on": ON,
    }  # fmt: skip
    printed = text(correction_notice([], reason="召2026-3", blocked=True, **about))
    assert "换卡原因召2026-3" in printed and "原卡已停用，请勿再用" in printed
    assert "可继续使用" not in printed and "应为" not in printed
