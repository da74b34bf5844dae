"""Clips that lack footage: remembered, so that they are made again if it comes after all.

A stream that counts as stopped may go on, and a file may come late. What a clip lacks is remembered with the last
segment that there was before its end: once there is a later one, the clip's event waits for its clip again, or is
open again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from config.errors import SegmentError
from mediamtx.catalogue import find_clip
from mediamtx.layout import Layout
from mediamtx.names import Segment
from mediamtx.samples import open_video
from mediamtx.segments import Span, within
from motion.events import Rules, Window
from motion.footage import Footage, end_of
from motion.late import rejoin
from motion.spans import without
from motion.state import CameraState, Short

log = logging.getLogger(__name__)
LEAST = timedelta(seconds=1)
"""What is shorter is not missed: names are estimates, and a clip begins at a key frame."""
MOST = 20
"""So many clips are remembered, the last ones."""
LONGEST = 86_400.0  # s; times beyond are damage


def lacking(wanted: Span, footage: Iterable[Span]) -> list[Span]:
    """What of the footage that a clip should show there is not."""
    return [span for span in without([wanted], footage) if span.end - span.start >= LEAST]


def footage_in(layout: Layout, main: Footage, span: Span) -> list[Span]:
    """The footage of the main stream in and around `span`; looks into its segments."""
    near = [*main.segments.up_to(span.start)[-1:], *main.segments.after(span.start).up_to(span.end)]
    return [Span(segment.start, _end_of_pictures(layout, segment)) for segment in near]


def has_come(short: Iterable[Short], stem: str) -> bool:
    """Whether there is more footage now for a clip."""
    return any(item.clip == stem and item.come for item in short)


def remember(short: list[Short], stem: str, windows: Iterable[Window], lacks: Iterable[Span], main: Footage) -> None:
    """Note what a clip lacks of its event's windows, instead of what was noted of it before."""
    windows, fresh = list(windows), []
    for span in lacks:
        last = main.segments.up_to(span.end - LEAST)[-1:]
        inside = tuple(
            Window.told(part, window.score, window.marks)
            for window in windows
            for part in within([Span(window.start, window.end)], span)
        )
        fresh.append(Short(stem, span, last[0].start if last else None, inside))
    short[:] = [*(item for item in short if item.clip != stem), *fresh][-MOST:]


def mend(
    layout: Layout, camera: str, state: CameraState, main: Footage, known_until: datetime | None, rules: Rules
) -> None:
    """Let the events of clips for which there is more footage now wait for their clips again."""
    left = []
    for item in state.short:
        last = main.segments.up_to(item.lacks.end - LEAST)[-1:]
        if item.come or not last or (item.after is not None and last[0].start <= item.after):
            left.append(item)
            continue
        clip = find_clip(layout, camera, item.clip)
        if clip is not None and clip.windows and not clip.kept:
            log.info("%s: more footage came for %s", camera, item.clip)
            left.append(replace(item, come=True))
            windows = [Window.told(window, clip.score or 0.0, clip.marks) for window in clip.windows]
            rejoin(layout, camera, state, [*windows, *item.windows], known_until, rules)
    state.short[:] = left


def _end_of_pictures(layout: Layout, segment: Segment) -> datetime:
    """Where the pictures of a segment end, by its tables, which is quick; else where it ends at all."""
    try:
        with open_video(layout.segment_path(segment)) as video:
            if video is not None:
                last = max((sample.pts + sample.duration for sample in video.samples), default=0)
                return segment.start + timedelta(seconds=min(last / video.ticks, LONGEST))
    except SegmentError:
        return segment.start
    return end_of(layout, segment)
