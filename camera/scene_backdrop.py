"""The garden behind the birds, painted once when the scene starts."""

from __future__ import annotations

import numpy as np

from camera.scene_paint import MIDDLE, UNITS_HIGH, Canvas, Floats, colour, mix, smooth


def paint_backdrop(width: int, height: int) -> Floats:
    """The garden as RGB (height, width, 3), 0 to 1."""
    scale = height / UNITS_HIGH
    x0 = MIDDLE - width / scale / 2
    sheet = Canvas((0, 0, width / scale, UNITS_HIGH), scale)
    sheet.x = sheet.x + np.float32(x0)
    y = np.broadcast_to(sheet.y, sheet.alpha.shape)
    sky = mix(np.broadcast_to(colour("f6e7c8"), (*y.shape, 3)), colour("9cc6d8"), smooth(300, 0, y))
    sheet.paint(np.ones_like(sheet.alpha), sky)
    for base, tone, wave in ((300, "a7c0a8", 90), (350, "7fa47c", 60), (410, "5c8a52", 34)):
        sheet.paint(sheet.cover(base + 26 * np.sin(sheet.x / wave / 2) - sheet.y, 6), colour(tone))
    sheet.paint(
        sheet.cover(470 - y, 4),
        mix(np.broadcast_to(colour("8fb04f"), (*y.shape, 3)), colour("5f8a34"), smooth(470, 720, y)),
    )
    wood, dark = colour("9a6b3f"), colour("6d4727")
    sheet.paint(sheet.cover(sheet.taper(761, 420, 761, 650, 13, 15)), dark)
    sheet.paint(sheet.cover(sheet.polygon([(640, 404), (882, 404), (876, 426), (646, 426)])), wood)
    for px in (668, 854):
        sheet.paint(sheet.cover(sheet.taper(px, 290, px, 404, 7, 7)), dark)
    sheet.paint(sheet.cover(sheet.polygon([(761, 205), (905, 298), (880, 306), (642, 306), (617, 298)])), wood)
    sheet.paint(sheet.cover(sheet.taper(-200, 262, 430, 336, 15, 7)), dark)
    return np.clip(sheet.rgb[:height, :width], 0, 1)
