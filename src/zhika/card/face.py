"""Card-face geometry: what is printed where on an ID-1 card, as a table in millimetres.

ID-1 (ISO/IEC 7810, GB/T 14916): 85.60 × 53.98 mm, corner radius 3.18 mm. The origin is a face's upper left corner.
The back is printed turned by 180° against ISO/IEC 7816-2, so its chip lies on the right and the card is inserted to
the right. Photo and the four lines of the person stand where programs of several cities print them.
"""

from dataclasses import dataclass
from enum import StrEnum

WIDTH, HEIGHT, RADIUS = 85.60, 53.98, 3.18
"""ID-1, in mm."""
DPI = 300
MM_PER_INCH, PT_PER_INCH = 25.4, 72


class Side(StrEnum):
    FRONT = "front"
    BACK = "back"


class Printed(StrEnum):
    """Who brings an item onto the card, and when."""

    PLASTIC = "plastic"
    """Same on every card of a product: part of the sheet's artwork."""
    PERSON = "person"
    """Printed by the supplier for one person."""
    BANK = "bank"
    """Number, expiry and CVV2: by the supplier (urban) or overprinted by the bank (rural)."""


class Align(StrEnum):
    LEFT = "left"
    CENTRE = "centre"
    RIGHT = "right"


@dataclass(frozen=True)
class Product:
    """A card product 卡产品: what differs between the cards of two schemes.

    `numbered` says that the supplier prints PAN, expiry and CVV2 with the face; otherwise the bank overprints them.
    `theme` names the colours of the artwork.
    """

    code: str
    title: str
    english: str
    issuer: str
    bank: str
    bank_hotline: str
    maker: str
    numbered: bool
    theme: str
    hotline: str = "12333"


URBAN = Product(
    "urban", "社会保障卡", "SOCIAL SECURITY CARD", "泉州市人力资源和社会保障局", "中国工商银行", "95588", "ZK-01-26",
    True, "blue",
)  # fmt: skip
RURAL = Product(
    "rural", "农合卡", "RURAL COOPERATIVE MEDICAL CARD", "泉州市新型农村合作医疗管理中心", "中国农业银行", "95599",
    "ZK-02-26", False, "green",
)  # fmt: skip
PRODUCTS = {product.code: product for product in (URBAN, RURAL)}


@dataclass(frozen=True)
class Item:
    """One thing on a face: a box in mm; `size` in points, 0 for what is no text.

    `text` is fixed, with names of `Product` in braces; empty text means the value of `field`, or a mark that is drawn.
    """

    field: str
    side: Side
    x: float
    y: float
    width: float
    height: float
    size: float = 0
    align: Align = Align.LEFT
    text: str = ""
    printed: Printed = Printed.PLASTIC


_F, _B, _P, _N = Side.FRONT, Side.BACK, Printed.PERSON, Printed.BANK
_C, _R, _L = Align.CENTRE, Align.RIGHT, Align.LEFT
CHIP_WIDTH, CHIP_HEIGHT = 12.60, 11.40
"""Contact plate of an eight-contact module; its centre is that of the contacts of ISO/IEC 7816-2, turned by 180°."""

SERVICE = "服务电话（人社：{hotline}　银行：{bank_hotline}）"
LAYOUT: tuple[Item, ...] = (
    Item("stripe",         _F,  0.00,  4.00, 85.60, 12.70),
    Item("emblem",         _F, 34.80, 19.40, 16.00, 16.00),
    Item("card_title",     _F,  6.00, 37.60, 73.60,  6.40, 15.5, _C, "中华人民共和国社会保障卡"),
    Item("product_title",  _F,  6.00, 45.00, 73.60,  3.00,  6.0, _C, "{english}"),
    Item("product_name",   _B,  4.00,  3.20, 36.00,  5.60, 11.5, _L, "{title}"),
    Item("bank_mark",      _B, 55.60,  3.20,  5.60,  5.60),
    Item("bank_name",      _B, 62.00,  3.20, 19.60,  5.60,  9.0, _R, "{bank}"),
    Item("photo",          _B,  4.00, 12.00, 20.00, 25.00, printed=_P),
    Item("name_label",     _B, 27.50, 14.40, 14.50,  3.40,  6.2, _L, "姓名"),
    Item("name",           _B, 42.50, 14.40, 39.10,  3.40,  8.6, _L, printed=_P),
    Item("id_no_label",    _B, 27.50, 19.00, 14.50,  3.40,  6.2, _L, "社会保障号码"),
    Item("id_no",          _B, 42.50, 19.00, 39.10,  3.40,  8.6, _L, printed=_P),
    Item("ssc_no_label",   _B, 27.50, 23.70, 14.50,  3.40,  6.2, _L, "社会保障卡号"),
    Item("ssc_no",         _B, 42.50, 23.70, 21.00,  3.40,  8.6, _L, printed=_P),
    Item("issue_label",    _B, 27.50, 28.30, 14.50,  3.40,  6.2, _L, "发卡日期"),
    Item("issue_date",     _B, 42.50, 28.30, 21.00,  3.40,  8.6, _L, printed=_P),
    Item("issuer",         _B, 27.50, 34.10, 28.00,  2.90,  5.6, _L, "{issuer}"),
    Item("seal",           _B, 55.60, 31.75,  7.40,  7.40),
    Item("chip",           _B, 64.24, 24.39, CHIP_WIDTH, CHIP_HEIGHT),
    Item("arrow",          _B, 78.40, 28.29,  4.00,  3.60),
    Item("pan",            _B,  4.00, 39.20, 77.60,  5.80, 16.0, _L, printed=_N),
    Item("expiry_label",   _B, 27.50, 46.20, 11.00,  3.40,  4.6, _L, "有效期 VALID"),
    Item("expiry",         _B, 38.80, 46.20, 11.00,  3.40,  9.4, _L, printed=_N),
    Item("cvv2_label",     _B, 52.50, 46.20,  5.20,  3.40,  4.6, _L, "CVV2"),
    Item("cvv2",           _B, 58.00, 46.20,  8.00,  3.40,  9.4, _L, printed=_N),
    Item("network_mark",   _B, 72.60, 46.10,  9.00,  5.40),
    Item("service",        _B,  4.00, 50.30, 48.00,  2.20,  5.0, _L, SERVICE),
    Item("maker",          _B, 54.00, 50.30, 17.00,  2.20,  4.4, _R, "{maker}"),
)  # fmt: skip
"""The second-generation card of both products."""

ITEM = {item.field: item for item in LAYOUT}
PERSONAL_FIELDS = tuple(item.field for item in LAYOUT if item.printed is _P and item.size)
BANK_FIELDS = tuple(item.field for item in LAYOUT if item.printed is _N)


def pixels(mm: float, dpi: int = DPI) -> int:
    """A length in mm as whole pixels.

    >>> pixels(WIDTH), pixels(HEIGHT)
    (1011, 638)
    """
    return round(mm * dpi / MM_PER_INCH)


def point_pixels(points: float, dpi: int = DPI) -> float:
    """A type size in points as pixels.

    >>> round(point_pixels(8), 2)
    33.33
    """
    return points * dpi / PT_PER_INCH


def box(item: Item, dpi: int = DPI) -> tuple[int, int, int, int]:
    """An item's box as left, upper, right, lower in pixels; a box never leaves the card's picture.

    >>> box(ITEM["photo"])
    (47, 142, 283, 437)
    """
    return (
        pixels(item.x, dpi),
        pixels(item.y, dpi),
        pixels(item.x + item.width, dpi),
        pixels(item.y + item.height, dpi),
    )


def fixed_text(item: Item, product: Product) -> str:
    """An item's fixed text on a product.

    >>> fixed_text(ITEM["service"], RURAL)
    '服务电话（人社：12333\u3000银行：95599）'
    """
    return item.text.format_map(vars(product))
