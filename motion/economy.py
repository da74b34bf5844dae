"""Large pictures cost too much to be decoded all: a glance at each group of pictures tells whether it is worth it.

The glance is the key frame, and every eighth or so of the pictures after it, decoded without the ones between. What
they say is so put on an old picture: where nothing moves that makes no difference, and where something moves what
comes out is wrong, but differs from the one before, and that is all that is asked. Where it does, the whole group is
decoded as it should be; of others the key frame alone is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from mediamtx.samples import Sample, Video
from motion.decode import Decoders, Timed, is_reference, up_to_the_last
from motion.detector import Picture
from motion.luma import WIDEST, luma_of

DEAR = 12.0  # pictures a second of more than WIDEST px: more are not all decoded
APART = 0.35  # s between two pictures of a glance, at most
BASE = 7.0  # grey levels by which two pictures differ at least
SCALE = 3.0  # times the usual difference of a pixel
CAP = 3.0  # times it, that one picture counts for when the usual difference is learnt
PACE = 0.1  # of a new difference in the usual one
FIRST = 2.0  # grey levels, the usual difference before any is known
LEAST = 3  # px


def is_dear(video: Video) -> bool:
    """Whether it is worth a glance first. H.265 shows nothing where what a picture refers to is missing."""
    times = [sample.pts for sample in video.samples]
    if video.codec != "h264" or video.width <= WIDEST or len(times) < 2:
        return False
    return (len(times) - 1) * video.ticks > DEAR * (max(times) - min(times))


class Economy:
    """Shows what is worth looking at; what differs usually is learnt from group to group and segment to segment."""

    def __init__(self, decoders: Decoders) -> None:
        self._decoders = decoders
        self._keys, self._others = _Usual(), _Usual()
        self._last_key: Picture | None = None

    def frames(self, video: Video, samples: Sequence[Sample], wanted: set[int]) -> Iterator[Timed]:
        """The key frames, and all that are shown at `wanted` times (ticks) of groups in which something moves."""
        for group in groups(samples):
            yield from self._group(video, group, wanted)

    def _group(self, video: Video, group: Sequence[Sample], wanted: set[int]) -> Iterator[Timed]:
        picks = glance(video, group)
        route = _Route(picks, up_to_the_last(group, wanted))
        shown = wanted | {sample.pts for sample in picks}
        frames = self._decoders.decode(video, route.samples(), shown, rough=True)
        key = next(frames, None)
        if key is None:
            return
        small = _small(key)
        if self._key_differs(small):
            route.whole = True
            if route.goes_on:
                yield key
                yield from frames
                return
        for other in () if route.whole else frames:
            before, small = small, _small(other)
            route.whole |= self._others.differ(before, small)
        if route.whole:
            frames.close()
            yield from self._decoders.decode(video, up_to_the_last(group, wanted), wanted, rough=True)
        else:
            yield key

    def _key_differs(self, small: Picture) -> bool:
        before, self._last_key = self._last_key, small
        return before is None or self._keys.differ(before, small)


class _Route:
    """The samples to decode of a group: the glance, or all once the key frame has told that it is worth it."""

    def __init__(self, picks: Sequence[Sample], group: Sequence[Sample]) -> None:
        self.whole = False
        self._picks, self._group = picks, group
        self._past_key = False

    @property
    def goes_on(self) -> bool:
        """Whether it is not too late to decode the whole group: no other picture was left out yet."""
        return not self._past_key

    def samples(self) -> Iterator[Sample]:
        """As `whole` is when the one behind the key frame is asked for."""
        yield self._picks[0]
        self._past_key = not self.whole
        yield from self._group[1:] if self.whole else self._picks[1:]


class _Usual:
    """How much two pictures differ usually, pixel by pixel."""

    _usual: Picture

    def __init__(self) -> None:
        self._shape: tuple[int, ...] = ()

    def differ(self, one: Picture, other: Picture) -> bool:
        """Whether they differ by more; learns from them."""
        if one.shape != other.shape:
            return True
        changed = cv2.absdiff(one, other)
        if self._shape != changed.shape:
            self._shape = changed.shape
            self._usual = np.full(self._shape, FIRST, np.float32)
        limit = cv2.convertScaleAbs(self._usual, alpha=SCALE, beta=BASE)
        cap = cv2.convertScaleAbs(self._usual, alpha=CAP, beta=4)
        cv2.accumulateWeighted(cv2.min(changed, cap), self._usual, PACE)
        return cv2.countNonZero(cv2.compare(changed, limit, cv2.CMP_GT)) >= LEAST


def groups(samples: Sequence[Sample]) -> Iterator[Sequence[Sample]]:
    """Key frames with what follows them."""
    starts = [index for index, sample in enumerate(samples) if sample.key or index == 0]
    for start, end in zip(starts, [*starts[1:], len(samples)], strict=True):
        yield samples[start:end]


def glance(video: Video, group: Sequence[Sample]) -> Sequence[Sample]:
    """The key frame, and others that are at most about APART apart, of those that others refer to.

    Their number is a power of two: so the decoder sees each time that the count of frames, which has few bits, begins
    anew; else it would take later pictures for earlier ones.
    """
    references = [sample for sample in group[1:] if is_reference(video, sample)]
    seconds = (max(sample.pts for sample in group) - group[0].pts) / video.ticks
    step = 1
    while step < 16 and 2 * step * seconds <= APART * len(references):
        step *= 2
    return [group[0], *references[step - 1 :: step]]


def _small(timed: Timed) -> Picture:
    return cv2.blur(luma_of(timed[1]), (3, 3))
