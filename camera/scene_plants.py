"""What moves a little in the wind: leaves on the branch, leaves and flowers close to the viewer, out of focus."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import pi, sin

import numpy as np

from camera.scene_paint import MIDDLE, Canvas, Colour, Floats, Planes, Point, Sprite, colour, mix, smooth

_PHASES = 6  # positions to either side of rest


@dataclass
class Plant:
    """A plant bent sideways by the wind: not at all at its `root`, by `bend` units at its far end."""

    sheet: Canvas  # x = 0 is the picture's middle
    root: float  # y, units
    bend: float  # units
    period: float  # seconds
    _bent: dict[int, Sprite] = field(default_factory=dict)

    def draw(self, planes: Planes, t: float) -> None:
        """Lay the plant over a picture as it is at `t` seconds."""
        gust = 0.65 + 0.35 * sin(2 * pi * t / 23 + self.root)
        wave = 0.7 * sin(2 * pi * t / self.period) + 0.3 * sin(2 * pi * t / (0.57 * self.period) + 1)
        self._bent_by(round(_PHASES * gust * wave)).lay(planes, planes.y.shape[1] / 2, 0)

    def prepare(self) -> None:
        """Draw the plant in all its positions beforehand."""
        for phase in range(-_PHASES, _PHASES + 1):
            self._bent_by(phase)

    def _bent_by(self, phase: int) -> Sprite:
        if phase not in self._bent:
            self._bent[phase] = self._bend(phase / _PHASES)
        return self._bent[phase]

    def _bend(self, share: float) -> Sprite:
        sheet = self.sheet
        height, width = sheet.alpha.shape
        away = (sheet.y[:, 0] - self.root) / max(abs(sheet.y[0, 0] - self.root), abs(sheet.y[-1, 0] - self.root))
        shift = share * self.bend * sheet.scale * np.sign(away) * np.abs(away) ** 1.3
        column = np.arange(width)[None, :] - shift[:, None]
        left = np.floor(column).astype(int)
        part = (column - left)[..., None]
        rows = np.arange(height)[:, None]
        whole = np.concatenate([sheet.rgb, sheet.alpha[..., None]], -1)
        bent = (
            whole[rows, np.clip(left, 0, width - 1)] * (1 - part) + whole[rows, np.clip(left + 1, 0, width - 1)] * part
        )
        return Sprite.of(bent[..., :3], bent[..., 3], sheet.left, sheet.top)


def _leaf(sheet: Canvas, a: Point, b: Point, width: float, tone: Colour, soft: float, share: float = 1.0) -> None:
    """A pointed leaf from stalk `a` to tip `b`, its upper half in the light."""
    part = sheet.part((a, b), width + soft)
    dx, dy = b[0] - a[0], b[1] - a[1]
    length = float(np.hypot(dx, dy))
    along = ((part.x - a[0]) * dx + (part.y - a[1]) * dy) / length**2
    across = ((part.y - a[1]) * dx - (part.x - a[0]) * dy) / length
    inside = np.clip(along, 0, 1)
    outline = np.maximum(np.abs(across) - width * np.sin(pi * inside**0.8), np.abs(along - 0.5) * length - length / 2)
    shade = 1 + 0.16 * smooth(-0.6 - soft / 2, 0.6 + soft / 2, across * (-1 if dx > 0 else 1))
    field_: Floats = tone * shade[..., None]
    if soft < 1:  # veins
        shade = 1 - 0.10 * np.sin(along * 30 - np.abs(across) * 0.9) ** 2
        field_ = mix(field_ * shade[..., None], colour("dfe6a0"), 0.4 * smooth(1.1, 0.3, np.abs(across)))
    part.paint(share * part.cover(outline, soft), field_)


def _branch_leaves(scale: float) -> Plant:
    sheet = Canvas((-40 - MIDDLE, 190, 470 - MIDDLE, 420), scale)
    random = np.random.default_rng(8)
    tones = [colour(code) for code in ("7fa63c", "94b846", "6b9436", "a8c455", "5f8a34")]
    stalks = [(x, 283 + 0.115 * x + 14) for x in (40, 96, 250, 318, 398, 428, 438)]
    stalks += [(292, 270), (322, 246), (338, 230), (352, 214), (345, 222), (352, 264), (368, 262), (366, 262)]
    stalks += [(158, 344), (196, 360), (222, 367), (250, 374), (262, 376), (262, 376)]
    for x, y in ((x - MIDDLE, y) for x, y in stalks):
        for _ in range(2):
            angle = (
                random.uniform(0.15, pi - 0.15)
                if y > 300
                else random.uniform(-1.1, 1.2) + (pi if random.random() < 0.3 else 0)
            )
            length = random.uniform(22, 36)
            tip = x + length * float(np.cos(angle)), y + length * float(np.sin(angle))
            _leaf(sheet, (x, y), tip, length * 0.24, tones[random.integers(len(tones))], 0.4)
    return Plant(sheet, 310, 3.0, 3.7)


def _hanging_leaves(scale: float, half: float) -> Plant:
    """Big leaves in the upper right corner, close to the lens."""
    sheet = Canvas((half - 330, -60, half + 50, 240), scale)
    random = np.random.default_rng(9)
    tones = [colour(code) for code in ("35552a", "456b2f", "2c4826", "5d8236", "7c9c3f")]
    for (x0, y0), (x1, y1) in (((60, -60), (-110, 70)), ((60, 0), (-60, 150)), ((-60, -70), (-230, 10))):
        a, b = (half + x0, float(y0)), (half + x1, float(y1))
        sheet.rod(a, b, 6, 3, colour("3c3520"), 9, 0.8)
        for k in np.linspace(0.15, 1.0, 8):
            x, y = a[0] + (b[0] - a[0]) * k, a[1] + (b[1] - a[1]) * k
            angle, length = random.uniform(0.6, 3.0), random.uniform(58, 92)
            tip = x + length * float(np.cos(angle)), y + length * float(np.sin(angle))
            _leaf(sheet, (x, y), tip, length * 0.27, tones[random.integers(len(tones))], 12, 0.9)
    return Plant(sheet, -60, 5.0, 5.9)


def _flowers(scale: float, x0: float, x1: float, seed: int) -> Plant:
    """Lavender, cone flowers and grass at the lower edge, close to the lens."""
    sheet = Canvas((x0 - 40, 505, x1 + 40, 730), scale)
    random = np.random.default_rng(seed)
    middle, span = (x0 + x1) / 2, (x1 - x0) / 2
    greens = [colour(code) for code in ("3f6427", "517a2e", "67903a", "35551f")]
    for _ in range(46):
        x = random.uniform(x0, x1)
        tall = random.uniform(40, 120) * (1 - 0.5 * abs(x - middle) / span)
        tip = x + random.normal(0, 16), 730 - tall
        sheet.rod((x, 732), tip, 4.5, 0.8, greens[random.integers(4)], 5, 0.85)
    for _ in range(13):
        x = random.uniform(x0 + 14, x1 - 14)
        tall = random.uniform(80, 185) * (1 - 0.45 * abs(x - middle) / span)
        top = x + random.normal(0, 10), 730 - tall
        sheet.rod((x, 732), top, 2.6, 2.0, colour("58803a"), 5, 0.9)
        if random.random() < 0.62:
            for k in range(9):
                y, r = top[1] + k * 5.2, 7.5 - abs(k - 4) * 0.7
                tone = colour("9a86cf") * random.uniform(0.8, 1.15)
                for side in (-1, 1):
                    sheet.disc((top[0] + side * r * 0.5, y), r * 0.62, np.clip(tone, 0, 1), 4.5, 0.85)
        else:
            petals = colour("e58aa8" if random.random() < 0.6 else "f3d169")
            for k in range(11):
                a = k * 2 * pi / 11
                tip = top[0] + 21 * float(np.cos(a)), top[1] + 10 * float(np.sin(a)) + 5
                sheet.rod(top, tip, 4, 4.6, np.clip(petals * (0.92 + 0.16 * (k % 2)), 0, 1), 4.5)
            sheet.disc((top[0], top[1] - 1), 8.5, colour("a4552a"), 5)
            sheet.disc((top[0] - 2, top[1] - 4), 4, colour("d98b45"), 4, 0.8)
    return Plant(sheet, 730, 5.0, 4.6 + seed % 3 * 0.5)


def plants(scale: float, half: float) -> tuple[list[Plant], list[Plant]]:
    """Plants behind the birds and before them, for a picture that reaches `half` units from its middle."""
    near = [
        _hanging_leaves(scale, half),
        _flowers(scale, -half - 20, -half + 230, 3),
        _flowers(scale, half - 190, half + 20, 5),
    ]
    return [_branch_leaves(scale)], near
