"""Faces as they are printed, and as people may look at them."""

from dataclasses import replace
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from zhika.card.face import BANK_FIELDS, ITEM, PRODUCTS, RURAL, URBAN, Product, box
from zhika.errors import Refused
from zhika.paper.faces import back, blanked, front, overprint, proof

PERSON = {
    "name": "陈阿山", "id_no": "350502199001010018", "ssc_no": "A0000001X", "issue_date": "20261123",
    "pan": "6222350000000000012", "expiry": "3611", "cvv2": "417",
}  # fmt: skip


def photo(colour: str = "red", size: tuple[int, int] = (358, 441)) -> bytes:
    out = BytesIO()
    Image.new("RGB", size, colour).save(out, "JPEG", quality=95)
    return out.getvalue()


def changed(a: Image.Image, b: Image.Image) -> set[str]:
    """The items of the back in whose boxes two pictures differ; anything outside all boxes is "elsewhere"."""
    difference = ImageChops.difference(a, b)
    names = set()
    for name in ("photo", "name", "id_no", "ssc_no", "issue_date", *BANK_FIELDS):
        place = box(ITEM[name])
        if difference.crop(place).getbbox():
            names.add(name)
        left, top, right, bottom = place
        difference.paste(0, (left - 8, top - 12, right + 8, bottom + 12))
    return names | ({"elsewhere"} if difference.getbbox() else set())


@pytest.mark.parametrize("product", PRODUCTS.values(), ids=lambda product: product.code)
def test_both_sides_are_full_pictures_at_300_dpi(product: Product) -> None:
    for image in (front(product), back(PERSON, photo(), product), proof(PERSON, None, product)):
        assert (image.size, image.mode) == ((1011, 638), "RGB")


@pytest.mark.parametrize(
    ("name", "other"),
    [("name", "黄小明"), ("id_no", "350502199001010034"), ("ssc_no", "A0000002X"), ("issue_date", "20261124"),
     ("pan", "6222350000000000020"), ("expiry", "3612"), ("cvv2", "418")],
)  # fmt: skip
def test_a_value_changes_its_own_place_and_nothing_else(name: str, other: str) -> None:
    assert changed(back(PERSON, None, URBAN), back(PERSON | {name: other}, None, URBAN)) == {name}


def test_the_photo_fills_its_place_and_is_not_stretched() -> None:
    image = back(PERSON, photo("red"), URBAN)
    left, top, right, bottom = box(ITEM["photo"])
    red, green, _ = (band.point(lambda v: v // 128).crop((left, top, right, bottom)) for band in image.split())
    assert (red.getextrema(), green.getextrema()) == ((1, 1), (0, 0))
    tall = Image.new("RGB", (358, 700), "white")
    tall.paste("black", (129, 150, 229, 250))
    out = BytesIO()
    tall.save(out, "JPEG", quality=95)
    dark = back(PERSON, out.getvalue(), URBAN).crop((left, top, right, bottom)).convert("L").point(lambda v: v < 128)
    found = dark.getbbox()
    assert found is not None
    x0, y0, x1, y1 = found
    assert abs((x1 - x0) - (y1 - y0)) <= 2


def test_a_rural_back_takes_no_bank_value_before_the_overprint() -> None:
    without = {name: value for name, value in PERSON.items() if name not in BANK_FIELDS}
    assert changed(back(PERSON, None, RURAL), back(without, None, RURAL)) == set()


def test_the_overprint_adds_the_banks_three_values_and_leaves_the_given_picture() -> None:
    plain = back(PERSON, photo(), RURAL)
    before = plain.tobytes()
    printed = overprint(plain, PERSON["pan"], PERSON["expiry"], PERSON["cvv2"], RURAL)
    assert changed(plain, printed) == set(BANK_FIELDS)
    assert plain.tobytes() == before


@settings(max_examples=15, deadline=None)
@given(
    middle=st.text("0123456789", min_size=9, max_size=9),
    expiry=st.sampled_from(["3001", "2912", "9906"]),
    cvv2=st.text("0123456789", min_size=3, max_size=3),
)
@pytest.mark.parametrize("product", PRODUCTS.values(), ids=lambda product: product.code)
def test_a_proof_is_the_same_whatever_stands_in_the_blanked_places(
    product: Product, middle: str, expiry: str, cvv2: str
) -> None:
    other = PERSON | {"pan": "622235" + middle + "0012", "expiry": expiry, "cvv2": cvv2}
    assert proof(other, None, product).tobytes() == proof(PERSON, None, product).tobytes()


def test_a_proof_needs_no_secret_and_shows_that_a_number_is_there() -> None:
    seen = {name: value for name, value in PERSON.items() if name not in ("expiry", "cvv2")}
    unnumbered = {name: value for name, value in seen.items() if name != "pan"}
    assert proof(seen, None, URBAN).tobytes() == proof(PERSON, None, URBAN).tobytes()
    assert changed(proof(seen, None, RURAL), proof(unnumbered, None, RURAL)) == set(BANK_FIELDS)
    assert changed(proof(seen, None, URBAN), back(PERSON, None, URBAN)) == {*BANK_FIELDS, "id_no"}


def test_a_proof_shows_the_name_and_not_the_middle_of_the_id_number() -> None:
    born_later = proof(PERSON | {"id_no": PERSON["id_no"][:6] + "20051231" + PERSON["id_no"][14:]}, None, URBAN)
    assert born_later.tobytes() == proof(PERSON, None, URBAN).tobytes()
    assert changed(proof(PERSON | {"name": "黄小明"}, None, URBAN), born_later) == {"name"}


@pytest.mark.parametrize("length", range(13, 20))
def test_blanking_keeps_the_length_and_the_ends_only(length: int) -> None:
    pan = "1234567890123456789"[:length]
    shown = blanked(pan)
    assert len(shown) == length
    assert shown.strip("·") == shown
    assert shown.replace("·", "") == pan[:6] + pan[-4:]


@pytest.mark.parametrize("name", ["阿卜杜热西提·艾合买提江", "阿卜杜热西提·艾合买提江·吾斯曼阿吉木拉提", "陈" * 50])
def test_a_long_name_stays_in_its_line(name: str) -> None:
    assert changed(back(PERSON, None, URBAN), back(PERSON | {"name": name}, None, URBAN)) == {"name"}


@pytest.mark.parametrize(
    ("wrong", "titles"),
    [
        ({"name": ""}, {"姓名"}),
        ({"name": "王𮣲"}, {"姓名"}),
        ({"issue_date": "2026-11-23"}, {"发卡日期"}),
        ({"pan": "12345", "expiry": "3613", "cvv2": "41"}, {"银行卡号", "有效期", "CVV2"}),
    ],
)
def test_every_wrong_value_is_named_and_none_is_told(wrong: dict[str, str], titles: set[str]) -> None:
    with pytest.raises(Refused) as refused:
        back(PERSON | wrong, None, URBAN)
    assert {fault.column for fault in refused.value.faults} == titles
    assert not any(value and value in str(refused.value) for value in wrong.values())


def test_a_citys_own_product_prints_its_own_issuer() -> None:
    own = replace(URBAN, issuer="某市人力资源和社会保障局", hotline="12345")
    assert changed(back(PERSON, None, own), back(PERSON, None, URBAN)) == {"elsewhere"}


def test_a_photo_that_is_no_jpeg_is_refused() -> None:
    for bytes_ in (b"GIF89a", photo()[:900]):
        with pytest.raises(Refused, match="相片"):
            back(PERSON, bytes_, URBAN)
