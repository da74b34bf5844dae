"""Paint for the bench scenes: photographs as textures, 1/f noise, floors in perspective, and the canvas all draw on.

The world is 320 x 180 units whatever the size of the picture: one unit is one pixel of the detect stream. Light is
linear, from 0 to 1, as a sensor collects it; the tone curve (a square root, near enough to a camera's) comes last.
"""

from __future__ import annotations

import functools
import importlib.util
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
Point = tuple[float, float]
WIDTH, HEIGHT = 320, 180  # units
MASTER = 6  # px a unit of the pictures that all sizes are made from: 1920 x 1080


class SceneError(RuntimeError):
    """Scenes cannot be drawn here; the message names the cure."""


@dataclass
class Canvas:
    """One picture being drawn: linear light, and the colour as U and V around 0 at a quarter of the pixels a side."""

    light: Floats  # (h, w)
    colour: Floats  # (h / step, w / step, 2)
    scale: float  # px a unit of `light`
    step: int  # px of `light` for one of `colour`
    lit: Floats | None = None  # (h / 4, w / 4): light that shines on things
    near: Floats | None = None  # the same shape: how much lamps and shadows reach it; 0 for the sky
    actor: int = 0  # whose turn it is
    touched: dict[int, list[tuple[float, ...]]] = field(default_factory=dict)  # where each actor was drawn, in units

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in px."""
        return self.light.shape[1], self.light.shape[0]

    def touch(self, box: tuple[float, ...]) -> None:
        """Remember that the actor was drawn within this box (left, top, right, bottom in units)."""
        self.touched.setdefault(self.actor, []).append(box)


@functools.cache
def _photo_folder() -> Path:
    found = importlib.util.find_spec("skimage")
    if found is None or found.origin is None:
        raise SceneError(
            "the bench scenes are drawn from scikit-image's photographs, which are not installed here; "
            "run ./birbcam bench, which has an environment of its own, or: pip install -r requirements-bench.lock"
        )
    return Path(found.origin).parent / "data"


@functools.cache
def photo(name: str) -> Floats:
    """A photograph of scikit-image as linear R, G, B from 0 to 1, float32 (h, w, 3)."""
    path = next((p for p in sorted(_photo_folder().glob(f"{name}.*")) if p.suffix in (".png", ".jpg")), None)
    if path is None:
        raise SceneError(f"scikit-image here lacks its photograph {name!r}; install the version in the lock file")
    picture = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    return (picture.astype(np.float32) / 255) ** 2


_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def grey(name: str) -> Floats:
    """A photograph's linear luma, float32 (h, w)."""
    return np.ascontiguousarray(photo(name) @ _LUMA)


def skin(name: str, x: float = 0.0, y: float = 0.0, share: float = 1.0) -> Floats:
    """A part of a photograph as a relief around 1: what it multiplies gets its texture; (x, y) from 0 to 1."""
    whole = grey(name)
    high, wide = (max(16, int(n * share)) for n in whole.shape)
    top, left = int((whole.shape[0] - high) * y), int((whole.shape[1] - wide) * x)
    part = whole[top : top + high, left : left + wide]
    return np.clip(part / part.mean(), 0.05, 3.0).astype(np.float32)


def fractal(seed: int, high: int, wide: int, power: float = 1.0, longest: float = 1.0) -> Floats:
    """Noise with a spectrum of 1/f^power, mean 0 and deviation 1; it tiles; no waves longer than `longest`."""
    random = np.random.default_rng([seed, 771])
    rows, columns = np.fft.fftfreq(high)[:, None], np.fft.rfftfreq(wide)[None, :]
    frequency = np.hypot(rows, columns)
    frequency[0, 0] = 1
    weight = frequency**-power * (frequency >= 1 / (longest * max(high, wide)))
    weight[0, 0] = 0
    spectrum = weight * np.exp(2j * np.pi * random.random(weight.shape))
    made = np.fft.irfft2(spectrum, (high, wide)).astype(np.float32)
    return (made - made.mean()) / made.std()


def smooth(low: float, high: float, value: Any) -> Any:
    """0 below `low`, 1 above `high`, an S-curve between; numbers or arrays."""
    x = np.clip((value - low) / (high - low), 0, 1)
    return x * x * (3 - 2 * x)


def tiled(texture: Floats, x: Floats, y: Floats) -> Floats:
    """The texture at (x, y) in its own px, going on for ever in both directions."""
    padded = cv2.copyMakeBorder(texture, 0, 1, 0, 1, cv2.BORDER_WRAP)
    high, wide = texture.shape[:2]
    columns, rows = np.mod(x, wide).astype(np.float32), np.mod(y, high).astype(np.float32)
    return cv2.remap(padded, columns, rows, cv2.INTER_LINEAR)


@functools.cache
def grid() -> tuple[Floats, Floats]:
    """x and y in units of every px of the master picture."""
    y, x = np.mgrid[0 : HEIGHT * MASTER, 0 : WIDTH * MASTER].astype(np.float32)
    return (x + 0.5) / MASTER, (y + 0.5) / MASTER


def floor(texture: Floats, horizon: float, grain: float, turn: float = 0.0) -> Floats:
    """The texture as a floor seen in perspective below the horizon (units), relief around 1; `grain` scales it.

    Far away its details melt, as those of a lens do.
    """
    x, y = grid()
    near = np.maximum(y - horizon, 0.7)
    depth = 120.0 / near
    across, along = (x - WIDTH / 2) * depth / 30, depth * 14
    cosine, sine = np.cos(turn), np.sin(turn)
    u, v = (across * cosine - along * sine) * grain * 8, (across * sine + along * cosine) * grain * 8
    relief = texture / texture.mean()
    levels = [relief]
    for _ in range(5):
        levels.append(cv2.GaussianBlur(levels[-1], (0, 0), 1.8 ** len(levels)))
    level = np.clip(np.log2(np.maximum(depth * depth / 30 * grain, 0.01)) + 1.0, 0, 4.999)
    made = np.empty_like(x)
    for index in range(5):
        share = level - index
        here = (share >= 0) & (share < 1)
        if here.any():
            rows = here.any(axis=1)
            one, two = (tiled(levels[index + k], u[rows], v[rows]) for k in (0, 1))
            mixed = one + (two - one) * np.clip(share[rows], 0, 1)
            made[here] = mixed[here[rows]]
    return made


def at_scale(master: Floats, scale: float) -> Floats:
    """A master picture at another number of px a unit; nothing aliases."""
    if scale == MASTER:
        return np.ascontiguousarray(master)
    size = round(WIDTH * scale), round(HEIGHT * scale)
    return cv2.resize(master, size, interpolation=cv2.INTER_AREA if scale < MASTER else cv2.INTER_LINEAR)


def polygon_mask(points: list[Point], soft: float = 0.0) -> Floats:
    """A polygon in units as a mask from 0 to 1 over the master picture, its edge `soft` units wide."""
    mask = np.zeros((HEIGHT * MASTER, WIDTH * MASTER), np.uint8)
    corners = np.round(np.array(points, np.float64) * MASTER * 16).astype(np.int32)
    cv2.fillPoly(mask, [corners], 255, cv2.LINE_AA, 4)
    made = mask.astype(np.float32) / 255
    return cv2.GaussianBlur(made, (0, 0), soft * MASTER / 2) if soft else made
