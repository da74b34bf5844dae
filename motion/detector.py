"""The motion detector: pictures with their times in, a score for each out. It knows nothing of files.

A picture is compared with the learnt background and with the picture before it. Something moves where both differ,
by more than the noise that each pixel is known for: the first comparison sees no ghost where something left, the
second nothing that stands still. Only where the cheap second test fires, the full analysis follows: compensation of
the light, the guard against changes of the whole picture, connected blobs, and what came and now stands still.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from motion.look import Box, Look

Picture = npt.NDArray[Any]
"""Shape (height, width); luma and masks are uint8, what is learnt is float32."""

BASE = 9.0  # grey levels that two pictures differ at least
SCALE = 3.5  # times the usual difference of a pixel
CAP = 3.0  # times it, that one picture counts for when the usual difference is learnt
LEAST = 3  # px of a blob
UNIT = 200.0  # grey levels beyond the limits, summed over a blob, that score 50
PER_DOUBLING = 9.0  # points for twice as much
CELL = 16  # px; side of a cell of the grid that learns where it never rests
CLUTTER_TIME = 30.0  # s over which a cell is judged
CLUTTERED = 0.6  # of the pictures: a cell that changes in more of them is left out, and its neighbours with it
GLOBAL_SHARE = 0.35  # of the pixels: more of them at once is the whole picture, not something in it
RELEARN = 1.0  # s that nothing is told after the whole picture has changed
LEARN_TIME = 8.0  # s in which the background follows a pixel at rest
ABSORB_TIME = 45.0  # s in which it takes in what stands before it
REST, BUSY = 1.0, 0.4  # s between two updates of the background, when nothing moves and when something does
NEAR = 45  # px that something goes from one picture to the next, at most
ALIKE = 0.25  # of its strength that it has in the next picture, at least
HOLD = 30.0  # s that something which came and now stands still counts as present
GHOST = 1.5  # times stronger edges in the background than in the picture: something left, nothing came
REPLACED = 90.0  # s that a background counts which was replaced for that reason
DOUBTFUL = 0.09  # of the pictures learnt from: a pixel that differs in more of them has an unsure background
DOUBT_TIME = 20.0  # s of rest until it is sure
LESSONS = 20  # pictures that are learnt from at the start, at most
_SQUARE, _DISC, _ROW = np.ones((3, 3), np.uint8), np.ones((7, 7), np.uint8), np.ones((1, 5), np.uint8)


@dataclass(frozen=True, slots=True)
class _Moved:
    """What moved in the picture before."""

    place: tuple[slice, slice]  # rows and columns in which it may be now
    strength: float  # of the strongest blob


@dataclass(slots=True)
class Seen:
    """What is said of a picture; `score` and `boxes` may be raised, up to RAISE later, never lowered."""

    time: float  # s, as it was given
    score: float = 0.0  # 0 (nothing) to 100
    boxes: tuple[Box, ...] = ()


class Detector:
    """Scores pictures of one size, of one camera, in the order of their times."""

    _background: Picture
    _noise: Picture  # usual difference from the background
    _flicker: Picture  # usual difference from one picture to the next
    _doubt: Picture  # s of rest after which it is sure that the background is none of what was learnt from
    _clutter: Picture  # per cell, the share of pictures in which it changes
    _previous: Picture
    _former: Picture  # the background before that

    def __init__(self, look: Look = Look()) -> None:  # noqa: B008 - frozen
        self._look = look
        self._known = False
        self._moved: _Moved | None = None
        self._time = self._unlearnt = 0.0  # s: of the picture before; since the background was brought up to date

    def warm_up(self, pictures: Sequence[Picture]) -> None:
        """Learn background and noise from pictures, as `update` takes them; what moves in them is left out."""
        step = max(1, len(pictures) // LESSONS)
        lessons = [cv2.blur(picture, (3, 3)) for picture in pictures[::step]]
        middle = _median(lessons)
        self._begin(middle)
        if len(pictures) < 2 * step:
            return
        spreads = [cv2.absdiff(lesson, middle) for lesson in lessons]
        self._noise = _median(spreads).astype(np.float32)
        following = (cv2.blur(picture, (3, 3)) for picture in pictures[1::step])
        changes = [cv2.absdiff(one, other) for one, other in zip(lessons, following, strict=False)]
        self._flicker = np.asarray(np.mean(changes, axis=0, dtype=np.float32))
        fires = [self._cells(change) for change in changes]
        self._clutter = np.asarray(np.mean(fires, axis=0, dtype=np.float32))
        self._set_limits()
        often = np.mean([spread > self._noise_limit for spread in spreads], axis=0)
        self._doubt[often > DOUBTFUL] = DOUBT_TIME
        self._set_limits()

    def update(self, time: float, luma: Picture, key: bool = False) -> Seen:
        """What is to be said of the picture at `time` (s, any epoch, rising), shape (height, width).

        `key` tells of a key frame: its picture is encoded anew, and differs from the one before where nothing moves.
        """
        picture = cv2.blur(luma, (3, 3))
        if not self._known or self._model.shape != picture.shape:
            self._begin(picture)
        changed = cv2.absdiff(picture, self._previous)
        moving = cv2.bitwise_and(cv2.compare(changed, self._flicker_limit, cv2.CMP_GT), self._calm)
        step = min(max(time - self._time, 0.0), REST)
        self._previous, self._time = picture, time
        score = 0.0
        moved: _Moved | None = None
        if self._held is not None or cv2.countNonZero(moving) >= LEAST:
            score, moved = self._analyse(time, picture, moving)
        self._moved = moved
        self._unlearnt += step
        if self._unlearnt >= (BUSY if score > 0 else REST):
            self._learn(picture, changed, self._unlearnt)
            self._unlearnt = 0.0
        return Seen(time, score)

    def finish(self) -> None:
        """Forget everything: what comes next is another place or time."""
        self._known = False

    def _begin(self, picture: Picture) -> None:
        self._known = True
        self._background = picture.astype(np.float32)
        self._previous = picture
        self._time = self._unlearnt = 0.0
        self._noise, self._flicker = (np.full(picture.shape, 2.0, np.float32) for _ in range(2))
        self._clutter = self._cells(np.zeros_like(picture))
        self._doubt = np.zeros(picture.shape, np.float32)
        self._held: Picture | None = None  # pixels of what came, while it stands
        self._held_until = 0.0
        self._quiet_until = -np.inf
        self._replaced: Picture | None = None  # where the background was replaced lately
        self._replaced_until = 0.0
        self._moved = None
        self._set_limits()

    def _set_limits(self) -> None:
        self._model = cv2.convertScaleAbs(self._background)
        self._noise_limit = cv2.convertScaleAbs(self._noise, alpha=SCALE, beta=BASE)
        self._noise_cap = cv2.convertScaleAbs(self._noise, alpha=CAP, beta=4)
        self._flicker_limit = cv2.convertScaleAbs(self._flicker, alpha=SCALE, beta=BASE)
        self._flicker_cap = cv2.convertScaleAbs(self._flicker, alpha=CAP, beta=4)
        self._sure = np.where(self._doubt > 0, np.uint8(0), np.uint8(255))
        restless = cv2.dilate((self._clutter > CLUTTERED).astype(np.uint8), _ROW)
        whole = np.repeat(np.repeat(restless, CELL, axis=0), CELL, axis=1)
        height, width = self._model.shape
        self._calm = np.where(whole[:height, :width] > 0, np.uint8(0), np.uint8(255))

    def _analyse(self, time: float, picture: Picture, moving: Picture) -> tuple[float, _Moved | None]:
        """The score, and what moves."""
        ratio = self._light(picture)
        apart = cv2.absdiff(picture, _lit(self._model, ratio))
        if self._replaced is not None:
            apart = np.where(self._replaced > 0, cv2.min(apart, cv2.absdiff(picture, _lit(self._former, ratio))), apart)
            self._replaced = None if time > self._replaced_until else self._replaced
        present = cv2.bitwise_and(cv2.compare(apart, self._noise_limit, cv2.CMP_GT), self._calm)
        if cv2.countNonZero(present) > GLOBAL_SHARE * present.size:
            self._quiet_until = max(self._quiet_until, time + RELEARN)
        if time < self._quiet_until:
            self._background = picture.astype(np.float32)
            self._held = self._replaced = None
            self._set_limits()
            return 0.0, None
        excess = cv2.subtract(apart, self._noise_limit)
        least = UNIT / 4 if self._moved is None else max(UNIT / 4, ALIKE * self._moved.strength)
        strength, blobs = _strongest(cv2.bitwise_and(moving, present), excess, least)
        score = 0.0
        moved: _Moved | None = None
        if strength > 0:
            if self._moved is not None:
                self._hold(time, cv2.bitwise_and(blobs, present), self._moved)
            x, y, width, height = cv2.boundingRect(blobs)
            score, moved = score_of(strength), _Moved((_around(y, height), _around(x, width)), strength)
        if self._held is not None:
            score = max(score, self._presence(time, picture, present, excess, judge=moved is None))
        return score, moved

    def _hold(self, time: float, came: Picture, moved: _Moved) -> None:
        """What came near where something moved before may stand still now."""
        if self._held is None:
            self._held = np.zeros_like(came)
        np.copyto(self._held[moved.place], 255, where=cv2.bitwise_and(came, self._sure)[moved.place] > 0)
        self._held_until = time + HOLD

    def _light(self, picture: Picture) -> float:
        """How much brighter `picture` is than the background: the ratio that most of it agrees on."""
        places = slice(CELL // 2, None, CELL)
        now, then = (image[places, places].astype(np.float32) + 1 for image in (picture, self._model))
        return float(np.median(now / then)) if now.size else 1.0

    def _presence(self, time: float, picture: Picture, present: Picture, excess: Picture, judge: bool) -> float:
        """The score of what came and stands still now; forgotten when it is gone, or has stood for long.

        While nothing moves it is judged whether something came at all, or something left.
        """
        assert self._held is not None
        self._held = cv2.bitwise_and(cv2.bitwise_and(cv2.dilate(self._held, _SQUARE), present), self._sure)
        if time > self._held_until or cv2.countNonZero(self._held) < LEAST:
            self._held = None
            return 0.0
        x, y, width, height = cv2.boundingRect(self._held)
        place = slice(max(0, y - 3), y + height + 3), slice(max(0, x - 3), x + width + 3)
        held, excess = self._held[place], excess[place]
        if judge and _edges(self._model[place], held) > GHOST * _edges(picture[place], held):
            self._replace(time, picture, cv2.dilate(self._held, _DISC))
            self._held = None
            return 0.0
        return score_of(float(cv2.mean(excess, held)[0] + BASE / 2) * cv2.countNonZero(held))

    def _replace(self, time: float, picture: Picture, where: Picture) -> None:
        """Take the picture as background there; what it was before is background still, in case that was wrong."""
        if self._replaced is None:
            self._former, self._replaced = self._model.copy(), np.zeros_like(where)
        new = (where > 0) & (self._replaced == 0)
        np.copyto(self._former, self._model, where=new)
        np.copyto(self._background, picture, where=where > 0, casting="unsafe")
        self._replaced[new] = 255
        self._replaced_until = time + REPLACED
        self._set_limits()

    def _learn(self, picture: Picture, changed: Picture, step: float) -> None:
        apart = cv2.absdiff(picture, self._model)
        there = cv2.compare(apart, self._noise_limit, cv2.CMP_GT)
        rest = cv2.bitwise_not(there)
        self._doubt[rest > 0] -= step
        # Where it is doubtful, the background follows anything.
        rest = cv2.bitwise_or(rest, cv2.bitwise_not(self._sure))
        there = cv2.bitwise_and(there, self._sure)
        if self._held is not None:  # it is not taken in while it counts as present
            there = cv2.bitwise_and(there, cv2.bitwise_not(cv2.dilate(self._held, _SQUARE)))
        for mask, length in ((rest, LEARN_TIME), (there, ABSORB_TIME)):
            pace = min(1.0, step / length)
            cv2.accumulateWeighted(picture, self._background, pace, mask)
            cv2.accumulateWeighted(cv2.min(apart, self._noise_cap), self._noise, pace, mask)
            cv2.accumulateWeighted(cv2.min(changed, self._flicker_cap), self._flicker, pace, mask)
        self._clutter += (self._cells(changed) - self._clutter) * min(1.0, step / CLUTTER_TIME)
        self._set_limits()

    @staticmethod
    def _cells(changed: Picture) -> Picture:
        """1 for each cell of the grid in which a pixel changed, else 0."""
        height, width = changed.shape
        largest = cv2.dilate(changed, np.ones((CELL, CELL), np.uint8), anchor=(0, 0), borderType=cv2.BORDER_REPLICATE)
        return (largest[0:height:CELL, 0:width:CELL] > BASE).astype(np.float32)


def score_of(strength: float) -> float:
    """A score, 0 to 100, for a blob's strength: 50 for UNIT, PER_DOUBLING more for twice as much."""
    return float(np.clip(50 + PER_DOUBLING * np.log2(max(strength, 1e-3) / UNIT), 0, 100))


def _strongest(mask: Picture, excess: Picture, least: float) -> tuple[float, Picture]:
    """The strength of the strongest blob in `mask`, and a mask of all above `least`, grown a little."""
    if cv2.countNonZero(mask) < LEAST:
        return 0.0, mask
    shape = mask.shape
    x, y, width, height = cv2.boundingRect(mask)
    inside = slice(y, y + height), slice(x, x + width)
    mask, excess = mask[inside], excess[inside]
    # Dilated, so that what is a pixel apart is one blob.
    count, labels = cv2.connectedComponents(cv2.dilate(mask, _SQUARE), connectivity=8, ltype=cv2.CV_16U)
    labels = np.where(mask > 0, labels, 0).ravel()
    strengths = np.bincount(labels, excess.ravel() + BASE / 2, count)
    strengths[np.bincount(labels, minlength=count) < LEAST] = 0
    strengths[0] = 0
    best = float(strengths.max())
    if best <= 0:
        return 0.0, np.zeros(shape, np.uint8)
    blobs = np.zeros(shape, np.uint8)
    blobs[inside][(strengths > least)[labels].reshape(height, width)] = 255
    return best, cv2.dilate(blobs, _DISC)


def _around(first: int, length: int) -> slice:
    return slice(max(0, first - NEAR), first + length + NEAR)


def _lit(picture: Picture, ratio: float) -> Picture:
    return picture if abs(ratio - 1) < 0.01 else cv2.convertScaleAbs(picture, alpha=ratio)


def _edges(picture: Picture, mask: Picture) -> float:
    """How strong the edges of `picture` are along the outline of `mask`, grey levels."""
    outline = cv2.morphologyEx(mask, cv2.MORPH_GRADIENT, _SQUARE)
    return float(cv2.mean(cv2.morphologyEx(picture, cv2.MORPH_GRADIENT, _SQUARE), outline)[0]) + 1.0


def _median(pictures: Sequence[Picture]) -> Picture:
    stack = np.stack(pictures)
    return np.asarray(np.partition(stack, len(stack) // 2, axis=0)[len(stack) // 2])
