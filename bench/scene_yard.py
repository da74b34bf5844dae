"""More that moves in place: cloth on a line, water with reflections, headlights that sweep past, clouds in the sky."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from scene_paint import HEIGHT, WIDTH, Canvas, Floats, fractal, skin, smooth
from scene_wind import Wind
from scene_world import Part


class Cloth(Part):
    """A flag or washing: a piece of a photograph, held at its top (or at its left edge) and waving in the wind."""

    def __init__(
        self,
        seed: int,
        wind: Wind,
        box: tuple[float, float, float, float],
        light: float = 0.5,
        photo: tuple[str, float, float, float] = ("coffee", 0.3, 0.3, 0.5),
        flag: bool = False,
        swing: float = 3.0,
    ) -> None:
        super().__init__()
        self.wind, self.box, self.light, self.flag, self.swing = wind, box, light, flag, swing
        self._skin = skin(*photo)
        self._phase = float(np.random.default_rng([seed, 31]).uniform(0, 6.28))

    def make(self, scale: float) -> Any:
        """The cloth (light, cover) with a margin, and where it lies."""
        margin = self.swing * 2 + 2
        left, top = (int(max(0, v - margin) * scale) for v in self.box[:2])
        right, bottom = int(min(WIDTH, self.box[2] + margin) * scale), int(min(HEIGHT, self.box[3] + margin) * scale)
        both = np.zeros((bottom - top, right - left, 2), np.float32)
        x0, y0, x1, y1 = (round(v * scale) for v in self.box)
        x1, y1 = min(x1, right), min(y1, bottom)
        picture = cv2.resize(self._skin, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA) * self.light
        both[y0 - top : y1 - top, x0 - left : x1 - left] = np.dstack([picture, np.ones_like(picture)])
        y, x = np.mgrid[0 : both.shape[0], 0 : both.shape[1]].astype(np.float32)
        return both, x, y, left, top

    def draw(self, canvas: Canvas, time: float) -> None:
        """Lay it over the picture; folds are brighter and darker."""
        both, x, y, left, top = self.made(canvas)
        scale = canvas.scale
        force = float(self.wind.at(time, self.box[0])) + 0.05
        free = ((x + left) / scale - self.box[0]) if self.flag else ((y + top) / scale - self.box[1])
        free = np.clip(free / (self.box[2] - self.box[0] if self.flag else self.box[3] - self.box[1]), 0, 1)
        along = (x * (1.0 if self.flag else 0.3) + y * (0.2 if self.flag else 0.8)) / scale
        wave = np.sin(0.22 * along - 2 * np.pi * 1.4 * time * (0.6 + 0.4 * min(force, 1.5)) + self._phase)
        slow = np.sin(2 * np.pi * 0.35 * time + self._phase)
        move = self.swing * force * scale * free * (0.6 * wave + 0.5 * slow)
        dx, dy = (0.3 * move, move) if self.flag else (move, 0.25 * move)
        moved = cv2.remap(both, (x - dx).astype(np.float32), (y - dy).astype(np.float32), cv2.INTER_LINEAR)
        region = canvas.light[top : top + y.shape[0], left : left + y.shape[1]]
        region *= 1 - moved[..., 1]
        region += moved[..., 0] * (1 + 0.3 * min(force, 1.2) * free * np.roll(wave, 3, 1))


class Water(Part):
    """A pond below a line: the picture above it upside down, broken by ripples, with glints of the sun."""

    def __init__(
        self,
        seed: int,
        top: float,
        bottom: float,
        wind: Wind,
        left: float = 0.0,
        right: float = WIDTH,
        glints: float = 0.0,
    ) -> None:
        super().__init__()
        self.top, self.bottom, self.left, self.right, self.wind, self.glints = top, bottom, left, right, wind, glints
        self._waves = [fractal(seed + k, 256, 256, 1.2, 0.15) for k in range(2)]

    def draw(self, canvas: Canvas, time: float) -> None:
        """Replace what lies there by the reflection."""
        scale = canvas.scale
        top, bottom, left, right = (int(v * scale) for v in (self.top, self.bottom, self.left, self.right))
        y, x = np.mgrid[top:bottom, left:right].astype(np.float32)
        depth = (y - top) / max(bottom - top, 1)
        size = (40 + 120 * depth) * scale / 60  # ripples are bigger near the camera
        force = 0.35 + float(self.wind.at(time, WIDTH / 2))
        u, v = x / size, (y - top) * 3 / size
        slope = np.zeros_like(x)
        for wave, (du, dv) in zip(self._waves, ((9.0, 5.0), (-6.0, 8.0)), strict=True):
            slope += cv2.remap(wave, _around(u + du * time), _around(v + dv * time), cv2.INTER_LINEAR)
        from_y = np.clip(2 * top - y + slope * force * (1 + 5 * depth) * scale, 0, top - 1).astype(np.float32)
        from_x = (x + 0.4 * slope * force * (1 + 3 * depth) * scale).astype(np.float32)
        mirrored = cv2.remap(canvas.light, from_x, from_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        made = 0.55 * mirrored * (0.9 + 0.06 * slope) + 0.02
        if self.glints:
            made += self.glints * smooth(2.4, 3.2, slope)
        edge = (
            np.clip(np.minimum(x - left, right - x) / (6 * scale), 0, 1) if self.left > 0 or self.right < WIDTH else 1.0
        )
        canvas.light[top:bottom, left:right] += (made - canvas.light[top:bottom, left:right]) * edge


def _around(at: Floats) -> Floats:
    """Coordinates in a texture of 256 px that goes on for ever."""
    return np.mod(at, 255).astype(np.float32)


class Sweep(Part):
    """Headlights of cars that are not in the picture: a patch of light that runs over everything near."""

    def __init__(self, passes: tuple[tuple[float, float, float], ...], power: float = 0.25, y: float = 95.0) -> None:
        super().__init__()
        self.passes, self.power, self.y = passes, power, y  # passes: (s, duration in s, 1 to the right or -1)

    def draw(self, canvas: Canvas, time: float) -> None:
        """Add the light."""
        assert canvas.lit is not None
        high, wide = canvas.lit.shape
        y, x = np.mgrid[0:high, 0:wide].astype(np.float32) * (HEIGHT / high)
        for start, lasts, way in self.passes:
            if not start <= time < start + lasts:
                continue
            share = (time - start) / lasts
            middle = -80 + (WIDTH + 160) * (share if way > 0 else 1 - share)
            strength = self.power * np.sin(np.pi * share)
            for beam in (-14, 14):
                spot = np.exp(-(((x - middle - beam) / 35) ** 2) - ((y - self.y) / 30) ** 2)
                canvas.lit += (strength * spot).astype(np.float32) * canvas.near


class SkyClouds(Part):
    """Clouds that drift in the sky above a line and make it brighter and darker."""

    def __init__(self, seed: int, speed: float, horizon: float, depth: float = 0.25) -> None:
        super().__init__()
        self.speed, self.horizon, self.depth = speed, horizon, depth
        self._shape: Floats = smooth(-0.6, 1.2, fractal(seed, 256, 1024, 1.7)).astype(np.float32)

    def draw(self, canvas: Canvas, time: float) -> None:
        """Change the light of what no lamp reaches: the sky."""
        assert canvas.lit is not None and canvas.near is not None
        high, wide = canvas.lit.shape
        zoom = 1024 / (WIDTH * 3) * WIDTH / wide
        matrix = np.array([[zoom, 0, -self.speed * time * 1024 / (WIDTH * 3)], [0, zoom * 2, 0]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        cloud = cv2.warpAffine(self._shape, matrix, (wide, high), flags=flags, borderMode=cv2.BORDER_WRAP)
        canvas.lit *= 1 + self.depth * (cloud - 0.5) * (1 - canvas.near)
