"""The one typeface of all that is printed, and which characters it has.

Noto Sans CJK SC comes with a package, so paper looks the same on every machine and needs no system font.
"""

import struct
from bisect import bisect_right
from functools import cache
from importlib.resources import as_file
from pathlib import Path
from typing import NamedTuple

from noto_cjk_sans_otc import FONT_PATH
from PIL import ImageFont

FAMILY = "Noto Sans CJK SC"
_SC = 2
"""Index of the Simplified Chinese face in the collection; test: its name is FAMILY."""
_FULL_UNICODE = 12
"""cmap subtable format with 32-bit code points (OpenType 1.9, cmap): groups of start, end, first glyph."""


@cache
def path() -> Path:
    """The font collection's file."""
    with as_file(FONT_PATH) as file:
        return file


@cache
def font(size: float) -> ImageFont.FreeTypeFont:
    """The face at a size in pixels. Kerning is of no use to Chinese text, so the fast layout does."""
    return ImageFont.truetype(str(path()), size, index=_SC, layout_engine=ImageFont.Layout.BASIC)


class _Coverage(NamedTuple):
    starts: tuple[int, ...]
    ends: tuple[int, ...]


@cache
def _coverage() -> _Coverage:
    """The code points that have a glyph, as sorted ranges, read from the font's own cmap table."""
    data = path().read_bytes()
    (face,) = struct.unpack_from(">I", data, 12 + 4 * _SC)
    (tables,) = struct.unpack_from(">H", data, face + 4)
    records = (struct.unpack_from(">4sIII", data, face + 12 + 16 * i) for i in range(tables))
    cmap = next(offset for tag, _, offset, _ in records if tag == b"cmap")
    (count,) = struct.unpack_from(">H", data, cmap + 2)
    subtables = (cmap + struct.unpack_from(">HHI", data, cmap + 4 + 8 * i)[2] for i in range(count))
    table = next(offset for offset in subtables if struct.unpack_from(">H", data, offset)[0] == _FULL_UNICODE)
    (groups,) = struct.unpack_from(">I", data, table + 12)
    ranges = [struct.unpack_from(">III", data, table + 16 + 12 * i) for i in range(groups)]
    return _Coverage(tuple(start for start, _, _ in ranges), tuple(end for _, end, _ in ranges))


@cache
def _covered(character: str) -> bool:
    starts, ends = _coverage()
    at = bisect_right(starts, ord(character)) - 1
    return at >= 0 and ord(character) <= ends[at]


def missing_glyphs(text: str) -> set[str]:
    """The characters of a text that the typeface cannot print, control characters among them.

    >>> missing_glyphs("阿卜杜热西提·艾合买提江 𬭎")
    set()
    >>> [f"U+{ord(c):X}" for c in missing_glyphs("𮣲")]
    ['U+2E8F2']
    """
    return {character for character in set(text) if not _covered(character)}
