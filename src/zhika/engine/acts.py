"""The one door for acts: command line, console and `zhika work` call the same, and the same rule refuses."""

from collections.abc import Mapping, Sequence

from django.db import IntegrityError, transaction
from django.utils import timezone

from zhika.engine import desk, errands, rules, turns
from zhika.engine.outgoing import Mailroom, Outgoing
from zhika.engine.registry import ACT_FUNCTIONS, BATCH_OF, IN_FULL, ActFunction
from zhika.engine.trouble import attempt
from zhika.engine.work import ActWork, Done, Subject
from zhika.errors import NotAllowed
from zhika.flows import FLOWS
from zhika.flows.acts import ACTS, BY_NAME, Act
from zhika.flows.chart import Grain
from zhika.flows.documents import BY_CODE
from zhika.flows.lanes import Lane
from zhika.ledger import audit
from zhika.ledger.alone import alone
from zhika.ledger.batches import Batch
from zhika.ledger.cards import Card
from zhika.ledger.steps import ActRecord, Paper, times_done
from zhika.seat.config import Seat


def act(
    seat: Seat,
    name: str,
    subject: str,
    *,
    by: str | None,
    second: str = "",
    reason: str = "",
    facts: Mapping[str, str] | None = None,
    batch: Batch | None = None,
    process: str = "",
    lane: Lane | None = None,
    people: Mapping[str, Card] | None = None,
    told: Mapping[str, Mapping[str, str]] | None = None,
) -> bool:
    """Do an act by hand. False: it was done already. Raises NotAllowed with the rule that forbids it.

    `by`: the person whose hand does it; None where it is due by itself, and `zhika work` does it.
    `lane`, `people` (application → card) and `told` (what was said of each) are an act's on picked cards.
    """
    declared = _declared(seat, name)
    if declared.each:
        raise NotAllowed(rules.name_of(by), declared.title, "逐卡办理的事项, 对象是卡 (zhika do)")
    subject = IN_FULL[name](seat, subject) if name in IN_FULL else subject
    if by is not None:
        allowed(declared, subject, by=by, second=second, reason=reason)
    batch = BATCH_OF[name](subject) if batch is None and name in BATCH_OF else batch
    work = ActWork(
        seat=seat, act=declared, subject=subject, batch=batch, process=process, facts=facts or {}, by=rules.name_of(by),
        second=second.strip(), reason=reason, people=people or {}, told=told or {},
    )  # fmt: skip
    functions = [(own, function) for own, function in _functions(seat, declared) if lane in (None, own)]
    with turns.turn(seat, batch.code if batch else subject, wait=by is not None):
        done = [_write(work, own, function, _key(declared, subject)) for own, function in functions]
    return all(done)


def allowed(declared: Act, subject: str, *, by: str, second: str = "", reason: str = "") -> None:
    """The rules with which an act is declared. Raises NotAllowed."""
    rules.check(
        declared.title, subject, by=by, second=second, reason=reason, persons=declared.persons,
        with_reason=declared.reason, not_by=declared.not_by, not_giver=declared.not_giver,
    )  # fmt: skip


def _key(declared: Act, subject: str) -> str:
    """What an act's record stands under: its subject, numbered where the act may be done again."""
    if not declared.repeats:
        return subject
    return f"{subject}#{times_done(declared.name, subject) + 1}"


def run_awaiting(seat: Seat, *, first: bool) -> int:
    """Run every act that awaits a document and nobody's hand, once for each; exception lists before any row.

    A document with which things travel starts an act once they were counted.
    """
    acts = [a for a in ACTS if a.awaits and not a.hand and a.first is first and a.lanes & seat.lanes]
    codes = {a.awaits.code for a in acts if a.awaits}
    papers = Paper.objects.filter(type__in=codes, acted=False, counted=True, receiver=seat.name)
    papers = papers.exclude(state=Paper.SENT)
    count = 0
    for paper in papers.order_by("pk"):
        count += _for_paper(seat, paper, [a for a in acts if a.awaits and a.awaits.code == paper.type])
    return count


def _for_paper(seat: Seat, paper: Paper, acts: Sequence[Act]) -> int:
    batch = Batch.objects.filter(code=paper.batch_code).first() if paper.batch_code else None
    if paper.batch_code and batch is None and paper.type != "acceptance":
        return 0  # kept until the batch is known here
    rows = attempt(Subject(Grain.BATCH, f"paper:{paper.pk}"), "read", lambda: desk.read(seat, paper))
    if rows is None:
        return 0
    count = 0
    for declared in acts:
        if paper.process not in declared.processes:
            continue
        for lane, function in _functions(seat, declared):
            work = ActWork(
                seat=seat, act=declared, subject=f"paper:{paper.pk}", batch=batch, process=paper.process, paper=paper,
                rows=rows,
            )  # fmt: skip
            key = f"paper:{paper.pk}" + (f":{lane}" if lane else "")
            result = attempt(
                Subject(Grain.BATCH, key), declared.name, lambda w=work, n=lane, f=function, k=key: _in_turn(w, n, f, k)
            )
            if result is None:
                return count
            count += result
    changes = {"acted": True} | ({"state": Paper.USED} if not _in_a_row(paper) else {})
    Paper.objects.filter(pk=paper.pk).update(**changes)
    return count + 1


def _in_turn(work: ActWork, lane: Lane | None, function: ActFunction, key: str) -> bool:
    with turns.turn(work.seat, work.batch.code if work.batch else key):
        return _write(work, lane, function, key)


def _in_a_row(paper: Paper) -> bool:
    return bool(FLOWS[paper.process].awaiting(BY_CODE[paper.type]))


def _declared(seat: Seat, name: str) -> Act:
    declared = BY_NAME.get(name)
    if declared is None or not declared.hand:
        raise NotAllowed("zhika do", name, f"没有这项操作。可用: {'、'.join(by_hand(seat))}")
    if not declared.lanes & seat.lanes:
        raise NotAllowed(seat.title, declared.title, "本席位没有承担此事的泳道")
    if not _functions(seat, declared) or not declared.processes & set(seat.processes):
        raise NotAllowed(seat.title, declared.title, f"本席位的流程中没有此事。可用: {'、'.join(by_hand(seat))}")
    return declared


def by_hand(seat: Seat) -> list[str]:
    """Names of the acts that people can do on this seat."""
    served = [a for a in ACTS if a.hand and a.lanes & seat.lanes and a.processes & set(seat.processes)]
    return sorted(a.name for a in served if _functions(seat, a))


def card_by_card(seat: Seat, name: str) -> tuple[Lane, Act, ActFunction]:
    """An act that is done for many cards at once, with the lane here that does it."""
    declared = _declared(seat, name)
    lane, function = _functions(seat, declared)[0]
    if lane is None or not declared.each:
        raise NotAllowed(seat.title, declared.title, "不是逐卡办理的事项")
    return lane, declared, function


def _functions(seat: Seat, declared: Act) -> list[tuple[Lane | None, ActFunction]]:
    if (None, declared.name) in ACT_FUNCTIONS:
        return [(None, ACT_FUNCTIONS[None, declared.name])]
    return [
        (lane, ACT_FUNCTIONS[lane, declared.name])
        for lane in Lane
        if lane in declared.lanes & seat.lanes and (lane, declared.name) in ACT_FUNCTIONS
    ]


def _write(work: ActWork, lane: Lane | None, function: ActFunction, key: str) -> bool:
    """Outcome first, then one transaction under the act's UNIQUE key; things move after it."""
    if ActRecord.objects.filter(name=work.act.name, subject=key).exists():
        return False
    done = function(work)
    done.check_sends(work.act.name, work.act.sends)
    mail = Mailroom(work.seat)
    outgoing = _seal(work, lane, done, mail)
    try:
        with transaction.atomic():
            alone()
            ActRecord.objects.create(
                name=work.act.name, subject=key, happened_at=timezone.now(), by=work.by, second=work.second,
                reason=work.reason,
            )  # fmt: skip
            if done.write:
                done.write()
            for out in outgoing:
                mail.post(out)
            errand = errands.leave(lane, work.act.name, done)
            if work.act.hand:
                audit.note(work.by, work.act.name, work.subject, work.reason)
    except IntegrityError:
        if ActRecord.objects.filter(name=work.act.name, subject=key).exists():
            return False
        raise
    errands.run(work.seat, errand)
    return True


def _seal(work: ActWork, lane: Lane | None, done: Done, mail: Mailroom) -> list[Outgoing]:
    out: list[Outgoing] = []
    for document, rows in done.documents.items():
        if rows.height == 0:
            continue
        batch = work.batch
        kind = Grain.BATCH if batch else Grain.LOT
        code = batch.code if batch else (work.paper.subject if work.paper else work.subject)
        sender = lane or next(iter(sorted(document.senders & work.seat.lanes)))
        out += mail.prepare(
            document, rows, Subject(kind, code), batch=batch, process=work.process or _process(work),
            lane=sender, work=(None, work.act.name), photos=done.photos, to=done.to.get(document),
            handover=done.handover if document.things else "",
        )  # fmt: skip
    return out


def _process(work: ActWork) -> str:
    """The process of an act that nobody named one for: its batch's, or the first here that the act belongs to."""
    if work.batch:
        return work.batch.process
    return next(name for name in work.seat.processes if name in work.act.processes)
