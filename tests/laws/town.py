"""One small town on one store: every operation is done by the product, and told to a truth kept beside it."""

import secrets
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
from django.db import IntegrityError, transaction
from django.db.models import Sum

from tests.lanes.house import NAME, NAMES
from tests.laws import seams
from tests.laws.seams import Hands, Killed, serial_of
from tests.laws.truth import CARD, Asked, Given, Lot, Plastic, Truth
from zhika.card import idnumber
from zhika.craft import blocking
from zhika.engine import acts, batches, counting, deserted, desk, each, errands, incoming, many, parcels, picked, recall
from zhika.engine.check import id_key
from zhika.engine.comparing import compare, shelf_of
from zhika.engine.expected import Shelf, expected
from zhika.engine.reading import Seen, Sighting
from zhika.engine.run import run
from zhika.engine.work import Subject
from zhika.errors import NotReady, ZhikaError
from zhika.exchange.keys import load_signer
from zhika.exchange.signature import sign
from zhika.flows import FLOWS
from zhika.flows.causes import CAUSES
from zhika.flows.causes import KEPT as KEEPING
from zhika.flows.chart import Grain
from zhika.flows.documents import CARD_LIST, EXCEPTIONS, HANDOVER, MATERIAL, PASSING_ON, RETURNED, SEMI_FINISHED
from zhika.flows.lanes import Lane
from zhika.lanes.bank import accounts
from zhika.lanes.insured import replacing
from zhika.lanes.integrator.models import Consignment
from zhika.ledger import audit
from zhika.ledger.batches import Batch, organisation
from zhika.ledger.blocks import Block
from zhika.ledger.books import balances
from zhika.ledger.cards import Card, CardEvent, Failure
from zhika.ledger.custody import Cards, Quantity, move
from zhika.ledger.laws import Books, breaches
from zhika.ledger.lots import lots
from zhika.ledger.material import CONSIGNMENT, EMBEDDED, STOCK, named, stock_group
from zhika.ledger.places import Balance, Case, Handover, Movement, Place, State, place, today
from zhika.ledger.steps import Paper, StepRecord, Trouble
from zhika.ledger.where import where
from zhika.people import entry, fees, numbers, settling, succession, takings
from zhika.people.fees import Payment, Refund
from zhika.people.models import Application, FeeRate, Person
from zhika.people.settlements import Settlement, end
from zhika.seat import home as homes
from zhika.seat.config import DistributionOptions, Seat, read

OFFICES = ("02", "03")
UNITS = {"100000": "02", "100001": "02", "200000": "03", "200001": "03"}
INTEGRATOR, SUPPLIER, BANK = (seams.PARTIES[lane] for lane in (Lane.INTEGRATOR, Lane.SUPPLIER, Lane.BANK))
HOLDERS = (INTEGRATOR, SUPPLIER, BANK, *OFFICES)
FOREIGN = "QZ999999{:06}"
ROUTES: Mapping[str, tuple[tuple[str, Lane], ...]] = {
    "urban-batch": (
        ("submit_faces", Lane.INTEGRATOR), ("laminate", Lane.SUPPLIER), ("return_semi_finished", Lane.SUPPLIER),
        ("personalise", Lane.INTEGRATOR), ("hand_over", Lane.INTEGRATOR), ("finish", Lane.BANK), ("deliver", Lane.BANK),
    ),
    "urban-replacement": (
        ("make_card", Lane.INTEGRATOR), ("personalise", Lane.INTEGRATOR), ("hand_over", Lane.INTEGRATOR),
        ("finish", Lane.BANK), ("deliver", Lane.BANK),
    ),
}  # fmt: skip
"""What is done to a batch, row by row, until its cards are delivered; each waits for the handover before it."""
SENDS = {
    "submit_faces": (MATERIAL, SUPPLIER), "return_semi_finished": (SEMI_FINISHED, INTEGRATOR),
    "hand_over": (HANDOVER, BANK), "deliver": (CARD_LIST, ""),
}  # fmt: skip
MAKES = ("laminate", "make_card")
LEFT_BY = {Lane.INTEGRATOR: "hand_over", Lane.SUPPLIER: "return_semi_finished"}
"""Rows with which a batch leaves whoever made its cards."""
Part = Callable[[], object]


class Town:
    """The seat, its hands, the truth, and what anybody may do."""

    def __init__(self, folder: Path, hands: Hands) -> None:
        self.hands, self.truth = hands, Truth()
        self.repeatable: Sequence[Part] = ()
        self.seat = _seat(folder)
        self.people: list[Person] = []
        self.index: dict[int, int] = {}
        """Primary key of a person → place in `people`."""
        _rates()

    # How an operation is done -----------------------------------------------------------------------------------------

    def does(self, *parts: Part, once: bool = True) -> None:
        """Each part in its turn. Who is killed in one leaves lawful books, and does it again; nothing is done twice.

        `once`: told again, all of it must change nothing.
        """
        killed = self.hands.kills
        for part in parts:
            self.hands.working = True
            try:
                part()
            except Killed:
                self.hands.working = False
                transaction.set_rollback(False)  # a lone bulk insert was to be the first of its transaction
                assert (found := breaches()) == [], found
                with suppress(ZhikaError):  # refused where it was done before the worker died: the truth tells which
                    part()
        self.hands.working, self.hands.kill_after = False, -1
        if killed != self.hands.kills:
            errands.run_left(self.seat)
        self.repeatable = parts if once else ()

    def again(self) -> None:
        """The last operation once more, as somebody does who has not seen that it is done."""
        before = self.digest()
        for part in self.repeatable:
            with suppress(ZhikaError), transaction.atomic():
                part()
        assert self.digest() == before, "an operation done again has changed the books"
        self.repeatable = ()

    def refused(self, what: str, part: Part) -> None:
        """What nobody may do: it is refused, and has changed nothing."""
        before = self.digest()
        try:
            with transaction.atomic():
                part()
        except (ZhikaError, IntegrityError):
            assert self.digest() == before, f"what was refused has changed the books: {what}"
        else:
            raise AssertionError(f"what nobody may do was done: {what}")

    def digest(self) -> list[object]:
        """Whether anything has changed."""
        tables = (Movement, Failure, Case, Handover, Paper, StepRecord, Payment, Refund, Settlement, CardEvent)
        return [
            *(table._default_manager.count() for table in tables),
            list(Balance.objects.order_by("pk").values_list("pk", "n")),
            list(Application.objects.order_by("pk").values_list("live", "pending", "batch_code")),
            list(Handover.objects.order_by("pk").values_list("accepted", "difference")),
            Case.objects.filter(closed_at=None).count(), Settlement.objects.exclude(number=None).count(),
        ]  # fmt: skip

    def desk(self) -> None:
        """What lies on the desk and needs nobody's hand."""
        acts.run_awaiting(self.seat, first=True)
        acts.run_awaiting(self.seat, first=False)

    def act(self, name: str, subject: str, lane: Lane | None = None, **told: str) -> bool:
        """An act by hand, of the batch that its subject belongs to."""
        given = self.truth.open.get(subject)
        card = self.truth.cards.get(subject)
        batch = self.batch(given.batch if given else card.batch if card else subject)
        lane = Lane.BANK if name == "destroy" else lane
        return acts.act(self.seat, name, subject, batch=batch, process=batch.process, lane=lane, **told)

    def giver(self, code: str) -> str:
        """Who gave what is on its way."""
        return Movement.objects.filter(handover__code=code).values_list("by", flat=True)[0]

    def batch(self, code: str) -> Batch:
        return Batch.objects.select_related("office").get(code=code)

    def person(self, card: Plastic) -> Person:
        return self.people[card.person]

    def steal(self, card: Plastic) -> None:
        """A movement of a card from a place at which other cards lie."""
        known = Card.objects.get(serial=card.serial)
        held = Place.objects.filter(balance__n__gt=0, group__ref=card.batch).exclude(pk=where([known.pk])[known.pk])
        source = held.exclude(group__kind=CONSIGNMENT).order_by("pk").first()
        if source is None:
            raise NotReady("nothing lies elsewhere")
        move(source, place(organisation("abc"), State.GOOD, source.group), Cards([known.pk]), cause="steal", by="x")

    def overdraw(self) -> None:
        """A movement of more pieces than lie in the stock."""
        lying = Balance.objects.filter(place__state=State.BLANK).select_related("place__group").order_by("pk")[0]
        target = place(organisation("abc"), State.BLANK, lying.place.group)
        move(lying.place, target, Quantity(lying.n + 1), cause="steal", by="x")

    # Material, batches and the rows that make cards -------------------------------------------------------------------

    def buy(self, lot: str, kind: str, n: int) -> None:
        """A consignment into the stock, as `load_material` books it once it is counted."""
        code = f"{lot}-{Consignment.objects.count() + 1}"

        def load() -> None:
            with transaction.atomic():
                Consignment.objects.create(
                    code=code, kind=kind, tray=f"{code}.tray", count=n, cos_version="", cos_digest="",
                    loaded_at=self.hands.now, by="周",
                )  # fmt: skip
                within = stock_group(code, kind)
                source = place(organisation("outside", kind="outside"), State.OUTSIDE, within)
                move(source, place(organisation(INTEGRATOR), State.BLANK, within), Quantity(n), cause="load", by="周")

        self.does(load, once=False)
        self.truth.move(("outside", State.OUTSIDE, kind), (INTEGRATOR, State.BLANK, kind), n)

    def enter(self, office: str, n: int) -> str:
        """So many people of an office, with their applications, in a batch of their own."""
        refs = numbers.application_numbers("A", "261102", f"lot-{len(self.people)}", n)
        made, first = {}, len(self.people)
        for at, ref in enumerate(refs):
            body = f"35050219900101{2 * (first + at) + 1:03}"
            id_no = body + idnumber.calc_check_digit(body)
            made[ref] = Person(
                id_key=id_key(self.seat.home, id_no), id_no=id_no, name=NAMES[at % len(NAMES)], sex="1",
                birth="19900101", scheme="urban", category="worker", photo="0" * 64,
                unit=organisation(units_of(office)[at % 2]), office=organisation(office),
            )  # fmt: skip
        entry.enter(made, process="urban-batch", now=self.hands.now)
        for at, (ref, person) in enumerate(made.items(), first):
            person = Person.objects.select_related("unit", "office").get(id_key=person.id_key)
            self.people.append(person)
            self.index[person.pk] = at
            self.truth.person[ref], self.truth.live[at] = at, ref
            self.truth.waiting[ref] = ("urban-batch", office)
        return self.form("urban-batch", office)

    def form(self, process: str, office: str) -> str:
        """A batch of all that wait for one; the bank keeps their numbers."""
        name = "form" if process == "urban-batch" else "form_requests"
        refs = [ref for ref, told in self.truth.waiting.items() if told == (process, office)]
        known = set(self.truth.lots)
        code = acts.IN_FULL[name](self.seat, f"{process}/{office}")
        code = code.rpartition("/")[2]

        def numbered() -> None:
            rows = Application.objects.filter(batch_code=code).select_related("person").order_by("ref")
            people = [
                {"app_no": a.ref, "id_no": a.person.id_no, "name": a.person.name, "flag": a.kind} for a in rows
            ]  # fmt: skip
            accounts.reserve(self.seat.bank, code, people, today())

        self.does(lambda: acts.act(self.seat, name, f"{process}/{office}/{code}", by="周"), numbered)
        assert code not in known
        self.truth.lots[code] = Lot(code, process, office, refs)
        for ref in refs:
            del self.truth.waiting[ref]
        return code

    def advance(self, code: str, spoilt: Mapping[str, str]) -> str:
        """The batch's next row; `spoilt`: application → cause that it finds. Returns the row's name."""
        lot = self.truth.lots[code]
        work, lane = ROUTES[lot.process][lot.row]
        chart = FLOWS[lot.process]
        step = next(s for s in chart.steps if s.work == work and s.lane is lane)
        self.hands.spoilt = spoilt
        self.does(lambda: run(self.seat, Subject(Grain.BATCH, code), chart, step), self.desk)
        self.hands.spoilt = {}
        lot.row += 1
        holder = self._party(lot, lane)
        if work == "submit_faces":
            self._draw(lot, holder, State.GIVEN)
        if work in MAKES:
            self._make(lot, holder, spoilt, own=work == "make_card")
        elif work in ("personalise", "finish"):
            self._check(lot, holder, spoilt)
        self._unmade(lot)
        if work in SENDS:
            document, taker = SENDS[work]
            self._give(lot, document.code, holder, taker or lot.office)
        return work

    def _party(self, lot: Lot, lane: Lane) -> str:
        return lot.office if lane is Lane.CENTRE else seams.PARTIES[lane]

    def _staying(self, lot: Lot) -> list[str]:
        return [ref for ref in lot.refs if ref not in self.truth.failed]

    def _draw(self, lot: Lot, holder: str, state: str) -> None:
        n = len(self._staying(lot))
        for kind in EMBEDDED:
            self.truth.move((holder, State.BLANK, kind), (holder, state, kind), n)

    def _make(self, lot: Lot, holder: str, spoilt: Mapping[str, str], *, own: bool) -> None:
        staying = self._in_line(lot)
        going = staying[: min(self._drawn_for(lot, own))]
        for kind in EMBEDDED:
            self.truth.pieces[holder, State.BLANK, kind] -= len(going)
        self.truth.pieces[holder, State.USED, "module"] += len(going)
        for ref in going:
            person = self.truth.person[ref]
            card = Plastic(serial_of(ref), ref, person, lot.code, self.people[person].unit.code, holder, State.GOOD)
            self.truth.cards[card.serial] = card
        for ref in staying:
            if ref not in going:
                self.truth.fail(ref, "missing")
            elif ref in spoilt:
                self.truth.fail(ref, spoilt[ref])

    def _in_line(self, lot: Lot) -> list[str]:
        """Who is still in the batch, by unit and number: the batch's line order."""
        order = [(self.people[self.truth.person[ref]].unit.code, ref) for ref in self._staying(lot)]
        return [ref for _, ref in sorted(order)]

    def _drawn_for(self, lot: Lot, own: bool) -> list[int]:
        """Pieces of each kind that were accepted for the batch; who makes cards of the own stock draws all it needs."""
        if own:
            return [len(self._staying(lot))] * len(EMBEDDED)
        return [self.truth.accepted[lot.code][kind] for kind in EMBEDDED]

    def _check(self, lot: Lot, holder: str, spoilt: Mapping[str, str]) -> None:
        """Whose card does not lie good at whoever reads the tray has left; so has whoever was spoilt."""
        for ref in self._staying(lot):
            card = self.truth.cards.get(serial_of(ref))
            if card is None or (card.holder, card.state) != (holder, State.GOOD):
                self.truth.fail(ref, "missing")
            elif ref in spoilt:
                self.truth.fail(ref, spoilt[ref])

    def _unmade(self, lot: Lot) -> None:
        """Once there is plastic, whoever has none stays behind."""
        if any(card.batch == lot.code for card in self.truth.cards.values()):
            for ref in self._staying(lot):
                if serial_of(ref) not in self.truth.cards:
                    self.truth.fail(ref, "missing")

    def _give(self, lot: Lot, document: str, giver: str, taker: str) -> None:
        code = f"{lot.code}~{document}"
        given = Given(code, lot.code, document, giver, taker)
        if document == MATERIAL.code:
            given.pieces = Counter(dict.fromkeys(EMBEDDED, len(self._staying(lot))))
        else:
            states = (State.GOOD,) if document == CARD_LIST.code else (State.GOOD, State.VOID)
            for card in self.truth.of(*states, holder=giver, batch=lot.code):
                given.cards.append(card.serial)
                given.void |= {card.serial} if card.state == State.VOID else set()
                card.state = State.GIVEN
                card.listed |= document == CARD_LIST.code
        self.truth.open[code] = given

    # Handovers, differences, failures ---------------------------------------------------------------------------------

    def accept(
        self, code: str, lacking: Sequence[str] = (), *, foreign: str = "", short: int = 0, over: int = 0
    ) -> None:  # fmt: skip
        """The taker reads what came: cards that lack, one that nobody listed, material that is short or too much."""
        given = self.truth.open[code]
        batch = self.batch(given.batch)
        self.hands.came = {serial: {} for serial in given.cards if serial not in lacking}
        self.hands.came |= {foreign: {}} if foreign else {}
        came = {kind: n - short + over for kind, n in given.pieces.items()}
        self.hands.pieces = {seams.tray_of(given.batch, kind): incoming.Read(n, 0) for kind, n in came.items()}

        def accept() -> None:
            acts.act(self.seat, "accept", code, by="孙丽", batch=batch, process=batch.process)

        self.does(accept, self.desk)
        del self.truth.open[code]
        self._accepted(given, lacking, came)

    def _accepted(self, given: Given, lacking: Sequence[str], came: Mapping[str, int]) -> None:
        for serial in given.cards:
            card = self.truth.cards[serial]
            if serial in lacking:
                card.holder, card.state, card.parcel, card.back = given.giver, State.MISSING, "", ""
                continue
            void = card.ref in self.truth.failed or serial in given.void
            good = State.HELD if given.document == RETURNED.code else State.GOOD
            card.holder, card.state = given.taker, State.VOID if void else good
            card.parcel = given.parcel if card.state == State.GOOD else ""
            card.back = given.batch if given.document == RETURNED.code and given.taker in OFFICES else ""
            card.kept_since = today() if card.state == State.HELD and given.taker == BANK else None
        for kind, told in given.pieces.items():
            n = min(told, came[kind])
            self.truth.pieces[given.giver, State.GIVEN, kind] -= told
            self.truth.pieces[given.taker, State.BLANK, kind] += n
            self.truth.pieces[given.giver, State.MISSING, kind] += told - n
            self.truth.accepted.setdefault(given.batch, Counter())[kind] += n
            self.truth.over[given.taker, State.BLANK, kind] += came[kind] - n

    def fail(self, card: Plastic, cause: str) -> None:
        """An exception list of another seat's names it."""
        person, batch = self.person(card), self.batch(card.batch)
        row = EXCEPTIONS.example | {
            "app_no": card.ref, "id_no": person.id_no, "name": person.name, "card_serial": card.serial, "cause": cause,
        }  # fmt: skip

        def arrive() -> None:
            desk.file(
                self.seat, EXCEPTIONS, pl.DataFrame([row]), Subject(Grain.BATCH, batch.code), process=batch.process,
                batch_code=batch.code, sender_lane=Lane.SUPPLIER, sender="supplier", receiver=NAME,
            )  # fmt: skip

        self.does(arrive, self.desk, once=False)
        self.truth.fail(card.ref, cause)

    def find(self, card: Plastic) -> None:
        """A missing card turns up at whoever answers for it."""
        batch = self.batch(card.batch)

        def found() -> None:
            acts.act(self.seat, "found", card.serial, by="吴敏", reason="柜中找到", batch=batch, process=batch.process)

        nth = Handover.objects.filter(batch=batch, document=CARD_LIST.code).count() + 1
        self.does(found, self.desk)
        card.missed = None
        if not card.listed:
            card.state = State.VOID
            self.truth.fail(card.ref, "missing")
            return
        code = f"{card.batch}~{CARD_LIST.code}+{nth}"
        card.state = State.GIVEN
        self.truth.open[code] = Given(code, card.batch, CARD_LIST.code, card.holder, batch.office.code, [card.serial])

    # Parcels, hands, and back -----------------------------------------------------------------------------------------

    def pass_on(self, code: str) -> bool:
        """The office makes parcels of what lies good with it, and one of them leaves for its unit."""
        batch, chart = self.batch(code), FLOWS["urban-batch"]
        self.does(lambda: parcels.prepare(batch, batch.office), once=False)
        good = self.truth.of(State.GOOD, holder=batch.office.code, batch=code)
        filled = [
            (group.code, unit, inside)
            for group in parcels.not_passed([code])
            if (inside := [card for card in good if card.unit == (unit := parcels.unit_of(group.code, code))])
        ]
        if not filled:
            return False
        parcel, unit, inside = filled[0]
        assert {card.serial for card in inside} == set(
            Card.objects.filter(pk__in=parcels.inside(parcel)).values_list("serial", flat=True)
        )
        step = next(s for s in chart.steps if s.work == "pass_on")
        self.does(lambda: run(self.seat, Subject(Grain.PARCEL, parcel), chart, step, by="李敏"), self.desk)
        handover = f"{parcel}~{PASSING_ON.code}"
        for card in inside:
            card.state = State.GIVEN
        self.truth.open[handover] = Given(
            handover, code, PASSING_ON.code, batch.office.code, unit, [card.serial for card in inside], parcel=parcel
        )
        return True

    def hand_out(self, cards: Sequence[Plastic], *, blocked_are_lost: bool = True) -> None:
        """Into their holders' hands; with a replacement the old card comes back, unless it was lost.

        `blocked_are_lost`: whose old card is blocked says at the counter that it is lost; else it is brought as well.
        """
        shown = {card.serial: {"id_no": self.person(card).id_no} for card in cards}
        olds = [self.truth.cards[serial_of(self.truth.olds[c.ref])] for c in cards if self._succeeds(c)]
        lost = {old.serial for old in olds if old.block and blocked_are_lost}
        self.hands.brought = {old.serial for old in olds} - lost
        for card in cards if lost else ():
            shown[card.serial]["old_card"] = "lost"
        self.does(lambda: each.do_cards(self.seat, "hand_out", shown, by="吴芬", evidence="签领表 17"), self.desk)
        for old in olds:
            if old.serial not in lost:
                old.holder, old.state, old.parcel = self.truth.lots[cards[0].batch].office, State.VOID, ""
            self.truth.live[old.person] = self.truth.pending.pop(old.person)
        for card in cards:
            card.state, card.handed = State.ISSUED, True
            if before := self.truth.olds.get(card.ref):
                self.truth.cards[serial_of(before)].block = "cancelled"

    def _succeeds(self, card: Plastic) -> bool:
        return self.truth.pending.get(card.person) == card.ref

    def activate(self, cards: Sequence[Plastic]) -> None:
        """At the bank's counter, with the ID."""
        shown = {card.serial: {"id_no": self.person(card).id_no} for card in cards}
        self.does(lambda: each.do_cards(self.seat, "activate", shown, by="许静", evidence="柜台"), self.desk)
        for card in cards:
            card.active = True

    def send_back(self, cards: Sequence[Plastic], cause: str) -> None:
        """Cards of one parcel or batch that lie together go back, each with its cause."""
        first = cards[0]
        batch = self.batch(first.batch)
        taker = BANK if first.holder in OFFICES else batch.office.code
        told = {card.serial: {"cause": cause} for card in cards}
        known = set(Handover.objects.values_list("code", flat=True))
        self._picked("return_cards", told, by="李敏")
        for card in cards:
            if cause not in KEEPING and card.ref not in self.truth.failed:
                self.truth.failed[card.ref] = cause
            card.state, card.parcel = State.GIVEN, ""
        self._opened(known, cards, RETURNED.code, first.holder, taker)

    def give_again(self, cards: Sequence[Plastic]) -> None:
        """Kept cards leave the bank once more."""
        known = set(Handover.objects.values_list("code", flat=True))
        self._picked("give_again", {card.serial: {} for card in cards}, by="周强")
        for card in cards:
            card.state = State.GIVEN
        self._opened(known, cards, CARD_LIST.code, BANK, self.truth.lots[cards[0].batch].office)

    def _picked(self, name: str, told: Mapping[str, Mapping[str, str]], *, by: str) -> None:
        self.does(lambda: picked.do(self.seat, name, told, by=by, reason="本人申请"), self.desk)

    def _opened(self, known: set[str], cards: Sequence[Plastic], document: str, giver: str, taker: str) -> None:
        (code,) = set(Handover.objects.values_list("code", flat=True)) - known
        self.truth.open[code] = Given(code, cards[0].batch, document, giver, taker, [card.serial for card in cards])

    def destroy(self, code: str, lane: Lane) -> None:
        """Void cards of a batch at its bank or office, and what the bank kept too long, before two people."""
        batch = self.batch(code)
        holder = BANK if lane is Lane.BANK else batch.office.code
        late = [c for c in self.truth.of(State.HELD, holder=holder, batch=code) if self.is_late(c)]
        void = [card for card in self.truth.of(State.VOID, holder=holder, batch=code) if not card.back]

        def destroy() -> None:
            acts.act(
                self.seat, "destroy", code, by="周强", second="郑洁", batch=batch, process=batch.process, lane=lane
            )  # fmt: skip

        self.does(destroy, self.desk)
        for card in [*void, *late]:
            card.state = State.DESTROYED
        for card in late:
            self.truth.failed.setdefault(card.ref, "closed")

    def wasted(self) -> list[tuple[str, Lane]]:
        """Batches that have gone and of which void cards lie where they were made: found there too late."""
        return sorted(
            (code, lane)
            for lane, row in LEFT_BY.items()
            for code in {card.batch for card in self.truth.of(State.VOID, holder=seams.PARTIES[lane])}
            if (row, lane) in self._rows_done(code)
        )

    def _rows_done(self, code: str) -> Sequence[tuple[str, Lane]]:
        lot = self.truth.lots[code]
        return ROUTES[lot.process][: lot.row]

    def destroy_waste(self, code: str, lane: Lane) -> None:
        """Void cards of a batch that stayed where they were made, before two people."""
        void = self.truth.of(State.VOID, holder=seams.PARTIES[lane], batch=code)
        self.does(lambda: self.act("destroy_waste", code, lane, by="周强", second="郑洁"))
        for card in void:
            card.state = State.DESTROYED

    def is_late(self, card: Plastic) -> bool:
        """Whether the bank has kept it past its time."""
        since = card.kept_since
        return since is not None and since <= today() - timedelta(days=self.seat.distribution.close_days)

    # Lost, replaced, started again ------------------------------------------------------------------------------------

    def say(self, card: Plastic, what: str) -> None:
        """Block by call or in writing, lift, or cancel."""
        name = {"lost-call": "block", "lost-formal": "block"}.get(what, what)
        facts = {"kind": what.removeprefix("lost-")} if name == "block" else {}
        told = {card.serial: facts | {"id_no": self.person(card).id_no}}
        self.does(
            lambda: each.do_cards(self.seat, name, told, by="陈明", evidence="申请书 8"), self.desk, once=False
        )  # fmt: skip
        if name == "cancel":
            self.truth.cancelled(card)
        else:
            card.block = "" if name == "lift" else what

    def lapse(self) -> None:
        """Calls whose term is over."""
        day = today()
        due = Block.objects.filter(state="lost-call", until__lt=day).values_list("card__serial", flat=True)
        for serial in list(due):
            self.truth.cards[str(serial)].block = ""
        if due := list(blocking.due(self.seat)):
            self.does(lambda: acts.act(self.seat, due[0][0], due[0][1], by=None), self.desk, once=False)

    def apply(self, card: Plastic, kind: str, exempt: str) -> None:
        """补换卡: the fee is taken with it."""
        told = {"kind": kind, "reason": "补换", "exempt": exempt}
        asked: dict[str, Mapping[str, str]] = {}
        self.does(
            lambda: asked.update(replacing.from_file(self.seat, Path(card.serial), told)),
            lambda: many.do_applications(self.seat, "apply_replacement", asked, by="孙丽"),
        )
        (ref,) = asked
        office = self.person(card).office.code
        self.truth.asked[ref] = Asked(ref, card.ref, card.person, office)
        self.truth.person[ref] = card.person
        self.truth.took(ref, office, 0 if exempt else PRICES[kind], today())

    def review(self, ref: str, decision: str) -> None:
        """By another person; refused is whose old card is the live one no more, too. The fee is not yet given back."""
        asked = self.truth.asked[ref]
        self.does(lambda: self.decide({ref: {"decision": decision}}))
        asked.reviewed = True
        if decision == "accept" and self.truth.live.get(asked.person) == asked.old:
            self.truth.pending[asked.person] = ref
            self.truth.olds[ref] = asked.old
            self.truth.waiting[ref] = ("urban-replacement", asked.office)

    def decide(self, told: Mapping[str, Mapping[str, str]]) -> int:
        """The review itself, by another person than who entered the requests."""
        return many.do_applications(self.seat, "review_replacement", told, by="周芬")

    def withdraw(self, ref: str) -> None:
        """撤回申请: the fee is given back, the number given up, and who is in a batch leaves it."""
        asked, last = self.truth.asked[ref], self.truth.latest(ref)
        self.does(lambda: self.ask_back(last))
        self.truth.gave_back(ref, today())
        if asked.reviewed and last not in self.truth.olds:
            return  # it stays refused
        asked.withdrawn = True
        if not asked.reviewed:
            return
        if self.truth.being_made(last):
            self.truth.fail(last, "withdrawn")
        self.truth.waiting.pop(last, None)
        for table in (self.truth.live, self.truth.pending):
            if table.get(asked.person) == last:
                del table[asked.person]

    def ask_back(self, ref: str) -> bool:
        """The act itself: by the number of the request, or of its new start."""
        return acts.act(self.seat, "withdraw", ref, by="李敏", reason="本人撤回")

    def refund(self, ref: str) -> None:
        """The whole fee, once."""
        self.does(_atomic(lambda: fees.refund(ref, by="李敏", reason="撤回申请", on=today())))
        self.truth.gave_back(ref, today())

    def charge(self, office: str, kind: str, back: int, exempt: str) -> None:
        """A fee under the office's next receipt, of a day that may lie in a month already settled."""
        ref, on = f"F{len(self.truth.fees):08}", today() - timedelta(days=back)
        self.does(_atomic(lambda: fees.charge(ref, organisation(office), kind, on=on, by="王芳", exempt=exempt)))
        self.truth.took(ref, office, 0 if exempt else PRICES[kind], on)

    def restart(self, ref: str) -> None:
        """Whoever left a batch starts again once the cause is mended."""
        cause = CAUSES[self.truth.failed[ref]]
        if cause.outside:
            self.does(lambda: acts.act(self.seat, "clear_cause", ref, by="林芳", reason="已更正"))
        self.does(lambda: acts.act(self.seat, "restart", ref, by="周", reason="重新制卡"))
        again = Application.objects.get(restarts__ref=ref).ref
        person = self.truth.person[again] = self.truth.person[ref]
        self.truth.again[ref] = again
        for table in (self.truth.live, self.truth.pending):
            if table.get(person) == ref:
                table[person] = again
        if ref in self.truth.olds:
            self.truth.olds[again] = self.truth.olds[ref]
        process = "urban-replacement" if ref in self.truth.olds else "urban-batch"
        self.truth.waiting[again] = (process, self.people[person].office.code)

    def startable(self) -> list[str]:
        """Failed applications whose persons wait."""
        standing = {*self.truth.live.values(), *self.truth.pending.values()}
        return sorted(ref for ref, cause in self.truth.failed.items() if ref in standing and CAUSES[cause].again)

    # Money ------------------------------------------------------------------------------------------------------------

    def may_settle(self, office: str) -> bool:
        """Whether the month that is next has ended."""
        period = self.truth.period(office)
        return bool(period) and self.hands.now >= end(period)

    def settle(self, office: str) -> None:
        """The statement of the oldest month with open entries."""
        about, period, at = organisation(office), self.truth.period(office), self.hands.now
        assert takings.waiting(about) == period
        self.does(_atomic(lambda: settling.draw(about, period, now=at).take(by="王芳", at=at)))
        drawn = Settlement.objects.get(office=about, period=period)
        assert drawn.net == self.truth.settle(office, period), "a statement of other money"
        self.money()

    def agree(self, office: str) -> None:
        """The city centre closes and numbers the oldest statement that waits."""
        about, period, at = organisation(office), self.truth.unagreed(office), self.hands.now
        self.does(_atomic(lambda: settling.agree(settling.unagreed(about, period), by="李敏", at=at)))
        self.truth.statements[office][period] = True

    # Stock counts -----------------------------------------------------------------------------------------------------

    def count(self, holder: str, missed: Sequence[Plastic], seen: Sequence[Plastic], foreign: str, pieces: int) -> None:
        """Everything a holder has is read: some cards are not there, some that an earlier count missed are again.

        `foreign`: a card of nobody's; `pieces`: by how many the first shelf of material differs from the books.
        """
        owner = organisation(holder)
        books = expected(owner)
        gone = {card.serial for card in missed}
        lying = {serial: [Sighting("read.tray", "")] for serial in books.cards if serial not in gone}
        lying |= {card.serial: [Sighting("read.tray", "")] for card in seen}
        lying |= {foreign: [Sighting("read.tray", "")]} if foreign else {}
        fit = Counter({shelf: sum(row.n for row in rows) for shelf, rows in books.fit.items()})
        shelf = next((one for one in sorted(fit) if fit[one] + pieces >= 0), None)
        if shelf is not None:
            fit[shelf] += pieces
        void = Counter({shelf: sum(row.n for row in rows) for shelf, rows in books.void.items()})
        compared = compare(owner, books, Seen(lying, fit, void, ["read.tray"]))
        code = f"PD-{holder}-{Movement.objects.count()}-{Case.objects.count()}"
        before, surplus = self._open_pieces(holder, shelf, Case.MISSING), self._open_pieces(holder, shelf, Case.SURPLUS)
        self.does(_atomic(lambda: counting.book(owner, compared, code=code, by="王芳")), once=False)
        for card in missed:
            card.missed, card.state = (card.holder, card.state, card.parcel), State.MISSING
            card.parcel = ""
        for card in seen:
            assert card.missed is not None
            card.holder, card.state, card.parcel = card.missed
            card.missed = None
        if shelf is not None:
            back = min(max(pieces, 0), before)
            moved = pieces if pieces < 0 else back
            self.truth.pieces[holder, State.BLANK, shelf.kind] += moved
            self.truth.pieces[holder, State.MISSING, shelf.kind] -= moved
            if shelf.batch:
                self.truth.accepted.setdefault(shelf.batch, Counter())[shelf.kind] += moved
            if pieces > back and not surplus:
                self.truth.over[holder, State.BLANK, shelf.kind] += 1

    def _open_pieces(self, holder: str, shelf: Shelf | None, kind: str) -> int:
        """Pieces of a shelf that earlier counts missed, or found too many."""
        cases = [case for case in self.material_cases() if case.kind == kind and case.organisation]
        return sum(case.n for case in cases if case.organisation.code == holder and shelf_of(case.group) == shelf)

    def material_cases(self) -> list[Case]:
        """Open differences of material, the oldest first."""
        cases = Case.objects.filter(closed_at=None, group__isnull=False, card=None).order_by("pk")
        return list(
            cases.select_related("group", "organisation", "handover__from_organisation", "handover__to_organisation")
        )

    def settle_difference(self, case: Case) -> None:
        """Material is written off, or taken into the books, by two people."""
        told = {"by": "王芳", "second": "李敏", "reason": "查无下落"}
        assert case.group is not None
        kind, surplus = named(case.group.code).kind, case.kind == Case.SURPLUS
        lies = case.organisation or (case.handover.to_organisation if surplus else case.handover.from_organisation)
        self.does(lambda: acts.act(self.seat, "settle_difference", case.number, **told))
        if surplus:
            self.truth.pieces[lies.code, State.BLANK, kind] += case.n
            self.truth.over[lies.code, State.BLANK, kind] -= case.n
            batch = named(case.group.code).batch
            if batch:
                self.truth.accepted.setdefault(batch, Counter())[kind] += case.n
        else:
            self.truth.move((lies.code, State.MISSING, kind), (lies.code, State.WRITTEN_OFF, kind), case.n)

    def give_back(self, serial: str) -> None:
        """A surplus card goes back to whoever gave it, or to whom is told."""
        case = Case.objects.filter(kind=Case.SURPLUS, serial=serial, closed_at=None).order_by("pk").first()
        assert case is not None
        to = {} if case.handover else {"to": "abc"}
        self.does(lambda: acts.act(self.seat, "found", serial, by="吴敏", reason="退回", facts=to))

    # Time and what does itself ----------------------------------------------------------------------------------------

    def deserted(self) -> set[str]:
        """Batches that everybody has left before the first row was done."""
        lots = self.truth.lots.items()
        return {code for code, lot in lots if not lot.row and all(ref in self.truth.failed for ref in lot.refs)}

    def round(self) -> int:
        """Batches close, their rows are counted, lost cards end whose replacement is made.

        Returns how many batches ended because everybody had left them.
        """
        unmade = Batch.objects.exclude(ended_at=None).exclude(cards__serial__isnull=False)
        before = unmade.count()
        self.does(lambda: deserted.end(self.seat), once=False)
        ended_so = set(unmade.values_list("code", flat=True))
        assert ended_so == self.deserted(), f"a deserted batch goes on, or another ended: {ended_so ^ self.deserted()}"
        left = len(ended_so) - before
        ended = list(succession.produced())
        self.does(lambda: batches.close_settled(self.seat), lambda: each.close_rows(self.seat), once=False)
        ended = sorted({*ended, *succession.produced()})
        self.does(lambda: blocking.cancel_cards(self.seat, ended, by=None, reason="补换卡已制成"), self.desk)
        for serial in ended:
            self.truth.cards[serial].block = "cancelled"
            self.truth.cancelled(self.truth.cards[serial])
        self.seal()
        return left

    def seal(self) -> None:
        """What was done so far is sealed, as at the end of a worker's every round."""
        audit.seal(lambda data: sign(data, load_signer(self.seat.home / "keys")), least=audit.SEAL_AFTER)

    def night(self, days: int) -> None:
        """A day ends, and so many more pass; a seat's worker has gone round before."""
        self.seal()
        self.truth.past.append((today(), self.held()))
        self.hands.now += timedelta(days=days)
        for ended, held in (self.truth.past[0], self.truth.past[-1]):
            told = Counter({(line.organisation, str(line.state)): 0 for line in balances(on=ended)})
            for line in balances(on=ended):
                told[line.organisation, str(line.state)] += line.n
            assert told == held, (ended, told, held)

    def held(self) -> Counter[tuple[str, str]]:
        """Pieces by organisation and state, as the truth has them."""
        found: Counter[tuple[str, str]] = Counter()
        for (holder, state, _), n in self.truth.standing().items():
            if state != State.OUTSIDE:
                found[holder, str(state)] += n
        return +found

    def recalled(self, code: str) -> list[Plastic]:
        """The cards that a recall of this batch names: each of it that was made, where it lies."""
        told = {row.subject: (row.lies_as, row.live) for row in recall.recall(self.seat, "batch", code)}
        cards = {card.serial: card for card in self.truth.cards.values() if card.batch == code}
        standing = {*self.truth.live.values(), *self.truth.pending.values()}
        assert told == {
            serial: (State(card.state).label, card.ref in standing and card.ref not in self.truth.failed)
            for serial, card in cards.items()
        }
        return [card for card in cards.values() if card.state == State.ISSUED and not card.block]

    # Laws and truth ---------------------------------------------------------------------------------------------------

    def agrees(self) -> None:
        """Balances, and who stands for whom, are what the truth says."""
        told: Counter[tuple[str, str, str]] = Counter()
        rows = Balance.objects.exclude(n=0).exclude(place__state=State.OUTSIDE)
        columns = ("place__organisation__code", "place__state", "place__group__kind", "place__group__code", "n")
        for holder, state, kind, group, n in rows.values_list(*columns):
            told[holder, state, named(group).kind if kind in (STOCK, CONSIGNMENT) else CARD] += n
        truth = Counter({key: n for key, n in self.truth.standing().items() if n and key[1] != State.OUTSIDE})
        assert told == truth, f"books less truth: {told - truth}; truth less books: {truth - told}"
        standing = Application.objects.exclude(live=False, pending=False).values_list("person_id", "ref", "live")
        live, pending = dict[int, str](), dict[int, str]()
        for person, ref, alive in standing:
            (live if alive else pending)[self.index[person]] = ref
        assert (live, pending) == (self.truth.live, self.truth.pending), "who stands for whom"

    def each_card(self) -> None:
        """Every card, walked along the movements, lies where the truth has it; nothing was swallowed."""
        serials = dict(Card.objects.filter(serial__isnull=False).values_list("pk", "serial"))
        assert set(serials.values()) == set(self.truth.cards)
        lying = where(serials)
        places = {p.pk: (p.organisation.code, p.state) for p in Place.objects.select_related("organisation")}
        told = {serials[pk]: places[at] for pk, at in lying.items()}
        truth = {card.serial: (card.holder, card.state) for card in self.truth.cards.values()}
        assert told == truth, {s: (told.get(s), at) for s, at in truth.items() if told.get(s) != at}
        failed = dict(Failure.objects.values_list("card__application_ref", "cause"))
        assert failed == self.truth.failed, set(failed.items()) ^ set(self.truth.failed.items())
        blocked = dict(Block.objects.exclude(state__in=["lifted", "lapsed"]).values_list("card__serial", "state"))
        assert blocked == {card.serial: card.block for card in self.truth.cards.values() if card.block}
        void = [card for card in self.truth.of(State.VOID) if card.ref not in self.truth.failed and not card.handed]
        assert not void, f"void, and nobody has left the batch: {void}"
        assert not Trouble.objects.exists(), list(Trouble.objects.values_list("function", "error"))
        assert not Movement.objects.filter(from_place__state=State.DESTROYED).exists(), "destroyed, and moved"

    def money(self) -> None:
        """Taken less given back is what statements say and what is open, office by office."""
        net = self.truth.net()
        for office in OFFICES:
            settled = sum(one.net for one in Settlement.objects.filter(office__code=office))
            about = organisation(office)
            taken = takings.open_payments(about).aggregate(n=Sum("amount"))["n"] or 0
            back = takings.open_refunds(about).aggregate(n=Sum("payment__amount"))["n"] or 0
            assert net[office] == settled + taken - back, (office, net[office], settled, taken, back)

    def laws(self) -> None:
        """No law of ledger, engine, people, integrator and bank is broken; no piece of any lot is unaccounted for."""
        assert (found := breaches(Books())) == [], [str(breach) for breach in found]
        assert not [lot for lot in lots() if lot.difference]
        self.each_card()
        self.money()


def units_of(office: str) -> list[str]:
    """Codes of an office's units."""
    return [unit for unit, of in UNITS.items() if of == office]


PRICES = {"lost": 2000, "damaged": 1605, "warranty": 0}


def _atomic(part: Part) -> Part:
    def within() -> None:
        with transaction.atomic():
            part()

    return within


def _rates() -> None:
    for kind in ("lost", "damaged"):
        FeeRate.objects.create(
            kind=kind, amount=PRICES[kind], valid_from=date(2020, 1, 1), legal="X价费〔2020〕1号", exempt="low-income",
            loaded_by="周", loaded_at=datetime(2020, 1, 1, tzinfo=UTC),
        )  # fmt: skip


def _seat(folder: Path) -> Seat:
    """A platform with the bank's and the supplier's lanes on it: one store, all the books."""
    home = homes.create(folder / NAME, homes.Kind.PLATFORM, NAME, processes=tuple(ROUTES))
    (home / "customers.csv").write_text("id_no,name,standing\n", encoding="utf-8")
    (folder / "world").mkdir()
    (folder / "world" / "nature").write_text(secrets.token_hex(32))
    return Seat(
        **vars(read(home))
        | {
            "lanes": frozenset(Lane), "organisations": dict(seams.PARTIES),
            "distribution": DistributionOptions(close_days=60), "partners": {},
        }
    )  # fmt: skip


def found_town(folder: Path, hands: Hands) -> Town:
    """Twenty people of two offices in four batches, each at another place of its way; everything done by the town."""
    town = Town(folder, hands)
    for office in OFFICES:
        about = organisation(office, kind="centre")
        for unit in units_of(office):
            organisation(unit, kind="unit", parent=about)
    for code, kind in ((INTEGRATOR, "integrator"), (SUPPLIER, "supplier"), (BANK, "bank"), ("abc", "bank")):
        organisation(code, kind=kind)
    for n, kind in ((40, "module"), (40, "blank"), (20, "blank"), (20, "module")):
        town.buy(f"M{n}", kind, n)
    for office, size, rows in (("02", 4, 0), ("02", 5, 4), ("03", 6, 7), ("03", 5, 7)):
        code = town.enter(office, size)
        for _ in range(rows):
            town.advance(code, {})
            for handover in list(town.truth.open):
                town.accept(handover)
    last = code
    while town.pass_on(last):
        town.accept(next(iter(town.truth.open)))
    for cards in town.truth.together(town.truth.of(State.GOOD, batch=last)):
        town.hand_out(cards)
    replace_some(town)
    town.laws()
    town.agrees()
    town.repeatable = ()
    return town


def replace_some(town: Town) -> None:
    """One lost card and one damaged have a new one at the office, a third is asked for."""
    lost, damaged, worn, *_ = town.truth.of(State.ISSUED)
    town.say(lost, "lost-formal")
    for card, kind in ((lost, "lost"), (damaged, "damaged")):
        town.apply(card, kind, "")
        town.review(next(ref for ref, asked in town.truth.asked.items() if asked.open), "accept")
    code = town.form("urban-replacement", OFFICES[1])
    for _ in ROUTES["urban-replacement"]:
        town.advance(code, {})
        for handover in list(town.truth.open):
            town.accept(handover)
    town.apply(worn, "warranty", "")


def snapshot(town: Town) -> Callable[[], None]:
    """What puts the town's own memory back to what it is now; the store is the caller's to put back."""
    truth, now = deepcopy(town.truth), town.hands.now

    def back() -> None:
        town.truth, town.hands.now, town.repeatable = deepcopy(truth), now, ()
        town.hands.kill_after, town.hands.kills, town.hands.spoilt, town.hands.working = -1, 0, {}, False
        each._counted.clear()  # else the worker remembers batches that it counted in a run undone

    return back
