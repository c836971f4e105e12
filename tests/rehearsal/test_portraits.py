"""Invented portraits keep the rules of photos for the card."""

from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from zhika.rehearsal.likeness import draw_face
from zhika.rehearsal.looks import Looks, looks
from zhika.rehearsal.portraits import portrait

SEEDS, SEXES, AGES = st.text(max_size=20), st.sampled_from("12"), st.integers(0, 105)


def inked(image: Image.Image, colour: tuple[int, int, int]) -> tuple[int, int, int, int]:
    """Box of exactly this colour."""
    red, green, blue = (
        band.point(lambda v, part=part: 255 * (v == part)) for band, part in zip(image.split(), colour, strict=True)
    )
    box = Image.composite(
        Image.composite(red, Image.new("L", red.size), green), Image.new("L", red.size), blue
    ).getbbox()
    assert box is not None
    return box


@settings(max_examples=25, deadline=None)
@given(SEEDS, SEXES, AGES)
def test_a_portrait_is_a_jpeg_of_the_standards_size_and_never_large(seed: str, sex: str, age: int) -> None:
    data = portrait(seed, sex, age)
    with Image.open(BytesIO(data)) as image:
        assert (image.format, image.size, image.mode) == ("JPEG", (358, 441), "RGB")
        assert image.info["dpi"] == (350, 350)
    assert 4_000 < len(data) < 40_000


@settings(max_examples=300, deadline=None)
@given(SEEDS, SEXES, AGES)
def test_every_face_is_within_the_limits_of_the_standard(seed: str, sex: str, age: int) -> None:
    face = looks(seed, sex, age)
    assert 179 <= face.face_width <= 255
    assert 7 <= face.hair_top <= 21
    assert 162 <= face.eye_x <= 196
    assert 441 - face.eye_y >= 207


@settings(max_examples=25, deadline=None)
@given(SEEDS, SEXES, AGES)
def test_the_drawing_has_the_head_and_eyes_where_the_looks_say(seed: str, sex: str, age: int) -> None:
    face = looks(seed, sex, age)
    image = draw_face(face)
    ground = image.convert("L").point(lambda v: 255 * (v < 250))
    box = ground.crop((0, 0, 358, 200)).getbbox()
    assert box is not None
    assert 7 <= box[1] <= 21
    irises = inked(image, face.iris)
    assert (irises[0] + irises[2]) / 2 == pytest.approx(face.eye_x, abs=4)
    assert 441 - irises[3] >= 207 - 12


def test_the_ground_is_plain_white_without_a_border() -> None:
    for seed in "abcdef":
        image = draw_face(looks(seed, "2", 30))
        assert all(image.getpixel(at) == (255, 255, 255) for at in ((0, 0), (357, 0), (179, 0), (0, 220), (357, 220)))


def test_the_same_person_always_looks_the_same_and_others_differ() -> None:
    pictures = {portrait(f"person {n}", "12"[n % 2], 20 + n) for n in range(40)}
    assert len(pictures) == 40
    assert portrait("person 7", "2", 27) in pictures


def faces(sex: str, age: int) -> list[Looks]:
    return [looks(f"{n}", sex, age) for n in range(60)]


def test_age_and_sex_show() -> None:
    assert all(face.lined for face in faces("1", 70))
    assert not any(face.lined for face in faces("1", 20))
    assert all(min(face.hair) >= 98 for face in faces("2", 80))
    assert all(max(face.hair) < 98 for face in faces("2", 30))
    assert {face.hair_style for face in faces("1", 30)}.isdisjoint({face.hair_style for face in faces("2", 30)})
    assert max(face.chin for face in faces("1", 5)) < min(face.chin for face in faces("1", 40))
