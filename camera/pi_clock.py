"""Date and time, written into a Pi camera's picture before it is encoded."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

Luma = npt.NDArray[np.uint8]

_LETTERS = "0123456789-: "
_HEIGHT = 1 / 28  # of the letters, in parts of the picture's height
_WHITE, _SHADE = 235, 0.4


class ClockOverlay:
    """Writes "2026-11-20 18:03:07" in the lower left corner."""

    def __init__(self, height: int) -> None:
        """`height` of the picture in px."""
        font = ImageFont.load_default()
        boxes = [font.getbbox(letter) for letter in _LETTERS]
        wide, high = (round(max(box[side] for box in boxes)) for side in (2, 3))
        scale = max(1.0, height * _HEIGHT / high)
        self._glyphs: dict[str, Luma] = {}
        for letter in _LETTERS:
            image = Image.new("L", (wide, high))
            ImageDraw.Draw(image).text((0, 0), letter, fill=255, font=font)
            large = image.resize((round(wide * scale), round(high * scale)), Image.Resampling.BICUBIC)
            self._glyphs[letter] = np.asarray(large, np.uint8)
        self._margin = max(2, height // 60)
        self._text = ""
        self._ink: npt.NDArray[np.floating] = np.zeros((0, 0), np.float32)

    def draw(self, luma: Luma, now: datetime) -> None:
        """Write `now` into the luma of a picture (rows x px), in place."""
        text = f"{now:%Y-%m-%d %H:%M:%S}"
        if text != self._text:
            self._text = text
            self._ink = np.concatenate([self._glyphs[letter] for letter in text], axis=1).astype(np.float32) / 255
        height, width = self._ink.shape
        bottom = luma.shape[0] - self._margin
        place = luma[bottom - height : bottom, self._margin : self._margin + width]
        ink = self._ink[: place.shape[0], : place.shape[1]]
        place[:] = place * _SHADE * (1 - ink) + _WHITE * ink
