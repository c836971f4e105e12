"""Card faces, drawn at 300 dpi from printed fields and a photo.

`back` and `front` are what is printed; `proof` is what people may look at: the bank card number's middle, the expiry
date and CVV2 never reach its picture.
"""

import re
from collections.abc import Mapping
from functools import cache
from io import BytesIO

from PIL import Image, ImageDraw, UnidentifiedImageError

from zhika.card.face import (
    BANK_FIELDS,
    ITEM,
    LAYOUT,
    PERSONAL_FIELDS,
    Align,
    Item,
    Printed,
    Product,
    Side,
    box,
    fixed_text,
    point_pixels,
)
from zhika.errors import Fault, Refused
from zhika.paper.artwork import THEMES, Colour, ground, marks, photo_place
from zhika.paper.typeface import font, missing_glyphs

BLANK = "·"
"""Stands for a digit that people may not see."""
_GROUP = 4
"""Digits of a PAN in one embossed group."""
_SHAPES = {
    "issue_date": (re.compile(r"\d{8}"), "应为八位日期 YYYYMMDD"),
    "pan": (re.compile(rf"[\d{BLANK}]{{13,19}}"), "应为 13 至 19 位数字"),
    "expiry": (re.compile(rf"\d\d(0[1-9]|1[0-2])|{BLANK * 4}"), "应为 YYMM 四位"),
    "cvv2": (re.compile(rf"[\d{BLANK}]{{3}}"), "应为 3 位数字"),
}
_TITLES = {
    "name": "姓名", "id_no": "社会保障号码", "ssc_no": "社会保障卡号", "issue_date": "发卡日期", "pan": "银行卡号",
    "expiry": "有效期", "cvv2": "CVV2",
}  # fmt: skip
_SHOWN_HEAD, _SHOWN_TAIL = 6, 4
"""Digits of a PAN that a proof shows: the bank's prefix and the end that a person knows the card by."""


def front(product: Product) -> Image.Image:
    """The side with the emblem's place and the stripe: RGB, 1011 × 638 pixels; the same for all of a product.

    >>> from zhika.card.face import URBAN
    >>> front(URBAN).size
    (1011, 638)
    """
    return _plastic(product, Side.FRONT).copy()


def back(fields: Mapping[str, str], photo: bytes | None, product: Product) -> Image.Image:
    """The person's side: RGB, 1011 × 638 pixels.

    `fields` has name, id_no, ssc_no and issue_date (YYYYMMDD); for a numbered product also pan, expiry (YYMM) and cvv2,
    which are otherwise not looked at. `photo` is a JPEG, or None where a city lets children go without. A name too long
    for its line is set smaller.

    Raises Refused, naming each field, for a value that is missing, of a wrong form or not in the typeface.

    >>> from zhika.card.face import RURAL
    >>> person = {"name": "陈阿山", "id_no": "350502199001010018", "ssc_no": "A0000001X", "issue_date": "20261123"}
    >>> back(person, None, RURAL).size
    (1011, 638)
    """
    names = PERSONAL_FIELDS + (BANK_FIELDS if product.numbered else ())
    return _back({name: fields.get(name, "") for name in names}, photo, product)


def overprint(image: Image.Image, pan: str, expiry: str, cvv2: str, product: Product) -> Image.Image:
    """A back with the bank's number, expiry (YYMM) and CVV2 printed over it; the given picture stays as it is."""
    printed = image.copy()
    _fill(printed, {"pan": pan, "expiry": expiry, "cvv2": cvv2}, product.theme)
    return printed


def proof(fields: Mapping[str, str], photo: bytes | None, product: Product) -> Image.Image:
    """The back as people may look at it: the middle of both numbers, expiry and CVV2 blanked, given or not.

    The name stays: without it nobody could find the card that the proof is of.
    Without a `pan` (a rural card before the bank's overprint) none of the three is drawn.
    """
    seen = {name: fields.get(name, "") for name in PERSONAL_FIELDS}
    seen["id_no"] = blanked(seen["id_no"])
    pan = fields.get("pan", "")
    if pan:
        seen |= {"pan": blanked(pan), "expiry": BLANK * 4, "cvv2": BLANK * 3}
    return _back(seen, photo, product)


def blanked(number: str) -> str:
    """A bank card number or ID number with its middle blanked, of the same length.

    >>> blanked("6222350000000000012"), blanked("350502199001010018")
    ('622235·········0012', '350502········0018')
    """
    return number[:_SHOWN_HEAD] + BLANK * (len(number) - _SHOWN_HEAD - _SHOWN_TAIL) + number[-_SHOWN_TAIL:]


def _back(values: Mapping[str, str], photo: bytes | None, product: Product) -> Image.Image:
    image = _plastic(product, Side.BACK).copy()
    _fill(image, values, product.theme)
    if photo is not None:
        left, top, right, bottom = box(ITEM["photo"])
        image.paste(_decoded(photo, (right - left, bottom - top)), (left, top))
    return image


@cache
def _plastic(product: Product, side: Side) -> Image.Image:
    """Ground, marks and fixed texts of a product's side."""
    theme = THEMES[product.theme]
    image = ground(theme, side)
    marks(image, theme, side)
    if side is Side.BACK:
        photo_place(image, ITEM["photo"])
    draw = ImageDraw.Draw(image)
    for item in LAYOUT:
        if item.side is side and item.text:
            bold = item.field in _HEADINGS
            _write(draw, item, fixed_text(item, product), theme.ink if bold else theme.muted, 0.6 if bold else 0)
    return image


_HEADINGS = {"card_title", "product_name", "bank_name"}


def _fill(image: Image.Image, values: Mapping[str, str], theme: str) -> None:
    faults = [fault for name, value in values.items() if (fault := _fault(name, value))]
    if faults:
        raise Refused(faults)
    draw = ImageDraw.Draw(image)
    for name, value in values.items():
        item = ITEM[name]
        if item.printed is Printed.BANK:
            _emboss(image, item, _written(name, value), theme)
        else:
            _write(draw, item, _written(name, value), THEMES[theme].ink, 0.3)


def _fault(name: str, value: str) -> Fault | None:
    pattern, rule = _SHAPES.get(name, (None, ""))
    if not value:
        return Fault("卡面", "缺少此项", column=_TITLES[name])
    if pattern and not pattern.fullmatch(value):
        return Fault("卡面", rule, column=_TITLES[name])
    if missing := missing_glyphs(value):
        return Fault("卡面", f"有 {len(missing)} 个字不在制卡字库中, 请先补字", column=_TITLES[name])
    return None


def _written(name: str, value: str) -> str:
    """A value as it stands on the card."""
    match name:
        case "pan":
            return " ".join(value[at : at + _GROUP] for at in range(0, len(value), _GROUP))
        case "expiry":
            return f"{value[2:]}/{value[:2]}"
        case "issue_date":
            return f"{value[:4]}-{value[4:6]}-{value[6:]}"
        case _:
            return value


def _write(draw: ImageDraw.ImageDraw, item: Item, text: str, colour: Colour, weight: float) -> None:
    """A line of text in an item's box, set smaller where it is too long."""
    left, top, right, bottom = box(item)
    size = point_pixels(item.size)
    face = font(size)
    length = face.getlength(text)
    if length > right - left:
        face = font(int(size * (right - left) / length))
    x, anchor = {
        Align.LEFT: (left, "lm"), Align.CENTRE: ((left + right) / 2, "mm"), Align.RIGHT: (right, "rm")
    }[item.align]  # fmt: skip
    draw.text((x, (top + bottom) / 2), text, fill=colour, font=face, anchor=anchor, stroke_width=weight)


def _emboss(image: Image.Image, item: Item, text: str, theme: str) -> None:
    """Raised characters at the even pitch of an embossing machine, so that a blank is as wide as a digit."""
    left, top, _, bottom = box(item)
    size = point_pixels(item.size)
    pitch, gap = size * _PITCH, size * _GAP
    at = left + pitch / 2
    for character in text:
        if character == " ":
            at += gap
            continue
        stamp = _stamp(character, size, theme)
        image.paste(stamp, (round(at - stamp.width / 2), (top + bottom - stamp.height) // 2), stamp)
        at += pitch


_PITCH, _GAP = 0.60, 0.36
"""Of an embossed digit, and between two groups, in parts of the type size."""


@cache
def _stamp(character: str, size: float, theme: str) -> Image.Image:
    """One embossed character: a light edge above, a shadow below. The same few serve every card."""
    colours = THEMES[theme]
    stamp = Image.new("RGBA", (round(size * 0.8), round(size * 1.2)))
    x, y = stamp.width / 2, stamp.height / 2
    for shift, colour in ((-1.5, (255, 255, 255)), (1.5, colours.muted), (0, colours.ink)):
        layer = Image.new("RGBA", stamp.size, (*colour, 0))
        draw = ImageDraw.Draw(layer)
        draw.text((x + shift, y + shift), character, (*colour, 255), font(size), anchor="mm", stroke_width=0.5)
        stamp.alpha_composite(layer)
    return stamp


def _decoded(photo: bytes, size: tuple[int, int]) -> Image.Image:
    """A photo as RGB, filling `size` without distortion: what is too wide or too high is cut off, the top kept."""
    try:
        with Image.open(BytesIO(photo), formats=["JPEG"]) as picture:
            width = min(picture.width, picture.height * size[0] / size[1])
            height = width * size[1] / size[0]
            left = (picture.width - width) / 2
            rgb = picture.convert("RGB")
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as cause:
        raise Refused([Fault("卡面", "不是可读的 JPEG 相片", column="照片")]) from cause
    return rgb.resize(size, Image.Resampling.BICUBIC, (left, 0, left + width, height))
