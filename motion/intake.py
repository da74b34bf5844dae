"""Taking what was said of a segment: its windows join the open event, or the events that wait for their clip."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from mediamtx.layout import Layout
from mediamtx.names import Segment
from motion.activity import Activity
from motion.chunk import Scanned
from motion.events import Rules, Window, assemble, windows_of
from motion.late import rejoin
from motion.rescan import Rescan
from motion.state import RETRIES, CameraState, Pending, Trouble

log = logging.getLogger(__name__)
OVERLAP = timedelta(seconds=1)
"""Names are estimates: a segment is late when it starts earlier than this before the end of what is known."""


class Intake:
    """Takes the scans of one camera's segments in order, oldest first, into its state and activity.

    `save` saves the state; `publish_and_save` publishes the events that wait for their clip before.
    """

    def __init__(
        self,
        layout: Layout,
        camera: str,
        state: CameraState,
        activity: Activity,
        rules: Rules,
        rescan: Rescan,
        save: Callable[[], None],
        publish_and_save: Callable[[], None],
    ) -> None:
        self._layout, self._camera, self._state = layout, camera, state
        self._activity, self._rules, self._rescan = activity, rules, rescan
        self._save, self._publish_and_save = save, publish_and_save
        self.failed: set[Segment] = set()
        """What could not be read in this pass: one pass, one try, however often it comes by."""

    @property
    def known_until(self) -> datetime | None:
        """Up to when footage is processed; None at the very beginning."""
        return max((known.until for known in self._state.streams.values() if known.until is not None), default=None)

    def take(self, segment: Segment, scanned: Scanned, told: bool) -> None:
        """Note what the scan of one segment gave; `told`: what another stream told of the same time stands."""
        if not scanned.problem:
            self._state.troubles.pop(segment, None)
        elif not self._give_up(segment, scanned) or not scanned.frames:
            return
        span, frames = scanned.span, scanned.frames
        if told:
            frames = tuple(
                frame
                for frame in frames
                if abs(frame.time - span.start) < OVERLAP or not self._activity.scanned(frame.time)
            )
        self._activity.mark(span, frames)
        windows = windows_of(frames, span.end, self._rules)
        known = self.known_until
        late = known is not None and span.start < known - OVERLAP
        self.passed(segment, span.end)
        if self._rescan.covers(span.start):
            self._rescan.take(span, windows)
            return
        waiting = self._state.pending
        if not late:
            over, self._state.open = assemble(self._state.open, windows, self.known_until, self._rules)
            self._state.pending = [*waiting, *map(Pending, over)]
        elif windows:
            self._take_late(windows)
        if self._state.pending != waiting:
            self._publish_and_save()

    def passed(self, segment: Segment, until: datetime | None) -> None:
        """Move the watermark of the segment's stream; `until` in the main stream's time."""
        known = self._state.stream(segment.stream)
        if known.done is None or segment.start > known.done:
            known.done = segment.start
        if until is not None and (known.until is None or until > known.until):
            known.until = until

    def _take_late(self, windows: Sequence[Window]) -> None:
        log.info("%s: motion in footage that came late, at %s", self._camera, windows[0].start)
        rejoin(self._layout, self._camera, self._state, windows, self.known_until, self._rules)
        # Clips that are about to be replaced gave their windows: these must not be lost with them.
        self._save()

    def _give_up(self, segment: Segment, scanned: Scanned) -> bool:
        """Note that a segment could not be read; whether that is final, so that what could be read of it counts."""
        if not os.path.lexists(scanned.source.path):
            return False  # gone since it was listed
        self.failed.add(segment)
        before = self._state.troubles.get(segment)
        trouble = Trouble(before.tries + 1 if before else 1, scanned.problem)
        self._state.troubles[segment] = trouble
        if trouble.aside:
            log.warning("%s: set aside after %d passes", scanned.problem, RETRIES)
        elif before is None:
            log.warning("%s; tried again", scanned.problem)
        self.passed(segment, None)
        return trouble.aside
