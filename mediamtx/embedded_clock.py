"""When a sample was made: the wall clock behind the media time of one publisher.

A publisher's timestamps start anywhere and its clock may drift. What is certain is that nothing arrives before it was
made, so the least delay (arrival - media time) seen lately tells where media time 0 lies on the wall clock: a busy
machine delays most samples, hardly all of them. All times are in seconds, wall clock as Unix time.
"""

from __future__ import annotations

from collections import deque

SETTLE_MIN, SETTLE_MAX = 1.0, 3.0  # how long the first estimate is waited for
STEADY = 0.5  # ... once it has not improved for so long
NOTICEABLE = 0.02  # an improvement smaller than this does not count
WINDOW = 30  # seconds that the estimate looks back on
RECENT = 3  # seconds after which a whole jump is believed
TOLERANCE = 0.05  # an anchor this near stays: segments then join exactly
STEP = 0.2  # most that an anchor moves at a cut; keeps segments contiguous
JUMP = 5.0  # beyond this it is no drift: the clock was set, or the publisher's timestamps jumped


class ArrivalClock:
    """Estimates the wall-clock time of media time 0 from the arrivals of one session."""

    def __init__(self) -> None:
        self._seconds: deque[tuple[int, float]] = deque(maxlen=WINDOW)  # a second of arrivals, its least delay
        self._first: float | None = None
        self._best = float("inf")
        self._improved = 0.0

    @property
    def observed(self) -> bool:
        """Whether there is anything to estimate from."""
        return self._first is not None

    def observe(self, media: float, arrival: float) -> None:
        """A sample with media time `media` arrived at `arrival`."""
        delay = arrival - media
        if self._first is None:
            self._first = arrival
        if delay < self._best - NOTICEABLE:
            self._improved = arrival
        self._best = min(self._best, delay)
        second = int(arrival)
        if self._seconds and self._seconds[-1][0] == second:
            delay = min(delay, self._seconds.pop()[1])
        self._seconds.append((second, delay))

    def settled(self, now: float) -> bool:
        """Whether the first estimate may be used: samples come as they are made, and it has stopped improving."""
        if self._first is None:
            return False
        age = now - self._first
        # a clock set backwards (age < 0) is found out at the first cut
        return age >= SETTLE_MAX or age < 0 or (age >= SETTLE_MIN and now - self._improved >= STEADY)

    def anchor(self) -> float:
        """The wall-clock time of media time 0, by the least delay seen lately; ValueError before any sample."""
        return min(delay for _, delay in self._seconds)

    def jumped(self, anchor: float) -> float | None:
        """The new anchor, where media time and wall clock have parted by more than JUMP from `anchor`; else None."""
        recent = min(delay for _, delay in list(self._seconds)[-RECENT:])
        return recent if abs(recent - anchor) > JUMP else None

    def moved(self, anchor: float) -> float:
        """`anchor` as of the next cut: it follows a drifting clock in steps that keep segments contiguous."""
        error = self.anchor() - anchor
        if abs(error) <= TOLERANCE:
            return anchor
        return anchor + max(-STEP, min(STEP, error))
