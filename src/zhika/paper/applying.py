"""What an application needs on paper: the form 申请表, its receipt 受理回执, and the slip for the doctor 领卡证明."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from zhika.card.idnumber import mask
from zhika.paper.slips import laid, of_glyphs, slip
from zhika.paper.typeface import FAMILY
from zhika.paper.typeset import Party, pdf

FORM_TITLES = {"urban": "社会保障卡参保人员申请表", "rural": "农合卡参合人员申请表"}
REPLACEMENT_TITLES = {"urban": "社会保障卡补换卡申请表", "rural": "农合卡补换卡申请表"}
RECEIPT_TITLE, DOCTOR_TITLE = "社会保障卡申请受理回执", "领卡证明"


class _Card(NamedTuple):
    """How the holder and the card are called in a scheme."""

    holder: str
    name: str


CARDS = {"urban": _Card("参保人员", "社会保障卡"), "rural": _Card("参合人员", "农合卡")}


class Applied(NamedTuple):
    """What these papers are about."""

    ref: str
    """Number of the application."""
    kind: str
    """Title of the kind of request."""
    name: str
    id_no: str
    scheme: str
    """urban | rural"""
    replaces: bool = False
    """Another card instead of one that the person has."""


def form(
    applied: Applied, facts: Sequence[tuple[str, str, bool]], photo: bytes, *, office: Party, by: str, on: date
) -> bytes:  # fmt: skip
    """A4 PDF: the form as it was filled in, to be signed. `facts`: title, value, whether it takes the whole width."""
    values = "".join([applied.name, *(value for _, value, _ in facts)])
    written, notes = of_glyphs(values, ["本人保证以上信息和所附照片真实、有效。", "请核对姓名和公民身份号码后签名。"])
    first = [("姓名", applied.name), ("公民身份号码", applied.id_no), ("业务类型", applied.kind),
             ("经办机构", f"{office.organisation}（{office.code}）")]  # fmt: skip
    titles = REPLACEMENT_TITLES if applied.replaces else FORM_TITLES
    head = {
        "title": titles[applied.scheme], "code": applied.ref, "date": on.isoformat(), "font": FAMILY,
        "first": [{"label": label, "value": written(value)} for label, value in first],
        "facts": [{"label": label, "value": written(value), "wide": wide} for label, value, wide in laid(facts)],
        "notes": notes, "signs": ("申请人（签名）", f"录入人  {by}", "审核人"),
    }  # fmt: skip
    return pdf("form.typ", on=on, head=head, photo=list(photo))


def receipt(applied: Applied, *, office: Party, by: str, on: date, promised: date | None) -> bytes:
    """A5 PDF: that an application was taken, and when the card is likely to be there.

    >>> made = receipt(
    ...     Applied("A26112300000017", "新办", "陈阿山", "350502199001010018", "urban"),
    ...     office=Party("丰泽医保中心", "02"), by="王芳", on=date(2026, 11, 23), promised=None,
    ... )
    >>> made[:5]
    b'%PDF-'
    """
    facts = [*_about(applied), ("经办机构", f"{office.organisation}（{office.code}）", False), ("受理人", by, False)]
    facts.append(("预计可领", promised.isoformat() if promised else "制成后通知", True))
    notes = ["凭本回执和本人身份证领卡；委托他人代领的，须带双方身份证。", "可凭申请编号查询办理进度。"]
    return slip(RECEIPT_TITLE, applied.ref, on, facts, notes=notes, signs=("受理机构（盖章）", "受理人", "申请人"))


def doctor(applied: Applied, *, office: Party, by: str, on: date, until: date) -> bytes:
    """A5 PDF: that the person's card is being made, so that a doctor and a hospital may settle without it."""
    facts = [*_about(applied), ("出具机构", f"{office.organisation}（{office.code}）", False), ("经办人", by, False)]
    facts.append(("有效至", until.isoformat(), True))
    card = CARDS[applied.scheme]
    notes = [
        f"兹证明该{card.holder}的{card.name}正在办理中，尚未领取。",
        "请有关定点医疗机构凭本证明和本人身份证按规定予以就医结算。",
        "领卡时交回本证明；卡领取后，本证明即失效。",
    ]
    return slip(DOCTOR_TITLE, applied.ref, on, facts, notes=notes, signs=("出具机构（盖章）", "经办人"))


def _about(applied: Applied) -> list[tuple[str, str, bool]]:
    return [
        ("姓名", applied.name, False), ("业务类型", applied.kind, False), ("公民身份号码", mask(applied.id_no), False),
        ("申请编号", applied.ref, False),
    ]  # fmt: skip
