"""Segments to scores: decodes a run of segments and asks the detector; reads whole parts only and writes nothing.

What is said of a segment depends on a fixed stretch of footage before it, never on where a pass happened to begin:
time is cut into chunks (see `motion.worklist`), and each begins with a new detector that first sees the lead-in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import av
import cv2
import numpy as np

from config.errors import SegmentError
from mediamtx.mp4 import open_whole
from mediamtx.segments import Span
from motion.detector import Detector, Picture, Seen
from motion.events import confirmed
from motion.look import LOOK_BACK, Frame, Look
from motion.worklist import LEAD

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

WIDTH = 320  # px; larger pictures are scaled down to it
WIDEST = 480  # px that are looked at as they are
FRAME_STEP = 0.15  # s between two pictures that are looked at, at least: 5 to 6 a second of a faster stream
RESET_GAP = timedelta(seconds=10)
"""After a longer gap in the footage the detector begins anew."""
_LUMA_FIRST = {"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12", "gray"}


@dataclass(frozen=True, slots=True)
class Source:
    """A segment's file to look at; `start` is its time in the main stream's clock."""

    path: Path
    start: datetime
    lead: bool = False  # lies before the chunk: teaches the detector only
    fresh: bool = True  # its scores are asked for


@dataclass(frozen=True, slots=True)
class Scanned:
    """What the detector says of one segment. With a `problem` nothing could be read.

    The frames of the last LOOK_BACK before it come first: what is in the segment may have raised their scores.
    """

    source: Source
    span: Span
    frames: tuple[Frame, ...] = ()
    problem: str = ""


@dataclass(slots=True)
class _Picture:
    time: datetime
    luma: Picture
    key: bool


def scan(sources: Sequence[Source], look: Look, go_on: Callable[[], bool] = lambda: True) -> Iterator[Scanned]:
    """What the detector says of each fresh source, one after the other; they are one chunk, oldest first.

    Ends early, within a segment, once `go_on` says no.
    """
    detector = Detector(look)
    waiting: list[_Picture] = []  # pictures of the lead-in, until there are enough to learn from
    learnt = False
    recent: list[tuple[datetime, Seen]] = []  # the last pictures of what was read before
    end: datetime | None = None
    first = next((source.start for source in sources if not source.lead), None)
    for source in sources:
        if end is not None and source.start - end > RESET_GAP:
            detector.finish()
            waiting, learnt, recent = [], False, []
        scores = list(recent)
        reader = _Reader(source, first - LEAD if source.lead and first is not None else None)
        try:
            for picture in reader.pictures():
                if not go_on():
                    return
                if learnt:
                    scores.append((picture.time, _seen(detector, picture)))
                    continue
                waiting.append(picture)
                if picture.time - waiting[0].time >= LEAD:
                    scores += _learn(detector, waiting)
                    waiting, learnt = [], True
        except SegmentError as error:
            if source.fresh:
                yield Scanned(source, Span(source.start, source.start), problem=str(error))
            continue
        if not learnt and waiting and not source.lead:
            scores += _learn(detector, waiting)
            waiting, learnt = [], True
        end = reader.end
        if source.fresh:
            frames = _frames(scores, look.confirm_frames)
            begin = source.start - LOOK_BACK
            yield Scanned(source, Span(source.start, end), tuple(frame for frame in frames if frame.time >= begin))
        # Those before LOOK_BACK stand for good, but later ones are confirmed by them.
        since = max(0, sum(time < end - LOOK_BACK for time, _ in scores) - look.confirm_frames)
        recent = scores[since:]


def _frames(scores: Sequence[tuple[datetime, Seen]], confirm_frames: int) -> list[Frame]:
    marks = confirmed([seen.score for _, seen in scores], confirm_frames)
    return [
        Frame(time, round(mark, 1), seen.boxes if mark > 0 else ())
        for (time, seen), mark in zip(scores, marks, strict=True)
    ]


def _learn(detector: Detector, pictures: Sequence[_Picture]) -> list[tuple[datetime, Seen]]:
    """What is said of pictures that the detector has learnt from first: it looks ahead, so motion in them is found."""
    detector.warm_up([picture.luma for picture in pictures])
    return [(picture.time, _seen(detector, picture)) for picture in pictures]


def _seen(detector: Detector, picture: _Picture) -> Seen:
    return detector.update(picture.time.timestamp(), picture.luma, picture.key)


class _Reader:
    """Decodes one segment, as far as it is whole, from `since` on; `end` is known after the last picture."""

    def __init__(self, source: Source, since: datetime | None) -> None:
        self.end = source.start
        self._source = source
        self._skip = 0.0 if since is None else (since - source.start).total_seconds()

    def pictures(self) -> Iterator[_Picture]:
        """The pictures, at most one each FRAME_STEP; SegmentError where there is none to be had."""
        due, last, found = self._skip, 0.0, False
        problem = "holds no picture"
        with open_whole(self._source.path) as container:
            if not container.streams.video:
                raise SegmentError(f"{self._source.path}: holds no picture")
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
                            time = self._source.start + timedelta(seconds=frame.time)
                            yield _Picture(time, luma_of(frame), bool(frame.key_frame))
            except av.FFmpegError as error:  # what came before it counts
                problem = f"cannot be read: {error}"
        if not found and self._skip <= 0:
            raise SegmentError(f"{self._source.path}: {problem}")
        self.end = self._source.start + timedelta(seconds=last)

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
