"""Who may do what is done by hand: a name, another person where two are wanted, a reason, not the same person twice."""

from collections.abc import Sequence

from django.db.models import Q

from zhika.errors import NotAllowed
from zhika.flows import FLOWS
from zhika.flows.acts import ACTS
from zhika.ledger.steps import ActRecord, StepRecord

TITLES = {act.name: act.title for act in ACTS} | {s.work: s.title for flow in FLOWS.values() for s in flow.steps}


def check(
    title: str,
    subject: str,
    *,
    by: str,
    second: str = "",
    reason: str = "",
    persons: int = 1,
    with_reason: bool = False,
    not_by: Sequence[str] = (),
) -> None:
    """Raises NotAllowed with the rule that forbids it. `not_by`: earlier acts and rows on the subject, done by another.

    Names are compared as people read them: blanks around them make nobody else.
    """
    doer, other = by.strip(), second.strip()
    if any(name.startswith("<") for name in (doer, other)):
        raise NotAllowed(doer, title, "<…> 是占位, 请换成真实姓名")
    if not doer:
        raise NotAllowed("匿名", title, "须写明经办人 (--by)")
    if persons > 1 and (not other or other == doer):
        raise NotAllowed(doer, title, "须有另一人在场 (--second)")
    if with_reason and not reason.strip():
        raise NotAllowed(doer, title, "须写明事由 (--reason)")
    for earlier in not_by:
        acts = ActRecord.objects.filter(name=earlier).filter(Q(subject=subject) | Q(subject__startswith=f"{subject}#"))
        rows = StepRecord.objects.filter(function=earlier, subject=subject)
        doers = {*acts.values_list("by", flat=True), *rows.values_list("by", flat=True)}
        if doer in {name.strip() for name in doers}:
            raise NotAllowed(doer, title, f"「{TITLES.get(earlier, earlier)}」是同一人所为")
