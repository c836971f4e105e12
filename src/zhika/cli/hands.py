"""What `zhika do` calls: a row of a chart by hand, a row card by card, or an act."""

from collections.abc import Mapping
from pathlib import Path

from zhika.cli.seat import near
from zhika.engine import acts, each, loop
from zhika.engine.registry import FROM_FILE
from zhika.engine.run import done_already, run
from zhika.engine.work import Subject
from zhika.errors import NotAllowed, NotReady
from zhika.flows import FLOWS
from zhika.flows.acts import BY_NAME
from zhika.flows.chart import Flow, Grain, Kind, Step
from zhika.ledger.batches import Batch
from zhika.ledger.cards import Card
from zhika.seat.config import Seat

Told = Mapping[str, Mapping[str, str]]


def hand(seat: Seat, name: str, told: Told, *, by: str, second: str, reason: str, evidence: str) -> int:
    """Do it for every subject; returns how many were done now."""
    if name in FROM_FILE:
        told = {s: f for path, facts in told.items() for s, f in FROM_FILE[name](seat, Path(path), facts)}
    charted = [
        (FLOWS[process], step)
        for process in seat.processes
        for step in FLOWS[process].steps
        if step.work == name and step.lane in seat.lanes
    ]
    rows = [(flow, step) for flow, step in charted if step.kind in (Kind.HAND, Kind.EACH)]
    if charted and not rows:
        raise NotAllowed(by, f"办理 {name}", f"这一步不用人手: zhika -C {near(seat.home)} work")
    if any(step.grain is Grain.CARD for _, step in rows) or (name in BY_NAME and BY_NAME[name].each):
        return each.do_cards(seat, name, told, by=by, evidence=evidence)
    if rows:
        return sum(_row(seat, name, subject, facts, by, second, evidence) for subject, facts in told.items())
    if name not in BY_NAME:
        steps = (s for p in seat.processes for s in FLOWS[p].steps if s.lane in seat.lanes)
        known = sorted({s.work for s in steps if s.kind in (Kind.HAND, Kind.EACH)})
        hands = acts.by_hand(seat)
        raise NotAllowed(by, f"办理 {name}", f"没有这一事项。可用: {'、'.join([*known, *hands])}")
    count = 0
    for subject, facts in told.items():
        batch = _batch(subject)
        process = facts.get("process") or (batch.process if batch else subject.split("/")[0])
        count += acts.act(
            seat, name, subject, by=by, second=second, reason=reason, facts=facts, batch=batch,
            process=process if process in FLOWS else "",
        )  # fmt: skip
    return count


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
    for about, flow, step in loop.due_rows(seat):
        if step.work == name and about.code == subject:
            return about, flow, step
    for process in seat.processes:
        for step in FLOWS[process].steps:
            about = Subject(step.grain, subject)
            if step.work == name and done_already(about, step):
                return about, FLOWS[process], step
    return None


def _batch(subject: str) -> Batch | None:
    """The batch that an act's subject speaks of: its own code, a handover's, a card's."""
    code = subject.split("~")[0].split(".")[0]
    found = Batch.objects.filter(code=code).first()
    if found is None:
        card = Card.objects.select_related("batch").filter(serial=subject).first()
        found = card.batch if card else None
    return found
