"""More for the half kept out of tuning: insects as random walks, cumulus shadows, spotlights, a blowing bag."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from scene_paint import HEIGHT, WIDTH, Canvas, Floats, fractal, smooth
from scene_world import Curve, Part


class Swarm(Part):
    """Insects that steer at random about a lamp, each a string of beads as its wings beat; they stay 2 to 20 s."""

    def __init__(
        self,
        seed: int,
        seconds: float,
        home: tuple[float, float],
        count: int,
        reach: float = 30.0,
        light: float = 0.8,
        size: float = 0.9,
    ) -> None:
        super().__init__()
        random = np.random.default_rng([seed, 71])
        self.light = light
        self._tracks = []
        for _ in range(count):
            start, lasts = random.uniform(-5, seconds), random.exponential(8.0) + 1.5
            steps = int(lasts * 50) + 8
            place, speed = np.array(home) + random.normal(0, reach, 2), random.normal(0, 40, 2)
            track = np.empty((steps, 2))
            for step in range(steps):
                speed = speed * 0.93 + random.normal(0, 26, 2) - 0.02 * (place - home) * 50 / max(reach, 1) * 1.5
                place = place + speed * 0.02
                track[step] = place
            self._tracks.append((start, track, size * np.exp(random.normal(0, 0.4)), random.uniform(0.3, 1.0)))

    def draw(self, canvas: Canvas, time: float) -> None:
        """Lay the beads over the picture: the places within 1/25 s."""
        scale, mask = canvas.scale, np.zeros(canvas.light.shape, np.uint8)
        for start, track, size, bright in self._tracks:
            step = int((time - start) * 50)
            if not 3 <= step < len(track):
                continue
            for bead in np.linspace(0, 2, 6):
                low = int(step - bead)
                x, y = track[low] + (track[low - 1] - track[low]) * (bead % 1)
                value = int(255 * bright * (0.6 + 0.4 * np.sin(bead * 9 + start)))
                cv2.circle(
                    mask,
                    (round(x * scale * 8), round(y * scale * 8)),
                    max(4, round(size * scale * 4)),
                    value,
                    -1,
                    16,
                    3,
                )
        share = cv2.GaussianBlur(mask, (0, 0), 0.3 * scale).astype(np.float32) / 255
        canvas.light += (self.light - canvas.light) * share


class Cumulus(Part):
    """Shadows of single clouds, each a heap of discs seen in perspective, that cross the ground one after the other."""

    def __init__(
        self, seed: int, seconds: float, every: float, speed: float, depth: float = 0.6, edge: float = 3.0
    ) -> None:
        super().__init__()
        random = np.random.default_rng([seed, 81])
        self.depth, self.edge, self.speed = depth, edge, speed
        self._clouds, time = [], random.uniform(-every, every)
        while time < seconds:
            heap = [
                (random.normal(0, 45), random.normal(0, 14), random.uniform(18, 45))
                for _ in range(int(random.integers(4, 9)))
            ]
            self._clouds.append((time, random.uniform(70, 150), heap, random.uniform(0.8, 1.2)))
            time += random.exponential(every) + 2

    def draw(self, canvas: Canvas, time: float) -> None:
        """Darken the ground under them."""
        assert canvas.lit is not None
        high, wide = canvas.lit.shape
        per = wide / WIDTH
        mask = np.zeros((high, wide), np.uint8)
        for start, y, heap, quick in self._clouds:
            x = -120 + (time - start) * self.speed * quick
            if not -200 < x < WIDTH + 200:
                continue
            for dx, dy, size in heap:
                middle = round((x + dx) * per * 8), round((y + dy) * per * 8)
                cv2.ellipse(
                    mask, middle, (round(size * per * 8), round(size * per * 3)), 0, 0, 360, 255, -1, cv2.LINE_AA, 3
                )
        shade = cv2.GaussianBlur(mask, (0, 0), max(0.4, self.edge * per / 2)).astype(np.float32) / 255
        canvas.lit *= 1 - self.depth * shade * canvas.near


class Spot(Part):
    """A floodlight with a sharp cone, warmer below, that a sensor switches; or the light of a door that opens."""

    def __init__(
        self, power: Curve, x: float, y: float, aim: float, width: float, light: float = 1.0, long: float = 130.0
    ) -> None:
        super().__init__()
        self.power, self.x, self.y, self.aim, self.width, self.light, self.long = power, x, y, aim, width, light, long

    def make(self, scale: float) -> Floats:
        """Its light at full power."""
        wide, high = round(WIDTH * scale / 4), round(HEIGHT * scale / 4)
        y, x = np.mgrid[0:high, 0:wide].astype(np.float32) * (4 / scale)
        away, turn = np.hypot(x - self.x, y - self.y), np.arctan2(y - self.y, x - self.x)
        inside = smooth(self.width, self.width * 0.75, np.abs(turn - self.aim))
        rough = np.exp(0.1 * cv2.resize(fractal(9, 64, 64, 1.2), (wide, high)))
        return (self.light * inside * np.exp(-((away / self.long) ** 2)) * rough + 0.05 * np.exp(-away / 60)).astype(
            np.float32
        )

    def draw(self, canvas: Canvas, time: float) -> None:
        """Add its light."""
        assert canvas.lit is not None
        power = self.power.at(time)
        if power > 0:
            canvas.lit += self.made(canvas) * power * canvas.near


class Ripple(Part):
    """Shallow water in a bowl or a puddle: bright rings that spread where drops fall, and a trembling sheen."""

    def __init__(self, seed: int, x: float, y: float, wide: float, high: float, drops: float = 1.0) -> None:
        super().__init__()
        self.x, self.y, self.wide, self.high = x, y, wide, high
        random = np.random.default_rng([seed, 91])
        self._drops, time = [], 0.0
        while time < 400:
            time += random.exponential(1 / max(drops, 0.01))
            self._drops.append((time, random.uniform(-0.7, 0.7), random.uniform(-0.7, 0.7)))
        self._sheen: Any = fractal(seed, 128, 128, 1.1, 0.2)

    def draw(self, canvas: Canvas, time: float) -> None:
        """Lay it over the ground."""
        scale = canvas.scale
        left, top = int((self.x - self.wide) * scale), int((self.y - self.high) * scale)
        wide, high = int(2 * self.wide * scale), int(2 * self.high * scale)
        v, u = np.mgrid[0:high, 0:wide].astype(np.float32)
        u, v = u / wide * 2 - 1, v / high * 2 - 1
        wave = 0.15 * cv2.remap(
            self._sheen,
            np.mod(u * 30 + 14 * time, 127).astype(np.float32),
            np.mod(v * 30 + 9 * time, 127).astype(np.float32),
            cv2.INTER_LINEAR,
        )
        for start, x, y in self._drops:
            age = time - start
            if 0 <= age < 1.2:
                distance = np.hypot(u - x, v - y)
                wave += 0.9 * np.exp(-(((distance - 0.5 * age) / 0.06) ** 2)) * (1.2 - age)
        mask = smooth(1.0, 0.9, np.hypot(u, v)).astype(np.float32)
        region = canvas.light[top : top + high, left : left + wide]
        region += ((0.25 + 0.2 * wave) - region) * mask[: region.shape[0], : region.shape[1]]
