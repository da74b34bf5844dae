"""A world of the bench scenes: a place, what moves in it, the light on it, the air before it and the camera.

`Painter` draws it at one size, for any time, twice where somebody is there: with the actors and without, which is
what the truth is made from. Drawn at twice the detect stream's size and then averaged, as a lens hardly aliases.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from scene_actors import Actor
from scene_paint import HEIGHT, WIDTH, Canvas, Floats, at_scale
from scene_places import Place


@dataclass(frozen=True)
class Curve:
    """A value over time through these (s, value), straight between and level outside."""

    points: tuple[tuple[float, float], ...] = ((0.0, 1.0),)

    def at(self, time: float) -> float:
        """The value at this time."""
        return float(np.interp(time, [p[0] for p in self.points], [p[1] for p in self.points]))


class Part:
    """Something in the picture that moves. What depends on the size is made once for each size."""

    def __init__(self) -> None:
        self._made: dict[float, Any] = {}

    def make(self, scale: float) -> Any:
        """What `draw` needs at this number of px a unit."""
        return None

    def made(self, canvas: Canvas) -> Any:
        """The same, kept."""
        if canvas.scale not in self._made:
            self._made[canvas.scale] = self.make(canvas.scale)
        return self._made[canvas.scale]

    def draw(self, canvas: Canvas, time: float) -> None:
        """Draw it as it is at this time (s)."""
        raise NotImplementedError


@dataclass
class Camera:
    """What the camera makes of the light."""

    exposure: Curve = field(default_factory=Curve)
    noise: float = 1.2  # grey levels of 255 of a well lit place (shot noise), in the detect stream
    read: float = 0.25  # how much more there is in the dark
    gain: Curve = field(default_factory=Curve)  # the noise is that much stronger
    smear: float = 0.5  # px over which the noise is correlated
    grain: Callable[[np.random.Generator, tuple[int, ...]], Floats] | None = None  # noise of another kind, deviation 1
    soft: float = 0.0  # units the lens blurs
    shutter: float = 1 / 100  # s
    night: tuple[tuple[float, float], ...] = ()  # spans (s) seen by infrared light, in grey
    black: tuple[tuple[float, float], ...] = ()  # spans (s) without a picture
    shake: Part | None = None  # has `at(time) -> (dx, dy)` in units
    denoise: float = 0.0  # how much of the picture before is kept (the noise reduction of cheap cameras)
    contrast: float = 1.0
    haze: float = 0.0
    flicker: float = 0.0  # share by which the exposure hunts
    auto: float = (
        0.0  # share by which the picture's mean must change for the exposure to follow, in steps; 0: it does not
    )
    sharpen: float = 0.0  # as cameras do, noise and all
    infrared: Part | None = None  # lights the night spans


@dataclass
class World:
    """All of a scene; parts are drawn in this order."""

    place: Place
    behind: Sequence[Part] = ()
    actors: Sequence[Actor] = ()
    front: Sequence[Part] = ()
    lights: Sequence[Part] = ()  # they change `canvas.lit`
    air: Sequence[Part] = ()
    camera: Camera = field(default_factory=Camera)
    sun: Curve = field(default_factory=lambda: Curve(((0, 0.0),)))  # how dark shadows of actors are
    ambient: Curve = field(default_factory=Curve)


class Painter:
    """Draws a world at one size: (width, height) px of the stream."""

    def __init__(self, world: World, size: tuple[int, int], seed: int) -> None:
        self.world, self.size, self.seed = world, size, seed
        out = size[0] / WIDTH
        self.scale = out * 2 if out < 3 else out  # px a unit while drawing
        self.step = round(self.scale / out) * 2
        self._light = at_scale(world.place.light, self.scale)
        self._colour = at_scale(world.place.colour, self.scale / self.step)
        self._bank = _noise_bank(seed, size, world.camera.smear) if out >= 3 else None
        self._before: Floats | None = None
        near = world.place.near
        quarter = self._light.shape[1] // 4, self._light.shape[0] // 4
        ones = np.ones(quarter[::-1], np.float32)
        self._near = ones if near is None else cv2.resize(near, quarter, interpolation=cv2.INTER_AREA)
        self._mean, self._level, self._follows, self._last = 0.0, 1.0, False, 0.0

    def clean(self, time: float, actors: bool = True) -> tuple[Floats, Floats, Canvas]:
        """The picture without noise: grey levels 0..255 (h, w), colour (h/2, w/2, 2), and what it was drawn on."""
        world, camera = self.world, self.world.camera
        canvas = Canvas(self._light.copy(), self._colour.copy(), self.scale, self.step)
        for part in world.behind:
            part.draw(canvas, time)
        if actors:
            sun = world.sun.at(time)
            for canvas.actor, actor in enumerate(world.actors):
                actor.draw(canvas, time, camera.shutter, sun)
        for part in world.front:
            part.draw(canvas, time)
        night = any(start <= time < end for start, end in camera.night)
        ambient = world.ambient.at(time)
        canvas.lit, canvas.near = np.full(self._near.shape, ambient, np.float32), self._near
        for part in world.lights:
            part.draw(canvas, time)
        if night and camera.infrared is not None:
            camera.infrared.draw(canvas, time)
        if actors:
            for canvas.actor, actor in enumerate(world.actors):
                if actor.lights:
                    _headlights(canvas, actor, time)
        canvas.light *= cv2.resize(canvas.lit, canvas.size, interpolation=cv2.INTER_LINEAR)
        for part in world.air:
            part.draw(canvas, time)
        light = canvas.light
        if camera.shake is not None:
            dx, dy = camera.shake.at(time)  # type: ignore[attr-defined]
            matrix = np.array([[1, 0, dx * self.scale], [0, 1, dy * self.scale]], np.float64)
            light = cv2.warpAffine(light, matrix, canvas.size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        if camera.soft:
            light = cv2.GaussianBlur(light, (0, 0), camera.soft * self.scale)
        exposure = camera.exposure.at(time) * self._level
        if camera.flicker:
            exposure *= 1 + camera.flicker * np.sin(time * 1.7 + 3 * np.sin(time * 0.31))
        if self.size != canvas.size:
            light = cv2.resize(light, self.size, interpolation=cv2.INTER_AREA)
        shown = cv2.sqrt(np.maximum(light * (exposure * 65025), 0))
        if camera.contrast != 1.0 or camera.haze:
            shown = shown * camera.contrast + 255 * camera.haze
        shown = np.where(shown > 200, 255 - 55 * np.exp(-(shown - 200) / 55), shown)  # highlights roll off
        colour = np.zeros_like(canvas.colour) if night else canvas.colour * np.sqrt(min(ambient * exposure, 1.5))
        if any(start <= time < end for start, end in camera.black):
            shown, colour = shown * 0.03, colour * 0
        return shown.astype(np.float32), colour, canvas

    def frame(self, time: float, number: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """The picture as the camera gives it out: yuv420p, shape (h * 3 / 2, w)."""
        shown, colour, _ = self.clean(time)
        return self.developed(shown, colour, time, number)

    def noise_at(self, shown: Floats, time: float) -> Floats:
        """The deviation of the noise of each px, in grey levels."""
        camera = self.world.camera
        strength = np.float32(camera.noise * camera.gain.at(time))
        return strength * np.sqrt(1 + (camera.read * 255 / np.maximum(shown, 32)) ** 2, dtype=np.float32)

    def developed(self, shown: Floats, colour: Floats, time: float, number: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """A clean picture with the sensor's noise, as yuv420p. Frames come in order: the noise reduction remembers."""
        camera = self.world.camera
        strength = camera.noise * camera.gain.at(time)
        random = np.random.default_rng([self.seed, number])
        if camera.grain is not None:
            grain = camera.grain(random, shown.shape)
        elif self._bank is None:
            grain = random.standard_normal(shown.shape, np.float32)
            if camera.smear:
                grain = cv2.GaussianBlur(grain, (0, 0), camera.smear)
                grain *= 1 / max(float(grain.std()), 1e-6)
        else:
            grain = _from_bank(self._bank, random, shown.shape)
        made = shown + grain * self.noise_at(shown, time)
        if camera.denoise and self._before is not None:
            change = cv2.GaussianBlur(np.abs(made - self._before), (0, 0), 1.0)
            keep = camera.denoise * np.clip(1.6 - change / (3.0 * strength + 1), 0, 1)
            made = made + (self._before - made) * np.minimum(keep, camera.denoise)
        self._before = made.astype(np.float32)
        if camera.sharpen:
            made = made + camera.sharpen * (made - cv2.GaussianBlur(made, (0, 0), 1.0))
        if camera.auto:
            self._adapt(float(shown.mean()), time)
        high, wide = shown.shape
        picture = np.empty((high * 3 // 2, wide), np.uint8)
        picture[:high] = np.clip(16 + made * (219 / 255), 16, 235)
        chroma = picture[high:].reshape(2, high // 2, wide // 2)
        if self._bank is None and strength > 0:
            colour = colour + random.standard_normal(colour.shape, np.float32) * (strength * 0.4 / 255)
        for index in range(2):
            chroma[index] = np.clip(128.5 + colour[..., index] * 224, 16, 240)
        return picture

    def _adapt(self, mean: float, time: float) -> None:
        """Auto-exposure: nothing happens while the mean stays near; then it is led back within about a second."""
        self._mean = self._mean or mean
        off, passed = mean / self._mean, time - self._last
        self._last = time
        self._follows = abs(off - 1) > (0.03 if self._follows else self.world.camera.auto)
        if self._follows and passed > 0:
            self._level = float(np.clip(self._level * off ** (-2 * min(1.0, passed / 0.5)), 0.15, 8.0))


def _noise_bank(seed: int, size: tuple[int, int], smear: float) -> Floats:
    random = np.random.default_rng([seed, 99])
    grain = random.standard_normal((size[1] + 256, size[0] + 256), np.float32)
    grain = cv2.GaussianBlur(grain, (0, 0), 0.6 + smear)
    return (grain / grain.std()).astype(np.float32)


def _from_bank(bank: Floats, random: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    top, left = (int(n) for n in random.integers(0, 256, 2))
    part = bank[top : top + shape[0], left : left + shape[1]]
    flip = int(random.integers(0, 4))
    return [part, part[::-1], part[:, ::-1], -part][flip] * np.float32(2.2)


def _headlights(canvas: Canvas, actor: Actor, time: float) -> None:
    """A pool of light on the ground ahead, and the two lamps themselves."""
    pose = actor.pose(time)
    assert canvas.lit is not None
    if pose is None:
        return
    high, wide = canvas.lit.shape
    y, x = np.mgrid[0:high, 0:wide].astype(np.float32) * (HEIGHT / high)
    ahead = (x - pose.x - pose.faces * 0.5 * pose.size) * pose.faces / pose.size
    spread = 0.08 + 0.12 * np.clip(ahead, 0, 3)
    beam = np.exp(-(((y - pose.y) / (spread * pose.size)) ** 2)) * (ahead > 0) * np.exp(-ahead / 1.2)
    glow = 1 / (1 + ((x - pose.x - 0.5 * pose.faces * pose.size) ** 2 + (y - pose.y + 0.12 * pose.size) ** 2) / 20)
    canvas.lit += cv2.GaussianBlur((actor.lights * (beam + 0.12 * glow)).astype(np.float32), (0, 0), 1.0)
    bulb_x, bulb_y = pose.x + 0.49 * pose.faces * pose.size, pose.y - 0.15 * pose.size
    centre = round(bulb_x * canvas.scale * 8), round(bulb_y * canvas.scale * 8)
    mark = np.zeros(canvas.light.shape, np.uint8)
    cv2.circle(mark, centre, round(0.03 * pose.size * canvas.scale * 8), 255, -1, cv2.LINE_AA, 3)
    canvas.light += mark.astype(np.float32) * (3.0 / 255) / np.maximum(cv2.resize(canvas.lit, canvas.size), 0.02)
    canvas.touch((0, 0, WIDTH, HEIGHT))
