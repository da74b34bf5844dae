"""The garden behind the birds, painted once when the scene starts: far things blurred, near things sharp.

It is painted twice at once: as it lies in shade, and how much the sun adds; the scene mixes the two slowly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from camera.scene_paint import MIDDLE, UNITS_HIGH, Canvas, Floats, colour, mix, smooth, soft_noise
from camera.scene_perches import paint_bath, paint_branch, paint_feeder

HORIZON = 452.0
"""Where the lawn begins, units."""
_SUN = (215.0, -40.0)


@dataclass(frozen=True)
class _Clump:
    """A ball of leaves: its middle and radii, units."""

    x: float
    y: float
    rx: float
    ry: float


class _Foliage:
    """A layer of leaves at some distance, dabbed at a coarser size and blurred."""

    def __init__(self, width: int, height: int, coarse: int, first: str) -> None:
        self.size, self.coarse = (width, height), coarse
        self.scale = height / UNITS_HIGH / coarse
        self.middle = width / coarse / 2
        small = (width // coarse + 1, height // coarse + 1)
        red, green, blue = bytes.fromhex(first)
        self.image, self.mask = Image.new("RGB", small, (red, green, blue)), Image.new("L", small, 0)

    def grow(
        self, random: np.random.Generator, clumps: list[_Clump], ramp: tuple[str, ...], leaf: float, count: int
    ) -> None:
        """Dab `count` leaves of `leaf` units on each clump; `ramp` goes from shade to sunlight."""
        tones = np.stack([colour(code) for code in ramp])
        drawing, stencil = ImageDraw.Draw(self.image), ImageDraw.Draw(self.mask)
        for clump in clumps:
            angle = random.uniform(0, 2 * np.pi, count)
            out = np.sqrt(random.uniform(0, 1, count))
            px, py = out * np.cos(angle), out * np.sin(angle)
            lit = 0.46 - 0.34 * py - 0.26 * px + random.normal(0, 0.13, count)
            order = np.argsort(lit + random.normal(0, 0.18, count))
            place = np.clip(lit, 0, 0.999) * (len(ramp) - 1)
            low = place.astype(int)
            tint = tones[low] + (tones[low + 1] - tones[low]) * (place - low)[:, None]
            tint = np.clip(tint * random.uniform(0.88, 1.12, (count, 1)) * 255, 0, 255).astype(int)
            rx = leaf * self.scale * random.uniform(0.6, 1.5, count)
            ry = rx * random.uniform(0.5, 0.9, count)
            x = (clump.x + clump.rx * px - MIDDLE) * self.scale + self.middle
            y = (clump.y + clump.ry * py) * self.scale
            for i in order:
                box = (x[i] - rx[i], y[i] - ry[i], x[i] + rx[i], y[i] + ry[i])
                drawing.ellipse(box, fill=tuple(tint[i].tolist()))
                stencil.ellipse(box, fill=255)

    def onto(self, picture: Image.Image, blur: float) -> None:
        """Lay the layer over the picture, blurred by so many units."""
        soft = ImageFilter.GaussianBlur(blur * self.scale)
        full = (self.image.width * self.coarse, self.image.height * self.coarse)
        image = self.image.filter(soft).resize(full, Image.Resampling.BICUBIC)
        mask = self.mask.filter(soft).resize(full, Image.Resampling.BICUBIC)
        picture.paste(image, (0, 0), mask)


def _row(random: np.random.Generator, reach: float, step: float, y: float, spread: float, r: float) -> list[_Clump]:
    """Clumps side by side, as far as `reach` to either side of the middle."""
    xs = np.arange(MIDDLE - reach, MIDDLE + reach, step)
    return [
        _Clump(x + random.uniform(-0.3, 0.3) * step, y + random.uniform(-spread, spread), r * k, r * k * 0.85)
        for x, k in zip(xs, random.uniform(0.75, 1.25, len(xs)), strict=True)
    ]


def _crown(random: np.random.Generator, x: float, y: float, radius: float, count: int) -> list[_Clump]:
    """The clumps of a tree's crown, back ones first."""
    angle, out = random.uniform(0, 2 * np.pi, count), np.sqrt(random.uniform(0, 1, count)) * radius
    places = sorted(zip(out * np.cos(angle), 0.8 * out * np.sin(angle), strict=True), key=lambda p: -p[1])
    return [_Clump(x + px, y + py, radius * 0.42, radius * 0.36) for px, py in places]


def _sky(sheet: Canvas) -> Floats:
    """Morning light from the upper left, haze towards the hills."""
    y = np.broadcast_to(sheet.y, sheet.alpha.shape)
    glow = np.exp(-((np.hypot(sheet.x - _SUN[0], (sheet.y - _SUN[1]) * 1.25) / 430) ** 1.5))
    sky = mix(colour("8fc0d6"), colour("f3ead0"), smooth(-60, 330, y))
    return mix(sky, colour("fff2cf"), 0.9 * glow)


def _hills(sheet: Canvas, random: np.random.Generator) -> None:
    for base, height, length, near, far in (
        (300, 34, 410, "a9c3c0", "c9d6c6"),
        (342, 30, 270, "8db29a", "b4cdaa"),
        (384, 22, 190, "79a578", "9cc08c"),
    ):
        phase = random.uniform(0, 6)
        ridge = base - height * (
            np.sin(sheet.x / length * 2 * np.pi + phase) * 0.6 + np.sin(sheet.x / length * 5.1) * 0.25
        )
        tone = mix(colour(near), colour(far), smooth(70, 0, sheet.y - ridge))
        sheet.paint(sheet.cover(ridge - sheet.y, 7), tone)


def _lawn(sheet: Canvas, random: np.random.Generator) -> Image.Image:
    """Grass: broad light and shade, then blades that grow larger towards the viewer; drawn at twice the size."""
    height, width = sheet.alpha.shape
    depth = np.clip((sheet.y - HORIZON) / (UNITS_HIGH - HORIZON), 0, 1)
    depth = np.broadcast_to(depth, sheet.alpha.shape)
    tone = mix(colour("a9c162"), colour("5c8c34"), smooth(-0.05, 0.55, depth))
    tone = mix(tone, colour("3f6d2a"), smooth(0.5, 1.1, depth))
    broad = soft_noise(random, height, width, 26 * sheet.scale, 150 * sheet.scale)
    fine = soft_noise(random, height, width, 7 * sheet.scale, 30 * sheet.scale)
    tone = tone * (1 + 0.11 * broad + 0.05 * fine)[..., None]
    tone = mix(tone, colour("c7cf6a"), 0.25 * smooth(0.1, 0.9, broad))
    pixels = np.clip(tone * 255, 0, 255).astype(np.uint8)
    first = int(HORIZON * sheet.scale) - 8
    lawn = Image.fromarray(pixels[first:]).resize((width * 2, (height - first) * 2), Image.Resampling.BILINEAR)
    drawing = ImageDraw.Draw(lawn)
    count = int(9500 * width / height / 1.78)
    near = np.sort(random.uniform(0, 1, count) ** 0.8)
    x = random.uniform(-0.02, 1.02, count) * width
    y = (HORIZON + 6 + near * (UNITS_HIGH - HORIZON + 12)) * sheet.scale
    long = (2.5 + 17 * near**1.4) * random.uniform(0.5, 1.3, count) * sheet.scale
    lean = random.normal(0.12, 0.35, count) * long
    shade = random.uniform(0.74, 1.24, count)
    for i in range(count):
        row, column = min(int(y[i]), height - 1), min(max(int(x[i]), 0), width - 1)
        tint = np.clip(pixels[row, column] * shade[i] + (6, 8, 0), 0, 255)
        foot, tip = (x[i] * 2, (y[i] - first) * 2), ((x[i] + lean[i]) * 2, (y[i] - long[i] - first) * 2)
        drawing.line((foot, tip), fill=(int(tint[0]), int(tint[1]), int(tint[2])), width=1 + int(2.4 * near[i]))
    _daisies(drawing, random, sheet, first)
    return lawn.resize((width, height - first), Image.Resampling.BOX)


def _daisies(drawing: ImageDraw.ImageDraw, random: np.random.Generator, sheet: Canvas, first: int) -> None:
    width = sheet.alpha.shape[1]
    for _ in range(6):
        cx, cy = random.uniform(0, 1), random.uniform(0.12, 0.85)
        for _ in range(random.integers(5, 12)):
            near = np.clip(cy + random.normal(0, 0.05), 0.04, 0.93)
            x = (cx + random.normal(0, 0.045)) * width
            y = (HORIZON + near * (UNITS_HIGH - HORIZON)) * sheet.scale
            r = (1.4 + 3.4 * near) * sheet.scale
            px, py = x * 2, (y - first) * 2
            for petal in range(7):
                a = petal * 2 * np.pi / 7 + cx
                qx, qy, q = px + 1.5 * r * np.cos(a), py + 0.9 * r * np.sin(a), 0.72 * r
                drawing.ellipse((qx - q, qy - q * 0.8, qx + q, qy + q * 0.8), fill=(244, 243, 232))
            drawing.ellipse((px - 0.8 * r, py - 0.6 * r, px + 0.8 * r, py + 0.6 * r), fill=(238, 196, 60))


_BLOOMS = (
    ("e58fae", "d35f8e", 6.0),
    ("b79be0", "8f6fc4", 4.5),
    ("f6d36b", "eeb73c", 5.0),
    ("f7f1ea", "e9dccb", 5.5),
    ("ee7a5c", "d9553c", 5.0),
)


def _border(picture: Image.Image, random: np.random.Generator, width: int, height: int) -> None:
    """The flower bed at the foot of the hedge, out of focus."""
    layer = _Foliage(width, height, 1, "5d7f3e")
    span = width / height * UNITS_HIGH / 2 + 60
    bed = _row(random, span, 34, HORIZON - 6, 7, 26)
    layer.grow(random, bed, ("3c5a2c", "5c8238", "8fae52"), 6, 60)
    drawing, stencil = ImageDraw.Draw(layer.image), ImageDraw.Draw(layer.mask)
    for _ in range(int(span / 7)):
        light, dark, size = _BLOOMS[random.integers(len(_BLOOMS))]
        cx, cy = MIDDLE + random.uniform(-span, span), HORIZON - random.uniform(0, 34)
        spike = random.random() < 0.4
        for _ in range(random.integers(6, 14)):
            x, y = cx + random.normal(0, 4 if spike else 13), cy + random.normal(0, 14 if spike else 6)
            px, py = (x - MIDDLE) * layer.scale + layer.middle, y * layer.scale
            r = size * layer.scale * random.uniform(0.5, 1.0)
            code = light if random.random() < 0.6 else dark
            red, green, blue = bytes.fromhex(code)
            drawing.ellipse((px - r, py - r, px + r, py + r), fill=(red, green, blue))
            stencil.ellipse((px - r, py - r, px + r, py + r), fill=255)
    layer.onto(picture, 2.2)


def paint_backdrop(width: int, height: int) -> tuple[Floats, Floats]:
    """The garden in shade and in sunlight, each RGB (height, width, 3), 0 to 1."""
    scale = height / UNITS_HIGH
    random = np.random.default_rng(20)
    half = width / scale / 2
    sheet = Canvas((MIDDLE - half, 0, MIDDLE + half, UNITS_HIGH), scale)
    sheet.paint(np.ones((1, 1)), _sky(sheet))
    _hills(sheet, random)
    picture = Image.fromarray(np.clip(sheet.rgb * 255, 0, 255).astype(np.uint8))
    edge = half + 80

    far = _Foliage(width, height, 4, "7da06e")
    haze = ("6d9370", "86ab78", "b4cb8a", "d8dca0")
    far.grow(random, _row(random, edge, 52, 398, 20, 50), haze, 11, 46)
    far.onto(picture, 7)
    trees = _Foliage(width, height, 2, "4c7040")
    green = ("2e4f30", "456f3a", "6d9a48", "a9c463", "e3e08f")
    for x, y, r in ((40, 210, 190), (1235, 190, 200), (1080, 330, 90), (255, 330, 80)):
        px, w = (x - MIDDLE) * trees.scale + trees.middle, r * 0.06 * trees.scale
        trunk = (px - w, y * trees.scale, px + w, HORIZON * trees.scale)
        ImageDraw.Draw(trees.image).rectangle(trunk, fill=(74, 58, 44))
        ImageDraw.Draw(trees.mask).rectangle(trunk, fill=255)
        trees.grow(random, _crown(random, x, y, r, 16), green, 9, 130)
    trees.onto(picture, 4.5)
    hedge = _Foliage(width, height, 2, "3f6136")
    dark = ("26432b", "3a6133", "568240", "88aa52", "c2cf78")
    hedge.grow(random, _row(random, edge, 30, 412, 10, 40), dark, 7, 70)
    hedge.grow(random, _row(random, edge, 34, 438, 6, 30), dark, 6, 50)
    hedge.onto(picture, 3.2)
    lawn = _lawn(sheet, random)
    fade = np.clip(np.arange(lawn.height) * 16, 0, 255).astype(np.uint8)[:, None]
    mask = Image.fromarray(np.repeat(fade, lawn.width, 1))
    picture.paste(lawn, (0, sheet.alpha.shape[0] - lawn.height), mask)
    _border(picture, random, width, height)

    sheet.rgb[...] = np.asarray(picture, np.float32) / 255
    _bokeh(sheet, random)
    paint_bath(sheet)
    paint_feeder(sheet)
    paint_branch(sheet)
    shade, sun = _lights(sheet, random)
    return shade[:height, :width], sun[:height, :width]


def _bokeh(sheet: Canvas, random: np.random.Generator) -> None:
    """Sunlight through far leaves, as soft discs."""
    for _ in range(46):
        right = random.random() < 0.45
        x = random.uniform(1010, 1290) if right else random.uniform(-60, 330)
        y, r = random.uniform(20, 400), random.uniform(5, 17)
        tone = colour("fff0bb" if random.random() < 0.6 else "e6efaa")
        sheet.disc((x, y), r, tone, 2.5, random.uniform(0.06, 0.24))


def _lights(sheet: Canvas, random: np.random.Generator) -> tuple[Floats, Floats]:
    """The painted garden in soft shade, and with the sun through the trees on it."""
    height, width = sheet.alpha.shape
    x, y = sheet.x, sheet.y
    patches = soft_noise(random, height, width, 24 * sheet.scale, 110 * sheet.scale)
    dapple = smooth(-0.15, 0.5, patches + 0.25) * smooth(HORIZON - 10, HORIZON + 40, y)
    lit = np.clip(0.35 + 0.75 * dapple, 0, 1) * smooth(HORIZON - 60, HORIZON, y) + 0.75 * smooth(
        HORIZON, HORIZON - 60, y
    )
    angle = np.arctan2(x - _SUN[0], y - _SUN[1] + 120)
    rays = 0.5 + 0.5 * np.sin(angle * 23 + 1.2 * np.sin(angle * 9))
    rays = rays**2 * np.exp(-np.hypot(x - _SUN[0], y - _SUN[1]) / 520)
    vignette = 1 - 0.24 * smooth(0.55, 1.25, np.hypot((x - MIDDLE) / 700, (y - 340) / 440))
    shade = sheet.rgb * (vignette[..., None] * (colour("f0f0ec") * 0.94))
    sun = sheet.rgb * ((vignette * (0.86 + 0.26 * lit))[..., None] * colour("fff6e4"))
    sun = 1 - (1 - np.clip(sun, 0, 1)) * (1 - 0.30 * rays[..., None] * colour("ffe2a4"))
    return np.clip(shade, 0, 1), np.clip(sun, 0, 1)
