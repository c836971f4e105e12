"""An office's counter on a platform seat: what people ask for there, and finished cards for them in its own tray."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.lanes.house import NAME, OFFICE, House, chip, person
from zhika.card import tray as trays
from zhika.card.chip import social
from zhika.cli import hands
from zhika.engine import plastic
from zhika.engine.todo import Todo, todo
from zhika.engine.work import Bound
from zhika.flows.lanes import Lane
from zhika.lanes.centre.counter import back_tray
from zhika.lanes.integrator import chips
from zhika.ledger.batches import Batch, organisation
from zhika.ledger.cards import Card
from zhika.ledger.places import Place, State, place
from zhika.ledger.where import where
from zhika.people.models import Application, Request
from zhika.rehearsal.portraits import portrait
from zhika.seat import things
from zhika.seat.config import Seat

ENTERS, REVIEWS, FORMS, GIVES = "陈明", "王芳", "李敏", "吴芬"
"""Four people of one office, so that nobody does two things to the same card."""


@dataclass
class Counter:
    """The office's counter and what a test does at it."""

    house: House

    @property
    def seat(self) -> Seat:
        return self.house.seat

    def do(self, work: str, told: Mapping[str, Mapping[str, str]], *, by: str, evidence: str = "") -> int:
        """What `zhika do` does, in any of its ways."""
        return hands.hand(self.seat, work, told, by=by, second="", reason=evidence, evidence=evidence)

    def listed(self, work: str) -> list[Todo]:
        return [item for item in todo(self.seat) if item.work == work]

    def forms(self, *numbers: int, **changes: str) -> Path:
        """A file of forms of these people, from 0; with another payment's number each time it is another file."""
        (self.house.folder / "one.jpg").write_bytes(portrait("1", "1", 30))
        form = {
            "category": "居民",
            "centre": OFFICE,
            "photo": "one.jpg",
            "payment_no": f"P{Request.objects.count()}",
            **changes,
        }
        rows = [{"name": person(n)["name"], "id_no": person(n)["id_no"], **form} for n in numbers]
        return self.house.write("forms.csv", rows)

    def fill(self, *numbers: int, **changes: str) -> list[str]:
        """Forms filled in by a clerk; their application numbers."""
        known = set(Request.objects.values_list("ref", flat=True))
        told = {"process": "urban-new", "photos": str(self.house.folder)}
        self.do("fill_form", {str(self.forms(*numbers, **changes)): told}, by=ENTERS)
        return list(Request.objects.exclude(ref__in=known).order_by("ref").values_list("ref", flat=True))

    def applied(self, *numbers: int, **changes: str) -> list[str]:
        refs = self.fill(*numbers, **changes)
        self.do("apply", {ref: {} for ref in refs}, by=ENTERS)
        return refs

    def batch(self, *numbers: int) -> Batch:
        """These people's new cards lie finished at the office."""
        refs = self.applied(*numbers)
        self.do("review", {ref: {} for ref in refs}, by=REVIEWS)
        return self.made("urban-new")

    def ask(self, card: Card, kind: str = "correction", **told: str) -> str:
        """A replacement for this card; its application number."""
        facts = {"kind": kind, "reason": "卡面有误", **told}
        self.do("apply_replacement", {str(card.serial): facts}, by=ENTERS)
        return Request.objects.get(old_card=card.serial, state=Request.APPLIED).ref

    def replaced(self) -> Batch:
        """What was asked for lies finished at the office."""
        self.do("review_replacement", {f"urban-replacement/{OFFICE}": {}}, by=REVIEWS)
        return self.made("urban-replacement")

    def made(self, process: str) -> Batch:
        """A batch of all that waits, and its cards as they come from the bank: the far lanes' work is done by hand."""
        self.do("form_requests", {f"{process}/{OFFICE}": {}}, by=FORMS)
        batch = Batch.objects.get(process=process)
        office, maker = organisation(OFFICE), organisation(self.seat.organisation(Lane.INTEGRATOR))
        path = self.tray(batch)
        trays.create(path, path.stem, "cards")
        modules = self.house.folder / f"{batch.code}.tray"
        trays.create(modules, "m", "modules")
        own, bound = chips.social_keys(self.seat), {}
        with things.on_bench(self.seat.world, path) as cards, things.on_bench(self.seat.world, modules) as loose:
            for at, card in enumerate(Card.objects.filter(batch=batch).order_by("line")):
                number = f"YL26{batch.pk}{at:08}"
                who = Application.objects.get(ref=card.application_ref).person
                piece = cards.add()
                cards.print(piece, {"name": who.name, "id_no": who.id_no})
                cards.laminate(piece)
                cards.punch(piece)
                cards.embed(piece, loose.add(chip=chip(100 * batch.pk + at)), loose, number)
                with cards.chip(piece) as connection:
                    social.initialise(connection, own, cos_version="ZHIKA-COS 1.0")
                bound[card.application_ref] = Bound(number, "")
        within = plastic.batch_group(batch)
        plastic.bind(batch, office, bound, place(maker, State.OUTSIDE, within), by="test", step=None)
        return batch

    def tray(self, batch: Batch) -> Path:
        return self.seat.bench(OFFICE, "bench") / f"{batch.code}.good.tray"

    def hand_out(self, card: Card, *, clerk: str = GIVES, **told: str) -> int:
        """A card to whoever shows its holder's ID, unless something else is told."""
        shown = {"id_no": holder_id(card), **told}
        return self.do("hand_out", {str(card.serial): shown}, by=clerk, evidence="签领 17")

    def bring_back(self, card: Card) -> None:
        """The holder lays the old card on the counter."""
        path = back_tray(self.seat, OFFICE)
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            trays.create(path, "back", "cards")
        hand = self.seat.world / "people" / f"{card.batch.code}.cards.tray"
        with things.on_bench(self.seat.world, hand) as holding, things.on_bench(self.seat.world, path) as there:
            piece = holding.find(card.serial or "")
            assert piece is not None
            holding.move(piece, there)

    def lies(self, path: Path) -> list[str]:
        """Serials in a tray; none where there is no tray."""
        if not path.exists():
            return []
        with things.on_bench(self.seat.world, path) as tray:
            return sorted(str(piece.serial) for piece in tray)

    def in_hands(self, batch: Batch) -> list[str]:
        return self.lies(self.seat.world / "people" / f"{batch.code}.cards.tray")


def build(house: House) -> Counter:
    """A house whose office knows a bank for walk-ins and replacements."""
    partners = {name: {Lane.BANK: NAME} for name in ("urban-new", "urban-replacement")}
    house.seat = Seat(**{**vars(house.seat), "partners": {**house.seat.partners, **partners}})
    organisation(OFFICE, name="丰泽中心", kind="centre")
    return Counter(house)


def cards(batch: Batch) -> list[Card]:
    return list(Card.objects.filter(batch=batch).select_related("batch").order_by("serial"))


def holder_id(card: Card) -> str:
    return Application.objects.get(ref=card.application_ref).person.id_no


def at(card: Card) -> tuple[str, str]:
    """(holder's code, state) of a card as the books have it."""
    (pk,) = where([card.pk]).values()
    lies = Place.objects.select_related("organisation").get(pk=pk)
    return lies.organisation.code, str(lies.state)
