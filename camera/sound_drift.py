"""A sound card's clock against ours: when its samples were made, and how fast to play them so that both stay in step.

No two clocks agree: cards are off by up to some hundred millionths, a second or more in an hour. All times are seconds
of one clock of ours that is never set.
"""

from __future__ import annotations

from collections import deque

LIMIT = 500e-6
"""By how much the speed of the sound is changed at most: by a hundredth of a semitone, which nobody hears."""
WINDOW = 10.0  # s that the shortest way is remembered; a slow card is off by 5 ms meanwhile
DECIDED = 0.12  # s of late arrivals, four at least, after which samples were lost, and not only late
LOST = 0.03  # s of lateness that counts
_SETTLING = 30.0  # s; the time in which two thirds of an error are made good


class CardClock:
    """When the samples of one recording were made, from when they arrived.

    A sample never arrives before it is made, but often later: so the shortest of the last ways counts.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._ways: deque[tuple[float, float]] = deque()  # per second: when it began, its shortest way
        self._recent: deque[tuple[float, float]] = deque()  # the arrivals of the last moment
        self._began: float | None = None
        self.start = 0.0
        """The time of sample 0; that of sample i is `start + i / rate`."""
        self.sure = 0
        """The number of samples of which this is sure; later ones may be late, or follow some that were lost."""

    def arrived(self, now: float, end: int) -> None:
        """All samples before number `end` have arrived by now."""
        self._began = now if self._began is None else self._began
        way = now - end / self._rate
        self._recent.append((now, way))
        while len(self._recent) > 4 and now - self._recent[0][0] > DECIDED:
            self._recent.popleft()
        if self._ways and now - self._ways[-1][0] < 1:
            self._ways[-1] = (self._ways[-1][0], min(way, self._ways[-1][1]))
        else:
            self._ways.append((now, way))
        while now - self._ways[0][0] > WINDOW:
            self._ways.popleft()
        shortest = min(way for _, way in self._ways)
        late = min(way for _, way in self._recent)
        if late - shortest > LOST and len(self._recent) >= 4 and now - self._recent[0][0] > DECIDED / 2:
            self._ways = deque([(now, late)])
            shortest = late
        self.start = shortest
        if way - shortest <= LOST:
            self.sure = end

    def known_for(self, now: float) -> float:
        """Seconds since the first arrival."""
        return 0.0 if self._began is None else now - self._began


class Steering:
    """How fast to play: small corrections that bring an error to zero in minutes, and keep it there."""

    def __init__(self) -> None:
        self.drift = 0.0
        """How much faster the card is than our clock, as learnt so far; 100e-6 is a hundred millionths."""

    def speed(self, error: float, seconds: float) -> float:
        """The speed of the next `seconds`, 1 being as recorded, where the sound is `error` seconds behind its time."""
        wanted = self.drift + error / _SETTLING
        if abs(wanted) < LIMIT:  # else it is not the card's doing, and nothing is to be learnt
            self.drift += error * seconds / (4 * _SETTLING**2)
        return 1 + max(-LIMIT, min(LIMIT, wanted))
