"""A track: what may be one thing on its way through several pictures, and how likely that is by chance."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import hypot, log2, log10, pi, sqrt
from statistics import median

from motion.blobs import Blobs
from motion.look import Box, Seen

SLACK = 3.0  # px that the centre of a blob wavers
PROVEN = 45.0  # mark of a track that is taken for something
LASTING = 2.0  # s; a flake takes less from one edge to the other
CERTAIN = 2.5  # tenfolds of its last links: those among flakes and drops are of one or two
LEG = 0.3  # of its own size that something goes at least, to have moved
WEAK = -1.0  # log10: a link to which one in ten pictures has a chance blob says nothing
STRAIGHT = 0.7  # cosine: a turn of less than 45 degrees keeps the direction
POINTS = 40  # of a track that are kept


@dataclass(slots=True)
class Point:
    """Where a track was in a picture."""

    seen: Seen
    x: float
    y: float
    strength: float
    area: float
    bright: float
    box: tuple[int, int, int, int]  # left, top, right, bottom, px
    near: float  # blobs as strong per px in the same picture
    everywhere: float  # and in all of it
    all: float  # that chance puts anywhere
    leg: bool = False  # it had gone on by then, and not only stayed
    times: float = 1.0  # pictures in which it was waited for
    wrong: float = 0.0  # px that it was off where it could be expected

    @property
    def fill(self) -> float:
        """The share of the box that it fills."""
        left, top, right, bottom = self.box
        return self.area / ((right - left) * (bottom - top))


@dataclass(frozen=True, slots=True)
class Likeness:
    """How what is seen at a blob goes together with the background there; see `motion.marks`."""

    aside: float  # share of the difference that is left when the background is shifted a little
    detail: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)


@dataclass(slots=True)
class Track:
    """What may be one thing, seen in several pictures; lengths in px."""

    points: list[Point]
    chance: float = 0.0  # log10 of how many such tracks chance makes in a picture
    origin: int = 0  # index of the point from which on the links are good
    path: float = 0.0  # since then
    reach: float = 0.0  # farthest from where it began
    mark: float = 0.0
    bare: float = 0.0  # the mark that it would have in a calm place
    marks: dict[str, float] = field(default_factory=dict)  # the last of each stage
    run: int = 0  # links in a row that went on in about the same direction, lately
    longest_run: int = 0
    moved: float = 0.0  # time when it moved last
    anchor: int = 0  # index of the point where that was
    typical: float = 0.0  # log2 of its strength
    sure: float = 5.0  # tenfolds that its last links are unlikely by chance
    between: list[Seen] = field(default_factory=list)  # pictures in which it was not found, since RAISE
    looks: list[Likeness] = field(default_factory=list)
    counted: int = 0  # points that the crowd knows of
    counted_at: tuple[float, float] = (-99.0, -99.0)  # the last of them
    fits: int = -1  # index of its blob in this picture

    @property
    def last(self) -> Point:
        """Where it was seen last."""
        return self.points[-1]

    @property
    def proven(self) -> bool:
        """Whether it is taken for something."""
        return self.mark >= PROVEN

    @property
    def lasting(self) -> bool:
        """Whether it has lasted longer than what falls, on links that are no chance."""
        return self.lasted > LASTING and self.sure > CERTAIN

    @property
    def area(self) -> float:
        """Its usual area, px."""
        return median(point.area for point in self.points)

    @property
    def fill(self) -> float:
        """The share of its box that it usually fills."""
        return median(point.fill for point in self.points)

    @property
    def lasted(self) -> float:
        """Seconds from the first to the last point."""
        return self.last.seen.time - self.points[0].seen.time

    def add(self, point: Point, chance: float) -> None:
        """It went on to `point`; a link that is no better than chance begins something new."""
        before, first = self.last, self.points[self.origin]
        step = hypot(point.x - before.x, point.y - before.y)
        # Only new places count: what swings comes back to where it was.
        far = SLACK + LEG * sqrt(point.area)
        point.leg = went(self.points[self.anchor], point) > far and all(
            went(place, point) > far for place in self.points[self.origin : self.anchor]
        )
        if point.leg:
            self.moved = point.seen.time
            self.anchor = len(self.points)
        if step > 1.0:
            self.path += step
            self._turn(point)
        self.reach = max(self.reach, went(first, point))
        if chance > WEAK:
            self.origin = self.anchor = len(self.points)
            self.path, self.reach, self.run, self.longest_run = 0.0, 0.0, 0, 0
            self.chance = log10(point.all)
        elif point.leg:
            self.chance += chance
        self.sure += 0.3 * (-chance - self.sure)
        self.typical += 0.2 * (log2(point.strength) - self.typical)
        self.points.append(point)
        if len(self.points) > POINTS:
            del self.points[1]
            self.counted, self.origin, self.anchor = (
                max(0, at - (at > 1)) for at in (self.counted, self.origin, self.anchor)
            )

    def compared(self, blobs: Blobs, at: int) -> None:
        """What is known of how the background explains one of its blobs."""
        if blobs.likeness[at] is not None:
            self.looks.append(blobs.likeness[at])

    def begin_at(self, point: Point, chance: float) -> None:
        """It was at `point` before."""
        self.points.insert(0, point)
        self.anchor += 1
        if self.origin:
            self.origin += 1
            return
        self.points[1].leg = True
        self.chance += chance
        self.path += hypot(point.x - self.points[1].x, point.y - self.points[1].y)
        self.reach = max(went(point, p) for p in self.points)

    def _turn(self, point: Point) -> None:
        """Count on how many links in a row it kept its direction."""
        last = self.last
        before = next((p for p in reversed(self.points[:-1]) if hypot(last.x - p.x, last.y - p.y) > 1.0), None)
        if before is not None:
            old_x, old_y, new_x, new_y = last.x - before.x, last.y - before.y, point.x - last.x, point.y - last.y
            straight = old_x * new_x + old_y * new_y > STRAIGHT * hypot(old_x, old_y) * hypot(new_x, new_y)
            self.run = self.run + 1 if straight else 0
        else:
            self.run = 1
        self.longest_run = max(self.longest_run, self.run)


def went(first: Point, last: Point) -> float:
    """px that something went with both of its edges; what grows or shrinks moves one."""
    left, top, right, bottom = (float(one - other) for one, other in zip(last.box, first.box, strict=True))
    across = min(abs(left), abs(right)) if left * right > 0 else 0.0
    down = min(abs(top), abs(bottom)) if top * bottom > 0 else 0.0
    return hypot(across, down)


def link_chance(density: float, point: Point) -> float:
    """log10 of how many blobs as strong chance puts as near to where one is expected."""
    return log10(min(1.0, density * point.times * pi * point.wrong**2))


def least_wrong(point: Point) -> float:
    """px within which two blobs are at the same place."""
    left, top, right, bottom = point.box
    return max(1.5, 0.15 * sqrt(point.area), 0.25 * max(right - left, bottom - top))


def point_of(seen: Seen, blobs: Blobs, at: int) -> Point:
    return Point(
        seen,
        float(blobs.x[at]),
        float(blobs.y[at]),
        float(blobs.strength[at]),
        float(blobs.area[at]),
        float(blobs.bright[at]),
        blobs.box(at),
        float(blobs.near[at]),
        float(blobs.others[at]),
        float(blobs.everywhere[at]),
    )


def box_of(box: tuple[int, int, int, int], height: int, width: int) -> Box:
    """Relative, from px."""
    left, top, right, bottom = box
    return left / width, top / height, (right - left) / width, (bottom - top) / height
