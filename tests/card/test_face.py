"""Card-face geometry."""

from itertools import combinations

import pytest

from zhika.card.face import (
    HEIGHT,
    ITEM,
    LAYOUT,
    PRODUCTS,
    WIDTH,
    Item,
    Printed,
    Product,
    Side,
    box,
    fixed_text,
    pixels,
)


def test_an_id1_card_at_300_dpi_is_1011_by_638_pixels() -> None:
    assert (pixels(WIDTH), pixels(HEIGHT)) == (1011, 638)


@pytest.mark.parametrize("item", LAYOUT, ids=lambda item: item.field)
def test_every_item_lies_on_the_card(item: Item) -> None:
    left, top, right, bottom = box(item)
    assert 0 <= left < right <= pixels(WIDTH)
    assert 0 <= top < bottom <= pixels(HEIGHT)


@pytest.mark.parametrize("side", Side)
def test_no_two_items_of_a_side_overlap(side: Side) -> None:
    for a, b in combinations([item for item in LAYOUT if item.side is side], 2):
        apart = (
            a.x + a.width <= b.x or b.x + b.width <= a.x or a.y + a.height <= b.y + 1e-9 or b.y + b.height <= a.y + 1e-9
        )
        assert apart, f"{a.field} and {b.field}"


def test_field_names_are_unique() -> None:
    assert len(ITEM) == len(LAYOUT)


def test_the_chips_centre_is_that_of_the_contacts_turned_by_180_degrees() -> None:
    """ISO/IEC 7816-2: C1 starts at most 10.25 mm from the left, C5 ends at least 19.87; C1 19.23, C4 to 28.55 down."""
    chip = ITEM["chip"]
    assert WIDTH - (chip.x + chip.width / 2) == pytest.approx((10.25 + 19.87) / 2, abs=0.05)
    assert HEIGHT - (chip.y + chip.height / 2) == pytest.approx((19.23 + 28.55) / 2, abs=0.05)


def test_photo_and_lines_stand_where_other_cities_print_them() -> None:
    photo = ITEM["photo"]
    assert (photo.x, photo.y, photo.width, photo.height) == (4, 12, 20, 25)
    labels = [ITEM[name] for name in ("name_label", "id_no_label", "ssc_no_label", "issue_label")]
    assert [item.text for item in labels] == ["姓名", "社会保障号码", "社会保障卡号", "发卡日期"]
    assert [(item.x, item.y) for item in labels] == [(27.5, 14.4), (27.5, 19.0), (27.5, 23.7), (27.5, 28.3)]


def test_only_number_expiry_and_cvv2_are_the_banks_to_print() -> None:
    assert {item.field for item in LAYOUT if item.printed is Printed.BANK} == {"pan", "expiry", "cvv2"}


@pytest.mark.parametrize("product", PRODUCTS.values(), ids=lambda product: product.code)
def test_fixed_texts_name_only_what_a_product_has(product: Product) -> None:
    texts = [fixed_text(item, product) for item in LAYOUT if item.text]
    assert all(text and "{" not in text for text in texts)
    assert any(product.bank_hotline in text for text in texts)
