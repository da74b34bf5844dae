"""Where the bench scenes play: gardens, yards, streets and woods put together from photographs and 1/f noise."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from scene_paint import (
    HEIGHT,
    MASTER,
    WIDTH,
    Floats,
    floor,
    fractal,
    grey,
    grid,
    photo,
    polygon_mask,
    smooth,
    tiled,
)

GREEN, BROWN, BLUE, RED, GREYISH = (-0.07, -0.03), (-0.06, 0.06), (0.09, -0.05), (-0.03, 0.12), (0.0, 0.0)


@dataclass
class Place:
    """A place without anybody: linear light (h, w) and colour (h, w, 2) of the master picture."""

    light: Floats
    colour: Floats
    near: Floats | None = None  # how much lamps and shadows of clouds reach it, from 0 to 1; None: all of it

    def lay(self, mask: Floats, light: Floats | float, tint: tuple[float, float] = GREYISH, near: float = 1.0) -> None:
        """Put something in front, as far as the mask says."""
        if self.near is not None:
            self.near += (near - self.near) * mask
        self.light += (light - self.light) * mask
        self.colour += (np.array(tint, np.float32) * np.sqrt(np.maximum(light, 0.02))[..., None]
                        - self.colour) * mask[..., None]  # fmt: skip

    def box(self, left: float, top: float, right: float, bottom: float, soft: float = 0.6) -> Floats:
        """The mask of an upright rectangle in units."""
        return polygon_mask([(left, top), (right, top), (right, bottom), (left, bottom)], soft)


def _mottle(seed: int, depth: float) -> Floats:
    wave = cv2.resize(fractal(seed, 90, 160, 1.3), (WIDTH * MASTER, HEIGHT * MASTER), interpolation=cv2.INTER_CUBIC)
    return np.exp(wave * depth).astype(np.float32)


def _leafy(seed: int, light: float) -> Floats:
    """Static leaves: clumps, and dark gaps between them."""
    clumps = cv2.resize(
        fractal(seed, 270, 480, 1.0, 0.1), (WIDTH * MASTER, HEIGHT * MASTER), interpolation=cv2.INTER_CUBIC
    )
    fine = cv2.resize(
        fractal(seed + 1, 540, 960, 0.6, 0.03), (WIDTH * MASTER, HEIGHT * MASTER), interpolation=cv2.INTER_LINEAR
    )
    return (light * np.exp(0.45 * clumps + 0.35 * fine)).astype(np.float32)


def sky(place: Place, seed: int, light: float, clouds: float) -> None:
    """A sky that is brighter below, with still clouds."""
    _, y = grid()
    wave = cv2.resize(fractal(seed, 90, 160, 1.6), (WIDTH * MASTER, HEIGHT * MASTER), interpolation=cv2.INTER_CUBIC)
    shade = light * (0.8 + 0.3 * y / HEIGHT) * (1 + clouds * smooth(-0.5, 1.5, wave))
    place.near = np.zeros_like(y)
    place.lay(np.ones_like(y), shade.astype(np.float32), BLUE, near=0.0)


def trees(place: Place, seed: int, top: float, rough: float, light: float, tint: tuple[float, float] = GREEN) -> None:
    """A far row of trees whose tops lie about `top`."""
    x, y = grid()
    outline = fractal(seed, 8, 512, 1.4)[0]
    line = top + rough * np.interp(x[0], np.linspace(0, WIDTH, 512), outline)
    ragged = 1.5 * cv2.resize(fractal(seed + 2, 180, 320, 0.8, 0.1), (WIDTH * MASTER, HEIGHT * MASTER))
    place.lay(smooth(-1.0, 1.0, y - line[None, :] + ragged), _leafy(seed + 3, light), tint, near=0.5)


def garden(
    seed: int,
    *,
    horizon: float = 62.0,
    ground: str = "grass",
    grain: float = 3.0,
    ground_light: float = 0.2,
    sky_light: float = 0.65,
    hedge: float = 0.05,
    path: bool = True,
    wall: bool = False,
    fence: bool = False,
    tint: tuple[float, float] = GREEN,
) -> Place:
    """A lawn (or gravel, or paving) with trees behind; with a path, a house's wall, a fence where asked for."""
    random = np.random.default_rng([seed, 1])
    place = Place(*_empty())
    sky(place, seed, sky_light, 0.4)
    trees(place, seed + 10, horizon - 22, 9.0, hedge * 1.5, tint)
    if fence:
        _fence(place, horizon - 16, horizon + 3, random)
    else:
        trees(place, seed + 20, horizon - 7, 3.0, hedge, tint)
    _, y = grid()
    lawn = ground_light * floor(grey(ground), horizon, grain) * _mottle(seed + 30, 0.12)
    place.lay(smooth(horizon - 0.8, horizon + 0.8, y), lawn, tint if ground == "grass" else GREYISH)
    if path:
        foot, width = random.uniform(90, 230), random.uniform(25, 60)
        goal = WIDTH / 2 + random.uniform(-30, 30)
        mask = polygon_mask([(foot, 181), (foot + width, 181), (goal + 3, horizon + 3), (goal, horizon + 3)], 0.8)
        place.lay(mask, 0.3 * floor(grey("gravel"), horizon, 4.0) * _mottle(seed + 31, 0.1), BROWN)
    if wall:
        _house(place, random, horizon)
    for index in range(int(random.integers(2, 5))):
        _bush(place, seed + 40 + index, random.uniform(0, WIDTH), random.uniform(horizon, horizon + 40), hedge * 1.6)
    return place


def _empty() -> tuple[Floats, Floats]:
    shape = HEIGHT * MASTER, WIDTH * MASTER
    return np.zeros(shape, np.float32), np.zeros((*shape, 2), np.float32)


def _fence(place: Place, top: float, bottom: float, random: np.random.Generator) -> None:
    x, y = grid()
    board = 6.5
    tones = random.uniform(0.8, 1.2, 64).astype(np.float32)
    relief = tiled(np.ascontiguousarray(grey("brick").T), x * 40, y * 5)
    gaps = smooth(0.0, 0.35, np.abs(np.mod(x, board) - board / 2) * -1 + board / 2)
    light = 0.14 * tones[(x / board).astype(int)] * relief / relief.mean() * (0.15 + 0.85 * gaps)
    place.lay(smooth(top, top + 0.6, y) * smooth(bottom, bottom - 0.6, y), light.astype(np.float32), BROWN)


def _house(place: Place, random: np.random.Generator, horizon: float) -> None:
    x, y = grid()
    left = random.random() < 0.5
    edge = random.uniform(60, 100)
    near, far = (0.0, edge) if left else (float(WIDTH), WIDTH - edge)
    mask = polygon_mask([(near, -1), (far, -1), (far, horizon + 16), (near, horizon + 40)], 0.5)
    brick = tiled(grey("brick"), y * 9, x * 9)
    place.lay(mask, 0.2 * brick / brick.mean() * _mottle(7, 0.1), RED)
    centre = (near + far) / 2
    place.lay(place.box(centre - 16, 18, centre + 16, 58), 0.55)
    place.lay(place.box(centre - 14, 20, centre + 14, 56), 0.04 + 0.1 * smooth(60, 10, y), BLUE)
    place.lay(place.box(centre - 0.8, 20, centre + 0.8, 56), 0.5)


def _bush(place: Place, seed: int, x: float, y: float, light: float) -> None:
    columns, rows = grid()
    random = np.random.default_rng(seed)
    wide, high = random.uniform(14, 30), random.uniform(10, 20)
    ragged = cv2.resize(fractal(seed, 180, 320, 0.9, 0.1), (WIDTH * MASTER, HEIGHT * MASTER))
    distance = np.hypot((columns - x) / wide, (rows - y) / high) + 0.12 * ragged
    place.lay(0.5 * smooth(1.2, 0.6, np.hypot((columns - x) / wide, (rows - y - high * 0.9) / 4)), 0.03)
    top_lit = np.clip(1.2 - 0.6 * (rows - y) / high, 0.3, 2)
    place.lay(smooth(1.05, 0.9, distance), _leafy(seed, light) * top_lit.astype(np.float32), GREEN)


def street(seed: int, horizon: float = 70.0, light: float = 0.2) -> Place:
    """A road that goes across, houses behind it and a pavement in front."""
    random = np.random.default_rng([seed, 2])
    place = Place(*_empty())
    x, y = grid()
    sky(place, seed, 0.6, 0.5)
    trees(place, seed + 10, horizon - 35, 12.0, 0.06)
    left = -20.0
    while left < WIDTH:
        width, high = random.uniform(45, 90), random.uniform(30, 55)
        wall = tiled(grey(str(random.choice(["brick", "gravel"]))), y * 14, x * 14)
        place.lay(
            place.box(left, horizon - high, left + width, horizon + 4),
            random.uniform(0.12, 0.4) * wall / wall.mean(),
            RED if random.random() < 0.5 else GREYISH,
        )
        for window in np.arange(left + 6, left + width - 10, 16):
            for storey in np.arange(horizon - high + 6, horizon - 12, 18):
                place.lay(place.box(window, storey, window + 7, storey + 9, 0.3), random.uniform(0.02, 0.12), BLUE)
        left += width + random.uniform(0, 25)
    road = floor(grey("gravel"), horizon - 12, 5.0)
    place.lay(smooth(horizon + 3, horizon + 4, y), light * (0.6 + 0.4 * road) * _mottle(seed + 3, 0.1))
    paving = floor(grey("brick"), horizon - 12, 4.0, 0.1)
    place.lay(smooth(143, 144, y), light * 1.5 * paving * _mottle(seed + 4, 0.08))
    place.lay(smooth(141, 142, y) * smooth(144, 143, y), light * 2.2)
    return place


def of_photo(name: str, x: float = 0.5, y: float = 0.5, zoom: float = 1.0, light: float = 1.0) -> Place:
    """A photograph as the place, cut to the picture's shape around (x, y), which go from 0 to 1."""
    whole = photo(name)
    high, wide = whole.shape[:2]
    across = min(wide, high * WIDTH / HEIGHT) / zoom
    down = across * HEIGHT / WIDTH
    left, top = (wide - across) * x, (high - down) * y
    part = whole[int(top) : int(top + down), int(left) : int(left + across)]
    part = cv2.resize(part, (WIDTH * MASTER, HEIGHT * MASTER), interpolation=cv2.INTER_CUBIC)
    shown = np.sqrt(np.clip(part, 0, 1))
    red, green, blue = (shown[..., index] for index in range(3))
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    colour = np.stack([(blue - luma) * 0.564, (red - luma) * 0.713], -1)
    return Place((luma * luma * light).astype(np.float32), (colour * np.sqrt(light)).astype(np.float32))
