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
from mediamtx.names import Segment
from mediamtx.notes import Notes, read_notes, write_notes
from motion.activity import HIGHEST, Activity

ONE_DAY = timedelta(days=1)
LAST_SECOND = "23-59-59"


class Latecomers:
    """Looks for the unscanned segments of one camera."""

    def __init__(self, layout: Layout, camera: str, activity: Activity) -> None:
        self._path = layout.checked_days(camera)
        self._activity = activity
        self._known = read_notes(self._path)
        self._found: Notes = {}

    def among(self, before: Segments, aside: Container[Segment]) -> list[Segment]:
        """Those of the segments before the watermark, sorted, that were not scanned, without those set `aside`."""
        result = []
        days = list(before.days())
        for number, day in enumerate(days):
            key = f"{before.stream.path}/{day.day}"
            settled = self._settled(day) if 0 < number < len(days) - 1 else None
            if settled is None or self._known.get(key) != settled:
                unscanned = Segments(before.stream, self._unscanned(day))
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

    def _settled(self, day: DayNames) -> list[int] | None:
        """What stays as long as nothing of a day changes; None where that cannot be told."""
        versions = [self._activity.version(day.day)]
        if day.names[-1][11:19] == LAST_SECOND:
            versions.append(self._activity.version(day.day + ONE_DAY))
        known = [version for version in versions if version is not None]
        return [day.checksum, *known] if len(known) == len(versions) else None

    def _unscanned(self, day: DayNames) -> list[str]:
        """The segments are known by the second after the one they start in."""
        scores = self._activity.of_day(day.day)
        if day.names[-1][11:19] == LAST_SECOND:
            scores += self._activity.of_day(day.day + ONE_DAY)[:1]
        return [
            name
            for name in day.names
            if scores[int(name[11:13]) * 3600 + int(name[14:16]) * 60 + int(name[17:19]) + 1] > HIGHEST
        ]
