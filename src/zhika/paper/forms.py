"""Forms that people sign: so far the record of destroyed cards and material 销毁记录."""

from collections.abc import Sequence
from datetime import date

from zhika.errors import Fault, Refused
from zhika.paper.typeface import FAMILY
from zhika.paper.typeset import Party, pdf

DESTRUCTION_TITLE, WASTE_TITLE = "废卡销毁记录", "废料销毁记录"


def destruction_record(
    serials: Sequence[str],
    *,
    code: str,
    organisation: Party,
    witnesses: tuple[str, str],
    digest: str,
    on: date,
    method: str = "粉碎",
    closed: int = 0,
    material: Sequence[tuple[str, str, int]] = (),
) -> bytes:
    """A4 PDF: the serials of the destroyed cards, how they were destroyed, places for both witnesses to sign.

    `digest` is the SHA-256 of the electronic 销毁记录, `code` the record's number, `closed` how many of the cards were
    good and kept until their time was over. `material`: lot, kind in words and number of what has no serial; a record
    is of one or the other. The same data give the same bytes.

    Raises Refused for nothing at all, a serial that stands twice, and witnesses who are not two people.

    >>> made = destruction_record(
    ...     ["QZ26000000017"], code="D-icbc-0001", organisation=Party("中国工商银行", "icbc"),
    ...     witnesses=("王芳", "李敏"), digest="0" * 64, on=date(2026, 11, 23),
    ... )
    >>> made[:5]
    b'%PDF-'
    """
    faults = []
    if not serials and not material:
        faults.append(Fault(DESTRUCTION_TITLE, "没有卡片, 无需记录"))
    if len(set(serials)) != len(serials):
        faults.append(Fault(DESTRUCTION_TITLE, "有卡片重复, 每张只能销毁一次", column="卡序列号"))
    if not all(name.strip() for name in witnesses) or witnesses[0].strip() == witnesses[1].strip():
        faults.append(Fault(DESTRUCTION_TITLE, "须有不同的两人监销", column="监销人"))
    if faults:
        raise Refused(faults)
    n = len(serials) + sum(pieces for *_, pieces in material)
    title, what, unit = (WASTE_TITLE, "废料", "件") if material else (DESTRUCTION_TITLE, "卡片", "张")
    head = {
        "title": title, "what": what, "unit": unit, "count": f"{n:,}", "closed": f"{closed:,}" if closed else "",
        "code": code, "date": on.isoformat(), "organisation": organisation._asdict(), "method": method,
        "witnesses": witnesses, "digest": digest, "font": FAMILY,
    }  # fmt: skip
    lines = [[lot, kind, f"{pieces:,}"] for lot, kind, pieces in material]
    return pdf("destruction.typ", on=on, head=head, serials=list(serials), material=lines)
