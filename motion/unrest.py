"""What else nearly counted lately: a storm, glitter or fast clouds make many tracks, of which few are good enough.

Chance is judged from blobs, as if each came by itself. Waves, flakes and edges of clouds go together, so now and then
they make a good track; but for each of these there are many that are nearly as good, and a visitor comes without.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from math import exp, hypot, log2

import numpy as np

from motion.background import Picture
from motion.drift import Drift
from motion.marks import CLOSED, strength_of
from motion.track import Track

MEMORY = 60.0  # s
NEARLY = 30.0  # mark with which a track nearly counted
FEW = 1.5  # such tracks that say nothing
PER_DOUBLING = 12.0  # points that twice as many take
WIDE = 120.0  # px of a picture 320 px wide within which others tell most
PART = 40.0  # px from something that counts, within which what nearly counts is a part of it
GONE = 1.0  # s after which it is no part of it any more
EVERY = 3  # points of a track that are remembered
COMPANY = 3  # points of a track at least, for its velocity to be known
ALIKE, SLOP = 0.35, 4.0  # share of the speed, and px/s, by which velocities are the same
WEAKER = 0.25  # of its strength that its company has at least
ABREAST = 25.0  # px from the line on which something goes: traffic keeps to its lane, and what falls or drifts does not
LANE = 10.0  # px between two such lines
LARGE = 300.0  # px of a picture 320 px wide: no flake, wave or leaf
CARRIED = 6.0  # that going with the shadows of clouds counts for
KNOWN = 0.5  # of a track, where it is known to be the edge of a shadow by the way it goes
ALONE = 1  # other line that says nothing


@dataclass(frozen=True, slots=True, eq=False)
class _Trail:
    """Where a track went: its end (s), and places of shape (number, 2), px."""

    end: float
    places: Picture
    velocity: tuple[float, float] = (0.0, 0.0)  # px/s
    strength: float = 0.0
    area: float = 0.0  # px
    fill: float = 1.0  # share of its box
    weight: float = 1.0  # that it counts for


class Unrest:
    """The tracks of the last minute that nearly counted; `scale` is the picture's width over 320 px."""

    def __init__(self, scale: float) -> None:
        self._scale = scale
        self._nearly: deque[_Trail] = deque()
        self._counted: deque[_Trail] = deque()  # what counts, and has ended lately
        self._moving: deque[_Trail] = deque()  # what went anywhere
        self._ahead: deque[_Trail] = deque()  # those still to come, where they were seen ahead

    def look_again(self, start: float, looked: float) -> None:
        """The footage of which `looked` s were seen, from 0 on, comes once more, from the time `start` (s) on."""
        self._ahead = deque(replace(trail, end=trail.end + start) for trail in self._nearly)
        self._moving = deque(replace(trail, end=trail.end + start - looked) for trail in self._moving)
        self._nearly.clear()
        self._counted.clear()

    def ended(self, track: Track, others: list[Track], drift: Drift) -> None:
        """A track is over; `others` are those that go on. Edges of shadows are known by where they go."""
        trail = _trail(track)
        while self._counted and self._counted[0].end < trail.end - 3 * GONE:
            self._counted.popleft()
        large = self._large(trail)
        if len(track.points) >= COMPANY and not large:
            self._moving.append(trail)
        if track.proven or large:
            self._counted.append(trail)
            return
        if track.bare < NEARLY:
            return
        if drift.carries(trail.velocity):
            trail = replace(trail, weight=KNOWN)
        begin = track.points[0].seen.time - GONE
        about = [one for one in self._counted if one.end > begin]
        about += [other for one in others if self._large(other := _trail(one)) or one.proven]
        if not any(_apart(trail, one) < PART * self._scale for one in about):
            self._nearly.append(trail)

    def penalty(self, track: Track, now: float, drift: Drift) -> float:
        """Points that a track needs more than in a calm place."""
        for trails, oldest in ((self._nearly, now - MEMORY), (self._moving, now - MEMORY), (self._ahead, now)):
            while trails and trails[0].end < oldest:
                trails.popleft()
        begin, trail = track.points[0].seen.time + GONE, _trail(track)
        if self._large(trail):
            return 0.0
        others = [*(one for one in self._nearly if one.end <= begin), *self._ahead]
        number = sum(one.weight * exp(-0.5 * (_apart(trail, one) / WIDE / self._scale) ** 2) for one in others)
        number += max(0, self._company(trail) - ALONE)
        number += CARRIED if drift.carries(trail.velocity) else 0
        return PER_DOUBLING * log2(number / FEW) if number > FEW else 0.0

    def _large(self, trail: _Trail) -> bool:
        return trail.area >= LARGE * self._scale**2 and trail.fill >= CLOSED

    def _company(self, trail: _Trail) -> int:
        """On how many other lines something went as it does."""
        if not self._moving or len(trail.places) < 2:
            return 0
        vx, vy = trail.velocity
        speed = hypot(vx, vy)
        data = np.array([(*one.velocity, one.strength, *one.places[0]) for one in self._moving])
        other_x, other_y, strength, x, y = data.T
        fast = np.maximum(speed, np.hypot(other_x, other_y))
        alike = np.hypot(other_x - vx, other_y - vy) <= ALIKE * fast + SLOP * self._scale
        alike &= strength >= WEAKER * trail.strength
        left, top = trail.places[0]
        aside = ((x - left) * vy - (y - top) * vx) / max(speed, 1e-6)
        lines = np.sort(aside[alike & (np.abs(aside) >= ABREAST * self._scale)])
        return int(len(lines) > 0) + int(np.count_nonzero(np.diff(lines) > LANE * self._scale))


def _trail(track: Track) -> _Trail:
    first, last = track.points[0], track.last
    places = np.array([(point.x, point.y) for point in [*track.points[::EVERY], last]])
    time = max(last.seen.time - first.seen.time, 1e-3)
    velocity = (last.x - first.x) / time, (last.y - first.y) / time
    return _Trail(last.seen.time, places, velocity, strength_of(track), track.area, track.fill)


def _apart(one: _Trail, other: _Trail) -> float:
    """Least px between two."""
    between = one.places[:, None, :] - other.places[None, :, :]
    return float(np.sqrt(np.square(between).sum(axis=2).min()))
