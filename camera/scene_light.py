"""The light of the demo garden, which goes slowly from sun to shade and back."""

from __future__ import annotations

from math import pi, sin

import numpy as np

from camera.scene_paint import Bytes, Floats, yuv_of

_BANDS = 60
_PERIOD = 2.4
"""Seconds in which every band of the picture is mixed anew once: one band a picture at 25 a second."""


def sunshine(t: float) -> float:
    """How sunny it is at `t`, 0 to 1; changes by less than 0.02 a second."""
    return 0.62 + 0.26 * sin(2 * pi * t / 263) + 0.12 * sin(2 * pi * t / 97 + 1)


class Daylight:
    """The garden without birds and wind at any time, as a flat yuv420p picture.

    The picture is cut into bands, and each is mixed anew when its moment has come: where a band stands depends on
    the time alone, so any moment can be drawn, and one after the other costs little.
    """

    def __init__(self, shade: Floats, sun: Floats) -> None:
        """The garden in shade and in sunlight, RGB (h, w, 3) from 0 to 1."""
        dark, bright = (np.concatenate([p.reshape(-1) for p in yuv_of(picture)]) for picture in (shade, sun))
        # Levels are rounded up or down by a fixed pattern, so that no step of the light is ever seen as a line.
        self._dark: Floats = dark + np.random.default_rng(2).random(len(dark), np.float32)
        self._change: Floats = bright - dark
        self._picture = np.zeros(len(dark), np.uint8)
        self._edges = np.linspace(0, len(dark), _BANDS + 1).astype(int)
        self._phase = np.arange(_BANDS) / _BANDS
        self._mixed = np.full(_BANDS, -1, np.int64)

    def at(self, t: float) -> Bytes:
        """The garden at `t` seconds since the Unix epoch; valid until the next call."""
        due = np.floor(t / _PERIOD + self._phase).astype(np.int64)
        for band in np.flatnonzero(due != self._mixed):
            part = slice(self._edges[band], self._edges[band + 1])
            share = sunshine((due[band] - self._phase[band]) * _PERIOD)
            self._picture[part] = self._dark[part] + share * self._change[part]
        self._mixed = due
        return self._picture
