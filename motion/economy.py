"""Large pictures cost too much to be decoded all: of each group of pictures that follow a key frame, only some are.

Shown is the key frame, and every eighth or so of the pictures after it, decoded without the ones between. What they
say is so put on an older picture: where nothing moves that makes no difference, and where something moves what comes
out is wrong, but it differs from the one before, in the right place, and that is what is asked. What is seen in one
or two pictures only may be a bird that crosses in half a second: such a group is decoded as it should be, so that
the detector can tell. There is a ration of that, or rain would cost as much as before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf

import cv2
import numpy as np

from mediamtx.samples import Sample, Video
from motion.decode import Decoders, Drawn, groups, is_reference
from motion.detector import Picture
from motion.luma import WIDEST

DEAR = 12.0  # pictures a second of more than WIDEST px: more are not all decoded
APART = 0.35  # s between two pictures that are shown, at most
KEY_BASE, OTHER_BASE = 7.0, 12.0  # grey levels by which two pictures differ at least: key frames; others, which drift
SCALE = 3.0  # times the usual difference of a pixel
CAP = 3.0  # times it, that one picture counts for when the usual difference is learnt
PACE = 0.1  # of a new difference in the usual one
FIRST = 2.0  # grey levels, the usual difference before any is known
LEAST = 3  # px
FEW = 2  # pictures in which something differs: in more of them the detector needs no help
AFTER = 0.3  # s that are decoded after the last of those
RATION = 0.02  # of the footage that may be decoded whole
SAVED = 4.0  # s of it that can be saved up


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
        self._saved = SAVED / 2

    def pictures(self, video: Video, samples: Sequence[Sample], wanted: set[int], lead: float = inf) -> Iterator[Drawn]:
        """What is shown of samples; of groups that are decoded whole, the pictures shown at `wanted` times (ticks).

        Those from `lead` on are remembered for a while.
        """
        for group in groups(samples):
            again = group[-1].pts >= lead
            picks = glance(video, group)
            shown = list(self._decoders.group(video, picks, {sample.pts for sample in picks}, again, rough=True))
            hits = [time for (time, _, _), hit in zip(shown, self._hits(shown), strict=True) if hit]
            self._saved = min(SAVED, self._saved + RATION * _seconds(video, group))
            if 0 < len(hits) <= FEW:
                end = (hits[-1] + AFTER) * video.ticks
                part = [sample for sample in group if sample.pts <= end]
                if (cost := _seconds(video, part)) <= self._saved:
                    self._saved -= cost
                    times = {sample.pts for sample in part if sample.pts in wanted}
                    shown = list(self._decoders.group(video, part, times, again, rough=True))
            yield from shown

    def _hits(self, shown: Sequence[Drawn]) -> Iterator[bool]:
        """Of each picture, whether something differs from the one before, of a key frame from the one before that."""
        before: Picture | None = None
        for _, luma, key in shown:
            small = cv2.blur(luma, (3, 3))
            if key:
                yield self._last_key is not None and self._keys.differ(self._last_key, small)
                self._last_key = small
            else:
                yield before is not None and self._others.differ(before, small)
            before = small


class _Usual:
    """How much two pictures differ usually, pixel by pixel."""

    _usual: Picture

    def __init__(self, base: float) -> None:
        self._base = base
        self._shape: tuple[int, ...] = ()

    def differ(self, one: Picture, other: Picture) -> bool:
        """Whether they differ by more; learns from them."""
        if one.shape != other.shape:
            return True
        changed = cv2.absdiff(one, other)
        if self._shape != changed.shape:
            self._shape = changed.shape
            self._usual = np.full(self._shape, FIRST, np.float32)
        limit = cv2.convertScaleAbs(self._usual, alpha=SCALE, beta=self._base - FIRST)
        cap = cv2.convertScaleAbs(self._usual, alpha=CAP, beta=4)
        cv2.accumulateWeighted(cv2.min(changed, cap), self._usual, PACE)
        return cv2.countNonZero(cv2.compare(changed, limit, cv2.CMP_GT)) >= LEAST


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
