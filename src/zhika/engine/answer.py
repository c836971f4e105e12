"""Where is my card: one answer for a person, from this seat's records alone. Names and ID numbers are masked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from zhika.card import idnumber
from zhika.engine import desk
from zhika.engine.check import id_key
from zhika.engine.paid import Fee, fees
from zhika.engine.promise import Promise, promise
from zhika.engine.reasons import explained
from zhika.engine.registry import BY_PROXY
from zhika.engine.sides import Side, bank_side, social_side
from zhika.engine.standing import Standing, Subject, standing
from zhika.engine.whereabouts import Moved, Whereabouts, papers_of, whereabouts
from zhika.errors import NotReady
from zhika.flows import FLOWS, title_of
from zhika.flows.chart import Cards, Step
from zhika.flows.documents import COLLECTION, DESTRUCTION
from zhika.flows.lanes import Lane
from zhika.flows.requests import KINDS
from zhika.ledger.batches import Batch, Organisation
from zhika.ledger.cards import Card, CardEvent, Failure
from zhika.ledger.places import State, today
from zhika.ledger.steps import Paper
from zhika.people import deaths
from zhika.people.models import Application, Person, Request
from zhika.people.restarts import origin
from zhika.seat.config import Seat

_TOLD = (Request.FILLED, Request.APPLIED, Request.WITHDRAWN)
"""States in which the request of somebody who is no person yet is told for the ID number."""


@dataclass(frozen=True)
class Row:
    """A row of the chart and who does it."""

    number: int
    title: str
    lane: str
    by: str
    """Organisation, or the holder in person."""


@dataclass(frozen=True)
class Failed:
    """Why an application failed, what the holder is told, and the new start."""

    cause: str
    title: str
    mended_by: str
    citizen: str
    row: str
    at: datetime
    again: bool
    """Whether the person may start again."""
    restarted_by: tuple[str, ...]
    """Numbers of the applications that start it again."""


@dataclass(frozen=True)
class Told:
    """One application of a person."""

    ref: str
    process: str
    chart: str
    kind: str
    reason: str
    """The kind of request, in words; "" where it came with a lot."""
    made_at: datetime
    batch: str
    serial: str
    row: Row | None
    """The last row done."""
    since: datetime
    next: tuple[Row, ...]
    plastic: Whereabouts | None
    proxy: bool
    """Somebody else collected it for the holder."""
    moved: Moved | None
    social: Side
    bank: Side
    failed: Failed | None
    replaces: str
    replaced_by: tuple[str, ...]
    closed: bool
    """Neither the person's card nor on the way to be it."""
    withdrawn: bool
    """The person asks for it no more."""
    ready: bool
    """The card lies where the person can have it."""
    promise: Promise | None
    fees: tuple[Fee, ...]
    """Oldest first: whoever gave up a request and asks again pays again."""


@dataclass(frozen=True)
class Answer:
    """What is told of one person."""

    name: str
    id_no: str
    dead: bool
    """Stands on a list of the dead: nothing comes next, nobody fetches a card."""
    applications: tuple[Told, ...]


def answer(seat: Seat, query: str, *, now: datetime | None = None) -> Answer:
    """The answer for an application number, a card serial or an ID number.

    Raises NotReady where nobody here has this number; the message never repeats an ID number.
    """
    person, request = _find(seat, query.strip())
    at = now or timezone.now()
    if person is None:
        assert request is not None
        fields = request.fields
        number = fields.get("id_no", "")
        dead = bool(number) and _dead(id_key(seat.home, number))
        told = (_asked(seat, request, at, dead=dead),)
        return Answer(idnumber.mask_name(fields.get("name", "")), idnumber.mask(number), dead, told)
    applications = list(Application.objects.filter(person=person).select_related("replaces", "restarts"))
    refs = [one.ref for one in applications]
    asked = person.requests.exclude(ref__in=refs).select_related("office")
    known = _Known(seat, person, applications, at)
    mine = [_of(known, one) for one in applications]
    mine += [_asked(seat, one, at, dead=known.dead) for one in asked]
    mine.sort(key=lambda one: (one.made_at, one.ref), reverse=True)
    return Answer(idnumber.mask_name(person.name), idnumber.mask(person.id_no), known.dead, tuple(mine))


def _dead(key: str) -> bool:
    return bool(deaths.among([key]))


def _find(seat: Seat, query: str) -> tuple[Person | None, Request | None]:
    """The person, or a request of somebody who is none yet."""
    people = Person.objects.select_related("unit", "office")
    requests = Request.objects.select_related("office")
    of_card = Card.objects.filter(serial=query).values("application_ref")
    if person := people.filter(Q(applications__ref=query) | Q(applications__ref__in=of_card)).first():
        return person, None
    if request := requests.filter(ref=query).first():
        return (people.get(pk=request.person_id), None) if request.person_id else (None, request)
    number = idnumber.clean(query)
    if not is_id_number(query):
        raise NotReady(f"没有找到 {query}: 应为申请编号或卡序列号; 公民身份号码请写 - 并从标准输入给出")
    if person := people.filter(id_key=id_key(seat.home, number)).first():
        return person, None
    waiting = requests.filter(state__in=_TOLD, fields__id_no=number).order_by("-pk")
    if request := waiting.first():
        return None, request
    raise NotReady("没有找到此公民身份号码的申请: 请核对后再查 (须为 18 位)")


def is_id_number(text: str) -> bool:
    """Whether a text looks like an ID number, old ones of 15 digits too.

    >>> is_id_number("35050219900101001x"), is_id_number("A26112300000017"), is_id_number("QZ26000000017")
    (True, False, False)
    """
    number = idnumber.clean(text)
    return len(number) in (15, 18) and number[:-1].isdecimal()


class _Known:
    """What a few queries tell of all applications of a person."""

    def __init__(self, seat: Seat, person: Person, mine: Sequence[Application], now: datetime) -> None:
        self.seat, self.person, self.now = seat, person, now
        refs = [one.ref for one in mine]
        found = (
            Card.objects.filter(application_ref__in=refs)
            .order_by("pk")
            .select_related("batch__office", "failure", "block")
        )
        self.cards = {card.application_ref: card for card in found}
        """Each application's card, the last one where it stood in two batches."""
        keys = [card.pk for card in self.cards.values()]
        self.lying = whereabouts(seat, keys)
        self.events: dict[int, dict[str, datetime]] = {}
        self.signed: dict[int, str] = {}
        """The evidence of each card's hand-out."""
        events = CardEvent.objects.filter(card__in=keys).values_list("card_id", "kind", "happened_at", "cause")
        for card, kind, at, cause in events:
            self.events.setdefault(card, {})[kind] = at
            if kind == "hand_out":
                self.signed[card] = cause
        serials = [card.serial for card in self.cards.values() if card.serial]
        self.by_proxy = {serial for collected in BY_PROXY.values() for serial in collected(serials)}
        after = Application.objects.filter(Q(restarts__in=mine) | Q(replaces__in=mine)).order_by("pk")
        asked = {ref: (kind, state) for ref, kind, state in
                 Request.objects.filter(ref__in=refs).values_list("ref", "kind", "state")}  # fmt: skip
        self.reasons = {ref: KINDS[kind].title for ref, (kind, _) in asked.items()}
        self.withdrawn = {ref for ref, (_, state) in asked.items() if state == Request.WITHDRAWN}
        self.fees = fees(seat, refs)
        self.dead = _dead(person.id_key)
        self.lots = {one.ref: one.lot for one in mine}
        gone = {one.ref for one in after if self.withdrawn and origin(one) in self.withdrawn}
        self.followers = [(one.ref, one.restarts_id, one.replaces_id) for one in after if one.ref not in gone]


def _of(known: _Known, one: Application) -> Told:
    card = known.cards.get(one.ref)
    plastic = known.lying.get(card.pk) if card else None
    events = known.events.get(card.pk, {}) if card else {}
    failure, block = getattr(card, "failure", None), getattr(card, "block", None)
    first = origin(one)
    subject = Subject(
        one.ref, one.process, one.made_at, one.lot or known.lots.get(first, ""), one.batch_code,
        plastic.parcel if plastic else "", events, first if first != one.ref else "",
        failure.happened_at if failure else None,
    )  # fmt: skip
    stands = standing(subject)
    closed = not (one.live or one.pending)
    over = failure is not None or closed
    ended = over or known.dead
    office = card.batch.office if card else known.person.office
    issue = next((step for step in stands.next if step.cards is Cards.ISSUE), None)
    ready = not ended and issue is not None and plastic is not None and _at_hand(plastic, issue, office)
    parties = _parties(known.seat, card.batch if card else None, office, known.person.unit)
    moved = _moved(known, card, plastic) if card and plastic else None
    restarts = tuple(ref for ref, restarted, _ in known.followers if restarted == one.pk)
    return Told(
        ref=one.ref, process=one.process, chart=FLOWS[one.process].title, kind=one.kind,
        reason=known.reasons.get(one.ref, ""), made_at=one.made_at,
        batch=one.batch_code, serial=(card.serial or "") if card else "",
        row=_row(stands.last, parties) if stands.last else None, since=stands.since,
        next=() if ended else tuple(_row(step, parties) for step in stands.next), plastic=plastic,
        proxy=card is not None and card.serial in known.by_proxy,
        moved=moved or _paper(known.seat, stands, subject),
        social=social_side(events, block, over=over), bank=bank_side(stands, events, block, over=over),
        failed=_failed(failure, one.process, restarts) if failure else None,
        replaces=one.replaces.ref if one.replaces else "",
        replaced_by=tuple(ref for ref, _, replaced in known.followers if replaced == one.pk), closed=closed,
        withdrawn=first in known.withdrawn, ready=ready,
        promise=None if ended else promise(stands, one.made_at, known.now, days=known.seat.promise.days),
        fees=known.fees.get(one.ref, ()),
    )  # fmt: skip


def _moved(known: _Known, card: Card, plastic: Whereabouts) -> Moved | None:
    """The paper that brought a card where it is: its receipt, the record of its destruction, or the handover's."""
    if plastic.state is State.ISSUED:
        return Moved(COLLECTION.title, evidence=known.signed.get(card.pk, ""))
    if plastic.state is State.DESTROYED:
        return Moved(DESTRUCTION.title, evidence=_witnessed(known.seat, card) or today(plastic.since).isoformat())
    return plastic.moved


def _witnessed(seat: Seat, card: Card) -> str:
    """Day and witnesses by the record that names this card; "" where it lies with whoever destroyed the card."""
    papers = Paper.objects.filter(type=DESTRUCTION.code, batch_code=card.batch.code).order_by("-pk")
    for digest in dict.fromkeys(papers.values_list("sha256", flat=True)):
        if desk.file_of(seat, digest).exists():
            found = desk.read_frozen(seat, DESTRUCTION, digest).filter(card_serial=card.serial)
            for row in found.iter_rows(named=True):
                return f"{row['date']} 监销 {row['witness']}、{row['second_witness']}"
    return ""


def _paper(seat: Seat, stands: Standing, subject: Subject) -> Moved | None:
    """The document of the last row, where no handover moved anything."""
    codes = [code for code in (subject.ref, subject.lot, subject.batch_code, subject.parcel) if code]
    return papers_of(seat, stands.last, subject.process, codes) if stands.last else None


def _at_hand(plastic: Whereabouts, issue: Step, office: Organisation) -> bool:
    """Whether a card lies with whoever hands it out: its unit, in a parcel, or the office itself."""
    there = plastic.code == office.code if issue.lane is Lane.CENTRE else bool(plastic.parcel)
    return there and plastic.state is State.GOOD


def _asked(seat: Seat, one: Request, now: datetime, *, dead: bool) -> Told:
    """A request before its review: it is no application yet."""
    subject = Subject(one.ref, one.process, one.entered_at)
    stands = standing(subject)
    refused = one.state in (Request.REFUSED, Request.WITHDRAWN)
    ended = refused or dead
    parties = _parties(seat, None, one.office, one.office)
    return Told(
        ref=one.ref, process=one.process, chart=FLOWS[one.process].title,
        kind=Application.NEW if one.kind == "new" else Application.REPLACEMENT,
        reason=KINDS[one.kind].title, made_at=one.entered_at, batch="", serial="",
        row=_row(stands.last, parties) if stands.last else None, since=stands.since,
        next=() if ended else tuple(_row(step, parties) for step in stands.next), plastic=None,
        proxy=False, moved=_paper(seat, stands, subject),
        social=social_side({}, None, over=refused), bank=bank_side(stands, {}, None, over=refused),
        failed=_refused(one, stands) if one.state == Request.REFUSED else None,
        replaces="", replaced_by=(), closed=refused,
        withdrawn=one.state == Request.WITHDRAWN, ready=False,
        promise=None if ended else promise(stands, one.entered_at, now, days=seat.promise.days),
        fees=fees(seat, [one.ref]).get(one.ref, ()),
    )  # fmt: skip


def _parties(seat: Seat, batch: Batch | None, office: Organisation, unit: Organisation) -> dict[Lane, str]:
    """Who does each lane's part: the batch's parties, and who they will be where there is no batch yet."""
    own = seat.organisation(Lane.INTEGRATOR)
    names = {Lane.INSURED: "本人", Lane.CENTRE: office.name, Lane.UNIT: unit.name}
    if batch is not None:
        return names | {Lane(lane): name for lane, name in batch.parties.values_list("lane", "organisation__name")}
    integrator = Organisation.objects.filter(code=own).values_list("name", flat=True).first()
    return names | {Lane.INTEGRATOR: integrator or own}


def _row(step: Step, parties: Mapping[Lane, str]) -> Row:
    by = parties.get(step.lane, step.lane.title)
    return Row(step.number, step.title, step.lane.title, by)


def _refused(one: Request, stands: Standing) -> Failed:
    """Why a request was not accepted."""
    why = explained(one.cause)
    row = stands.last.title if stands.last else ""
    return Failed(why.code, why.title, why.mended_by, why.citizen, row, stands.since, False, ())


def _failed(failure: Failure, process: str, restarts: tuple[str, ...]) -> Failed:
    cause = explained(failure.cause)
    return Failed(
        failure.cause, cause.title, cause.mended_by, cause.citizen, title_of(failure.step, process),
        failure.happened_at, cause.again, restarts,
    )  # fmt: skip
