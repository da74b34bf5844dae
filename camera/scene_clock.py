"""The clock in the demo picture: figures to read, and the row of blocks that `camera.clockread` reads."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from itertools import pairwise

import numpy as np

from camera.clockread import BLOCKS, ROW, clock_blocks
from camera.scene_paint import Canvas, Floats, Planes

_DARK, _LIGHT = 56, 92
"""Luma of the blocks: enough to survive H.264, too little to catch the eye."""

# Figures as strokes on a field 4 wide and 7 high, y downwards: lines as point lists.
_STROKES: dict[str, tuple[tuple[tuple[float, float], ...], ...]] = {
    "0": (((1, 0), (3, 0), (4, 1.2), (4, 5.8), (3, 7), (1, 7), (0, 5.8), (0, 1.2), (1, 0)),),
    "1": (((0.6, 1.4), (2.2, 0), (2.2, 7)),),
    "2": (((0.1, 1.3), (1, 0.1), (3, 0.1), (4, 1.3), (4, 2.4), (0, 7), (4, 7)),),
    "3": (((0.2, 0), (3.9, 0), (1.9, 2.8), (3.1, 2.9), (4, 4), (4, 5.8), (3, 7), (1, 7), (0, 6)),),
    "4": (((3, 7), (3, 0), (0, 5), (4, 5)),),
    "5": (((3.8, 0), (0.5, 0), (0.2, 3.2), (1.2, 2.7), (3, 2.7), (4, 3.8), (4, 5.8), (3, 7), (1, 7), (0, 6)),),
    "6": (
        (
            (3.6, 0.4),
            (2.6, 0),
            (1.2, 0.3),
            (0, 2.6),
            (0, 5.8),
            (1, 7),
            (3, 7),
            (4, 5.8),
            (4, 4),
            (3, 3),
            (1, 3),
            (0, 4),
        ),
    ),
    "7": (((0, 0), (4, 0), (1.4, 7)),),
    "8": (
        ((1, 0), (3, 0), (3.8, 0.9), (3.8, 2.3), (3, 3.2), (1, 3.2), (0.2, 2.3), (0.2, 0.9), (1, 0)),
        ((1, 3.2), (0, 4.3), (0, 5.9), (1, 7), (3, 7), (4, 5.9), (4, 4.3), (3, 3.2)),
    ),
    "9": (
        (
            (0.4, 6.6),
            (1.4, 7),
            (2.8, 6.7),
            (4, 4.4),
            (4, 1.2),
            (3, 0),
            (1, 0),
            (0, 1.2),
            (0, 3),
            (1, 4),
            (3, 4),
            (4, 3),
        ),
    ),
    "-": (((0.6, 3.5), (3.4, 3.5)),),
    ":": (((0.5, 1.9), (0.5, 2.1)), ((0.5, 5.5), (0.5, 5.7))),
    ".": (((0.5, 6.8), (0.5, 7)),),
    " ": (),
}
_ADVANCE = {":": 2.6, ".": 2.6, " ": 3.4}


class Clock:
    """Draws the clock for pictures of one size."""

    def __init__(self, width: int, height: int) -> None:
        self._size = height / 720 * 1.75  # pixels per unit of the strokes
        self._place = (round(14 * height / 720), round(height * (1 - 1 / 90)) - 2)
        top, bottom = round(ROW[1] * height), height
        self._rows = slice(top, bottom)
        self._edges = np.round(np.linspace(ROW[0], ROW[2], BLOCKS + 1) * width).astype(int)
        self._text = ""
        self._glyphs: tuple[Floats, Floats] = (np.zeros((0, 0), np.float32),) * 2
        self._widths = np.diff(self._edges)

    def draw(self, planes: Planes, time: datetime) -> None:
        """Write `time`, in its own zone, into the picture."""
        levels = np.where(clock_blocks(time), _LIGHT, _DARK).astype(np.uint8)
        planes.y[self._rows, self._edges[0] : self._edges[-1]] = np.repeat(levels, self._widths)
        half = slice(self._edges[0] // 2, (self._edges[-1] + 1) // 2)
        rows = slice(self._rows.start // 2, self._rows.stop // 2)
        planes.u[rows, half], planes.v[rows, half] = 106, 116
        text = f"{time:%Y-%m-%d  %H:%M:%S}.{time.microsecond // 100_000}"
        if text != self._text:
            self._text = text
            line = np.concatenate([self._glyph(letter) for letter in text], axis=2)
            self._glyphs = line[0], line[1]
        keep, paint = self._glyphs
        x, y = self._place[0], self._place[1] - keep.shape[0]
        target = planes.y[y : y + keep.shape[0], x : x + keep.shape[1]]
        target[...] = target * keep[:, : target.shape[1]] + paint[:, : target.shape[1]]

    def _glyph(self, letter: str) -> Floats:
        return _glyph(letter, self._size)


@cache
def _glyph(letter: str, size: float) -> Floats:
    """One figure with a soft shadow: what to keep of the luma, and what to add; stacked, (2, h, w)."""
    sheet = Canvas((-0.8, -1.2, _ADVANCE.get(letter, 5.4) - 0.8, 8.4), size)
    ink = np.zeros_like(sheet.alpha)
    shadow = np.zeros_like(ink)
    for line in _STROKES[letter]:
        for a, b in pairwise(line):
            d = sheet.taper(a, b, 0.42, 0.42)
            ink = np.maximum(ink, sheet.cover(d))
            shadow = np.maximum(shadow, sheet.cover(d - 0.2, 1.6))
    ink *= 0.75
    keep = (1 - ink) * (1 - 0.5 * shadow)
    return np.stack([keep, ink * 205 + (1 - ink) * 0.5 * shadow * 30])
