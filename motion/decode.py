"""Decoding samples to frames, and no more of them than the wanted pictures need."""

from __future__ import annotations

from collections.abc import Container, Generator, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import av

from mediamtx.samples import Sample, Video

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame

Timed = tuple[float, "VideoFrame"]
"""When a frame is shown, s from the start of the segment, and the frame."""
_SLICES = range(1, 6)  # types of NAL units that hold picture, H.264
_ROUGH = {"skip_loop_filter": "all", "flags": "+output_corrupt"}


class Decoders:
    """Decoders that are used again: making one takes as long as decoding five small frames."""

    def __init__(self) -> None:
        self._idle: dict[tuple[str, bytes, bool], VideoCodecContext] = {}

    def decode(
        self, video: Video, samples: Iterable[Sample], wanted: Container[int], rough: bool = False
    ) -> Generator[Timed, None, None]:
        """The frames that are shown at the `wanted` times, ticks; the samples begin with a key frame.

        `rough` ones are not smoothed at the edges of blocks, and shown though what they refer to was not decoded.
        """
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
                yield from _shown(frames, wanted, video.ticks)
            yield from _shown(decoder.decode(None), wanted, video.ticks)
        finally:
            if whole:
                decoder.flush_buffers()
                self._idle[kind] = decoder


def up_to_the_last(samples: Sequence[Sample], wanted: Container[int]) -> Sequence[Sample]:
    """The samples without those between the last wanted one before a key frame, and that key frame."""
    if any(one.pts >= other.pts for one, other in pairwise(samples)):
        return samples  # not decoded in the order in which they are shown: later ones may be needed
    kept, needed = [], False
    for sample in reversed(samples):
        needed |= sample.pts in wanted
        if needed:
            kept.append(sample)
        needed &= not sample.key
    return kept[::-1]


def is_reference(video: Video, sample: Sample) -> bool:
    """Whether other pictures may refer to this one, H.264."""
    return _is_reference(video.read(sample._replace(size=min(sample.size, 256))), video.extradata)


def _shown(frames: Iterable[VideoFrame], wanted: Container[int], ticks: int) -> Iterator[Timed]:
    for frame in frames:
        if frame.pts is not None and frame.pts in wanted:
            yield frame.pts / ticks, frame


def _decoder(video: Video, rough: bool) -> VideoCodecContext:
    decoder: VideoCodecContext = av.CodecContext.create(video.codec, "r")  # type: ignore[assignment]
    decoder.extradata = video.extradata
    decoder.thread_count = 1  # more cores are used by more processes
    if rough:
        decoder.options = _ROUGH
    return decoder


def _is_reference(data: bytes, configuration: bytes) -> bool:
    """Whether other pictures may refer to this one, H.264."""
    width = (configuration[4] & 3) + 1 if len(configuration) > 4 else 4
    at = 0
    while at + width < len(data):
        head = data[at + width]
        if head & 31 in _SLICES:
            return head & 0x60 != 0
        at += width + int.from_bytes(data[at : at + width], "big")
    return True
