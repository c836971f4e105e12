"""Rows done card by card: hand-out and activation. A card's row is an event of the card; the batch's row counts."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from zhika.card import idnumber
from zhika.engine import acts, errands, origins, parcels, plastic, progress, rules, turns
from zhika.engine.outgoing import Mailroom, Outgoing
from zhika.engine.registry import BY_ID_NUMBER, STEPS
from zhika.engine.trouble import attempt
from zhika.engine.work import ActWork, Done, Subject, Work
from zhika.errors import Fault, NotReady, Refused
from zhika.flows import FLOWS
from zhika.flows.acts import BY_NAME
from zhika.flows.blocking import Standing
from zhika.flows.chart import Cards as Effect
from zhika.flows.chart import Grain, Step
from zhika.flows.documents import PROGRESS
from zhika.flows.lanes import Lane
from zhika.ledger import audit
from zhika.ledger.alone import alone
from zhika.ledger.batches import Batch
from zhika.ledger.cards import Card, CardEvent, Failure
from zhika.ledger.chunks import chunks
from zhika.ledger.custody import Cards, move
from zhika.ledger.places import Balance, Group, Place, State, place, today
from zhika.ledger.steps import StepRecord
from zhika.ledger.where import lying_at, where
from zhika.seat.config import Seat

Told = Mapping[str, Mapping[str, str]]


def do_cards(seat: Seat, name: str, told: Told, *, by: str | None, evidence: str = "") -> int:
    """Do a row of grain card, or an act done card by card, for card serials or for all that lies in a parcel.

    A card may be told by its application number too, and one alone by its holder's ID number: subject '', fact id_no.
    Refuses with every fault before anything is written. Returns how many cards it was done for.
    """
    cards, facts, unknown = _cards(named(seat, told))
    if not cards and not unknown:
        return 0  # parcels from which everything was handed out before
    again = name in BY_NAME and BY_NAME[name].repeats
    events = CardEvent.objects.filter(card__in=cards, kind=name)
    done = set() if again else set(events.values_list("card_id", flat=True))
    lies = _parcels(cards)
    groups: dict[tuple[str, str], list[Card]] = {}
    for card in cards:
        if card.pk not in done:
            groups.setdefault((card.batch.code, lies.get(card.pk, card.batch.code)), []).append(card)
    with ExitStack() as batches:
        for code in sorted({code for code, _ in groups}):
            batches.enter_context(turns.turn(seat, code, wait=True))
        doing = [
            _Doing(seat, sorted(some, key=lambda card: card.line), facts, subject, by, evidence)
            for (_, subject), some in sorted(groups.items())
        ]
        if faults := [*unknown, *(fault for one in doing for fault in one.prepare(name))]:
            raise Refused(faults)
        return sum(one.write(name) for one in doing)


def named(seat: Seat, told: Told) -> Told:
    """What is told; whom only an ID number names, by the application of the one card that the person has here."""
    if "" not in told:
        return told
    number = idnumber.clean(told[""].get("id_no", ""))
    refs = {ref for source in BY_ID_NUMBER.values() for ref in source(seat, number)} if number else set()
    if len(refs) != 1:
        serials = sorted(
            Card.objects.filter(application_ref__in=refs, serial__isnull=False).values_list("serial", flat=True)
        )
        rule = f"名下有卡 {'、'.join(map(str, serials))}, 请按卡序列号办理" if refs else "名下没有有效的卡, 请核对"
        raise Refused([Fault("公民身份号码", rule)])
    return {subject: facts for subject, facts in told.items() if subject} | {refs.pop(): told[""]}


def _cards(told: Told) -> tuple[list[Card], dict[str, dict[str, str]], list[Fault]]:
    """The cards that are told of, their facts, and a fault for each subject that is none."""
    subjects = list(told)
    found: dict[str, list[Card]] = {}
    for some in chunks(subjects):
        cards = Card.objects.filter(serial__in=some, failure=None).select_related("batch", "bundle")
        found |= {card.serial or "": [card] for card in cards}
        asked = Card.objects.filter(application_ref__in=some, serial__isnull=False, failure=None)
        found |= {card.application_ref: [card] for card in asked.select_related("batch", "bundle")}
        for code in Group.objects.filter(code__in=some, kind="parcel").values_list("code", flat=True):
            inside = Card.objects.filter(pk__in=parcels.inside(code)).select_related("batch", "bundle")
            found[code] = list(inside)
        for batch in Batch.objects.filter(code__in=some).select_related("office"):
            here = lying_at(plastic.good(batch.office, batch))
            found[batch.code] = list(Card.objects.filter(pk__in=here).select_related("batch", "bundle"))
    empty = [subject for subject in subjects if not found.get(subject)]
    rule = "没有这张卡、这个交接包或批次, 或卡已作废; 请核对编号"
    unknown = [Fault(f"对象 {subject}", rule) for subject in sorted(set(empty) - _handed_out(empty))]
    facts = {
        card.application_ref: {**told[subject], "subject": subject}
        for subject in subjects
        for card in found.get(subject, ())
    }
    return [card for subject in subjects for card in found.get(subject, ())], facts, unknown


def _handed_out(codes: Sequence[str]) -> set[str]:
    """Parcels and batches of these codes whose cards are in their holders' hands."""
    issued = Balance.objects.filter(n__gt=0, place__state=State.ISSUED, place__group__code__in=list(codes))
    return set(issued.values_list("place__group__code", flat=True))


def _parcels(cards: Sequence[Card]) -> dict[int, str]:
    """The parcel in which each card lies, where it lies in one."""
    lying = where([card.pk for card in cards])
    places = Place.objects.filter(pk__in=set(lying.values()), group__kind="parcel")
    codes = dict(places.values_list("pk", "group__code"))
    return {card: codes[at] for card, at in lying.items() if at in codes}


class _Doing:
    """Some cards of one parcel or batch, on their way into the books."""

    def __init__(
        self, seat: Seat, cards: Sequence[Card], facts: Told, subject: str, by: str | None, evidence: str
    ) -> None:  # fmt: skip
        self.seat, self.subject, self.evidence = seat, subject, evidence
        self.hand, self.by = by is not None, rules.name_of(by)
        self.batch = cards[0].batch
        self.flow = FLOWS[self.batch.process]
        self.people = {card.application_ref: card for card in cards}
        self.facts = {app: facts[app] for app in self.people}
        self.step: Step | None = None
        self.outcome: tuple[Lane, int | None, Done] = (Lane.UNIT, None, Done())

    def prepare(self, name: str) -> Sequence[Fault]:
        """The outcome, before anything is written; or all its faults."""
        self.step = next((s for s in self.flow.steps if s.work == name and s.lane in self.seat.lanes), None)
        try:
            self.outcome = self._row(self.step) if self.step else self._act(name)
        except Refused as refused:
            return refused.faults
        return ()

    def write(self, name: str) -> int:
        """One transaction under the UNIQUE key of the cards' events, as it was prepared; things move after it."""
        step, (lane, number, done) = self.step, self.outcome
        done.check_sends(name, step.sends if step else BY_NAME[name].sends)
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
                if name not in BY_NAME or not BY_NAME[name].repeats:
                    self._events(cards, name)
                if step and step.cards is Effect.ISSUE:
                    _issue(cards, self.by)
                if done.write:
                    done.write()
                for out in outgoing:
                    mail.post(out)
                errand = errands.leave(lane, name, done)
                about = (cards[0].serial or "") if len(cards) == 1 else self.subject
                audit.note(self.by, name, about, f"{len(cards)} 张 {self.evidence}"[:200])
        except IntegrityError:
            if CardEvent.objects.filter(card__in=cards, kind=name).exists():
                return 0  # another desk did one of these cards at this moment; what is left will be asked for again
            raise
        errands.run(self.seat, errand)
        return len(cards)

    def _row(self, step: Step) -> tuple[Lane, int | None, Done]:
        kind = Grain.PARCEL if self.subject != self.batch.code else Grain.BATCH
        if step.cards is Effect.ISSUE and not self._at_the_counter(step, kind):
            raise NotReady(f"{self.subject}: 卡还没有交到发放单位, 先接收交接包 (zhika todo)")
        if self.hand:
            rules.check(step.title, self.subject, by=self.by, evidence=self.evidence, not_by=step.not_by)
            origins.check(step.title, self.people, process=self.flow.name, by=self.by, not_by=step.not_by)
        work = Work(
            seat=self.seat, flow=self.flow, step=step, subject=Subject(kind, self.subject), batch=self.batch,
            people=self.people, facts=self.facts, by=self.by, evidence=self.evidence,
        )  # fmt: skip
        return step.lane, step.number, STEPS[step.lane, step.work](work)

    def _at_the_counter(self, step: Step, kind: Grain) -> bool:
        """In the unit's parcel; or, where the office hands out itself, among the good cards that it has counted."""
        if step.lane is not Lane.CENTRE:
            return kind is Grain.PARCEL
        lying = where([card.pk for card in self.people.values()])
        return set(lying.values()) == {plastic.good(self.batch.office, self.batch).pk}

    def _act(self, name: str) -> tuple[Lane, int | None, Done]:
        lane, declared, function = acts.card_by_card(self.seat, name)
        if self.hand:
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
    """Write the batch's own row of every `each` row whose last card is done or has left. Returns how many.

    A batch of which every row of this seat is done, and no parcel waits, has ended and is not looked at again.
    """
    counts = [
        attempt(Subject(Grain.BATCH, batch.code), "close_rows", partial(_close_rows, seat, batch))
        for batch in _to_count(seat)
    ]
    if None in counts:  # it raised: the next round looks at it again
        _counted.pop(seat.home, None)
    return sum(count or 0 for count in counts)


class _Count(NamedTuple):
    """When a worker counted last, and the newest card event, failure and row at that time."""

    at: datetime
    event: int
    failure: int
    record: int


_counted: dict[Path, _Count] = {}
"""This worker's last count, by seat's home: only what something has happened to since is counted again."""
_WHILE_CLOSING = timedelta(minutes=1)
"""Longer than it takes from a batch's time of closing to the end of that transaction."""


def _to_count(seat: Seat) -> list[Batch]:
    """Closed batches that have not ended and to which something has happened since this worker counted last."""
    newest = [
        table._default_manager.order_by("-pk").values_list("pk", flat=True).first() or 0
        for table in (CardEvent, Failure, StepRecord)
    ]
    before, _counted[seat.home] = _counted.get(seat.home), _Count(timezone.now(), *newest)
    going = Batch.objects.filter(process__in=seat.processes, ended_at=None).exclude(closed_at=None)
    if before is not None:
        touched = set(CardEvent.objects.filter(pk__gt=before.event).values_list("card__batch", flat=True).distinct())
        touched |= set(Failure.objects.filter(pk__gt=before.failure).values_list("card__batch", flat=True).distinct())
        touched |= set(StepRecord.objects.filter(pk__gt=before.record).values_list("batch", flat=True).distinct())
        going = going.filter(Q(pk__in=touched) | Q(closed_at__gt=before.at - _WHILE_CLOSING))
    return list(going.select_related("office").order_by("pk"))


def _close_rows(seat: Seat, batch: Batch) -> int:
    rows = [step for step in FLOWS[batch.process].steps if step.lane in seat.lanes and not step.grain.before_batch]
    done = set(
        StepRecord.objects.filter(subject_kind=Grain.BATCH, subject=batch.code).values_list("number", "function")
    )
    closed = 0
    for step in rows:
        if step.grain.after_batch and step.key not in done and (counted := _counts(batch, step)):
            _close(seat, batch, step, counted)
            done.add(step.key)
            closed += 1
    if {step.key for step in rows} <= done and not parcels.not_passed([batch.code]):
        Batch.objects.filter(pk=batch.pk).update(ended_at=timezone.now())
    return closed


def _counts(batch: Batch, step: Step) -> tuple[int, int] | None:
    """(cards that came, cards done) once nothing is left to do; None before."""
    living = Card.objects.filter(batch=batch, failure=None, serial__isnull=False)
    n = living.count()
    if step.grain is Grain.PARCEL:
        codes = parcels.open_codes(batch)
        done = StepRecord.objects.filter(subject_kind=Grain.PARCEL, subject__in=codes, function=step.work).count()
        left = lying_at(plastic.good(batch.office, batch))
        return (len(codes), done) if codes and done == len(codes) and not left else None
    events = CardEvent.objects.filter(card__batch=batch, kind=step.work)
    done = events.count()
    cancelled = living.filter(block__state=Standing.CANCELLED.value).exclude(pk__in=events.values("card"))
    return (n, done) if n and done + cancelled.count() >= n else None


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
                "happened_at": now, "booked_at": now, "by": rules.MACHINE,
            },
        )  # fmt: skip
        for out in told if made else ():
            mail.post(out)
