"""New plastic is counted at the integrator: every card that lies in the tray is somebody's in the books, or a case."""

from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl
import pytest
from django.db import transaction
from django.utils import timezone

from tests.lanes.house import House, chip
from zhika.card import tray as trays
from zhika.engine import carrying, desk, handover, plastic
from zhika.engine.work import ActWork, Subject
from zhika.flows.acts import BY_NAME
from zhika.flows.chart import Grain
from zhika.flows.documents import SEMI_FINISHED
from zhika.flows.lanes import Lane
from zhika.ledger.batches import Batch, organisation
from zhika.ledger.cards import Card
from zhika.ledger.custody import Quantity, move
from zhika.ledger.laws import breaches
from zhika.ledger.places import Balance, Case, Handover, State, place
from zhika.ledger.steps import Paper
from zhika.seat import things

Row = dict[str, str]


@dataclass
class Came:
    """Six cards in the supplier's tray at the integrator's door, and the supplier's list of them."""

    house: House
    batch: Batch
    rows: list[Row] = field(default_factory=list)
    faces: list[Row] = field(default_factory=list)

    @property
    def code(self) -> str:
        return f"{self.batch.code}~{SEMI_FINISHED.code}"

    @property
    def apps(self) -> list[str]:
        return [key["app_no"] for key in self.house.keys_of(self.batch)]

    def accept(self) -> Handover:
        """The tray is read, held against the list, and booked."""
        holder, supplier = organisation(self.house.seat.organisation(Lane.INTEGRATOR)), organisation("supplier")
        path = self.house.seat.bench(holder.code, "in") / f"{self.code}{carrying.MARK}{self.batch.code}.cards.tray"
        trays.create(path, path.stem, "cards")
        modules = self.house.folder / "m.tray"
        trays.create(modules, "m", "modules")
        world = self.house.seat.world
        with things.on_bench(world, path) as cards, things.on_bench(world, modules) as chips:
            for at, face in enumerate(self.faces):
                piece = cards.add()
                cards.print(piece, face)
                cards.laminate(piece)
                cards.punch(piece)
                cards.embed(piece, chips.add(chip=chip(at)), chips, serial(at))
        for kind in plastic.KINDS:
            within = plastic.material_group(self.batch.code, kind)
            source, target = place(organisation("outside"), State.OUTSIDE, within), place(supplier, State.BLANK, within)
            move(source, target, Quantity(len(self.faces)), cause="test", by="test")
        frame = pl.DataFrame(self.rows, schema=dict.fromkeys(SEMI_FINISHED.columns, pl.String))
        desk.file(
            self.house.seat, SEMI_FINISHED, frame, Subject(Grain.BATCH, self.batch.code), process=self.batch.process,
            batch_code=self.batch.code, sender_lane=Lane.SUPPLIER, sender="supplier", receiver=self.house.seat.name,
            handover=self.code,
        )  # fmt: skip
        Handover.objects.create(
            code=self.code, from_organisation=supplier, to_organisation=holder, batch=self.batch, shipped=True,
            given=len({row["card_serial"] for row in self.rows}), group=plastic.batch_group(self.batch),
            document=SEMI_FINISHED.code, subject_kind="batch", subject=self.batch.code, given_at=timezone.now(),
        )  # fmt: skip
        work = ActWork(self.house.seat, BY_NAME["accept"], self.code, self.batch, self.batch.process, by="王芳")
        done = handover.accept(work)
        assert done.write is not None
        with transaction.atomic():
            done.write()
        assert Paper.objects.get(handover_code=self.code).counted
        return Handover.objects.get(code=self.code)

    def held(self) -> dict[str, tuple[str, str]]:
        """Application → serial and cause, of all who have plastic."""
        cards = Card.objects.filter(batch=self.batch, serial__isnull=False).select_related("failure")
        return {c.application_ref: (c.serial or "", c.failure.cause if hasattr(c, "failure") else "") for c in cards}


def serial(at: int) -> str:
    return f"QZ26{at + 1:09}"


@pytest.fixture
def came(house: House) -> Came:
    batch = house.batch()
    keys = house.keys_of(batch)
    rows = [
        {**key, "card_serial": serial(at), "chip_serial": f"F1{at:010X}", "condition": "good", "cause": "",
         "flag": "新增"} for at, key in enumerate(keys)
    ]  # fmt: skip
    return Came(house, batch, rows, [{"name": key["name"], "id_no": key["id_no"]} for key in keys])


def told_of_another(came: Came) -> None:
    came.rows[3]["app_no"] = came.rows[1]["app_no"]


def told_twice(came: Came) -> None:
    came.rows[3] |= {name: came.rows[1][name] for name in ("app_no", "id_no", "name")}


def of_a_stranger(came: Came) -> None:
    came.rows[3]["app_no"] = "A26019999999999"


def one_serial_for_two(came: Came) -> None:
    came.rows[3]["card_serial"] = came.rows[1]["card_serial"]


def left_out(came: Came) -> None:
    del came.rows[3]


@pytest.mark.parametrize(
    ("spoil", "void"),
    [
        (told_of_another, {3: "row-missing"}),
        (told_twice, {1: "row-twice", 3: "row-missing"}),
        (of_a_stranger, {3: "row-missing"}),
        (one_serial_for_two, {1: "serial-differs", 3: "serial-differs"}),
        (left_out, {3: "row-missing"}),
    ],
)
def test_a_card_whose_row_is_not_to_be_believed_is_whose_face_it_bears_and_void(
    came: Came, spoil: Callable[[Came], None], void: dict[int, str]
) -> None:
    spoil(came)
    shut = came.accept()
    assert came.held() == {app: (serial(at), void.get(at, "")) for at, app in enumerate(came.apps)}
    assert shut.accepted == 6 and not Case.objects.exists()
    lies = dict(Balance.objects.filter(place__organisation=shut.to_organisation).values_list("place__state", "n"))
    assert lies == {"good": 6 - len(void), "void": len(void)}
    assert breaches() == []


def test_a_card_that_shows_nobody_is_void_and_the_application_s_that_its_row_names(came: Came) -> None:
    came.rows[3]["name"] = "某"
    came.faces[3]["name"] = "谁"
    came.accept()
    assert came.held()[came.apps[3]] == (serial(3), "row-differs")
    assert breaches() == []


def test_a_card_that_neither_row_nor_face_gives_to_anybody_stands_as_surplus_with_a_case(came: Came) -> None:
    told_of_another(came)
    came.faces[3] = {"name": "谁", "id_no": came.faces[3]["id_no"]}
    shut = came.accept()
    assert came.apps[3] not in came.held()
    assert [(case.kind, case.serial) for case in Case.objects.all()] == [("surplus", serial(3))]
    assert (shut.given, shut.accepted, shut.difference) == (6, 6, 0)
    assert breaches() == []


def test_new_plastic_of_which_a_card_drops_out_of_the_books_breaks_a_law(came: Came) -> None:
    came.accept()
    Handover.objects.filter(code=came.code).update(accepted=7, difference=-1)
    assert [breach.law for breach in breaches()] == ["born_or_surplus"]
