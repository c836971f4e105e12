"""Why somebody gets no card: causes at which a card fails, and rules that a form or a line must keep, in one list."""

from zhika.flows.causes import CAUSES, Cause
from zhika.flows.lanes import Lane
from zhika.registers.rules import BY_CODE

KNOWN = frozenset({*CAUSES, *BY_CODE})
"""Every code that may stand as a reason."""


def explained(code: str) -> Cause:
    """Title, who mends it and the sentence for the person; a code of another release stands for itself.

    >>> explained("not-insured").title, explained("has-card").citizen
    ('当前不在参保、参合状态', '您已有社会保障卡或正在办理，不必再办。')
    """
    if code in CAUSES:
        return CAUSES[code]
    if code in BY_CODE:
        rule = BY_CODE[code]
        return Cause(code, rule.title, Lane(rule.mended_by).title, rule.citizen)
    return Cause(code, code, "", "")
