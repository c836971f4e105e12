"""Who may do what is done by hand: a name, another person where two are wanted, a reason, not the same person twice."""

from collections.abc import Sequence

from django.db.models import Q

from zhika.errors import NotAllowed
from zhika.flows import title_of
from zhika.ledger.chunks import chunks
from zhika.ledger.places import Movement
from zhika.ledger.steps import ActRecord, StepRecord

LONGEST_NAME, LONGEST_TEXT, LONGEST_SUBJECT = 29, 180, 76
"""Characters: what fits into every record of an act, with what is written before it."""
MACHINE = "zhika"
"""Who does what needs nobody's hand, in the records. No person may go by it."""


def check(
    title: str,
    subject: str,
    *,
    by: str,
    second: str = "",
    reason: str = "",
    evidence: str = "",
    persons: int = 1,
    with_reason: bool = False,
    not_by: Sequence[str] = (),
    not_giver: bool = False,
) -> None:
    """Raises NotAllowed with the rule that forbids it. `not_by`: earlier acts and rows on the subject, done by others.

    `not_giver`: the subject is a handover; who gave it here, by whatever row or act, may not receive it.

    Names are compared as people read them: blanks around them make nobody else.
    """
    doer, other = by.strip(), second.strip()
    if any(name.startswith("<") for name in (doer, other)):
        raise NotAllowed(doer, title, "<…> 是占位, 请换成真实姓名")
    if MACHINE in (doer.casefold(), other.casefold()):
        raise NotAllowed(doer, title, f"{MACHINE} 是程序自己的名字, 请写经办人姓名")
    if not doer:
        raise NotAllowed("匿名", title, "须写明经办人 (--by)")
    _short_enough(doer, title, subject, other, reason, evidence)
    if persons > 1 and (not other or other == doer):
        raise NotAllowed(doer, title, "须有另一人在场 (--second)")
    if with_reason and not reason.strip():
        raise NotAllowed(doer, title, "须写明事由 (--reason)")
    for earlier in not_by:
        acts = ActRecord.objects.filter(name=earlier).filter(Q(subject=subject) | Q(subject__startswith=f"{subject}#"))
        rows = StepRecord.objects.filter(function=earlier, subject=subject)
        doers = dict.fromkeys(acts.values_list("by", flat=True), "") | dict(rows.values_list("by", "process"))
        named = {name: process for text, process in doers.items() for name in names(text)}
        if same := {doer, other} & set(named) - {""}:
            raise NotAllowed(min(same), title, f"「{title_of(earlier, named[min(same)])}」是同一人所为")
    if not_giver and doer in _givers(subject):
        raise NotAllowed(doer, title, f"{subject} 是同一人移交的, 须由接收方的另一人清点")


def _short_enough(doer: str, title: str, subject: str, second: str, reason: str, evidence: str) -> None:
    """What would not fit into the records is refused here with its limit; a store that counts would break off there."""
    for what, text, longest in (
        ("经办人 (--by)", doer, LONGEST_NAME), ("另一人 (--second)", second, LONGEST_NAME),
        ("事由 (--reason)", reason, LONGEST_TEXT), ("凭证 (--evidence)", evidence, LONGEST_TEXT),
        ("对象", subject, LONGEST_SUBJECT),
    ):  # fmt: skip
        if len(text) > longest:
            raise NotAllowed(doer[:LONGEST_NAME], title, f"{what}有 {len(text)} 个字, 最多 {longest} 个")


def name_of(by: str | None) -> str:
    """How the records name who does it; None: nobody's hand."""
    return MACHINE if by is None else by.strip()


def both(by: str, second: str) -> str:
    """How a record names two who do something together.

    >>> both("王芳", " 李敏 "), both("王芳", ""), sorted(names(both("王芳", "李敏")))
    ('王芳、李敏', '王芳', ['李敏', '王芳'])
    """
    return "、".join(filter(None, [by.strip(), second.strip()]))


def names(text: str) -> set[str]:
    """Whom a record names."""
    return {name.strip() for name in text.split("、")}


def _givers(code: str) -> set[str]:
    """Who gave what travels under a handover, as far as it was given on this seat."""
    given = Movement.objects.filter(handover__code=code, cause="give")
    return {name.strip() for name in given.values_list("by", flat=True).distinct()}


def check_many(title: str, subjects: Sequence[str], *, by: str, evidence: str = "", not_by: Sequence[str] = ()) -> None:
    """The same for a row of many applications at once; earlier rows alone are looked at."""
    check(title, "", by=by, evidence=evidence)
    for some in chunks(subjects) if not_by else ():
        earlier = StepRecord.objects.filter(subject__in=some, function__in=not_by)
        for function, process, doer in earlier.values_list("function", "process", "by").distinct():
            if by.strip() in names(doer):
                raise NotAllowed(by.strip(), title, f"「{title_of(function, process)}」是同一人所为")
