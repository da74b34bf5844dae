"""Reading segments: their pictures, grey and small, five or six a second, as far as the files are whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import av

from config.errors import SegmentError
from mediamtx.mp4 import open_whole
from mediamtx.parts import Sample
from mediamtx.samples import open_video
from motion.decode import Decoders, Drawn
from motion.detector import Picture
from motion.economy import Economy, is_dear
from motion.luma import luma_of

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

FRAME_STEP = 0.15  # s between two pictures that are looked at, at least: 5 to 6 a second of a faster stream
LONGEST = 86_400.0  # s; times beyond are damage
_ROUNDING = 1e-6  # s


class Shown(NamedTuple):
    """A picture that was read, its time, and whether it is a key frame. Its luma may only be looked at."""

    time: datetime
    luma: Picture
    key: bool


class Reader:
    """Reads the segments of one stream one after the other; `end` is where the last one ends."""

    end: datetime

    def __init__(self, economical: bool = True) -> None:
        self._decoders = Decoders()
        self._economy = Economy(self._decoders) if economical else None

    def pictures(
        self, path: Path, start: datetime, since: datetime | None = None, lead: datetime | None = None
    ) -> Iterator[Shown]:
        """The pictures of the segment that starts at `start`, from `since` on, at most one each FRAME_STEP.

        Those from `lead` on will be asked for once more, before what follows. SegmentError where there is none.
        """
        skip = 0.0 if since is None else (since - start).total_seconds()
        again = inf if lead is None else (lead - start).total_seconds()
        self.end = start
        found = False
        try:
            for time, luma, key in self._drawn(path, start, skip, again):
                found = True
                if time >= skip - _ROUNDING:
                    yield Shown(start + timedelta(seconds=time), luma, key)
        except av.FFmpegError as error:  # what came before it counts
            if not found:
                raise SegmentError(f"{path}: cannot be read: {error}") from error
        if not found and skip <= 0:
            raise SegmentError(f"{path}: holds no picture")

    def _drawn(self, path: Path, start: datetime, skip: float, again: float) -> Iterator[Drawn]:
        with open_video(path) as video:
            if video is None:
                yield from self._left_to_ffmpeg(path, start, skip)
                return
            samples = [sample for sample in video.samples if 0 <= sample.pts <= LONGEST * video.ticks]
            ends = (sample.pts + sample.duration for sample in samples)
            self.end = start + timedelta(seconds=min(LONGEST, max(ends, default=0) / video.ticks))
            wanted = chosen(samples, video.ticks)
            todo = needed(samples, skip * video.ticks)
            if self._economy is not None and is_dear(video):
                yield from self._economy.pictures(video, todo, wanted, again * video.ticks)
            else:
                yield from self._decoders.pictures(video, todo, wanted, again * video.ticks)
            if video.problem:
                seconds = (self.end - start).total_seconds()
                raise SegmentError(f"{path}: cannot be read from {seconds:.1f} s on: {video.problem}")

    def _left_to_ffmpeg(self, path: Path, start: datetime, skip: float) -> Iterator[Drawn]:
        due, last = -1.0, 0.0
        with open_whole(path) as container:
            if not container.streams.video:
                raise SegmentError(f"{path}: holds no picture")
            stream = container.streams.video[0]
            stream.codec_context.thread_count = 1
            try:
                for packet in _packets(container.demux(stream), skip):
                    if packet.pts is not None and packet.time_base is not None:
                        last = max(last, float((packet.pts + (packet.duration or 0)) * packet.time_base))
                    for frame in _decoded(stream, packet):
                        if frame.time is not None and due <= frame.time <= LONGEST:
                            due = frame.time + FRAME_STEP
                            yield frame.time, luma_of(frame), bool(frame.key_frame)
            finally:
                self.end = start + timedelta(seconds=min(LONGEST, last))


def chosen(samples: Sequence[Sample], ticks: int) -> set[int]:
    """When the pictures that are looked at are shown, in ticks; it does not depend on where reading begins."""
    due, step, result = 0.0, FRAME_STEP * ticks - 1, set()
    for pts in sorted(sample.pts for sample in samples):
        if pts >= due:
            due = pts + step
            result.add(pts)
    return result


def needed(samples: Sequence[Sample], skip: float) -> Sequence[Sample]:
    """The samples to decode for what is shown from `skip` ticks on: from the last key frame before it."""
    first = next((index for index, sample in enumerate(samples) if sample.pts >= skip), len(samples))
    if first == len(samples):
        return ()
    while first > 0 and not samples[first].key:
        first -= 1
    return samples[first:]


def _packets(packets: Iterator[Packet[VideoStream]], skip: float) -> Iterator[Packet[VideoStream]]:
    """The packets needed to decode from `skip` seconds on: from the last key frame before it."""
    pending: list[Packet[VideoStream]] = []
    for packet in packets:
        if packet.pts is None or packet.time_base is None or float(packet.pts * packet.time_base) >= skip:
            yield from pending
            pending = []
            yield packet
        elif packet.is_keyframe:
            pending = [packet]
        else:
            pending.append(packet)


def _decoded(stream: VideoStream, packet: Packet[VideoStream]) -> Sequence[VideoFrame]:
    """The frames that a packet gives; none where it is damaged: the rest of the segment may be whole."""
    try:
        return stream.codec_context.decode(packet)
    except av.InvalidDataError:
        return []
