"""The dev half, continued: a minute each, short enough to be drawn as a main stream too."""

from __future__ import annotations

from scene_actors import Actor, Path
from scene_book import scene
from scene_cast import BUSH, NIGHT, SUN, TWIGS, flight, hopper, visit, walker
from scene_light import Clouds
from scene_places import garden, street
from scene_weather import Insects, Rain
from scene_wind import Foliage, Leaves, Shake, TreeShadow, Wind
from scene_world import Camera, Curve, World


@scene("main-calm", "dev", 60, main=True)
def main_calm(seed: int) -> World:
    """Nobody; noise."""
    return World(garden(seed, wall=True), camera=Camera(noise=1.4))


@scene("main-birds", "dev", 60, main=True)
def main_birds(seed: int) -> World:
    """Small birds cross, one hops on the lawn."""
    birds = [flight(8.3, 0.6, (-5, 60), (330, 40), 6), flight(19, 1.1, (330, 100), (-5, 80), 5, 0.02)]
    return World(
        garden(seed, fence=True), actors=[*birds, hopper(seed, 33, 12, 150, 130, 10)], camera=Camera(noise=1.3), sun=SUN
    )


@scene("main-visit", "dev", 60, main=True)
def main_visit(seed: int) -> World:
    """A bird lands, sits for 20 s and leaves; a cat creeps past later."""
    actors = [visit(5, 20, (140, 100), 10), Actor("cat", Path(((44, -20, 150), (75, 340, 150))), 28, 0.08)]
    return World(garden(seed), actors=actors, camera=Camera(noise=1.3), sun=SUN)


@scene("main-person", "dev", 60, main=True)
def main_person(seed: int) -> World:
    """A person far away and one near; there at the last frame."""
    actors = [walker(8, -10, 330, 92, 22, 17, 0.1), walker(52, 340, -20, 150, 75, 40, 0.3)]
    return World(garden(seed, wall=True), actors=actors, camera=Camera(noise=1.3), sun=SUN)


@scene("main-car", "dev", 60, main=True)
def main_car(seed: int) -> World:
    """Two cars; the second one was under way at the first frame and comes back."""
    paint = ("motorcycle_left", 0.4, 0.4, 0.3)
    cars = [
        Actor("car", Path(((-1, -60, 120), (2.5, 380, 120))), 90, 0.3, paint, shadow=(0.1, 0.15)),
        Actor("car", Path(((30, 345, 88), (36, -30, 88))), 40, 0.06, paint, shadow=(0.1, 0.15)),
    ]
    return World(street(seed), actors=cars, camera=Camera(noise=1.3), sun=SUN)


@scene("main-wind", "dev", 60, main=True)
def main_wind(seed: int) -> World:
    """Gusts in bush and twigs, a bird after the first of them."""
    wind = Wind(seed, 0.3, 1.0, 6.0, 60)
    leaves = [
        Foliage(seed, Leaves(BUSH, 700, (3, 8), 0.10, bend=1.8, flutter=0.7, hang=1.0), wind),
        Foliage(seed + 1, Leaves(TWIGS, 300, (3, 8), 0.14, "chelsea", bend=3, flutter=1.0, hang=-1.0), wind),
    ]
    shade = TreeShadow(seed, wind, (100, 110, 320, 180), 0.4, 2.5)
    actors = [flight(35, 0.9, (-5, 100), (330, 60), 8)]
    return World(garden(seed), (), actors, leaves, [shade], camera=Camera(noise=1.3, shake=Shake(seed, wind, 0.08)))


@scene("main-rain", "dev", 60, main=True)
def main_rain(seed: int) -> World:
    """A shower under moving clouds; somebody runs through it."""
    air = [Rain(seed, Curve(((0, 0.6), (60, 1.0))))]
    light = [Clouds(seed, (25, 4), 0.3, 0.8)]
    return World(
        garden(seed), actors=[walker(28, -20, 340, 140, 60, 80, 0.05)], lights=light, air=air, camera=Camera(noise=1.8)
    )


@scene("main-night", "dev", 60, main=True)
def main_night(seed: int) -> World:
    """Infrared light, insects; a cat."""
    cat = Actor("cat", Path(((30, 335, 135), (39, -20, 140))), 28, 0.35)
    return World(
        garden(seed, wall=True),
        actors=[cat],
        air=[Insects(seed, 60, 4.0, (160, 80), 80)],
        ambient=Curve(((0, 0.02),)),
        camera=NIGHT,
    )
