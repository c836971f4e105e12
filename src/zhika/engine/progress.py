"""Where a batch stands on its chart: own rows and notices of other seats, for the picture and the lists."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import polars as pl
from django.db.models import Q

from zhika.engine.next import ready
from zhika.errors import ConfigurationError
from zhika.flows import FLOWS
from zhika.flows.causes import title
from zhika.flows.chart import Grain, Step
from zhika.flows.documents import BY_CODE, PROGRESS
from zhika.flows.lanes import Lane
from zhika.flows.state import State, StepState
from zhika.ledger.batches import Batch
from zhika.ledger.cards import CardEvent, Failure
from zhika.ledger.places import SHANGHAI
from zhika.ledger.steps import Paper, StepRecord


def state(code: str) -> State:
    """The batch of this code on its chart. Raises ConfigurationError for a code that this seat doesn't know."""
    batch = Batch.objects.filter(code=code).first()
    if batch is None:
        raise ConfigurationError(f"没有批次 {code}。zhika batches 列出本席位的批次")
    flow = FLOWS[batch.process]
    records = {(r.number, r.function): r for r in StepRecord.objects.filter(subject_kind=Grain.BATCH, subject=code)}
    lots = _lots(batch)
    steps: dict[tuple[int, str], StepState] = {}
    for step in flow.steps:
        record = records.get(step.key)
        if record:
            at = record.happened_at.astimezone(SHANGHAI)
            steps[step.key] = StepState(True, at, record.n_in, record.n_out)
        elif step.grain.before_batch and step.work in lots:
            n_in, n_out, at = lots[step.work]
            steps[step.key] = StepState(True, at.astimezone(SHANGHAI), n_in, n_out)
    done = set(steps)
    sent = {BY_CODE[t] for t in Paper.objects.filter(batch_code=code).values_list("type", flat=True)}
    sent |= {document for step in flow.steps if step.key in done for document in step.sends}
    waiting = ready(flow, Grain.BATCH, done=done, filed=sent, here=frozenset(Lane))
    waiting += [s for s in flow.steps if s.grain.after_batch and s.key not in done and set(s.awaits) <= sent]
    for step in waiting:
        n_in, n_out = _each(batch, step)
        steps[step.key] = StepState(waiting=True, waits_for=step.lane.title, n_in=n_in, n_out=n_out)
    failed = Counter(
        title(cause) for cause in Failure.objects.filter(card__batch=batch).values_list("cause", flat=True)
    )
    return State(code, steps, failed)


def notice(step: Step, n_in: int, n_out: int, at: datetime) -> pl.DataFrame:
    """进度通知: one row of a chart that was done, for the platform's picture."""
    row = {
        "number": str(step.number), "lane": str(step.lane), "work": step.work, "n_in": str(n_in),
        "n_out": str(n_out), "at": at.isoformat(timespec="seconds"),
    }  # fmt: skip
    return pl.DataFrame([row], schema=dict.fromkeys(PROGRESS.columns, pl.String))


def _lots(batch: Batch) -> Mapping[str, tuple[int, int, object]]:
    """Rows about the lots or applications from which the batch was formed: summed, where this seat knows them."""
    from django.apps import apps

    if not apps.is_installed("zhika.people"):
        return {}
    from zhika.people.models import Application

    made = Application.objects.filter(batch_code=batch.code)
    sums: dict[str, tuple[int, int, object]] = {}
    early = Q(subject_kind=Grain.LOT, subject__in=made.exclude(lot="").values("lot"))
    early |= Q(subject_kind=Grain.APPLICATION, subject__in=made.values("ref"))
    for record in StepRecord.objects.filter(early).order_by("happened_at"):
        n_in, n_out, _ = sums.get(record.function, (0, 0, None))
        sums[record.function] = (n_in + record.n_in, n_out + record.n_out, record.happened_at)
    return sums


def _each(batch: Batch, step: Step) -> tuple[int | None, int | None]:
    """Counts of a row done card by card, while it is under way."""
    if step.grain is not Grain.CARD:
        return None, None
    kinds = [step.work, {"hand_out": "collected", "activate": "activated"}.get(step.work, step.work)]
    n = CardEvent.objects.filter(card__batch=batch, kind__in=kinds).values("card").distinct().count()
    return batch.cards.filter(failure=None).count(), n


def history(batch: str = "") -> list[dict[str, Any]]:
    """Every row done, own and told by other seats, in the order in which they happened."""
    found = StepRecord.objects.select_related("batch").order_by("happened_at", "pk")
    if batch:
        found = found.filter(batch__code=batch)
    titles = {(flow.name, *step.key): step.title for flow in FLOWS.values() for step in flow.steps}
    return [
        {
            "batch": r.batch.code if r.batch else "", "process": r.process, "subject": r.subject,
            "subject_kind": r.subject_kind, "number": r.number, "work": r.function,
            "title": titles.get((r.process, r.number, r.function), r.function), "lane": r.lane, "n_in": r.n_in,
            "n_out": r.n_out, "happened_at": r.happened_at.astimezone(SHANGHAI).isoformat(timespec="milliseconds"),
            "by": r.by, "source": r.source,
        }
        for r in found
    ]  # fmt: skip
