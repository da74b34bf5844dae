"""Other places, for the half kept out of tuning: woods, a wall close by, a yard from above, a terrace, dunes."""

from __future__ import annotations

import cv2
import numpy as np
from scene_paint import HEIGHT, MASTER, WIDTH, Floats, floor, fractal, grey, grid, polygon_mask, smooth, tiled
from scene_places import BROWN, GREEN, GREYISH, RED, Place, sky


def _blank() -> Place:
    shape = HEIGHT * MASTER, WIDTH * MASTER
    return Place(np.zeros(shape, np.float32), np.zeros((*shape, 2), np.float32), np.ones(shape, np.float32))


def _wave(seed: int, power: float = 1.3, fine: int = 1) -> Floats:
    made = fractal(seed, 90 * fine, 160 * fine, power)
    return cv2.resize(made, (WIDTH * MASTER, HEIGHT * MASTER), interpolation=cv2.INTER_CUBIC)


def woods(seed: int, light: float = 0.12, trunks: int = 14) -> Place:
    """Trunks near and far, leaves on the ground, sun-flecks."""
    random = np.random.default_rng([seed, 3])
    place = _blank()
    x, y = grid()
    place.lay(np.ones_like(x), (light * 0.8 * np.exp(0.5 * _wave(seed, 0.9, 3))).astype(np.float32), GREEN)
    ground = light * 1.1 * floor(grey("ihc"), 70, 4.0) * np.exp(0.35 * _wave(seed + 1))
    place.lay(smooth(74, 80, y + 2 * _wave(seed + 2)), ground.astype(np.float32), BROWN)
    bark = grey("gravel")
    for _, near in sorted((n, n) for n in random.uniform(0.15, 1.0, trunks)):
        middle, width, foot = random.uniform(0, WIDTH), 22 * near, 76 + 75 * near
        lean = random.normal(0, 0.03)
        edge = np.abs(x - middle - lean * (foot - y)) - width / 2 * (0.9 + 0.1 * (y / foot) ** 6)
        mask = smooth(0.4, -0.4, edge) * smooth(foot + 0.6, foot - 0.6, y)
        across = np.clip((x - middle) / (width / 2), -1, 1)
        relief = tiled(bark, (x - middle) * 22 / near**0.5, y * 5 / near**0.5)
        shade = light * (0.35 + 0.9 * near) * np.sqrt(np.maximum(1 - across**2, 0.05)) * relief / relief.mean()
        place.lay(mask, shade.astype(np.float32), BROWN)
    flecks = smooth(1.1, 1.8, _wave(seed + 5, 1.0, 2)) * smooth(76, 100, y)
    place.light *= (1 + 1.8 * flecks).astype(np.float32)
    return place


def wall(seed: int, light: float = 0.28) -> Place:
    """The wall of a house from the front, with a door, a window, a downpipe and the pavement."""
    random = np.random.default_rng([seed, 4])
    place = _blank()
    x, y = grid()
    bricks = tiled(np.ascontiguousarray(grey("brick").T), x * 7, y * 7)
    place.lay(np.ones_like(x), light * bricks / bricks.mean() * np.exp(0.1 * _wave(seed)), RED)
    left = random.uniform(30, 120)
    place.lay(place.box(left, 40, left + 46, 138), 0.3)
    panel = tiled(grey("gravel"), x * 2, y * 25)
    place.lay(place.box(left + 3, 43, left + 43, 138), 0.08 * (0.7 + 0.3 * panel / panel.mean()), BROWN)
    window = left + random.uniform(80, 110)
    place.lay(place.box(window, 36, window + 64, 86), 0.5)
    place.lay(place.box(window + 3, 39, window + 61, 83), 0.05 + 0.12 * smooth(90, 30, y + 0.3 * x), (0.05, 0.0))
    place.lay(place.box(window + 90, -1, window + 94, 140), 0.35)
    stones = floor(grey("brick"), 96, 5.0, 0.4)
    place.lay(smooth(137.5, 138.5, y), light * 1.1 * stones * np.exp(0.12 * _wave(seed + 1)), GREYISH)
    return place


def above(seed: int, ground: str = "gravel", light: float = 0.26) -> Place:
    """A yard seen from above, with a table, a bed of herbs and the shadow of the house."""
    random = np.random.default_rng([seed, 5])
    place = _blank()
    x, y = grid()
    relief = tiled(grey(ground), x * 5, y * 5)
    place.lay(np.ones_like(x), light * relief / relief.mean() * np.exp(0.15 * _wave(seed)))
    bed = polygon_mask([(-5, 120), (130, 135), (150, 185), (-5, 185)], 1.5)
    herbs = 0.1 * np.exp(0.6 * _wave(seed + 1, 0.8, 3))
    place.lay(bed, herbs.astype(np.float32), GREEN)
    cx, cy = random.uniform(180, 260), random.uniform(60, 110)
    disc = np.hypot(x - cx, (y - cy) * 1.2)
    place.lay(0.5 * smooth(36, 30, np.hypot(x - cx - 8, (y - cy - 6) * 1.2)), 0.03)
    wood = tiled(grey("coffee")[:90, :140].copy(), (x - cx) * 1.4 + 70, (y - cy) * 1.4 + 45)
    place.lay(smooth(30.5, 29.5, disc), 0.3 * wood / wood.mean(), BROWN)
    place.light *= 1 - 0.55 * polygon_mask([(-5, -5), (325, -5), (325, 30), (-5, 62)], 2.0)
    return place


def dunes(seed: int, light: float = 0.35) -> Place:
    """Open country: sand and tufts, the sea's horizon, a wide sky."""
    place = _blank()
    x, y = grid()
    sky(place, seed, 0.7, 0.7)
    place.lay(smooth(69, 70, y), (0.22 + 0.03 * _wave(seed + 1, 0.6, 3)).astype(np.float32), (0.05, -0.02))
    hill = 86 + 8 * np.interp(x[0], np.linspace(0, WIDTH, 256), fractal(seed, 8, 256, 1.6)[0])
    sand = light * floor(grey("moon"), 60, 3.0) * np.exp(0.12 * _wave(seed + 2))
    place.lay(smooth(-0.5, 0.5, y - hill[None, :]), sand.astype(np.float32), BROWN)
    tufts = smooth(0.9, 1.4, _wave(seed + 3, 1.0, 2)) * smooth(0, 6, y - hill[None, :])
    place.lay(tufts, (0.1 * np.exp(0.5 * _wave(seed + 4, 0.5, 4))).astype(np.float32), GREEN)
    return place
