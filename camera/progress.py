"""What ffmpeg's `-progress` tells, and what is said of a feed: each change once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from camera.pi_controls import frame_durations
from camera.sources import Kind
from config.settings import CameraSettings

START_TIMEOUT = 20.0  # s until the first pictures are sent: a camera's next key frame may be 10 s away
STALL_TIMEOUT = 6.0  # s without a new picture, from then on
PI_STALL_TIMEOUT = 4.0  # s; nothing lies between a Pi and its camera that could be late
STEADY = 60.0  # s of publishing after which the next trouble is a new one
REPEAT = 600.0  # s after which trouble that comes and goes is told again


def stall_timeout(kind: Kind, camera: CameraSettings) -> float:
    """Seconds without a new picture after which a source of that kind has stalled; in the dark a Pi takes its time."""
    if kind != "picamera":
        return STALL_TIMEOUT
    return max(PI_STALL_TIMEOUT, 3 * frame_durations(camera)[1] / 1e6)


def start_timeout(kind: Kind, camera: CameraSettings) -> float:
    """Seconds until a source of that kind sends pictures: those of a Pi may take seconds each, of which some pass."""
    return START_TIMEOUT + (6 * frame_durations(camera)[1] / 1e6 if kind == "picamera" else 0)


@dataclass(slots=True)
class Progress:
    """How many pictures of its first stream ffmpeg has sent; times are of any one clock, in seconds."""

    grown: float  # when the number grew last
    timeout: float = STALL_TIMEOUT  # s
    start: float = START_TIMEOUT  # s
    frames: int = 0
    growths: int = 0

    def read(self, line: str, now: float) -> None:
        """Take one line of `-progress`."""
        key, _, value = line.partition("=")
        if key == "frame" and value.strip().isdigit() and int(value) > self.frames:
            self.frames, self.grown = int(value), now
            self.growths += 1

    @property
    def flowing(self) -> bool:
        """Whether pictures go out: ffmpeg counts the first before the recorder has taken it."""
        return self.growths >= 2

    def stalled(self, now: float) -> str | None:
        """What is wrong where no picture has gone out for too long; ffmpeg hangs, or its source or recorder does."""
        if self.flowing:
            return f"no new picture for {self.timeout:g} s" if now - self.grown > self.timeout else None
        return f"no picture within {self.start:g} s" if now - self.grown > self.start else None


@dataclass(frozen=True, slots=True)
class Status:
    """What a feed does since `since` (seconds of the monotonic clock)."""

    state: Literal["starting", "publishing", "waiting"]
    since: float
    restarts: int = 0
    reason: str = ""


@dataclass(slots=True)
class Story:
    """Turns what happens to a feed into the few lines worth a log, and its status."""

    label: str
    status: Status
    _told: dict[str, float] = field(default_factory=dict)  # reason -> when it was told
    _lost: float | None = None  # when an outage that was told began

    def publishing(self, now: float) -> str | None:
        """Pictures go out. The line to log, if any."""
        if self.status.state == "publishing":
            return None
        first = self.status.state == "starting"
        self.status = Status("publishing", now, self.status.restarts)
        if self._lost is not None:
            line = f"{self.label}: publishing again after {now - self._lost:.0f} s"
            self._lost = None
            return line
        return f"{self.label}: publishing" if first else None

    def lost(self, reason: str, now: float) -> str | None:
        """No pictures go out, for this reason; called at each try. The line to log, if any."""
        before = self.status
        if before.state != "waiting":
            steady = before.state == "publishing" and now - before.since >= STEADY
            self._told = {text: at for text, at in self._told.items() if not steady and now - at < REPEAT}
            self.status = Status("waiting", now, before.restarts + (before.state == "publishing"), reason)
        else:
            self.status = Status("waiting", before.since, before.restarts, reason)
        if reason in self._told:
            return None
        self._told[reason] = now
        self._lost = self.status.since if self._lost is None else self._lost
        return f"{self.label}: {reason}; retrying"
