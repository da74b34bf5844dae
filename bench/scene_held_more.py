"""The half kept out of tuning, continued: light and exposure, bad cameras, timing."""

from __future__ import annotations

import numpy as np
from scene_actors import Actor, Path
from scene_book import Film, scene
from scene_held import COAT, FUR, GLOW, caller, passer, wings
from scene_light import Infrared, exposure_steps
from scene_other import Breeze, Curtain, Sprays, banded, lumpy
from scene_other_air import Cumulus, Ripple, Spot, Swarm
from scene_other_places import above, dunes, wall, woods
from scene_places import garden, of_photo, street
from scene_wind import Shake
from scene_world import Camera, Curve, World
from scene_yard import Cloth, Sweep, Water


@scene("h-calm-floodlight", "held", 300)
def calm_floodlight(seed: int) -> World:
    """Nobody; a floodlight switches on its own, a door's light falls out, cars sweep past."""
    power = Curve(
        ((25, 0), (25.1, 0.5), (27, 1.0), (70, 1.0), (70.1, 0), (140, 0), (140.1, 1.0), (200, 1.0), (200.1, 0))
    )
    door = Curve(((100, 0), (100.6, 0.7), (112, 0.7), (112.6, 0), (230, 0), (231, 0.7), (236, 0.7), (236.4, 0)))
    lights = [
        Spot(power, 300, 10, 2.4, 0.5),
        Spot(door, 20, 150, -0.1, 0.35, 0.8, 70),
        Sweep(((50, 1.8, 1), (170, 2.5, -1), (270, 1.5, 1))),
    ]
    return World(
        above(seed), lights=lights, ambient=Curve(((0, 0.08),)), camera=Camera(noise=1.8, grain=banded, auto=0.2)
    )


@scene("h-floodlight-visitors", "held", 240)
def floodlight_visitors(seed: int) -> World:
    """A floodlight goes on when somebody comes and stays on; a cat in the dark; a bird after it goes off."""
    power = Curve(((42, 0), (42.2, 1.0), (80, 1.0), (80.2, 0), (160, 0), (160.2, 1.0), (200, 1.0), (200.2, 0)))
    actors = [
        passer(40, 345, -25, 165, 90, 40, 0.2),
        passer(110, -25, 345, 160, 28, 30, 0.5, "cat"),
        wings(202, ((0, -10, 60), (0.9, 332, 90)), 12, 0.5),
    ]
    lights = [Spot(power, 160, -10, np.pi / 2, 0.9, 0.9, 200)]
    return World(
        wall(seed),
        actors=actors,
        lights=lights,
        ambient=Curve(((0, 0.17),)),
        camera=Camera(noise=2.2, auto=0.15, shutter=0.03),
    )


@scene("h-switches", "held", 300, film=Film(gop=4.0))
def switches(seed: int) -> World:
    """The camera goes to infrared and back, with black frames; a fox after the one, a bird before the other."""
    camera = Camera(
        noise=1.7, grain=banded, gain=Curve(((0, 1.0), (70, 2.0), (180, 2.0), (182, 1.0))),
        exposure=Curve(((69.8, 1.0), (70.4, 3.0), (71.0, 1.7), (73, 1.2), (180, 1.2), (180.6, 0.4), (181.4, 0.8),
                        (184, 1.0))),
        night=((70.2, 180.4),), black=((70.0, 70.2), (180.2, 180.8)), infrared=Infrared(0.8, 180, 120, 0.5)
    )  # fmt: skip
    actors = [
        passer(84, 345, -30, 140, 32, 35, 0.3, "fox"),
        wings(60, ((0, -10, 50), (1.0, 332, 80)), 9),
        caller(seed, 230, (4.0, 9.0), 10),
    ]
    return World(
        woods(seed, 0.2), actors=actors, ambient=Curve(((0, 0.6), (70, 0.25), (180, 0.25), (300, 0.8))), camera=camera
    )


@scene("h-calm-exposure", "held", 240)
def calm_exposure(seed: int) -> World:
    """Nobody; exposure steps of all sizes and a hunting exposure, contrast changes with them."""
    steps = exposure_steps(
        ((15, 0.9), (40, 1.3), (60, 1.05), (90, 0.6), (105, 1.0), (140, 1.9), (160, 1.2), (210, 0.8)), 2
    )
    return World(street(seed), camera=Camera(noise=1.4, exposure=steps, flicker=0.025))


@scene("h-low-rate", "held", 300, film=Film(kbps=36, gop=4.0, preset="superfast"))
def low_rate(seed: int) -> World:
    """A rate too low for its noise; a cyclist, a bird and a cat."""
    actors = [
        passer(60, -40, 360, 150, 60, 80, 0.1, "cyclist"),
        caller(seed, 130, (9.0,), 13),
        passer(220, 345, -25, 140, 28, 40, 0.04, "cat"),
    ]
    return World(
        garden(seed, ground="gravel", wall=True), actors=actors, camera=Camera(noise=2.6, grain=lumpy, denoise=0.5)
    )


@scene("h-calm-low-rate", "held", 240, film=Film(kbps=30, gop=8.0))
def calm_low_rate(seed: int) -> World:
    """Nobody; the picture freezes, smears and jumps at each key frame, every 8 s."""
    return World(woods(seed), camera=Camera(noise=3.0, grain=banded))


@scene("h-calm-pole", "held", 240)
def calm_pole(seed: int) -> World:
    """Nobody; a camera on a bending pole."""
    wind = Breeze(seed, 0.1, 0.6, 240)
    return World(wall(seed), camera=Camera(noise=1.3, shake=Shake(seed, wind, 1.0), sharpen=0.5))


@scene("h-pole-visitors", "held", 240)
def pole_visitors(seed: int) -> World:
    """A camera that trembles; a van, a bird and a person far away."""
    wind = Breeze(seed, 0.2, 0.4, 240)
    actors = [
        passer(40, -120, 450, 130, 100, 90, 0.4, "van"),
        wings(110, ((0, 333, 60), (1.0, -10, 100)), 10),
        passer(160, 345, -20, 100, 26, 14, 0.05),
    ]
    return World(
        street(seed), actors=actors, camera=Camera(noise=1.3, shake=Shake(seed, wind, 0.5)), sun=Curve(((0, 0.6),))
    )


@scene("h-timing", "held", 180)
def timing(seed: int) -> World:
    """There at the first frame and at the last; on a border of segments; over four segments."""
    actors = [
        passer(-3, 345, -25, 160, 60, 40, 0.05, "dog"),
        wings(29.7, ((0, -10, 100), (0.6, 332, 60)), 8),
        passer(55, -25, 345, 118, 35, 11, 0.06),
        wings(119.8, ((0, 160, -8), (0.8, 332, 90)), 7),
        Actor(
            "cat",
            Path(((146, 340, 150), (150, 200, 150), (155, 200, 150), (158, 90, 150), (163, -25, 150))),
            30,
            0.05,
            FUR,
            rest="split",
        ),
        passer(175, -25, 345, 165, 80, 35, 0.3),
    ]
    return World(dunes(seed), actors=actors, camera=Camera(noise=1.3), sun=Curve(((0, 0.5),)))


@scene("h-pauses", "held", 240)
def pauses(seed: int) -> World:
    """Pauses of 2 to 5 s within a visit, and of 8.5 to 25 s between two."""
    one = Path(((10, -40, 165), (14, 80, 165), (16.5, 80, 165), (19, 170, 166), (23.5, 170, 166), (29, 350, 165)))
    two = Path(((59.5, 365, 160), (65, 210, 160), (73.5, 210, 160), (80.5, -45, 162)))
    three = Path(((120, -120, 168), (124, 150, 168), (149, 150, 168), (154, 460, 168)))
    four = Path(((190, 345, 150), (196, 250, 150), (200.5, 250, 150), (206, 160, 150), (218, -25, 150)))
    actors = [
        Actor("person", one, 90, 0.1, COAT, "stroller", rest="split"),
        Actor("dog", two, 50, 0.06, FUR, "dog", rest="split"),
        Actor("car", three, 130, 0.35, ("coins", 0.2, 0.2, 0.5), "van", rest="split"),
        Actor("fox", four, 34, 0.15, FUR, "fox", rest="split"),
    ]
    return World(wall(seed), actors=actors, camera=Camera(noise=1.4, grain=banded))


@scene("h-snail", "held", 240)
def snail(seed: int) -> World:
    """A fox at 3.5 px/s, and a far person at 5."""
    actors = [passer(4, -22, 342, 150, 30, 3.5, 0.12, "fox"), passer(140, 325, -15, 98, 24, 5, 0.05)]
    return World(garden(seed, horizon=60, ground="moon"), actors=actors, camera=Camera(noise=1.5, grain=lumpy))


@scene("h-fog", "held", 240)
def fog(seed: int) -> World:
    """Fog: a deer, a bird and a person hardly to be seen."""
    actors = [
        passer(30, -40, 350, 130, 46, 30, 0.15, "deer"),
        wings(90, ((0, 333, 70), (1.6, -10, 90)), 12, 0.1),
        passer(160, 345, -25, 150, 60, 35, 0.14),
    ]
    return World(dunes(seed, 0.3), actors=actors, camera=Camera(noise=1.1, contrast=0.45, haze=0.33, grain=lumpy))


@scene("h-washing", "held", 300)
def washing(seed: int) -> World:
    """Sheets and a flag in the wind on a terrace, twigs behind; a cat passes below, a bird above."""
    wind = Breeze(seed, 0.3, 0.5, 300)
    hung = [
        Cloth(seed, wind, (130, 30, 190, 100), 0.7, ("coffee", 0.6, 0.2, 0.3), swing=4),
        Cloth(seed + 1, wind, (20, 10, 70, 40), 0.3, ("motorcycle_left", 0.4, 0.4, 0.3), flag=True, swing=5),
    ]
    actors = [passer(90, 345, -25, 160, 30, 45, 0.05, "cat"), wings(190, ((0, -10, 140), (0.9, 332, 120)), 10)]
    return World(wall(seed), (Sprays(seed, wind, ((270, 0, 322, 60),), 30),), actors, hung, camera=Camera(noise=1.4))


@scene("h-pond", "held", 300)
def pond(seed: int) -> World:
    """A wide pond with waves and glints under drifting clouds; a gull over it, a heron that walks and waits."""
    wind = Breeze(seed, 0.4, 0.5, 300)
    heron = Actor(
        "bird",
        Path(
            (
                (120, 345, 150),
                (128, 260, 152),
                (133, 260, 152),
                (139, 200, 152),
                (150, 200, 152),
                (152, 120, 20),
                (153, 60, -30),
            )
        ),
        30,
        0.3,
        FUR,
        "wagtail",
    )
    actors = [wings(50, ((0, -15, 60), (3.0, 335, 80)), 14, 0.6, "gull"), heron]
    return World(
        dunes(seed),
        [Water(seed, 92, 140, wind, glints=0.7)],
        actors,
        lights=[Cumulus(seed, 300, 20, 15, 0.3, 12)],
        camera=Camera(noise=1.3),
    )


@scene("h-rain-night", "held", 300, film=Film(gop=4.0))
def rain_night(seed: int) -> World:
    """Rain and moths before the infrared light; a dog in it."""
    wind = Breeze(seed, 0.3, 0.5, 300)
    air = [
        Curtain(seed, Curve(((0, 1.2), (150, 0.4), (300, 1.5))), wind, 1.0, 8),
        Swarm(seed, 300, (160, 90), 12, 60, 0.7, 1.5),
    ]
    return World(
        above(seed),
        actors=[passer(100, -40, 350, 150, 45, 60, 0.35, "dog")],
        air=air,
        ambient=Curve(((0, 0.02),)),
        camera=GLOW,
    )


@scene("h-bowl", "held", 240)
def table(seed: int) -> World:
    """A bowl of water with rings and a trembling photograph of a place indoors; a mouse runs, a bird drinks."""
    actors = [passer(60, -8, 330, 172, 10, 90, 0.02, "mouse"), caller(seed, 120, (5.0, 4.0), 22, 0.05)]
    return World(
        of_photo("coffee", 0.5, 0.8, 1.1, 0.9),
        [Ripple(seed, 230, 60, 30, 14, 1.0)],
        actors,
        camera=Camera(noise=1.6, flicker=0.01),
    )
