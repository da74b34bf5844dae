"""Keeps a publisher for each feed of each enabled camera, and follows the settings."""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from camera.notify import notify
from camera.publisher import Publisher
from camera.settings import unseen
from camera.settings_server import Service
from camera.sources import Feed, feeds
from config.follow import Follower
from config.settings import CameraSettings, Settings

log = logging.getLogger(__name__)

POLL = 2.0  # s between two looks at the settings files
STOP_TIMEOUT = 4.0  # s; a publisher needs up to 2
STUCK = 60.0  # s in which a publisher comes by, also where it asks a network that is gone for an address

_DEFAULTS: dict[str, Any] = {f.name: f.default for f in dataclasses.fields(CameraSettings)}


@dataclass(frozen=True, slots=True)
class Job:
    """All that one publisher depends on: where two are equal, it goes on undisturbed."""

    feed: Feed
    camera: CameraSettings
    zone: str
    state_dir: Path


def jobs(settings: Settings) -> set[Job]:
    """What should be published."""
    return {
        Job(feed, _published(camera, feed), str(settings.zone), settings.state_dir)
        for name in settings.camera_names()
        if (camera := settings.cameras[name]).enabled
        for feed in feeds(name, camera)
    }


def _published(camera: CameraSettings, feed: Feed) -> CameraSettings:
    """A camera's settings, with the default for those whose change must not interrupt its publisher."""
    hidden = unseen(dataclasses.replace(camera, source=feed.source))
    return dataclasses.replace(camera, **{name: _DEFAULTS[name] for name in hidden})


def _camera(settings: Settings, job: Job) -> CameraSettings:
    return settings.cameras[job.feed.streams[0].camera]


class _Worker:
    """A publisher in its thread."""

    def __init__(self, settings: Settings, job: Job) -> None:
        self.camera = _camera(settings, job)
        self.publisher = Publisher(settings, self.camera, job.feed)
        self.thread = threading.Thread(target=self.publisher.run, name=job.feed.label, daemon=True)
        self.thread.start()


class Supervisor:
    """The publishers of all configured cameras; used by one thread."""

    def __init__(self, load: Callable[[], Settings]) -> None:
        """`load` reads the settings files; its ConfigError at the start is the caller's."""
        self._follower = Follower(load)
        self._workers: dict[Job, _Worker] = {}
        self._stuck = False
        self._service = Service(self.settings)

    @property
    def settings(self) -> Settings:
        """The settings that are followed now."""
        return self._follower.settings

    @property
    def publishers(self) -> dict[Feed, Publisher]:
        """The publisher of each feed."""
        return {job.feed: worker.publisher for job, worker in self._workers.items()}

    def run(self, wait: Callable[[float], bool]) -> None:
        """Publish until `wait(seconds)` returns true, then end everything within about 2 s."""
        self._keep()
        if not self._workers:
            log.warning("no camera is enabled; waiting for one in the settings")
        notify("READY=1")
        try:
            while not wait(POLL):
                self._follow()
                self._keep()
                self._tell_systemd()
        finally:
            notify("STOPPING=1")
            self._service.stop()
            self._end(list(self._workers))

    def _tell_systemd(self) -> None:
        """Say that all goes on: it ends and starts again who does not say so."""
        oldest = min(self._workers.values(), key=lambda worker: worker.publisher.alive_at, default=None)
        if oldest is None or time.monotonic() - oldest.publisher.alive_at < STUCK:
            self._stuck = False
            notify("WATCHDOG=1")
        elif not self._stuck:
            self._stuck = True
            log.error("%s: its publisher hangs; systemd is no longer told that all is well", oldest.thread.name)

    def _follow(self) -> None:
        """Take over changed settings."""
        if self._follower.look():
            logging.getLogger().setLevel(self.settings.log_level.upper())

    def _keep(self) -> None:
        """Start what should run and does not; end what should not."""
        wanted = jobs(self.settings)
        crashed = [job for job, worker in self._workers.items() if not worker.thread.is_alive()]
        for job in crashed:
            log.error("%s: its publisher crashed; starting it again", job.feed.label)
        self._end([*crashed, *(job for job in self._workers if job not in wanted)])
        for job in sorted(wanted - self._workers.keys(), key=lambda job: job.feed.label):
            self._workers[job] = _Worker(self.settings, job)
        for job, worker in self._workers.items():
            camera = _camera(self.settings, job)
            if camera != worker.camera:
                worker.camera = camera
                worker.publisher.adjust(camera)
        self._service.follow(self.settings, self.publishers)

    def _end(self, ending: list[Job]) -> None:
        workers = [worker for job in dict.fromkeys(ending) if (worker := self._workers.pop(job, None))]
        for worker in workers:
            worker.publisher.stop()
        deadline = time.monotonic() + STOP_TIMEOUT
        for worker in workers:
            worker.thread.join(max(0.0, deadline - time.monotonic()))
