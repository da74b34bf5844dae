"""Publishes one feed to the recorder, and heals itself: `run` is a retry loop around `run_once`."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections import deque
from collections.abc import Sequence

from camera import child
from camera.command import build_command
from camera.probe import RAW, Probe, probe_source
from camera.progress import START_TIMEOUT, Progress, Status, Story
from camera.reasons import last_reason
from camera.sources import Feed, Source, demo_command
from config.errors import CameraError, RecorderError
from config.settings import CameraSettings, Settings
from mediamtx.addresses import publish_url
from mediamtx.api import stream_states

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 2.0  # s between two tries; looking at the source and starting take up to 3 s more
GRACE = 1.2  # s that ffmpeg has to say goodbye to the recorder, which then closes its segment at once
CHECK_INTERVAL = 5.0  # s between two looks at what the recorder has
_TICK = 0.2  # s at which a stop is noticed
_ERRORS_KEPT = 20  # lines


class Publisher:
    """One feed of one camera; `run` in a thread of its own, whose children die with it."""

    def __init__(self, settings: Settings, camera: CameraSettings, feed: Feed) -> None:
        self._settings = settings
        self._camera = camera
        self._feed = feed
        self._stop = threading.Event()
        self._story = Story(feed.label, Status("starting", time.monotonic()))
        self._probe: Probe | None = None

    @property
    def status(self) -> Status:
        """What it does, since when, and why."""
        return self._story.status

    def stop(self) -> None:
        """Ask `run` to end; it takes up to 2 s."""
        self._stop.set()

    def run(self) -> None:
        """Publish until `stop` is called."""
        pause = FIRST_PAUSE
        while not self._stop.is_set():
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
        urls = {stream: publish_url(self._settings, stream) for stream in self._feed.streams}
        stream_states(self._settings)  # asked before the camera is: it is left alone while nobody takes its picture
        source = Source.parse(self._feed.source)
        if self._probe is None:
            self._probe = RAW if source.kind == "demo" else probe_source(source, self._stop)
        main, detect = (urls.get(stream) if stream else None for stream in (self._feed.main, self._feed.detect))
        command = build_command(self._camera, source, self._probe, main, detect)
        programs = self._start(source, command)
        try:
            reason = self._watch(programs)
        finally:
            child.end(programs, GRACE)
        if reason is not None:
            stream_states(self._settings)  # where the recorder has gone, that is the reason
            raise CameraError(reason)

    def _start(self, source: Source, command: Sequence[str]) -> list[child.Program]:
        """ffmpeg, and behind it the demo camera where that is the source."""
        if source.kind != "demo":
            return [child.start(command)]
        # A large pipe saves switching to and fro; at HD, less than one picture waits in it.
        demo = child.start(demo_command(self._camera, str(self._settings.zone)), pipe_size=1 << 20)
        try:
            encoder = child.start(command, stdin=demo.stdout)
        except CameraError:
            child.end([demo], 0)
            raise
        assert demo.stdout is not None
        demo.stdout.close()  # ffmpeg alone reads it: when ffmpeg ends, so does the demo camera
        return [encoder, demo]

    def _watch(self, programs: Sequence[child.Program]) -> str | None:
        """Follow ffmpeg until it ends or hangs: the reason; None where `stop` was called."""
        encoder = programs[0]
        progress = Progress(time.monotonic())
        errors: list[deque[str]] = [deque(maxlen=_ERRORS_KEPT) for _ in programs]
        lines = child.Lines(encoder.stdout, *(program.stderr for program in programs))
        received = _Received(self._settings, self._feed, time.monotonic())
        try:
            while not self._stop.is_set():
                ended = encoder.poll()  # before its last words are read
                for pipe, line in lines.read(_TICK if ended is None else 0):
                    if pipe is encoder.stdout:
                        progress.read(line, time.monotonic())
                        continue
                    log.debug("%s: %s", self._feed.label, line)
                    for program, said in zip(programs, errors, strict=True):
                        if pipe is program.stderr and line.strip():
                            said.append(line)
                now = time.monotonic()
                if ended is not None:
                    return _why_ended(ended, *errors)
                if progress.flowing:
                    self._say(self._story.publishing(now), logging.INFO)
                if stalled := progress.stalled(now) or received.missing(now):
                    return stalled
        finally:
            lines.close()
        return None

    def _say(self, line: str | None, level: int = logging.WARNING) -> None:
        if line is not None:
            log.log(level, "%s", line)


class _Received:
    """Whether the recorder has what ffmpeg says it sends."""

    def __init__(self, settings: Settings, feed: Feed, now: float) -> None:
        self._settings = settings
        self._feed = feed
        self._checked = now + START_TIMEOUT
        self._missed = 0

    def missing(self, now: float) -> str | None:
        """What is wrong where the recorder lacks a stream at two checks in a row."""
        if now - self._checked < CHECK_INTERVAL:
            return None
        self._checked = now
        try:
            states = stream_states(self._settings)
        except RecorderError:
            return None  # ffmpeg will notice
        lacking = [stream.path for stream in self._feed.streams if stream not in states or not states[stream].ready]
        self._missed = self._missed + 1 if lacking else 0
        return f"the recorder gets nothing of {', '.join(lacking)}" if self._missed >= 2 else None


def _why_ended(code: int, errors: Sequence[str], demo_errors: Sequence[str] = ()) -> str:
    """The reason in words, from ffmpeg's exit code and what it and the demo camera wrote last."""
    if code < 0:
        return f"ffmpeg was killed ({signal.Signals(-code).name})"
    if demo_errors:
        return f"the demo camera ended ({last_reason(demo_errors)})"
    if errors:
        return f"ffmpeg ended ({last_reason(errors)})"
    return "the source ended" if code == 0 else f"ffmpeg ended with exit code {code}"
