"""The segments of a stream by their names alone: a folder may hold 100,000, of which a pass looks at a few.

Listing and sorting the names is all that is done for each segment; a name becomes a value when it is asked for.
"""

from __future__ import annotations

import heapq
import os
import re
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import overload

from config.errors import StorageError
from mediamtx.layout import Layout
from mediamtx.names import Segment, Stream, parse_segment_name, segment_name

_DAY = r"(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2\d)"
_TIME = r"(?:[01]\d|2[0-3])-[0-5]\d-[0-5]\d-\d{6}"
_NAME = re.compile(rf"(?<![^/])(?!0000)\d{{4}}-(?:{_DAY})_{_TIME}\.mp4(?![^/])", re.ASCII)
_LEAP_DAY = "-02-29_"  # the only names that need a second look


@dataclass(frozen=True, slots=True)
class DayNames:
    """The names of a stream's segments that start on one UTC day, and a sum that changes when one comes or goes."""

    day: date
    names: Sequence[str]

    @property
    def checksum(self) -> int:
        """Of the names."""
        return zlib.crc32("/".join(self.names).encode())


class Segments(Sequence[Segment]):
    """The segments of one stream, oldest first."""

    __slots__ = ("names", "stream")

    def __init__(self, stream: Stream, names: Sequence[str]) -> None:
        self.stream = stream
        self.names = names  # sorted, each of them a segment's

    @classmethod
    def of(cls, stream: Stream, names: Iterable[str]) -> Segments:
        """Those among the names in a folder that are segments."""
        joined = "/".join(sorted(names))
        found = _NAME.findall(joined)
        if _LEAP_DAY in joined:
            found = [name for name in found if _LEAP_DAY not in name or parse_segment_name(name) is not None]
        return cls(stream, found)

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, index: int) -> Segment: ...
    @overload
    def __getitem__(self, index: slice) -> Segments: ...
    def __getitem__(self, index: int | slice) -> Segment | Segments:
        if isinstance(index, slice):
            return Segments(self.stream, self.names[index])
        return self._segment(self.names[index])

    def __iter__(self) -> Iterator[Segment]:
        return map(self._segment, self.names)

    def __contains__(self, segment: object) -> bool:
        if not isinstance(segment, Segment) or segment.stream != self.stream:
            return False
        place = bisect_left(self.names, segment.file_name)
        return place < len(self.names) and self.names[place] == segment.file_name

    def since(self, start: datetime) -> Segments:
        """Those that start then or later."""
        return self[bisect_left(self.names, segment_name(start)) :]

    def after(self, start: datetime) -> Segments:
        """Those that start later."""
        return self[bisect_right(self.names, segment_name(start)) :]

    def up_to(self, start: datetime) -> Segments:
        """Those that start then or earlier."""
        return self[: bisect_right(self.names, segment_name(start))]

    def follower(self, start: datetime) -> Segment | None:
        """The first of those that start later."""
        place = bisect_right(self.names, segment_name(start))
        return self[place] if place < len(self.names) else None

    def days(self) -> Iterator[DayNames]:
        """The days on which there are any, oldest first."""
        first = 0
        while first < len(self.names):
            day = self.names[first][:10]
            behind = bisect_left(self.names, day + "~", first)
            yield DayNames(date.fromisoformat(day), self.names[first:behind])
            first = behind

    def _segment(self, name: str) -> Segment:
        start = parse_segment_name(name)
        assert start is not None  # as `of` saw to
        return Segment(self.stream, start)


def segments_of(
    layout: Layout, stream: Stream, since: datetime | None = None, until: datetime | None = None
) -> Segments:
    """The segments of a stream that start in [since, until). StorageError where the folder cannot be read."""
    names = _names(layout, stream)
    if since is None and until is None:
        return Segments.of(stream, names)
    low = "" if since is None else segment_name(since)
    high = "~" if until is None else segment_name(until)
    return Segments.of(stream, (name for name in names if low <= name < high))


def first_segment(layout: Layout, stream: Stream, since: datetime) -> Segment | None:
    """The first segment of a stream that starts then or later. StorageError where the folder cannot be read."""
    low = segment_name(since)
    names = [name for name in _names(layout, stream) if low <= name]
    # The least name of all is nearly always a segment's.
    found = Segments.of(stream, heapq.nsmallest(1, names)) or Segments.of(stream, names)
    return found[0] if found else None


def _names(layout: Layout, stream: Stream) -> list[str]:
    """What lies in a stream's folder, in no order."""
    folder = layout.stream_dir(stream)
    try:
        return os.listdir(folder)  # noqa: PTH208  # names are all that is wanted, and there may be very many
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StorageError(f"{folder}: cannot be read: {error.strerror}; mend its rights") from error
