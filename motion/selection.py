"""Which segments of a camera a pass has to scan: decided from names, scores and what is remembered of each stream."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from datetime import datetime, timedelta

from config.settings import CameraSettings
from mediamtx.layout import Layout
from mediamtx.names import Segment
from mediamtx.segments import Span
from motion.activity import Activity
from motion.events import Rules
from motion.footage import Footage, end_of, has_stopped, late_finished
from motion.latecomers import Latecomers
from motion.rescan import Rescan
from motion.state import CameraState
from motion.worklist import unprocessed

MARGIN = timedelta(seconds=10)
"""So much longer than an event could go on, nothing must come before a stream is taken to have stopped."""
UNCOVERED = 2
"""Seconds of a main segment that the detect stream may leave out without the main stream being scanned for them."""
BATCH = 60
"""So many main segments are looked through before the first of them is scanned."""
ONE_SECOND = timedelta(seconds=1)


class Selection:
    """Of one camera's two streams, as they were when a pass began; `failed` are the segments that it failed to read."""

    def __init__(
        self,
        layout: Layout,
        state: CameraState,
        activity: Activity,
        latecomers: Latecomers,
        rescan: Rescan,
        failed: Container[Segment],
        settings: CameraSettings,
        now: datetime,
    ) -> None:
        self._layout, self._state, self._activity = layout, state, activity
        self._latecomers, self._rescan, self._failed = latecomers, rescan, failed
        self._offset, self._now = timedelta(seconds=settings.detect_offset), now
        rules = Rules.of(settings)
        self._patience = max(rules.merge_gap, rules.post) + MARGIN + abs(self._offset)

    def todo(self, footage: Footage) -> list[Segment]:
        """The segments of a stream that are to be scanned, oldest first; one that failed in this pass is not."""
        retried = {s for s, trouble in self._state.troubles.items() if not trouble.aside and s not in self._failed}
        done = self._state.stream(footage.stream).done if footage.segments else None
        offset = self._offset if footage.stream.detect else timedelta(0)
        late: list[Segment] = []
        if done is not None:
            late = self._latecomers.among(footage.finished.up_to(done), self._state.troubles, offset)
        return [
            segment
            for segment in unprocessed(footage.finished, done, retried, late)
            if done is None
            or segment.start > done
            or self._rescan.covers(segment.start + offset)
            or late_finished(self._layout, segment, self._state.late, self._now)
        ]

    def judged(
        self, main: Footage, detect: Footage, todo: Sequence[Segment]
    ) -> Iterator[tuple[Segment, Span, bool, int]]:
        """Main segments, their footage, whether the detect stream leaves something out of it, and their batch.

        The second that a segment shares with the one before it counts as the next one does, so that it does not
        matter whether that one was scanned in this pass.
        """
        detect_ended = self.has_stopped(detect)
        for number, segment in enumerate(todo):
            following = main.follower(segment)
            until = following.start if following else end_of(self._layout, segment)
            if not detect_ended and detect.segments[-1].start + self._offset < until:
                return  # the detect stream's part of it is still to come
            if self._left_out(Span(segment.start, until)):
                until = min(until, end_of(self._layout, segment))
            span = Span(segment.start, max(until, segment.start))
            yield segment, span, self._left_out(span), number // BATCH

    def has_stopped(self, footage: Footage) -> bool:
        """Whether nothing more is to be expected of a stream."""
        known = self._state.stream(footage.stream) if footage.segments else None
        return known is None or has_stopped(footage, known, self._now, self._patience)

    def _left_out(self, span: Span) -> bool:
        first = span.start.replace(microsecond=0)
        if first == span.start:
            return self._activity.unscanned(span) > UNCOVERED
        first += ONE_SECOND
        shared = self._activity.unscanned(Span(first, first + ONE_SECOND))  # as the second it begins in
        return shared + self._activity.unscanned(Span(first, max(first, span.end))) > UNCOVERED
