"""退卡: cards go back, from a unit to its office and from an office to the bank, two-sided, each with its cause.

With wrong data a card is void, and its person can start again; whom nobody came for is kept, and given out again.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import polars as pl
from django.utils import timezone

from zhika.craft.handing import persons
from zhika.engine import laying, plastic
from zhika.engine.lists import print_handover
from zhika.engine.work import ActWork, Done
from zhika.errors import Fault, NotReady, Refused
from zhika.flows.causes import DECEASED, KEPT, RETURNED_FOR
from zhika.flows.documents import EXCEPTIONS, FLAG, RETURNED, Document
from zhika.flows.lanes import Lane
from zhika.ledger.batches import Organisation
from zhika.ledger.cards import Card, CardEvent
from zhika.ledger.chunks import chunks
from zhika.ledger.custody import Cards, give
from zhika.ledger.places import Handover, Place, State, group, place, today
from zhika.ledger.where import where
from zhika.people import deaths, entry
from zhika.people.models import Application

RETURNABLE = (State.GOOD, State.VOID, State.HELD)


@dataclass(frozen=True)
class Way:
    """From whom to whom, under which key."""

    giver: Organisation
    taker: Organisation
    code: str
    tray: str
    """Tray on the taker's bench that the cards join."""
    seat: str
    """Where the taker sits."""


def to_office(work: ActWork) -> Done:
    """A unit's cards back to the office that passed them on."""
    assert work.batch is not None
    batch, unit = work.batch, _holder(work)
    code = _numbered(work, unit, f"{batch.code}.{unit.code}~returned")
    return _give_back(work, Way(unit, batch.office, code, f"{batch.code}.good.tray", work.seat.name))


def to_bank(work: ActWork) -> Done:
    """An office's cards on to the bank: those that units returned, or its own."""
    assert work.batch is not None
    batch = work.batch
    bank = batch.parties.select_related("organisation").get(lane=Lane.BANK)
    # Both sides number the returns of a batch by their count: the key is made here and arrives as the same.
    code = _numbered(work, batch.office, f"{batch.code}~{RETURNED.code}")
    return _give_back(work, Way(batch.office, bank.organisation, code, f"{batch.code}.cards.tray", bank.seat))


def _numbered(work: ActWork, giver: Organisation, code: str) -> str:
    earlier = Handover.objects.filter(batch=work.batch, document=RETURNED.code, from_organisation=giver).count()
    return code + (f"+{earlier + 1}" if earlier else "")


def _holder(work: ActWork) -> Organisation:
    """Whose cards they are: picked cards lie with one holder."""
    at = next(iter(where([card.pk for card in work.people.values()]).values()))
    return Organisation.objects.get(places=at)


def _give_back(work: ActWork, way: Way) -> Done:
    assert work.batch is not None
    batch = work.batch
    lying = where([card.pk for card in work.people.values()])
    places = {p.pk: p for p in Place.objects.filter(pk__in=set(lying.values()))}
    failed = _failures(work.people)
    causes, faults = dict[str, str](), list[Fault]()
    for app, card in work.people.items():
        state = State(places[lying[card.pk]].state)
        causes[app] = failed.get(app) or work.told.get(app, {}).get("cause", "") or (
            "unclaimed" if state is State.HELD else ""
        )  # fmt: skip
        faults += _faults(card, state, causes[app], known=app in failed)
    if faults:
        raise Refused(faults)
    serials = [card.serial or "" for card in work.people.values()]
    if missing := laying.lacking(work.seat, way.giver.code, batch, serials):
        raise Refused([Fault(f"卡 {serial}", "不在移交方的料盘中, 找到后再退") for serial in missing])
    causes |= dict.fromkeys(_dead(app for app, cause in causes.items() if cause in KEPT), DECEASED)
    rows = _rows(RETURNED, work.people, causes)
    void = {app: cause for app, cause in causes.items() if cause not in KEPT and app not in failed}

    def write() -> None:
        if Handover.objects.filter(code=way.code).exists():
            raise NotReady(f"交接 {way.code} 刚由另一人开出, 请再办一次")
        said = dict.fromkeys(void, work.reason)
        plastic.fail(batch, void, step=work.act.name, source=work.seat.name, texts=said)
        entry.end(app for app, cause in causes.items() if cause == DECEASED)
        within = group(way.code, "return", batch.code)
        given = place(way.giver, State.GIVEN, within)
        legs = [(at, given, Cards([card for card, pk in lying.items() if pk == at.pk])) for at in places.values()]
        give(
            way.code, legs, giver=way.giver, taker=way.taker, within=within, batch=batch, document=RETURNED.code,
            subject_kind="batch", subject=batch.code, by=work.by, step=None,
            trays=[laying.travelling(way.code, way.tray)],
        )  # fmt: skip
        _events(work, causes)
        print_handover(work.seat, RETURNED, rows, way.code, way.giver, way.taker, work.now)

    told = _rows(EXCEPTIONS, {app: work.people[app] for app in void}, void, step=work.act.name, text=work.reason)
    others = frozenset(batch.parties.exclude(seat=work.seat.name).values_list("seat", flat=True))
    to = {RETURNED: frozenset({way.seat}), EXCEPTIONS: others}
    return Done(documents={RETURNED: rows, EXCEPTIONS: told}, to=to, handover=way.code, write=write, after=way.code)


def _dead(refs: Iterable[str]) -> set[str]:
    """Those of these applications whose person has died meanwhile: nobody will ask for that card again."""
    keys = {ref: person.id_key for ref, person in persons(dict.fromkeys(refs)).items()}
    dead = deaths.among(keys.values())
    return {ref for ref, key in keys.items() if key in dead}


def _failures(people: Mapping[str, Card]) -> dict[str, str]:
    """Cause of those who have left the batch already."""
    cards = Card.objects.filter(pk__in=[card.pk for card in people.values()], failure__isnull=False)
    return dict(cards.values_list("application_ref", "failure__cause"))


def _faults(card: Card, state: State, cause: str, *, known: bool) -> list[Fault]:
    """Why a card can't go back as it was told."""
    where_ = f"卡 {card.serial}"
    if state not in RETURNABLE:
        return [Fault(where_, f"现在是「{state.label}」, 不能退")]
    kept = cause in KEPT and state is State.VOID
    if not known and (cause not in RETURNED_FOR or kept):
        return [Fault(where_, f"须写明原因 --fact cause=…: {'、'.join(RETURNED_FOR)}", column="cause")]
    return []


def _rows(document: Document, people: Mapping[str, Card], causes: Mapping[str, str], **fixed: str) -> pl.DataFrame:
    """Rows of a document about these cards, in line order; what is not known of them stays empty."""
    known = _applications(people)
    rows = [
        {
            **dict.fromkeys(document.columns, ""), **fixed, FLAG.name: known[app].kind, "app_no": app,
            "id_no": known[app].person.id_no, "name": known[app].person.name, "card_serial": card.serial or "",
            "cause": causes[app],
        }
        for app, card in sorted(people.items(), key=lambda item: item[1].line)
    ]  # fmt: skip
    columns = dict.fromkeys((*document.columns, FLAG.name), pl.String)
    return pl.DataFrame(rows, schema=columns).select(document.columns)


def _applications(refs: Collection[str]) -> dict[str, Application]:
    """These applications, with their persons."""
    found: dict[str, Application] = {}
    for some in chunks(sorted(refs)):
        found |= {one.ref: one for one in Application.objects.filter(ref__in=some).select_related("person")}
    return found


def _events(work: ActWork, causes: Mapping[str, str]) -> None:
    now, day = timezone.now(), today()
    CardEvent.objects.bulk_create(
        [
            CardEvent(card=card, kind="returned", happened_at=now, booked_day=day, by=work.by, cause=causes[app])
            for app, card in work.people.items()
        ],
        batch_size=100,
    )
