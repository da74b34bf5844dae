"""Where nothing was recorded: the seconds that no footage covers, and that none will cover as far as can be known."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from mediamtx.names import Segment
from mediamtx.segments import Span
from motion.activity import Activity

ONE_SECOND = timedelta(seconds=1)
LOOK_AGAIN = timedelta(days=7)
"""So far back it is looked for gaps that a pass which was killed did not note."""


def note_gaps(
    activity: Activity,
    streams: Sequence[tuple[Sequence[Segment], timedelta]],
    unread: Container[Segment],
    before: datetime | None,
    certain: datetime,
) -> None:
    """Note the gaps up to `certain`, when everything is processed; `before`: up to when that was so earlier.

    `streams` are the segments of each stream, oldest first, with what its clock is behind the main stream's; `unread`
    those that could not be read, or not yet.
    """
    oldest = min((segments[0].start + offset for segments, offset in streams if segments), default=certain)
    since = max(oldest, min(before or oldest, certain - LOOK_AGAIN))

    def is_unread(segment: Segment, start: datetime) -> bool:
        return segment in unread or not activity.scanned(start + ONE_SECOND)

    if since < certain:
        for gap in gaps(activity.unknown(Span(since, certain)), streams, is_unread):
            activity.empty(gap)


def gaps(
    unknown: Iterable[Span],
    streams: Sequence[tuple[Sequence[Segment], timedelta]],
    is_unread: Callable[[Segment, datetime], bool],
) -> Iterator[Span]:
    """What of the stretches that were not scanned no segment may cover; of one unread nobody knows how far it goes."""
    for stretch in unknown:
        end = stretch.end
        for segments, offset in streams:
            following = bisect_left(segments, stretch.start - offset, key=lambda segment: segment.start)
            before = segments[following - 1] if following > 0 else None
            if before is not None and is_unread(before, before.start + offset):
                end = stretch.start
            elif following < len(segments):
                end = min(end, segments[following].start + offset)
        if end > stretch.start:
            yield Span(stretch.start, end)
