"""A lost state, rebuilt from what is on disk: the activity file says what was scanned, the clips what came of it."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import timedelta
from itertools import pairwise

from mediamtx.catalogue import clips_near
from mediamtx.decisions import tombstones
from mediamtx.layout import Layout
from mediamtx.names import Segment, iso
from mediamtx.segments import Span
from motion.activity import Activity
from motion.events import Rules
from motion.footage import Footage, end_of
from motion.state import CameraState

log = logging.getLogger(__name__)
SECOND = timedelta(seconds=1)


def rebuild(
    layout: Layout, camera: str, state: CameraState, footages: Iterable[Footage], activity: Activity, rules: Rules
) -> None:
    """Set the watermarks as far as everything before is known to be settled; the rest is scanned again.

    What was published stays as it is, or is replaced by the same clip: nothing is doubled.
    """
    footages = [footage for footage in footages if footage.segments]
    if not footages:
        return
    whole = Span(
        min(footage.segments[0].start for footage in footages),
        max(footage.segments[-1].start for footage in footages) + timedelta(days=1),
    )
    shown = [clip.span for clip in clips_near(layout, camera, whole) if clip.kind == "motion"]
    shown += [grave.clip.span for grave in tombstones(layout, camera)]

    def is_settled(segment: Segment, following: Segment) -> bool:
        span = Span(segment.start + SECOND, following.start)
        if activity.unknown(span) or not activity.scanned(span.start):  # a gap not noted yet, or a segment come late
            span = Span(span.start, max(span.start, min(span.end, end_of(layout, segment))))
            if activity.unscanned(span):
                return False
        return all(
            any(clip.overlaps(Span(second, second + SECOND)) for clip in shown)
            for second in activity.loud(span, rules.threshold)
        )

    again = whole.end
    for footage in footages:
        known = state.stream(footage.stream)
        open_from = footage.segments[0].start
        for segment, following in pairwise(footage.finished):
            if not is_settled(segment, following):
                break
            known.done, known.until = segment.start, following.start
            open_from = following.start
        again = min(again, open_from)
    activity.forget(Span(again, whole.end))
    log.warning("%s: the footage from %s on is scanned again", camera, iso(again))
