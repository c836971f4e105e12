"""Material differences settled 差异处理: by two people, with a reason. Cards are found or given back instead."""

from django.utils import timezone

from zhika.engine.comparing import shelf_of
from zhika.engine.counting import holders
from zhika.engine.registry import engine_act
from zhika.engine.work import ActWork, Done
from zhika.errors import NotAllowed, NotReady
from zhika.ledger.batches import Organisation, organisation
from zhika.ledger.custody import Quantity, move
from zhika.ledger.places import Case, Place, State, place
from zhika.seat.config import Seat

SETTLED = "settle"
"""Cause of a movement with which a difference is settled."""


@engine_act
def settle_difference(work: ActWork) -> Done:
    """材料差异处理: the subject is the case's number, K17.

    What is missing is written off; what is surplus is taken into the books where it lies; a piece marked void becomes
    void in the books; a card in a wrong state is explained. Raises NotAllowed for a missing or surplus card.
    """
    case = _open(work.subject)
    if case is None:
        raise NotReady(f"没有待处理的差异 {work.subject}; 编号见 zhika cases")
    if not _material(case) and case.kind != Case.WRONG:
        raise NotAllowed(work.by, f"处理 {work.subject}", "短少、多出的卡要找回或退回 (zhika do found), 不能核销")
    holder = case.holder if case.kind != Case.SURPLUS else _lies_with(case)
    own = holder in holders(work.seat)

    def write() -> None:
        if not Case.objects.filter(pk=case.pk, closed_at=None).exists():
            raise NotReady(f"差异 {work.subject} 刚由另一人处理")
        if way := _way(work.seat, case, holder):
            source, target = way
            move(source, target, Quantity(case.n), cause=SETTLED, by=work.by)
        closing = f"{_CLOSING[case.kind] if own else '说明'}: {work.reason}"
        Case.objects.filter(pk=case.pk).update(closed_at=timezone.now(), closing=closing[:200])

    return Done(write=write)


_CLOSING = {Case.MISSING: "核销", Case.SURPLUS: "入账", Case.WRONG: "更正"}


def _open(number: str) -> Case | None:
    if not number.startswith("K") or not number[1:].isdecimal():
        return None
    open_cases = Case.objects.filter(pk=int(number[1:]), closed_at=None)
    return open_cases.select_related(
        "group", "organisation", "handover__from_organisation", "handover__to_organisation"
    ).first()


def _material(case: Case) -> bool:
    return case.group is not None and shelf_of(case.group) is not None


def _lies_with(case: Case) -> Organisation:
    """Where surplus pieces lie: at whoever counted or took them."""
    lies = case.organisation or (case.handover.to_organisation if case.handover else None)
    assert lies is not None
    return lies


def _way(seat: Seat, case: Case, holder: Organisation) -> tuple[Place, Place] | None:
    """From where to where its pieces go; None where only words change: a card, or what lies on another seat."""
    if case.group is None or not _material(case):
        return None
    here = place(holder, State.BLANK, case.group)
    if case.kind == Case.MISSING:
        return place(holder, State.MISSING, case.group), place(holder, State.WRITTEN_OFF, case.group)
    if holder not in holders(seat):
        return None
    if case.kind == Case.WRONG:
        return here, place(holder, State.VOID, case.group)
    return place(organisation("outside", name="系统外", kind="outside"), State.OUTSIDE, case.group), here
