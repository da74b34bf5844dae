"""Which way the shadows of clouds go: the whole pattern of the light moves as one, and so do the edges in it."""

from __future__ import annotations

from collections import deque
from math import hypot

import cv2
import numpy as np

from motion.background import Picture

MEMORY = 60.0  # s; the wind up there changes slowly
CLEAR = 0.6  # response of the correlation, 1 at most, that tells a movement
PATTERN = 0.02  # standard deviation of the light, as a share, that can be followed
SLOWEST = 10.0  # px/s of a picture 320 px wide
ALIKE = 0.35  # share of the speed by which velocities are the same
LASTING = 3.0  # s in all in which it went so: what else shades so much of the picture is over sooner


class Drift:
    """The velocities of the light's pattern in the last minute, px/s; `scale` is the picture's width over 320 px."""

    def __init__(self, scale: float) -> None:
        self._scale = scale
        self._told: deque[tuple[float, ...]] = deque()  # time, velocity, and how long it was so, s
        self._before: tuple[float, Picture] | None = None

    def note(self, time: float, ratio: Picture, width: int) -> None:
        """The light of a picture `width` px wide: by how much it is brighter than the background, by coarse px."""
        light = np.log(ratio).astype(np.float32)
        before, self._before = self._before, (time, light)
        while self._told and self._told[0][0] < time - MEMORY:
            self._told.popleft()
        if before is None or not 0 < time - before[0] < 1 or float(light.std()) < PATTERN:
            return
        window = cv2.createHanningWindow(light.shape[::-1], cv2.CV_32F)
        (right, down), response = cv2.phaseCorrelate(before[1], light, window)
        step = time - before[0]
        per_second = width / light.shape[1] / step
        if response >= CLEAR and hypot(right, down) * per_second >= SLOWEST * self._scale:
            self._told.append((time, right * per_second, down * per_second, step))

    def look_again(self, start: float, looked: float) -> None:
        """The footage of which `looked` s were seen, from 0 on, comes once more, from the time `start` (s) on."""
        self._told = deque((time + start - looked, *others) for time, *others in self._told)
        self._before = None

    def carries(self, velocity: tuple[float, float]) -> bool:
        """Whether the shadows go so (px/s), or went in the last minute."""
        if not self._told:
            return False
        _, right, down, lasted = np.array(self._told).T
        fast = np.maximum(np.hypot(right, down), hypot(*velocity))
        alike = np.hypot(right - velocity[0], down - velocity[1]) <= ALIKE * fast
        return bool(lasted[alike].sum() >= LASTING)
