"""What the supplier has left of a batch's material goes back, lot by lot, and is drawn again."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from django.db import transaction
from django.utils import timezone
from pypdf import PdfReader

from tests.lanes.workshop import CODE, LOT, Killed, Workshop, person
from zhika.card import tray as trays
from zhika.engine import acts, batches, booking, carrying, desk, handover, incoming, plastic
from zhika.engine.todo import todo
from zhika.engine.work import ActWork
from zhika.errors import CardError, NotAllowed, NotReady
from zhika.flows.acts import BY_NAME
from zhika.flows.documents import MATERIAL
from zhika.flows.lanes import Lane
from zhika.lanes.integrator import material, shelving
from zhika.lanes.integrator.models import Consignment
from zhika.ledger.batches import organisation
from zhika.ledger.custody import Quantity, move
from zhika.ledger.laws import breaches
from zhika.ledger.lots import Lot, lots
from zhika.ledger.material import drawn
from zhika.ledger.places import Balance, Case, Handover, Movement, State
from zhika.ledger.steps import Paper
from zhika.seat import things
from zhika.seat.config import Seat

BACK = f"{CODE}~material-return"


def lying() -> dict[tuple[str, str, str], int]:
    """(holder, group, state) → pieces of material inside."""
    rows = Balance.objects.filter(n__gt=0, place__group__kind__in=["stock", "consignment"])
    rows = rows.exclude(place__state=State.OUTSIDE)
    keys = rows.values_list("place__organisation__code", "place__group__code", "place__state", "n")
    return {(holder, code, state): n for holder, code, state, n in keys}


def do(workshop: Workshop, name: str, subject: str = CODE, **people: str) -> None:
    told = {"by": "林工"} | people
    assert acts.act(workshop.seat, name, subject, batch=workshop.batch, process="rural-batch", **told)  # type: ignore[arg-type]


def carry(workshop: Workshop) -> None:
    """Shipped, and brought by a courier."""
    assert carrying.ship(workshop.seat) == 1
    for path in sorted((workshop.seat.bench("supplier", "out") / "integrator").glob("*.tray")):
        trays.move(path, workshop.seat.bench("integrator", "in"))


@pytest.fixture(autouse=True)
def counted(workshop: Workshop) -> None:
    """The material that the workshop has was accepted before; each lane is an organisation of its own."""
    organisations = {lane: str(lane) for lane in (Lane.INTEGRATOR, Lane.SUPPLIER, Lane.BANK)}
    workshop.seat = Seat(**{**vars(workshop.seat), "organisations": organisations})
    Paper.objects.filter(type=MATERIAL.code).update(counted=True)


@pytest.fixture
def left_over(workshop: Workshop) -> Workshop:
    """One person has no photo, another leaves after the print: two blanks and two modules are left."""
    desk.photo_of(workshop.seat, workshop.face(2)["photo"]).unlink()
    workshop.do("print_faces")
    plastic.fail(workshop.batch, {person(0)["app_no"]: "name-differs"}, step="test", source="bank")
    workshop.do("laminate")
    return workshop


def test_nothing_goes_back_before_the_cards_are_made_and_nothing_where_nothing_is_left(workshop: Workshop) -> None:
    with pytest.raises(NotReady, match="尚未制完"):
        do(workshop, "return_material")
    workshop.do("print_faces", "laminate")
    with pytest.raises(NotReady, match="没有余料"):
        do(workshop, "return_material")
    assert not [item for item in todo(workshop.seat) if item.work == "return_material"]


def test_what_is_left_comes_back_to_the_stock_of_its_lot_and_a_printed_blank_comes_back_void(
    left_over: Workshop,
) -> None:
    (waiting,) = [item for item in todo(left_over.seat) if item.work == "return_material"]
    assert (waiting.subject, waiting.n, waiting.lane) == (CODE, 4, Lane.SUPPLIER)
    do(left_over, "return_material")
    paper = Paper.objects.get(handover_code=BACK)
    rows = desk.read(left_over.seat, paper).select("consignment", "kind", "count").rows()
    assert rows == [(LOT, "module", "2"), (LOT, "blank", "2")]
    assert {state for _, _, state in lying()} == {"given", "used"}
    carry(left_over)
    do(left_over, "accept", BACK, by="孙丽")
    assert Handover.objects.get(code=BACK).difference == 0
    for name, subject, process in shelving.due(left_over.seat):
        assert acts.act(left_over.seat, name, subject, by=None, process=process)
    assert {key: n for key, n in lying().items() if key[1].startswith("S:")} == {
        ("integrator", f"S:{LOT}:module", "blank"): 2, ("integrator", f"S:{LOT}:blank", "blank"): 1,
        ("integrator", f"S:{LOT}:blank", "void"): 1,
    }  # fmt: skip
    stock = material.stock(left_over.seat)
    assert sorted(path.name for path in stock.glob("*.tray")) == [
        f"{LOT}-blanks-back-{CODE}.tray", f"{LOT}-modules-back-{CODE}.tray",
    ]  # fmt: skip
    assert list(Consignment.objects.order_by("kind").values_list("code", "kind", "count")) == [
        (LOT, "blank", 1), (LOT, "module", 2),
    ]  # fmt: skip
    assert material.uncounted(stock) == {}
    assert [(row.code, row.batch_code, row.n) for row in kept("NEXT")] == [(LOT, "NEXT", 1), (LOT, "NEXT", 1)]
    assert breaches() == []
    with pytest.raises(NotReady):
        material.reserve("ONE-TOO-MANY", 1)


def bring_back(shop: Workshop) -> None:
    """What is left over comes back, is counted, and lies on the shelf."""
    do(shop, "return_material")
    carry(shop)
    do(shop, "accept", BACK, by="孙丽")
    for name, subject, process in shelving.due(shop.seat):
        acts.act(shop.seat, name, subject, by=None, process=process)


def kept(batch_code: str) -> list[material.Draw]:
    rows = material.reserve(batch_code, 1)
    for row in rows:
        row.code = row.consignment.code  # type: ignore[attr-defined]
    return rows


def test_a_blank_that_came_back_printed_is_destroyed_by_two_people_and_the_others_stay(left_over: Workshop) -> None:
    bring_back(left_over)
    (waiting,) = [item for item in todo(left_over.seat) if item.work == "destroy_waste"]
    assert (waiting.lane, waiting.subject, waiting.n, waiting.needs) == (Lane.INTEGRATOR, LOT, 1, ["by", "second"])
    last = Movement.objects.filter(to_place__state=State.VOID, to_place__group__ref=LOT).latest("pk")
    assert waiting.since == last.happened_at
    with pytest.raises(NotAllowed, match="另一人"):
        acts.act(left_over.seat, "destroy_waste", LOT, by="周强", lane=Lane.INTEGRATOR)
    assert acts.act(left_over.seat, "destroy_waste", LOT, by="周强", second="郑洁", lane=Lane.INTEGRATOR)
    assert {key[2]: n for key, n in lying().items() if key[1] == f"S:{LOT}:blank"} == {"blank": 1, "destroyed": 1}
    with things.on_bench(left_over.seat.world, material.stock(left_over.seat) / f"{LOT}-blanks-back-{CODE}.tray") as t:
        assert [piece.condition for piece in t] == [""]
    paper = left_over.seat.home / "files" / "lists" / f"{LOT}~destruction-integrator-1.pdf"
    said = "".join(PdfReader(paper).pages[0].extract_text().split())
    assert all(text in said for text in ("废料销毁记录", "数量1件", LOT, "空白卡", "周强", "郑洁"))
    _, blanks = of(LOT)
    assert (blanks.n("void"), blanks.n("destroyed"), blanks.difference) == (0, 1, 0)
    assert breaches() == [] and not [item for item in todo(left_over.seat) if item.work == "destroy_waste"]
    with pytest.raises(NotReady, match="没有待销毁"):
        acts.act(left_over.seat, "destroy_waste", LOT, by="周强", second="郑洁", lane=Lane.INTEGRATOR)


def test_what_is_not_in_the_tray_is_not_booked_as_destroyed(left_over: Workshop) -> None:
    bring_back(left_over)
    with things.on_bench(left_over.seat.world, material.stock(left_over.seat) / f"{LOT}-blanks-back-{CODE}.tray") as t:
        t.remove(next(piece for piece in t.pieces() if piece.condition))
    with pytest.raises(CardError, match="缺 1 件"):
        acts.act(left_over.seat, "destroy_waste", LOT, by="周强", second="郑洁", lane=Lane.INTEGRATOR)
    assert lying()["integrator", f"S:{LOT}:blank", "void"] == 1


def test_a_piece_that_is_missing_on_the_way_back_stands_with_the_supplier_and_its_lot_still_adds_up(
    left_over: Workshop,
) -> None:
    do(left_over, "return_material")
    carry(left_over)
    (path,) = left_over.seat.bench("integrator", "in").glob(f"{BACK}*modules.tray")
    with things.on_bench(left_over.seat.world, path) as tray:
        tray.remove(tray.pieces()[0])
    do(left_over, "accept", BACK, by="孙丽")
    (case,) = Case.objects.all()
    assert (case.kind, case.serial, case.n, case.holder.code, case.source) == ("missing", "module", 1, "supplier", BACK)
    modules, blanks = of(LOT)
    assert (modules.bought, modules.n("stock"), modules.n("used"), modules.n("missing")) == (6, 1, 4, 1)
    assert (blanks.bought, blanks.n("stock"), blanks.n("used"), blanks.n("void")) == (6, 1, 4, 1)
    assert (modules.difference, blanks.difference) == (0, 0)
    assert breaches() == []


def of(lot: str) -> tuple[Lot, Lot]:
    modules, blanks = lots(lot=lot)
    return modules, blanks


def test_material_goes_back_once(left_over: Workshop) -> None:
    do(left_over, "return_material")
    assert not acts.act(
        left_over.seat, "return_material", CODE, by="林工", batch=left_over.batch, process="rural-batch"
    )
    with pytest.raises(NotAllowed):
        acts.act(left_over.seat, "return_material", CODE, by="", batch=left_over.batch, process="rural-batch")
    assert Handover.objects.filter(code=BACK).count() == 1


@pytest.mark.parametrize("at", [1, 2, 3, 5, 6])
def test_a_worker_killed_while_laying_it_apart_is_as_if_it_had_not_been(
    left_over: Workshop, killed_after: Callable[[int], None], at: int
) -> None:
    killed_after(at)
    with pytest.raises(Killed):
        do(left_over, "return_material")
    killed_after(0)
    do(left_over, "return_material")
    bench = left_over.seat.bench("supplier", "bench")
    assert [trays.count(bench / f"{CODE}.{LOT}.{kind}.tray") for kind in ("modules", "blanks")] == [2, 2]
    assert [trays.count(bench / f"{CODE}.{kind}.tray") for kind in ("modules", "blanks")] == [0, 0]
    assert Handover.objects.get(code=BACK).given == 4


# On seats of their own -----------------------------------------------------------------------------------------------


def apart(workshop: Workshop, paper: Paper, **changes: object) -> None:
    """The document came from, or went to, another seat."""
    Paper.objects.filter(pk=paper.pk).update(**changes)


def test_a_supplier_on_its_own_seat_learns_lot_by_lot_what_became_of_what_it_returned(left_over: Workshop) -> None:
    do(left_over, "return_material")
    answer = pl.DataFrame([("module", "2"), ("blank", "1")], schema=["kind", "accepted"], orient="row")
    rows = answer.with_columns(handover=pl.lit(BACK), serial=pl.lit(""))
    shipped = Handover.objects.get(code=BACK)
    paper = Paper(sender="works", batch_code=CODE)
    work = ActWork(left_over.seat, BY_NAME["book_acceptance"], "x", left_over.batch, "rural-batch", paper, rows)
    with pytest.raises(NotAllowed, match="不等于"):  # a row too few
        booking._book_material(work, shipped, rows[:1])
    done = booking.book_acceptance(work)
    assert done.write
    done.write()
    assert {key: n for key, n in lying().items() if key[2] != "used"} == {
        ("integrator", f"M:{CODE}:{LOT}:module", "blank"): 2, ("integrator", f"M:{CODE}:{LOT}:blank", "blank"): 1,
        ("supplier", f"M:{CODE}:{LOT}:blank", "missing"): 1,
    }  # fmt: skip
    (case,) = Case.objects.all()
    assert (case.kind, case.serial, case.n, case.group and case.group.ref) == ("missing", "blank", 1, CODE)
    assert batches.unsettled(left_over.batch) and breaches() == []


def test_the_platform_takes_back_from_the_supplier_what_its_own_books_have_there(
    left_over: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    do(left_over, "return_material")
    carry(left_over)
    given = Handover.objects.get(code=BACK)
    for leg in given.movements.all():  # the platform has booked no giving: its books have all of it at the supplier
        move(leg.to_place, leg.from_place, Quantity(leg.n), cause="test", by="test")
    sides = handover.Sides(given.from_organisation, given.to_organisation)
    Handover.objects.filter(pk=given.pk).update(code="elsewhere")
    apart(left_over, Paper.objects.get(handover_code=BACK), sender="far")
    monkeypatch.setattr(handover, "sides_of", lambda seat, paper: sides)
    done = handover.accept(
        ActWork(left_over.seat, BY_NAME["accept"], BACK, left_over.batch, "rural-batch", by="周")
    )  # fmt: skip
    assert done.write
    done.write()
    here = Handover.objects.get(code=BACK)
    assert (here.given, here.accepted, here.difference) == (4, 4, 0)
    assert {key: n for key, n in lying().items() if key[2] != "used"} == {
        ("integrator", f"S:{LOT}:module", "blank"): 2, ("integrator", f"S:{LOT}:blank", "blank"): 1,
        ("integrator", f"S:{LOT}:blank", "void"): 1,
    }  # fmt: skip
    (told,) = done.documents.values()
    assert told.select("kind", "given", "accepted").rows() == [("module", "2", "2"), ("blank", "2", "2")]


def test_material_that_comes_of_two_lots_fills_the_first_first_and_what_is_too_many_has_a_case(
    workshop: Workshop,
) -> None:
    batch, far, here = workshop.batch, organisation("ylz"), organisation("supplier")
    rows = pl.DataFrame(
        [("L1", "module", "3"), ("L2", "module", "4")], schema=["consignment", "kind", "count"], orient="row"
    )
    paper = Paper(sender_lane=Lane.INTEGRATOR, batch_code="NEW")
    for n, (first, second), over in ((7, (3, 4), 0), (5, (3, 2), 0), (8, (3, 4), 1), (0, (0, 0), 0)):
        arrived = incoming.came(
            rows, "NEW", {Path(f"x--NEW.{kind}.tray"): incoming.Read(n, 0) for kind in ("modules",)}
        )
        given = Handover.objects.create(
            code=f"NEW~{n}", from_organisation=far, to_organisation=here, group=plastic.batch_group(batch), given=7,
            document=MATERIAL.code, subject_kind="batch", subject="NEW", given_at=timezone.now(),
        )  # fmt: skip
        with transaction.atomic():
            incoming.book(paper, given, arrived, here=False, by="test")
            found = {row.lot: row.n for row in drawn("NEW", here)}
            assert (found.get("L1", 0), found.get("L2", 0)) == (first, second)
            assert (given.accepted, given.difference) == (n, 7 - n)
            cases = Case.objects.filter(handover=given).values_list("kind", "serial", "n", "group__code")
            assert list(cases) == ([("surplus", "module", 1, "M:NEW:L2:module")] if over else [])
            transaction.set_rollback(True)
