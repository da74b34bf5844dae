"""The demo camera's garden: pictures, sound and truth, all of them functions of (seed, time)."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from math import sin

import numpy as np
import numpy.typing as npt

from camera.scene_backdrop import paint_backdrop
from camera.scene_birds import POSES, draw_bird
from camera.scene_clock import Clock
from camera.scene_light import Daylight
from camera.scene_paint import MIDDLE, UNITS_HIGH, Bytes, Canvas, Planes, Sprite, colour, planes_of, rgb_of, smooth
from camera.scene_plants import plants
from camera.scene_plumage import KINDS
from camera.scene_sound import RATE, sound
from camera.scene_visits import SLOT, Visit, placement, slots, visits_between, visits_of_slot
from config.errors import CameraError

__all__ = ["RATE", "Scene", "Visit", "visits_between"]


class Scene:
    """A garden of one size and seed. Times `t` are seconds since the Unix epoch."""

    def __init__(self, seed: int, width: int = 1280, height: int = 720, fps: int = 25) -> None:
        if width % 2 or height % 2:
            raise CameraError(f"the demo camera draws even sizes only, not {width}x{height}; set width and height so")
        self.seed, self.width, self.height, self.fps = seed, width, height, fps
        self._scale, self._aspect = height / UNITS_HIGH, width / height
        self._daylight = Daylight(*paint_backdrop(width, height))
        random = np.random.default_rng(3)
        grain = random.standard_normal(width * height + 65536, np.float32) * 0.8
        self._noise = np.round(grain).astype(np.int8).view(np.uint8)
        self._behind, self._before = plants(self._scale, width / self._scale / 2)
        self._clock = Clock(width, height)
        self._birds: dict[tuple[str, str], Sprite] = {}

    def frame_yuv(self, t: float, clock: datetime | None, birds: bool = True) -> Bytes:
        """The picture at `t` as yuv420p, shape (height * 3 / 2, width); `clock` is the time shown, if any.

        Without `birds` it is the same picture with nobody in it, which tells where a bird is.
        """
        picture = np.empty((self.height * 3 // 2, self.width), np.uint8)
        flat, pixels = picture.reshape(-1), self.width * self.height
        shift = int(abs(sin(t * 12.9898) * 43758.5453) * 65536) % 65536
        base = self._daylight.at(t)
        np.add(base[:pixels], self._noise[shift : shift + pixels], out=flat[:pixels])
        flat[pixels:] = base[pixels:]
        planes = planes_of(picture)
        for plant in self._behind:
            plant.draw(planes, t)
        if birds:
            self._draw_birds(planes, t)
        for plant in self._before:
            plant.draw(planes, t)
        if clock is not None:
            self._clock.draw(planes, clock)
        return picture

    def prepare(self, t: float) -> None:
        """Draw all sprites beforehand, those of the next visits after `t` first; may run in a thread of its own."""
        for plant in (*self._behind, *self._before):
            plant.prepare()
        coming = [
            visit.kind for slot in slots(t, t + 10 * SLOT) for visit in visits_of_slot(self.seed, slot, self._aspect)
        ]
        for kind in dict.fromkeys((*coming, *KINDS)):
            for pose in POSES:
                self._bird(kind, pose)

    def frame(self, t: float, clock: datetime | None) -> npt.NDArray[np.uint8]:
        """The picture at `t` as RGB, shape (height, width, 3); slower than `frame_yuv`."""
        return rgb_of(planes_of(self.frame_yuv(t, clock)))

    def sound(self, t: float, count: int) -> npt.NDArray[np.int16]:
        """`count` samples of 48 kHz mono sound from `t` on."""
        return sound(self.seed, self._aspect, round(t * RATE), count)

    def visits(self, start: datetime, end: datetime) -> list[Visit]:
        """The truth: which birds are in the picture between two moments."""
        return visits_between(self.seed, start, end, self._aspect)

    def _draw_birds(self, planes: Planes, t: float) -> None:
        for slot in slots(t, t + 0.001):
            for visit in visits_of_slot(self.seed, slot, self._aspect):
                bird = placement(visit, t)
                if bird is None:
                    continue
                x, y = (bird.x - MIDDLE) * self._scale + self.width / 2, bird.y * self._scale
                if bird.shadow is not None:
                    self._shadow.lay(planes, x, bird.shadow * self._scale)
                sprite = self._bird(bird.kind, bird.pose)
                (sprite if bird.facing > 0 else sprite.flipped).lay(planes, x, y)

    def _bird(self, kind: str, pose: str) -> Sprite:
        key = kind, pose
        if key not in self._birds:
            self._birds[key] = draw_bird(kind, pose, self._scale)
        return self._birds[key]

    @cached_property
    def _shadow(self) -> Sprite:
        sheet = Canvas((-52, -14, 52, 18), self._scale)
        distance = np.hypot((sheet.x - 2) / 34, (sheet.y - 1) / 7)
        sheet.paint(0.42 * smooth(1.35, 0.2, distance), colour("1a170f"))
        return sheet.sprite()
