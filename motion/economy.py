"""Large pictures cost too much to be decoded all: of each group of pictures that follow a key frame, only some are.

Shown is the key frame, and every sixteenth or so of the pictures after it, decoded without the ones between. What they
say is so put on an older picture: where nothing moves that makes no difference, and where something moves what comes
out is wrong, but it differs from the one before, in the right place, and that is what is asked. Where something
differs the group is decoded as it should be, as tracks need pictures that follow each other. There is a ration of
that, or rain would cost as much as before: half of what was saved up is kept for what differs more than usual.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf

import cv2
import numpy as np

from mediamtx.parts import Sample
from mediamtx.samples import Video
from motion.decode import Decoders, Drawn, groups, is_reference
from motion.detector import Picture
from motion.luma import WIDEST

DEAR = 12.0  # pictures a second of more than WIDEST px: more are not all decoded
APART = 0.65  # s between two pictures that are shown, at most
KEY_BASE, OTHER_BASE = 7.0, 16.0  # grey levels by which two pictures differ at least: key frames; others, which drift
SCALE = 3.0  # times the usual difference of a pixel
CAP = 3.0  # times it, that one picture counts for when the usual difference is learnt
PACE = 0.1  # of a new difference in the usual one
FIRST = 2.0  # grey levels, the usual difference before any is known
LEAST = 3  # px
AFTER = 0.65  # s that are decoded after the last picture in which something differs
RATION = 0.05  # of the footage that may be decoded as it should be
SAVED, BEGIN = 10.0, 5.0  # s of it that can be saved up, and that there are at the start
ODD = 2.0  # times as many px as usual: what differs more gets all that was saved
KEPT = 0.5  # of SAVED, that anything else leaves


def is_dear(video: Video) -> bool:
    """Whether pictures are left out. H.265 shows nothing where what a picture refers to is missing."""
    times = [sample.pts for sample in video.samples]
    if video.codec != "h264" or video.width <= WIDEST or len(times) < 2:
        return False
    return (len(times) - 1) * video.ticks > DEAR * (max(times) - min(times))


class Economy:
    """Shows what is worth looking at; what differs usually is learnt from group to group and segment to segment."""

    def __init__(self, decoders: Decoders) -> None:
        self._decoders = decoders
        self._keys, self._others = _Usual(KEY_BASE), _Usual(OTHER_BASE)
        self._last_key: Picture | None = None
        self._saved = BEGIN
        self._much = 0.0  # px that differ usually in a group

    def pictures(self, video: Video, samples: Sequence[Sample], wanted: set[int], lead: float = inf) -> Iterator[Drawn]:
        """What is shown of samples; of groups that are decoded whole, the pictures shown at `wanted` times (ticks).

        Those from `lead` on are remembered for a while.
        """
        for group in groups(samples):
            again = group[-1].pts >= lead
            picks = glance(video, group)
            shown = list(self._decoders.group(video, picks, {sample.pts for sample in picks}, again, rough=True))
            differ = list(self._differ(shown))
            self._saved = min(SAVED, self._saved + RATION * _seconds(video, group))
            if (much := max(differ, default=0)) >= LEAST:
                last = max(time for (time, _, _), px in zip(shown, differ, strict=True) if px >= LEAST)
                part = [sample for sample in group if sample.pts <= (last + AFTER) * video.ticks]
                if self._pays(_seconds(video, part), much):
                    times = {sample.pts for sample in part if sample.pts in wanted}
                    rest = [drawn for drawn in shown if drawn[0] > last + AFTER]
                    shown = [*self._decoders.group(video, part, times, again, rough=True), *rest]
            self._much += PACE * (min(much, 4 * self._much + 20) - self._much)
            yield from shown

    def _pays(self, cost: float, much: int) -> bool:
        """Whether so many seconds are decoded for so many px; takes them from what was saved."""
        if self._saved - (0.0 if much > ODD * self._much else KEPT * SAVED) < cost:
            return False
        self._saved -= cost
        return True

    def _differ(self, shown: Sequence[Drawn]) -> Iterator[int]:
        """Of each picture, how many px differ from the one before, of a key frame from the one before that."""
        before: Picture | None = None
        for _, luma, key in shown:
            small = cv2.blur(luma, (3, 3))
            if key:
                yield 0 if self._last_key is None else self._keys.differ(self._last_key, small)
                self._last_key = small
            else:
                yield 0 if before is None else self._others.differ(before, small)
            before = small


class _Usual:
    """How much two pictures differ usually, pixel by pixel."""

    _usual: Picture

    def __init__(self, base: float) -> None:
        self._base = base
        self._shape: tuple[int, ...] = ()

    def differ(self, one: Picture, other: Picture) -> int:
        """How many px differ by more; learns from them."""
        if one.shape != other.shape:
            return one.size
        changed = cv2.absdiff(one, other)
        if self._shape != changed.shape:
            self._shape = changed.shape
            self._usual = np.full(self._shape, FIRST, np.float32)
        limit = cv2.convertScaleAbs(self._usual, alpha=SCALE, beta=self._base - FIRST)
        cap = cv2.convertScaleAbs(self._usual, alpha=CAP, beta=4)
        cv2.accumulateWeighted(cv2.min(changed, cap), self._usual, PACE)
        return cv2.countNonZero(cv2.subtract(changed, limit))


def glance(video: Video, group: Sequence[Sample]) -> Sequence[Sample]:
    """The key frame, and others that are at most about APART apart, of those that others refer to.

    They are a power of two of them apart: so the decoder sees each time that the count of frames, which has few bits,
    begins anew; else it would take later pictures for earlier ones.
    """
    references = [sample for sample in group[1:] if is_reference(video, sample)]
    step = 1
    while step < 16 and 2 * step * _seconds(video, group) <= APART * len(references):
        step *= 2
    return [group[0], *references[step - 1 :: step]]


def _seconds(video: Video, samples: Sequence[Sample]) -> float:
    return sum(sample.duration for sample in samples) / video.ticks
