"""The manual recordings of all cameras: who ended is made a clip of in the background, also after a restart."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event

from filelock import FileLock, Timeout

from config.errors import BirbCamError, StorageError
from config.settings import Settings
from mediamtx import manual as recordings
from mediamtx.clips import Clip
from mediamtx.layout import Layout
from mediamtx.manual import Manual, manual_recording
from webapp.threads import Threads

EVERY = 1.0  # s between two looks
PAUSE = 30.0  # s until what could not be saved is tried again

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Last:
    """What became of a recording."""

    start: datetime  # UTC
    clips: list[Clip]  # none where nothing was recorded, or not yet
    problem: str | None = None


class ManualBoard:
    """Starts and stops recordings, and makes their clips in `tend`."""

    def __init__(self, settings: Settings, layout: Layout, threads: Threads) -> None:
        self._settings, self._layout, self._threads = settings, layout, threads
        self._lock = FileLock(layout.lock("manual"), thread_local=False)
        self._last: dict[str, Last] = {}
        self._pause_until: dict[str, datetime] = {}
        self._stopped = Event()

    def follow(self, settings: Settings, layout: Layout) -> None:
        """Go on with other settings over the same folders."""
        self._settings, self._layout = settings, layout

    def last(self, camera: str) -> Last | None:
        """What became of the camera's last recording."""
        return self._last.get(camera)

    def start(self, camera: str, now: datetime) -> Manual:
        """As `mediamtx.manual.start`."""
        manual = self._threads.disk(recordings.start, self._settings, camera, now)
        self._last.pop(camera, None)
        return manual

    def stop(self, camera: str, now: datetime) -> Manual | None:
        """As `mediamtx.manual.stop`; the clip is then made as soon as the footage is there."""
        manual = self._threads.disk(recordings.stop, self._settings, camera, now)
        self._pause_until.pop(camera, None)
        self._stopped.set()
        return manual

    def tend(self, now: datetime) -> None:
        """Make the clips of those that have ended; what cannot be made is tried again later.

        One process at a time: while the web app restarts there are two for a moment.
        """
        ended = [manual for manual in self._threads.disk(self._all) if manual.end(now) is not None]
        waiting = [manual for manual in ended if now >= self._pause_until.get(manual.camera, now)]
        if not waiting:
            return
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            return
        except OSError as error:
            raise StorageError(f"{self._lock.lock_file}: cannot be written ({error.strerror}); make room") from error
        try:
            for manual in waiting:
                self._finish(manual, now)
        finally:
            self._lock.release()

    def run(self) -> None:
        """Tend for ever; for a greenlet of its own."""
        said = ""
        while True:
            try:
                self.tend(datetime.now(UTC))
                said = ""
            except (BirbCamError, OSError) as error:  # of a disk: said once, not each second
                if said != str(error):
                    said = str(error)
                    log.warning("%s", said)
            self._stopped.wait(EVERY)
            self._stopped.clear()

    def _all(self) -> list[Manual]:
        found = (manual_recording(self._layout, name) for name in self._settings.camera_names())
        return [manual for manual in found if manual is not None]

    def _finish(self, manual: Manual, now: datetime) -> None:
        try:
            clips = self._threads.heavy(recordings.finish, self._settings, manual, now)
        except BirbCamError as error:
            log.warning("camera %s: a recording by hand waits to be saved: %s", manual.camera, error)
            self._last[manual.camera] = Last(manual.start, [], str(error))
            self._pause_until[manual.camera] = datetime.fromtimestamp(now.timestamp() + PAUSE, UTC)
            return
        if clips is not None:
            nothing = None if clips else "Nothing was recorded in that time: the camera was not sending."
            self._last[manual.camera] = Last(manual.start, clips, nothing)
