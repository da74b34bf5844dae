"""The motion detector: pictures with their times in, a score for each out. It knows nothing of files.

A picture is compared with the learnt background and with the picture before it. Something moves where both differ,
by more than the noise that each pixel is known for: the first comparison sees no ghost where something left, the
second nothing that stands still. Where the cheap test on every picture fires, the full analysis follows:
light compensation, cells that never rest, the guard against changes of the whole picture, connected blobs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[Any]
"""Shape (height, width); luma and masks are uint8, what is learnt is float32."""

CELL = 16  # px; side of a cell of the clutter grid
BASE = 9.0  # grey levels that differ at least
SCALE = 3.5  # times the usual deviation of a pixel
CLUTTER_TIME = 30.0  # s over which a cell is judged
CLUTTERED = 0.5  # a cell whose raw differences fire in more pictures than this counts less, above 0.75 not at all
GLOBAL_SHARE = 0.4  # of the cells: more of them at once is the whole picture, not something in it
RELEARN = 1.0  # s that nothing is told after the whole picture has changed
LEARN_TIME = 8.0  # s in which the background follows a pixel at rest
ABSORB_TIME = 45.0  # s in which it takes in what stands before it
REST = 1.0  # s between two updates of the background when nothing moves
HOLD = 20.0  # s that something which came and now stands still counts as present
LEAST = 3  # px of a blob
UNIT = 110.0  # excess grey levels (summed over a blob) that score 50
PER_DOUBLING = 9.0  # points for twice as much


class Detector:
    """Scores pictures of one size, of one camera, in the order of their times."""

    def __init__(self) -> None:
        self._background: Picture | None = None
        self._previous: Picture | None = None
        self._since_update = 0.0

    def warm_up(self, pictures: Sequence[Picture]) -> None:
        """Learn background and noise from pictures, shape (height, width), uint8; what moves in them is left out."""
        every = max(1, len(pictures) // 20)
        stack = np.stack([cv2.blur(picture, (3, 3)) for picture in pictures[::every]])
        middle = np.partition(stack, len(stack) // 2, axis=0)[len(stack) // 2]
        self._start(middle)
        if len(pictures) > 2:
            spread = np.stack([cv2.absdiff(picture, middle) for picture in stack])
            self._noise = np.partition(spread, len(spread) // 2, axis=0)[len(spread) // 2].astype(np.float32)
            pairs = [
                cv2.absdiff(cv2.blur(a, (3, 3)), cv2.blur(b, (3, 3)))
                for a, b in zip(pictures[:-1:every], pictures[1::every], strict=False)
            ]
            self._flicker = np.mean(np.stack(pairs), axis=0, dtype=np.float32)
            fires = np.stack([self._cells(pair > BASE) for pair in pairs])
            self._clutter = fires.mean(axis=0, dtype=np.float32)
            self._set_limits()

    def update(self, time: float, luma: Picture) -> float:
        """The score, 0 (nothing) to 100, of the picture at `time` (s, any epoch, rising), shape (height, width)."""
        picture: Picture = cv2.blur(luma, (3, 3))
        if self._background is None or self._previous is None or self._background.shape != picture.shape:
            self._start(picture)
            self._time = time
            return 0.0
        step = min(max(time - self._time, 0.0), 1.0)
        self._time = time
        changed = cv2.absdiff(picture, self._previous)
        moving = cv2.compare(changed, self._flicker_limit, cv2.CMP_GT)
        self._previous = picture
        fires = cv2.countNonZero(moving) >= LEAST
        score = 0.0
        if fires or self._held is not None:
            score = self._analyse(time, step, picture, changed, moving)
        self._since_update += step
        if score > 0 or self._since_update >= REST:
            self._learn(picture, changed, self._since_update)
            self._since_update = 0.0
        return score

    def finish(self) -> None:
        """Forget everything: what comes next is another place or time."""
        self._background = None

    def _start(self, picture: Picture) -> None:
        self._background = picture.astype(np.float32)
        self._previous = picture
        self._noise = np.full(picture.shape, 2.0, np.float32)
        self._flicker = np.full(picture.shape, 2.0, np.float32)
        rows, columns = -(-picture.shape[0] // CELL), -(-picture.shape[1] // CELL)
        self._clutter = np.zeros((rows, columns), np.float32)
        self._held: Picture | None = None
        self._held_until = 0.0
        self._quiet_until = -np.inf
        self._recent = 0.0
        self._time = 0.0
        self._since_update = 0.0
        self._set_limits()

    def _set_limits(self) -> None:
        self._model = cv2.convertScaleAbs(np.asarray(self._background))
        self._noise_limit = cv2.convertScaleAbs(self._noise, alpha=SCALE, beta=BASE)
        self._flicker_limit = cv2.convertScaleAbs(self._flicker, alpha=SCALE, beta=BASE)

    def _analyse(self, time: float, step: float, picture: Picture, changed: Picture, moving: Picture) -> float:
        raw = self._cells(changed > BASE)
        self._clutter += (raw - self._clutter) * min(1.0, step / CLUTTER_TIME)
        apart = cv2.absdiff(picture, self._lit(picture))
        present = cv2.compare(apart, self._noise_limit, cv2.CMP_GT)
        if self._cells(present > 0).mean() > GLOBAL_SHARE or time < self._quiet_until:
            if time >= self._quiet_until:
                self._quiet_until = time + RELEARN
            self._background = picture.astype(np.float32)
            self._held = None
            self._set_limits()
            return 0.0
        weight = np.clip((0.75 - self._clutter) / (0.75 - CLUTTERED), 0.0, 1.0)
        if self._clutter.max() > CLUTTERED:
            calm = np.kron(cv2.erode(weight, np.ones((1, 3), np.uint8)) > 0, np.ones((CELL, CELL), bool))
            present[~calm[: present.shape[0], : present.shape[1]]] = 0
        score, blob = self._strongest(apart, present & moving, present)
        if blob is not None and self._recent > 0:
            self._held = blob if self._held is None else self._held | blob
            self._held_until = time + HOLD
        self._recent = score
        if blob is None and self._held is not None:
            score = self._presence(time, apart, present)
        return score

    def _lit(self, picture: Picture) -> Picture:
        """The background in the light of `picture`: the ratio that most of its cells agree on."""
        small = (picture.shape[1] // CELL, picture.shape[0] // CELL)
        now = cv2.resize(picture, small, interpolation=cv2.INTER_AREA).astype(np.float32)
        then = cv2.resize(self._model, small, interpolation=cv2.INTER_AREA).astype(np.float32)
        ratio = float(np.median((now + 1) / (then + 1)))
        return self._model if abs(ratio - 1) < 0.01 else cv2.convertScaleAbs(self._model, alpha=ratio)

    def _strongest(self, apart: Picture, moving: Picture, present: Picture) -> tuple[float, Picture | None]:
        """The score of the strongest blob that moves, and the pixels of all that do with what hangs on them."""
        joined = cv2.dilate(moving, np.ones((3, 3), np.uint8))
        count, labels, _, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
        if count < 2:
            return 0.0, None
        excess = np.where(moving > 0, apart.astype(np.float32) - self._noise_limit + BASE / 2, 0)
        sums = np.bincount(labels.ravel(), excess.ravel(), count)
        pixels = np.bincount(labels.ravel(), (moving > 0).ravel(), count)
        sums[0] = 0
        sums[pixels < LEAST] = 0
        best = float(sums.max())
        if best <= 0:
            return 0.0, None
        grown = cv2.dilate(np.isin(labels, np.flatnonzero(sums > UNIT / 4)).astype(np.uint8), np.ones((7, 7), np.uint8))
        return score_of(best), grown & present

    def _presence(self, time: float, apart: Picture, present: Picture) -> float:
        """The score of what came and stands still now; forgotten when it is gone, or has stood for long."""
        assert self._held is not None
        left = cv2.dilate(self._held, np.ones((3, 3), np.uint8)) & present
        if time > self._held_until or cv2.countNonZero(left) < LEAST:
            self._held = None
            return 0.0
        self._held = left
        excess = np.where(left > 0, apart.astype(np.float32) - self._noise_limit + BASE / 2, 0)
        return score_of(float(excess.sum()))

    def _learn(self, picture: Picture, changed: Picture, step: float) -> None:
        assert self._background is not None
        apart = cv2.absdiff(picture, self._model)
        there = apart > self._noise_limit
        pace = np.where(there, np.float32(min(1.0, step / ABSORB_TIME)), np.float32(min(1.0, step / LEARN_TIME)))
        self._background += (picture - self._background) * pace
        self._noise += (np.minimum(apart, 3 * self._noise + 4) - self._noise) * pace
        self._flicker += (np.minimum(changed, 3 * self._flicker + 4) - self._flicker) * pace
        self._set_limits()

    @staticmethod
    def _cells(mask: npt.NDArray[np.bool_]) -> Picture:
        """1 for each cell of the grid in which anything is set, else 0."""
        height, width = mask.shape
        padded = np.pad(mask, ((0, -height % CELL), (0, -width % CELL)))
        grid = padded.reshape(padded.shape[0] // CELL, CELL, padded.shape[1] // CELL, CELL)
        return np.asarray(grid.any(axis=(1, 3)), np.float32)


def score_of(strength: float) -> float:
    """A score, 0 to 100, for a blob's strength: 50 for UNIT, PER_DOUBLING more for twice as much."""
    return float(np.clip(50 + PER_DOUBLING * np.log2(max(strength, 1e-3) / UNIT), 0, 100))
