"""What `zhika do` calls: a row of a chart by hand, a row card by card, or an act."""

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from pathlib import Path

from zhika.cli.seat import near
from zhika.engine import acts, counted, each, loop, many, picked
from zhika.engine.registry import FROM_FILE, SAID
from zhika.engine.run import done_already, run
from zhika.engine.work import Subject
from zhika.errors import Fault, NotAllowed, NotReady, Refused, ZhikaError
from zhika.flows import FLOWS
from zhika.flows.acts import BY_NAME
from zhika.flows.chart import Flow, Grain, Kind, Step
from zhika.ledger.batches import Batch
from zhika.ledger.cards import Card, CardEvent
from zhika.ledger.places import SHANGHAI, Group
from zhika.ledger.steps import Paper
from zhika.seat.config import Seat

Told = Mapping[str, Mapping[str, str]]
SHOWN = 20
"""Subjects of which it is said when they were done before."""


def hand(
    seat: Seat, name: str, told: Told, *, by: str, second: str, reason: str, evidence: str,
    done: list[str] | None = None,
) -> int:  # fmt: skip
    """Do it for every subject; returns how many were done now. `done` gets each that was not refused."""
    if name in FROM_FILE:
        told = _from_files(seat, name, told)
    charted = [
        (FLOWS[process], step)
        for process in seat.processes
        for step in FLOWS[process].steps
        if step.work == name and step.lane in seat.lanes
    ]
    rows = [(flow, step) for flow, step in charted if step.kind in (Kind.HAND, Kind.EACH)]
    if charted and not rows:
        raise NotAllowed(by, f"办理 {name}", f"这一步不用人手: zhika -C {near(seat.home)} work")
    if any(step.grain is Grain.APPLICATION for _, step in rows):
        return many.do_applications(seat, name, told, by=by, evidence=evidence)
    if any(step.grain is Grain.CARD for _, step in rows) or (name in BY_NAME and BY_NAME[name].each):
        return each.do_cards(seat, name, told, by=by, evidence=evidence or reason)
    if "" in told:
        raise NotAllowed(by, f"办理 {name}", "没有对象: 写在命令后, 或用 --file")
    if name in BY_NAME and BY_NAME[name].picked:
        return picked.do(seat, name, told, by=by, second=second, reason=reason)
    if rows:
        return _all(told, lambda subject, facts: _row(seat, name, subject, facts, by, second, evidence), done)
    if name not in BY_NAME:
        steps = (s for p in seat.processes for s in FLOWS[p].steps if s.lane in seat.lanes)
        known = sorted({s.work for s in steps if s.kind in (Kind.HAND, Kind.EACH)})
        hands = acts.by_hand(seat)
        raise NotAllowed(by, f"办理 {name}", f"没有这一事项。可用: {'、'.join([*known, *hands])}")
    return _all(told, lambda subject, facts: _act(seat, name, subject, facts, by, second, reason), done)


def _from_files(seat: Seat, name: str, told: Told) -> Told:
    """What each file, or what stands for one, tells. Raises Refused with the faults of all of them."""
    found, faults = dict[str, Mapping[str, str]](), list[Fault]()
    for path, facts in told.items():
        try:
            found |= dict(FROM_FILE[name](seat, Path(path), facts))
        except Refused as error:
            faults += error.faults
    if faults:
        raise Refused(faults)
    return found


def _all(told: Told, do: Callable[[str, Mapping[str, str]], bool], done: list[str] | None) -> int:
    """Do it for each by itself: what can't be done stops no other. Raises with all that was not done, and why."""
    count, faults = 0, list[Fault]()
    for subject, facts in told.items():
        try:
            count += do(subject, facts)
            if done is not None:
                done.append(subject)
        except ZhikaError as error:
            if len(told) == 1:
                raise
            faults += error.faults if isinstance(error, Refused) else [Fault(f"对象 {subject}", str(error))]
    if faults:
        raise Refused([*([Fault("已办", f"{count} 件; 以下未办")] if count else []), *faults])
    return count


def _act(seat: Seat, name: str, subject: str, facts: Mapping[str, str], by: str, second: str, reason: str) -> bool:
    batch = _batch(subject)
    process = facts.get("process") or (batch.process if batch else subject.split("/")[0])
    return acts.act(
        seat, name, subject, by=by, second=second, reason=reason, facts=facts, batch=batch,
        process=process if process in FLOWS else "",
    )  # fmt: skip


def results(seat: Seat, name: str, subjects: Iterable[str]) -> list[str]:
    """What whoever did it must see at once: what was counted of a handover, what was given back of a fee."""
    said = counted.said if name == "accept" else SAID.get(name)
    return [f"{code}  {line}" for code in subjects for line in said(seat, code)] if said else []


def before(seat: Seat, name: str, told: Told) -> list[str]:
    """When each card was done before, by whom and on which evidence, and how it stands now; of the first ones told."""
    subjects = list(islice(each.named(seat, told), SHOWN))
    cards = list(Card.objects.filter(serial__in=subjects).values_list("pk", flat=True))
    cards += Card.objects.filter(application_ref__in=subjects).values_list("pk", flat=True)
    lines = []
    for event in CardEvent.objects.filter(card__in=cards, kind=name).select_related("card__block").order_by("pk"):
        at, block = event.happened_at.astimezone(SHANGHAI), getattr(event.card, "block", None)
        evidence = f" ({event.cause})" if event.cause else ""
        now = f"; 现{block.standing.title}" if block and block.standing.blocked else ""
        lines.append(f"{event.card.serial}  {at:%Y-%m-%d %H:%M} {event.by} 已办{evidence}{now}")
    return lines


def _row(seat: Seat, name: str, subject: str, facts: Mapping[str, str], by: str, second: str, evidence: str) -> bool:
    found = _find(seat, name, subject, facts)
    if found is None:
        raise NotReady(f"{subject}: 现在没有待办的「{name}」; zhika -C {near(seat.home)} todo 列出待办")
    about, flow, step = found
    if done_already(about, step):
        return False
    return run(seat, about, flow, step, by=by, evidence=evidence, facts={"": {**facts, "second": second}})


def _find(seat: Seat, name: str, subject: str, facts: Mapping[str, str]) -> tuple[Subject, Flow, Step] | None:
    """The row of this name that is ready, was done, or begins here (collecting awaits nothing)."""
    process = facts.get("process", "")
    if process in seat.processes:
        step = FLOWS[process].step(name)
        if step.grain.before_batch and not step.awaits:
            return Subject(step.grain, subject), FLOWS[process], step
    for about, flow, step in loop.due_rows(seat, subject):
        if step.work == name:
            return about, flow, step
    for process in seat.processes:
        for step in FLOWS[process].steps:
            about = Subject(step.grain, subject)
            if step.work == name and done_already(about, step):
                return about, FLOWS[process], step
    return None


def _batch(subject: str) -> Batch | None:
    """The batch that an act's subject speaks of: by its own code, a handover's, a parcel's or a card's."""
    of = (
        Batch.objects.filter(code=subject),
        Batch.objects.filter(code__in=Paper.objects.filter(handover_code=subject).values("batch_code")),
        Batch.objects.filter(handovers__code=subject),
        Batch.objects.filter(code__in=Group.objects.filter(code=subject, kind="parcel").values("ref")),
        Batch.objects.filter(cards__serial=subject),
    )
    return next((batch for found in of if (batch := found.first())), None)
