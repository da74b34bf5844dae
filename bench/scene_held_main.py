"""The half kept out of tuning, continued: a minute each, short enough to be drawn as a main stream too."""

from __future__ import annotations

from scene_book import scene
from scene_held import GLOW, caller, passer, wings
from scene_other import Breeze, Curtain, Flurry, Sprays
from scene_other_air import Cumulus, Swarm
from scene_other_places import above, dunes, wall, woods
from scene_places import garden
from scene_world import Camera, Curve, World


def _main(seed: int, kind: str) -> World:
    wind = Breeze(seed, 0.2, 0.6, 60)
    dog = passer(24, -30, 350, 155, 40, 55, 0.06, "dog")
    dash = wings(41.3, ((0, 333, 100), (0.7, -10, 70)), 8)
    if kind == "birds":
        return World(
            dunes(seed),
            actors=[dash, wings(12, ((0, -10, 30), (3, 335, 50)), 9, 0.5, "gull")],
            camera=Camera(noise=1.3),
        )
    if kind == "perch":
        return World(above(seed), actors=[caller(seed, 6, (4.0, 20.0), 11)], camera=Camera(noise=1.4))
    if kind == "wall":
        return World(
            wall(seed),
            actors=[passer(10, 345, -25, 165, 90, 30), passer(35, -60, 380, 172, 105, 120, 0.2, "cyclist")],
            camera=Camera(noise=1.4),
        )
    if kind == "gale":
        twigs = [Sprays(seed, wind, ((180, -5, 325, 40),), 50, (12, 26), 0.08)]
        return World(garden(seed, horizon=68), (), [dash], twigs, camera=Camera(noise=1.4))
    if kind == "rain":
        return World(
            wall(seed, 0.2), actors=[dog], air=[Curtain(seed, Curve(((0, 0.9),)), wind)], camera=Camera(noise=1.8)
        )
    if kind == "snow":
        return World(
            woods(seed, 0.16), actors=[dog], air=[Flurry(seed, Curve(((0, 0.9),)), wind)], camera=Camera(noise=1.7)
        )
    if kind == "swarm":
        return World(
            garden(seed, fence=True),
            actors=[dog],
            air=[Swarm(seed, 60, (140, 80), 30, 60)],
            ambient=Curve(((0, 0.02),)),
            camera=GLOW,
        )
    return World(dunes(seed), lights=[Cumulus(seed, 60, 6, 60, 0.55, 3)], camera=Camera(noise=1.2))


for _kind, _about in {
    "birds": "A gull sails, a small bird dashes.",
    "perch": "A bird comes, changes its perch, sits for 20 s and leaves.",
    "wall": "Somebody walks, somebody cycles past a wall.",
    "gale": "Twigs beat in the wind; a bird.",
    "rain": "Rain; a dog.",
    "snow": "Snow; a dog.",
    "swarm": "Infrared night, insects; a dog.",
    "clouds": "Nobody; fast clouds.",
}.items():

    def _build(seed: int, kind: str = _kind) -> World:
        return _main(seed, kind)

    _build.__doc__ = _about
    scene(f"h-main-{_kind}", "held", 60, main=True)(_build)
