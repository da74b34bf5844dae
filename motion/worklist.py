"""What is to be scanned: which segments, in which order, and with how much footage before them.

Time is cut into chunks of fixed length. A chunk is scanned by a detector of its own, from a lead-in before the chunk
on, so that what is said of a segment is the same in a pass that sees the whole day and in one that sees it alone.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from mediamtx.listing import Segments
from mediamtx.names import Segment, Stream

LEAD = timedelta(seconds=40)
"""So much footage before a chunk teaches the detector the background."""
DETECT_CHUNK, MAIN_CHUNK = 240, 60
"""Seconds of a chunk: what a pass looks at again of the detect and of the main stream, which is dear to decode."""


@dataclass(frozen=True, slots=True)
class Work:
    """A chunk with something to scan in it: the segments to read, oldest first, and how many of them lie before it."""

    segments: tuple[Segment, ...]
    lead: int
    todo: frozenset[Segment]


def works(todo: Sequence[Segment], known: Sequence[Segment]) -> list[Work]:
    """The chunks that the segments `todo` lie in, oldest first; `known` are all of the stream, sorted, as `todo` is."""
    result = []
    for number, group in groupby(todo, key=_chunk):
        fresh = list(group)
        begin = datetime.fromtimestamp(number * _length(fresh[0].stream), fresh[0].start.tzinfo)
        first = bisect_left(known, Segment(fresh[0].stream, begin))
        lead = first
        while lead > 0 and known[lead].start > known[first].start - LEAD:
            lead -= 1
        last = bisect_left(known, fresh[-1]) + 1
        result.append(Work(tuple(known[lead:last]), first - lead, frozenset(fresh)))
    return result


def _length(stream: Stream) -> int:
    return DETECT_CHUNK if stream.detect else MAIN_CHUNK


def _chunk(segment: Segment) -> int:
    return int(segment.start.timestamp()) // _length(segment.stream)


def unprocessed(
    finished: Segments, done: datetime | None, retried: Iterable[Segment], late: Iterable[Segment]
) -> list[Segment]:
    """The finished segments of a stream that are still to be scanned, oldest first.

    Those are the ones behind the watermark `done`, those to be retried, and late ones: before the watermark, and
    never scanned.
    """
    if done is None:
        return list(finished)
    before = {segment for segment in (*retried, *late) if segment.start <= done and segment in finished}
    return [*sorted(before), *finished.after(done)]
