"""Who visits the demo garden, and when: a pure function of the seed and the time, the truth that tests ask for.

Time is cut into slots of 45 s since the Unix epoch and every slot has one visit, of one bird or now and then of two.
Visits are seen for 8 to 23 s, with pauses of 15 to 43 s, so whoever starts looking at any moment sees a bird within
43 s. Times here are seconds since the Unix epoch, places are garden units.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import ceil, floor, pi, sin
from random import Random

from camera.scene_paint import MIDDLE, UNITS_HIGH, Point
from camera.scene_plumage import KINDS

SLOT = 45.0
"""Seconds; each slot holds one visit from its first to its last moment."""
WIDE = 16 / 9

TRAY = tuple((x, 404.0) for x in (676.0, 730.0, 790.0, 846.0))
BRANCH = tuple((x, 283.0 + 0.115 * x) for x in (150.0, 215.0, 290.0, 352.0))
LAWN = tuple(
    (x, y)
    for x, y in ((480.0, 640.0), (560.0, 612.0), (640.0, 640.0), (930.0, 628.0), (1010.0, 600.0), (1080.0, 624.0))
)
ROOF = ((702.0, 252.0), (820.0, 250.0))
BATH = ((318.0, 572.0), (372.0, 577.0), (426.0, 572.0))
_PLACES: dict[str, tuple[Point, ...]] = {"tray": TRAY, "branch": BRANCH, "lawn": LAWN, "roof": ROOF, "bath": BATH}
_LIKES = {  # where a kind comes down, first choice more often
    "blue tit": ("tray", "tray", "branch"),
    "great tit": ("tray", "tray", "branch", "roof"),
    "robin": ("lawn", "tray", "bath", "branch"),
    "blackbird": ("lawn", "lawn", "bath", "tray"),
    "goldfinch": ("tray", "branch", "tray"),
    "bullfinch": ("branch", "tray", "bath"),
}
SONGS: dict[str, tuple[tuple[float, float], ...]] = {
    # Per kind, the syllables of its call: (offset, length) in seconds. The beak opens with each.
    "blue tit": ((0.0, 0.10), (0.15, 0.10), (0.32, 0.05), (0.40, 0.05), (0.48, 0.05), (0.56, 0.05), (0.64, 0.05)),
    "great tit": ((0.0, 0.13), (0.17, 0.16), (0.40, 0.13), (0.57, 0.16), (0.80, 0.13), (0.97, 0.16)),
    "robin": ((0.0, 0.16), (0.20, 0.08), (0.32, 0.24), (0.62, 0.10), (0.76, 0.07), (0.87, 0.30)),
    "blackbird": ((0.0, 0.26), (0.32, 0.20), (0.58, 0.34), (1.02, 0.12), (1.16, 0.12)),
    "goldfinch": ((0.0, 0.07), (0.10, 0.06), (0.20, 0.09), (0.36, 0.07), (0.46, 0.06), (0.56, 0.12)),
    "bullfinch": ((0.0, 0.24), (0.62, 0.26)),
}
_FLAP_RATE = 9.0  # wing beats per second; a real tit's would only blur


@dataclass(frozen=True, slots=True)
class Step:
    """One thing a bird does; from (x, y) to (to_x, to_y)."""

    start: float
    end: float
    action: str  # "arrive", "land", "sit", "peck", "hop", "sing", "crouch", "leave"
    x: float
    y: float
    to_x: float
    to_y: float
    facing: int  # 1: to the right, -1: to the left
    pose: str = "sit"
    bend: float = 0.0  # how far a flight sags below the straight line, units

    def where(self, share: float) -> tuple[float, float]:
        """The place after `share` (0 to 1) of the way."""
        x, y = self.x + (self.to_x - self.x) * share, self.y + (self.to_y - self.y) * share
        if self.action == "hop":
            return x, y - 26 * 4 * share * (1 - share)
        return x, y + self.bend * 4 * share * (1 - share)


@dataclass(frozen=True, slots=True)
class Placement:
    """A bird at one moment: its anchor (feet) in units, and how it is drawn."""

    kind: str
    x: float
    y: float
    pose: str
    facing: int
    shadow: float | None  # y of the level ground below it, None in flight and on the branch


@dataclass(frozen=True, slots=True)
class Visit:
    """One bird's stay: the span in which any of it is in the picture, UTC, and what it was."""

    start: datetime
    end: datetime
    kind: str
    steps: tuple[Step, ...]

    @property
    def moves(self) -> tuple[tuple[datetime, datetime], ...]:
        """When it flies, hops, pecks or sings, not just sits; within the visit."""
        spans = ((_utc(s.start), _utc(s.end)) for s in self.steps if s.action != "sit")
        return tuple((max(a, self.start), min(b, self.end)) for a, b in spans if a < self.end and b > self.start)


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds)


def _ease(action: str, share: float) -> float:
    """Birds come fast and brake, and leave faster and faster."""
    if action == "arrive":
        return 1 - math.pow(1 - share, 1.7)
    if action == "leave":
        return math.pow(share, 1.6)
    return share


def placement(visit: Visit, t: float) -> Placement | None:
    """Where and how the bird is at `t`; None before it comes and after it has left."""
    steps = visit.steps
    if not steps[0].start <= t < steps[-1].end:
        return None
    step = steps[bisect_right(steps, t, key=lambda s: s.start) - 1]
    length = step.end - step.start
    share = min(max((t - step.start) / length, 0.0), 1.0)
    moved = _ease(step.action, share)
    x, y = step.where(moved)
    pose = step.pose
    level = step.action not in ("arrive", "leave") and (step.to_x, step.to_y) not in BRANCH
    since = t - step.start
    if step.action in ("arrive", "leave"):
        pose = _flying(step, share, since)
    elif step.action == "land":
        pose = f"land{int(since * _FLAP_RATE * 8) % 8}" if share < 0.7 else "crouch"
    elif step.action == "hop":
        pose = "crouch" if share < 0.15 or share > 0.9 else "hop"
    elif step.action == "peck":
        pose = "peck1" if share < 0.3 or share > 0.75 else "peck2"
    elif step.action == "sing":
        pose = "sing0"
        for offset, long in SONGS[visit.kind]:
            if offset <= since < offset + long:
                pose = "sing2" if 0.2 < (since - offset) / long < 0.75 else "sing1"
    elif pose == "sit" and sin(2 * pi * since / 1.3) > 0.5:
        pose = "breathe"
    return Placement(visit.kind, x, y, pose, step.facing, step.to_y if level else None)


def _flying(step: Step, share: float, since: float) -> str:
    if step.action == "arrive" and share > 0.82:
        return f"land{int(since * _FLAP_RATE * 8) % 8}"
    if 0.52 < share < 0.66:
        return "glide"
    ahead, behind = step.where(min(_ease(step.action, share) + 0.05, 1)), step.where(_ease(step.action, share))
    slope = (ahead[1] - behind[1]) / (abs(ahead[0] - behind[0]) + 1)
    style = "sink" if slope > 0.35 else "rise" if slope < -0.25 else "fly"
    return f"{style}{int(since * _FLAP_RATE * 8) % 8}"


def _free(name: str, taken: set[Point]) -> list[Point]:
    """The places of a group at which a bird does not stand in another's way."""
    return [(x, y) for x, y in _PLACES[name] if all(abs(x - ox) > 100 or abs(y - oy) > 120 for ox, oy in taken)]


class _Stay:
    """One bird's stay while it is made up; each method adds what comes next."""

    def __init__(self, random: Random, kind: str, start: float, reach: float, taken: set[Point]) -> None:
        """`reach` is how far from the middle the picture's edge lies, `taken` where another bird is."""
        self.random, self.kind, self.now, self.reach = random, kind, start, reach
        self.steps: list[Step] = []
        liked = [places for places in (_free(name, taken) for name in _LIKES[kind]) if places]
        self.group = random.choice(liked or [list(BRANCH)])
        self.spot = self._beyond(random.choice((-1, 1)), 120, 330)
        self.facing = 1 if self.spot[0] < MIDDLE else -1

    def _beyond(self, side: int, high: float, low: float) -> Point:
        """A place outside the picture."""
        return MIDDLE + side * (self.reach + 130), self.random.uniform(high, low)

    def _add(self, length: float, action: str, to: Point | None = None, pose: str = "sit", bend: float = 0.0) -> None:
        to = to or self.spot
        self.steps.append(Step(self.now, self.now + length, action, *self.spot, *to, self.facing, pose, bend))
        self.now, self.spot = self.now + length, to

    def arrive(self) -> None:
        place = self.random.choice(self.group)
        flight = abs(place[0] - self.spot[0]) / self.random.uniform(560, 700)
        self._add(max(flight, 0.7), "arrive", place, bend=self.random.uniform(20, 90))
        self._add(0.28, "land")

    def rest(self) -> None:
        pose = self.random.choice(("sit", "sit", "look", "stare", "back", "up", "down", "alert", "flick"))
        self._add(0.25 if pose == "flick" else self.random.uniform(0.45, 1.6), "sit", pose=pose)

    def act(self) -> None:
        """Sing (everyone sings soon after it has come), peck, hop or turn round."""
        chance, random = self.random.random(), self.random
        free = [place for place in self.group if 0 < abs(place[0] - self.spot[0]) < 120]
        if chance < 0.2 or not any(step.action == "sing" for step in self.steps):
            self._add(sum(SONGS[self.kind][-1]) + 0.15, "sing")
        elif chance < 0.62:
            for _ in range(random.randint(1, 3)):
                self._add(0.42, "peck")
        elif chance < 0.82 and free:
            to = random.choice(free)
            self.facing = 1 if to[0] > self.spot[0] else -1
            self._add(0.26, "hop", to)
        else:
            self.facing = -self.facing
            self._add(0.18, "crouch", pose="crouch")

    def leave(self) -> None:
        if self.random.random() < 0.3:
            self.facing = -self.facing
        gone = self._beyond(self.facing, 60, 260)
        self._add(0.16, "crouch", pose="crouch")
        self._add(0.5 + abs(gone[0] - self.spot[0]) / 950, "leave", gone, bend=self.random.uniform(-10, 60))


def _stay(random: Random, kind: str, start: float, end: float, reach: float, taken: set[Point]) -> tuple[Step, ...]:
    """What one bird does from `start` to about `end`."""
    stay = _Stay(random, kind, start, reach, taken)
    stay.arrive()
    while stay.now < end - 3:
        stay.rest()
        stay.act()
    stay.leave()
    return tuple(stay.steps)


_AHEAD, _BEHIND = 66.0, 86.0  # units from the anchor to beak and tail in flight, of a bird 100 units high


def _seen(step: Step, kind: str, reach: float) -> float:
    """The moment in a flight at which the bird crosses the picture's edge."""
    size = KINDS[kind].height / 100
    overhang = (_AHEAD if step.action == "arrive" else _BEHIND) * size
    low, high = 0.0, 1.0
    for _ in range(24):
        share = (low + high) / 2
        x = step.where(_ease(step.action, share))[0]
        outside = abs(x - MIDDLE) - overhang > reach
        if outside == (step.action == "arrive"):
            low = share
        else:
            high = share
    return step.start + high * (step.end - step.start)


@lru_cache(maxsize=64)
def visits_of_slot(seed: int, slot: int, aspect: float = WIDE) -> tuple[Visit, ...]:
    """The one or two birds of a slot, ordered by coming; `aspect` is the picture's width / height."""
    random = Random(f"birbcam {seed} {slot}")
    start = slot * SLOT + random.uniform(2, 8)
    end = start + random.uniform(10.5, 21)
    reach = UNITS_HIGH * aspect / 2
    kinds = random.choices(list(KINDS), weights=(5, 4, 4, 3, 3, 2), k=1)
    spans = [(start, end)]
    if random.random() < 0.28:
        kinds.append(random.choice([kind for kind in KINDS if kind != "blackbird"]))
        late = start + random.uniform(1.5, 4)
        spans.append((late, max(late + 5, end - random.uniform(-1, 2))))
    taken: set[Point] = set()
    visits = []
    for kind, (first, last) in zip(kinds, spans, strict=True):
        steps = _stay(random, kind, first, last, reach, taken)
        taken = {(step.to_x, step.to_y) for step in steps[:-1]}
        seen, gone = _seen(steps[0], kind, reach), _seen(steps[-1], kind, reach)
        visits.append(Visit(_utc(seen), _utc(gone), kind, steps))
    return tuple(visits)


def slots(start: float, end: float) -> Iterator[int]:
    """The slots that meet [start, end), seconds."""
    yield from range(floor(start / SLOT), ceil(end / SLOT))


def visits_between(seed: int, start: datetime, end: datetime, aspect: float = WIDE) -> list[Visit]:
    """The visits of which anything is in the picture in [start, end), ordered by start; times need a zone."""
    visits = [v for slot in slots(start.timestamp(), end.timestamp()) for v in visits_of_slot(seed, slot, aspect)]
    return sorted((v for v in visits if v.start < end and v.end > start), key=lambda v: v.start)
