"""Material of the third kind: blanks that have their chip, drawn for the integrator's own making."""

import polars as pl
import pytest
from django.utils import timezone

from tests.lanes.house import House
from zhika.card import tray as trays
from zhika.engine import counted, desk, plastic
from zhika.engine.acts import act
from zhika.engine.todo import todo
from zhika.engine.work import Bound, Done, Subject, Work
from zhika.errors import NotReady, Refused
from zhika.flows import FLOWS
from zhika.flows.chart import Grain
from zhika.flows.documents import ACCEPTANCE, MATERIAL
from zhika.flows.lanes import Lane
from zhika.lanes.integrator import material
from zhika.lanes.integrator.models import Consignment
from zhika.ledger.batches import Batch, organisation
from zhika.ledger.cards import Card
from zhika.ledger.laws import Books, breaches
from zhika.ledger.places import Balance, Handover, State
from zhika.ledger.steps import Paper


def lying() -> dict[tuple[str, str], int]:
    """(group, state) → pieces, of everything that lies somewhere inside."""
    rows = Balance.objects.filter(n__gt=0).exclude(place__state=State.OUTSIDE)
    return {(group, state): n for group, state, n in rows.values_list("place__group__code", "place__state", "n")}


def working(house: House, batch: Batch) -> Work:
    chart = FLOWS["rural-batch"]
    step = next(s for s in chart.steps if s.work == "submit_faces")
    return Work(
        house.seat, chart, step, Subject(Grain.BATCH, batch.code), batch,
        people={card.application_ref: card for card in Card.objects.filter(batch=batch)},
    )  # fmt: skip


def test_blanks_with_their_chip_are_read_when_they_come_and_others_cos_is_refused(village: House) -> None:
    village.stock(3, cos="OTHER 9", kinds=["chip-blanks"])
    with pytest.raises(Refused, match="COS"):
        act(village.seat, "load_material", "M-1", by="周")
    (path,) = material.stock(village.seat).glob("*.tray")
    path.unlink()
    village.stock(3, kinds=["chip-blanks"])
    assert act(village.seat, "load_material", "M-1", by="周")
    row = Consignment.objects.get()
    assert (row.kind, row.count, row.cos_version, len(row.cos_digest)) == ("chip-blank", 3, "ZHIKA-COS 1.0", 64)
    assert lying() == {("S:M-1:chip-blank", "blank"): 3}


def test_cards_are_born_of_blanks_with_their_chip_and_no_module_is_used(village: House) -> None:
    batch = village.batch()
    village.stock(8, kinds=["modules", "blanks", "chip-blanks"])
    act(village.seat, "load_material", "M-1", by="周")
    work = working(village, batch)
    with pytest.raises(NotReady, match="带芯片空白卡"):
        material.reserve(batch.code, 9, plastic.WITH_CHIP)
    kept = material.reserve(batch.code, 6, plastic.WITH_CHIP)
    (path,) = material.draw(work, kept)
    assert (path.name, trays.count(path)) == (f"{batch.code}.chip-blanks.tray", 6)
    material.book(work, kept)
    cards = Card.objects.filter(batch=batch).order_by("line")[:5]
    born = {card.application_ref: Bound(f"QZ{at}", f"F2{at:010X}") for at, card in enumerate(cards)}
    plastic.embed(work, Done(born=born), None)
    assert lying() == {
        ("S:M-1:module", "blank"): 8, ("S:M-1:blank", "blank"): 8, ("S:M-1:chip-blank", "blank"): 2,
        (f"M:{batch.code}:M-1:chip-blank", "blank"): 1, (batch.code, "good"): 5,
    }  # fmt: skip
    assert breaches(Books(prove=True)) == []


def test_a_batch_whose_chips_are_embedded_uses_a_module_and_a_blank_a_card(village: House) -> None:
    batch = village.batch()
    village.stock(6)
    act(village.seat, "load_material", "M-1", by="周")
    work = working(village, batch)
    kept = material.reserve(batch.code, 6)
    assert [path.name.rsplit(".", 2)[1] for path in material.draw(work, kept)] == ["modules", "blanks"]
    material.book(work, kept)
    born = {card.application_ref: Bound(f"QZ{card.line}", "") for card in Card.objects.filter(batch=batch)}
    plastic.embed(work, Done(born=born), None)
    assert lying() == {(f"M:{batch.code}:M-1:module", "used"): 6, (batch.code, "good"): 6}
    assert work.step.lane is Lane.INTEGRATOR


def test_the_todo_list_counts_pieces_of_material_and_not_trays_or_rows(house: House) -> None:
    house.stock(8)
    (item,) = [item for item in todo(house.seat) if item.work == "load_material"]
    assert ("空白卡 8、芯片模块 8" in item.title, item.n) == (True, 16)
    batch = house.batch()
    rows = [MATERIAL.example | {"kind": kind, "count": "6"} for kind in ("module", "blank")]
    house.file(batch, MATERIAL, rows, Lane.SUPPLIER)
    Paper.objects.filter(type="material").update(counted=False)
    holder = organisation(house.seat.organisation(Lane.INTEGRATOR))
    Handover.objects.create(
        code=f"{batch.code}~material", from_organisation=organisation("supplier"), to_organisation=holder, batch=batch,
        group=plastic.batch_group(batch), document="material", subject=batch.code, given=12, given_at=timezone.now(),
    )  # fmt: skip
    (item,) = [item for item in todo(house.seat) if item.work == "accept"]
    assert (item.title, item.n) == ("清点、接收: 材料交接单 (芯片模块 6、空白卡 6)", 12)


def test_pieces_of_material_that_lack_are_said_as_a_number(house: House) -> None:
    rows = [("B1~material", "module", "7", "6", "1", ""), ("B1~material", "blank", "7", "7", "0", "")]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(ACCEPTANCE.columns, pl.String), orient="row")
    desk.file(
        house.seat, ACCEPTANCE, frame, Subject(Grain.BATCH, "B1"), process="urban-batch", batch_code="B1",
        sender_lane=Lane.SUPPLIER, sender=house.seat.name, receiver="other", state=Paper.SENT,
    )  # fmt: skip
    assert counted.said(house.seat, "B1~material") == ["芯片模块: 应收 7, 实收 6, 短少 1 件", "空白卡: 应收 7, 实收 7"]
