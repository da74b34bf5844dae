"""Publishes one feed to the recorder, and heals itself: `run` is a retry loop around `run_once`."""

from __future__ import annotations

import logging
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Sequence

from camera import child
from camera.backlog import Backlog
from camera.command import build_command
from camera.pi_controls import LIVE
from camera.pi_link import Link
from camera.probe import Probe, own_probe, probe_source
from camera.progress import Progress, Status, Story, stall_timeout, start_timeout
from camera.reasons import last_reason
from camera.recorder_watch import Received, require_recorder
from camera.sources import Feed, Source, demo_command, picamera_command
from config.errors import CameraError, RecorderError
from config.settings import CameraSettings, Settings
from mediamtx.addresses import publish_url

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 2.0  # s between two tries; looking at the source and starting take up to 3 s more
GRACE = 1.2  # s that ffmpeg has to say goodbye to the recorder, which then closes its segment at once
_TICK = 0.2  # s at which a stop is noticed
_ERRORS_KEPT = 20  # lines
_CLOCK_SET = 3.0  # s by which the system's clock goes away from the monotonic one when somebody sets it


class Publisher:
    """One feed of one camera; `run` in a thread of its own, whose children die with it."""

    def __init__(self, settings: Settings, camera: CameraSettings, feed: Feed) -> None:
        self._settings = settings
        self._camera = camera
        self._feed = feed
        self._stop = threading.Event()
        self._restart = threading.Event()
        self._story = Story(feed.label, Status("starting", time.monotonic()))
        self._probe: Probe | None = None
        self._link: Link | None = None
        self._held: list[child.Program] = []  # killed, and still there
        self.alive_at = time.monotonic()
        """When its thread last came by (s of the monotonic clock)."""
        self._told = {"day_night": "day"}  # of its camera process, from one to the next

    @property
    def status(self) -> Status:
        """What it does, since when, and why."""
        return self._story.status

    @property
    def link(self) -> Link | None:
        """The control channel of a Pi's camera module while it runs."""
        return self._link

    def adjust(self, camera: CameraSettings) -> None:
        """Take over settings that differ in `pi_controls.LIVE` only, while the pictures go on."""
        self._camera = camera
        if link := self._link:
            try:
                link.adjust({name: getattr(camera, name) for name in LIVE})
            except CameraError:
                pass  # its process is about to be started anew, with these settings

    def stop(self) -> None:
        """Ask `run` to end; it takes up to 2 s."""
        self._stop.set()

    def restart(self) -> None:
        """Ask for a new pipeline, where one runs."""
        self._restart.set()

    def run(self) -> None:
        """Publish until `stop` is called."""
        pause = FIRST_PAUSE
        while not self._stop.is_set():
            self.alive_at = time.monotonic()
            try:
                self.run_once()
            except (CameraError, RecorderError) as error:
                if self._stop.is_set():
                    return
                away = isinstance(error, RecorderError)
                if not away:
                    self._probe = None  # the source may come back as another
                was_publishing = self.status.state == "publishing"
                self._say(self._story.lost(f"recorder away ({error})" if away else str(error), time.monotonic()))
                pause = FIRST_PAUSE if was_publishing else min(2 * pause, LONGEST_PAUSE)
            self._stop.wait(pause)

    def run_once(self) -> None:
        """One try: returns when `stop` is called, otherwise raises the reason why it ended.

        RecorderError: the recorder is away. CameraError: the source is away, or ffmpeg ended or hung.
        """
        child.require("ffmpeg", "ffmpeg")
        self._held = [program for program in self._held if program.poll() is None]
        if self._held:  # another one would hang as well, and they would become many
            raise CameraError("a killed program has not ended yet; if that lasts, the device hangs: plug it in anew")
        urls = {stream: publish_url(self._settings, stream) for stream in self._feed.streams}
        require_recorder(self._settings)  # asked before the camera is: it is left alone while nobody takes its picture
        source = Source.parse(self._feed.source)
        if self._probe is None:
            self._probe = own_probe(source, self._camera) or probe_source(source, self._stop)
        main, detect = (urls.get(stream) if stream else None for stream in (self._feed.main, self._feed.detect))
        command = build_command(self._camera, source, self._probe, main, detect)
        programs = self._start(source, command)
        try:
            reason = self._watch(programs)
        finally:
            self._held += child.end(programs, GRACE)
            if self._link is not None:
                self._link.close()
                self._link = None
        if reason is not None:
            require_recorder(self._settings)  # where the recorder has gone, that is the reason
            raise CameraError(reason)

    def _start(self, source: Source, command: Sequence[str]) -> list[child.Program]:
        """ffmpeg, and behind it the camera where it is a program of ours."""
        if source.kind not in ("demo", "picamera"):
            return [child.start(command)]
        camera = self._start_camera(source)
        try:
            encoder = child.start(command, stdin=camera.stdout)
        except CameraError:
            child.end([camera], 0)
            raise
        assert camera.stdout is not None
        camera.stdout.close()  # ffmpeg alone reads it: when ffmpeg ends, so does the camera
        return [encoder, camera]

    def _start_camera(self, source: Source) -> child.Program:
        zone = str(self._settings.zone)
        if source.kind == "demo":
            # A large pipe saves switching to and fro; at HD, less than one picture waits in it.
            return child.start(demo_command(self._camera, zone), pipe_size=1 << 20)
        self._link = link = Link(self._camera_says, self._told)
        try:
            return child.start(picamera_command(self._camera, source.module, zone), stdin=link.theirs)
        finally:
            link.theirs.close()

    def _camera_says(self, text: str, level: int) -> None:
        log.log(level, "%s: %s", self._feed.label, text)

    def _watch(self, programs: Sequence[child.Program]) -> str | None:
        """Follow ffmpeg until it ends or hangs: the reason; None where `stop` was called."""
        encoder = programs[0]
        kind = Source.parse(self._feed.source).kind
        start = start_timeout(kind, self._camera)
        progress = Progress(time.monotonic(), stall_timeout(kind, self._camera), start)
        ahead = time.time() - time.monotonic()
        errors: list[deque[str]] = [deque(maxlen=_ERRORS_KEPT) for _ in programs]
        lines = child.Lines(encoder.stdout, *(program.stderr for program in programs))
        backlog = Backlog(encoder.pid)
        received = Received(self._settings, self._feed, time.monotonic() + start)
        self._restart.clear()
        try:
            while not self._stop.is_set():
                if self._restart.is_set():
                    return "somebody asked for a restart"
                ended = encoder.poll()  # before its last words are read
                for pipe, line in lines.read(_TICK if ended is None else 0):
                    if pipe is encoder.stdout:
                        progress.read(line, time.monotonic())
                        continue
                    log.debug("%s: %s", self._feed.label, line)
                    for program, said in zip(programs, errors, strict=True):
                        if pipe is program.stderr and line.strip():
                            said.append(line)
                now = self.alive_at = time.monotonic()
                if ended is not None:
                    return _why_ended(ended, _code(programs[1:]), *errors)
                if progress.flowing:
                    self._say(self._story.publishing(now), logging.INFO)
                # A recorder names its files by the clock at the start, and by the stream's own from there on.
                if abs(time.time() - time.monotonic() - ahead) > _CLOCK_SET:
                    return f"the clock was set by {time.time() - time.monotonic() - ahead:+.0f} s: a new recording"
                if stalled := backlog.stuck(now) or progress.stalled(now) or received.missing(now):
                    return stalled
        finally:
            lines.close()
        return None

    def _say(self, line: str | None, level: int = logging.WARNING) -> None:
        if line is not None:
            log.log(level, "%s", line)


def _code(cameras: Sequence[child.Program]) -> int | None:
    """The exit code of our camera program; None where there is none, or it goes on for a moment."""
    for camera in cameras:
        try:
            return camera.wait(_TICK)
        except subprocess.TimeoutExpired:
            return None
    return None


def _why_ended(code: int, camera: int | None, errors: Sequence[str], camera_errors: Sequence[str] = ()) -> str:
    """The reason in words, from the exit codes of ffmpeg and a camera program of ours, and what they wrote last."""
    if code < 0:
        return f"ffmpeg was killed ({signal.Signals(-code).name})"
    ours = [line.removeprefix("birbcam: ") for line in camera_errors if line.startswith("birbcam: ")]
    if ours:
        return f"the camera ended ({ours[-1]})"
    if camera is not None and camera < 0:
        return f"the camera was killed ({signal.Signals(-camera).name})"
    if camera_errors and camera != 0:
        return f"the camera ended ({last_reason(camera_errors)})"
    if errors:
        return f"ffmpeg ended ({last_reason(errors)})"
    return "the source ended" if code == 0 else f"ffmpeg ended with exit code {code}"
