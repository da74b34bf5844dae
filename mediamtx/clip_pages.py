"""Clips of all cameras, newest first, some at a time: whoever asks for the next ones says where the last ones ended."""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from mediamtx.catalogue import clips_of_day, day_folders
from mediamtx.clips import Clip
from mediamtx.layout import Layout
from mediamtx.names import ClipKind, ClipName

_CURSOR = re.compile(r"(\d{4}-\d\d-\d\d)~([0-9_-]+[a-z]+)~([a-z0-9][a-z0-9-]*)", re.ASCII)

Place = tuple[date, str, str]
"""Where a clip stands in the order: the day that it is filed under, its name, its camera."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which clips; times are UTC, None wants all."""

    since: datetime | None = None  # that start then or later
    until: datetime | None = None  # that start before
    kind: ClipKind | None = None
    kept: bool | None = None

    def takes(self, clip: Clip) -> bool:
        """Whether it is one of them."""
        return (
            (self.since is None or clip.start >= self.since)
            and (self.until is None or clip.start < self.until)
            and self.kind in (None, clip.kind)
            and self.kept in (None, clip.kept)
        )


@dataclass(frozen=True, slots=True)
class Page:
    """Some clips, and the cursor of those that follow; None at the end."""

    clips: list[Clip]
    following: str | None


def clip_page(layout: Layout, cameras: Sequence[str], wanted: Wanted, most: int, after: Place | None) -> Page:
    """At most `most` clips of these cameras that come after that place. Days that are not wanted are only names."""
    found = heapq.merge(*(_clips(layout, camera, wanted, after) for camera in cameras), key=_place, reverse=True)
    clips: list[Clip] = []
    for clip in found:
        if len(clips) == most:
            return Page(clips, encode_cursor(_place(clips[-1])))
        clips.append(clip)
    return Page(clips, None)


def encode_cursor(place: Place) -> str:
    """`2026-11-20~2026-11-20_18-03-04-120_motion~front`."""
    day, stem, camera = place
    return f"{day.isoformat()}~{stem}~{camera}"


def decode_cursor(text: str) -> Place | None:
    """The place; None where it is none."""
    match = _CURSOR.fullmatch(text)
    if match is None or ClipName.parse(match[2]) is None:
        return None
    try:
        return date.fromisoformat(match[1]), match[2], match[3]
    except ValueError:
        return None


def _place(clip: Clip) -> Place:
    return clip.day, clip.name.stem, clip.camera


def _clips(layout: Layout, camera: str, wanted: Wanted, after: Place | None) -> Iterator[Clip]:
    is_near = _days_of(layout, wanted)
    for day in day_folders(layout, camera):
        if not is_near(day) or (after is not None and day > after[0]):
            continue
        for clip in clips_of_day(layout, camera, day):
            if (after is None or _place(clip) < after) and wanted.takes(clip):
                yield clip


def _days_of(layout: Layout, wanted: Wanted) -> Callable[[date], bool]:
    """Whether a day may have such clips, also where it was filed while another time zone was set."""
    margin = timedelta(days=1)
    first = layout.day_of(wanted.since) - margin if wanted.since else date.min
    last = layout.day_of(wanted.until) + margin if wanted.until else date.max
    return lambda day: first <= day <= last
