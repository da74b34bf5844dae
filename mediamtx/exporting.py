"""A range of what was recorded as one clip, however long ago and long it is."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from config.errors import ClipError, StorageError
from mediamtx.clips import Clip
from mediamtx.files import make_folder
from mediamtx.layout import Layout
from mediamtx.listing import Segments, segments_of
from mediamtx.names import Stream
from mediamtx.publish import sweep
from mediamtx.recorded import gaps_between, recorded
from mediamtx.saving import publish_span
from mediamtx.segments import Span

SPARE = 100 * 1000 * 1000
"""Bytes that stay free beside what is exported, for what is recorded meanwhile."""


@dataclass(frozen=True, slots=True)
class ExportPlan:
    """What an export will be, before anything is written."""

    span: Span  # what is left of what was asked for: the footage's first moment to its last
    gaps: tuple[Span, ...]  # where nothing was recorded inside: the picture stands still there
    size: int  # bytes, about


class CancelledError(ClipError):
    """Somebody stopped it."""


def plan_export(layout: Layout, camera: str, span: Span) -> ExportPlan:
    """Look at what there is. Raises ClipError where that is nothing, StorageError where there is too little room."""
    footage = recorded(layout, Stream(camera), span)
    if not footage:
        raise ClipError("Nothing was recorded in this range, or it was deleted to make room; choose another one.")
    inside = Span(footage[0].start, footage[-1].end)
    size = _size(layout, _segments(layout, camera, inside), inside)
    make_folder(layout.camera_dir(camera))
    free = shutil.disk_usage(layout.output_dir).free
    if size + SPARE > free:
        raise StorageError(
            f"The clip needs about {size / 1e6:,.0f} MB and {free / 1e6:,.0f} MB are free; choose a shorter range, or "
            "make room first"
        ) from OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return ExportPlan(inside, tuple(gaps_between(footage, inside)), size)


def export(layout: Layout, camera: str, span: Span, now: datetime, watch: Callable[[float], None]) -> list[Clip]:
    """Publish a span as a clip of kind "saved", or as several where the footage cannot be joined; oldest first.

    What one that was killed was writing is removed first; what lies without an MP4 may be a clip that is just being
    deleted or restored.
    `watch` is told again and again how many seconds of it are written, and may raise CancelledError to stop it; then
    nothing is left behind. Raises ClipError where nothing can be read, StorageError.
    """
    sweep(layout, camera, "web", now, strays=False)
    return publish_span(layout, camera, "saved", _segments(layout, camera, span), span, watch=watch)


def _segments(layout: Layout, camera: str, span: Span) -> Segments:
    listed = segments_of(layout, Stream(camera), until=span.end)
    return listed[max(0, len(listed.up_to(span.start)) - 2) :]


def _size(layout: Layout, segments: Segments, span: Span) -> int:
    """About how many bytes of these segments belong to a span."""
    total = 0.0
    for number, segment in enumerate(segments):
        try:
            size = layout.segment_path(segment).stat().st_size
        except OSError:
            continue  # deleted meanwhile
        until = segments[number + 1].start if number + 1 < len(segments) else span.end
        whole = Span(segment.start, max(until, segment.start + timedelta(seconds=1)))
        part = whole.intersection(span)
        total += size * part.duration / whole.duration if part else 0
    return round(total)
