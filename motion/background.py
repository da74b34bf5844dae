"""What a place looks like when nothing moves in it: a grey level and a usual difference for each pixel.

Pictures here are the luma after a mean over 3x3 px, which is what a small bird is best seen in.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[Any]
"""Shape (height, width); luma and masks are uint8, what is learnt is float32."""

BASE = 4.0  # grey levels that the coding of a quiet picture may be off
SPREAD = 4.0  # times the usual difference of a pixel: 3.2 sigma of noise
CAP = 3.0  # times it, that one picture counts for when the usual difference is learnt
LEARN_TIME = 30.0  # s in which the background follows a pixel at rest
LIGHT_TIME = 30.0  # s in which it follows the light
WITHIN = 25  # px round something that differs, in which the light is not followed
SHONE = 2.0  # grey levels that the light changes by at least
ABSORB_TIME = 45.0  # s in which it takes in what stands before it
ROUSE_TIME, SETTLE_TIME = 4.0, 60.0  # s in which a pixel's usual difference grows, and in which it shrinks again
FLIP_TIME = 60.0  # s over which is known how often a pixel changes
RESTLESS = 0.2  # of that time: a pixel that changes in more of it only counts beyond what it ever does
FORMER_TIME = 120.0  # s that is remembered what a place looked like before
MOST_DIFFERENT = 0.2  # of the pixels: more is another light
LEAST_DIFFERENT = 6  # px
LESSONS = 20  # pictures that are learnt from at the start, at most
_SQUARE, _AROUND = np.ones((3, 3), np.uint8), np.ones((WITHIN, WITHIN), np.uint8)


class Background:
    """Background and noise of pictures of one size; `keep_out` is 255 where nothing is looked at."""

    def __init__(self, picture: Picture, keep_out: Picture | None = None) -> None:
        self.level = picture.astype(np.float32)
        self.noise = np.full(picture.shape, 1.5, np.float32)  # usual difference, grey levels
        self.pulse = np.full(picture.shape, 1.5, np.float32)  # the same, of key frames
        self.flips = np.zeros(picture.shape, np.float32)  # share of the time in which it changes
        self.swing: Picture = np.zeros(picture.shape, np.uint8)  # by how much it differs at most, grey levels
        self._restless = np.full_like(self.flips, RESTLESS)
        self.former: Picture | None = None  # what it looked like before
        self.former_until = 0.0
        self._keep_out = keep_out
        self._before = picture
        self._fading, self._lasting = np.ones_like(picture), np.zeros_like(picture)
        self.set_limits()

    @classmethod
    def of(cls, pictures: Sequence[Picture], keys: Sequence[bool], keep_out: Picture | None = None) -> Background:
        """What pictures have in common; what moves in them is left out, and what came or went and stood meanwhile."""
        lessons = pictures[:: max(1, len(pictures) // LESSONS)]
        middle = median(lessons)
        made = cls(middle, keep_out)
        if len(lessons) > 2:
            made.noise = median([cv2.absdiff(lesson, middle) for lesson in lessons]).astype(np.float32)
            made.noise = np.maximum(made.noise, 0.5)
            pulses = [cv2.absdiff(one, middle) for one, key in zip(pictures, keys, strict=True) if key][:LESSONS]
            made.pulse = np.maximum(made.noise, median(pulses)) if len(pulses) > 2 else made.noise.copy()
        made.set_limits()
        if len(lessons) >= 9:
            flips = np.zeros_like(middle)
            for one, two in pairwise(lessons):
                flips = cv2.add(flips, _marked(cv2.subtract(cv2.absdiff(one, two), made.limit(True)), 0, 1))
            made.flips = np.divide(flips, len(lessons) - 1, dtype=np.float32)
            made.swing = functools.reduce(cv2.max, (cv2.absdiff(lesson, middle) for lesson in lessons))
            made.set_limits()
        if len(lessons) >= 9:
            third = len(lessons) // 3
            made._decide(median(lessons[:third]), median(lessons[-third:]))
        return made

    def _decide(self, first: Picture, last: Picture) -> None:
        """Where the first and the last pictures differ, the one without edges round that place is the background."""
        differ = cv2.subtract(cv2.absdiff(first, last), self.limit(True))
        if not 0 < cv2.countNonZero(differ) < MOST_DIFFERENT * differ.size:
            return
        count, labels = cv2.connectedComponents(cv2.dilate(differ, np.ones((5, 5), np.uint8)))
        for label in range(1, min(count, 20)):
            place = (labels == label).astype(np.uint8)
            if cv2.countNonZero(cv2.bitwise_and(place, differ)) >= LEAST_DIFFERENT:
                better = first if edges(first, place) < edges(last, place) else last
                np.copyto(self.level, better, where=place > 0, casting="unsafe")
        self.set_limits()

    def set_limits(self) -> None:
        """Make what each picture is compared with from what was learnt."""
        self.model = cv2.convertScaleAbs(self.level)
        self._plain_limit, self._pulse_limit = self._limit_of(self.noise), self._limit_of(self.pulse)
        self._join_limits()

    def _join_limits(self) -> None:
        plain = self._plain_limit
        restless = cv2.bitwise_and(self.swing, cv2.compare(self.flips, self._restless, cv2.CMP_GT))
        if cv2.hasNonZero(restless):
            plain = cv2.max(plain, cv2.dilate(restless, _SQUARE))
        self._limits = plain, cv2.max(plain, self._pulse_limit)

    def _limit_of(self, noise: Picture) -> Picture:
        """What moves here, may move a few pixels further."""
        here = cv2.convertScaleAbs(noise, alpha=SPREAD, beta=BASE)
        limit = cv2.max(here, cv2.blur(here, (9, 9)))
        return limit if self._keep_out is None else cv2.max(limit, self._keep_out)

    def limit(self, key: bool) -> Picture:
        """By how much a pixel of a picture differs at most, where nothing moves."""
        return self._limits[key]

    def learn(
        self, picture: Picture, lit: Picture, there: Picture, held: Picture | None, step: float, key: bool
    ) -> None:
        """Follow a picture, `step` s after the last; `there` is more than 0 where it shows something else.

        `lit` is the background in the light of the picture: changes of light are followed at once, and teach no noise.
        What is `held` is not taken in.
        """
        # Masks are None where they would be 255 everywhere; `differs` where it would be 0: in calm weather most are.
        differs = _marked(there, 0) if cv2.hasNonZero(there) else None
        free = None if held is None else cv2.bitwise_not(held)
        still = cv2.absdiff(picture, self._before)
        off = cv2.absdiff(picture, self.model)
        self._swings(off, still, free, step)
        self._before = picture
        noise = self.pulse if key else self.noise
        apart = off if lit is self.model else cv2.min(off, cv2.absdiff(picture, lit))
        apart = cv2.min(apart, cv2.convertScaleAbs(noise, alpha=CAP, beta=3))
        rest = _both(None if differs is None else cv2.bitwise_not(differs), free)
        if rest is not None:  # what came and stands still is no noise
            apart = cv2.min(apart, cv2.bitwise_or(still, rest))
        calmed = self._calm_down(apart, step)
        rouse = cv2.compare(apart.astype(np.float32), noise, cv2.CMP_GT)
        settle = _both(cv2.bitwise_not(rouse), rest)
        cv2.accumulateWeighted(apart, noise, min(1.0, step / ROUSE_TIME), _both(rouse, free))
        cv2.accumulateWeighted(apart, noise, min(1.0, step / SETTLE_TIME), settle)
        if not key:
            self._follow(picture, lit, differs, free, rest, step)
        # The noise of the other kind of picture has not changed.
        if key or calmed:
            self._pulse_limit = self._limit_of(self.pulse)
        if not key or calmed:
            self._plain_limit = self._limit_of(self.noise)
        self._join_limits()

    def _follow(
        self,
        picture: Picture,
        lit: Picture,
        differs: Picture | None,
        free: Picture | None,
        rest: Picture | None,
        step: float,
    ) -> None:
        """Follow the grey levels of a picture. Masks are None where they would be 255 everywhere, `differs` nowhere."""
        cv2.accumulateWeighted(picture, self.level, min(1.0, step / LEARN_TIME), rest)
        if lit is not self.model:
            shone = _both(_marked(cv2.absdiff(lit, self.model), SHONE), rest)
            if differs is not None:
                # Not within something large and plain, whose edges alone differ from what is around.
                shone = _both(shone, cv2.bitwise_not(cv2.dilate(differs, _AROUND)))
            cv2.accumulateWeighted(picture, self.level, min(1.0, step / LIGHT_TIME), shone)
        if differs is not None:
            cv2.accumulateWeighted(picture, self.level, min(1.0, step / ABSORB_TIME), _both(differs, free))
        self.model = cv2.convertScaleAbs(self.level)

    def _swings(self, off: Picture, still: Picture, free: Picture | None, step: float) -> None:
        """Where the picture changes again and again, it only counts beyond what it ever does there.

        `off` is by how much it differs from the background, `still` from the picture learnt before.
        """
        flipped = _marked(cv2.subtract(still, self._limits[1]), 0, 1)
        cv2.accumulateWeighted(flipped, self.flips, min(1.0, step / FLIP_TIME), free)
        off = off if free is None else cv2.bitwise_and(off, free)
        self.swing = cv2.max(cv2.subtract(self.swing, self._fading), off)
        self._fading, self._lasting = self._lasting, self._fading

    def _calm_down(self, apart: Picture, step: float) -> bool:
        """The noise of the whole picture falls when the gain does; whether it did."""
        now, known = cv2.norm(apart, cv2.NORM_L1) / apart.size, cv2.mean(self.noise)[0]
        calmed = known > 1.5 * (now + 0.5)
        if calmed:
            self.noise *= 1 - 0.3 * min(1.0, step / ROUSE_TIME)
            self.pulse *= 1 - 0.3 * min(1.0, step / ROUSE_TIME)
        return calmed

    def begin_again(self, picture: Picture) -> None:
        """Everything looks different; the noise is kept."""
        self.level = picture.astype(np.float32)
        self.former = None
        self.set_limits()

    def take_in(self, picture: Picture, where: Picture, time: float) -> None:
        """The picture is the background where the mask says so; what was there before is remembered."""
        if self.former is None:
            self.former = self.model.copy()
        np.copyto(self.former, self.model, where=where > 0)
        np.copyto(self.level, picture, where=where > 0, casting="unsafe")
        self.former_until = time + FORMER_TIME
        self.set_limits()


def _both(one: Picture | None, other: Picture | None) -> Any:
    """Where both masks say so; None is everywhere."""
    if one is None or other is None:
        return other if one is None else one
    return cv2.bitwise_and(one, other)


def _marked(picture: Picture, beyond: float, mark: int = 255) -> Picture:
    """`mark` where the picture is more than `beyond`, else 0."""
    return cv2.threshold(picture, beyond, mark, cv2.THRESH_BINARY)[1]


def median(pictures: Sequence[Picture]) -> Picture:
    """The middle one of each pixel's values, uint8; of an even number the upper one."""
    # Batcher's sorting network (Knuth 5.2.2 M), of whole pictures: a tenth of the time of np.partition.
    values, count = list(pictures), len(pictures)
    top = 1 << max(0, (count - 1).bit_length() - 1)
    step = top
    while step > 0:
        reach, rest, apart = top, 0, step
        while True:
            for one in range(count - apart):
                if one & step == rest:
                    low, high = values[one], values[one + apart]
                    values[one], values[one + apart] = cv2.min(low, high), cv2.max(low, high)
            if reach == step:
                break
            apart, reach, rest = reach - step, reach // 2, step
        step //= 2
    return values[count // 2]


def edges(picture: Picture, mask: Picture) -> float:
    """How strong the edges of `picture` are along the outline of `mask`, grey levels."""
    square = np.ones((3, 3), np.uint8)
    outline = cv2.morphologyEx((mask > 0).astype(np.uint8), cv2.MORPH_GRADIENT, square)
    return float(cv2.mean(cv2.morphologyEx(picture, cv2.MORPH_GRADIENT, square), outline)[0]) + 1.0
