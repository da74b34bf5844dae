"""Saving the last 60 s: a clip of what was just recorded, from the segment still being written too."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from config.errors import ClipError, SegmentError
from config.settings import Settings
from mediamtx.catalogue import find_clip
from mediamtx.clips import Clip
from mediamtx.cut import CutPart, cut
from mediamtx.layout import Layout
from mediamtx.names import ClipKind, ClipName, Segment, Stream
from mediamtx.publish import publish, temporary_path, thumbnail_of
from mediamtx.segments import LONGEST_SEGMENT, Span, inspect, list_segments

logger = logging.getLogger(__name__)

_LIVE = timedelta(seconds=10)  # footage that ended no longer ago is still coming in


def save_last(settings: Settings, camera: str, seconds: float, now: datetime) -> Clip:
    """Publish the last `seconds` of a camera's main stream as a clip of kind "saved".

    While footage comes in they are counted back from its end, which lies a part or so before `now`; so they are all
    there. If it cannot be joined, each part becomes a clip and the last one is returned.
    Raises ClipError where nothing was recorded in that time, StorageError.
    """
    layout = Layout.of(settings)
    length = timedelta(seconds=seconds)
    segments = list_segments(layout, Stream(camera), since=now - length - LONGEST_SEGMENT)
    newest = footage_end(layout, segments)
    if newest is None or newest <= now - length:
        raise ClipError(f"camera {camera}: nothing was recorded in the last {seconds:g} s; is it publishing?")
    end = min(now, newest) if now - newest < _LIVE else now
    span = Span(end - length, end)
    return publish_span(layout, camera, "saved", segments, span)[-1]


def publish_span(
    layout: Layout,
    camera: str,
    kind: ClipKind,
    segments: Sequence[Segment],
    span: Span,
    once: bool = False,
    watch: Callable[[float], None] | None = None,
) -> list[Clip]:
    """Publish a span of a camera's main stream; a clip for each part that cannot be joined, oldest first.

    With `once`, a part that was published before (its name says so) is not published again; `watch` as of `cut`.
    Raises ClipError where nothing of it can be read, StorageError.
    """
    temporary = temporary_path(layout, camera, ClipName(span.start, kind), "web")
    parts = cut(layout, segments, span, temporary, watch).parts
    clips = []
    try:
        for number, part in enumerate(parts, 1):
            requested = span.start if number == 1 else part.start
            before = find_clip(layout, camera, ClipName(requested, kind).stem) if once else None
            clip = Clip.new(layout, camera, kind, requested, part.start, part.end, part=number)
            clips.append(before or publish(layout, clip, part.path, _thumbnail(part)))
    finally:
        for part in parts:
            part.path.unlink(missing_ok=True)
    return clips


def footage_end(layout: Layout, segments: Sequence[Segment]) -> datetime | None:
    """Where the newest segment ends that can be read; one just begun may hold nothing yet."""
    for segment in reversed(segments):
        try:
            return segment.start + timedelta(seconds=inspect(layout.segment_path(segment)).duration)
        except SegmentError as error:
            logger.debug("passed over: %s", error)
    return None


def _thumbnail(part: CutPart) -> bytes | None:
    try:
        return thumbnail_of(part.path, (part.end - part.start).total_seconds() / 2)
    except ClipError as error:
        logger.warning("a clip stays without a thumbnail: %s", error)
        return None
