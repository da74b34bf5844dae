"""Other ways of drawing what the dev half has too, for the half kept out of tuning: wind, leaves, rain, snow, noise.

A detector that is good at one drawing of rain and not at another knows the drawing, not rain.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from scene_paint import HEIGHT, WIDTH, Canvas, Floats, fractal, grey
from scene_wind import Wind
from scene_world import Curve, Part


class Breeze(Wind):
    """Wind as 1/f noise in time that travels across, cut off below: gusts of every length and shape."""

    def __init__(
        self, seed: int, base: float, gusts: float, seconds: float, speed: float = 60.0, power: float = 0.8
    ) -> None:
        super().__init__(seed, base, 0.0, 1e9, 1.0, speed)
        self._noise = fractal(seed, 4, 4096, power)[1]
        self._span = max(seconds, 60.0) * 1.3
        self._strong = gusts

    def at(self, time: float, x: Any) -> Any:
        """The strength at these x (units)."""
        late = np.asarray(time - np.asarray(x, np.float32) / self.speed, np.float32)
        place = np.mod(late, self._span) / self._span * 4095
        return self.base + self._strong * np.maximum(0, np.interp(place, np.arange(4096), self._noise) - 0.2)


class Sprays(Part):
    """Twigs with leaves cut out of photographs; each turns about its stem like a pendulum, with inertia of its own."""

    def __init__(
        self,
        seed: int,
        wind: Wind,
        stems: tuple[tuple[float, float, float, float], ...],
        count: int = 60,
        length: tuple[float, float] = (10.0, 22.0),
        light: float = 0.12,
        photo: str = "grass",
        swing: float = 0.25,
        droop: float = np.pi / 2,
    ) -> None:
        super().__init__()
        random = np.random.default_rng([seed, 41])
        self.wind, self.photo, self.swing, self.light = wind, photo, swing, light
        pick = random.integers(0, len(stems), count)
        along = random.random(count)
        lines = np.array(stems)[pick]
        self._x = lines[:, 0] + (lines[:, 2] - lines[:, 0]) * along
        self._y = lines[:, 1] + (lines[:, 3] - lines[:, 1]) * along
        self._long = random.uniform(*length, count)
        self._rest = droop + random.normal(0, 0.5, count)
        self._beat = random.uniform(0.5, 1.8, count) * np.sqrt(14 / self._long)
        self._phase = random.uniform(0, 6.28, (count, 2))
        self._kind = random.integers(0, 6, count)
        self._seed = seed

    def make(self, scale: float) -> Any:
        """Six pictures of a twig (light, cover), 128 px long, the stem at the left edge's middle."""
        made = []
        whole = grey(self.photo)
        for kind in range(6):
            random = np.random.default_rng([self._seed, 42, kind])
            fine = int(max(24, 22 * scale))
            cover = np.zeros((fine // 2, fine), np.uint8)
            light = np.zeros((fine // 2, fine), np.float32)
            top, left = (int(random.integers(0, max(1, n - fine))) for n in whole.shape)
            relief = cv2.resize(whole[top : top + fine // 2, left : left + fine], (fine, fine // 2))
            cv2.line(cover, (0, fine // 4), (int(fine * 0.9), fine // 4), 255, max(1, fine // 40), cv2.LINE_AA)
            for at in np.linspace(0.15, 0.95, 9):
                for side in (-1, 1):
                    middle = int(at * fine * 0.9), int(fine / 4 + side * fine * 0.11)
                    axes, turn = (int(fine * 0.12), int(fine * 0.05)), float(side * random.uniform(20, 70))
                    cv2.ellipse(cover, middle, axes, turn, 0, 360, 255, -1, cv2.LINE_AA)
                    cv2.ellipse(light, middle, axes, turn, 0, 360, float(np.exp(random.normal(0, 0.5))), -1)
            light = np.maximum(light, 0.6) * self.light * np.clip(relief / relief.mean(), 0.3, 2.5)
            share = cover.astype(np.float32) / 255
            made.append(np.dstack([light * share, share]))
        return made

    def draw(self, canvas: Canvas, time: float) -> None:
        """Lay every twig over the picture."""
        twigs, scale = self.made(canvas), canvas.scale
        force = np.asarray(self.wind.at(time, self._x), np.float64)
        swing = np.sin(2 * np.pi * self._beat * time + self._phase[:, 0])
        turn = (
            self._rest - self.swing * force * (0.8 + 0.6 * swing) + 0.05 * np.sin(3 * time + self._phase[:, 1]) * force
        )
        for index in range(len(self._x)):
            twig = twigs[self._kind[index]]
            zoom = self._long[index] * scale / twig.shape[1]
            reach = int(self._long[index] * scale) + 2
            x, y = self._x[index] * scale, self._y[index] * scale
            left, top = max(0, int(x) - reach), max(0, int(y) - reach)
            right, bottom = min(canvas.size[0], int(x) + reach), min(canvas.size[1], int(y) + reach)
            if right <= left or bottom <= top:
                continue
            cosine, sine = np.cos(turn[index]) * zoom, np.sin(turn[index]) * zoom
            half = twig.shape[0] / 2
            matrix = np.array([[cosine, -sine, x - left + sine * half], [sine, cosine, y - top - cosine * half]])
            moved = cv2.warpAffine(twig, matrix, (right - left, bottom - top), flags=cv2.INTER_LINEAR)
            region = canvas.light[top:bottom, left:right]
            region *= 1 - moved[..., 1]
            region += moved[..., 0] * (1 + 0.2 * swing[index] * min(1.0, force[index]))


class Curtain(Part):
    """Rain as shaken tiles of smeared points: the light it adds, at four depths, slanted by the wind of the moment."""

    def __init__(self, seed: int, heavy: Curve, wind: Wind, light: float = 0.5, long: float = 11.0) -> None:
        super().__init__()
        self.seed, self.heavy, self.wind, self.light, self.long = seed, heavy, wind, light, long

    def make(self, scale: float) -> list[list[Floats]]:
        """For four depths, tiles of five slants each."""
        made = []
        random = np.random.default_rng([self.seed, 51])
        for depth, count in ((0.35, 900), (0.7, 330), (1.4, 70), (3.0, 12)):
            tiles = []
            for slant in np.linspace(-0.35, 0.35, 5):
                points = np.zeros((int(HEIGHT * scale), int(WIDTH * scale)), np.float32)
                rows, columns = (random.integers(0, n, count) for n in points.shape)
                points[rows, columns] = random.uniform(0.3, 1.0, count)
                size = max(3, int(self.long * depth * scale)) | 1
                kernel = np.zeros((size, size), np.float32)
                middle, lean = size // 2, slant * size / 2
                start, end = (int(middle - lean), 0), (int(middle + lean), size - 1)
                cv2.line(kernel, start, end, 1.0, max(1, int(0.25 * depth * scale)))
                kernel *= np.hanning(size + 2)[1:-1, None]
                smeared = cv2.filter2D(points, -1, kernel, borderType=cv2.BORDER_REFLECT)
                tiles.append(
                    cv2.GaussianBlur(smeared, (0, 0), max(0.3, 0.12 * depth * scale)) * (0.35 / max(0.6, depth) ** 0.5)
                )
            made.append(tiles)
        return made

    def draw(self, canvas: Canvas, time: float) -> None:
        """Add the streaks; the heavier, the more of them and the paler the picture."""
        heavy = self.heavy.at(time)
        if heavy <= 0.02:
            return
        random = np.random.default_rng([self.seed, 52, round(time * 1000)])
        slant = int(np.clip(2 + 2 * (float(self.wind.at(time, 160)) - 0.4), 0, 4))
        canvas.light *= 1 - 0.15 * heavy
        canvas.light += 0.05 * heavy * self.light
        for tiles in self.made(canvas):
            tile = tiles[slant]
            shift = int(random.integers(0, tile.shape[0])), int(random.integers(0, tile.shape[1]))
            rolled = np.roll(tile, shift, (0, 1))
            canvas.light += (
                rolled[:, ::-1] * self.light * heavy
                if slant == 2 and random.random() < 0.5
                else rolled * (self.light * heavy)
            )


class Flurry(Part):
    """Snow as soft blobs whose paths curl in a field of noise; the flakes come in waves with the wind."""

    def __init__(self, seed: int, heavy: Curve, wind: Wind, light: float = 0.85, count: int = 220) -> None:
        super().__init__()
        random = np.random.default_rng([seed, 61])
        self.heavy, self.wind, self.light = heavy, wind, light
        self._near = np.exp(random.normal(-0.5, 0.6, count))
        self._start = random.random((count, 2))
        self._curl = random.uniform(0, 6.28, (count, 3))
        self._drift = np.cumsum([float(wind.at(t * 0.2, 160)) * 0.2 for t in range(3000)])

    def draw(self, canvas: Canvas, time: float) -> None:
        """Lay the flakes over the picture, farthest first."""
        scale = canvas.scale
        drift = np.interp(time, np.arange(3000) * 0.2, self._drift)
        fall = (22 * time + 6 * np.sin(1.1 * time + self._curl[:, 0])) * self._near
        x = (
            np.mod(self._start[:, 0] * 360 + (26 * drift + 5 * np.sin(0.9 * time + self._curl[:, 1])) * self._near, 360)
            - 20
        )
        y = np.mod(self._start[:, 1] * 220 + fall, 220) - 20
        shown = int(len(x) * min(1.0, self.heavy.at(time)))
        for low, high, strength in ((0.0, 1.0, 0.6), (1.0, 9.0, 0.4)):
            mask = np.zeros(canvas.light.shape, np.uint8)
            for k in range(shown):
                if low <= self._near[k] < high:
                    middle = round(x[k] * scale * 8), round(y[k] * scale * 8)
                    axes = round(0.55 * self._near[k] * scale * 8), round(0.7 * self._near[k] * scale * 8)
                    cv2.ellipse(mask, middle, axes, float(self._curl[k, 2] * 57), 0, 360, 255, -1, cv2.LINE_AA, 3)
            blurred = cv2.GaussianBlur(mask, (0, 0), 0.25 * scale if high == 1.0 else 0.9 * scale)
            canvas.light += (self.light - canvas.light) * (blurred.astype(np.float32) * (strength / 255))


def banded(random: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Noise with lines: rows differ as a whole, and single px are hot for one picture."""
    rough = random.standard_normal((shape[0] // 2 + 1, shape[1] // 2 + 1), np.float32)
    coarse = cv2.resize(rough, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
    made = 0.8 * random.standard_normal(shape, np.float32) + 0.6 * coarse
    made += 0.35 * random.standard_normal((shape[0], 1), np.float32)
    rows, columns = (random.integers(0, n, 6) for n in shape)
    made[rows, columns] += random.uniform(3, 7, 6)
    return made.astype(np.float32)


def lumpy(random: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Noise after a strong noise reduction: lumps of 3 to 6 px that come and go."""
    made = np.zeros(shape, np.float32)
    for size, share in ((1.0, 0.6), (2.5, 0.8)):
        small = random.standard_normal((int(shape[0] / size) + 2, int(shape[1] / size) + 2), np.float32)
        made += share * cv2.resize(small, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return made
