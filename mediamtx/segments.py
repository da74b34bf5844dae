"""The segments on disk: listing them, looking inside, and telling which are finished."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from config.errors import SegmentError
from mediamtx.layout import Layout
from mediamtx.listing import segments_of
from mediamtx.mp4 import movie_duration, open_whole
from mediamtx.names import Segment, Stream

if TYPE_CHECKING:
    from av.container import InputContainer

CONTIGUOUS = 0.5
"""Segments with at most this gap between them (s) are continuous footage: the times in their names are estimates."""


LONGEST_SEGMENT = timedelta(hours=1, minutes=1)  # as the settings allow


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of time, UTC, half-open: `start` belongs to it, `end` does not."""

    start: datetime
    end: datetime

    @property
    def duration(self) -> float:
        """Seconds."""
        return (self.end - self.start).total_seconds()

    def overlaps(self, other: Span) -> bool:
        """Whether they have a moment in common."""
        return self.start < other.end and other.start < self.end

    def intersection(self, other: Span) -> Span | None:
        """What they have in common; None where that is nothing."""
        return Span(max(self.start, other.start), min(self.end, other.end)) if self.overlaps(other) else None


def within(windows: Iterable[Span], span: Span) -> tuple[Span, ...]:
    """The parts of the windows that lie in the span."""
    return tuple(part for window in windows if (part := window.intersection(span)) is not None)


@dataclass(frozen=True, slots=True)
class SegmentInfo:
    """What one segment holds, as far as it is whole."""

    duration: float  # seconds from its start (time 0, that of the oldest packet) to the end of the last packet
    video: bool
    audio: bool
    parameters: tuple[tuple[object, ...], ...]  # equal where a stream copy may join two segments
    finished_by_header: bool  # the recorder closed it
    size: int  # bytes on disk


@dataclass(frozen=True, slots=True)
class Seen:
    """What is remembered of a file that may still grow: its size in bytes, and since when it has had it."""

    size: int
    first_seen: datetime


def list_streams(layout: Layout) -> list[Stream]:
    """The streams that have a recordings folder, sorted; those of cameras since removed from the settings too."""
    try:
        with os.scandir(layout.recordings) as entries:
            streams = [Stream.parse(entry.name) for entry in entries if entry.is_dir()]
    except FileNotFoundError:
        return []
    return sorted(stream for stream in streams if stream is not None)


def list_segments(
    layout: Layout, stream: Stream, since: datetime | None = None, until: datetime | None = None
) -> list[Segment]:
    """The segments of a stream that start in [since, until), oldest first, from the names alone."""
    return list(segments_of(layout, stream, since, until))


def inspect(path: Path) -> SegmentInfo:
    """Look inside a segment, or any MP4. Reads all packets and decodes none.

    Raises SegmentError where it cannot be read or holds no packet.
    """
    import av

    first: Fraction | None = None
    last = Fraction(0)
    with open_whole(path) as container:
        parameters = stream_parameters(container)
        kinds = {stream.type for stream in container.streams}
        try:
            for packet in container.demux():
                if packet.dts is None or packet.pts is None or packet.time_base is None:
                    continue
                begin = packet.pts * packet.time_base
                first = begin if first is None else min(first, begin)
                last = max(last, begin + (packet.duration or 0) * packet.time_base)
        except av.FFmpegError as error:
            raise SegmentError(f"{path}: cannot be read: {error}") from error
    if first is None:
        raise SegmentError(f"{path}: holds no footage yet")
    duration = float(last - min(first, Fraction(0)))
    size = path.stat().st_size
    return SegmentInfo(duration, "video" in kinds, "audio" in kinds, parameters, movie_duration(path) != 0, size)


def stream_parameters(container: InputContainer) -> tuple[tuple[object, ...], ...]:
    """What must be equal for footage to be joined without encoding: codec, form and set-up bytes of each track."""
    video = tuple(
        ("video", s.codec_context.name, s.codec_context.width, s.codec_context.height, s.codec_context.extradata)
        for s in container.streams.video[:1]
    )
    audio = tuple(
        ("audio", s.codec_context.name, s.codec_context.rate, s.codec_context.channels, s.codec_context.extradata)
        for s in container.streams.audio[:1]
    )
    return video + audio


def look(layout: Layout, segment: Segment, seen: Seen | None, now: datetime) -> Seen:
    """The memory to keep of a segment: `seen` while it keeps its size, a new one once it has grown.

    Raises SegmentError where it is gone.
    """
    path = layout.segment_path(segment)
    try:
        size = path.stat().st_size
    except OSError as error:
        raise SegmentError(f"{path}: cannot be read: {error.strerror}") from error
    return seen if seen is not None and seen.size == size else Seen(size, now)


def is_finished(
    layout: Layout, segment: Segment, newer_exists: bool, seen: Seen | None, now: datetime, stalled_after: float
) -> bool:
    """Whether a segment will not grow any more.

    It is finished when the stream has a newer one, when the recorder wrote its duration into the header, or when it
    has kept the size remembered in `seen` for `stalled_after` seconds. Raises SegmentError where it is gone.
    """
    if newer_exists:
        return True
    current = look(layout, segment, seen, now)
    if now - current.first_seen >= timedelta(seconds=stalled_after):
        return True
    try:
        return movie_duration(layout.segment_path(segment)) != 0
    except SegmentError:
        return False  # its header is still to come; if it never does, the file stalls
