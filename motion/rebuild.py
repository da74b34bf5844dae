"""A lost state, rebuilt from what is on disk: the activity file says what was scanned, the clips what came of it."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise

from mediamtx.catalogue import clips_near
from mediamtx.decisions import tombstones
from mediamtx.layout import Layout
from mediamtx.names import Segment, iso
from mediamtx.segments import Span
from motion.activity import Activity
from motion.events import Rules, Window
from motion.footage import Footage, end_of
from motion.late import rejoin
from motion.look import LOOK_BACK
from motion.state import CameraState

log = logging.getLogger(__name__)
SECOND = timedelta(seconds=1)


def rebuild(
    layout: Layout,
    camera: str,
    state: CameraState,
    streams: Iterable[tuple[Footage, timedelta]],
    activity: Activity,
    rules: Rules,
) -> None:
    """Set the watermarks as far as everything before is known to be settled; the rest is scanned again.

    What was published stays as it is, or is replaced by the same clip: nothing is doubled. `streams` are given with
    what the clock of each is behind the main stream's.
    """
    streams = [(footage, offset) for footage, offset in streams if footage.segments]
    if not streams:
        return
    whole = Span(
        min(footage.segments[0].start + offset for footage, offset in streams),
        max(footage.segments[-1].start + offset for footage, offset in streams) + timedelta(days=1),
    )
    shown = [clip.span for clip in clips_near(layout, camera, whole) if clip.kind == "motion"]
    shown += [grave.clip.span for grave in tombstones(layout, camera)]

    def is_settled(segment: Segment, following: Segment, offset: timedelta) -> bool:
        span = Span(segment.start + offset + SECOND, following.start + offset)
        if activity.unknown(span) or not activity.scanned(span.start):  # a gap not noted yet, or a segment come late
            span = Span(span.start, max(span.start, min(span.end, end_of(layout, segment) + offset)))
            if activity.unscanned(span):
                return False
        return all(
            any(clip.overlaps(Span(second, second + SECOND)) for clip in shown)
            for second in activity.loud(span, rules.threshold)
        )

    again, known_until = whole.end, None
    for footage, offset in streams:
        known = state.stream(footage.stream)
        open_from = footage.segments[0].start + offset
        for segment, following in pairwise(footage.finished):
            if not is_settled(segment, following, offset):
                break
            known.done, known.until = segment.start, following.start + offset
            open_from = known.until
            known_until = max(open_from, known_until or open_from)
        again = min(again, open_from)
    activity.forget(Span(again, whole.end))
    _take_up(layout, camera, state, again, known_until, rules)
    log.warning("%s: the footage from %s on is scanned again", camera, iso(again))


def _take_up(
    layout: Layout, camera: str, state: CameraState, again: datetime, known_until: datetime | None, rules: Rules
) -> None:
    """Let the event of a clip be open again which what is scanned from `again` on may belong to."""
    near = again - max(rules.merge_gap, rules.post) - LOOK_BACK
    for clip in clips_near(layout, camera, Span(near, again)):
        if clip.kind == "motion" and clip.windows and not clip.kept and clip.shows([Span(near, again)]):
            windows = [Window.told(window, clip.score or 0.0, clip.marks) for window in clip.windows]
            rejoin(layout, camera, state, windows, known_until, rules)
