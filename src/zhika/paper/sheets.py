"""Print sheets 拼版: cards side by side, with crop marks, sheet number and the place of each card.

A sheet is written as soon as it is full, so memory holds one sheet whatever the size of the batch.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from zhika.card.face import DPI, HEIGHT, WIDTH, pixels
from zhika.errors import ConfigurationError
from zhika.paper.typeface import font

QUALITY = 92
_INK = (20, 20, 20)
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class Grid:
    """How cards lie on a sheet; lengths in mm. Three columns of eight are what laminating presses commonly take."""

    columns: int = 3
    rows: int = 8
    gutter: float = 4.0
    margin: float = 14.0
    mark: float = 4.0
    """Length of a crop mark, drawn outside the cards."""

    def __post_init__(self) -> None:
        if not (self.columns > 0 and 0 < self.rows <= len(_LETTERS)):
            raise ConfigurationError(f"拼版 {self.columns} × {self.rows} 不可用: 列至少 1, 行 1 至 {len(_LETTERS)}")
        if self.margin < self.mark + 6:
            raise ConfigurationError(f"拼版边距 {self.margin} mm 放不下裁切标记和页码, 至少 {self.mark + 6} mm")

    @property
    def cards(self) -> int:
        return self.columns * self.rows

    @property
    def size(self) -> tuple[int, int]:
        """Of a sheet, in pixels at 300 dpi.

        >>> Grid().size
        (3458, 5762)
        """
        width = 2 * self.margin + self.columns * WIDTH + (self.columns - 1) * self.gutter
        height = 2 * self.margin + self.rows * HEIGHT + (self.rows - 1) * self.gutter
        return pixels(width), pixels(height)

    def corner(self, place: int) -> tuple[int, int]:
        """Upper left corner of a card's place in pixels; places count along the rows from 0."""
        row, column = divmod(place, self.columns)
        return (
            pixels(self.margin + column * (WIDTH + self.gutter)),
            pixels(self.margin + row * (HEIGHT + self.gutter)),
        )

    def name(self, place: int) -> str:
        """What stands beside a place: row letter and column.

        >>> Grid().name(0), Grid().name(23)
        ('A1', 'H3')
        """
        row, column = divmod(place, self.columns)
        return f"{_LETTERS[row]}{column + 1}"


def sheets(faces: Iterable[Image.Image], folder: Path, *, title: str, grid: Grid | None = None) -> list[Path]:
    """Write a batch's faces (RGB, 1011 × 638 pixels) as JPEG sheets at 300 dpi; returns the files in order.

    Card n stands on sheet n // grid.cards + 1. Files are named title-NNN.jpg; doing it again replaces them, and a file
    that bears its name is whole.
    """
    grid, filled = grid or Grid(), 0
    written: list[Path] = []
    page: Image.Image | None = None
    folder.mkdir(parents=True, exist_ok=True)
    for face in faces:
        if page is None:
            page = _empty(grid, f"{title} · {len(written) + 1:03d}")
        page.paste(face, grid.corner(filled))
        filled += 1
        if filled == grid.cards:
            written.append(_save(page, folder, title, len(written) + 1))
            page, filled = None, 0
    if page is not None:
        written.append(_save(page, folder, title, len(written) + 1))
    return written


def _empty(grid: Grid, heading: str) -> Image.Image:
    """A sheet before its cards: crop marks at every corner, the name of every place."""
    page = Image.new("RGB", grid.size, "white")
    draw = ImageDraw.Draw(page)
    small, mark, gap = font(pixels(2.6)), pixels(grid.mark), pixels(0.8)
    width, height = pixels(WIDTH), pixels(HEIGHT)
    for place in range(grid.cards):
        left, top = grid.corner(place)
        for x in (left, left + width):
            if place < grid.columns:
                draw.line((x, top - gap - mark, x, top - gap), _INK, 2)
            if place >= grid.cards - grid.columns:
                draw.line((x, top + height + gap, x, top + height + gap + mark), _INK, 2)
        for y in (top, top + height):
            if place % grid.columns == 0:
                draw.line((left - gap - mark, y, left - gap, y), _INK, 2)
            if place % grid.columns == grid.columns - 1:
                draw.line((left + width + gap, y, left + width + gap + mark, y), _INK, 2)
        draw.text((left + gap, top + height + gap), grid.name(place), _INK, small, anchor="lt")
    draw.text((pixels(grid.margin), pixels(grid.margin / 2) - gap), heading, _INK, font(pixels(3.6)), anchor="lm")
    return page


def _save(page: Image.Image, folder: Path, title: str, number: int) -> Path:
    path = folder / f"{title}-{number:03d}.jpg"
    half = path.with_suffix(".part")
    page.save(half, "JPEG", quality=QUALITY, subsampling=0, dpi=(DPI, DPI))
    return half.replace(path)
