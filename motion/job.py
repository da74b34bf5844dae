"""The motion job: one pass over all cameras, one at a time, whatever happens to one of them."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from config.errors import BirbCamError
from config.settings import Settings
from mediamtx.clips import Clip
from mediamtx.files import make_folder, storage_error
from mediamtx.last_pass import LastPass, last_pass, note_pass
from mediamtx.layout import Layout
from mediamtx.names import Stream
from mediamtx.publish import sweep
from mediamtx.retention import apply_retention
from mediamtx.segments import Span
from motion.camera_pass import EVERY, CameraPass, Steps
from motion.events import Event, Rules
from motion.loose import file_loose
from motion.progress import Progress
from motion.prune import prune_activity
from motion.rescan import Wish
from motion.state import CameraState, load_state, save_state, sweep_states
from motion.surroundings import Surroundings
from motion.workers import Task, Workers

if TYPE_CHECKING:
    from filelock import FileLock

log = logging.getLogger(__name__)
PATIENCE = 60.0
"""Seconds that somebody with a wish waits for another pass."""
KEY_FRAME = timedelta(seconds=10)
"""The longest time between two key frames that the settings allow."""


@dataclass(slots=True)
class Report:
    """What a pass did."""

    clips: list[Clip] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    already_running: bool = False
    removed: list[Clip] = field(default_factory=list)  # as their footage was scanned again, and nothing was found
    renewed: list[Clip] = field(default_factory=list)  # of which only the score or the boxes are others now
    rescanned: float = 0.0  # s of footage that was scanned again


def run_pass(
    settings: Settings,
    clock: Callable[[], datetime],
    stopped: Callable[[], bool] = lambda: False,
    told: Callable[[Clip], None] = lambda clip: None,
    workers: Workers | None = None,
    progress: Progress | None = None,
    wish: Wish | None = None,
) -> Report:
    """One pass over all cameras, or the one that the settings limit it to; `told` hears of each new clip at once.

    Does nothing, and says so in the report, while another pass runs. What goes wrong with one camera stands in the
    report and does not keep the others. Ends early, with everything saved, once `stopped` says so.
    With a `wish` it waits for another pass, and scans that footage again once it has scanned what is new.
    The `workers` scan, without any this process. Raises StorageError where the state folder cannot be written, and
    WorkersError where the workers cannot be had.
    """
    from filelock import FileLock, Timeout

    layout = Layout.of(settings)
    make_folder(layout.state_dir)
    workers = workers or Workers()
    workers.begin(stopped)
    report = Report()
    lock = FileLock(layout.lock("scan"))
    try:
        _take_lock(lock, PATIENCE if wish else 0.0, stopped)
    except Timeout:
        report.already_running = True
        return report
    except OSError as error:
        raise storage_error(layout.state_dir, "the lock cannot be taken", error) from error
    try:
        job = _Job(settings, layout, clock, stopped, told, workers, progress or Progress(), wish, report)
        began = clock()
        job.run()
        before, searched = last_pass(layout), job.searched()
        if report.clips or report.errors or before is None or before.until != searched:  # else it writes nothing
            note_pass(layout, LastPass(began, clock(), len(report.clips), len(report.errors), searched))
    finally:
        lock.release()
    return report


def _take_lock(lock: FileLock, patience: float, stopped: Callable[[], bool]) -> None:
    """Take it within `patience` (s); Timeout."""
    from filelock import Timeout

    until = time.monotonic() + patience
    while True:
        try:
            lock.acquire(timeout=min(patience, 0.5))
            return
        except Timeout:
            if stopped() or time.monotonic() >= until:
                raise


class _Job:
    def __init__(
        self,
        settings: Settings,
        layout: Layout,
        clock: Callable[[], datetime],
        stopped: Callable[[], bool],
        told: Callable[[Clip], None],
        workers: Workers,
        progress: Progress,
        wish: Wish | None,
        report: Report,
    ) -> None:
        self._settings, self._layout, self._report = settings, layout, report
        self._clock, self._asked_to_stop = clock, stopped
        self._tell, self._workers, self._progress, self._wish = told, workers, progress, wish
        self._states: dict[str, CameraState] = {}
        self._damaged: set[str] = set()
        self._made_room = time.monotonic()

    def run(self) -> None:
        sweep_states(self._layout)
        for camera in sorted(self._settings.cameras):
            try:
                self._states[camera], damaged = load_state(self._layout, camera, self._clock())
                if damaged:
                    self._damaged.add(camera)
            except BirbCamError as error:
                self._failed(f"{camera}: {error}")
        self._retention()
        passes = {name: self._camera(name) for name in self._settings.camera_names() if name in self._states}
        side_by_side(passes, self._workers, self._stopped, self._failed)
        if self._workers.stuck:
            place = self._layout.media_dir
            self._failed(f"{place}: reading from there does not end, so the pass does; check the disk or the mount")

    def searched(self) -> dict[str, datetime]:
        """Up to when each camera's footage is searched, as far as that is known."""
        ends = {name: [one.until for one in state.streams.values()] for name, state in self._states.items()}
        known = {name: [end for end in found if end is not None] for name, found in ends.items()}
        return {name: max(found) for name, found in known.items() if found}

    def _stopped(self) -> bool:
        """Whether the pass is to end early."""
        return self._asked_to_stop() or self._workers.stuck

    def _camera(self, camera: str) -> Steps:
        if self._stopped():
            return
        state, settings = self._states[camera], self._settings.cameras[camera]
        try:
            sweep(self._layout, camera, "motion", self._clock())
            for clip in file_loose(self._layout, camera, state.loose, self._clock()):
                self._told(clip)
            prune_activity(self._layout, camera)
        except BirbCamError as error:  # of the clips' folder; the scan may go on
            self._failed(f"{camera}: {error}")
        around = Surroundings(
            layout=self._layout,
            clock=self._clock,
            stopped=self._stopped,
            workers=self._workers,
            tick=self._tick,
            told=self._told,
            renewed=self._report.renewed.append,
            rescanned=self._rescanned,
            removed=self._report.removed.append,
            failed=self._failed,
            progress=self._progress,
        )
        if self._wish is not None and not settings.motion:
            log.warning("%s: motion is off, so nothing is scanned again", camera)
        if settings.motion:
            yield from CameraPass(camera, settings, state, around).run(camera in self._damaged, self._wish)
        elif state.open is not None or state.pending:
            CameraPass(camera, settings, state, around).settle()
        else:
            save_state(self._layout, camera, state)

    def _tick(self) -> None:
        """Now and then in a long pass: let retention make room."""
        if time.monotonic() - self._made_room >= EVERY:
            self._made_room = time.monotonic()
            self._retention()

    def _retention(self) -> None:
        """Delete what is too old or too much, before new clips need the room."""
        try:
            apply_retention(self._settings, self._clock(), self._scanned(), needed(self._settings, self._states))
        except BirbCamError as error:
            self._failed(f"retention: {error}")

    def _scanned(self) -> dict[Stream, datetime]:
        """Up to when each stream was searched; where nobody asks for motion, nothing waits for it."""
        result = {}
        for camera, state in self._states.items():
            for stream in (Stream(camera), Stream(camera, detect=True)):
                until = state.streams[stream].until if stream in state.streams else None
                if not self._settings.cameras[camera].motion:
                    until = self._clock()
                if until is not None:
                    result[stream] = until
        return result

    def _told(self, clip: Clip) -> None:
        self._report.clips.append(clip)
        self._progress.found(clip.camera)
        self._tell(clip)

    def _rescanned(self, seconds: float) -> None:
        self._report.rescanned += seconds

    def _failed(self, problem: str) -> None:
        log.error("%s", problem)
        self._report.errors.append(problem)


def side_by_side(
    passes: Mapping[str, Steps],
    workers: Workers,
    stopped: Callable[[], bool],
    failed: Callable[[str], None],
) -> None:
    """Run the passes of several cameras: while one waits for its footage to be scanned, others go on.

    At most as many are begun as keep the workers busy.
    """
    coming, running, waiting = deque(passes.items()), dict[str, Steps](), dict[str, Task]()
    while coming or running:
        while coming and len(running) < workers.ahead:
            running.update([coming.popleft()])
        for camera, steps in list(running.items()):
            if camera in waiting and not waiting[camera].done() and not stopped():
                continue
            try:
                waiting[camera] = next(steps)
                continue
            except StopIteration:
                pass
            except BirbCamError as error:
                failed(f"{camera}: {error}")
            del running[camera]
            waiting.pop(camera, None)
        if running:
            workers.wait(waiting.values())


def needed(settings: Settings, states: Mapping[str, CameraState]) -> list[tuple[str, Span]]:
    """The footage that clips will still be cut from, by camera, with room for the key frame before."""
    result = []
    for camera, state in states.items():
        post, looking = Rules.of(settings.cameras[camera]).post, settings.cameras[camera].motion
        events = [item.event for item in state.pending] + ([state.open] if state.open and looking else [])
        events += [Event(window.start, (window,)) for window in (state.again.before if state.again else ())]
        result += [(camera, Span(event.start - KEY_FRAME, event.clip_end(post) + KEY_FRAME)) for event in events]
    return result
