"""The motion job: one pass over all cameras, one at a time, whatever happens to one of them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from config.errors import BirbCamError
from config.settings import Settings
from mediamtx.clips import Clip
from mediamtx.files import make_folder
from mediamtx.layout import Layout
from mediamtx.names import Stream
from mediamtx.publish import sweep
from mediamtx.retention import apply_retention
from mediamtx.segments import Span
from motion.camera_pass import CameraPass, Surroundings
from motion.events import Rules
from motion.loose import file_loose
from motion.state import CameraState, load_state, save_state, sweep_states

log = logging.getLogger(__name__)
EVERY = 30.0
"""Seconds of a long pass after which it saves what it reached, and lets retention look again."""
KEY_FRAME = timedelta(seconds=10)
"""The longest time between two key frames that the settings allow."""


@dataclass(slots=True)
class Report:
    """What a pass did."""

    clips: list[Clip] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    already_running: bool = False


def run_pass(
    settings: Settings,
    clock: Callable[[], datetime],
    stopped: Callable[[], bool] = lambda: False,
    told: Callable[[Clip], None] = lambda clip: None,
) -> Report:
    """One pass over all cameras, or the one that the settings limit it to; `told` hears of each new clip at once.

    Does nothing, and says so in the report, while another pass runs. What goes wrong with one camera stands in the
    report and does not keep the others. Ends early, with everything saved, once `stopped` says so.
    Raises StorageError where the state folder cannot be written.
    """
    from filelock import FileLock, Timeout

    layout = Layout.of(settings)
    make_folder(layout.state_dir)
    report = Report()
    try:
        with FileLock(layout.lock("scan"), timeout=0):
            _Job(settings, layout, clock, stopped, told, report).run()
    except Timeout:
        report.already_running = True
    return report


class _Job:
    def __init__(
        self,
        settings: Settings,
        layout: Layout,
        clock: Callable[[], datetime],
        stopped: Callable[[], bool],
        told: Callable[[Clip], None],
        report: Report,
    ) -> None:
        self._settings, self._layout, self._report = settings, layout, report
        self._clock, self._stopped = clock, stopped
        self._tell = told
        self._states: dict[str, CameraState] = {}
        self._damaged: set[str] = set()
        self._saved = time.monotonic()

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
        for camera in self._settings.camera_names():
            if camera in self._states and not self._stopped():
                try:
                    self._camera(camera)
                except BirbCamError as error:
                    self._failed(f"{camera}: {error}")

    def _camera(self, camera: str) -> None:
        state, settings = self._states[camera], self._settings.cameras[camera]
        try:
            sweep(self._layout, camera, "motion", self._clock())
            for clip in file_loose(self._layout, camera, state.loose, self._clock()):
                self._told(clip)
        except BirbCamError as error:  # of the clips' folder; the scan may go on
            self._failed(f"{camera}: {error}")
        if settings.motion:
            around = Surroundings(self._layout, self._clock, self._stopped, self._tick, self._told, self._failed)
            CameraPass(camera, settings, state, around).run(camera in self._damaged)
        else:
            save_state(self._layout, camera, state)

    def _tick(self) -> bool:
        """Now and then in a long pass: let retention make room, and have the state saved."""
        if time.monotonic() - self._saved < EVERY:
            return False
        self._saved = time.monotonic()
        self._retention()
        return True

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
        self._tell(clip)

    def _failed(self, problem: str) -> None:
        log.error("%s", problem)
        self._report.errors.append(problem)


def needed(settings: Settings, states: Mapping[str, CameraState]) -> list[tuple[str, Span]]:
    """The footage that clips will still be cut from, by camera, with room for the key frame before."""
    result = []
    for camera, state in states.items():
        post = Rules.of(settings.cameras[camera]).post
        events = [item.event for item in state.pending] + ([state.open] if state.open else [])
        result += [(camera, Span(event.start - KEY_FRAME, event.clip_end(post) + KEY_FRAME)) for event in events]
    return result
