"""装箱: households together, head first, as the unit works; tray and lists are in one order."""

import pytest
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from tests.lanes.house import OFFICE, UNIT
from tests.lanes.street import Street, serial
from zhika.card import tray as trays
from zhika.engine import parcels, plastic
from zhika.errors import ConfigurationError
from zhika.flows.lanes import Lane
from zhika.ledger.batches import Unit
from zhika.ledger.custody import WHOLE, move
from zhika.ledger.places import place
from zhika.people.models import Person
from zhika.seat import things
from zhika.seat.config import DistributionOptions

# (certificate, member, relation, group, personal number) of cards 1 to 6.
FAMILIES = (
    ("H9", "2", "配偶", "12组", "P5"), ("H3", "1", "户主", "3组", "P1"), ("H9", "1", "户主", "12组", "P4"),
    ("H3", "3", "子", "3组", "P11"), ("H3", "2", "配偶", "3组", "P2"), ("", "", "", "", "P3"),
)  # fmt: skip
NAMES = ("郑海生", "陈阿山", "林小燕", "黄大海", "吴阿妹", "买买提·艾力")


@pytest.fixture
def again(street: Street) -> Street:
    """The six cards lie at the office once more, with families and other names."""
    for n, (family, name) in enumerate(zip(FAMILIES, NAMES, strict=True), 1):
        certificate, member, relation, group, number = family
        Person.objects.filter(pk=street.application(n).person.pk).update(
            certificate_no=certificate, member_no=member, relation=relation, village_group=group, person_no=number,
            name=name,
        )  # fmt: skip
    lying = place(street.unit, "good", plastic.parcel_group(street.batch, UNIT))
    move(lying, plastic.good(street.office, street.batch), WHOLE, cause="x", by="test")
    source = street.tray(UNIT, f"{street.batch.code}.{UNIT}.cards")
    with (
        things.on_bench(street.seat.world, source) as parcel,
        things.on_bench(street.seat.world, street.tray(OFFICE, f"{street.batch.code}.good")) as whole,
    ):
        for piece in parcel:
            parcel.move(piece, whole)
    return street


def packed(street: Street, category: str) -> tuple[list[int], str]:
    """Numbers of the cards as they lie in the new parcel's tray, and its code."""
    Unit.objects.filter(organisation=street.unit).update(category=category)
    (code,) = parcels.prepare(street.batch, street.office)
    street.house.row(code, "pass_on", Lane.CENTRE)
    return street.inside(street.tray(OFFICE, f"{code}.cards")), code


def test_a_village_is_packed_by_group_and_household_with_the_head_first(again: Street) -> None:
    lying, code = packed(again, "rural")
    assert lying == [2, 5, 4, 3, 1, 6]
    table = CalamineWorkbook.from_path(again.seat.home / "files" / "lists" / f"{code}~packing.xlsx")
    rows = table.get_sheet_by_index(0).to_python()
    assert [row[rows[0].index("卡序列号")] for row in rows[1:]] == [serial(n) for n in lying]
    assert [row[rows[0].index("组")] for row in rows[1:]] == ["3组"] * 3 + ["12组"] * 2 + [""]


def test_an_employer_is_packed_by_name_in_the_order_of_pinyin(again: Street) -> None:
    lying, _ = packed(again, "worker")
    assert [NAMES[n - 1][0] for n in lying] == list("陈黄林买吴郑")


def test_which_category_is_packed_how_stands_in_seat_toml(again: Street) -> None:
    again.wait(order_worker="person_no")
    lying, _ = packed(again, "worker")
    assert [FAMILIES[n - 1][4] for n in lying] == ["P1", "P2", "P3", "P4", "P5", "P11"]
    with pytest.raises(ConfigurationError, match="order_worker 可用: household、name、person_no"):
        DistributionOptions(order_worker="age")


@pytest.mark.parametrize("name", ["packing", "signing"])
def test_the_lists_lie_beside_the_passing_on_list_and_show_no_whole_number(again: Street, name: str) -> None:
    _, code = packed(again, "rural")
    lists = again.seat.home / "files" / "lists"
    assert (lists / f"{code}~passing-on.pdf").exists() and (lists / f"{code}~{name}.xlsx").exists()
    text = "\n".join(page.extract_text() for page in PdfReader(lists / f"{code}~{name}.pdf").pages)
    for n in range(1, 7):
        number = again.application(n).person.id_no
        assert serial(n) in text and number not in text and f"{number[:6]}********{number[-4:]}" in text
    assert "3 户" not in text and "2 户" in text and ("装箱单" if name == "packing" else "签领表") in text


def test_a_parcel_whose_packing_was_cut_off_is_packed_on_in_the_same_order(again: Street) -> None:
    (code,) = parcels.prepare(again.batch, again.office)
    half = again.tray(OFFICE, f"{code}.cards")
    trays.create(half, f"{code}.cards", "cards")
    Unit.objects.filter(organisation=again.unit).update(category="rural")
    with (
        things.on_bench(again.seat.world, again.tray(OFFICE, f"{again.batch.code}.good")) as whole,
        things.on_bench(again.seat.world, half) as parcel,
    ):
        for n in (2, 5):
            piece = whole.find(serial(n))
            assert piece
            whole.move(piece, parcel)
    again.house.row(code, "pass_on", Lane.CENTRE)
    assert again.inside(half) == [2, 5, 4, 3, 1, 6]


def test_a_unit_of_no_category_is_packed_by_name(again: Street) -> None:
    lying, _ = packed(again, "")
    assert [NAMES[n - 1][0] for n in lying] == list("陈黄林买吴郑")
