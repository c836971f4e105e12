"""Where a card comes from: the lot, application and batch behind it, and who did what to them.

Looked up for all cards of a hand-out at once; only a platform seat has the applications to follow.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from zhika.engine.rules import names
from zhika.errors import NotAllowed
from zhika.flows import title_of
from zhika.ledger.chunks import chunks
from zhika.ledger.steps import ActRecord, StepRecord

Doers = Mapping[str, Mapping[str, str]]
"""Application number → name of who did something to it → the row or act that it was."""


def doers(refs: Collection[str], functions: Sequence[str]) -> Doers:
    """Who did one of these rows or acts on an application, its lot or batch; of a new start, on the first one too."""
    behind = _behind(refs)
    by_subject = _done({subject for subjects in behind.values() for subject in subjects}, functions)
    entered = _entered(refs) if "fill_form" in functions else {}
    return {
        ref: {name: work for subject in subjects for name, work in by_subject.get(subject, {}).items()}
        | entered.get(ref, {})
        for ref, subjects in behind.items()
    }


def check(title: str, refs: Collection[str], *, process: str, by: str, not_by: Sequence[str]) -> None:
    """Raises NotAllowed where `by` made, entered or asked for one of these cards of one process."""
    if not not_by:
        return
    name = by.strip()
    mine = [done[name] for done in doers(refs, not_by).values() if name in done]
    if mine:
        what = "、".join(sorted({title_of(work, process) for work in mine}))
        raise NotAllowed(name, title, f"其中 {len(mine)} 张卡的「{what}」是同一人所为, 须由他人办理")


def _behind(refs: Iterable[str]) -> dict[str, set[str]]:
    """Application number → subjects that its card went through: itself, its lot, its batch; of a new start, all."""
    from zhika.people.models import Application

    found: dict[str, set[str]] = {ref: set() for ref in refs}
    later = {ref: ref for ref in found}
    while later:
        earlier: dict[str, str] = {}
        for some in chunks(sorted(set(later))):
            rows = Application.objects.filter(ref__in=some)
            for ref, lot, batch, first in rows.values_list("ref", "lot", "batch_code", "restarts__ref"):
                found[later[ref]] |= {ref, lot, batch} - {""}
                if first:
                    earlier[first] = later[ref]
        later = earlier
    return found


def _done(subjects: Collection[str], functions: Sequence[str]) -> dict[str, dict[str, str]]:
    """Subject → name → function, of rows and of acts; an act that forms a batch names it last."""
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for some in chunks(sorted(set(subjects))):
        rows = StepRecord.objects.filter(subject__in=some, function__in=functions)
        for subject, name, work in rows.values_list("subject", "by", "function"):
            found[subject] |= dict.fromkeys(names(name), work)
    for subject, name, work in ActRecord.objects.filter(name__in=functions).values_list("subject", "by", "name"):
        for part in subject.split("/"):
            if part in subjects:
                found[part] |= dict.fromkeys(names(name), work)
    return found


def _entered(refs: Iterable[str]) -> dict[str, dict[str, str]]:
    """Who typed the request of an application."""
    from zhika.people.models import Request

    found: dict[str, dict[str, str]] = {}
    for some in chunks(sorted(set(refs))):
        rows = Request.objects.filter(ref__in=some).values_list("ref", "entered_by")
        found |= {ref: {name.strip(): "fill_form"} for ref, name in rows}
    return found
