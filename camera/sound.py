"""The sound of a camera: one flow that never stops and never waits, whatever becomes of the microphone.

    with closing(Sound(Microphone("auto"))) as sound:
        while True:
            for time, samples in sound.read():  # all that is due (ns; count x channels); call it every 20 to 500 ms
                ...

Times are of CLOCK_MONOTONIC, as those of V4L2 are, and so of libcamera's SensorTimestamp on a Pi (its documentation
says CLOCK_BOOTTIME; the two differ by the time that a machine slept, and a Pi never does).
"""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from camera.sound_filter import Filter
from camera.sound_flow import Flow, Samples
from camera.sound_recording import Recorder
from config.camera_settings import CameraSettings

RATE = 48_000  # Hz

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Microphone:
    """Which sound is taken, and what is done to it."""

    wanted: str = "auto"  # names in the order of preference, or "off"; see camera.microphones.choose
    channels: int = 1
    gain: float = 0.0  # dB
    high_pass: float = 0.0  # Hz below which it gets softer, against wind; 0 for none
    delay: float = 0.0  # s by which the microphone is late

    @classmethod
    def of(cls, camera: CameraSettings) -> Microphone:
        """That of the settings."""
        return cls(
            camera.microphone,
            2 if camera.microphone_stereo else 1,
            camera.microphone_gain,
            camera.microphone_high_pass,
            camera.microphone_delay,
        )


@dataclass(frozen=True, slots=True)
class SoundState:
    """How the sound is, for a status page."""

    state: Literal["off", "silence", "sound"]
    since: float  # s of the monotonic clock
    device: str = ""  # the microphone, also one that is away
    reason: str = ""  # of silence
    level: float | None = None  # the peak since the state was last asked for, dB (0 is the loudest possible)
    drift: float = 0.0  # millionths by which the sound card is faster than our clock


class Sound:
    """The microphone's sound with its times; silence where there is none. No method waits or raises."""

    def __init__(
        self,
        options: Microphone,
        rate: int = RATE,
        environ: Mapping[str, str] = os.environ,
        say: Callable[[str], None] = log.info,
    ) -> None:
        """`say` takes the one line that is worth telling at each change."""
        now = time.monotonic()
        self.channels = options.channels
        effects = Filter(rate, options.channels, options.gain, options.high_pass)
        self._flow = Flow(now, rate, options.channels, effects, options.delay)
        self._since = now
        self._recorder: Recorder | None = None
        if options.wanted != "off":
            self._recorder = Recorder(self._flow, options.wanted, rate, options.channels, environ, say)
            self._recorder.start()

    def read(self) -> list[tuple[int, Samples]]:
        """All sound that is due since the last call, in order and without a gap: the first sample's time (ns), samples.

        It is due LATENCY (0.2 s) after it was made. A gap is left where nobody read for 5 s.
        """
        return self._flow.take(time.monotonic())

    @property
    def state(self) -> SoundState:
        """How it is."""
        peak = self._flow.peak()
        level = 20 * math.log10(peak / 32768) if peak else None
        if self._recorder is None:
            return SoundState("off", self._since)
        told = self._recorder.told
        return SoundState(told.state, told.since, told.device, told.reason, level, self._flow.drift * 1e6)

    def close(self) -> None:
        """Let the microphone go; it takes up to half a second, or 4 s where a sound server hangs."""
        if self._recorder is not None:
            self._recorder.stop.set()
            self._recorder.join()
