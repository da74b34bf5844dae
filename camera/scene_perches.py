"""The things of the demo garden on which birds sit: the feeder with its roof, a mossy branch, a bird bath."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import sin

import numpy as np

from camera.scene_paint import Canvas, Floats, Point, colour, mix, smooth, soft_noise

_WOOD = colour("b07f4c")
_WARM = colour("d3a265")
_DARK = colour("64421f")
_MOSS = colour("7f9440")


def _grain(sheet: Canvas, along: Floats, across: Floats, seed: int) -> Floats:
    """Wood, lighter and darker in long streaks, as a field of colours."""
    streak = np.sin(across * 1.15 + 1.6 * np.sin(along * 0.021 + seed) + seed * 1.7)
    fine = np.sin(across * 3.9 + 0.9 * np.sin(along * 0.05 + 2.1 * seed) + np.sin(across * 0.7))
    knot = np.sin(along * 0.055 + 3 * seed + np.sin(across * 0.4))
    share = 0.5 + 0.22 * streak + 0.16 * fine + 0.12 * knot
    return mix(mix(_DARK, _WOOD, smooth(-0.6, 0.45, share)), _WARM, smooth(0.5, 1.15, share))


def _board(sheet: Canvas, points: list[Point], angle: float, seed: int, light: float, soft: float = 0.0) -> None:
    """A board with its grain at `angle` (radians), `light` times as bright."""
    part = sheet.part(points, 3)
    c, s = np.cos(angle), np.sin(angle)
    tone = _grain(part, part.x * c + part.y * s, part.y * c - part.x * s, seed) * light
    d = part.polygon(points)
    edge = smooth(-3.2, -0.4, d)
    part.paint(part.cover(d, soft), tone * (1 - 0.28 * edge)[..., None])


def _rim(sheet: Canvas, a: Point, b: Point, share: float = 0.5) -> None:
    """Light along an upper edge."""
    sheet.rod(a, b, 1.0, 1.0, colour("ffe6b0"), 1.6, share)


def paint_feeder(sheet: Canvas) -> None:
    """A feeding house on a post; its tray's front edge is at y = 404."""
    shadow = colour("1f2a10")
    for reach, share in ((230, 0.16), (170, 0.16)):
        sheet.rod((770, 664), (770 + reach, 690), 13, 60, shadow, 26, share)
    part = sheet.part(((700, 650), (840, 680)), 20)
    part.paint(0.4 * part.cover((np.hypot((part.x - 768) / 46, (part.y - 664) / 9) - 1) * 9, 12), shadow)
    _board(sheet, [(748, 420), (775, 420), (777, 664), (746, 664)], np.pi / 2, 3, 0.80)
    sheet.shape([(766, 424), (776, 424), (777, 664), (766, 664)], shadow, 6, 0.42)
    for x in range(738, 788, 2):  # grass before the post's foot
        sheet.rod(
            (x, 670), (x + (x * 7 % 13) - 6, 660 - (x * x * 5 % 17)), 1.7, 0.5, colour("6f9a3c" if x % 8 else "557d2e")
        )
    for side in (-1, 1):  # braces
        near, far = 761 + side * 10, 761 + side * 66
        _board(sheet, [(near, 466), (near, 484), (far, 428), (far - side * 16, 428)], -0.7 * side, 5, 0.7)

    # Inside: the back wall's frame in the shadow of the roof.
    _board(sheet, [(640, 284), (882, 284), (862, 302), (660, 302)], 0, 4, 0.34)
    for x in (676, 846):
        _board(sheet, [(x - 5, 290), (x + 5, 290), (x + 5, 396), (x - 5, 396)], np.pi / 2, 7, 0.52)
    _board(sheet, [(640, 392), (882, 392), (890, 408), (632, 408)], 0, 2, 0.98)
    part = sheet.part(((640, 392), (884, 406)), 2)
    part.paint(0.42 * part.cover(part.polygon([(646, 392), (876, 392), (872, 401), (650, 401)]), 5), colour("2b2110"))
    _seeds(sheet)
    _board(sheet, [(630, 404), (892, 404), (890, 424), (632, 424)], 0, 11, 0.86)
    _rim(sheet, (632, 405), (890, 405), 0.65)
    sheet.shape([(634, 421), (888, 421), (880, 428), (642, 428)], shadow, 5, 0.45)
    for x in (654, 868):
        _board(sheet, [(x - 7, 284), (x + 7, 284), (x + 7, 406), (x - 7, 406)], np.pi / 2, x, 0.92)
        sheet.shape([(x - 7, 290), (x + 7, 290), (x + 7, 328), (x - 7, 322)], shadow, 10, 0.5)
        sheet.rod((x - 5.5, 312), (x - 5.5, 402), 0.9, 0.9, colour("ffdf9f"), 1.5, 0.4)
    _roof(sheet)


def _seeds(sheet: Canvas) -> None:
    random = np.random.default_rng(4)
    tones = [colour(code) for code in ("e8c987", "c79a52", "5b4630", "f1dfae", "8a6a3c")]
    for _ in range(90):
        x, y = random.uniform(664, 858), 0.0
        y = 404 - random.uniform(0, 9) * (1 - abs(x - 761) / 120)
        tone = tones[random.integers(len(tones))]
        sheet.rod((x, y), (x + random.uniform(-2.4, 2.4), y + random.uniform(-1, 1)), 1.8, 1.2, tone)


def _roof(sheet: Canvas) -> None:
    """Two slopes of shingles seen a little from below the ridge; the left one has the sun."""
    ridge, left, right = (761.0, 196.0), (600.0, 296.0), (922.0, 296.0)
    sheet.shape([(648, 286), (874, 286), (862, 312), (660, 312)], colour("231a0c"), 10, 0.62)
    _board(sheet, [(761, 200), (893, 292), (629, 292)], 0, 9, 0.60)
    sheet.shape([(761, 200), (893, 292), (629, 292)], colour("2a1c0c"), 8, 0.20)
    sheet.disc((761, 262), 11, colour("241709"), 2)
    sheet.disc((760, 264), 9, colour("120b05"), 3, 0.8)
    for end, light, seed in ((left, 1.10, 13), (right, 0.74, 17)):
        dx, dy = end[0] - ridge[0], end[1] - ridge[1]
        length = float(np.hypot(dx, dy))
        ux, uy = dx / length, dy / length
        nx, ny = (uy, -ux) if ux < 0 else (-uy, ux)  # downwards from the slope
        if ny < 0:
            nx, ny = -nx, -ny
        thick = 17.0
        rows = 7
        for i in range(rows):  # shingles from the eaves upwards
            k = rows - 1 - i
            a, b = k / rows * length, (k + 1.18) / rows * length
            lift = 3.4
            points = [
                (ridge[0] + ux * a - nx * 1, ridge[1] + uy * a - ny * 1),
                (ridge[0] + ux * b - nx * lift, ridge[1] + uy * b - ny * lift),
                (ridge[0] + ux * b + nx * (thick - lift), ridge[1] + uy * b + ny * (thick - lift)),
                (ridge[0] + ux * a + nx * thick, ridge[1] + uy * a + ny * thick),
            ]
            _board(sheet, points, float(np.arctan2(uy, ux)), seed + k, light * (0.9 + 0.06 * (k % 3)))
            _rim(sheet, points[0], points[1], 0.5 if ux < 0 else 0.2)
            sheet.rod(points[1], points[2], 0.9, 0.9, colour("2d1d0c"), 1.0, 0.6)
        if ux < 0:
            random = np.random.default_rng(seed)
            for _ in range(26):  # moss
                t, r = random.uniform(0.1, 1.0) * length, random.uniform(1.5, 4.2)
                spot = ridge[0] + ux * t - nx * random.uniform(0, 4), ridge[1] + uy * t - ny * random.uniform(0, 4)
                sheet.disc(spot, r, _MOSS * random.uniform(0.75, 1.25), 2, 0.75)
    sheet.rod((752, 195), (770, 195), 7, 7, _DARK)
    sheet.rod((752, 193), (770, 193), 5, 5, _WOOD, 2)
    _rim(sheet, (751, 189.5), (769, 189.5), 0.7)


def _limb(sheet: Canvas, points: Sequence[Point], radii: Sequence[float]) -> None:
    """A piece of branch with bark, moss on its upper side."""
    for (a, b), (r0, r1) in zip(pairwise(points), pairwise(radii), strict=True):
        part = sheet.part((a, b), max(r0, r1) + 3)
        slope = (b[1] - a[1]) / (b[0] - a[0] + 1e-6)
        high = (part.y - a[1] - (part.x - a[0]) * slope) / max(r0, r1)  # -1 upper side, 1 lower side
        bark = np.sin(part.x * 0.5 + 2.5 * np.sin(part.y * 0.45 + part.x * 0.06))
        bark = bark * np.sin(part.y * 0.9 + part.x * 0.13) + 0.5 * np.sin(part.x * 0.083 + part.y * 0.7)
        tone = mix(colour("8a6d50"), colour("4a3626"), smooth(-0.5, 0.9, high + 0.25 * bark))
        tone = mix(tone, colour("c9a87c"), 0.7 * smooth(-0.55, -0.95, high))
        moss = smooth(0.05, 0.5, np.sin(part.x * 0.045 + 1) + 0.5 * np.sin(part.x * 0.21) - 0.1)
        tone = mix(tone, colour("8fa348"), 0.75 * moss * smooth(-0.05, -0.6, high))
        part.paint(part.cover(part.taper(a, b, r0, r1), 0.5), tone)


def paint_branch(sheet: Canvas) -> None:
    """A branch that reaches in from the left; its upper side runs along y = 283 + 0.115 x."""
    xs = (-900.0, -260.0, -120.0, 0.0, 90.0, 180.0, 260.0, 340.0, 400.0, 440.0)
    radii = (48.0, 27.0, 23.0, 18.5, 15.0, 12.5, 11.0, 9.0, 6.0, 3.2)
    main = [(x, 283 + 0.115 * x + 4 * sin(x / 70) + r) for x, r in zip(xs, radii, strict=True)]
    _limb(sheet, ((240, main[6][1] - 6), (292, 270), (330, 238), (352, 214)), (7, 5.4, 3.8, 2))
    _limb(sheet, ((110, main[4][1] + 4), (158, 344), (214, 366), (262, 376)), (7, 5, 3.4, 1.8))
    _limb(sheet, ((300, 274), (336, 266), (368, 262)), (3.6, 2.6, 1.4))
    _limb(sheet, main, radii)


def paint_bath(sheet: Canvas) -> None:
    """A stone bird bath on the lawn; its front rim is at y = 574."""
    random = np.random.default_rng(12)
    x, y = 372.0, 566.0
    sheet.rod((x + 10, 662), (x + 120, 674), 11, 26, colour("1f2a10"), 22, 0.32)
    part = sheet.part(((x - 90, y - 20), (x + 90, 670)), 6)
    height, width = part.alpha.shape
    rough = soft_noise(random, height, width, 3 * sheet.scale, 4 * sheet.scale)
    rough = 0.05 * rough + 0.05 * soft_noise(random, height, width, 14 * sheet.scale, 18 * sheet.scale)

    def stone(light: Floats) -> Floats:
        tone = mix(colour("6d675c"), colour("d8cfbd"), np.clip(light + rough, 0, 1))
        return mix(tone, colour("8b9660"), smooth(0.02, 0.09, rough) * 0.35)

    across = (part.x - x) / 30
    foot = [(x - 15, 590.0), (x + 15, 590.0), (x + 12, 634.0), (x + 30, 652.0), (x + 32, 664.0), (x - 32, 664.0)]
    foot += [(x - 30, 652.0), (x - 12, 634.0)]
    part.paint(part.cover(part.polygon(foot) - 1.5), stone(0.62 - 0.36 * across - 0.3 * smooth(612, 588, part.y)))
    bowl = (np.hypot((part.x - x) / 82, (part.y - y) / 34) - 1) * 34
    bowl = np.maximum(bowl, y - part.y)
    part.paint(part.cover(bowl), stone(0.74 - 0.010 * (part.x - x + 40) * 0.6 - 0.55 * smooth(y + 6, y + 34, part.y)))
    rim = (np.hypot((part.x - x) / 84, (part.y - y) / 14) - 1) * 14
    part.paint(part.cover(rim), stone(0.92 - 0.0022 * (part.x - x + 60) + 0 * part.y))
    water = (np.hypot((part.x - x) / 70, (part.y - y) / 9.6) - 1) * 9.6
    part.paint(part.cover(water, 1), stone(0.34 + 0 * water))
    surface = mix(colour("4f7f86"), colour("cfe3df"), smooth(y - 3, y + 8, part.y + 3 * np.sin(part.x * 0.05)))
    part.paint(part.cover(water + 1.2 + 0 * part.y, 1.2), surface)
    for dx, dy, r in ((-22, 2, 17), (16, 4.5, 10), (34, -1, 7)):
        sheet.rod((x + dx - r, y + dy), (x + dx + r, y + dy), 0.9, 0.9, colour("ffffff"), 1.4, 0.55)
    for k in range(34):  # grass before its foot
        gx = x - 36 + k * 2.2
        tip = gx + random.normal(0, 4), 660 - random.uniform(0, 13)
        sheet.rod((gx, 668), tip, 1.6, 0.5, colour("6f9a3c" if k % 3 else "557d2e"))
