"""Paint for the demo garden: soft-edged shapes on numpy, and sprites that are laid over YUV pictures cheaply.

The garden is described in units: the picture is 720 units high whatever its size, x = 640 is its middle, y grows
downwards. Shapes are signed distances (negative inside), so every edge is antialiased without oversampling.
Colours are RGB from 0 to 1; pictures are YUV 4:2:0, BT.709, limited range, as cameras send them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

Floats = npt.NDArray[np.floating[Any]]
Bytes = npt.NDArray[np.uint8]
Colour = Floats
Point = tuple[float, float]

UNITS_HIGH = 720.0
MIDDLE = 640.0

_Y = np.array([0.2126, 0.7152, 0.0722], np.float32) * 219
_U = np.array([-0.114572, -0.385428, 0.5], np.float32) * 224
_V = np.array([0.5, -0.454153, -0.045847], np.float32) * 224


def colour(code: str) -> Colour:
    """`"e8c07a"` as RGB from 0 to 1, shape (3,)."""
    return np.frombuffer(bytes.fromhex(code), np.uint8) / np.float32(255)


def smooth(low: float, high: float, value: Floats) -> Floats:
    """0 below `low`, 1 above `high` (or the other way round), an S-curve between."""
    x: Floats = np.clip((value - low) / (high - low), 0, 1)
    return x * x * (3 - 2 * x)


def mix(first: Floats, second: Floats, share: Floats) -> Floats:
    """A field of colours: `first` and as much of `second` as `share` (h, w) says; each (3,) or (h, w, 3)."""
    return first + (second - first) * share[..., None]


class Planes(NamedTuple):
    """A picture: luma (h, w) and the two colour planes (h/2, w/2)."""

    y: Bytes
    u: Bytes
    v: Bytes


def planes_of(picture: Bytes) -> Planes:
    """The three planes, as views, of a flat yuv420p picture of shape (h * 3 / 2, w)."""
    rows, width = picture.shape
    height = rows * 2 // 3
    colours = picture.reshape(-1)[height * width :].reshape(2, height // 2, width // 2)
    return Planes(picture[:height], colours[0], colours[1])


def _halved(plane: Floats) -> Floats:
    height, width = plane.shape
    halved: Floats = plane.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))
    return halved


def yuv_of(rgb: Floats) -> tuple[Floats, Floats, Floats]:
    """An opaque RGB picture (h, w, 3) as float planes Y, U, V; colour at half size."""
    return rgb @ _Y + 16, _halved(rgb @ _U) + 128, _halved(rgb @ _V) + 128


def rgb_of(planes: Planes) -> Bytes:
    """The picture as RGB (h, w, 3); for looking at and for tests, not for every frame."""
    luma = (planes.y.astype(np.float32) - 16) / 219
    u, v = (np.repeat(np.repeat(p, 2, 0), 2, 1).astype(np.float32) / 224 - 128 / 224 for p in (planes.u, planes.v))
    rgb = np.stack([luma + 1.5748 * v, luma - 0.187324 * u - 0.468124 * v, luma + 1.8556 * u], -1)
    return (np.clip(rgb, 0, 1) * 255 + 0.5).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class Sprite:
    """Something to lay over a picture: `paint` is premultiplied, `keep` is what shows through, of 256.

    (left, top) is where its corner lies from its anchor, in even pixels, so that luma and colour stay together.
    """

    left: int
    top: int
    paint: tuple[Bytes, Bytes, Bytes]
    keep: tuple[npt.NDArray[np.uint16], npt.NDArray[np.uint16]]

    @classmethod
    def of(cls, rgb: Floats, alpha: Floats, left: int, top: int) -> Sprite:
        """From premultiplied RGB (h, w, 3) and alpha (h, w), cut to what is not empty."""
        rows, columns = np.flatnonzero(alpha.max(1) > 1 / 512), np.flatnonzero(alpha.max(0) > 1 / 512)
        y0, x0 = int(rows[0]) // 2 * 2, int(columns[0]) // 2 * 2
        y1, x1 = min(int(rows[-1]) // 2 * 2 + 2, len(alpha)), min(int(columns[-1]) // 2 * 2 + 2, len(alpha[0]))
        rgb, alpha = rgb[y0:y1, x0:x1], alpha[y0:y1, x0:x1]
        small = _halved(alpha)
        planes = (rgb @ _Y + 16 * alpha, _halved(rgb @ _U) + 128 * small, _halved(rgb @ _V) + 128 * small)
        y, u, v = (np.clip(plane + 0.5, 0, 255).astype(np.uint8) for plane in planes)
        keep, keep_small = ((256.5 - 256 * a).astype(np.uint16) for a in (alpha, small))
        return cls(left + x0, top + y0, (y, u, v), (keep, keep_small))

    @cached_property
    def flipped(self) -> Sprite:
        """The mirror image about the anchor's column."""
        width = self.paint[0].shape[1]
        y, u, v = (np.ascontiguousarray(plane[:, ::-1]) for plane in self.paint)
        keep, keep_small = (np.ascontiguousarray(plane[:, ::-1]) for plane in self.keep)
        return Sprite(-self.left - width, self.top, (y, u, v), (keep, keep_small))

    def lay(self, planes: Planes, x: float, y: float) -> None:
        """Lay it over `planes` with its anchor near (x, y) pixels; what is outside is cut off."""
        height, width = planes.y.shape
        left, top = round(x / 2) * 2 + self.left, round(y / 2) * 2 + self.top
        x0, y0 = max(left, 0), max(top, 0)
        x1, y1 = min(left + self.paint[0].shape[1], width), min(top + self.paint[0].shape[0], height)
        if x0 >= x1 or y0 >= y1:
            return
        for plane, paint, keep, k in zip(
            planes, self.paint, (self.keep[0], *self.keep[1:] * 2), (1, 2, 2), strict=True
        ):
            target = plane[y0 // k : y1 // k, x0 // k : x1 // k]
            part = slice((y0 - top) // k, (y1 - top) // k), slice((x0 - left) // k, (x1 - left) // k)
            blend = target * keep[part]
            blend >>= 8
            blend += paint[part]
            target[...] = blend


def soft_noise(random: np.random.Generator, height: int, width: int, cell_y: float, cell_x: float) -> Floats:
    """Smooth noise of about -1 to 1 whose hills are some `cell` pixels apart."""
    coarse = random.random((max(int(height / cell_y), 1) + 3, max(int(width / cell_x), 1) + 3), np.float32) * 2 - 1
    wide = Image.fromarray(coarse).resize(
        (width, height), Image.Resampling.BICUBIC, (1, 1, 2 + width / cell_x, 2 + height / cell_y)
    )
    return np.asarray(wide, np.float32)


class Canvas:
    """A transparent sheet on which shapes are painted one over the other; colours are premultiplied."""

    def __init__(self, box: tuple[float, float, float, float], scale: float) -> None:
        """`box` is (x0, y0, x1, y1) in units of the caller's, `scale` the pixels per unit."""
        x0, y0, x1, y1 = box
        self.scale = scale
        self.left, self.top = int(np.floor(x0 * scale / 2)) * 2, int(np.floor(y0 * scale / 2)) * 2
        width = int(np.ceil((x1 * scale - self.left) / 2)) * 2
        height = int(np.ceil((y1 * scale - self.top) / 2)) * 2
        self.x: Floats = ((np.arange(width, dtype=np.float32) + self.left + 0.5) / scale)[None, :]
        self.y: Floats = ((np.arange(height, dtype=np.float32) + self.top + 0.5) / scale)[:, None]
        self.rgb: Floats = np.zeros((height, width, 3), np.float32)
        self.alpha: Floats = np.zeros((height, width), np.float32)

    def part(self, points: Iterable[Point], margin: float) -> Canvas:
        """The part of this sheet around `points`: what is painted there is painted here, at less cost."""
        xs, ys = zip(*points, strict=True)
        part = copy(self)
        columns = slice(*self._range(min(xs) - margin, max(xs) + margin, self.left, self.alpha.shape[1]))
        rows = slice(*self._range(min(ys) - margin, max(ys) + margin, self.top, self.alpha.shape[0]))
        part.left, part.top = self.left + columns.start, self.top + rows.start
        part.x, part.y = self.x[:, columns], self.y[rows]
        part.rgb, part.alpha = self.rgb[rows, columns], self.alpha[rows, columns]
        return part

    def _range(self, low: float, high: float, origin: int, count: int) -> tuple[int, int]:
        first = min(max(int(low * self.scale) - origin - 2, 0), count)
        return first, min(max(int(high * self.scale) - origin + 3, first), count)

    def cover(self, distance: Floats, soft: float = 0.0) -> Floats:
        """How much of each pixel lies inside a shape; `soft` units of blur beside the antialiasing."""
        covered: Floats = np.clip(0.5 - distance / (soft + 1 / self.scale), 0, 1)
        return covered

    def paint(self, cover: Floats, what: Floats) -> None:
        """Lay a colour, or a field of colours, over the sheet where `cover` says."""
        cover = np.broadcast_to(cover, self.alpha.shape)
        rest = 1 - cover
        self.rgb *= rest[..., None]
        self.rgb += cover[..., None] * what
        self.alpha *= rest
        self.alpha += cover

    def rod(
        self, a: Point, b: Point, r0: float, r1: float, what: Floats, soft: float = 0.0, share: float = 1.0
    ) -> None:
        """Paint a tapering rod from `a` to `b`."""
        part = self.part((a, b), max(r0, r1) + soft)
        part.paint(share * part.cover(part.taper(a, b, r0, r1), soft), what)

    def disc(self, centre: Point, radius: float, what: Floats, soft: float = 0.0, share: float = 1.0) -> None:
        """Paint a disc."""
        part = self.part((centre,), radius + soft)
        part.paint(share * part.cover(np.hypot(part.x - centre[0], part.y - centre[1]) - radius, soft), what)

    def shape(self, points: Sequence[Point], what: Floats, soft: float = 0.0, share: float = 1.0) -> None:
        """Paint a polygon."""
        part = self.part(points, soft)
        part.paint(share * part.cover(part.polygon(points), soft), what)

    def sprite(self) -> Sprite:
        """What has been painted, anchored at the origin of the units."""
        return Sprite.of(self.rgb, self.alpha, self.left, self.top)

    def taper(self, a: Point, b: Point, r0: float, r1: float) -> Floats:
        """Distance to a rod from `a` to `b` whose radius goes from r0 to r1."""
        dx, dy = b[0] - a[0], b[1] - a[1]
        along = np.clip(((self.x - a[0]) * dx + (self.y - a[1]) * dy) / (dx * dx + dy * dy + 1e-9), 0, 1)
        distance: Floats = np.hypot(self.x - a[0] - along * dx, self.y - a[1] - along * dy) - (r0 + (r1 - r0) * along)
        return distance

    def polygon(self, points: Sequence[Point]) -> Floats:
        """Distance to any simple polygon (after Inigo Quilez, "2D distance functions")."""
        nearest: Floats = np.full(self.alpha.shape, 1e9, np.float32)
        sign = np.ones(self.alpha.shape, np.float32)
        for (ax, ay), (bx, by) in zip(points, [points[-1], *points[:-1]], strict=True):
            ex, ey, wx, wy = bx - ax, by - ay, self.x - ax, self.y - ay
            along = np.clip((wx * ex + wy * ey) / (ex * ex + ey * ey + 1e-9), 0, 1)
            nearest = np.minimum(nearest, (wx - ex * along) ** 2 + (wy - ey * along) ** 2)
            above, below = self.y >= ay, self.y < by
            left = ex * wy > ey * wx
            sign = np.where((above & below & left) | (~above & ~below & ~left), -sign, sign)
        distance: Floats = sign * np.sqrt(nearest)
        return distance
