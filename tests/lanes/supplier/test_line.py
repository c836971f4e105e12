"""The supplier's line: what is printed, embedded and handed back, whatever happens to cards, modules and workers."""

from collections.abc import Callable

import pytest

from tests.lanes.workshop import CODE, Killed, Workshop, person
from zhika.card.chip.social import inspect
from zhika.engine import desk
from zhika.flows.documents import SEMI_FINISHED
from zhika.flows.lanes import Lane
from zhika.lanes.supplier.models import PrintRow, SerialBlock
from zhika.ledger.cards import Card
from zhika.ledger.laws import breaches
from zhika.ledger.steps import Paper

LINE = ("print_faces", "laminate", "return_semi_finished")


def listed(workshop: Workshop) -> list[dict[str, str]]:
    paper = Paper.objects.get(type=SEMI_FINISHED.code)
    return list(desk.read(workshop.seat, paper).iter_rows(named=True))


def state(workshop: Workshop) -> dict[str, object]:
    """All that must be the same after a kill: who has which plastic, and what it shows."""
    with workshop.tray(Lane.SUPPLIER, "cards") as cards:
        lying = {p.serial: (p.position, p.condition, cards.camera(p, hidden=set())["name"]) for p in cards}
    bound = dict(Card.objects.order_by("line").values_list("application_ref", "serial"))
    with workshop.tray(Lane.SUPPLIER, "blanks") as blanks, workshop.tray(Lane.SUPPLIER, "modules") as modules:
        left = (len(blanks), len(modules))
    return {"lying": lying, "bound": bound, "left": left, "causes": workshop.causes()}


def test_each_person_gets_the_card_with_their_face_in_line_order(workshop: Workshop) -> None:
    workshop.do(*LINE)
    rows = listed(workshop)
    assert [row["name"] for row in rows] == [person(n)["name"] for n in range(6)]
    assert [row["card_serial"] for row in rows] == [f"QZ26{n:09}" for n in range(1, 7)]
    assert {row["condition"] for row in rows} == {"good"}
    with workshop.tray(Lane.SUPPLIER, "cards") as cards:
        for row, piece in zip(rows, cards, strict=True):
            seen = cards.camera(piece, hidden=set())
            assert (seen["serial"], seen["name"], seen["id_no"]) == (row["card_serial"], row["name"], row["id_no"])
            assert not seen.keys() & {"pan", "expiry", "cvv2"}
            with cards.chip(piece) as chip:
                assert inspect(chip).serial == row["chip_serial"]
    assert breaches() == []


def test_sheets_proofs_and_paper_lie_where_people_look(workshop: Workshop) -> None:
    workshop.do(*LINE)
    files = workshop.seat.home / "files"
    names = {
        path.relative_to(files).as_posix() for path in files.rglob("*") if path.suffix in (".jpg", ".pdf", ".xlsx")
    }
    assert {f"sheets/{CODE}/{CODE}-001.jpg", f"proofs/{CODE}-1.jpg", f"proofs/{CODE}-2.jpg"} <= names
    assert {f"lists/{CODE}~semi-finished.pdf", f"lists/{CODE}~semi-finished.xlsx"} <= names


def test_a_misprint_and_a_dead_chip_are_void_cards_with_their_cause(workshop: Workshop) -> None:
    with workshop.tray(Lane.SUPPLIER, "modules") as modules:
        piece = modules.pieces()[3]
        card = modules.soft_card(piece)
        card.memory.dead = True
        modules.put_chip(piece, card)
    workshop.do("print_faces")
    with workshop.tray(Lane.SUPPLIER, "blanks") as blanks:
        blanks.misprint(blanks.pieces()[1], "name", "陈阿出")
    workshop.do("laminate", "return_semi_finished")
    assert workshop.causes() == {1: "misprint", 3: "chip-dead"}
    rows = listed(workshop)
    assert [row["cause"] for row in rows] == ["", "misprint", "", "chip-dead", "", ""]
    assert rows[3]["chip_serial"] == ""
    with workshop.tray(Lane.SUPPLIER, "cards") as cards:
        assert [piece.condition for piece in cards] == ["", "misprint", "", "chip-dead", "", ""]
    assert breaches() == []


def test_who_has_no_photo_gets_no_plastic_and_the_rest_goes_on(workshop: Workshop) -> None:
    desk.photo_of(workshop.seat, workshop.face(2)["photo"]).unlink()
    workshop.do(*LINE)
    assert workshop.causes() == {2: "photo-bad"}
    assert len(listed(workshop)) == 5
    assert state(workshop)["left"] == (1, 1)
    assert breaches() == []


def test_who_leaves_between_print_and_embedding_gets_no_plastic(workshop: Workshop) -> None:
    from zhika.engine import plastic

    workshop.do("print_faces")
    plastic.fail(workshop.batch, {person(0)["app_no"]: "name-differs"}, step="test", source="bank")
    workshop.do("laminate", "return_semi_finished")
    assert [row["name"] for row in listed(workshop)] == [person(n)["name"] for n in range(1, 6)]
    assert listed(workshop)[0]["card_serial"] == "QZ26000000002"


def test_a_module_too_few_leaves_one_person_without_a_card(workshop: Workshop) -> None:
    with workshop.tray(Lane.SUPPLIER, "modules") as modules:
        modules.remove(modules.pieces()[0])
    workshop.do(*LINE)
    assert workshop.causes() == {5: "missing"}
    assert breaches() == []


@pytest.mark.parametrize("acts", [1, 4, 6, 9, 12, 14, 19, 25, 33])
def test_a_worker_killed_anywhere_is_as_if_it_had_not_been(
    workshop: Workshop, killed_after: Callable[[int], None], acts: int
) -> None:
    for work in LINE:
        killed_after(acts)
        try:
            workshop.do(work)
        except Killed:
            killed_after(0)
            workshop.do(work)
    killed_after(0)
    expected = {f"QZ26{n + 1:09}": (n + 1, "", person(n)["name"]) for n in range(6)}
    assert state(workshop) == {
        "lying": expected, "bound": {person(n)["app_no"]: f"QZ26{n + 1:09}" for n in range(6)}, "left": (0, 0),
        "causes": {},
    }  # fmt: skip
    assert (PrintRow.objects.count(), SerialBlock.objects.count()) == (6, 1)
    assert breaches() == []
