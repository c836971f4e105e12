"""Rows done card by card: hand-out and activation. A card's row is an event of the card; the batch's row counts."""

from collections.abc import Mapping, Sequence

from django.db import IntegrityError, transaction
from django.utils import timezone

from zhika.engine import parcels, plastic
from zhika.engine.outgoing import Mailroom
from zhika.engine.registry import STEPS
from zhika.engine.work import Subject, Work
from zhika.errors import Fault, NotReady, Refused
from zhika.flows import FLOWS
from zhika.flows.chart import Cards as Effect
from zhika.flows.chart import Flow, Grain, Step
from zhika.ledger import audit
from zhika.ledger.batches import Batch
from zhika.ledger.cards import Card, CardEvent
from zhika.ledger.custody import Cards, Group, Place, State, lying_at, move, place, today, where
from zhika.ledger.steps import StepRecord
from zhika.seat.config import Seat


def do_cards(seat: Seat, name: str, told: Mapping[str, Mapping[str, str]], *, by: str, evidence: str = "") -> int:
    """Do a row of grain card for these subjects: card serials, or a parcel's code for all that lies in it.

    Refuses with every fault before anything is written. Returns how many cards it was done for.
    """
    wanted, facts = _cards(told)
    if not wanted:
        raise NotReady("没有要办理的卡")
    groups: dict[tuple[str, str], list[Card]] = {}
    for card in wanted:
        groups.setdefault((card.batch.code, _parcel(card, name)), []).append(card)
    count = 0
    for (batch_code, subject), cards in sorted(groups.items()):
        batch = Batch.objects.get(code=batch_code)
        flow = FLOWS[batch.process]
        step = flow.step(name)
        fresh = [c for c in cards if not CardEvent.objects.filter(card=c, kind=name).exists()]
        if fresh:
            count += _write(seat, batch, flow, step, subject, fresh, facts, by=by, evidence=evidence)
    return count


def _cards(told: Mapping[str, Mapping[str, str]]) -> tuple[list[Card], dict[str, dict[str, str]]]:
    cards: list[Card] = []
    facts: dict[str, dict[str, str]] = {}
    faults = []
    for row, (subject, said) in enumerate(told.items(), 2):
        if Group.objects.filter(code=subject, kind="parcel").exists():
            found = list(Card.objects.filter(pk__in=parcels.inside(subject)).select_related("batch", "bundle"))
        else:
            found = list(Card.objects.filter(serial=subject, failure=None).select_related("batch", "bundle"))
        if not found:
            faults.append(Fault("办理表", "没有这张卡或这个交接包, 或卡已作废; 请核对编号", row, "subject"))
        for card in found:
            cards.append(card)
            facts[card.application_ref] = dict(said)
    if faults:
        raise Refused(faults)
    return cards, facts


def _parcel(card: Card, name: str) -> str:
    """The parcel in which a card lies; the batch where the row knows no parcels."""
    at = where([card.pk]).get(card.pk)
    lies = Place.objects.select_related("group").filter(pk=at).first() if at else None
    return lies.group.code if lies and lies.group.kind == "parcel" else card.batch.code


def _write(
    seat: Seat, batch: Batch, flow: Flow, step: Step, subject: str, cards: Sequence[Card],
    facts: Mapping[str, Mapping[str, str]], *, by: str, evidence: str,
) -> int:  # fmt: skip
    kind = Grain.PARCEL if subject != batch.code else Grain.BATCH
    if step.cards is Effect.ISSUE and kind is not Grain.PARCEL:
        raise NotReady(f"{subject}: 卡还没有交到发放单位, 先接收交接包 (zhika todo)")
    people = {card.application_ref: card for card in sorted(cards, key=lambda c: c.line)}
    work = Work(
        seat=seat, flow=flow, step=step, subject=Subject(kind, subject), batch=batch, people=people,
        facts={app: facts.get(app, {}) for app in people}, by=by, evidence=evidence,
    )  # fmt: skip
    done = STEPS[step.lane, step.work](work)
    mail = Mailroom(seat)
    outgoing = [
        out
        for document, rows in done.documents.items()
        if rows.height
        for out in mail.prepare(
            document, rows, Subject(Grain.BATCH, batch.code), batch=batch, process=flow.name, lane=step.lane,
            work=step.key,
        )
    ]  # fmt: skip
    doing = [card for app, card in people.items() if app not in done.failed]
    try:
        with transaction.atomic():
            CardEvent.objects.bulk_create(
                [
                    CardEvent(
                        card=card, kind=step.work, happened_at=work.now, booked_day=today(), by=by,
                        cause=evidence[:200],
                    )
                    for card in doing
                ]
            )  # fmt: skip
            if step.cards is Effect.ISSUE:
                _issue(doing, by)
            if done.write:
                done.write()
            for out in outgoing:
                mail.post(out)
            audit.note(by, step.work, subject, f"{len(doing)} 张 {evidence}"[:200])
    except IntegrityError:
        return 0  # another desk did one of these cards at this moment; what is left will be asked for again
    if done.after:
        done.after()
    return len(doing)


def _issue(cards: Sequence[Card], by: str) -> None:
    """From the unit's parcel into the person's hand."""
    lying = where([card.pk for card in cards])
    for source in Place.objects.filter(pk__in=set(lying.values())).select_related("organisation", "group"):
        here = [pk for pk, at in lying.items() if at == source.pk]
        move(source, place(source.organisation, State.ISSUED, source.group), Cards(here), cause="issue", by=by)


def close_rows(seat: Seat) -> int:
    """Write the batch's own row of every `each` row whose last card is done or has left. Returns how many."""
    closed = 0
    for batch in Batch.objects.filter(process__in=seat.processes).exclude(closed_at=None).select_related("office"):
        for step in FLOWS[batch.process].steps:
            if step.lane in seat.lanes and step.grain.after_batch and not _has_row(batch, step):
                counted = _counts(batch, step)
                if counted:
                    _close(batch, step, counted)
                    closed += 1
    return closed


def _has_row(batch: Batch, step: Step) -> bool:
    return StepRecord.objects.filter(
        subject_kind=Grain.BATCH, subject=batch.code, number=step.number, function=step.work
    ).exists()  # fmt: skip


def _counts(batch: Batch, step: Step) -> tuple[int, int] | None:
    """(cards that came, cards done) once nothing is left to do; None before."""
    living = Card.objects.filter(batch=batch, failure=None, serial__isnull=False)
    n = living.count()
    if step.grain is Grain.PARCEL:
        codes = parcels.open_codes(batch)
        done = StepRecord.objects.filter(subject_kind=Grain.PARCEL, subject__in=codes, function=step.work).count()
        left = lying_at(plastic.good(batch.office, batch))
        return (len(codes), done) if codes and done == len(codes) and not left else None
    done = CardEvent.objects.filter(card__batch=batch, kind=step.work).count()
    return (n, done) if n and done >= n else None


def _close(batch: Batch, step: Step, counted: tuple[int, int]) -> None:
    now = timezone.now()
    StepRecord.objects.get_or_create(
        subject_kind=Grain.BATCH, subject=batch.code, number=step.number, function=step.work,
        defaults={
            "batch": batch, "process": batch.process, "lane": step.lane, "n_in": counted[0], "n_out": counted[1],
            "happened_at": now, "booked_at": now, "by": "zhika",
        },
    )  # fmt: skip
