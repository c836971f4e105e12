"""A batch of six on its way through a platform seat, from row to row; what the far lanes do and say is made by hand."""

from datetime import datetime
from pathlib import Path

from django.utils import timezone

from tests.lanes.house import OFFICE, UNIT, House
from zhika.card.chip import financial, public
from zhika.card.chip.keys import BankKeys
from zhika.engine import each, plastic
from zhika.engine.acts import act
from zhika.engine.parcels import prepare
from zhika.flows import FLOWS
from zhika.flows.chart import Grain
from zhika.flows.documents import CARD_LIST, HANDOVER, PASSING_ON
from zhika.flows.lanes import Lane
from zhika.ledger.batches import Batch, Organisation, organisation
from zhika.ledger.cards import Card
from zhika.ledger.custody import WHOLE, close, give, move
from zhika.ledger.places import Group, Handover, State, place
from zhika.ledger.steps import StepRecord
from zhika.people.models import Application
from zhika.seat import things

BANK = BankKeys(bytes(range(48, 64)), bytes(range(32, 48)))


def notice(batch: Batch, *works: str, at: datetime | None = None) -> None:
    """Rows of other seats, as their progress notices tell them."""
    for work in works:
        row = FLOWS[batch.process].step(work)
        StepRecord.objects.create(
            subject_kind=Grain.BATCH, subject=batch.code, batch=batch, process=batch.process, number=row.number,
            lane=row.lane, function=work, happened_at=at or timezone.now(), booked_at=timezone.now(), by="icbc",
            source="notice",
        )  # fmt: skip


def party(batch: Batch, lane: Lane) -> Organisation:
    return batch.parties.get(lane=lane).organisation


def numbered(house: House) -> Batch:
    """Matched with the bank's numbers."""
    batch = house.batch()
    house.row(batch.code, "submit_production_data", Lane.INTEGRATOR)
    notice(batch, "generate_accounts", "return_accounts")
    house.numbered(batch)
    house.row(batch.code, "match", Lane.INTEGRATOR)
    return batch


def personalised(house: House) -> Batch:
    """Faces and material at the supplier, cards back and written."""
    batch = numbered(house)
    house.stock(len(house.people))
    assert act(house.seat, "load_material", "M-1", by="周")
    house.row(batch.code, "submit_faces", Lane.INTEGRATOR)
    notice(batch, "submit_accounts", "print_faces", "laminate", "return_semi_finished")
    house.made(batch)
    house.row(batch.code, "personalise", Lane.INTEGRATOR)
    return batch


def at_the_bank(house: House) -> Batch:
    """Handed over, accepted by the bank, finished there."""
    batch = personalised(house)
    house.row(batch.code, "hand_over", Lane.INTEGRATOR)
    _accepted(Handover.objects.get(code=f"{batch.code}~{HANDOVER.code}"), plastic.batch_group(batch))
    notice(batch, "finish")
    return batch


def delivered(house: House) -> Batch:
    """At the office with the bank's card list."""
    batch = at_the_bank(house)
    bank, within, office = party(batch, Lane.BANK), plastic.batch_group(batch), organisation(OFFICE)
    handover = give(
        f"{batch.code}~{CARD_LIST.code}", [(place(bank, State.GOOD, within), place(bank, State.GIVEN, within), WHOLE)],
        giver=bank, taker=office, within=within, batch=batch, document=CARD_LIST.code, subject_kind=Grain.BATCH,
        subject=batch.code, by="test", step=None,
    )  # fmt: skip
    notice(batch, "deliver")
    here = batch.cards.filter(failure=None).values_list("application_ref", "serial")
    extra = {"unit_no": UNIT, "unit_name": "闽达小学", "postcode": "", "address": "", "flag": "新增"}
    serials = dict(here)
    rows = [{**k, **extra, "card_serial": serials[k["app_no"]]} for k in house.keys_of(batch) if k["app_no"] in serials]
    house.file(batch, CARD_LIST, rows, Lane.BANK)
    _accepted(handover, within)
    integrator = party(batch, Lane.INTEGRATOR)
    tray = house.seat.bench(integrator.code, "bench") / f"{batch.code}.cards.tray"
    tray.rename(house.seat.bench(OFFICE, "bench") / f"{batch.code}.good.tray")
    Batch.objects.filter(pk=batch.pk).update(closed_at=timezone.now())
    return batch


def at_the_unit(house: House) -> tuple[Batch, str]:
    """Passed on to the unit and accepted there; the parcel's code."""
    batch = delivered(house)
    (code,) = prepare(batch, organisation(OFFICE))
    house.row(code, "pass_on", Lane.CENTRE)
    _accepted(Handover.objects.get(code=f"{code}~{PASSING_ON.code}"), Group.objects.get(code=code))
    tray = house.seat.bench(UNIT, "bench") / f"{code}.cards.tray"
    (house.seat.bench(OFFICE, "bench") / f"{code}.cards.tray").rename(tray)
    _finish(house, tray)
    return batch, code


def hand_out(house: House, subject: str) -> int:
    """A card, by serial, or a whole parcel into the holders' hands; how many."""
    card = Card.objects.filter(serial=subject).first()
    holder = Application.objects.get(ref=card.application_ref).person if card else None
    shown = {"id_no": holder.id_no} if holder else {}
    return each.do_cards(house.seat, "hand_out", {subject: shown}, by="李敏", evidence="签领表17")


def first(batch: Batch) -> Application:
    return Application.objects.filter(batch_code=batch.code).order_by("ref")[0]


def _accepted(handover: Handover, within: Group) -> None:
    """All that was given is taken, without a difference."""
    giver, taker = handover.from_organisation, handover.to_organisation
    n = move(
        place(giver, State.GIVEN, within), place(taker, State.GOOD, within), WHOLE, cause="accepted", by="test",
        handover=handover,
    )  # fmt: skip
    close(handover, accepted=n)


def _finish(house: House, path: Path) -> None:
    """What the bank leaves: its application on the chip, and an empty public area."""
    with things.on_bench(house.seat.world, path) as tray:
        for piece in tray.pieces():
            with tray.chip(piece) as chip:
                pan = "6222350000000000018"
                track2 = financial.track2_equivalent(pan, "3611", "220", "00")
                financial.personalise(chip, pan, "3611", track2, BANK)
                public.clear_public_area(chip, BANK)
