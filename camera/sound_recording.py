"""One recording of a microphone after the other: a thread with a recording program, and what is said of it."""

from __future__ import annotations

import contextlib
import math
import os
import re
import selectors
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from camera import child
from camera.microphones import Source, choose, look
from camera.sound_flow import Flow
from config.errors import CameraError

PAUSE, LONG_PAUSE = 2.0, 5.0  # s between two tries, in the first minute of silence and later
START = 3.0  # s that a recording has to give its first sound
STALL = 1.0  # s without a byte from then on
LOOK = 5.0  # s between two looks whether ALSA's cards are the same, or a sound server has come
STEADY = 60.0  # s of sound after which the next trouble is a new one
REPEAT = 600.0  # s after which trouble that comes and goes is told again
_TICK = 0.25  # s at which a stop is noticed
_SETTLED = 0.3  # s after the sound server told of a change: several come together
_FRAGMENT = 40  # ms of sound at a time
_REST = 0.02  # s until the next look at the pipe: some sources give 100 small pieces a second
_READ = 1 << 16  # bytes
_SAID = 4096  # bytes of a program's complaints that are kept


def record_command(source: Source, server: str, rate: int, channels: int) -> list[str]:
    """The program that writes a microphone's samples (s16le) to stdout.

    Not ffmpeg, which could do both: it takes 28 MB more memory and five times the time.
    """
    if source.kind == "alsa":
        form = ["-t", "raw", "-f", "S16_LE", "-r", str(rate), "-c", str(channels)]
        times = [f"--period-time={_FRAGMENT * 500}", "--buffer-time=500000"]
        return ["arecord", "-q", "-D", source.name, *form, *times]
    address = ["--server", server] if server else []
    form = ["--raw", "--format=s16le", f"--rate={rate}", f"--channels={channels}"]
    about = ["--client-name=BirbCam", "--stream-name=microphone", f"--latency-msec={_FRAGMENT}"]
    return ["parec", *address, "--device", source.name, *form, *about]


def follow_command(server: str) -> list[str]:
    """The program that tells in a line what changes in the sound server."""
    return ["pactl", "--server", server, "subscribe"]


def concerns(events: str) -> bool:
    """Whether lines of `pactl subscribe` may mean another choice of microphone: one came or went, or the default."""
    return re.search(r"'(new|remove)' on source #|on server", events) is not None


@dataclass(slots=True)
class Told:
    """What the microphone does, and which of its changes are worth a line; times are seconds of any one clock."""

    since: float
    state: Literal["silence", "sound"] = "silence"
    device: str = ""
    reason: str = "starting"
    _told: dict[str, float] = field(default_factory=dict)  # reason -> when it was told
    _lost: float | None = None  # when an outage that was told began

    def sounds(self, device: str, now: float) -> str | None:
        """Sound comes from this device. The line to log, if any."""
        if self.state == "sound" and self.device == device:
            return None
        other = self.device != device
        self.state, self.since, self.device, self.reason = "sound", now, device, ""
        if self._lost is not None:
            waited, self._lost = now - self._lost, None
            return f"sound: {device}, after {waited:.0f} s of silence"
        return f"sound: {device}" if other else None

    def silent(self, reason: str, now: float) -> str | None:
        """No sound comes, for this reason; called at each try. The line to log, if any."""
        if self.state == "sound":
            steady = now - self.since >= STEADY
            self._told = {text: at for text, at in self._told.items() if not steady and now - at < REPEAT}
            self.state, self.since = "silence", now
        self.reason = reason
        if reason in self._told:
            return None
        self._told[reason] = now
        self._lost = self.since if self._lost is None else self._lost
        return f"sound: {reason}; silence until it is back"


class Recorder(threading.Thread):
    """Records a microphone into a flow, as well as it can, until `stop` is set."""

    def __init__(
        self, flow: Flow, wanted: str, rate: int, channels: int, environ: Mapping[str, str], say: Callable[[str], None]
    ) -> None:
        super().__init__(name="sound", daemon=True)
        self.stop = threading.Event()
        self.told = Told(time.monotonic())
        self._flow = flow
        self._wanted = wanted
        self._rate = rate
        self._channels = channels
        self._environ = environ
        self._say = say

    def run(self) -> None:
        """One recording after the other; the children die with this thread."""
        while not self.stop.is_set():
            try:
                self._run_once()
            except CameraError as error:
                if not self.stop.is_set():
                    now = time.monotonic()
                    self._tell(self.told.silent(str(error), now))
                    self.stop.wait(PAUSE if now - self.told.since < 60 else LONG_PAUSE)

    def _run_once(self) -> None:
        """Record until another microphone is to be taken, or `stop` is set; CameraError where sound ends."""
        found = look(self._environ)
        source = choose(found.sources, self._wanted)
        command = record_command(source, found.server, self._rate, self._channels)
        child.require(command[0], "alsa-utils" if source.kind == "alsa" else "pulseaudio-utils")
        programs = [child.start(command)]
        try:
            if found.server:
                programs.append(child.start(follow_command(found.server)))
            self._flow.connect()
            with contextlib.closing(_Pipes(*programs)) as pipes:
                self._follow(source, found.server, pipes)
        finally:
            child.end(programs, grace=0.2)

    def _follow(self, source: Source, server: str, pipes: _Pipes) -> None:
        heard, limit = time.monotonic(), START
        look_at = heard + LOOK
        frame, rest = 2 * self._channels, b""
        while not self.stop.is_set():
            for kind, data in pipes.read():
                now = time.monotonic()
                if kind == "sound":
                    data = rest + data
                    whole = len(data) // frame * frame
                    rest = data[whole:]
                    self._flow.put(np.frombuffer(data[:whole], "<i2").reshape(-1, self._channels), now)
                    self._tell(self.told.sounds(source.label, now))
                    heard, limit = now, STALL
                    self.stop.wait(_REST)
                elif kind == "event":
                    look_at = min(look_at, now + _SETTLED)
            now = time.monotonic()
            if now - heard > limit:
                raise CameraError(f"{source.label} gives no sound")
            if now > look_at:
                if self._is_another(source, server):
                    return
                # A sound server tells by itself.
                look_at = math.inf if server else now + LOOK

    def _is_another(self, source: Source, server: str) -> bool:
        """Whether another microphone is to be taken by now; CameraError where there is none."""
        try:
            found = look(self._environ)
        except CameraError:
            return False  # as long as sound comes
        best = choose(found.sources, self._wanted)
        return (best.kind, best.name, found.server) != (source.kind, source.name, server)

    def _tell(self, line: str | None) -> None:
        if line is not None:
            self._say(line)


class _Pipes:
    """What a recording and the program that tells of changes write."""

    def __init__(self, recording: child.Program, *followers: child.Program) -> None:
        self._recording = recording
        self._said = b""
        self._selector = selectors.DefaultSelector()
        pipes = [(recording.stdout, "sound"), (recording.stderr, "said")]
        for follower in followers:
            pipes += [(follower.stdout, "event"), (follower.stderr, "")]
        for pipe, kind in pipes:
            assert pipe is not None
            self._selector.register(pipe, selectors.EVENT_READ, kind)

    def read(self) -> Iterator[tuple[str, bytes]]:
        """Samples ("sound") and changes ("event"), waiting for them a moment; CameraError where the recording ends."""
        for key, _ in self._selector.select(_TICK):
            data = os.read(key.fd, _READ)
            if not data:
                self._selector.unregister(key.fileobj)
                if key.data == "sound":
                    raise CameraError(self._ended())
            if key.data == "said":
                self._said = (self._said + data)[-_SAID:]
            elif key.data == "sound" or (key.data == "event" and concerns(data.decode(errors="replace"))):
                yield key.data, data

    def close(self) -> None:
        """Give the descriptors back; the pipes stay open."""
        self._selector.close()

    def _ended(self) -> str:
        """Why it ended, as far as it says so."""
        assert self._recording.stderr is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._recording.wait(_TICK)
            self._said += self._recording.stderr.read()  # which ends with it
        lines = [line for line in self._said.decode(errors="replace").splitlines() if line.strip()]
        return f"the microphone is away ({lines[-1].strip() if lines else 'the recording ended'})"
