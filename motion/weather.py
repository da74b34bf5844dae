"""What falls everywhere: rain and snow, and leaves in a storm, as strong as they are in most parts of the picture."""

from __future__ import annotations

from math import exp

import numpy as np

from motion.background import Picture
from motion.blobs import Blobs

PARTS = 3  # of the picture, a side
MIDDLE = PARTS * PARTS // 2  # index of the median part
MEMORY = 30.0  # s
OFTEN = 0.06  # of the pictures of that time in which a part has something
STEPS, PER_OCTAVE = 24, 2  # of strength that are told apart
WEAKEST = 4.0  # strength of the first


class Weather:
    """How often there is something of at least some strength in each part of the picture."""

    def __init__(self, height: int, width: int) -> None:
        self._size = height, width
        self._often: Picture = np.zeros((STEPS, PARTS * PARTS))
        self._known = 0.0  # s

    def note(self, blobs: Blobs, step: float) -> None:
        """Take in the blobs of a picture, `step` s after the one before."""
        keep = exp(-step / MEMORY)
        self._often *= keep
        self._known = min(self._known + step, 10 * MEMORY)
        if len(blobs):
            height, width = self._size
            part = (blobs.y * PARTS // height).astype(int) * PARTS + (blobs.x * PARTS // width).astype(int)
            stage = np.clip(PER_OCTAVE * np.log2(blobs.strength / WEAKEST), 0, STEPS - 1).astype(int)
            strongest = np.full(PARTS * PARTS, -1)
            np.maximum.at(strongest, part, stage)
            self._often += (1 - keep) * (np.arange(STEPS)[:, None] <= strongest[None, :])

    @property
    def strength(self) -> float:
        """The strength that is usual in most parts of the picture; 0 in calm weather."""
        if self._known < 1.0:
            return 0.0
        often = np.partition(self._often, MIDDLE, axis=1)[:, MIDDLE] / (1 - exp(-self._known / MEMORY))
        stages = np.flatnonzero(often > OFTEN)
        return float(WEAKEST * 2.0 ** (stages[-1] / PER_OCTAVE)) if len(stages) else 0.0
