"""What a person takes home from the counter, A5: receipt 收据, refund voucher 退费凭证, 勘误换卡通知单."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import NamedTuple

from zhika.errors import Fault, Refused
from zhika.paper.amounts import capitals, yuan
from zhika.paper.lists import NO_GLYPH
from zhika.paper.typeface import FAMILY, missing_glyphs
from zhika.paper.typeset import Party, pdf

RECEIPT_TITLE, VOUCHER_TITLE, NOTICE_TITLE = "补换卡工本费收据", "补换卡工本费退费凭证", "勘误换卡通知单"


class Taken(NamedTuple):
    """What a receipt is about."""

    receipt: str
    payer: str
    ref: str
    """Number of the application."""
    item: str
    """Title of the kind of request."""
    amount: int
    """In fen."""
    legal: str
    """Legal text of the rate; '' for what is free by its nature."""
    exempt: str
    """Title of the reason for which nothing was taken; '' where it was."""


def receipt(taken: Taken, *, office: Party, by: str, on: date) -> bytes:
    """A5 PDF: who paid what for which application, by which decision, in figures and capitals.

    The same data give the same bytes.

    >>> made = receipt(
    ...     Taken("S-02-2026-000001", "陈阿山", "A26112300000017", "遗失", 2000, "闽价费〔2009〕101号", ""),
    ...     office=Party("丰泽医保中心", "02"), by="王芳", on=date(2026, 11, 23),
    ... )
    >>> made[:5]
    b'%PDF-'
    """
    facts = [*_about("交款人", taken), ("收费依据", taken.legal or "按规定不收费", True)]
    if taken.exempt:
        facts.append(("免收事由", taken.exempt, True))
    notes = ["本收据请妥善保管，领卡和退费时出示。"]
    return slip(
        RECEIPT_TITLE, taken.receipt, on, [*facts, *_office("收款单位", office, by)],
        amount=("金额", taken.amount), notes=notes, signs=("收款单位（盖章）", "经办人", "交款人"),
    )  # fmt: skip


def refund_voucher(taken: Taken, *, voucher: str, reason: str, office: Party, by: str, on: date) -> bytes:
    """A5 PDF: which receipt was given back to whom, why, and where the person signs for the money."""
    facts = [*_about("领款人", taken), ("原收据", taken.receipt, True), ("退费事由", reason, True)]
    notes = ["原收据收回作废。"]
    return slip(
        VOUCHER_TITLE, voucher, on, [*facts, *_office("退款单位", office, by)], amount=("退还金额", taken.amount),
        notes=notes, signs=("退款单位（盖章）", "经办人", "领款人（签名）"),
    )  # fmt: skip


class Mistake(NamedTuple):
    """One thing that the issuer got wrong on a card."""

    column: str
    wrong: str
    right: str


def correction_notice(
    mistakes: Sequence[Mistake], *, ref: str, holder: str, old_card: str, reason: str, office: Party, by: str,
    on: date, blocked: bool = False,
) -> bytes:  # fmt: skip
    """A5 PDF: why the card is exchanged and what stands wrong on it, that it is free, and what to do with the old one.

    `blocked`: the old card is of no use any more, as one that was recalled. Raises Refused where neither a mistake nor
    a reason is told.
    """
    if not mistakes and not reason:
        raise Refused([Fault(NOTICE_TITLE, "没有差错项目, 无需换卡")])
    facts = [("持卡人", holder, False), ("申请编号", ref, False), ("原卡序列号", old_card, True)]
    facts += [("换卡原因", reason, True)] if reason else []
    usable = "原卡已停用，请勿再用" if blocked else "新卡领取前原卡可继续使用"
    notes = [
        "因发卡方差错，现为您免费更换社会保障卡，不收取任何费用。",
        f"{usable}；领取新卡时请交回原卡和本通知单。",
    ]
    return slip(
        NOTICE_TITLE, ref, on, [*facts, *_office("经办机构", office, by)],
        columns=("项目", "原卡所载", "应为") if mistakes else (), rows=[list(mistake) for mistake in mistakes],
        notes=notes,
        signs=("经办机构（盖章）", "经办人", "持卡人（签收）"),
    )  # fmt: skip


def _about(who: str, taken: Taken) -> list[tuple[str, str, bool]]:
    return [(who, taken.payer, False), ("申请编号", taken.ref, False), ("业务类型", f"补换卡 · {taken.item}", True)]


def _office(label: str, office: Party, by: str) -> list[tuple[str, str, bool]]:
    return [(label, f"{office.organisation}（{office.code}）", False), ("经办人", by, False)]


def slip(
    title: str,
    code: str,
    on: date,
    facts: Sequence[tuple[str, str, bool]],
    *,
    notes: Sequence[str],
    signs: Sequence[str],
    amount: tuple[str, int] | None = None,
    columns: Sequence[str] = (),
    rows: Sequence[Sequence[str]] = (),
) -> bytes:
    """A slip of A5. `facts`: label, value, whether it takes the whole width. A missing glyph stands as 〓."""
    values = "".join([*(value for _, value, _ in facts), *(cell for row in rows for cell in row)])
    written, told = of_glyphs(values, notes)
    head = {
        "title": title, "code": code, "date": on.isoformat(), "font": FAMILY, "notes": told, "signs": signs,
        "facts": [{"label": label, "value": written(value), "wide": wide} for label, value, wide in laid(facts)],
        "amount": amount and {"label": amount[0], "yuan": yuan(amount[1]), "capitals": capitals(amount[1])},
        "columns": columns, "rows": [[written(cell) for cell in row] for row in rows],
    }  # fmt: skip
    return pdf("slip.typ", on=on, head=head)


def laid(facts: Sequence[tuple[str, str, bool]]) -> list[tuple[str, str, bool]]:
    """Label, value, whether it takes the whole width: two halves a row, and what is left alone in its row takes it.

    >>> laid([("性别", "男", False), ("地址", "东街1号", True), ("电话", "1", False), ("邮编", "2", False)])
    [('性别', '男', True), ('地址', '东街1号', True), ('电话', '1', False), ('邮编', '2', False)]
    """
    found: list[tuple[str, str, bool]] = []
    beside = False
    for at, (label, value, wide) in enumerate(facts):
        alone = not beside and (at + 1 == len(facts) or facts[at + 1][2])
        found.append((label, value, wide or alone))
        beside = not (wide or alone or beside)
    return found


def of_glyphs(values: str, notes: Sequence[str]) -> tuple[Callable[[str], str], list[str]]:
    """How values are written where the typeface lacks some of their glyphs, and the notes with a word about it."""
    lacking = missing_glyphs(values)
    table = str.maketrans(dict.fromkeys(lacking, NO_GLYPH))
    word = [f"{NO_GLYPH} 为字库缺字，以电子记录为准。"] if lacking else []
    return lambda value: value.translate(table), [*notes, *word]
