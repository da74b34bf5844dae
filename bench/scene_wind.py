"""Wind: gusts that travel over the picture, foliage whose leaves swing each on its own, the shadows of trees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from scene_paint import HEIGHT, WIDTH, Canvas, Floats, Point, fractal, grey, smooth
from scene_world import Part


class Wind:
    """The strength of the wind by time and x, about 0 to 1.5; gusts rise fast, fade slowly and travel."""

    def __init__(
        self, seed: int, base: float, gusts: float, every: float, seconds: float, speed: float = 120.0
    ) -> None:
        random = np.random.default_rng([seed, 5])
        self.base, self.speed = base, speed
        times, time = [], random.uniform(0, every)
        while time < seconds:
            times.append((time, random.uniform(0.4, 1.0) * gusts, random.uniform(0.5, 1.5), random.uniform(1.5, 4.5)))
            time += random.exponential(every)
        self._gusts = np.array(times, np.float32).reshape(-1, 4)
        self._phase = random.uniform(0, 6.28, 4)

    def at(self, time: float, x: Any) -> Any:
        """The strength at these x (units)."""
        x = np.asarray(x, np.float32)
        late = time - x / self.speed
        wave = 0.5 + 0.25 * np.sin(0.7 * late + self._phase[0]) + 0.25 * np.sin(1.9 * late + self._phase[1])
        strength = self.base * wave
        for start, force, rise, fall in self._gusts:
            if start - 4 < time < start + rise + 5 * fall + 4:
                since = late - start
                shape = np.where(since < rise, smooth(0, 1, since / rise), np.exp(-(since - rise) / fall))
                strength = strength + force * np.where(since > 0, shape, 0)
        return strength


@dataclass(frozen=True)
class Leaves:
    """What a piece of foliage is like; lengths in units."""

    outline: tuple[Point, ...]  # within which leaves grow
    count: int = 500
    size: tuple[float, float] = (2.0, 5.0)  # a leaf's length
    light: float = 0.12
    skin: str = "grass"
    bend: float = 3.0  # how far a gust pushes
    flutter: float = 1.2  # how far each leaf swings in it
    beat: tuple[float, float] = (0.8, 3.0)  # Hz
    hang: float = 0.0  # 1: the top moves most (a bush), -1: the lower end does (hanging twigs)
    flash: float = 0.25  # how much brighter a leaf gets that turns
    tint: tuple[float, float] = (-0.06, -0.02)
    upright: bool = False  # blades of grass


class Foliage(Part):
    """Many leaves painted once; in the wind each one's piece of the picture swings with a phase of its own."""

    def __init__(self, seed: int, leaves: Leaves, wind: Wind) -> None:
        super().__init__()
        self.leaves, self.wind, self.seed = leaves, wind, seed
        random = np.random.default_rng([seed, 6])
        corners = np.array(leaves.outline, np.float32)
        low, high = corners.min(0), corners.max(0)
        found: list[Any] = []
        while len(found) < leaves.count:
            point = random.uniform(low, high)
            if cv2.pointPolygonTest(corners, (float(point[0]), float(point[1])), True) > -random.exponential(1.5):
                found.append(point)
        self.at_ = np.array(found, np.float32)
        count = leaves.count
        self.turn = random.normal(np.pi / 2, 0.25, count) if leaves.upright else random.uniform(0, np.pi, count)
        self.length = random.uniform(*leaves.size, count)
        self.shade = (leaves.light * np.exp(random.normal(0, 0.65, count))).astype(np.float32)
        self.beat = random.uniform(*leaves.beat, count).astype(np.float32)
        self.phase = random.uniform(0, 6.28, (count, 3)).astype(np.float32)
        branch = (
            (fractal(seed, 32, 32, 1.2)[(self.at_[:, 1] / 8).astype(int) % 32, (self.at_[:, 0] / 12).astype(int) % 32])
            * 2
        )
        self.branch = branch.astype(np.float32)
        share = (self.at_[:, 1] - low[1]) / max(high[1] - low[1], 1)
        self.free = {0.0: np.ones(count), 1.0: 1.15 - share, -1.0: 0.15 + share}[leaves.hang].astype(np.float32)

    def make(self, scale: float) -> Any:
        """The painted layer (light, cover), whose leaf each px is, and where it lies in the picture."""
        margin = self.leaves.bend * 2 + self.leaves.size[1] + 3
        low, high = self.at_.min(0) - margin, self.at_.max(0) + margin
        left, top = (int(max(0, low[k] * scale)) // 12 * 12 for k in (0, 1))  # on the colour's grid
        right, bottom = int(min(WIDTH * scale, high[0] * scale)), int(min(HEIGHT * scale, high[1] * scale))
        shape = bottom - top, right - left
        light, cover = np.zeros(shape, np.float32), np.zeros(shape, np.uint8)
        owner = np.full(shape, -1, np.int32)
        relief = cv2.resize(grey(self.leaves.skin), (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
        for index, (x, y) in enumerate(self.at_):
            middle = round((x * scale - left) * 16), round((y * scale - top) * 16)
            axes = (
                round(self.length[index] * scale * 8),
                round(self.length[index] * scale * (1.2 if self.leaves.upright else 3.4)),
            )
            angle = float(np.degrees(self.turn[index]))
            for target, value in ((light, float(self.shade[index])), (cover, 255), (owner, index)):
                cv2.ellipse(target, middle, axes, angle, 0, 360, value, -1, cv2.LINE_8, 4)
            rib = int(axes[0] * np.cos(self.turn[index])), int(axes[0] * np.sin(self.turn[index]))
            ends = [(middle[0] - rib[0], middle[1] - rib[1]), (middle[0] + rib[0], middle[1] + rib[1])]
            cv2.line(light, ends[0], ends[1], float(self.shade[index]) * 1.5, 1, cv2.LINE_8, 4)
        light *= 0.5 + 0.5 * np.clip(relief / relief.mean(), 0.2, 3)
        blank = (owner < 0).astype(np.uint8)
        _, labels = cv2.distanceTransformWithLabels(blank, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
        by_label = np.zeros(labels.max() + 1, np.int32)
        by_label[labels[blank == 0]] = owner[blank == 0]
        owner = by_label[labels]
        both = np.dstack([light, cover.astype(np.float32) / 255])
        both[..., 0] *= both[..., 1]
        both = cv2.GaussianBlur(both, (0, 0), max(0.5, 0.12 * scale))
        y, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
        return both, owner, x, y, (left, top)

    def draw(self, canvas: Canvas, time: float) -> None:
        """Lay it over the picture as the wind holds it."""
        both, owner, x, y, (left, top) = self.made(canvas)
        dx, dy, gain = self.moved(time)
        map_x = x - (dx * canvas.scale).astype(np.float32)[owner]
        map_y = y - (dy * canvas.scale).astype(np.float32)[owner]
        moved = cv2.remap(both, map_x, map_y, cv2.INTER_LINEAR)
        region = canvas.light[top : top + owner.shape[0], left : left + owner.shape[1]]
        region *= 1 - moved[..., 1]
        region += moved[..., 0] * gain[owner]
        step = canvas.step
        wide, high = owner.shape[1] // step, owner.shape[0] // step
        cover = cv2.resize(moved[..., 1], (wide, high), interpolation=cv2.INTER_AREA)[..., None]
        area = canvas.colour[top // step :, left // step :][:high, :wide]
        area += (np.array(self.leaves.tint, np.float32) * 0.5 - area) * cover[: area.shape[0], : area.shape[1]]

    def moved(self, time: float) -> tuple[Floats, Floats, Floats]:
        """For each leaf how far it is moved, in units, and how bright it is."""
        leaves = self.leaves
        force = self.wind.at(time, self.at_[:, 0])
        sway = np.sin(2 * np.pi * 0.45 * time + self.branch) + 0.5 * np.sin(2 * np.pi * 0.83 * time + 2 * self.branch)
        swing = np.sin(2 * np.pi * self.beat * time + self.phase[:, 0])
        swing_y = np.sin(2 * np.pi * self.beat * 0.9 * time + self.phase[:, 1])
        dx = self.free * (leaves.bend * force * (0.7 + 0.35 * sway) + leaves.flutter * force * swing)
        dy = self.free * (0.3 * leaves.bend * force * sway + 0.7 * leaves.flutter * force * swing_y)
        gain = 1 + leaves.flash * np.minimum(force, 1.2) * np.sin(2 * np.pi * self.beat * time + self.phase[:, 2])
        return dx, dy, gain.astype(np.float32)


class TreeShadow(Part):
    """The shadow of a tree that swings on the ground: blurred blotches of light moving to and fro."""

    def __init__(
        self, seed: int, wind: Wind, box: tuple[float, float, float, float], depth: float = 0.6, swing: float = 5.0
    ) -> None:
        super().__init__()
        self.wind, self.box, self.depth, self.swing = wind, box, depth, swing
        self._pattern = smooth(-0.3, 0.5, fractal(seed, 256, 512, 1.0, 0.12)).astype(np.float32)
        self._phase = (fractal(seed + 1, 64, 128, 1.5) * 1.5).astype(np.float32)

    def draw(self, canvas: Canvas, time: float) -> None:
        """Darken the ground."""
        assert canvas.lit is not None
        per = canvas.lit.shape[1] / WIDTH
        left, top, right, bottom = (int(v * per) for v in self.box)
        size = right - left, bottom - top
        phase = cv2.resize(self._phase, size)
        force = np.asarray(self.wind.at(time, np.linspace(self.box[0], self.box[2], size[0])), np.float32)[None, :]
        dx = (
            self.swing
            * force
            * (0.6 + np.sin(2 * np.pi * 0.4 * time + phase) + 0.3 * np.sin(2 * np.pi * 1.1 * time + 2 * phase))
        )
        y, x = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float32)
        zoom = 512 / WIDTH / per
        shade = cv2.remap(
            self._pattern, (x * zoom - dx * zoom * per) % 511, (y * zoom * 2 - 0.3 * dx * per) % 255, cv2.INTER_LINEAR
        )
        edge_x = np.minimum(x, size[0] - x) / (0.15 * size[0])
        edge_y = np.minimum(y, size[1] - y) / (0.2 * size[1])
        fade = np.clip(np.minimum(edge_x, edge_y), 0, 1)
        canvas.lit[top:bottom, left:right] *= 1 - self.depth * shade * fade


class Shake(Part):
    """A pole that trembles in the wind: sub-pixel to a few units, more in gusts."""

    def __init__(self, seed: int, wind: Wind, reach: float) -> None:
        super().__init__()
        self.wind, self.reach = wind, reach
        self._phase = np.random.default_rng([seed, 8]).uniform(0, 6.28, 6)

    def at(self, time: float) -> Point:
        """By how much the picture is moved."""
        force = self.reach * float(self.wind.at(time, WIDTH / 2))
        p = self._phase
        dx = (
            np.sin(2 * np.pi * 1.3 * time + p[0])
            + 0.5 * np.sin(2 * np.pi * 3.7 * time + p[1])
            + 0.3 * np.sin(7 * time + p[2])
        )
        dy = 0.6 * np.sin(2 * np.pi * 1.7 * time + p[3]) + 0.4 * np.sin(2 * np.pi * 4.3 * time + p[4])
        return float(dx * force * 0.6), float(dy * force * 0.6)
