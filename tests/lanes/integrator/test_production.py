"""Numbers matched person by person, material drawn, cards made; A1 on real trays and chips."""

import struct
from collections.abc import Callable
from io import BytesIO

import polars as pl
import pytest
from PIL import Image

from tests.lanes.house import House, causes, chip, chip_of
from zhika.card import tray as trays
from zhika.card.chip import public
from zhika.card.chip.cos import State as Life
from zhika.card.tray import Tray
from zhika.engine import desk, plastic
from zhika.engine.acts import act
from zhika.errors import NotReady, Refused
from zhika.exchange.archive import PHOTO_LIMIT
from zhika.flows.documents import ACCOUNT_FILE, FACE_DATA, HANDOVER, MATERIAL, PRODUCTION_DATA
from zhika.flows.lanes import Lane
from zhika.lanes.integrator import material, production
from zhika.lanes.integrator.laws import one_number
from zhika.lanes.integrator.models import Consignment, Draw, Mapping, Production
from zhika.ledger.batches import Batch
from zhika.ledger.laws import Books, breaches
from zhika.ledger.places import Balance, Place, State
from zhika.ledger.steps import Paper
from zhika.people.models import Person
from zhika.rehearsal.portraits import portrait
from zhika.seat import things

INTEGRATOR = Lane.INTEGRATOR


def numbered(house: House, changes: dict[int, str] | None = None) -> Batch:
    batch = house.batch()
    house.row(batch.code, "submit_production_data", INTEGRATOR)
    house.numbered(batch, changes)
    house.row(batch.code, "match", INTEGRATOR)
    return batch


def sent(house: House, code: str) -> pl.DataFrame:
    return desk.read(house.seat, Paper.objects.get(type=code))


def at(state: State, group: str) -> int:
    found = Place.objects.filter(state=state, group__code=group).first()
    return Balance.objects.get(place=found).n if found else 0


def test_the_bank_is_told_nothing_of_the_photo(house: House) -> None:
    batch = house.batch()
    house.row(batch.code, "submit_production_data", INTEGRATOR)
    rows = sent(house, PRODUCTION_DATA.code)
    assert rows.height == 6 and "photo" not in rows.columns


def test_who_cannot_be_made_leaves_before_the_bank_hears_of_them(house: House) -> None:
    batch = house.batch()
    first, second, third, *_ = Person.objects.order_by("pk")
    Person.objects.filter(pk=first.pk).update(name="陈𮣲")
    Person.objects.filter(pk=second.pk).update(name="林" * 26)
    desk.photo_of(house.seat, third.photo).write_bytes(b"no picture")
    house.row(batch.code, "submit_production_data", INTEGRATOR)
    assert sorted(causes().values()) == ["glyph-missing", "name-too-long", "photo-bad"]
    assert sent(house, PRODUCTION_DATA.code).height == 3


def enormous(photo: bytes) -> bytes:
    """The same JPEG, whose header says 60,000 × 60,000."""
    at = photo.index(b"\xff\xc0") + 5
    return photo[:at] + struct.pack(">HH", 60_000, 60_000) + photo[at + 4 :]


def as_png(photo: bytes) -> bytes:
    made = BytesIO()
    Image.open(BytesIO(photo)).save(made, "PNG")
    return made.getvalue()


SPOILT = {
    "enormous": enormous,
    "cut off": lambda photo: photo[: len(photo) // 2],
    "too heavy": lambda photo: photo + bytes(PHOTO_LIMIT),
    "png": as_png,
    "empty": lambda photo: b"",
}


@pytest.mark.parametrize("spoilt", SPOILT.values(), ids=SPOILT)
def test_a_photo_that_cannot_be_printed_or_sent_keeps_out_its_person_alone(
    house: House, spoilt: Callable[[bytes], bytes]
) -> None:
    batch = house.batch()
    one = Person.objects.order_by("pk")[0]
    Person.objects.filter(pk=one.pk).update(photo=desk.keep_photo(house.seat, spoilt(portrait("1", "1", 30))))
    assert house.row(batch.code, "submit_production_data", INTEGRATOR)
    assert list(causes().values()) == ["photo-bad"]
    assert sent(house, PRODUCTION_DATA.code).height == 5


def test_a_photo_as_heavy_as_a_package_takes_is_good(house: House) -> None:
    photo = portrait("1", "1", 30)
    digest = desk.keep_photo(house.seat, photo + bytes(PHOTO_LIMIT - len(photo)))
    assert production.photo_good(desk.photo_of(house.seat, digest))


def test_numbers_are_imported_and_a_bad_or_second_one_is_not(house: House) -> None:
    first = "6222350000000000012"
    numbered(house, {0: first, 1: "6222350000000000034", 2: "6222350000000000034"})
    assert sorted(causes().values()) == ["number-bad", "second-number", "second-number"]
    assert Production.objects.filter(pan__isnull=False).count() == 3
    assert len({row.ssc_no for row in Production.objects.all()}) == 3


def test_an_application_without_a_number_leaves(house: House) -> None:
    batch = house.batch()
    house.row(batch.code, "submit_production_data", INTEGRATOR)
    house.numbered(batch)
    paper = Paper.objects.get(type="account-file")
    rows = desk.read(house.seat, paper)[1:]
    Paper.objects.filter(pk=paper.pk).update(sha256=desk.freeze(house.seat, ACCOUNT_FILE, rows))
    house.row(batch.code, "match", INTEGRATOR)
    assert list(causes().values()) == ["row-missing"]


def test_the_law_finds_a_number_of_two_applications(house: House) -> None:
    numbered(house)
    one, other = Production.objects.order_by("app_no")[:2]
    assert list(one_number(Books())) == []
    Mapping.objects.create(
        app_no=other.app_no, id_key="k", ssc_no=other.ssc_no, pan=one.pan or "", imported_at="2026-11-23T00:00:00Z"
    )
    assert {breach.where for breach in one_number(Books())} == {other.app_no}


# Material ------------------------------------------------------------------------------------------------------------


def test_material_is_counted_into_stock_once_with_its_cos(house: House) -> None:
    house.stock(8)
    assert act(house.seat, "load_material", "M-1", by="周")
    assert set(Consignment.objects.values_list("kind", "count", "cos_version")) == {
        ("module", 8, "ZHIKA-COS 1.0"), ("blank", 8, ""),
    }  # fmt: skip
    assert at(State.BLANK, "S:M-1:module") == 8
    with pytest.raises(NotReady):
        material.load(house.seat, "M-1", {}, "周")


def test_chips_of_another_cos_are_refused(house: House) -> None:
    house.stock(2, cos="OTHER 9")
    with pytest.raises(Refused, match="COS"):
        act(house.seat, "load_material", "M-1", by="周")
    assert not Consignment.objects.exists()


def test_one_module_and_one_blank_a_person_leave_with_the_faces(house: House) -> None:
    batch = numbered(house)
    with pytest.raises(NotReady, match="材料入库"):
        house.row(batch.code, "submit_faces", INTEGRATOR)
    house.stock(8)
    act(house.seat, "load_material", "M-1", by="周")
    house.row(batch.code, "submit_faces", INTEGRATOR)
    rows = sent(house, FACE_DATA.code)
    assert rows.height == 6 and rows["photo"].n_unique() == 6
    assert sent(house, MATERIAL.code).select("consignment", "kind", "count").rows() == [
        ("M-1", "module", "6"), ("M-1", "blank", "6"),
    ]  # fmt: skip
    assert (at(State.BLANK, "S:M-1:blank"), at(State.GIVEN, f"M:{batch.code}:M-1:blank")) == (2, 6)
    assert breaches(Books(prove=True)) == []


def test_a_draw_cut_off_anywhere_ends_with_the_same_pieces(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = numbered(house)
    house.stock(8)
    act(house.seat, "load_material", "M-1", by="周")
    real, left = Tray._write, [0]

    def write(self: Tray, statement: str, values: object) -> int:
        if left[0] == 0:
            raise Killed
        left[0] -= 1
        return real(self, statement, values)  # type: ignore[arg-type]

    monkeypatch.setattr(Tray, "_write", write)
    for acts in (1, 2, 5, 7):
        left[0] = acts
        with pytest.raises(Killed):
            house.row(batch.code, "submit_faces", INTEGRATOR)
    left[0] = 10_000
    house.row(batch.code, "submit_faces", INTEGRATOR)
    stock = material.stock(house.seat)
    for kind in ("modules", "blanks"):
        (drawn,) = house.seat.world.glob(f"*/bench/{batch.code}.{kind}.tray")
        assert (trays.count(drawn), trays.count(stock / f"M-1-{kind}-1.tray")) == (6, 2)
    assert Draw.objects.count() == 2


class Killed(BaseException):
    """What SIGKILL is to the worker."""


# Cards ---------------------------------------------------------------------------------------------------------------


def test_cards_are_written_read_back_and_imported(house: House) -> None:
    batch = numbered(house)
    path = house.made(batch)
    house.row(batch.code, "personalise", INTEGRATOR)
    assert causes() == {}
    row = Production.objects.get(card_serial="QZ26000000001")
    assert row.chip_serial == "F10000000000" and row.identification[:24] == "350500D15600000500000000"
    with things.on_bench(house.seat.world, path) as tray:
        assert chip_of(tray, "QZ26000000001").state is Life.PERSONALISED
        piece = tray.find("QZ26000000001")
        assert piece
        with tray.chip(piece) as connection:
            there = public.public_area(connection)
    assert there and there.id_no == Person.objects.get(applications__ref=row.app_no).id_no


def test_each_fault_of_a_card_voids_it_with_its_cause_and_the_rest_goes_on(house: House) -> None:
    batch = numbered(house)
    path = house.made(batch)
    with things.on_bench(house.seat.world, path) as tray:
        first, second, third, fourth, *_ = tray.pieces()
        tray.misprint(first, "name", "陈阿珊")
        tray.misprint(second, "pan", "6222350000000000018")
        dead = tray.soft_card(third)
        dead.memory.dead = True
        tray.put_chip(third, dead)
        stranger = chip(99)
        stranger.embed()
        tray.put_chip(fourth, stranger)
    house.row(batch.code, "personalise", INTEGRATOR)
    assert causes() == {
        "QZ26000000001": "misprint", "QZ26000000002": "number-misprint", "QZ26000000003": "chip-dead",
        "QZ26000000004": "serial-differs",
    }  # fmt: skip
    with things.on_bench(house.seat.world, path) as tray:
        assert [piece.condition for piece in tray][:2] == ["misprint", "number-misprint"]
    assert (at(State.GOOD, batch.code), at(State.VOID, batch.code)) == (2, 4)


def test_two_rows_with_swapped_serials_are_both_found(house: House) -> None:
    batch = numbered(house)
    path = house.made(batch)
    with things.on_bench(house.seat.world, path) as tray:
        one, other = tray.pieces()[:2]
        faces = [tray.camera(piece, hidden=set()) for piece in (one, other)]
        for piece, face in ((one, faces[1]), (other, faces[0])):
            for name in ("name", "id_no", "ssc_no", "pan"):
                tray.misprint(piece, name, face[name])
    house.row(batch.code, "personalise", INTEGRATOR)
    assert causes() == {"QZ26000000001": "serial-differs", "QZ26000000002": "serial-differs"}


def test_a_worker_cut_off_among_the_chips_goes_on_where_it_was(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = numbered(house)
    house.made(batch)
    real, left = Tray.put_chip, [3]

    def put(self: Tray, *told: object) -> None:
        if left[0] == 0:
            raise Killed
        left[0] -= 1
        real(self, *told)  # type: ignore[arg-type]

    monkeypatch.setattr(Tray, "put_chip", put)
    with pytest.raises(Killed):
        house.row(batch.code, "personalise", INTEGRATOR)
    left[0] = 3
    house.row(batch.code, "personalise", INTEGRATOR)
    assert causes() == {} and left[0] == 0


def test_the_handover_lists_void_cards_too_on_screen_and_paper(house: House) -> None:
    batch = numbered(house)
    path = house.made(batch)
    with things.on_bench(house.seat.world, path) as tray:
        tray.misprint(tray.pieces()[0], "name", "陈阿珊")
    house.row(batch.code, "personalise", INTEGRATOR)
    house.row(batch.code, "hand_over", INTEGRATOR)
    rows = sent(house, HANDOVER.code)
    assert rows.select("condition", "cause").rows()[:2] == [("void", "misprint"), ("good", "")]
    lists = house.seat.home / "files" / "lists"
    assert (lists / f"{batch.code}~production-handover.pdf").read_bytes()[:5] == b"%PDF-"
    assert (lists / f"{batch.code}~production-handover.xlsx").exists()
    assert at(State.GIVEN, plastic.batch_group(batch).code) == 5
    assert at(State.GIVEN, plastic.void_group(batch).code) == 1
