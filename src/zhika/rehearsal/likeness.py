"""Draws an invented face: flat shapes from back to front, averaged down so that their edges are smooth."""

import math

from PIL import Image, ImageDraw

from zhika.rehearsal.looks import HEIGHT, SHORT, WIDTH, Colour, Looks

FINE = 3
"""How many times larger than the picture the shapes are drawn."""

Points = list[tuple[float, float]]

HAIR_LINES: dict[str, tuple[tuple[float, float], ...]] = {
    "side": ((-0.80, 6), (-0.45, -8), (0.20, 6), (0.72, 16)),
    "crop": ((-0.81, 11), (-0.54, 5), (-0.27, 1), (0, 0), (0.27, 1), (0.54, 5), (0.81, 11)),
    "receding": ((-0.82, 0), (-0.50, -24), (0, -14), (0.50, -24), (0.82, 0)),
    "spikes": (
        (-0.85, 20), (-0.68, -2), (-0.51, 20), (-0.34, -2), (-0.17, 20), (0, -2), (0.17, 20), (0.34, -2), (0.51, 20),
        (0.68, -2), (0.85, 20),
    ),
    "fringe": ((-0.90, 18.6), (-0.48, 22.5), (0, 24), (0.48, 22.5), (0.90, 18.6)),
    "fringe-bob": ((-0.90, 23.5), (-0.48, 26.8), (0, 28), (0.48, 26.8), (0.90, 23.5)),
    "tails": ((-0.90, 18.8), (-0.48, 24), (0, 26), (0.48, 24), (0.90, 18.8)),
    "bob": ((-0.86, 30), (-0.50, 2), (-0.30, -20), (0.30, 2), (0.80, 26)),
    "long": ((-0.88, 34), (-0.55, 4), (0, -32), (0.55, 4), (0.88, 34)),
    "bun": ((-0.86, 13), (-0.54, -3), (-0.27, -11), (0, -14), (0.27, -11), (0.54, -3), (0.86, 13)),
}  # fmt: skip
"""Where hair ends on the forehead, from left to right: across in halves of the face, down in pixels."""


def draw_face(face: Looks) -> Image.Image:
    """The picture of a face, RGB, 358 × 441."""
    pen = _Pen(face)
    pen.hair_behind()
    pen.body()
    pen.head()
    pen.features()
    pen.hair_before()
    pen.spectacles()
    return pen.image.reduce(FINE)


def _shade(colour: Colour, factor: float) -> Colour:
    """Darker below 1, towards white above."""
    if factor <= 1:
        return (round(colour[0] * factor), round(colour[1] * factor), round(colour[2] * factor))
    near = factor - 1
    red, green, blue = (round(part + (255 - part) * near) for part in colour)
    return (red, green, blue)


class _Pen:
    """Draws one face, from back to front; coordinates are the picture's pixels, enlarged at the last moment."""

    def __init__(self, face: Looks) -> None:
        self.face = face
        self.image = Image.new("RGB", (WIDTH * FINE, HEIGHT * FINE), "white")
        self.draw = ImageDraw.Draw(self.image)
        self.half = face.face_width / 2
        self.middle = face.eye_x
        self.temple = face.hair_top + (face.eye_y - face.hair_top) * 0.72
        """Height of the widest part of the face."""

    # strokes

    def fill(self, points: Points, colour: Colour) -> None:
        self.draw.polygon([(x * FINE, y * FINE) for x, y in points], fill=colour)

    def oval(self, x: float, y: float, rx: float, ry: float, colour: Colour) -> None:
        self.draw.ellipse(((x - rx) * FINE, (y - ry) * FINE, (x + rx) * FINE, (y + ry) * FINE), fill=colour)

    def line(self, points: Points, colour: Colour, width: float) -> None:
        """A line with round ends."""
        self.draw.line([(x * FINE, y * FINE) for x, y in points], colour, round(width * FINE), joint="curve")
        for x, y in (points[0], points[-1]):
            self.oval(x, y, width / 2 - 0.2, width / 2 - 0.2, colour)

    def both(self, points: Points, colour: Colour) -> None:
        """A shape and its mirror image."""
        self.fill(points, colour)
        self.fill([(2 * self.middle - x, y) for x, y in points], colour)

    # parts

    def outline(self, grow: float = 0, upto: float = math.tau) -> Points:
        """The face from its right temple around the chin: round above, towards the chin as broad as the jaw is."""
        face, points = self.face, []
        for n in range(49):
            angle = upto * n / 48
            sine, cosine = math.sin(angle), math.cos(angle)
            reach = face.chin - self.temple if sine > 0 else self.temple - face.hair_top - 10
            power = 0.92 + 0.5 * (1 - face.jaw) if sine > 0 else 1.0
            across = math.copysign(abs(cosine) ** (power if sine <= 0 else face.jaw), cosine)
            points.append((self.middle + (self.half + grow) * across, self.temple + (reach + grow) * sine))
        return points

    def body(self) -> None:
        face, middle = self.face, self.middle
        skin, shadow = face.skin, _shade(face.skin, 0.87)
        width, top = (132.0 if face.child else 158.0), face.chin + 44
        neck = 36 if face.child else 46
        shoulder = [(neck + (width - neck) * t, top + 62 * t**2.6) for t in _steps(0, 1, 14)]
        right = [(middle + x, y) for x, y in shoulder] + [(middle + width + 12, HEIGHT)]
        left = [(2 * middle - x, y) for x, y in reversed(right)]
        self.fill(right + left, face.clothes)
        self.fill(
            [(middle - neck, face.chin - 40), (middle + neck, face.chin - 40), (middle + neck + 4, top + 6),
             (middle, top + 40), (middle - neck - 4, top + 6)], skin,
        )  # fmt: skip
        dark, light = _shade(face.clothes, 0.78), _shade(face.clothes, 1.18)
        if face.collar == "round":
            self.oval(middle, top + 4, neck + 5, 36, skin)
            self.oval(middle, top - 24, neck - 1, 30, skin)
            arc = [(middle + (neck + 5) * math.cos(a), top + 4 + 36 * math.sin(a)) for a in _steps(0, math.pi, 16)]
            self.line(arc, light, 9)
        elif face.collar == "high":
            self.both([(middle, top + 12), (middle + neck + 5, top - 20), (middle + neck + 16, top + 22),
                       (middle, top + 46)], light)  # fmt: skip
        else:
            inner = face.shirt if face.collar == "jacket" else light
            if face.collar == "jacket":
                self.fill([(middle - neck - 6, top), (middle + neck + 6, top), (middle, HEIGHT + 60)], face.shirt)
                self.fill([(middle - neck, top), (middle + neck, top), (middle, top + 40)], skin)
                self.both([(middle + neck + 4, top - 6), (middle + neck + 34, top + 26), (middle + 30, HEIGHT)], dark)
            self.both([(middle + neck, top - 16), (middle + neck + 10, top + 6), (middle + 26, top + 54),
                       (middle + 1, top + 36)], inner)  # fmt: skip
            if face.collar == "shirt":
                self.line([(middle, top + 40), (middle, HEIGHT)], dark, 2.5)
        self.fill(
            [(middle - neck, face.chin - 40), (middle + neck, face.chin - 40), (middle + neck, face.chin + 8),
             (middle, face.chin + 30), (middle - neck, face.chin + 8)], shadow,
        )  # fmt: skip

    def head(self) -> None:
        face = self.face
        shadow = _shade(face.skin, 0.9)
        for side in (-1, 1) if face.hair_style in (*SHORT, "tails", "bun") else ():
            x = self.middle + side * (self.half + 2)
            self.oval(x, face.eye_y + 14, 13, 24, face.skin)
            self.oval(x + side * 2, face.eye_y + 15, 6, 14, shadow)
        self.fill(self.outline(), face.skin)
        if face.child or face.lips:
            for side in (-1, 1):
                self.oval(self.middle + side * self.half * 0.62, face.eye_y + 46, 19, 12, _blush(face.skin))

    def features(self) -> None:
        face, middle = self.face, self.middle
        size, dark = face.eye_size, _shade(face.skin, 0.78)
        brows = _shade(face.hair, 0.85)
        for side in (-1, 1):
            x, y = middle + side * face.eye_gap, face.eye_y
            almond = [(x + 20 * size * math.cos(a), y + 10.5 * size * math.sin(a) ** 3 if math.sin(a) > 0
                       else y + 11.5 * size * math.sin(a)) for a in _steps(0, math.tau, 28)]  # fmt: skip
            self.fill(almond, (255, 255, 255))
            self.oval(x, y - 0.5, 9.4 * size, 9.4 * size, face.iris)
            self.oval(x + 3, y - 4, 2.4 * size, 2.4 * size, (255, 255, 255))
            lid = [(x + 20 * size * math.cos(a), y + 11.5 * size * math.sin(a)) for a in _steps(math.pi, math.tau, 12)]
            self.line(lid, (44, 34, 34), 3.4 if face.lips else 2.6)
            if face.lips:
                self.line([lid[-1 if side > 0 else 0], (x + side * 25 * size, y - 4)], (44, 34, 34), 2.4)
            bend = [(x + 25 * t * side, y - 30 * size + 8 * t * t + 2.5 * t) for t in (-1, -0.5, 0, 0.5, 1)]
            self.line(bend, brows, face.brow * (0.72 if face.lips or face.child else 1))
            if face.lined:
                self.line([(x + side * 30, y + 2), (x + side * 38, y - 3)], dark, 1.8)
                self.line([(x + side * 29, y + 9), (x + side * 37, y + 10)], dark, 1.8)
                self.line([(x - 13, y + 19), (x, y + 22), (x + 13, y + 19)], dark, 1.8)
        mouth_y = face.eye_y + (face.chin - face.eye_y) * 0.66
        nose_y = face.eye_y + (face.chin - face.eye_y) * 0.38
        self.line(
            [(middle - 4, nose_y - 20 * face.nose), (middle - 7 * face.nose, nose_y - 4)], _shade(face.skin, 0.9), 2.4
        )
        nose = [(middle + 11 * face.nose * t, nose_y + 4 - 4 * t * t) for t in (-1, -0.5, 0, 0.5, 1)]
        self.line(nose, dark, 3)
        curve = [
            (middle + face.mouth * t, mouth_y + face.smile * (1 - t * t)) for t in (-1, -0.6, -0.25, 0, 0.25, 0.6, 1)
        ]
        if face.lips:
            lower = [(x, y + 9 * (1 - ((x - middle) / face.mouth) ** 2)) for x, y in reversed(curve)]
            upper = [(x, y - 6 * (1 - ((x - middle) / face.mouth) ** 2)) for x, y in reversed(curve)]
            self.fill(curve + lower, (206, 104, 104))
            self.fill(curve + upper, (190, 88, 92))
        self.line(curve, (150, 74, 70), 2.6)
        if face.lined:
            for side in (-1, 1):
                x = middle + side * (face.mouth + 4)
                self.line([(middle + side * 17, nose_y + 2), (x, nose_y + 18), (x + side * 5, mouth_y - 4)], dark, 1.8)

    def cap(self, grow: float, low: float) -> Points:
        """Upper half of the head with hair: from the right side at height `low` over the crown to the left."""
        face = self.face
        wide, high = self.half + grow, self.temple - face.hair_top
        crown = [(self.middle + wide * math.cos(a), self.temple - high * math.sin(a)) for a in _steps(0, math.pi, 24)]
        return [(self.middle + self.half + grow, low), *crown, (self.middle - self.half - grow, low)]

    def hair_behind(self) -> None:
        face, middle, wide = self.face, self.middle, self.half
        if face.hair_style in ("bob", "fringe-bob"):
            low = face.chin + 8
            self.fill([*self.cap(16, low - 30), (middle - wide - 4, low), (middle + wide + 4, low)], face.hair)
        elif face.hair_style == "long":
            self.fill(
                [*self.cap(14, face.chin), (middle - wide - 24, HEIGHT - 20), (middle + wide + 24, HEIGHT - 20)],
                face.hair,
            )
        elif face.hair_style == "tails":
            for side in (-1, 1):
                x = middle + side * (wide + 26)
                self.oval(x, face.eye_y + 62, 24, 62, face.hair)
                self.oval(x - side * 10, face.eye_y + 4, 9, 9, (214, 84, 96))
        elif face.hair_style == "bun":
            self.fill(self.cap(8, face.eye_y + 20), face.hair)

    def hair_before(self) -> None:
        face, middle, wide = self.face, self.middle, self.half
        style, top, hair = face.hair_style, face.hair_top, face.hair
        line = top + (face.eye_y - top) * 0.42
        """Height of the hair line on the forehead."""
        low = face.eye_y + (2 if style in SHORT else 34)
        inner = wide - 7
        ear = [(middle - wide + 1, low), (middle - inner, line + 34)]
        raised = [(middle + inner, line + 34), (middle + wide - 1, low)]
        fringe = [(middle + inner * across, line + down) for across, down in HAIR_LINES[style]]
        self.fill([*self.cap(8 if style in SHORT else 12, low), *ear, *fringe, *raised], hair)
        shine = _shade(hair, 1.14)
        bow = [(middle + wide * 0.62 * math.cos(a), self.temple - (self.temple - top) * 0.80 * math.sin(a))
               for a in _steps(1.9, 2.6, 8)]  # fmt: skip
        self.line(bow, shine, 4.5)

    def spectacles(self) -> None:
        face, middle = self.face, self.middle
        if not face.glasses:
            return
        frame, width = (58, 52, 56), round(3.4 * FINE)
        for side in (-1, 1):
            x, y = middle + side * face.eye_gap, face.eye_y + 2
            edges = ((x - 33) * FINE, (y - 25) * FINE, (x + 33) * FINE, (y + 25) * FINE)
            radius = (24 if face.glasses == "round" else 9) * FINE
            self.draw.rounded_rectangle(edges, radius, outline=frame, width=width)
            self.line([(x + side * 33, y - 4), (middle + side * (self.half + 2), y - 8)], frame, 3.4)
        inner = face.eye_gap - 33
        self.line(
            [(middle - inner, face.eye_y - 2), (middle, face.eye_y - 6), (middle + inner, face.eye_y - 2)], frame, 3.4
        )


def _blush(skin: Colour) -> Colour:
    return (min(255, skin[0] + 2), round(skin[1] * 0.945), round(skin[2] * 0.93))


def _steps(start: float, end: float, count: int) -> list[float]:
    return [start + (end - start) * n / count for n in range(count + 1)]
