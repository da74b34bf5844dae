"""Deleting all clips in the background, once at a time; what runs by hand is ended first and becomes a clip."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from config.errors import BirbCamError
from mediamtx.manual import manual_recording
from mediamtx.purge import count_clips, delete_all
from webapp.state import AppState

log = logging.getLogger(__name__)
PATIENCE = 30.0  # s for recordings by hand to become clips, which are then deleted with the others


@dataclass(frozen=True, slots=True)
class Purge:
    """How far it is."""

    state: str  # "running", "done" or "failed"
    total: int  # clips when it began
    deleted: int = 0
    spared: int = 0  # kept ones
    problem: str | None = None


class PurgeBoard:
    """The deletion that runs, or the last one."""

    def __init__(self) -> None:
        self.last: Purge | None = None
        self._lock = threading.Lock()

    def start(self, state: AppState, kept_too: bool) -> bool:
        """Begin; False where one runs."""
        with self._lock:
            if self.last is not None and self.last.state == "running":
                return False
            self.last = Purge("running", 0)
        threading.Thread(target=self._run, args=(state, kept_too), name="purge", daemon=True).start()
        return True

    def _run(self, state: AppState, kept_too: bool) -> None:
        done = Purge("failed", 0, problem="The deletion broke off; the log says why.")
        try:
            _end_manual_recordings(state)
            self.last = Purge("running", state.threads.disk(count_clips, state.layout))
            state.threads.disk(delete_all, state.layout, kept_too, datetime.now(UTC), self._told)
            assert self.last is not None
            log.info("all clips were deleted: %d, and %d kept ones spared", self.last.deleted, self.last.spared)
            done = replace(self.last, state="done")
        except BirbCamError as error:
            log.error("not all clips were deleted: %s", error)
            done = replace(self.last or done, state="failed", problem=str(error))
        except OSError as error:  # of the disk, where nobody said it better
            log.error("not all clips were deleted: %s", error)
            said = f"The deletion broke off ({error.strerror or error}); look at the disk, then delete again."
            done = replace(self.last or done, state="failed", problem=said)
        finally:
            self.last = done

    def _told(self, deleted: bool) -> None:
        assert self.last is not None
        if deleted:
            self.last = replace(self.last, deleted=self.last.deleted + 1)
        else:
            self.last = replace(self.last, spared=self.last.spared + 1)


def _end_manual_recordings(state: AppState) -> None:
    """So that their files are closed, and no clip appears after all are deleted."""
    names = state.settings.camera_names()
    running = [name for name in names if state.manual.stop(name, datetime.now(UTC)) is not None]
    deadline = time.monotonic() + PATIENCE
    while running and time.monotonic() < deadline:
        state.manual.tend(datetime.now(UTC))
        running = [name for name in running if state.threads.disk(manual_recording, state.layout, name) is not None]
        if running:
            time.sleep(0.5)
