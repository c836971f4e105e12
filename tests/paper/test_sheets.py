"""Print sheets."""

import gc
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from zhika.errors import ConfigurationError
from zhika.paper.sheets import Grid, sheets

SMALL = Grid(columns=2, rows=1)


def faces(count: int) -> Iterator[Image.Image]:
    for n in range(count):
        yield Image.new("RGB", (1011, 638), (40 * n, 200 - 40 * n, 90))


def test_each_card_stands_at_its_own_place_in_order(tmp_path: Path) -> None:
    files = sheets(faces(5), tmp_path, title="B-1", grid=SMALL)
    assert [file.name for file in files] == ["B-1-001.jpg", "B-1-002.jpg", "B-1-003.jpg"]
    for n in range(5):
        with Image.open(files[n // 2]) as page:
            left, top = SMALL.corner(n % 2)
            assert page.size == SMALL.size
            assert page.info["dpi"] == (300, 300)
            pixel = page.getpixel((left + 500, top + 300))
        assert isinstance(pixel, tuple)
        assert pixel == pytest.approx((40 * n, 200 - 40 * n, 90), abs=6)


def test_a_place_without_card_stays_white_between_its_crop_marks(tmp_path: Path) -> None:
    (file,) = sheets(faces(1), tmp_path, title="B-1", grid=SMALL)
    left, top = SMALL.corner(1)
    with Image.open(file) as page:
        assert min(page.crop((left + 8, top + 8, left + 1003, top + 630)).convert("L").tobytes()) > 245
        assert min(page.crop((left - 2, top - 40, left + 3, top - 12)).convert("L").tobytes()) < 80


def test_no_cards_make_no_sheet(tmp_path: Path) -> None:
    assert sheets(faces(0), tmp_path, title="B-1") == []


def test_printing_again_replaces_the_files_and_leaves_no_half_ones(tmp_path: Path) -> None:
    first = [file.read_bytes() for file in sheets(faces(3), tmp_path, title="B-1", grid=SMALL)]
    assert [file.read_bytes() for file in sheets(faces(3), tmp_path, title="B-1", grid=SMALL)] == first
    assert len(list(tmp_path.iterdir())) == 2


def test_faces_are_not_kept_after_they_were_placed(tmp_path: Path) -> None:
    alive: list[weakref.ref[Image.Image]] = []
    most = 0

    def counted() -> Iterator[Image.Image]:
        nonlocal most
        for face in faces(8):
            alive.append(weakref.ref(face))
            gc.collect()
            most = max(most, sum(ref() is not None for ref in alive))
            yield face

    sheets(counted(), tmp_path, title="B-1", grid=SMALL)
    assert most <= 3


def test_a_grid_that_could_not_be_printed_is_refused() -> None:
    for wrong in ({"rows": 27}, {"columns": 0}, {"margin": 5.0}):
        with pytest.raises(ConfigurationError):
            Grid(**wrong)
