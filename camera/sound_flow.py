"""A flow of sound that never stops: what the microphone gave at that moment, and silence where it gave nothing.

Samples leave at the rate of our own clock, a moment (LATENCY) after they were made. Whoever reads sees one sample
after the other without a gap; the card's samples are moved to their places by `camera.sound_drift`.
"""

from __future__ import annotations

import threading

import numpy as np
import numpy.typing as npt

from camera.sound_drift import CardClock, Steering
from camera.sound_filter import AFTER, BEFORE, Filter, Floats, between

LATENCY = 0.2
"""Seconds from a sound until it is given out: what arrives later is lost."""
HOLD = 5.0  # s of sound kept for a reader who is late; after that a gap is left
JUMP = 0.04
"""Seconds by which sound may be at a wrong time until it jumps to the right one; less is made good by its speed."""
SETTLE = 0.5  # s of sound from a card after which its clock is known well enough
_PIECE = 0.1  # s; the speed changes from one to the next
_RAMP = 0.005  # s in which sound begins and ends, so that it does not crack


Samples = npt.NDArray[np.int16]
"""Sound, count x channels."""


class Flow:
    """What comes from a recording thread and what goes to a reading one; times are seconds of CLOCK_MONOTONIC."""

    def __init__(self, now: float, rate: int, channels: int, effects: Filter, delay: float = 0.0) -> None:
        """`delay`: by how many seconds the microphone is late."""
        self._rate = rate
        self._effects = effects
        self._delay = delay
        self._latency = LATENCY + max(delay, 0.0)
        self._lock = threading.Lock()
        self._steering = Steering()
        self._origin = round(now * 1e9)  # ns, of the first sample given out
        self._given = 0  # samples
        self._nothing = np.empty((0, channels), np.int16)
        self._peak = 0
        self.connect()

    def connect(self) -> None:
        """A recording begins, of which nothing has arrived yet; an earlier one is over."""
        with self._lock:
            self._card = CardClock(self._rate)
            self._samples = self._nothing
            self._first = 0  # the number of the first sample of these
            self._place: float | None = None  # the number of the card's sample that comes next
            self._audible = False

    def put(self, samples: Samples, now: float) -> None:
        """What the card gave next (count x channels), as it arrives."""
        with self._lock:
            self._samples = np.concatenate([self._samples, samples])
            self._card.arrived(now, self._first + len(self._samples))
            # Before there is a reader, and where it went away, the memory must not fill.
            self._forget(self._first + len(self._samples) - round(HOLD * self._rate))

    def take(self, now: float) -> list[tuple[int, Samples]]:
        """All sound that is due and was not taken, in pieces: when the first sample was made (ns), and the samples."""
        with self._lock:
            end = int((now - self._latency) * self._rate - self._origin * self._rate / 1e9)
            self._given = max(self._given, end - round(HOLD * self._rate))
            blocks = []
            while (count := min(end - self._given, round(_PIECE * self._rate))) > 0:
                time = self._origin + self._given * 10**9 // self._rate
                samples = self._effects(self._next(time / 1e9, now, count))
                self._peak = max(self._peak, int(samples.max()), -int(samples.min()))
                blocks.append((time, samples))
                self._given += count
            return blocks

    @property
    def drift(self) -> float:
        """How much faster the card is than our clock, as far as it is known: 100e-6 is a hundred millionths."""
        return self._steering.drift

    def peak(self) -> int:
        """The largest sample (0 to 32768) since this was last asked."""
        with self._lock:
            peak, self._peak = self._peak, 0
            return peak

    def _next(self, time: float, now: float, count: int) -> Floats:
        """`count` samples from `time` on."""
        out = np.zeros((count, self._nothing.shape[1]), np.float32)
        if self._card.known_for(now) < SETTLE:
            self._audible = False
            return out
        due = (time - self._card.start + self._delay) * self._rate  # the number of the sample made at that time
        if self._place is None or abs(due - self._place) > JUMP * self._rate:
            self._place, self._audible = due, False
        speed = self._steering.speed((due - self._place) / self._rate, count / self._rate)
        places = self._place - self._first + speed * np.arange(count, dtype=np.float64)
        self._place += speed * count
        # Those that have arrived and are not forgotten; the places rise, so these are one stretch.
        begin, end = np.searchsorted(places, [BEFORE, self._card.sure - self._first - AFTER - 1])
        if begin < end:
            out[begin:end] = between(self._samples, places[begin:end])
            if begin > 0 or not self._audible:
                _fade_in(out[begin:end], round(_RAMP * self._rate))
            if end < count:
                _fade_in(out[begin:end][::-1], round(_RAMP * self._rate))
        self._audible = bool(begin < end == count)
        self._forget(int(self._place) - 2 * BEFORE)
        return out

    def _forget(self, before: int) -> None:
        """Drop the samples before this number."""
        drop = min(max(before - self._first, 0), len(self._samples))
        self._samples, self._first = self._samples[drop:], self._first + drop


def _fade_in(sound: Floats, count: int) -> None:
    """Let the sound begin softly, within `count` samples."""
    count = min(count, len(sound))
    sound[:count] *= np.linspace(0, 1, count, dtype=np.float32)[:, None]
