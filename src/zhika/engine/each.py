"""Rows done card by card: hand-out and activation. A card's row is an event of the card; the batch's row counts."""

from collections.abc import Mapping, Sequence

from django.db import IntegrityError, transaction
from django.utils import timezone

from zhika.engine import acts, errands, parcels, plastic, progress, rules, turns
from zhika.engine.outgoing import Mailroom, Outgoing
from zhika.engine.registry import STEPS
from zhika.engine.work import ActWork, Done, Subject, Work
from zhika.errors import Fault, NotReady, Refused
from zhika.flows import FLOWS
from zhika.flows.chart import Cards as Effect
from zhika.flows.chart import Grain, Step
from zhika.flows.documents import PROGRESS
from zhika.flows.lanes import Lane
from zhika.ledger import audit
from zhika.ledger.alone import alone
from zhika.ledger.batches import Batch
from zhika.ledger.cards import Card, CardEvent, Failure
from zhika.ledger.custody import Cards, move
from zhika.ledger.places import Group, Place, State, place, today
from zhika.ledger.steps import StepRecord
from zhika.ledger.where import lying_at, where
from zhika.seat.config import Seat

Told = Mapping[str, Mapping[str, str]]


def do_cards(seat: Seat, name: str, told: Told, *, by: str, evidence: str = "") -> int:
    """Do a row of grain card, or an act done card by card, for card serials or for all that lies in a parcel.

    Refuses with every fault before anything is written. Returns how many cards it was done for.
    """
    cards, facts = _cards(told)
    if not cards:
        raise NotReady("没有要办理的卡")
    done = set(CardEvent.objects.filter(card__in=cards, kind=name).values_list("card_id", flat=True))
    lies = _parcels(cards)
    groups: dict[tuple[str, str], list[Card]] = {}
    for card in cards:
        if card.pk not in done:
            groups.setdefault((card.batch.code, lies.get(card.pk, card.batch.code)), []).append(card)
    count = 0
    for (_, subject), some in sorted(groups.items()):
        some.sort(key=lambda card: card.line)
        with turns.turn(seat, some[0].batch.code, wait=True):
            count += _Doing(seat, some, facts, subject, by.strip(), evidence).write(name)
    return count


def _cards(told: Told) -> tuple[list[Card], dict[str, dict[str, str]]]:
    subjects = list(told)
    found: dict[str, list[Card]] = {}
    for start in range(0, len(subjects), 900):
        some = subjects[start : start + 900]
        cards = Card.objects.filter(serial__in=some, failure=None).select_related("batch", "bundle")
        found |= {card.serial or "": [card] for card in cards}
        for code in Group.objects.filter(code__in=some, kind="parcel").values_list("code", flat=True):
            inside = Card.objects.filter(pk__in=parcels.inside(code)).select_related("batch", "bundle")
            found[code] = list(inside)
    if missing := [row for row, subject in enumerate(subjects, 2) if not found.get(subject)]:
        rule = "没有这张卡或这个交接包, 或卡已作废; 请核对编号"
        raise Refused([Fault("办理表", rule, row, "subject") for row in missing])
    facts = {card.application_ref: dict(told[subject]) for subject in subjects for card in found[subject]}
    return [card for subject in subjects for card in found[subject]], facts


def _parcels(cards: Sequence[Card]) -> dict[int, str]:
    """The parcel in which each card lies, where it lies in one."""
    lying = where([card.pk for card in cards])
    places = Place.objects.filter(pk__in=set(lying.values()), group__kind="parcel")
    codes = dict(places.values_list("pk", "group__code"))
    return {card: codes[at] for card, at in lying.items() if at in codes}


class _Doing:
    """Some cards of one parcel or batch, on their way into the books."""

    def __init__(self, seat: Seat, cards: Sequence[Card], facts: Told, subject: str, by: str, evidence: str) -> None:
        self.seat, self.subject, self.by, self.evidence = seat, subject, by, evidence
        self.batch = cards[0].batch
        self.flow = FLOWS[self.batch.process]
        self.people = {card.application_ref: card for card in cards}
        self.facts = {app: facts[app] for app in self.people}

    def write(self, name: str) -> int:
        """Outcome first, then one transaction under the UNIQUE key of the cards' events; things move after it."""
        step = next((s for s in self.flow.steps if s.work == name and s.lane in self.seat.lanes), None)
        lane, number, done = self._row(step) if step else self._act(name)
        mail = Mailroom(self.seat)
        outgoing = [
            out
            for document, rows in done.documents.items()
            if rows.height
            for out in mail.prepare(
                document, rows, Subject(Grain.BATCH, self.batch.code), batch=self.batch, process=self.flow.name,
                lane=lane, work=(number, name),
            )
        ]  # fmt: skip
        cards = [card for app, card in self.people.items() if app not in done.failed]
        try:
            with transaction.atomic():
                alone()
                if Failure.objects.filter(card__in=cards).exists():
                    raise NotReady(f"{self.subject}: 其中有卡刚刚退出批次, 请重新办理")
                self._events(cards, name)
                if step and step.cards is Effect.ISSUE:
                    _issue(cards, self.by)
                if done.write:
                    done.write()
                for out in outgoing:
                    mail.post(out)
                errand = errands.leave(lane, name, done)
                audit.note(self.by, name, self.subject, f"{len(cards)} 张 {self.evidence}"[:200])
        except IntegrityError:
            if CardEvent.objects.filter(card__in=cards, kind=name).exists():
                return 0  # another desk did one of these cards at this moment; what is left will be asked for again
            raise
        errands.run(self.seat, errand)
        return len(cards)

    def _row(self, step: Step) -> tuple[Lane, int | None, Done]:
        kind = Grain.PARCEL if self.subject != self.batch.code else Grain.BATCH
        if step.cards is Effect.ISSUE and kind is not Grain.PARCEL:
            raise NotReady(f"{self.subject}: 卡还没有交到发放单位, 先接收交接包 (zhika todo)")
        rules.check(step.title, self.subject, by=self.by, not_by=step.not_by)
        work = Work(
            seat=self.seat, flow=self.flow, step=step, subject=Subject(kind, self.subject), batch=self.batch,
            people=self.people, facts=self.facts, by=self.by, evidence=self.evidence,
        )  # fmt: skip
        return step.lane, step.number, STEPS[step.lane, step.work](work)

    def _act(self, name: str) -> tuple[Lane, int | None, Done]:
        lane, declared, function = acts.card_by_card(self.seat, name)
        acts.allowed(declared, self.subject, by=self.by, reason=self.evidence)
        work = ActWork(
            seat=self.seat, act=declared, subject=self.subject, batch=self.batch, process=self.flow.name,
            people=self.people, told=self.facts, by=self.by, reason=self.evidence,
        )  # fmt: skip
        return lane, None, function(work)

    def _events(self, cards: Sequence[Card], kind: str) -> None:
        now, day = timezone.now(), today()
        CardEvent.objects.bulk_create(
            [
                CardEvent(card=card, kind=kind, happened_at=now, booked_day=day, by=self.by, cause=self.evidence[:200])
                for card in cards
            ]
        )


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
                    _close(seat, batch, step, counted)
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


def _close(seat: Seat, batch: Batch, step: Step, counted: tuple[int, int]) -> None:
    now = timezone.now()
    told: list[Outgoing] = []
    mail = Mailroom(seat)
    if not seat.platform:
        told += mail.prepare(
            PROGRESS, progress.notice(step, *counted, now), Subject(Grain.BATCH, batch.code), batch=batch,
            process=batch.process, lane=step.lane, work=step.key,
        )  # fmt: skip
    with transaction.atomic():
        alone()
        _, made = StepRecord.objects.get_or_create(
            subject_kind=Grain.BATCH, subject=batch.code, number=step.number, function=step.work,
            defaults={
                "batch": batch, "process": batch.process, "lane": step.lane, "n_in": counted[0], "n_out": counted[1],
                "happened_at": now, "booked_at": now, "by": "zhika",
            },
        )  # fmt: skip
        for out in told if made else ():
            mail.post(out)
