"""What the cameras are doing, asked of the recorder at most once a second whatever the number of viewers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from config.errors import RecorderError
from config.settings import Settings
from mediamtx.addresses import running_recorder
from mediamtx.api import StreamState, stream_states
from mediamtx.names import Stream

State = Literal["live", "starting", "offline"]

FRESH = timedelta(seconds=1)
STARTING = timedelta(seconds=20)  # a camera has so long to publish after the recorder came up

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CameraStatus:
    """Whether a camera publishes, and since when (UTC; None where nobody knows)."""

    state: State
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the recorder said; `recorder_started` is None when it does not run."""

    taken: datetime
    streams: dict[Stream, StreamState]
    recorder_started: datetime | None
    has_hls_js: bool = False
    has_webrtc: bool = False


def take_snapshot(settings: Settings, now: datetime) -> Snapshot:
    """Ask the recorder; one that does not answer within a second has no streams."""
    try:
        info = running_recorder(settings)
        return Snapshot(now, stream_states(settings), info.started, info.has_hls_js, info.webrtc_base is not None)
    except RecorderError as error:
        log.debug("%s", error)
        return Snapshot(now, {}, None)


def status_of(camera: str, snapshot: Snapshot, last_live: datetime | None) -> CameraStatus:
    """What a page says of a camera; `last_live` is when it was last seen publishing."""
    stream = snapshot.streams.get(Stream(camera))
    if stream is not None and stream.ready:
        return CameraStatus("live", stream.since)
    started = snapshot.recorder_started
    if last_live is None and started is not None and snapshot.taken - started < STARTING:
        return CameraStatus("starting", started)
    return CameraStatus("offline", last_live)


class StatusBoard:
    """The newest snapshot, and when each camera was last live."""

    def __init__(
        self,
        settings: Settings,
        take: Callable[[Settings, datetime], Snapshot] = take_snapshot,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._take = take
        self._clock = clock
        self._asking = threading.Lock()  # named in full: gevent replaces it there, after this module is imported
        self._snapshot: Snapshot | None = None
        self._last_live: dict[str, datetime] = {}

    def snapshot(self) -> Snapshot:
        """What the recorder said within the last second; while it is being asked, others get what it said before."""
        last = self._snapshot
        if last is not None and (abs(self._clock() - last.taken) < FRESH or self._asking.locked()):
            return last
        with self._asking:
            if self._snapshot is not last and self._snapshot is not None:
                return self._snapshot  # somebody asked while we waited
            snapshot = self._take(self._settings, self._clock())
            for stream, state in snapshot.streams.items():
                if state.ready and not stream.detect:
                    self._last_live[stream.camera] = snapshot.taken
            self._snapshot = snapshot
            return snapshot

    def status(self, camera: str) -> CameraStatus:
        """The state of one camera."""
        return status_of(camera, self.snapshot(), self._last_live.get(camera))
