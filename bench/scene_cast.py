"""Who and what the scenes have in common: visitors with their paths, palettes, cameras, places where leaves grow."""

from __future__ import annotations

import numpy as np
import scene_bodies  # noqa: F401 - enters its ways of drawing
from scene_actors import Actor, Path
from scene_light import Infrared
from scene_world import Camera, Curve

SUN = Curve(((0, 1.0),))
BIRD = ("chelsea", 0.3, 0.1, 0.3)
TINTS = ((0.02, 0.0), (0.06, -0.03), (-0.05, 0.09), (0.0, 0.02))
CLOTHES = (("astronaut", 0.1, 0.9, 0.25), ("chelsea", 0.9, 0.8, 0.4), ("coffee", 0.1, 0.1, 0.3))
SUIT = ("astronaut", 0.1, 0.9, 0.25)
NIGHT = Camera(noise=2.0, read=0.3, smear=0.7, soft=0.25, night=((0, 9999),), infrared=Infrared(), shutter=1 / 25)
BUSH = ((-5.0, 62.0), (40.0, 40.0), (90.0, 70.0), (95.0, 120.0), (-5.0, 130.0))
HEDGE = ((-5.0, 48.0), (60.0, 42.0), (150.0, 50.0), (240.0, 44.0), (325.0, 50.0), (325.0, 66.0), (-5.0, 66.0))
MEADOW = ((-5.0, 150.0), (120.0, 158.0), (200.0, 150.0), (325.0, 156.0), (325.0, 185.0), (-5.0, 185.0))
TWIGS = ((200.0, -5.0), (325.0, -5.0), (325.0, 70.0), (280.0, 50.0), (240.0, 20.0))


def flight(
    start: float, seconds: float, from_: tuple[float, float], to: tuple[float, float], size: float, tone: float = 0.04
) -> Actor:
    """A bird that flies through."""
    stops = ((start, *from_), (start + seconds, *to))
    return Actor("bird", Path(stops, size * 0.4, 2.2), size, tone, BIRD)


def visit(
    start: float,
    stay: float,
    perch: tuple[float, float],
    size: float,
    tone: float = 0.05,
    from_: tuple[float, float] = (-10.0, 20.0),
    to: tuple[float, float] = (330.0, 30.0),
) -> Actor:
    """A bird that comes, sits and leaves."""
    arrive, leave = 0.9, 0.8
    stops = (
        (start, *from_),
        (start + arrive, *perch),
        (start + arrive + stay, *perch),
        (start + arrive + stay + leave, *to),
    )
    return Actor("bird", Path(stops), size, tone, BIRD)


def hopper(seed: int, start: float, seconds: float, x: float, y: float, size: float, tone: float = 0.05) -> Actor:
    """A bird on the ground that hops and pecks, with short rests."""
    random = np.random.default_rng([seed, 21])
    stops = [(start, x - 60.0 * random.choice((-1, 1)), -2.0 - size), (start + 1.0, x, y)]
    time = start + 1.0
    while time < start + seconds:
        rest, hop = random.uniform(0.3, 2.5), random.uniform(0.12, 0.3)
        stops.append((time + rest, x, y))
        x, y = x + random.normal(0, size * 0.7), y + random.normal(0, size * 0.2)
        time += rest + hop
        stops.append((time, x, y))
    stops.append((time + 1.0, x + 120, -2.0 - size))
    return Actor("bird", Path(tuple(stops)), size, tone, BIRD, sits=True, shadow=(0.6, 0.15), dark=0.3, _={"peck": 1.0})


def walker(start: float, x: float, to_x: float, y: float, height: float, speed: float, tone: float = 0.2) -> Actor:
    """A person who walks across."""
    stops = ((start, x, y), (start + abs(to_x - x) / speed, to_x, y))
    return Actor(
        "person", Path(stops), height, tone, CLOTHES[round(start) % 3], shadow=(0.7, 0.2), tint=TINTS[round(start) % 4]
    )
