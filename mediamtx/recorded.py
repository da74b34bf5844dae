"""When footage of a stream was recorded: the stretches of a day, and the days that have any.

Names say where segments begin, and mostly where they end: where the next one begins. Only those before a pause, or of
an unusual length, are looked into, so that a day of a disk that is slow to read costs little.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from pathlib import Path

from config.errors import SegmentError
from mediamtx.layout import Layout
from mediamtx.listing import Segments, segments_of
from mediamtx.names import Segment, Stream
from mediamtx.segments import CONTIGUOUS, Span, inspect

_USUAL = 0.25  # s by which a segment may be longer or shorter than most without being looked into


def day_span(day: date, zone: tzinfo) -> Span:
    """A local day, of 23 to 25 hours, in UTC."""
    start = datetime(day.year, day.month, day.day, tzinfo=zone)
    following = day + timedelta(days=1)
    return Span(utc(start), utc(datetime(following.year, following.month, following.day, tzinfo=zone)))


def utc(time: datetime) -> datetime:
    """The same moment in UTC."""
    return time.astimezone(UTC)


def recorded(layout: Layout, stream: Stream, span: Span) -> list[Span]:
    """The stretches of `span` in which there is footage, oldest first. StorageError where the folder cannot be read."""
    listed = segments_of(layout, stream, until=span.end)
    first = max(0, len(listed.up_to(span.start)) - 1)
    chosen = listed[first:]

    def end_of(segment: Segment) -> datetime:
        return _end(layout.segment_path(segment), segment.start)

    return [part for whole in stretches(list(chosen), end_of) if (part := whole.intersection(span)) is not None]


def stretches(segments: Sequence[Segment], end_of: Callable[[Segment], datetime]) -> list[Span]:
    """The continuous footage that these segments, oldest first, make up; `end_of` looks into one."""
    starts = [segment.start for segment in segments]
    steps = [(after - before).total_seconds() for before, after in itertools.pairwise(starts)]
    usual = statistics.median(steps) if steps else 0.0
    found: list[Span] = []
    for number, segment in enumerate(segments):
        if number < len(steps) and abs(steps[number] - usual) <= _USUAL and len(steps) > 2:
            end = starts[number + 1]
        else:
            end = end_of(segment)
            if number < len(steps) and abs((starts[number + 1] - end).total_seconds()) <= CONTIGUOUS:
                end = starts[number + 1]
        if found and segment.start <= found[-1].end:
            found[-1] = Span(found[-1].start, max(found[-1].end, end))
        elif end > segment.start:
            found.append(Span(segment.start, end))
    return found


def gaps_between(spans: Sequence[Span], within: Span) -> list[Span]:
    """What of `within` the spans, oldest first, leave out."""
    gaps, at = [], within.start
    for span in spans:
        if span.start > at:
            gaps.append(Span(at, span.start))
        at = max(at, span.end)
    return [*gaps, Span(at, within.end)] if at < within.end else gaps


def recorded_days(layout: Layout, stream: Stream) -> list[date]:
    """The local days with footage, newest first. StorageError where the folder cannot be read."""
    return sorted(_days(segments_of(layout, stream), layout.zone), reverse=True)


def _days(segments: Segments, zone: tzinfo) -> Iterator[date]:
    while segments:
        day = segments[0].start.astimezone(zone).date()
        yield day
        segments = segments.since(day_span(day, zone).end)


def _end(path: Path, start: datetime) -> datetime:
    """Where a segment ends; its start where it cannot be read."""
    try:
        status = path.stat()
        return start + timedelta(seconds=_duration(path, status.st_size, status.st_mtime_ns))
    except (OSError, SegmentError):
        return start


@lru_cache(maxsize=2000)  # some hundred bytes each
def _duration(path: Path, _size: int, _changed: int) -> float:
    return inspect(path).duration
