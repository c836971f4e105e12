"""Finished cards from the bank to a unit and back, on one seat: real trays, a courier, and the books of all of them."""

from dataclasses import dataclass
from pathlib import Path

from tests.lanes.house import NAME, OFFICE, UNIT, House
from zhika.card import tray as trays
from zhika.card.chip import social
from zhika.engine import acts, carrying, desk, each, parcels, picked, plastic
from zhika.engine.work import Subject
from zhika.flows.chart import Grain
from zhika.flows.documents import CARD_LIST, PASSING_ON
from zhika.flows.lanes import Lane
from zhika.lanes.bank.models import Account
from zhika.lanes.integrator import chips
from zhika.ledger.batches import Batch, Organisation, organisation
from zhika.ledger.cards import Card
from zhika.ledger.custody import WHOLE, give, move
from zhika.ledger.places import Place, State, place
from zhika.ledger.steps import ActRecord
from zhika.ledger.where import lying_at, where
from zhika.people.models import Application
from zhika.seat import things
from zhika.seat.config import DistributionOptions, Seat

CLERK = "吴芬"
"""Hands out: neither collected, confirmed nor formed anything here."""


@dataclass
class Street:
    """Six finished cards of one unit, and everybody who carries, counts and hands them out."""

    house: House
    batch: Batch

    @property
    def seat(self) -> Seat:
        return self.house.seat

    @property
    def bank(self) -> Organisation:
        return organisation(NAME)

    @property
    def office(self) -> Organisation:
        return organisation(OFFICE)

    @property
    def unit(self) -> Organisation:
        return organisation(UNIT)

    def wait(self, **options: int | str) -> None:
        """Another seat.toml, with [distribution] as told."""
        own = vars(self.seat)
        self.house.seat = Seat(**{**own, "distribution": DistributionOptions(**options)})  # type: ignore[arg-type]

    def card(self, n: int) -> Card:
        return Card.objects.get(serial=serial(n))

    def application(self, n: int) -> Application:
        return Application.objects.select_related("person").get(ref=self.card(n).application_ref)

    def at(self, *numbers: int) -> list[tuple[str, str]]:
        """(holder, state) of these cards, from 1, as the books have them."""
        cards = [self.card(n).pk for n in numbers]
        lying = where(cards)
        places = {p.pk: p for p in Place.objects.select_related("organisation")}
        names = {OFFICE: "office", UNIT: "unit", NAME: "bank"}
        return [(names[places[lying[pk]].organisation.code], places[lying[pk]].state) for pk in cards]

    def inside(self, path: Path) -> list[int]:
        """Numbers of the cards in a tray, as they lie."""
        with things.on_bench(self.seat.world, path) as tray:
            return [int(str(piece.serial)[-6:]) for piece in tray]

    def tray(self, holder: str, name: str) -> Path:
        return self.seat.bench(holder, "bench") / f"{name}.tray"

    # What people do ---------------------------------------------------------------------------------------------------

    def carry(self) -> None:
        """What was given is shipped, and brought to whoever takes it."""
        carrying.ship(self.seat)
        for path in sorted(self.seat.world.glob("*/out/*/*.tray")):
            trays.move(path, self.seat.bench(path.parent.name, "in"))

    def accept(self, code: str) -> bool:
        self.carry()
        done = acts.act(
            self.seat, "accept", code, by="孙丽", batch=self.batch, process=self.batch.process
        )  # fmt: skip
        acts.run_awaiting(self.seat, first=False)
        return done

    def send_back(self, *numbers: int, cause: str = "", by: str = "李敏") -> int:
        facts = {"cause": cause} if cause else {}
        told = {serial(n): facts for n in numbers} if numbers else {self.batch.code: facts}
        return picked.do(self.seat, "return_cards", told, by=by, reason="逾期未领或资料有误")

    def give_again(self, *numbers: int) -> int:
        return picked.do(self.seat, "give_again", {serial(n): {} for n in numbers}, by="周强", reason="本人申请")

    def destroy(self) -> bool:
        return acts.act(
            self.seat, "destroy", self.batch.code, by="周强", second="郑洁", batch=self.batch,
            process=self.batch.process, lane=Lane.BANK,
        )  # fmt: skip

    def pass_on(self) -> str:
        """A parcel of what lies at the office, accepted by the unit and ready to be handed out."""
        code = parcels.prepare(self.batch, self.office)[-1]
        self.house.row(code, "pass_on", Lane.CENTRE)
        self.accept(f"{code}~{PASSING_ON.code}")
        return code

    def hand_out(self, *numbers: int, by: str = CLERK, **facts: str) -> int:
        shown = {serial(n): {"id_no": self.application(n).person.id_no, **facts} for n in numbers}
        return each.do_cards(self.seat, "hand_out", shown, by=by, evidence="签领表 17")

    def initialise(self, path: Path) -> None:
        """What initialisation leaves: a public area that can be read, and is empty."""
        own = chips.social_keys(self.seat)
        with things.on_bench(self.seat.world, path) as tray:
            for piece in tray:
                with tray.chip(piece) as chip:
                    social.initialise(chip, own, cos_version="ZHIKA-COS 1.0")


def serial(n: int) -> str:
    return f"QZ26{n:09}"


def build(house: House) -> Street:
    """The bank has delivered six cards; they lie in the unit's parcel."""
    own = vars(house.seat)
    house.seat = Seat(**{**own, "lanes": house.seat.lanes | {Lane.BANK}})
    batch = house.batch()
    # As the to-do list has it: with the code that the batch gets.
    ActRecord.objects.filter(name="form").update(subject=f"{batch.process}/{OFFICE}/{batch.code}")
    house.row(batch.code, "submit_production_data", Lane.INTEGRATOR)
    house.numbered(batch)
    house.row(batch.code, "match", Lane.INTEGRATOR)
    path = house.made(batch)
    street = Street(house, batch)
    street.initialise(path)
    trays.move(path, house.seat.bench(NAME, "bench"), f"{batch.code}.good.tray")
    trays.create(street.tray(NAME, f"{batch.code}.cards"), "void", "cards")
    within = plastic.batch_group(batch)
    move(place(organisation("ylz"), State.GOOD, within), plastic.good(street.bank, batch), WHOLE, cause="x", by="test")
    _accounts(house, batch)
    _deliver(street)
    street.pass_on()
    return street


def _accounts(house: House, batch: Batch) -> None:
    for n, key in enumerate(house.keys_of(batch)):
        Account.objects.create(
            application_ref=key["app_no"], batch_code=batch.code, line=n, pan=f"622235{n:012}", expiry="3611",
            account=f"{n:019}", branch="1402", id_no=key["id_no"], name=key["name"], status=Account.OPENED,
        )  # fmt: skip


def _deliver(street: Street) -> None:
    house, batch = street.house, street.batch
    code, within = f"{batch.code}~{CARD_LIST.code}", plastic.batch_group(batch)
    rows = [{**key, "card_serial": serial(n), "unit_no": UNIT, "unit_name": "闽达小学", "postcode": "", "address": "",
             "flag": "新增"} for n, key in enumerate(house.keys_of(batch), 1)]  # fmt: skip
    from zhika.exchange.table import frame

    desk.file(
        house.seat, CARD_LIST, frame(CARD_LIST, rows), Subject(Grain.BATCH, batch.code), process=batch.process,
        batch_code=batch.code, sender_lane=Lane.BANK, sender=NAME, receiver=NAME, handover=code,
    )  # fmt: skip
    give(
        code, [(plastic.good(street.bank, batch), place(street.bank, State.GIVEN, within), WHOLE)], giver=street.bank,
        taker=street.office, within=within, batch=batch, document=CARD_LIST.code, subject_kind="batch",
        subject=batch.code, by="test", step=None, trays=[f"{batch.code}.good.tray"],
    )  # fmt: skip
    street.accept(code)
    assert len(lying_at(plastic.good(street.office, batch))) == 6
