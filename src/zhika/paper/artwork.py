"""The artwork of a card's plastic, drawn by code: ground, guilloche lines and neutral place-holders.

The national emblem, bank marks and the network's mark are protected: what stands here is a plain shape in their place,
and a city puts its own artwork in. Everything is drawn once for a product and side.
"""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from zhika.card.face import HEIGHT, ITEM, WIDTH, Item, Side, box, pixels

Colour = tuple[int, int, int]
SIZE = (pixels(WIDTH), pixels(HEIGHT))
"""A face's picture at 300 dpi: 1011 × 638 pixels."""
_FINE = 3
"""Supersampling of everything with a curved edge."""


@dataclass(frozen=True)
class Theme:
    """The colours of a product's artwork."""

    light: Colour
    middle: Colour
    deep: Colour
    ink: Colour
    muted: Colour
    line: Colour
    accent: Colour


THEMES = {
    "blue": Theme(
        (243, 249, 254), (201, 226, 244), (150, 196, 230), (20, 44, 82), (72, 104, 142), (58, 128, 186), (196, 62, 58)
    ),
    "green": Theme(
        (246, 251, 242), (211, 234, 206), (160, 208, 168), (20, 62, 46), (70, 116, 92), (58, 146, 98), (202, 74, 48)
    ),
}


def ground(theme: Theme, side: Side) -> Image.Image:
    """Soft diagonal gradient with guilloche lines, RGB, 1011 × 638."""
    width, height = SIZE
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    along = (x * 0.62 + y * 0.38) if side is Side.BACK else (0.25 + 0.75 * np.hypot(x - 0.5, y - 0.42) / 0.72)
    shade = np.clip(along, 0, 1)[..., None]
    light, middle, deep = (np.array(colour, dtype=float) for colour in (theme.light, theme.middle, theme.deep))
    colours = np.where(
        shade < 0.6, light + (middle - light) * shade / 0.6, middle + (deep - middle) * (shade - 0.6) / 0.4
    )
    image = Image.fromarray(colours.astype(np.uint8), "RGB")
    image.paste(Image.new("RGB", SIZE, theme.line), mask=_waves(side))
    image.paste(Image.new("RGB", SIZE, theme.line), mask=_rosette(side))
    return image


def _points(xs: "np.typing.NDArray[np.float64]", ys: "np.typing.NDArray[np.float64]") -> list[tuple[float, float]]:
    return list(zip(xs.tolist(), ys.tolist(), strict=True))


def _waves(side: Side) -> Image.Image:
    """Bands of interwoven lines, as a mask."""
    width, height = SIZE[0] * 2, SIZE[1] * 2
    mask = Image.new("L", (width, height))
    draw = ImageDraw.Draw(mask)
    xs = np.linspace(0, width, 260)
    turn = xs / width * math.tau
    for n in range(46):
        part = n / 45
        swing = np.sin(turn * 1.25 + part * 2.6) * (0.10 + 0.16 * part) + np.sin(turn * 2.5 - part * 3.4) * 0.05
        centre = 0.66 if side is Side.BACK else 0.80
        draw.line(_points(xs, (centre + swing + (part - 0.5) * 0.42) * height), fill=34, width=2)
    return mask.resize(SIZE, Image.Resampling.BOX)


def _rosette(side: Side) -> Image.Image:
    """A round guilloche, as a mask: upper right on the back, behind the emblem on the front."""
    width, height = SIZE[0] * 2, SIZE[1] * 2
    mask = Image.new("L", (width, height))
    draw = ImageDraw.Draw(mask)
    centre_x, centre_y, radius = (0.80, 0.42, 0.52) if side is Side.BACK else (0.5, 0.51, 0.62)
    angle = np.linspace(0, math.tau, 500)
    for n in range(16):
        reach = radius * height * (0.42 + 0.58 * n / 15)
        wave = reach * (1 + 0.13 * np.sin(angle * 12 + n * 0.42)) * 0.82
        draw.line(
            _points(centre_x * width + wave * np.cos(angle), centre_y * height + wave * np.sin(angle)),
            fill=30,
            width=2,
        )
    return mask.resize(SIZE, Image.Resampling.BOX)


def marks(image: Image.Image, theme: Theme, side: Side) -> None:
    """Draw the marks of a side onto its ground."""
    for field, draw in _MARKS.items():
        item = ITEM[field]
        if item.side is side:
            left, top, right, bottom = box(item)
            layer = Image.new("RGBA", ((right - left) * _FINE, (bottom - top) * _FINE))
            draw(ImageDraw.Draw(layer), layer.width, layer.height, theme)
            small = layer.resize((right - left, bottom - top), Image.Resampling.BOX)
            image.paste(small, (left, top), small)


def _stripe(draw: ImageDraw.ImageDraw, width: int, height: int, theme: Theme) -> None:
    """A hidden stripe lies under the print: only its place shows."""
    draw.rectangle((0, 0, width, height), fill=(*theme.line, 38))
    for y in (0, height - 3):
        draw.rectangle((0, y, width, y + 2), fill=(*theme.line, 70))


def _emblem(draw: ImageDraw.ImageDraw, width: int, height: int, theme: Theme) -> None:
    """Rings and petals: no emblem of any state or bank."""
    middle, unit = width / 2, width / 100
    draw.ellipse((0, 0, width - 1, height - 1), fill=(255, 255, 255, 150), outline=(*theme.ink, 255), width=round(unit))
    for n in range(12):
        angle = n * math.tau / 12
        x, y = middle + 27 * unit * math.cos(angle), middle + 27 * unit * math.sin(angle)
        radius = 13 * unit
        draw.ellipse(
            (x - radius, y - radius, x + radius, y + radius), outline=(*theme.line, 255), width=round(1.6 * unit)
        )
    for radius, colour in ((16, theme.line), (12.5, theme.light), (8, theme.ink)):
        draw.ellipse((middle - radius * unit,) * 2 + (middle + radius * unit,) * 2, fill=(*colour, 255))


def _bank_mark(draw: ImageDraw.ImageDraw, width: int, height: int, theme: Theme) -> None:
    draw.rounded_rectangle((0, 0, width - 1, height - 1), width * 0.26, fill=(*theme.ink, 255))
    unit = width / 100
    for x in (24, 44, 64):
        draw.rounded_rectangle((x * unit, 38 * unit, (x + 12) * unit, 70 * unit), 2 * unit, fill=(255, 255, 255, 255))
    draw.polygon(((50 * unit, 16 * unit), (82 * unit, 33 * unit), (18 * unit, 33 * unit)), fill=(255, 255, 255, 255))
    draw.rectangle((20 * unit, 75 * unit, 80 * unit, 81 * unit), fill=(255, 255, 255, 255))


def _seal(draw: ImageDraw.ImageDraw, width: int, height: int, theme: Theme) -> None:
    """Place of the issuer's seal: two rings, without text."""
    red, unit = (*theme.accent, 200), width / 100
    draw.ellipse((0, 0, width - 1, height - 1), outline=red, width=round(5 * unit))
    draw.ellipse((12 * unit, 12 * unit, 88 * unit, 88 * unit), outline=red, width=round(1.5 * unit))
    for n in range(24):
        angle = n * math.tau / 24
        x, y = 50 * unit + 31 * unit * math.cos(angle), 50 * unit + 31 * unit * math.sin(angle)
        draw.ellipse((x - 2 * unit, y - 2 * unit, x + 2 * unit, y + 2 * unit), fill=red)
    draw.regular_polygon((50 * unit, 50 * unit, 15 * unit), 6, rotation=30, fill=red)


def _chip(draw: ImageDraw.ImageDraw, width: int, height: int, theme: Theme) -> None:
    """The contact plate, where the module is embedded."""
    unit = width / 100
    gold, groove = (226, 192, 112, 255), (150, 116, 52, 255)
    draw.rounded_rectangle(
        (0, 0, width - 1, height - 1), 12 * unit, fill=gold, outline=(176, 140, 70, 255), width=round(1.5 * unit)
    )
    draw.rounded_rectangle(
        (34 * unit, 22 * unit, 66 * unit, height - 22 * unit), 8 * unit, outline=groove, width=round(1.6 * unit)
    )
    for y in (0.27, 0.5, 0.73):
        draw.rectangle((0, y * height, 34 * unit, y * height + 1.5 * unit), fill=groove)
        draw.rectangle((66 * unit, y * height, width, y * height + 1.5 * unit), fill=groove)
    for y in (0, height - 22 * unit):
        draw.rectangle((49.2 * unit, y, 50.8 * unit, y + 22 * unit), fill=groove)


def _arrow(draw: ImageDraw.ImageDraw, width: int, height: int, theme: Theme) -> None:
    """Insert to the right, chip ahead."""
    for shift in (0.0, 0.28, 0.56):
        left = shift * width
        tip = left + 0.40 * width
        corners = ((left, 0), (left + 0.16 * width, 0), (tip, height / 2), (left + 0.16 * width, height))
        draw.polygon((*corners, (left, height), (tip - 0.16 * width, height / 2)), fill=(*theme.muted, 220))


def _network_mark(draw: ImageDraw.ImageDraw, width: int, height: int, theme: Theme) -> None:
    unit = height / 100
    draw.rounded_rectangle((0, 0, width - 1, height - 1), 22 * unit, fill=(*theme.ink, 225))
    for n in range(3):
        centre, reach = width * (0.26 + 0.24 * n), 20 * unit
        corners = ((centre - reach, height / 2), (centre, height / 2 - reach), (centre + reach, height / 2))
        draw.polygon((*corners, (centre, height / 2 + reach)), fill=(255, 255, 255, 235 - 60 * n))


_MARKS = {
    "stripe": _stripe,
    "emblem": _emblem,
    "bank_mark": _bank_mark,
    "seal": _seal,
    "chip": _chip,
    "arrow": _arrow,
    "network_mark": _network_mark,
}


def photo_place(image: Image.Image, item: Item) -> None:
    """A white card under the photo, with a hair line around it, which stays where a person has no photo."""
    left, top, right, bottom = box(item)
    draw = ImageDraw.Draw(image)
    draw.rectangle((left - 2, top - 2, right + 1, bottom + 1), fill=(255, 255, 255), outline=(170, 188, 204))
