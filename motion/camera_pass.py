"""One pass over one camera: what is new is scanned, windows become events, events that are over become clips.

The order of things is what makes a kill harmless (see "The motion job: invariants" in ARCHITECTURE.md):
1. a segment is scanned; its windows join the open event, or the events that are over and wait for their clip;
2. clips of waiting events are published; 3. the state is replaced, so that it knows 1 and 2 both;
4. the activity file follows. Killed before 3, the segment is scanned again, with the same result.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from config.settings import CameraSettings
from mediamtx.clips import Clip
from mediamtx.layout import Layout
from mediamtx.names import Segment, Stream
from mediamtx.segments import Span
from motion.activity import Activity
from motion.events import Rules, Window, assemble, windows_of
from motion.footage import Footage, end_of, has_stopped, late_finished, look_at
from motion.gaps import note_gaps
from motion.late import rejoin
from motion.latecomers import Latecomers
from motion.look import Look
from motion.publisher import Publisher, Reels
from motion.rebuild import rebuild
from motion.state import RETRIES, CameraState, Pending, Trouble, save_state
from motion.worklist import unprocessed, works

if TYPE_CHECKING:
    from motion.scan import Scanned

log = logging.getLogger(__name__)
MARGIN = timedelta(seconds=10)
"""So much longer than an event could go on, nothing must come before a stream is taken to have stopped."""
UNCOVERED = 2
"""Seconds of a main segment that the detect stream may leave out without the main stream being scanned for them."""
OVERLAP = timedelta(seconds=1)
"""Names are estimates: a segment is late when it starts earlier than this before the end of what is known."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a pass works with, apart from the camera's own state."""

    layout: Layout
    clock: Callable[[], datetime]
    stopped: Callable[[], bool]
    tick: Callable[[], bool]  # true when it is time to save what was reached
    told: Callable[[Clip], None]
    failed: Callable[[str], None]


class CameraPass:
    """A pass over one camera; `state` is changed and saved as it goes."""

    def __init__(self, camera: str, settings: CameraSettings, state: CameraState, around: Surroundings) -> None:
        self._camera, self._state, self._around = camera, state, around
        self._layout = around.layout
        self._rules, self._how = Rules.of(settings), Look.of(settings)
        self._offset = timedelta(seconds=settings.detect_offset)
        self._activity = Activity(around.layout, camera)
        self._latecomers = Latecomers(around.layout, camera, self._activity)
        self._publisher = Publisher(around.layout, camera, self._rules, around.told, around.failed)
        self._now = around.clock()  # of the listing: what came later is not known
        self._known_before = self._known_until()
        self._main = self._look(Stream(camera))
        self._detect = self._look(Stream(camera, detect=True))

    def run(self, damaged: bool) -> None:
        """Do all there is to do, or as much as there is time for; `damaged` when the state was lost.

        Raises StorageError and StateError where the state cannot be kept.
        """
        self._forget_what_is_gone()
        if damaged:
            rebuild(self._layout, self._camera, self._state, [self._detect, self._main], self._activity, self._rules)
        self._publish()
        self._scan(self._detect, self._todo(self._detect))
        self._scan_main()
        if not self._around.stopped():
            self._close()
        self._publish()
        self._note_gaps()
        self._save()

    def _look(self, stream: Stream) -> Footage:
        return look_at(self._layout, stream, self._state.stream(stream), self._now)

    def _forget_what_is_gone(self) -> None:
        there = (self._main.segments, self._detect.segments)
        self._state.troubles = {s: t for s, t in self._state.troubles.items() if any(s in some for some in there)}
        self._state.late = {s: seen for s, seen in self._state.late.items() if any(s in some for some in there)}
        undated = self._main.undated + self._detect.undated
        if undated > self._state.undated:
            log.warning(
                "%s: %d segments are dated before this release was built, by a clock that was not set; "
                "they are set aside",
                self._camera,
                undated,
            )
        self._state.undated = undated
        for footage in (self._main, self._detect):
            if not footage.segments:
                self._state.streams.pop(footage.stream, None)

    def _todo(self, footage: Footage) -> list[Segment]:
        aside = {segment for segment, trouble in self._state.troubles.items() if trouble.aside}
        done = self._state.stream(footage.stream).done if footage.segments else None
        retried = self._state.troubles.keys() - aside
        late = [] if done is None else self._latecomers.among(footage.finished.up_to(done), self._state.troubles)
        todo = unprocessed(footage.finished, done, retried, late)
        return [
            segment
            for segment in todo
            if done is None or segment.start > done or late_finished(self._layout, segment, self._state.late, self._now)
        ]

    def _scan_main(self) -> None:
        """Scan the main segments that the detect stream leaves out, as far as that is known by now."""
        todo = self._todo(self._main)
        if not self._detect.segments:
            self._scan(self._main, todo)
            return
        detect_ended = self._has_stopped(self._detect)
        for segment in todo:
            following = self._main.follower(segment)
            until = following.start if following else end_of(self._layout, segment)
            if self._around.stopped() or (not detect_ended and self._detect.segments[-1].start + self._offset < until):
                return  # the detect stream's part of it is still to come
            if self._activity.unscanned(Span(segment.start, until)) > UNCOVERED:
                until = min(until, end_of(self._layout, segment))
            span = Span(segment.start, max(until, segment.start))
            if self._activity.unscanned(span) > UNCOVERED:
                self._scan(self._main, [segment])
            else:
                self._activity.mark(span, ())
                self._passed(segment, span.end)

    def _scan(self, footage: Footage, todo: Sequence[Segment]) -> None:
        if not todo or self._around.stopped():
            return
        from motion.scan import Source, scan  # decoding is imported where there is something to decode

        offset = self._offset if footage.stream.detect else timedelta(0)
        for work in works(todo, footage.segments):
            segments = {}
            for index, segment in enumerate(work.segments):
                lead, fresh = index < work.lead, segment in work.todo
                source = Source(self._layout.segment_path(segment), segment.start + offset, lead, fresh)
                segments[source] = segment
            for scanned in scan(list(segments), self._how, lambda: not self._around.stopped()):
                self._take(segments[scanned.source], scanned)
                if self._around.tick():
                    self._publish()
                    self._save()
            if self._around.stopped():
                return

    def _take(self, segment: Segment, scanned: Scanned) -> None:
        """Note what the scan of one segment gave."""
        if scanned.problem:
            self._trouble(segment, scanned)
            return
        self._state.troubles.pop(segment, None)
        span, frames = scanned.span, scanned.frames
        if not segment.stream.detect and self._detect.segments:
            # What the detect stream has told already stands.
            told = self._activity.scanned
            frames = tuple(f for f in frames if abs(f.time - span.start) < OVERLAP or not told(f.time))
        self._activity.mark(span, frames)
        windows = windows_of(frames, span.end, self._rules)
        known = self._known_until()
        late = known is not None and span.start < known - OVERLAP
        self._passed(segment, span.end)
        waiting = self._state.pending
        if not late:
            over, self._state.open = assemble(self._state.open, windows, self._known_until(), self._rules)
            self._state.pending = [*waiting, *map(Pending, over)]
        elif windows:
            self._take_late(windows)
        if self._state.pending != waiting:
            self._publish()
            self._save()

    def _take_late(self, windows: Sequence[Window]) -> None:
        log.info("%s: motion in footage that came late, at %s", self._camera, windows[0].start)
        rejoin(self._layout, self._camera, self._state, windows, self._known_until(), self._rules)
        # Clips that are about to be replaced gave their windows: these must not be lost with them.
        self._save()

    def _trouble(self, segment: Segment, scanned: Scanned) -> None:
        if not os.path.lexists(scanned.source.path):
            return  # gone since it was listed
        before = self._state.troubles.get(segment)
        trouble = Trouble(before.tries + 1 if before else 1, scanned.problem)
        self._state.troubles[segment] = trouble
        if trouble.aside:
            log.warning("%s: set aside after %d passes", scanned.problem, RETRIES)
        elif before is None:
            log.warning("%s; tried again", scanned.problem)
        self._passed(segment, None)

    def _passed(self, segment: Segment, until: datetime | None) -> None:
        """Move the watermark of the segment's stream; `until` in the main stream's time."""
        known = self._state.stream(segment.stream)
        if known.done is None or segment.start > known.done:
            known.done = segment.start
        if until is not None and (known.until is None or until > known.until):
            known.until = until

    def _known_until(self) -> datetime | None:
        """Up to when footage is processed; None at the very beginning."""
        return max((known.until for known in self._state.streams.values() if known.until is not None), default=None)

    def _close(self) -> None:
        """End the open event when nothing more can come."""
        if self._state.open is None or not all(self._has_stopped(footage) for footage in (self._main, self._detect)):
            return
        over, self._state.open = assemble(self._state.open, (), None, self._rules)
        self._state.pending += map(Pending, over)

    def _has_stopped(self, footage: Footage) -> bool:
        patience = max(self._rules.merge_gap, self._rules.post) + MARGIN + abs(self._offset)
        known = self._state.stream(footage.stream) if footage.segments else None
        return known is None or has_stopped(footage, known, self._now, patience)

    def _note_gaps(self) -> None:
        """Note where nothing was recorded, as far as both streams are known."""
        streams, certain = [], self._known_until()
        for footage, offset in ((self._main, timedelta(0)), (self._detect, self._offset)):
            if footage.segments:
                known = self._state.stream(footage.stream)
                streams.append((footage.segments, offset))
                ended = self._has_stopped(footage) and known.done == footage.segments[-1].start
                if certain is not None and not ended:
                    certain = None if known.until is None else min(certain, known.until)
        if certain is not None:
            unread = {*self._state.troubles, *self._state.late}
            note_gaps(self._activity, streams, unread, self._known_before, certain)

    def _publish(self) -> None:
        if self._state.pending:
            reels = Reels(self._main, self._has_stopped(self._main), self._detect.segments, self._offset)
            self._state.pending = self._publisher.publish(self._state.pending, reels)

    def _save(self) -> None:
        save_state(self._layout, self._camera, self._state)
        self._activity.save()
        self._latecomers.save()
