"""Decoding samples to small grey pictures, and no more of them than the wanted ones need."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Container, Generator, Iterable, Iterator, Sequence, Set
from itertools import pairwise
from math import inf
from typing import TYPE_CHECKING

import av

from mediamtx.parts import Sample
from mediamtx.samples import Video
from motion.detector import Picture
from motion.luma import luma_of

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame

Drawn = tuple[float, Picture, bool]
"""When a picture is shown, s from the start of the segment; its luma; whether it is a key frame."""
_SLICES = range(1, 6)  # types of NAL units that hold picture, H.264
_ROUGH = {"skip_loop_filter": "all", "flags": "+output_corrupt"}


class Decoders:
    """Decoders that are used again: making one takes as long as decoding five small frames."""

    def __init__(self) -> None:
        self._idle: dict[tuple[str, bytes, bool], VideoCodecContext] = {}

    def pictures(self, video: Video, samples: Sequence[Sample], wanted: Set[int], lead: float = inf) -> Iterator[Drawn]:
        """The pictures that are shown at the `wanted` times, ticks; the samples begin with a key frame.

        From the key frame before `lead` on they are remembered for a while: they will be asked for once more.
        """
        if any(one.pts >= other.pts for one, other in pairwise(samples)):
            # Not in the order in which they are shown: later ones may refer to what is before a key frame.
            yield from self._decode(video, samples, wanted, rough=False)
            return
        for group in groups(samples):
            times = {sample.pts for sample in group if sample.pts in wanted}
            yield from self.group(video, group, times, group[-1].pts >= lead)

    def group(
        self, video: Video, samples: Sequence[Sample], wanted: Set[int], lead: bool, rough: bool = False
    ) -> Iterator[Drawn]:
        """The same of a key frame and what follows it.

        `rough` ones are not smoothed at the edges of blocks, and shown though what they refer to was not decoded.
        """
        key = video.identity, samples[0].pts, rough, frozenset(wanted)
        found = _recent.find(key)
        if found is not None:
            yield from found
            return
        pictures = self._decode(video, _up_to_the_last(samples, wanted), wanted, rough)
        if not lead:
            yield from pictures
            return
        drawn: list[Drawn] = []
        for time, luma, is_key in pictures:
            if len(drawn) < _Recent.MOST:
                # A copy: the decoder is fastest in memory it just used, so it should have its own back.
                drawn.append((time, luma.copy(), is_key))
            yield time, luma, is_key
        _recent.keep(key, drawn)

    def _decode(
        self, video: Video, samples: Iterable[Sample], wanted: Container[int], rough: bool
    ) -> Generator[Drawn, None, None]:
        kind = video.codec, video.extradata, rough
        decoder = self._idle.pop(kind, None) or _decoder(video, rough)
        whole = True
        try:
            for sample in samples:
                data = video.read(sample)
                if video.codec == "h264" and sample.pts not in wanted and not _is_reference(data, video.extradata):
                    continue
                packet = av.Packet(data)
                packet.pts = sample.pts
                try:
                    frames = decoder.decode(packet)
                except av.InvalidDataError:  # damaged; the rest may be whole
                    whole = False
                    continue
                yield from _drawn(frames, wanted, video.ticks)
            yield from _drawn(decoder.decode(None), wanted, video.ticks)
        finally:
            if whole:
                decoder.flush_buffers()
                self._idle[kind] = decoder


class _Recent:
    """The pictures read last: those of one chunk's end are the lead-in of the next."""

    MOST = 320  # pictures of 58 kB: a lead-in and a segment, six a second

    def __init__(self) -> None:
        self._groups: OrderedDict[object, Sequence[Drawn]] = OrderedDict()
        self._count = 0

    def find(self, key: object) -> Sequence[Drawn] | None:
        return self._groups.get(key)

    def keep(self, key: object, drawn: Sequence[Drawn]) -> None:
        if len(drawn) >= self.MOST:
            return
        self._count += len(drawn) - len(self._groups.pop(key, ()))
        self._groups[key] = drawn
        while self._count > self.MOST:
            self._count -= len(self._groups.popitem(last=False)[1])


_recent = _Recent()


def groups(samples: Sequence[Sample]) -> Iterator[Sequence[Sample]]:
    """Key frames with what follows them."""
    starts = [index for index, sample in enumerate(samples) if sample.key or index == 0]
    for start, end in zip(starts, [*starts[1:], len(samples)], strict=False):
        yield samples[start:end]


def is_reference(video: Video, sample: Sample) -> bool:
    """Whether other pictures may refer to this one, H.264."""
    return _is_reference(video.read(sample._replace(size=min(sample.size, 256))), video.extradata)


def _decoder(video: Video, rough: bool) -> VideoCodecContext:
    decoder: VideoCodecContext = av.CodecContext.create(video.codec, "r")  # type: ignore[assignment]
    decoder.extradata = video.extradata
    decoder.thread_count = 1  # more cores are used by more processes
    if rough:
        decoder.options = _ROUGH
    return decoder


def _drawn(frames: Iterable[VideoFrame], wanted: Container[int], ticks: int) -> Iterator[Drawn]:
    for frame in frames:
        if frame.pts is not None and frame.pts in wanted:
            yield frame.pts / ticks, luma_of(frame), bool(frame.key_frame)


def _up_to_the_last(samples: Sequence[Sample], wanted: Container[int]) -> Sequence[Sample]:
    """The samples without those behind the last wanted one, where they are in the order in which they are shown."""
    if any(one.pts >= other.pts for one, other in pairwise(samples)):
        return samples
    last = next((index for index in reversed(range(len(samples))) if samples[index].pts in wanted), -1)
    return samples[: last + 1]


def _is_reference(data: bytes, configuration: bytes) -> bool:
    width = (configuration[4] & 3) + 1 if len(configuration) > 4 else 4
    at = 0
    while at + width < len(data):
        head = data[at + width]
        if head & 31 in _SLICES:
            return head & 0x60 != 0
        at += width + int.from_bytes(data[at : at + width], "big")
    return True
