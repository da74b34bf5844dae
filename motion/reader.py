"""Reading a segment's pictures: as much as is whole, small and grey, about five a second."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import av
import cv2
import numpy as np

from config.errors import SegmentError
from mediamtx.mp4 import open_whole
from motion.detector import Picture

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

WIDTH = 320  # px; larger pictures are scaled down to it
WIDEST = 480  # px that are looked at as they are
FRAME_STEP = 0.15  # s between two pictures that are looked at, at least: 5 to 6 a second of a faster stream
_LUMA_FIRST = {"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12", "gray"}


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture that was read, its time, and whether it is a key frame."""

    time: datetime
    luma: Picture
    key: bool


class Reader:
    """Decodes the segment that starts at `start`, as far as it is whole, from `since` on.

    `end` is known after the last picture.
    """

    def __init__(self, path: Path, start: datetime, since: datetime | None = None) -> None:
        self.end = start
        self._path = path
        self._start = start
        self._skip = 0.0 if since is None else (since - start).total_seconds()

    def pictures(self) -> Iterator[Shown]:
        """The pictures, at most one each FRAME_STEP; SegmentError where there is none to be had."""
        due, last, found = self._skip, 0.0, False
        problem = "holds no picture"
        with open_whole(self._path) as container:
            if not container.streams.video:
                raise SegmentError(f"{self._path}: holds no picture")
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            if stream.width <= WIDEST:
                stream.codec_context.thread_count = 1
            try:
                for packet in self._packets(container.demux(stream)):
                    if packet.pts is not None and packet.time_base is not None:
                        last = max(last, float((packet.pts + (packet.duration or 0)) * packet.time_base))
                    for frame in _decoded(stream, packet):
                        found = True
                        if frame.time is not None and frame.time >= due:
                            due = frame.time + FRAME_STEP
                            time = self._start + timedelta(seconds=frame.time)
                            yield Shown(time, luma_of(frame), bool(frame.key_frame))
            except av.FFmpegError as error:  # what came before it counts
                problem = f"cannot be read: {error}"
        if not found and self._skip <= 0:
            raise SegmentError(f"{self._path}: {problem}")
        self.end = self._start + timedelta(seconds=last)

    def _packets(self, packets: Iterator[Packet[VideoStream]]) -> Iterator[Packet[VideoStream]]:
        """The packets needed to decode from `since` on: from the last key frame before it."""
        pending: list[Packet[VideoStream]] = []
        for packet in packets:
            if packet.pts is None or packet.time_base is None or float(packet.pts * packet.time_base) >= self._skip:
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


def luma_of(frame: VideoFrame) -> Picture:
    """The luma of a decoded frame, shape (height, width), uint8, scaled down to WIDTH where it is wider than WIDEST."""
    if frame.format.name not in _LUMA_FIRST:
        frame = frame.reformat(format="gray")
    plane = frame.planes[0]
    luma: Picture = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)  # type: ignore[call-overload]
    luma = luma[: frame.height, : frame.width]
    if frame.width > WIDEST:
        size = (WIDTH, max(1, round(frame.height * WIDTH / frame.width)))
        return cv2.resize(luma, size, interpolation=cv2.INTER_AREA)
    return luma.copy()
