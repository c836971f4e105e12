"""Invented portraits: drawn faces that differ, in the form of a photo for the card 制证用数字相片.

358 × 441 pixels at 350 dpi (26 × 32 mm), 24-bit RGB, plain white ground, JPEG quality 70. The geometry keeps the limits
for such photos (domain facts, "Photo for the card"): face 179–255 pixels wide, hair 7–21 below the upper edge, middle
of the eyes 162–196 from the left, eye line at least 207 above the lower edge. No one is pictured.
"""

from io import BytesIO

from zhika.rehearsal.likeness import draw_face
from zhika.rehearsal.looks import looks

DPI, QUALITY = 350, 70


def portrait(seed: str, sex: str, age: int) -> bytes:
    """One person's photo as JPEG bytes; the same seed, sex and age give the same picture.

    >>> portrait("350502199001010018", "1", 36)[:2].hex()
    'ffd8'
    """
    image = draw_face(looks(seed, sex, age))
    out = BytesIO()
    image.save(out, "JPEG", quality=QUALITY, dpi=(DPI, DPI))
    return out.getvalue()
