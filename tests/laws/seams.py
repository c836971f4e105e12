"""Where the machine meets what is no book: the clock, the hands that read trays, the printers of paper.

Everything that moves, counts, charges or writes is the product's own. What opens a tray file, asks a chip or sets type
is told here instead, so that a hundred thousand steps take minutes: which cards came, which cause a row found.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import polars as pl
from django.db import connection
from django.utils import timezone

from tests.lanes.house import NAME
from zhika.craft import destroying, forming, handing, returning, slips
from zhika.engine import found, handover, incoming, laying, plastic
from zhika.engine.registry import ERRANDS, STEPS
from zhika.engine.work import Bound, Done, Work
from zhika.flows import FLOWS
from zhika.flows.documents import CARD_LIST, HANDOVER, MATERIAL, PASSING_ON, SEMI_FINISHED, Document
from zhika.flows.lanes import Lane
from zhika.lanes.bank import again
from zhika.lanes.bank import blocking as bank
from zhika.lanes.bank.models import Account
from zhika.lanes.centre import acts as centre_acts
from zhika.lanes.centre import blocking as office
from zhika.lanes.centre import counter
from zhika.lanes.integrator import material
from zhika.ledger.batches import Organisation, organisation
from zhika.ledger.blocks import Word
from zhika.ledger.cards import Card
from zhika.ledger.material import KINDS, drawn
from zhika.ledger.places import Place, State
from zhika.ledger.where import where
from zhika.people.models import Application
from zhika.seat import things
from zhika.seat.config import Seat

PARTIES = {Lane.INTEGRATOR: "ylz", Lane.SUPPLIER: "supplier", Lane.BANK: "icbc"}
START = datetime(2026, 11, 2, 1, 0, tzinfo=timezone.get_fixed_timezone(0))
WRITING = ("INSERT", "UPDATE", "DELETE")


class Killed(BaseException):
    """What SIGKILL is to the worker: nothing after it runs but what must."""


@dataclass
class Hands:
    """What is read, found and brought, as the machine says before each operation."""

    now: datetime = START
    came: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Serials in the trays that arrived."""
    pieces: Mapping[Path, incoming.Read] = field(default_factory=dict)
    """Pieces of material in the trays that arrived, by a name that says their kind."""
    spoilt: Mapping[str, str] = field(default_factory=dict)
    """Application → cause that the next row finds."""
    brought: set[str] = field(default_factory=set)
    """Old cards laid on the office's counter."""
    kill_after: int = -1
    """The worker is killed at the write after so many; below 0: never."""
    kills: int = 0
    working: bool = False
    """Within an operation that will be done again when its worker is killed."""

    def tick(self) -> datetime:
        """Time goes on by a second each time somebody looks."""
        self.now += timedelta(seconds=1)
        return self.now

    def killer(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        """Wraps every statement: the worker dies in the middle of a transaction."""
        if self.working and self.kill_after >= 0 and sql.startswith(WRITING):
            if self.kill_after == 0:
                self.kill_after = -1
                self.kills += 1
                raise Killed
            self.kill_after -= 1
        return execute(sql, params, many, context)


class Bench:
    """A tray in which everything lies that is looked for."""

    def find(self, serial: str) -> str:
        return serial


@contextmanager
def seams(hands: Hands) -> Iterator[None]:
    """The machine's hands in place of trays, chips, printers and the clock."""

    @contextmanager
    def on_bench(*_: object) -> Iterator[Bench]:
        yield Bench()

    quiet = lambda *_, **__: None  # noqa: E731
    kept = {(Lane.CENTRE, "hand_out")}  # its other half ends the cards that were replaced
    with ExitStack() as stack:
        for module, name, instead in (
            (timezone, "now", hands.tick), (things, "on_bench", on_bench),
            (handover, "all_here", lambda *_: [Path("came.tray")]),
            (handover, "_read_trays", lambda *_: handover.Read((), hands.came, hands.pieces)),
            (handing, "card_faults", lambda *_: []), (handing, "into_hands", quiet), (laying, "lacking", lambda *_: []),
            (counter, "_lying", lambda *_: hands.brought), (counter, "_put_away", quiet), (found, "_lay", quiet),
            (found, "print_handover", quiet), (returning, "print_handover", quiet), (again, "print_handover", quiet),
            (slips, "print_receipt", quiet), (slips, "print_notice", quiet), (slips, "print_voucher", quiet),
            (destroying, "destruction_record", lambda *_, **__: b""), (forming, "parties", parties),
            (centre_acts, "SIDE", replace(office.SIDE, follow=both_follow)),
        ):  # fmt: skip
            stack.enter_context(patch.object(module, name, instead))
        stack.enter_context(patch.dict(ERRANDS, {key: quiet for key in ERRANDS if key not in kept}))
        stack.enter_context(patch.dict(STEPS, rows(hands)))
        stack.enter_context(connection.execute_wrapper(hands.killer))
        yield


def both_follow(seat: Seat, words: Sequence[Word]) -> None:
    """Office and bank keep one table of blocks here: what the office says the bank has heard, with all that follows."""
    office.follow(seat, words)
    bank.follow(seat, words)


def parties(seat: Seat, process: str, office: str) -> dict[Lane, tuple[str, str]]:
    """Every lane of a chart with an organisation of its own, all of them on this seat."""
    lanes = FLOWS[process].lanes
    return {lane: (code, NAME) for lane, code in PARTIES.items() if lane in lanes} | {Lane.CENTRE: (office, NAME)}


# Rows of the charts that work on things, as far as the books are concerned ------------------------------------------


def rows(hands: Hands) -> dict[tuple[Lane, str], Callable[[Work], Done]]:
    """A function for each row that would open trays: what it found is told, what follows is the engine's."""

    def listed(document: Document) -> Callable[[Work], Done]:
        return lambda work: Done(documents={document: list_of(work, document)}, taker=_taker(work))

    def checked(work: Work) -> Done:
        return Done(failed={app: cause for app, cause in hands.spoilt.items() if app in work.people} | gone(work))

    return {
        (Lane.INTEGRATOR, "submit_faces"): submit_faces,
        (Lane.SUPPLIER, "laminate"): lambda work: made(work, hands.spoilt),
        (Lane.INTEGRATOR, "make_card"): lambda work: made(work, hands.spoilt, own=True),
        (Lane.SUPPLIER, "return_semi_finished"): listed(SEMI_FINISHED),
        (Lane.INTEGRATOR, "personalise"): checked,
        (Lane.INTEGRATOR, "hand_over"): listed(HANDOVER),
        (Lane.BANK, "finish"): checked,
        (Lane.BANK, "deliver"): lambda work: delivered(work, listed(CARD_LIST)),
        (Lane.CENTRE, "pass_on"): listed(PASSING_ON),
    }


def submit_faces(work: Work) -> Done:
    """What was drawn of the stock leaves for the supplier."""
    assert work.batch is not None
    kept = material.reserve(work.batch.code, len(work.people))
    return Done(documents={MATERIAL: material.rows(kept)}, write=lambda: material.book(work, kept))


def made(work: Work, spoilt: Mapping[str, str], *, own: bool = False) -> Done:
    """A card a person as long as there is material; `own`: from the holder's stock."""
    assert work.batch is not None
    holder = organisation(work.organisation)
    kept = material.reserve(work.batch.code, len(work.people)) if own else []
    lying = dict.fromkeys(plastic.EMBEDDED, 0) | ({row.consignment.kind: 0 for row in kept})
    for kind in lying:
        lying[kind] += sum(row.n for row in kept if row.consignment.kind == kind)
        lying[kind] += sum(row.n for row in drawn(work.batch.code, holder) if row.kind == kind)
    going = list(work.people)[: min(lying.values())]
    born = {app: Bound(serial_of(app), f"F1{serial_of(app)[2:]}") for app in going}
    failed = {app: spoilt[app] for app in going if app in spoilt}
    failed |= {app: "missing" for app in work.people if app not in born}
    return Done(born=born, failed=failed, write=(lambda: material.book(work, kept)) if own else None)


def serial_of(app: str) -> str:
    """The card serial of an application, so that the same row makes the same.

    >>> serial_of("A26112300000017")
    'QZ112300000017'
    """
    return f"QZ{app[3:]}"


def gone(work: Work) -> dict[str, str]:
    """Who is in the batch and whose card does not lie here, as whoever reads the tray finds."""
    lying = where([card.pk for card in work.people.values()])
    here = set(
        Place.objects.filter(pk__in=set(lying.values()), organisation__code=work.organisation, state=State.GOOD)
        .values_list("pk", flat=True)
    )  # fmt: skip
    return {app: "missing" for app, card in work.people.items() if lying.get(card.pk) not in here}


def list_of(work: Work, document: Document) -> pl.DataFrame:
    """The cards that travel, good and void; a card list and a parcel hold good ones alone."""
    assert work.batch is not None
    cards = {card.pk: card for card in Card.objects.filter(batch=work.batch, serial__isnull=False)}
    lying = where(cards)
    good = document in (CARD_LIST, PASSING_ON)
    here = Place.objects.filter(pk__in=set(lying.values()), organisation__code=work.organisation)
    states = dict(here.filter(state__in=[State.GOOD] if good else [State.GOOD, State.VOID]).values_list("pk", "state"))
    chosen = {card.application_ref: (card, states[lying[pk]]) for pk, card in cards.items() if lying.get(pk) in states}
    if document is PASSING_ON:
        chosen = {app: told for app, told in chosen.items() if app in work.people}
    people = Application.objects.filter(ref__in=list(chosen)).select_related("person")
    told = []
    for one in people.order_by("ref"):
        card, state = chosen[one.ref]
        own = {"app_no": one.ref, "id_no": one.person.id_no, "name": one.person.name, "card_serial": card.serial or ""}
        void = {"condition": "void" if state == State.VOID else "good", "cause": ""}
        told.append({name: (document.example | own | void)[name] for name in document.columns})
    return pl.DataFrame(told, schema=dict.fromkeys(document.columns, pl.String))


def delivered(work: Work, give: Callable[[Work], Done]) -> Done:
    """The bank's last row: the accounts of those who are still in the batch are open."""
    done = give(work)
    people = list(work.people)
    accounts = Account.objects.filter(application_ref__in=people, status=Account.RESERVED)
    return Done(documents=done.documents, write=lambda: accounts.update(status=Account.OPENED) and None)


def _taker(work: Work) -> Organisation | None:
    """The unit of a parcel's cards."""
    if work.step.work != "pass_on":
        return None
    return next(iter(work.people.values())).bundle.unit


def tray_of(batch: str, kind: str) -> Path:
    """The name under which a batch's tray of this material arrives."""
    return Path(f"{batch}.{KINDS[kind].trays}.tray")
