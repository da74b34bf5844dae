"""Light of the bench scenes: cloud shadows soft and hard, lamps with fall-off and shadows, infrared light, exposure."""

from __future__ import annotations

import cv2
import numpy as np
from scene_paint import HEIGHT, WIDTH, Canvas, Floats, fractal, smooth
from scene_world import Curve, Part


class Clouds(Part):
    """Shadows of clouds that move over the ground; `edge` is how soft their edges are, 1 very, 0.1 hard."""

    def __init__(
        self,
        seed: int,
        speed: tuple[float, float],
        depth: float = 0.55,
        edge: float = 1.0,
        size: float = 300.0,
        cover: float = 0.0,
    ) -> None:
        super().__init__()
        self.speed, self.depth, self.edge, self.cover = speed, depth, edge, cover
        self._size = size * 4  # units over which the pattern repeats
        wave = fractal(seed, 512, 512, 1.9 if edge > 0.5 else 1.6)
        self._shade = smooth(cover - edge, cover + edge, wave).astype(np.float32)

    def draw(self, canvas: Canvas, time: float) -> None:
        """Darken what the sun shines on."""
        assert canvas.lit is not None
        high, wide = canvas.lit.shape
        per = 512 / self._size
        zoom = per * WIDTH / wide
        matrix = np.array([[zoom, 0, self.speed[0] * time * -per], [0, zoom * 1.6, self.speed[1] * time * -per]])
        matrix[:, 2] %= 512
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        shade = cv2.warpAffine(self._shade, matrix, (wide, high), flags=flags, borderMode=cv2.BORDER_WRAP)
        canvas.lit *= 1 - self.depth * shade * canvas.near


class Lamp(Part):
    """A lamp with its fall-off; posts and the like throw shadows away from it. `power` over time; 0 is off."""

    def __init__(
        self,
        x: float,
        y: float,
        power: Curve,
        reach: float = 70.0,
        posts: tuple[tuple[float, float, float], ...] = (),
        bulb: float = 2.0,
    ) -> None:
        super().__init__()
        self.x, self.y, self.power, self.reach, self.posts, self.bulb = x, y, power, reach, posts, bulb

    def make(self, scale: float) -> Floats:
        """The light it throws at full power, at a quarter of the px a side."""
        wide, high = round(WIDTH * scale / 4), round(HEIGHT * scale / 4)
        y, x = np.mgrid[0:high, 0:wide].astype(np.float32) * (4 / scale)
        ground = np.clip((y - self.y) / 60, -1, 1.5)
        light = 1 / (1 + (np.hypot(x - self.x, (y - self.y) * 1.3) / self.reach) ** 2) ** 1.5 * (0.7 + 0.2 * ground)
        for post_x, post_y, width in self.posts:
            along = np.hypot(post_x - self.x, post_y - self.y)
            ux, uy = (post_x - self.x) / along, (post_y - self.y) / along
            ahead = (x - self.x) * ux + (y - self.y) * uy
            aside = np.abs(-(x - self.x) * uy + (y - self.y) * ux)
            wedge = width * ahead / along / 2
            inside = (ahead > along) * smooth(1.0, -1.0, (aside - wedge) / (0.8 + 0.02 * np.maximum(ahead - along, 0)))
            light *= 1 - 0.85 * inside
        return light.astype(np.float32)

    def draw(self, canvas: Canvas, time: float) -> None:
        """Add its light, and the bulb itself."""
        assert canvas.lit is not None
        power = self.power.at(time)
        if power <= 0:
            return
        canvas.lit += self.made(canvas) * power * canvas.near
        if self.bulb:
            mark = np.zeros(canvas.light.shape, np.uint8)
            centre = round(self.x * canvas.scale * 8), round(self.y * canvas.scale * 8)
            cv2.circle(mark, centre, round(self.bulb * canvas.scale * 8), 255, -1, cv2.LINE_AA, 3)
            canvas.light += mark.astype(np.float32) * (min(power, 1.5) / 100)


class Infrared(Part):
    """The camera's own infrared lamp: bright in the middle and near, dark far away and in the corners."""

    def __init__(self, power: float = 0.8, x: float = 160.0, y: float = 105.0, far: float = 0.35) -> None:
        super().__init__()
        self.power, self.x, self.y, self.far = power, x, y, far

    def make(self, scale: float) -> Floats:
        """Its light at full power."""
        wide, high = round(WIDTH * scale / 4), round(HEIGHT * scale / 4)
        y, x = np.mgrid[0:high, 0:wide].astype(np.float32) * (4 / scale)
        spot = np.exp(-(((x - self.x) / 150) ** 2) - ((y - self.y) / 100) ** 2)
        return (self.power * spot * (self.far + (1 - self.far) * smooth(20, 120, y))).astype(np.float32)

    def draw(self, canvas: Canvas, time: float) -> None:
        """Add its light."""
        assert canvas.lit is not None
        canvas.lit += self.made(canvas) * canvas.near


def exposure_steps(times: tuple[tuple[float, float], ...], frames: float = 3.0, start: float = 1.0) -> Curve:
    """Auto-exposure that goes to another level at each (s, factor), within so many frames of 5 fps."""
    points, level = [(0.0, start)], start
    for time, factor in times:
        points += [(time, level), (time + frames * 0.2, factor)]
        level = factor
    return Curve(tuple(points))
