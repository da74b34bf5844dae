"""Segments from before the watermark that were never scanned: noticed in each pass without a look at each segment.

The activity files tell which seconds were scanned. Of a day that was found scanned whole, a small file remembers the
sum of the segments' names and the age of the activity file: while both stay, nothing came late on that day. The oldest
day, which retention takes from, and the newest one, which grows, are looked at in each pass. The file only spares work.
"""

from __future__ import annotations

from collections.abc import Container
from datetime import timedelta

from mediamtx.layout import Layout
from mediamtx.listing import DayNames, Segments
from mediamtx.names import Segment, Stream
from mediamtx.notes import Notes, read_notes, write_notes
from motion.activity import DAY, HIGHEST, Activity

ONE_DAY, ONE_SECOND, MICROSECOND = timedelta(days=1), timedelta(seconds=1), timedelta(microseconds=1)


class Latecomers:
    """Looks for the unscanned segments of one camera."""

    def __init__(self, layout: Layout, camera: str, activity: Activity) -> None:
        self._path = layout.checked_days(camera)
        self._activity = activity
        self._known = read_notes(self._path)
        self._found: Notes = {}

    def among(self, before: Segments, aside: Container[Segment], offset: timedelta = timedelta(0)) -> list[Segment]:
        """Those of the segments before the watermark, sorted, that were not scanned, without those set `aside`.

        `offset` is what their stream's clock is behind the main stream's.
        """
        result = []
        days = list(before.days())
        for number, day in enumerate(days):
            key = f"{before.stream.path}/{day.day}"
            settled = self._settled(before.stream, day, offset) if 0 < number < len(days) - 1 else None
            if settled is None or self._known.get(key) != settled:
                unscanned = Segments(before.stream, self._unscanned(day, offset))
                result += (late := [segment for segment in unscanned if segment not in aside])
                if late:
                    continue
            if settled is not None:
                self._found[key] = settled
        return result

    def save(self) -> None:
        """Remember what was found, where that is new."""
        if self._found.items() <= self._known.items():
            return
        write_notes(self._path, self._found)
        self._known = self._found

    def _settled(self, stream: Stream, day: DayNames, offset: timedelta) -> list[int] | None:
        """What stays as long as nothing of a day changes; None where that cannot be told."""
        segments = Segments(stream, day.names)
        touched = {(segment.start + offset + ONE_SECOND).date() for segment in (segments[0], segments[-1])}
        versions = [self._activity.version(one) for one in sorted(touched)]
        known = [version for version in versions if version is not None]
        return [day.checksum, *known] if len(known) == len(versions) else None

    def _unscanned(self, day: DayNames, offset: timedelta) -> list[str]:
        """The segments are known by the second after the one they start in."""
        whole, rest = divmod(offset // MICROSECOND, 10**6)
        seconds = [int(name[11:13]) * 3600 + int(name[14:16]) * 60 + int(name[17:19]) + whole + 1 for name in day.names]
        if rest:
            parts = ((int(name[20:26]) + rest) // 10**6 for name in day.names)
            seconds = [second + part for second, part in zip(seconds, parts, strict=True)]
        scores, begin = self._activity.of_day(day.day), 0
        if seconds[0] < 0 or seconds[-1] >= DAY:
            before, after = (self._activity.of_day(day.day + days) for days in (-ONE_DAY, ONE_DAY))
            scores, begin = before + scores + after, -DAY
        return [name for name, second in zip(day.names, seconds, strict=True) if scores[second - begin] > HIGHEST]
