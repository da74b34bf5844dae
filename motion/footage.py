"""What one stream has on disk at the time of a pass: its segments, which are finished, and whether it has stopped."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from config.errors import SegmentError
from mediamtx.layout import Layout
from mediamtx.listing import Segments, segments_of
from mediamtx.names import RELEASED, Segment, Stream
from mediamtx.segments import Seen, inspect, is_finished, look
from motion.state import StreamState

USUAL = 60.0  # s, no more than most segments are long
STALLED = 10.0
"""Seconds after which a segment that does not grow will not grow any more: several parts."""


@dataclass(frozen=True, slots=True)
class Footage:
    """The segments of one stream, oldest first, without those dated before this release was built or far ahead."""

    stream: Stream
    segments: Segments
    undated: int  # segments left out, dated by a clock that was not set
    newest_finished: bool
    ahead: Segments  # left out as well, until their time has come

    @property
    def of_ahead(self) -> Footage:
        """Those far ahead alone: none of them is being written."""
        return replace(self, segments=self.ahead, newest_finished=True)

    @property
    def finished(self) -> Segments:
        """The segments that will not grow any more."""
        return self.segments if self.newest_finished else self.segments[:-1]

    def follower(self, segment: Segment) -> Segment | None:
        """The segment after this one."""
        return self.segments.follower(segment.start)

    def length(self, segment: Segment) -> float:
        """About how long a segment is, s, without looking into it."""
        following = self.follower(segment)
        return min((following.start - segment.start).total_seconds(), USUAL) if following else 0.0


def look_at(
    layout: Layout, stream: Stream, known: StreamState, now: datetime, limit: datetime | None = None
) -> Footage:
    """List a stream, and bring up to date what `known` remembers of its newest segment; `limit` of what is ahead."""
    listed = segments_of(layout, stream)
    dated = listed.since(RELEASED)
    ahead = dated[len(dated) :] if limit is None else dated.since(limit)
    segments = dated[: len(dated) - len(ahead)]
    finished = True
    if segments:
        newest = segments[-1]
        try:
            known.seen = _look(layout, newest, known.seen if known.newest == newest.start else None, now)
            finished = is_finished(layout, newest, False, known.seen, now, STALLED)
            known.newest = newest.start
        except SegmentError:
            pass  # gone since it was listed, or not to be read: whoever scans it will tell
    return Footage(stream, segments, len(listed) - len(dated), finished, ahead)


def late_finished(layout: Layout, segment: Segment, late: dict[Segment, Seen], now: datetime) -> bool:
    """Whether a segment from before the watermark will not grow any more; `late` remembers those that still may.

    That others are newer by name says nothing here: the clock may have been set back.
    """
    try:
        late[segment] = _look(layout, segment, late.get(segment), now)
        finished = is_finished(layout, segment, False, late[segment], now, STALLED)
    except SegmentError:
        return True  # whoever scans it will tell
    if finished:
        del late[segment]
    return finished


def has_stopped(footage: Footage, known: StreamState, now: datetime, patience: timedelta) -> bool:
    """Whether no more footage is to be expected: the newest segment is finished and nothing came for `patience`.

    `known.until` is where the newest segment ends, once it is processed.
    """
    if not footage.segments:
        return True
    if not footage.newest_finished:
        return False
    if known.done == footage.segments[-1].start and known.until is not None and now - known.until >= patience:
        return True
    return known.seen is not None and now - known.seen.first_seen >= patience


def reaches(layout: Layout, footage: Footage, time: datetime) -> bool:
    """Whether the footage on disk goes on up to `time`, the segment being written included."""
    if not footage.segments or footage.segments[-1].start >= time:
        return bool(footage.segments)
    return end_of(layout, footage.segments[-1]) >= time


def end_of(layout: Layout, segment: Segment) -> datetime:
    """Where the footage of a segment ends now; its start where none can be read."""
    try:
        return segment.start + timedelta(seconds=inspect(layout.segment_path(segment)).duration)
    except SegmentError:
        return segment.start


def _look(layout: Layout, segment: Segment, seen: Seen | None, now: datetime) -> Seen:
    if seen is not None and seen.first_seen > now:  # the clock was set back: count from now
        seen = None
    return look(layout, segment, seen, now)
