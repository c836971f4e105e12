"""What an invented face looks like: drawn from a seed, within the limits of photos for the card."""

from dataclasses import dataclass
from random import Random

WIDTH, HEIGHT = 358, 441
"""Of a photo for the card, in pixels."""
GREY_FROM, LINED_FROM, CHILD_UNTIL = 58, 50, 13
"""Ages in years at which hair turns grey, lines show, and a child's face ends."""

Colour = tuple[int, int, int]
_SKIN: tuple[Colour, ...] = ((248, 219, 194), (243, 208, 178), (236, 196, 162), (226, 183, 147), (250, 225, 205))
_HAIR: tuple[Colour, ...] = ((28, 25, 27), (40, 32, 30), (52, 38, 32), (34, 31, 38))
_GREY: tuple[Colour, ...] = ((128, 128, 132), (168, 168, 170), (98, 98, 102), (202, 202, 204))
_CLOTHES: tuple[Colour, ...] = (
    (38, 54, 84), (60, 64, 74), (84, 44, 56), (40, 76, 72), (74, 62, 92), (46, 46, 50), (98, 72, 52), (54, 84, 118),
)  # fmt: skip
_SHIRTS: tuple[Colour, ...] = ((244, 246, 250), (214, 226, 240), (240, 228, 210), (222, 206, 222))
SHORT = ("side", "crop", "fringe", "spikes", "receding")
LONG = ("bob", "long", "bun", "fringe-bob", "tails")


@dataclass(frozen=True)
class Looks:
    """What one seed, sex and age make of a face; lengths in pixels of the picture."""

    face_width: float
    chin: float
    jaw: float
    hair_top: float
    eye_x: float
    eye_y: float
    eye_gap: float
    eye_size: float
    hair_style: str
    collar: str
    glasses: str
    skin: Colour
    hair: Colour
    clothes: Colour
    shirt: Colour
    iris: Colour
    brow: float
    nose: float
    mouth: float
    smile: float
    child: bool
    lined: bool
    lips: bool


def looks(seed: str, sex: str, age: int) -> Looks:
    """The face of a seed: the same for ever. `sex` as in GB/T 2261.1 ("1" male, "2" female), `age` in years.

    >>> looks("350502199001010018", "1", 36) == looks("350502199001010018", "1", 36)
    True
    """
    draw = Random(f"{seed}/{sex}/{age}")
    child, male = age < CHILD_UNTIL, sex == "1"
    styles = [s for s in SHORT if s != "receding" or age > 40] if male else [s for s in LONG if s != "tails" or child]
    grey = age >= GREY_FROM + draw.randint(-6, 6)
    return Looks(
        face_width=draw.uniform(186, 206) if child else draw.uniform(182, 200) + 6 * male,
        chin=draw.uniform(276, 286) if child else draw.uniform(290, 308) + 4 * male,
        jaw=draw.uniform(0.80, 0.92) if child else draw.uniform(0.70, 0.84) + 0.08 * male,
        hair_top=draw.uniform(10, 18),
        eye_x=draw.uniform(175, 183),
        eye_y=draw.uniform(184, 194) if child else draw.uniform(168, 182),
        eye_gap=draw.uniform(42, 50),
        eye_size=draw.uniform(1.12, 1.3) if child else draw.uniform(0.86, 1.08),
        hair_style=draw.choice(styles),
        collar=draw.choice(("round", "shirt", "jacket", "high")),
        glasses=draw.choice(("", "", "", "round", "square")) if age > 7 else "",
        skin=draw.choice(_SKIN),
        hair=draw.choice(_GREY if grey else _HAIR),
        clothes=draw.choice(_CLOTHES),
        shirt=draw.choice(_SHIRTS),
        iris=draw.choice(((44, 30, 26), (62, 42, 32), (30, 26, 30))),
        brow=draw.uniform(4.5, 7.5) + 1.5 * male,
        nose=draw.uniform(0.8, 1.15),
        mouth=draw.uniform(24, 33),
        smile=draw.uniform(1, 8),
        child=child,
        lined=age >= LINED_FROM,
        lips=not male and not child,
    )
