"""One pass over one camera: what is new is scanned, windows become events, events that are over become clips.

The order of things is what makes a kill harmless (see "The motion job: invariants" in ARCHITECTURE.md):
1. a segment is scanned; its windows join the open event, or the events that are over and wait for their clip;
2. clips of waiting events are published; 3. the state is replaced, so that it knows 1 and 2 both;
4. the activity file follows. Killed before 3, the segment is scanned again, with the same result.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import groupby

from config.settings import CameraSettings
from mediamtx.names import Segment, Stream
from motion.activity import Activity
from motion.ahead import apart, count_ahead, horizon, take_back
from motion.chunk import Chunk, Source
from motion.events import Rules, assemble
from motion.footage import Footage, look_at
from motion.gaps import note_gaps
from motion.intake import Intake
from motion.latecomers import Latecomers
from motion.look import Look
from motion.publisher import Publisher, Reels
from motion.rebuild import rebuild
from motion.rescan import Rescan, Wish
from motion.selection import Selection
from motion.short import mend
from motion.state import CameraState, Pending, save_state
from motion.surroundings import Surroundings
from motion.workers import Task
from motion.worklist import Work, works

log = logging.getLogger(__name__)
EVERY = 30.0
"""Seconds of a long pass after which it saves what it reached, and lets retention look again."""
Steps = Iterator[Task]
"""A part of a pass, and the tasks that it waits for."""


class CameraPass:
    """A pass over one camera; `state` is changed and saved as it goes."""

    def __init__(self, camera: str, settings: CameraSettings, state: CameraState, around: Surroundings) -> None:
        self._camera, self._state, self._around = camera, state, around
        self._layout = around.layout
        self._rules, self._how = Rules.of(settings), Look.of(settings)
        self._offset = timedelta(seconds=settings.detect_offset)
        self._activity = Activity(around.layout, camera)
        self._latecomers = Latecomers(around.layout, camera, self._activity)
        self._publisher = Publisher(
            around.layout, camera, self._rules, state.short, around.told, around.renewed, around.failed
        )
        self._rescan = Rescan(around.layout, camera, state, self._activity, self._rules)
        self._intake = Intake(
            around.layout, camera, state, self._activity, self._rules, self._rescan, self._save, self._publish_and_save
        )
        self._now = around.clock()  # of the listing: what came later is not known
        self._selection = Selection(
            around.layout,
            state,
            self._activity,
            self._latecomers,
            self._rescan,
            self._intake.failed,
            settings,
            self._now,
        )
        self._saved = time.monotonic()
        self._known_before = self._intake.known_until
        self._horizon = horizon(self._now)
        self._main = self._look(Stream(camera))
        self._detect = self._look(Stream(camera, detect=True))
        self._streams = ((self._detect, self._offset), (self._main, timedelta(0)))

    def run(self, damaged: bool, wish: Wish | None = None) -> Steps:
        """Do all there is to do, or as much as there is time for; `damaged` when the state was lost, `wish` when
        something is to be scanned again.

        Gives out each task that it has to wait for; where somebody goes on before it is done, the pass is ending.
        Raises StorageError and StateError where the state cannot be kept.
        """
        self._forget_what_is_gone()
        count_ahead(self._camera, self._state, (self._detect, self._main))
        take_back(self._layout, self._state, self._streams, self._activity, self._rules, self._horizon)
        if damaged:
            rebuild(self._layout, self._camera, self._state, self._streams, self._activity, self._rules)
        self._rescan.resume(self._around.removed)
        if not self._rescan.in_hand:
            mend(self._layout, self._camera, self._state, self._main, self._intake.known_until, self._rules)
        self._publish()
        yield from self._scan_both()
        if not self._around.stopped():
            self._close()
        self._publish()
        self._note_gaps()
        self._save()
        yield from self._scan_again(wish)

    def _scan_both(self) -> Steps:
        yield from self._scan(self._detect, self._selection.todo(self._detect))
        yield from self._scan_main()

    def _scan_again(self, wish: Wish | None) -> Steps:
        """Scan what somebody wishes to be scanned again, and what is left of that from other passes."""
        if self._rescan.in_hand and not self._around.stopped():  # it was scanned with what is new
            self._end_piece()
        if wish is not None and not self._around.stopped():
            self._rescan.request(wish.span, f"{wish.text} {self._how} {self._rules}", self._streams)
        while not self._around.stopped() and self._rescan.begin(self._streams):
            self._save()
            self._rescan.forget()
            yield from self._scan_both()
            if self._around.stopped():
                return
            self._end_piece()
        self._save()

    def _end_piece(self) -> None:
        self._activity.save()
        oldest = self._main.segments[0].start if self._main.segments else None
        self._around.rescanned(self._rescan.finish(self._intake.known_until, oldest))
        self._save()
        self._rescan.resume(self._around.removed)
        self._close()
        self._publish_and_save()

    def settle(self) -> None:
        """Where nobody looks for motion any more: make the clips of what was found before. Raises as `run` does.

        An event that was under way stays open, since it goes on if somebody looks again: its clip is replaced then.
        """
        so_far, _ = assemble(self._state.open, (), None, self._rules)
        left = self._publish_all([*self._state.pending, *map(Pending, so_far)])
        self._state.pending = [item for item in left if item.event not in so_far or item.tries]
        if any(item.event in so_far for item in self._state.pending):
            self._state.open = None  # it cannot be cut: after some more tries it is given up
        self._save()

    def _look(self, stream: Stream) -> Footage:
        return look_at(self._layout, stream, self._state.stream(stream), self._now, self._horizon)

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

    def _scan_main(self) -> Steps:
        """Scan the main segments that the detect stream leaves out, as far as that is known by now."""
        todo = self._selection.todo(self._main)
        if not self._detect.segments:
            yield from self._scan(self._main, todo)
            return
        judged = self._selection.judged(self._main, self._detect, todo)
        for (needed, _), group in groupby(judged, key=lambda one: one[2:]):
            if self._around.stopped():
                return
            if needed:
                yield from self._scan(self._main, [segment for segment, *_ in group])
            else:
                for segment, span, *_ in group:
                    if self._around.stopped():
                        return
                    self._activity.mark(span, ())
                    self._intake.passed(segment, span.end)

    def _scan(self, footage: Footage, todo: Sequence[Segment]) -> Steps:
        """Have segments scanned, some chunks ahead, and take what comes back in order."""
        if not todo or self._around.stopped():
            return
        self._around.progress.expect(self._camera, sum(footage.length(segment) for segment in todo))
        workers = self._around.workers
        under_way: deque[tuple[Task, Mapping[Source, Segment]]] = deque()
        for work in works(todo, footage.segments):
            sources = self._sources(footage.stream, work)
            under_way.append((workers.submit(Chunk(tuple(sources), self._how)), sources))
            if len(under_way) >= workers.ahead:
                yield from self._take(*under_way.popleft())
            if self._around.stopped():
                return
        while under_way and not self._around.stopped():
            yield from self._take(*under_way.popleft())

    def _sources(self, stream: Stream, work: Work) -> Mapping[Source, Segment]:
        offset = self._offset if stream.detect else timedelta(0)
        return {
            Source(
                self._layout.segment_path(segment), segment.start + offset, index < work.lead, segment in work.todo
            ): segment
            for index, segment in enumerate(work.segments)
        }

    def _take(self, task: Task, segments: Mapping[Source, Segment]) -> Steps:
        while not task.done():
            yield task
            if self._around.stopped():
                return
        for scanned in task.result():
            segment = segments[scanned.source]
            self._around.progress.scanned(self._camera, scanned.span.duration)
            self._intake.take(segment, scanned, told=not segment.stream.detect and bool(self._detect.segments))
        self._around.tick()
        if time.monotonic() - self._saved >= EVERY:
            self._saved = time.monotonic()
            self._publish_and_save()

    def _close(self) -> None:
        """End the open event when nothing more can come."""
        if self._state.open is None or not all(
            self._selection.has_stopped(footage) for footage in (self._main, self._detect)
        ):
            return
        over, self._state.open = assemble(self._state.open, (), None, self._rules)
        self._state.pending += map(Pending, over)

    def _note_gaps(self) -> None:
        """Note where nothing was recorded, as far as both streams are known."""
        streams, certain = [], self._intake.known_until
        for footage, offset in ((self._main, timedelta(0)), (self._detect, self._offset)):
            if footage.segments:
                known = self._state.stream(footage.stream)
                streams.append((footage.segments, offset))
                ended = self._selection.has_stopped(footage) and known.done == footage.segments[-1].start
                if certain is not None and not ended:
                    certain = None if known.until is None else min(certain, known.until)
        if certain is not None:
            unread = {*self._state.troubles, *self._state.late}
            note_gaps(self._activity, streams, unread, self._known_before, certain)

    def _publish(self) -> None:
        if self._state.pending:
            self._state.pending = self._publish_all(self._state.pending)

    def _publish_all(self, events: Sequence[Pending]) -> list[Pending]:
        """Publish what can be; what is left."""
        present, ahead = apart(events, self._horizon)
        reels = Reels(self._main, self._selection.has_stopped(self._main), self._detect.segments, self._offset)
        reels_ahead = Reels(self._main.of_ahead, True, self._detect.ahead, self._offset)
        return self._publisher.publish(present, reels) + self._publisher.publish(ahead, reels_ahead)

    def _publish_and_save(self) -> None:
        self._publish()
        self._save()

    def _save(self) -> None:
        save_state(self._layout, self._camera, self._state)
        self._activity.save()
        self._latecomers.save()
