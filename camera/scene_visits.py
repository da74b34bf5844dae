"""Who visits the demo garden, and when: a pure function of the seed and the time, the truth that tests ask for.

Time is cut into slots of 45 s since the Unix epoch and every slot has one visit, of one bird or now and then of two.
Visits start 2 to 8 s into their slot and last 9 to 22 s, so pauses are 16 to 42 s long, and whoever starts looking at
any moment sees a bird within 42 s. Times here are seconds since the Unix epoch, places are garden units.
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

from camera.scene_paint import MIDDLE, UNITS_HIGH
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
_PLACES = {"tray": TRAY, "branch": BRANCH, "lawn": LAWN, "roof": ROOF, "bath": BATH}
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


def _plan(
    random: Random, kind: str, start: float, end: float, reach: float, taken: set[tuple[float, float]]
) -> list[Step]:
    """What one bird does between `start` and `end`; `reach` is how far from the middle the picture's edge lies."""
    group = _PLACES[random.choice(_LIKES[kind])]
    spot = random.choice([place for place in group if place not in taken] or list(group))
    taken.add(spot)
    side = random.choice((-1, 1))
    if group is BRANCH:
        side = random.choice((-1, -1, 1))
    steps: list[Step] = []
    now = start

    def add(
        length: float, action: str, to: tuple[float, float], facing: int, pose: str = "sit", bend: float = 0.0
    ) -> None:
        nonlocal now, spot
        steps.append(Step(now, now + length, action, *spot, *to, facing, pose, bend))
        now, spot = now + length, to

    place, spot = spot, (MIDDLE + side * (reach + 130), random.uniform(120, 330))
    facing = -side
    flight = abs(place[0] - spot[0]) / random.uniform(560, 700)
    add(max(flight, 0.7), "arrive", place, facing, bend=random.uniform(20, 90))
    add(0.28, "land", place, facing)
    away = random.choice((-1, 1))
    leave = 0.9 + abs(MIDDLE + away * (reach + 130) - place[0]) / 1100
    sung, song = False, SONGS[kind][-1][0] + SONGS[kind][-1][1] + 0.15
    while (rest := end - leave - now) > 1.4:
        pose = random.choice(("sit", "sit", "look", "stare", "back", "up", "down", "alert", "flick"))
        pause = random.uniform(0.45, 1.6) if pose != "flick" else 0.25
        add(min(pause, rest), "sit", spot, facing, pose)
        choice = random.random()
        free = [p for p in group if p not in taken and abs(p[0] - spot[0]) < 120]
        if (not sung or choice < 0.2) and end - leave - now > song:
            add(song, "sing", spot, facing)
            sung = True
        elif choice < 0.62:
            for _ in range(random.randint(1, 3)):
                add(0.42, "peck", spot, facing)
        elif choice < 0.82 and free:
            to = random.choice(free)
            taken.add(to)
            facing = 1 if to[0] > spot[0] else -1
            add(0.26, "hop", to, facing)
        else:
            facing = -facing
            add(0.18, "crouch", spot, facing, "crouch")
    away = facing if random.random() < 0.7 else -facing
    gone = MIDDLE + away * (reach + 130), random.uniform(60, 260)
    add(0.16, "crouch", spot, away, "crouch")
    add(max(end - now, 0.7), "leave", gone, away, bend=random.uniform(-10, 60))
    return steps


_AHEAD, _BEHIND = 66.0, 86.0  # units from the anchor to beak and tail in flight, of a bird 100 units high


def _seen(step: Step, kind: str, reach: float) -> float:
    """The moment in a flight at which the bird crosses the picture's edge."""
    size = KINDS[kind].height / 100
    near = step.x if step.action == "arrive" else step.to_x
    edge = MIDDLE + (reach if near > MIDDLE else -reach)
    overhang = (_AHEAD if step.action == "arrive" else _BEHIND) * size
    low, high = 0.0, 1.0
    for _ in range(24):
        share = (low + high) / 2
        x = step.where(_ease(step.action, share))[0]
        outside = abs(x - MIDDLE) - overhang > abs(edge - MIDDLE)
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
    end = start + random.uniform(9, 21)
    reach = UNITS_HIGH * aspect / 2
    kinds = random.choices(list(KINDS), weights=(5, 4, 4, 3, 3, 2), k=1)
    spans = [(start, end)]
    if random.random() < 0.28:
        kinds.append(random.choice([kind for kind in KINDS if kind != "blackbird"]))
        late = start + random.uniform(1.5, 4)
        spans.append((late, max(late + 5, end - random.uniform(-1, 2))))
    taken: set[tuple[float, float]] = set()
    visits = []
    for kind, (first, last) in zip(kinds, spans, strict=True):
        steps = tuple(_plan(random, kind, first, last, reach, taken))
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
