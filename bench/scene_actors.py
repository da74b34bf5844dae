"""Who the events are about: birds, people, cats and cars of a few soft shapes in photographed skins, on paths.

An actor is drawn as seen through a shutter: the mean of its places while it was open. So what flies is a smear.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from math import atan2, cos, hypot, pi, sin
from typing import NamedTuple

import cv2
import numpy as np
from scene_paint import Canvas, Floats, skin

STILL = 0.4  # units a second: slower is standing still


class Pose(NamedTuple):
    """Where an actor is and how it holds itself."""

    x: float
    y: float
    size: float  # units: a bird's or cat's length, a person's height, a car's length
    turn: float  # radians its heading lies from the horizontal, for what flies
    faces: float  # 1: to the right, -1: to the left
    way: float  # units it has gone: the gait follows
    still: bool
    time: float


class Shape(NamedTuple):
    """A polygon in the actor's own coordinates (its size is 1, it looks to the right, y grows downwards)."""

    points: Floats  # (n, 2)
    light: float  # share of light it gives back
    rough: float = 1.0  # how much of the skin's texture shows


@dataclass(frozen=True)
class Path:
    """Places by time, (s, x, y[, size factor]): smooth within a stretch; the same place twice is a rest."""

    stops: tuple[tuple[float, ...], ...]
    sway: float = 0.0  # units it goes up and down on its way (a bird's bounding flight)
    beat: float = 1.0  # Hz of that

    def at(self, time: float) -> tuple[float, float, float] | None:
        """x, y, size factor; None before the first and after the last place."""
        if not self.stops[0][0] <= time <= self.stops[-1][0]:
            return None
        stops = self.stops
        index = next(k for k in range(len(stops) - 1) if time <= stops[k + 1][0])
        one, two = stops[index], stops[index + 1]
        share = (time - one[0]) / max(two[0] - one[0], 1e-6)
        before, after = (
            index and _rests(stops[index - 1], one),
            index + 2 < len(stops) and _rests(two, stops[index + 2]),
        )
        if before and after:
            share = share * share * (3 - 2 * share)
        elif before:
            share = share * share * (2 - share)
        elif after:
            share = share + share * share * (1 - share)
        swing = (
            0.0 if _rests(one, two) else self.sway * sin(2 * pi * self.beat * time) * min(1, 4 * share, 4 - 4 * share)
        )
        sizes = [stop[3] if len(stop) > 3 else 1.0 for stop in (one, two)]
        return (
            one[1] + (two[1] - one[1]) * share,
            one[2] + (two[2] - one[2]) * share + swing,
            sizes[0] + (sizes[1] - sizes[0]) * share,
        )


def _rests(one: tuple[float, ...], two: tuple[float, ...]) -> bool:
    return hypot(two[1] - one[1], two[2] - one[2]) < 0.02


@dataclass(frozen=True)
class Actor:
    """One visitor. `rest` says what sitting still for over 6 s means: one visit with an optional part, or two."""

    kind: str
    path: Path
    size: float  # units
    tone: float = 0.1  # linear light it gives back
    skin: tuple[str, float, float, float] = ("chelsea", 0.2, 0.2, 0.3)
    shapes: str = ""  # how it is drawn; default: its kind
    shadow: tuple[float, float] | None = None  # where its shadow falls, in sizes
    dark: float = 0.55  # how dark that is
    lights: float = 0.0  # headlights
    tint: tuple[float, float] = (0.0, 0.0)
    rest: str = "optional"
    beat: float = 9.0  # Hz of the wings
    sits: bool = False  # wings folded while it rests
    _: dict[str, float] = field(default_factory=dict)

    def pose(self, time: float) -> Pose | None:
        """How it is at this time, if it is there at all."""
        here = self.path.at(time)
        if here is None:
            return None
        near = self.path.at(time - 0.05) or here
        then = self.path.at(time + 0.05) or here
        dx, dy = then[0] - near[0], then[1] - near[1]
        speed = hypot(dx, dy) / 0.1
        still = speed < STILL and not (then == here == near and speed > 0)
        faces = 1.0 if dx >= 0 else -1.0
        if still:
            faces = self._last_heading(time)
        turn = atan2(dy, abs(dx)) * 0.6 if speed > 3 and self.kind == "bird" and not self.sits else 0.0
        return Pose(here[0], here[1], self.size * here[2], turn, faces, here[0] + here[1], still, time)

    def _last_heading(self, time: float) -> float:
        going = [b[1] - a[1] for a, b in zip(self.path.stops, self.path.stops[1:], strict=False) if a[0] < time]
        return next((1.0 if dx > 0 else -1.0 for dx in reversed(going) if abs(dx) > 0.02), 1.0)

    def draw(self, canvas: Canvas, time: float, shutter: float, sun: float = 1.0) -> None:
        """Lay it over the picture as the shutter, open for so many seconds until `time`, saw it; with its shadow."""
        poses = [self.pose(time - shutter), self.pose(time)]
        ends = [pose for pose in poses if pose is not None]
        if not ends:
            return
        gone = hypot(ends[-1].x - ends[0].x, ends[-1].y - ends[0].y) * canvas.scale
        count = int(min(12, max(1 if ends[-1].still else 3, gone / 1.5)))
        seen = [self.pose(time - shutter * (k + 0.5) / count) for k in range(count)]
        there = [pose for pose in seen if pose is not None]
        reach = max(pose.size for pose in ends) * 1.3 + 2
        xs, ys = [pose.x for pose in ends], [pose.y for pose in ends]
        box = min(xs) - reach, min(ys) - reach, max(xs) + reach, max(ys) + reach
        if self.shadow is not None and sun * self.dark > 0.02:
            self._shade(canvas, there, len(seen), box, sun)
        layer = _Layer(canvas, box)
        if layer.empty:
            return
        canvas.touch(box)
        draw = DRAWN[self.shapes or self.kind]
        for pose in there:
            layer.add(draw(pose, self), pose, self, 1 / len(seen))
        layer.lay(self.tint)

    def _shade(self, canvas: Canvas, poses: list[Pose], of: int, box: tuple[float, ...], sun: float) -> None:
        assert self.shadow is not None
        dx, dy = self.shadow[0] * self.size, self.shadow[1] * self.size
        around = (
            min(box[0], box[0] + dx * 2),
            box[1] + min(0, dy),
            max(box[2], box[2] + dx * 2),
            box[3] + max(dy, 0) + 2,
        )
        layer = _Layer(canvas, around)
        if layer.empty:
            return
        canvas.touch(around)
        flat = 0.28
        draw = DRAWN[self.shapes or self.kind]
        for pose in poses:
            cast = []
            for shape in draw(pose, self):
                points = shape.points.copy()
                points[:, 0] += (-points[:, 1] * self.shadow[0] + 0) * pose.faces
                points[:, 1] = points[:, 1] * flat * (-1 if self.shadow[1] < 0 else 1)
                points[:, 1] += 0.0 if self.kind != "bird" or pose.still else self.shadow[1]
                cast.append(Shape(points, 0.0, 0.0))
            layer.add(cast, pose._replace(turn=0.0), self, 1 / of)
        layer.soften(0.4)
        layer.darken(self.dark * sun)


class _Layer:
    """A piece of the picture on which shapes gather before they are laid over it."""

    def __init__(self, canvas: Canvas, box: tuple[float, ...]) -> None:
        wide, high = canvas.size
        step, scale = canvas.step, canvas.scale
        left, top = (int(max(0, box[k] * scale)) // step * step for k in (0, 1))
        right = int(min(wide, -(-box[2] * scale // step) * step))
        bottom = int(min(high, -(-box[3] * scale // step) * step))
        self.canvas, self.left, self.top = canvas, left, top
        self.size = right - left, bottom - top
        self.empty = self.size[0] <= 0 or self.size[1] <= 0
        self.fine = 3 if scale < 4 else 1  # px of the mask for one of the picture, against steps
        if not self.empty:
            self.cover = np.zeros((self.size[1], self.size[0]), np.float32)
            self.light = np.zeros_like(self.cover)

    def add(self, shapes: list[Shape], pose: Pose, actor: Actor, weight: float) -> None:
        scale, fine = self.canvas.scale, self.fine
        cosine, sine = cos(pose.turn), sin(pose.turn)
        size = pose.size * scale
        cover = np.zeros_like(self.cover)
        light = np.zeros_like(self.cover)
        relief = self._relief(pose, actor, size) if any(shape.rough for shape in shapes) else None
        for shape in shapes:
            x, y = shape.points[:, 0], shape.points[:, 1]
            x, y = (x * cosine - y * sine) * pose.faces * size, (x * sine + y * cosine) * size
            at = np.stack([x + pose.x * scale - self.left, y + pose.y * scale - self.top], 1) * fine
            mask = np.zeros((self.size[1] * fine, self.size[0] * fine), np.uint8)
            corners = np.round((at - 0.5) * 16).astype(np.int32)
            cv2.fillPoly(mask, [corners], 255, cv2.LINE_8 if fine > 1 else cv2.LINE_AA, 4)
            if fine > 1:
                mask = cv2.resize(mask, self.size, interpolation=cv2.INTER_AREA)
            share = mask.astype(np.float32) * (1 / 255)
            own = shape.light if relief is None or not shape.rough else shape.light * (1 + shape.rough * (relief - 1))
            light += (own - light) * share
            cover += (1 - cover) * share
        self.cover += weight * cover
        self.light += weight * light * cover

    def _relief(self, pose: Pose, actor: Actor, size: float) -> Floats:
        texture = _skin(*actor.skin)
        high, wide = texture.shape
        zoom = 1.5 * size / wide
        x, y = pose.x * self.canvas.scale - self.left, pose.y * self.canvas.scale - self.top
        matrix = np.array([[zoom * pose.faces, 0, x - pose.faces * zoom * wide / 2], [0, zoom, y - zoom * high / 2]])
        level = int(max(0, min(4, np.log2(max(1 / zoom, 1)))))
        small = _shrunk(actor.skin, level)
        matrix[:, :2] *= 2**level
        flags = cv2.INTER_LINEAR
        return cv2.warpAffine(small, matrix, self.size, flags=flags, borderMode=cv2.BORDER_REFLECT)

    def soften(self, units: float) -> None:
        self.cover = cv2.GaussianBlur(self.cover, (0, 0), max(0.3, units * self.canvas.scale))

    def _region(self) -> Floats:
        return self.canvas.light[self.top : self.top + self.size[1], self.left : self.left + self.size[0]]

    def darken(self, depth: float) -> None:
        self._region()[:] *= 1 - depth * self.cover

    def lay(self, tint: tuple[float, float]) -> None:
        region = self._region()
        region += self.light - region * self.cover
        step = self.canvas.step
        wide, high = self.size[0] // step, self.size[1] // step
        if wide and high:
            cover = cv2.resize(self.cover, (wide, high), interpolation=cv2.INTER_AREA)[..., None]
            left, top = self.left // step, self.top // step
            area = self.canvas.colour[top : top + high, left : left + wide]
            area += (np.array(tint, np.float32) - area) * cover


@functools.cache
def _skin(name: str, x: float, y: float, share: float) -> Floats:
    return skin(name, x, y, share)


@functools.cache
def _shrunk(which: tuple[str, float, float, float], level: int) -> Floats:
    texture = _skin(*which)
    for _ in range(level):
        texture = cv2.resize(texture, (max(4, texture.shape[1] // 2), max(4, texture.shape[0] // 2)))
    return texture


DRAWN: dict[str, Callable[[Pose, Actor], list[Shape]]] = {}
"""Ways of drawing, by name; scene_bodies.py and others enter theirs."""
