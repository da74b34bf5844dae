"""What is in the air of the bench scenes: rain, drops on the window, snow, insects at the lamp, a web."""

from __future__ import annotations

import cv2
import numpy as np
from scene_paint import HEIGHT, WIDTH, Canvas, smooth
from scene_world import Curve, Part


def _lay(canvas: Canvas, mask: np.ndarray, strength: float, light: float) -> None:
    share = mask.astype(np.float32) * (strength / 255)
    canvas.light += (light - canvas.light) * share


class Rain(Part):
    """Streaks at several depths, new in every picture as real ones are at 5 fps; `heavy` from 0 to 1 over time."""

    def __init__(self, seed: int, heavy: Curve, slant: float = 0.12, light: float = 0.6, length: float = 14.0) -> None:
        super().__init__()
        self.seed, self.heavy, self.slant, self.light, self.length = seed, heavy, slant, light, length

    def draw(self, canvas: Canvas, time: float) -> None:
        """Lay the streaks and the veil of the far ones over the picture."""
        heavy = self.heavy.at(time)
        if heavy <= 0.01:
            return
        random = np.random.default_rng([self.seed, round(time * 1000)])
        scale = canvas.scale
        canvas.light += (self.light * 0.6 - canvas.light) * (0.1 * heavy)
        for count, far, strength in ((160, 0.45, 0.16), (50, 1.0, 0.26), (9, 2.4, 0.3)):
            mask = np.zeros(canvas.light.shape, np.uint8)
            number = random.poisson(count * heavy)
            x, y = random.uniform(-20, WIDTH + 20, number), random.uniform(-20, HEIGHT, number)
            long = self.length * far * random.uniform(0.6, 1.3, number)
            slant = self.slant + random.normal(0, 0.015, number)
            bright = random.uniform(90, 255, number)
            for k in range(number):
                one = round(x[k] * scale * 8), round(y[k] * scale * 8)
                two = round((x[k] + long[k] * slant[k]) * scale * 8), round((y[k] + long[k]) * scale * 8)
                cv2.line(mask, one, two, int(bright[k]), max(1, round(0.35 * far * scale)), cv2.LINE_AA, 3)
            if far > 2:
                mask = cv2.GaussianBlur(mask, (0, 0), 0.5 * scale)
            _lay(canvas, mask, strength, self.light)


class Drops(Part):
    """Drops on the window before the lens: blurred lenses that come, stay, and now and then run down."""

    def __init__(self, seed: int, seconds: float, every: float, start: float = 0.0) -> None:
        super().__init__()
        random = np.random.default_rng([seed, 11])
        self._drops = []
        time = start + random.exponential(every)
        while time < seconds:
            stay = random.uniform(15, 80)
            self._drops.append(
                (time, time + stay, random.uniform(0, WIDTH), random.uniform(0, HEIGHT), random.uniform(2, 7),
                 random.uniform(0, 1))
            )  # fmt: skip
            time += random.exponential(every)

    def draw(self, canvas: Canvas, time: float) -> None:
        """Bend the picture in each drop: upside down, blurred and brighter below."""
        for start, end, x, y, size, runs in self._drops:
            if not start <= time < end:
                continue
            if runs > 0.75:
                y = y + max(0.0, time - end + 1.5) * 60
            scale = canvas.scale
            left, top = (int((v - size) * scale) for v in (x, y))
            side = int(2 * size * scale)
            if left < 0 or top < 0 or left + side > canvas.size[0] or top + side > canvas.size[1]:
                continue
            region = canvas.light[top : top + side, left : left + side]
            turned = cv2.GaussianBlur(region[::-1, ::-1], (0, 0), 0.6 * scale)
            rows, columns = np.mgrid[0:side, 0:side].astype(np.float32) / side * 2 - 1
            mask = smooth(1.0, 0.55, np.hypot(columns, rows)) * 0.6
            region += (turned * (1.1 + 0.3 * rows) - region) * mask.astype(np.float32)


class Snow(Part):
    """Flakes that fall and drift, at several depths; the near ones are big, blurred and fast."""

    def __init__(self, seed: int, heavy: Curve, wind: float = 10.0, light: float = 0.8, speed: float = 1.0) -> None:
        super().__init__()
        random = np.random.default_rng([seed, 12])
        self.heavy, self.light = heavy, light
        self._sets = []
        for count, near, strength in ((160, 0.5, 0.5), (60, 1.0, 0.55), (14, 2.6, 0.35)):
            self._sets.append(
                (near, strength, random.uniform(0, 1, (count, 2)), random.uniform(0.7, 1.3, count) * 30 * near * speed,
                 wind * near * random.uniform(0.6, 1.4, count), random.uniform(0, 6.28, count),
                 random.uniform(0.5, 1.0, count) * near)
            )  # fmt: skip

    def draw(self, canvas: Canvas, time: float) -> None:
        """Lay the flakes over the picture, each smeared by its fall."""
        heavy, scale = self.heavy.at(time), canvas.scale
        for near, strength, start, fall, drift, phase, size in self._sets:
            number = int(len(start) * heavy)
            mask = np.zeros(canvas.light.shape, np.uint8)
            sway = 4 * near * np.sin(time * 1.3 + phase)
            x = np.mod(start[:, 0] * (WIDTH + 30) + drift * time, WIDTH + 30) - 15 + sway
            y = np.mod(start[:, 1] * (HEIGHT + 30) + fall * time, HEIGHT + 30) - 15
            for k in range(number):
                one = round(x[k] * scale * 8), round(y[k] * scale * 8)
                two = round((x[k] + drift[k] / 50) * scale * 8), round((y[k] + fall[k] / 50) * scale * 8)
                cv2.line(mask, one, two, 255, max(1, round(size[k] * scale)), cv2.LINE_AA, 3)
            if near > 2:
                mask = cv2.GaussianBlur(mask, (0, 0), 0.7 * scale)
            _lay(canvas, mask, strength, self.light)


class Insects(Part):
    """Small bright blurred things that dart about a place (a lamp, the infrared light), in bursts."""

    def __init__(
        self,
        seed: int,
        seconds: float,
        every: float = 6.0,
        around: tuple[float, float] = (160.0, 60.0),
        spread: float = 60.0,
        light: float = 0.7,
        size: tuple[float, float] = (0.6, 1.8),
        speed: float = 1.0,
        near: float = 0.1,  # share of those so near the lens that they are big, dim and quick
    ) -> None:
        super().__init__()
        random = np.random.default_rng([seed, 13])
        self.light = light
        self._flights = []
        time = random.exponential(every)
        while time < seconds:
            for _ in range(int(random.integers(1, 5))):
                start, close = time + random.exponential(1.0), 3.0 if random.random() < near else 1.0
                middle = np.array(around) + random.normal(0, spread, 2) * (1, 0.6)
                drift = random.normal(0, 25 * speed * close, 2)
                reach = random.uniform(3, 26, (3, 2)) * close
                beat, phase = random.uniform(1.5, 13, (3, 2)) * speed, random.uniform(0, 6.28, (3, 2))
                width, bright = random.uniform(*size) * close, random.uniform(0.3, 1.0) / close
                end = start + random.uniform(0.4, 5.0) / close
                self._flights.append((start, end, middle, drift, reach, beat, phase, width, bright))
            time += random.exponential(every)

    def draw(self, canvas: Canvas, time: float) -> None:
        """Lay each one as the streak it is within 1/25 s."""
        scale = canvas.scale
        mask = None
        for start, end, middle, drift, reach, beat, phase, size, bright in self._flights:
            if not start <= time < end:
                continue
            mask = np.zeros(canvas.light.shape, np.uint8) if mask is None else mask
            moments = time - np.linspace(0, 0.04, 5)
            flown = middle + drift * (moments[:, None] - start)
            flown = flown + (reach * np.sin(beat * moments[:, None, None] + phase)).sum(1) * 0.6
            points = np.round(flown * scale * 8).astype(np.int32)
            one = np.zeros_like(mask) if size > 2 else mask
            cv2.polylines(one, [points], False, int(255 * bright), max(1, round(size * scale)), cv2.LINE_AA, 3)
            if size > 2:
                np.maximum(mask, cv2.GaussianBlur(one, (0, 0), 0.3 * size * scale), out=mask)
        if mask is not None:
            _lay(canvas, cv2.GaussianBlur(mask, (0, 0), 0.35 * scale), 1.0, self.light)


class Web(Part):
    """Threads of a spider close to the lens, bright and blurred, that swing in the draught; a spider may sit in it."""

    def __init__(
        self, seed: int, light: float = 0.5, swing: float = 3.0, strength: float = 0.5, spider: float = 0.0
    ) -> None:
        super().__init__()
        random = np.random.default_rng([seed, 14])
        self.light, self.swing, self.strength, self.spider = light, swing, strength, spider
        self._ends = random.uniform((-10, -10, 60, 40), (120, 60, 330, 190), (4, 4))
        self._phase = random.uniform(0, 6.28, 4)

    def draw(self, canvas: Canvas, time: float) -> None:
        """Lay the threads over the picture."""
        scale = canvas.scale
        mask = np.zeros(canvas.light.shape, np.uint8)
        along = np.linspace(0, 1, 12)[:, None]
        blow = 0.4 + 0.6 * max(0.0, np.sin(time * 0.21) * np.sin(time * 0.077 + 1))
        for ends, phase in zip(self._ends, self._phase, strict=True):
            points = ends[None, :2] + (ends[2:] - ends[:2])[None] * along
            points = points + np.sin(np.pi * along) * self.swing * blow * np.sin(
                2 * np.pi * 0.6 * time + phase + along * 2
            )
            cv2.polylines(
                mask, [np.round(points * scale * 8).astype(np.int32)], False, 200, max(1, round(0.7 * scale)), 16, 3
            )
        if self.spider:
            x, y = self._ends[0][:2] * 0.5 + self._ends[0][2:] * 0.5
            x, y = x + self.swing * blow * np.sin(2 * np.pi * 0.6 * time), y + blow * np.sin(2 * np.pi * 0.9 * time)
            cv2.circle(
                mask, (round(x * scale * 8), round(y * scale * 8)), round(self.spider * scale * 8), 255, -1, 16, 3
            )
        _lay(canvas, cv2.GaussianBlur(mask, (0, 0), 0.9 * scale), self.strength, self.light)
