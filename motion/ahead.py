"""Footage dated far ahead of the job's clock, by a clock that was wrong: set aside until its time has come.

Otherwise it would be the newest for good, and all that is recorded now would count as late. What the job itself did
while its clock was wrong is taken back as far as it stands in the way.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from mediamtx.layout import Layout
from mediamtx.names import RELEASED
from motion.activity import Activity
from motion.events import Rules, assemble
from motion.footage import Footage, end_of
from motion.state import CameraState, Pending

log = logging.getLogger(__name__)
TOLERATED = timedelta(days=1)
"""Clocks differ, and are set by hours where somebody takes local time for UTC: what is less ahead counts as present."""
SECOND = timedelta(seconds=1)


def horizon(now: datetime) -> datetime | None:
    """What starts then or later is set aside; None where `now` itself is of a clock that was not set."""
    return now + TOLERATED if now >= RELEASED else None


def count_ahead(camera: str, state: CameraState, footages: Iterable[Footage]) -> None:
    """Say so where there are more such segments than when they were last counted."""
    count = sum(len(footage.ahead) for footage in footages)
    if count > state.ahead:
        log.warning(
            "%s: %d segments are dated a day or more ahead, by a clock that was wrong; they are scanned in their time",
            camera,
            count,
        )
    state.ahead = count


def apart(events: Iterable[Pending], limit: datetime | None) -> tuple[list[Pending], list[Pending]]:
    """The events of the present, and those that lie ahead."""
    events = list(events)
    ahead = [item for item in events if limit is not None and item.event.start >= limit]
    return [item for item in events if item not in ahead], ahead


def take_back(
    layout: Layout,
    state: CameraState,
    streams: Iterable[tuple[Footage, timedelta]],
    activity: Activity,
    rules: Rules,
    limit: datetime | None,
) -> None:
    """Move watermarks from behind `limit` to the last segment before it that was scanned; end an event there.

    `streams` are given with what the clock of each is behind the main stream's.
    """
    for footage, offset in streams:
        known = state.streams.get(footage.stream)
        if limit is None or known is None or known.until is None or known.until < limit:
            continue
        later = offset + SECOND
        scanned = (segment for segment in reversed(footage.finished) if activity.scanned(segment.start + later))
        last = next(scanned, None)
        known.done = last.start if last else None
        known.until = end_of(layout, last) + offset if last else None
    if limit is not None and state.open is not None and state.open.start >= limit:
        over, state.open = assemble(state.open, (), None, rules)
        state.pending += map(Pending, over)
