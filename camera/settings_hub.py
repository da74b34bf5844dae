"""This machine's Pi cameras as the settings server sees them; the supervisor keeps it up to date."""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from camera.machine import machine_status
from camera.pi_controls import LIVE
from camera.progress import Status
from camera.publisher import Publisher
from camera.sources import Feed, Source
from config.errors import CameraError
from config.load import SAVED_NAME
from config.settings import CameraSettings, Settings
from mediamtx.saved_settings import save_camera_values

log = logging.getLogger(__name__)

SILENT = 6.0  # s without a status, after which a camera's process does not answer; one comes every 2 s
STILL_TIMEOUT = 2.4  # s; sending the question takes up to 2 s more where the process hangs
_BUSY_TIMEOUT = 0.4  # s that a still picture waits for another one


class NotRunningError(CameraError):
    """The camera's process is away for the moment, or was never started."""


class Cameras(Protocol):
    """The Pi cameras of a machine; used by many threads."""

    def all(self) -> Mapping[str, CameraSettings]:
        """Their settings, by name."""

    def offers(self, name: str) -> Mapping[str, Any]:
        """What a camera said of itself; nothing where it has not yet."""

    def change(self, name: str, values: Mapping[str, Any]) -> None:
        """Keep these values, and let them count; StorageError where they cannot be kept."""

    def status(self, name: str) -> dict[str, Any]:
        """What it does; never waits for it."""

    def still(self, name: str) -> bytes:
        """The next picture as JPEG, within 5 s; NotRunningError, or CameraError where none comes."""

    def restart(self, name: str) -> None:
        """Start its pipeline anew."""


@dataclass(slots=True)
class _Known:
    publisher: Publisher | None
    asking: threading.Lock = dataclasses.field(default_factory=threading.Lock)


class SupervisedCameras:
    """The cameras of a supervisor."""

    def __init__(self, settings: Settings) -> None:
        self._lock = threading.Lock()
        self._saving = threading.Lock()
        self._began = time.monotonic()
        self._settings = self._followed = settings
        self._known: dict[str, _Known] = {}

    def follow(self, settings: Settings, publishers: Mapping[Feed, Publisher]) -> None:
        """Take over what the supervisor has; called after each of its looks."""
        found = {feed.main.camera: publisher for feed, publisher in publishers.items() if feed.main is not None}
        with self._lock:
            if settings is not self._followed:  # else it has not seen yet what was changed here
                self._settings = self._followed = settings
            for name in self._known.keys() | found.keys():
                known = self._known.setdefault(name, _Known(None))
                known.publisher = found.get(name)

    def all(self) -> Mapping[str, CameraSettings]:
        """Their settings, by name."""
        settings = self._settings
        return {
            name: camera
            for name in settings.camera_names()
            if Source.kind_of((camera := settings.cameras[name]).source) == "picamera"
        }

    def offers(self, name: str) -> Mapping[str, Any]:
        """What a camera said of itself; nothing where it has not yet."""
        publisher = self._publisher(name)
        link = publisher.link if publisher is not None else None
        return link.camera if link is not None else {}

    def change(self, name: str, values: Mapping[str, Any]) -> None:
        """Keep these values, and let them count."""
        with self._saving:
            save_camera_values(self._settings.state_dir / SAVED_NAME, name, values)
            camera = dataclasses.replace(self._settings.cameras[name], **values)
            with self._lock:
                cameras = self._settings.cameras | {name: camera}
                self._settings = dataclasses.replace(self._settings, cameras=cameras)
        log.info("camera %s: set through the settings server: %s", name, ", ".join(sorted(values)))
        publisher = self._publisher(name)
        if publisher is not None and values.keys() <= LIVE:
            publisher.adjust(camera)  # at once; the rest is the supervisor's, within 2 s

    def status(self, name: str) -> dict[str, Any]:
        """What it does; never waits for it."""
        now = time.monotonic()
        publisher = self._publisher(name)
        status = publisher.status if publisher is not None else Status("waiting", now, reason="it is switched off")
        link = publisher.link if publisher is not None else None
        told = dict(link.status) if link is not None else {}
        age = now - link.status_at if link is not None and told else None
        return {
            "state": status.state,
            "reason": status.reason,
            "since": round(now - status.since),
            "restarts": status.restarts,
            "answers": age is not None and age < SILENT,
            "age": None if age is None else round(age, 1),
            "camera": told,
            "machine": machine_status() | {"client_uptime": round(now - self._began)},
        }

    def still(self, name: str) -> bytes:
        """The next picture as JPEG."""
        with self._lock:
            known = self._known.get(name)
        link = known.publisher.link if known is not None and known.publisher is not None else None
        if known is None or link is None:
            raise NotRunningError("the camera does not run at the moment; its status says why")
        if not known.asking.acquire(timeout=_BUSY_TIMEOUT):
            raise NotRunningError("another picture is being taken; try again")
        try:
            return link.still(STILL_TIMEOUT)
        finally:
            known.asking.release()

    def restart(self, name: str) -> None:
        """Start its pipeline anew."""
        publisher = self._publisher(name)
        if publisher is None:
            raise NotRunningError("the camera is switched off")
        publisher.restart()

    def _publisher(self, name: str) -> Publisher | None:
        with self._lock:
            known = self._known.get(name)
            return known.publisher if known is not None else None
