"""The half kept out of tuning: other places, visitors, paths and ways of drawing. Do not look at it while tuning."""

from __future__ import annotations

import numpy as np
import scene_other_bodies  # noqa: F401 - enters its ways of drawing
from scene_actors import Actor, Path
from scene_book import Film, scene
from scene_light import Infrared, exposure_steps
from scene_other import Breeze, Curtain, Flurry, Sprays, banded, lumpy
from scene_other_air import Cumulus, Ripple, Spot, Swarm
from scene_other_places import above, dunes, wall, woods
from scene_places import garden, of_photo
from scene_world import Camera, Curve, World

DOWN = ("ihc", 0.2, 0.2, 0.2)
COAT = ("brick", 0.1, 0.1, 0.4)
FUR = ("grass", 0.4, 0.4, 0.2)
TIN = ("coins", 0.2, 0.2, 0.5)
GLOW = Camera(
    noise=1.9,
    read=0.3,
    grain=lumpy,
    soft=0.2,
    night=((0, 9999),),
    infrared=Infrared(0.9, 140, 120, 0.2),
    shutter=1 / 20,
)


def wings(
    start: float,
    points: tuple[tuple[float, float, float], ...],
    size: float,
    tone: float = 0.03,
    shapes: str = "wagtail",
) -> Actor:
    """A bird on a bent way: points are (s after the start, x, y)."""
    stops = tuple((start + s, x, y) for s, x, y in points)
    return Actor("bird", Path(stops, size * 0.5, 1.3), size, tone, DOWN, shapes, beat=11.0)


def caller(
    seed: int, start: float, rests: tuple[float, ...], size: float, tone: float = 0.05, shapes: str = "wagtail"
) -> Actor:
    """A bird that comes from one side, changes its perch after each rest, and leaves by the top."""
    random = np.random.default_rng([seed, 55])
    x, y = random.uniform(80, 240), random.uniform(95, 135)
    stops, time = [(start, -12.0 if x < 160 else 332.0, y - 50), (start + 1.1, x, y)], start + 1.1
    for rest in rests:
        stops.append((time + rest, x, y))
        x, y = float(np.clip(x + random.normal(0, 30), 20, 300)), float(np.clip(y + random.normal(0, 10), 85, 150))
        time += rest + random.uniform(0.3, 0.6)
        stops.append((time, x, y))
    stops.append((time + 1.0, x + random.normal(0, 80), -12.0))
    return Actor("bird", Path(tuple(stops)), size, tone, DOWN, shapes)


def passer(
    start: float,
    x: float,
    to_x: float,
    y: float,
    size: float,
    speed: float,
    tone: float = 0.1,
    shapes: str = "stroller",
    **more: object,
) -> Actor:
    """Somebody who passes, a person unless the shapes say otherwise."""
    kind = {"stroller": "person", "cyclist": "person", "van": "car"}.get(shapes, shapes)
    skin = {"person": COAT, "car": TIN}.get(kind, FUR)
    beyond = size * (0.3 if kind == "person" else 0.95)  # it enters and leaves whole
    x, to_x = (min(at, -beyond) if at < 0 else max(at, 320 + beyond) for at in (x, to_x))
    path = Path(((start, x, y), (start + abs(to_x - x) / speed, to_x, y - 3)))
    return Actor(kind, path, size, tone, skin, shapes, rest="split", **more)  # type: ignore[arg-type]


@scene("h-calm-woods", "held", 240)
def calm_woods(seed: int) -> World:
    """Nobody in a dim wood; noise with lines."""
    return World(woods(seed), camera=Camera(noise=2.0, grain=banded, flicker=0.006))


@scene("h-calm-wall", "held", 240, film=Film(crf=30, gop=2.0))
def calm_wall(seed: int) -> World:
    """Nobody before a wall; lumpy noise, coarse encoding."""
    return World(wall(seed), camera=Camera(noise=1.6, grain=lumpy, sharpen=0.6))


@scene("h-birds-dunes", "held", 200)
def birds_dunes(seed: int) -> World:
    """Gulls sail past and small birds dash over the sand."""
    birds = [
        wings(9.1, ((0, -10, 40), (2.0, 150, 25), (4.0, 335, 50)), 14, 0.5, "gull"),
        wings(33.7, ((0, 334, 118), (0.6, -10, 96)), 6, 0.04),
        wings(58.2, ((0, 200, -6), (0.5, 140, 60), (1.2, -8, 84)), 7, 0.03),
        wings(84.0, ((0, 330, 20), (5.0, -10, 34)), 6, 0.08, "gull"),
        wings(111.4, ((0, -6, 140), (0.45, 325, 120)), 8, 0.02),
        wings(139.0, ((0, 250, 190), (0.7, 330, 100)), 9, 0.6),
        wings(170.3, ((0, -6, 70), (1.4, 100, 90), (2.6, 330, 60)), 5, 0.02),
    ]
    return World(dunes(seed), actors=birds, camera=Camera(noise=1.3, grain=banded))


@scene("h-perches", "held", 240)
def perches(seed: int) -> World:
    """Birds that come, change their perch, sit for 3 to 22 s, and leave; one sat there from the first frame on."""
    early = Actor("bird", Path(((-30, 210, 118), (14, 210, 118), (15.1, 332, 40))), 11, 0.04, DOWN, "wagtail")
    birds = [
        early,
        caller(seed, 40, (5.0, 21.0), 10),
        caller(seed + 1, 100, (3.0, 4.0, 2.0), 8, 0.4),
        caller(seed + 2, 150, (22.0,), 13, 0.03),
        caller(seed + 3, 205, (5.5, 1.0), 7, 0.02),
    ]
    return World(above(seed), actors=birds, camera=Camera(noise=1.4))


@scene("h-people-wall", "held", 200)
def people_wall(seed: int) -> World:
    """People pass before a wall, slow and fast; somebody stops at the door for 5 s."""
    door = Path(((60, 340, 158), (66, 100, 152), (71, 100, 152), (78, -30, 158)))
    actors = [
        passer(12, -25, 345, 165, 95, 35, 0.08),
        Actor("person", door, 88, 0.3, COAT, "stroller", rest="split"),
        passer(110, 345, -25, 172, 105, 120, 0.15, "cyclist"),
        passer(150, -25, 345, 150, 40, 25, 0.05, "dog"),
    ]
    return World(wall(seed), actors=actors, camera=Camera(noise=1.4, sharpen=0.4), sun=Curve(((0, 0.7),)))


@scene("h-animals-woods", "held", 300)
def animals_woods(seed: int) -> World:
    """A fox, a deer that stops for 4 s and later for 13 s, a mouse, in a wood."""
    deer = Path(((70, -30, 140), (80, 110, 142), (84, 110, 142), (90, 210, 140), (103, 210, 140), (112, 350, 140)))
    actors = [
        passer(20, 340, -25, 120, 30, 28, 0.12, "fox"),
        Actor("deer", deer, 52, 0.1, FUR, "deer", rest="split"),
        passer(150, -6, 140, 168, 8, 45, 0.02, "mouse"),
        passer(200, -25, 340, 105, 18, 6, 0.15, "fox"),
    ]
    return World(woods(seed, 0.14), actors=actors, camera=Camera(noise=2.0, grain=lumpy))


@scene("h-calm-gale", "held", 300)
def calm_gale(seed: int) -> World:
    """Nobody; twigs beat in a gale that never rests."""
    wind = Breeze(seed, 0.4, 0.6, 300, 45)
    twigs = [
        Sprays(seed, wind, ((-5, 30, 120, 5), (40, 0, 90, 60)), 60, (14, 28), 0.1),
        Sprays(seed + 1, wind, ((230, 180, 322, 140),), 45, (10, 24), 0.16, "chelsea", 0.3, -np.pi / 2),
    ]
    return World(
        garden(seed, horizon=50, ground="gravel", wall=False, path=False),
        front=twigs,
        camera=Camera(noise=1.5, grain=banded),
    )


@scene("h-gale-visitors", "held", 300)
def gale_visitors(seed: int) -> World:
    """Birds, a dog and a person among beating twigs."""
    wind = Breeze(seed, 0.15, 0.7, 300, -70, 0.9)
    twigs = [Sprays(seed, wind, ((180, -5, 325, 40),), 50, (12, 26), 0.08, "grass", 0.25)]
    actors = [
        wings(42, ((0, 334, 110), (0.9, -10, 90)), 8),
        passer(100, -25, 345, 150, 30, 60, 0.05, "dog"),
        caller(seed, 170, (5.0, 12.0), 11),
        passer(240, 345, -25, 160, 70, 40, 0.25),
    ]
    behind = [Sprays(seed + 1, wind, ((-5, 70, 325, 66),), 90, (6, 12), 0.07, "gravel", 0.15, -np.pi / 2)]
    return World(garden(seed, horizon=68), behind, actors, twigs, camera=Camera(noise=1.4))


@scene("h-calm-downpour", "held", 300)
def calm_downpour(seed: int) -> World:
    """Nobody; rain in waves, puddles with rings."""
    wind = Breeze(seed, 0.4, 0.5, 300)
    puddles = [Ripple(seed, 90, 150, 40, 9, 6.0), Ripple(seed + 1, 230, 120, 25, 5, 3.0)]
    rain = Curtain(seed, Curve(((0, 0.1), (50, 0.9), (110, 0.3), (170, 1.2), (230, 0.5), (300, 1.0))), wind, 0.9)
    return World(above(seed, "gravel", 0.2), puddles, air=[rain], camera=Camera(noise=1.8, contrast=0.9, haze=0.05))


@scene("h-downpour-visitors", "held", 300)
def downpour_visitors(seed: int) -> World:
    """A bird, a person with a bag, a dog and a van in the rain."""
    wind = Breeze(seed, 0.3, 0.5, 300)
    actors = [
        wings(50, ((0, -10, 80), (1.0, 332, 100)), 10, 0.03),
        passer(100, 345, -25, 160, 80, 55, 0.05),
        passer(180, -25, 345, 165, 45, 70, 0.03, "dog"),
        passer(240, -120, 450, 168, 140, 110, 0.35, "van"),
    ]
    return World(
        wall(seed, 0.2),
        actors=actors,
        air=[Curtain(seed, Curve(((0, 0.7), (300, 0.9))), wind, 0.9)],
        camera=Camera(noise=1.9),
    )


@scene("h-calm-blizzard", "held", 240)
def calm_blizzard(seed: int) -> World:
    """Nobody; snow in waves of wind in a dark wood."""
    wind = Breeze(seed, 0.2, 0.9, 240)
    flakes = Flurry(seed, Curve(((0, 0.3), (80, 1.0), (160, 0.6), (240, 1.0))), wind)
    return World(woods(seed, 0.16), air=[flakes], camera=Camera(noise=1.8))


@scene("h-blizzard-visitors", "held", 240)
def blizzard_visitors(seed: int) -> World:
    """A cat, a deer and a bird in snow."""
    wind = Breeze(seed, 0.1, 0.6, 240)
    actors = [
        passer(40, -25, 345, 150, 27, 25, 0.04, "cat"),
        passer(100, 350, -40, 130, 45, 30, 0.05, "deer"),
        wings(180, ((0, 200, -8), (0.7, 180, 90), (1.6, -10, 60)), 10, 0.02),
    ]
    place = garden(seed, ground="moon" if seed % 2 else "gravel", ground_light=0.45, tint=(0, 0), path=False)
    return World(
        place, actors=actors, air=[Flurry(seed, Curve(((0, 0.7),)), wind)], camera=Camera(noise=1.6, grain=lumpy)
    )


@scene("h-calm-swarm", "held", 300, film=Film(gop=4.0))
def calm_swarm(seed: int) -> World:
    """Nobody; insects swarm about a lamp on a wall and cross the infrared light."""
    light = Spot(Curve(((0, 0.7),)), 200, 12, np.pi / 2, 0.7)
    swarm = [Swarm(seed, 300, (200, 30), 90, 16, 0.9, 0.7), Swarm(seed + 1, 300, (140, 100), 24, 70, 0.5, 1.6)]
    return World(
        wall(seed),
        lights=[light],
        air=swarm,
        ambient=Curve(((0, 0.08),)),
        camera=Camera(noise=1.9, grain=lumpy, shutter=0.04),
    )


@scene("h-swarm-visitors", "held", 300, film=Film(gop=4.0))
def swarm_visitors(seed: int) -> World:
    """Infrared night: moths and gnats; a fox, a cat that stops, and a person."""
    swarm = [Swarm(seed, 300, (120, 80), 40, 60, 0.8, 1.0), Swarm(seed + 1, 300, (200, 120), 8, 90, 0.4, 3.0)]
    stops = Path(((120, 340, 140), (126, 220, 142), (130.5, 220, 142), (140, -25, 146)))
    actors = [
        passer(50, -30, 345, 130, 34, 45, 0.3, "fox"),
        Actor("cat", stops, 28, 0.35, FUR, rest="split"),
        passer(210, 345, -25, 160, 85, 40, 0.4),
    ]
    return World(
        garden(seed, horizon=75, fence=True), actors=actors, air=swarm, ambient=Curve(((0, 0.02),)), camera=GLOW
    )


@scene("h-calm-cumulus", "held", 300)
def calm_cumulus(seed: int) -> World:
    """Nobody; shadows of small fast clouds with clear edges."""
    return World(dunes(seed), lights=[Cumulus(seed, 300, 6.0, 70.0, 0.55, 2.5)], camera=Camera(noise=1.2, auto=0.1))


@scene("h-cumulus-visitors", "held", 300)
def cumulus_visitors(seed: int) -> World:
    """Clouds slow and soft, then birds, a dog and a cyclist."""
    actors = [
        wings(40, ((0, -10, 130), (0.8, 332, 96)), 8),
        passer(90, 345, -30, 130, 26, 50, 0.06, "dog", shadow=(0.5, 0.15)),
        passer(150, -40, 360, 150, 60, 90, 0.1, "cyclist", shadow=(0.4, 0.15)),
        caller(seed, 220, (8.0, 3.0), 11),
    ]
    lights = [Cumulus(seed, 300, 12.0, 25.0, 0.5, 9.0)]
    steps = exposure_steps(((70, 1.2), (140, 0.85), (260, 1.1)), 4)
    return World(garden(seed, horizon=58, ground="moon", ground_light=0.25), actors=actors, lights=lights,
                 camera=Camera(noise=1.4, exposure=steps), sun=Curve(((0, 0.6),)))  # fmt: skip


@scene("h-close", "held", 240)
def close(seed: int) -> World:
    """Big birds close to the lens before a photograph, one from the first frame on."""
    birds = [
        Actor("bird", Path(((-20, 170, 120), (9, 170, 120), (9.6, 350, 40))), 40, 0.06, DOWN, "wagtail"),
        caller(seed, 50, (4.0, 5.0, 3.0), 30, 0.1),
        wings(120, ((0, -30, 90), (0.5, 350, 60)), 30, 0.05, "gull"),
        caller(seed + 1, 170, (16.0,), 36, 0.3),
    ]
    return World(of_photo("camera", zoom=1.0, y=0.9), actors=birds, camera=Camera(noise=1.3, sharpen=0.6))
