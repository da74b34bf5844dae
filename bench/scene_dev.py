"""The dev half of the scenes, for tuning: one kind of visitor or disturbance after the other."""

from __future__ import annotations

from scene_actors import Actor, Path
from scene_book import Film, scene
from scene_cast import BUSH, NIGHT, SUIT, SUN, TWIGS, flight, hopper, visit, walker
from scene_light import Clouds, Infrared, Lamp, exposure_steps
from scene_places import garden, street
from scene_weather import Insects, Rain
from scene_wind import Foliage, Leaves, Shake, TreeShadow, Wind
from scene_world import Camera, Curve, World


@scene("calm-day", "dev", 300)
def calm_day(seed: int) -> World:
    """A garden with nobody in it: the sensor's noise and nothing else."""
    return World(garden(seed, path=True), camera=Camera(noise=1.3, flicker=0.004))


@scene("small-birds", "dev", 180, main=False)
def small_birds(seed: int) -> World:
    """Small birds cross, of 3 to 8 px, some within half a second."""
    place = garden(seed, horizon=80, wall=True)
    birds = [
        flight(12.0, 0.7, (-5, 60), (330, 30), 7),
        flight(31.3, 0.55, (330, 90), (-8, 70), 6),
        flight(52.0, 2.4, (-5, 30), (325, 45), 4, 0.02),
        flight(74.5, 1.2, (330, 20), (40, -8), 5),
        flight(95.1, 0.5, (60, 190), (260, -8), 8, 0.3),
        flight(117.0, 1.6, (-6, 130), (326, 100), 6, 0.02),
        flight(140.4, 0.9, (325, 120), (-5, 140), 9),
        flight(160.0, 3.0, (325, 25), (-5, 35), 3.5, 0.01),
    ]
    return World(place, actors=birds, camera=Camera(noise=1.2))


@scene("bird-sits", "dev", 180)
def bird_sits(seed: int) -> World:
    """Birds land, sit for 4 to 25 s and leave; one hops and pecks on the lawn."""
    birds = [
        visit(8.0, 20.0, (110, 92), 11),
        visit(60.0, 25.0, (215, 100), 8, 0.03, from_=(330, 60), to=(330, -10)),
        visit(110.0, 4.0, (150, 110), 9, 0.35, from_=(160, -10), to=(-10, 60)),
        hopper(seed, 135.0, 25.0, 170, 140, 9),
    ]
    return World(garden(seed, fence=True), actors=birds, camera=Camera(noise=1.4), sun=SUN)


@scene("person-day", "dev", 180)
def person_day(seed: int) -> World:
    """People near and far walk through a sunny garden."""
    people = [
        walker(10, -20, 340, 150, 75, 40),
        walker(50, 340, -20, 92, 22, 14, 0.1),
        walker(100, -12, 335, 120, 45, 70, 0.4),
        Actor(
            "person",
            Path(((128, -8, 80, 0.25), (140, 150, 80, 0.28), (160, 200, 185, 1.4), (163, 215, 250, 2.0))),
            60,
            0.08,
            SUIT,
            shadow=(0.6, 0.2),
        ),
    ]
    return World(garden(seed, wall=True), actors=people, camera=Camera(noise=1.2), sun=SUN)


@scene("cats", "dev", 240)
def cats(seed: int) -> World:
    """A cat walks, one runs, one stops for 4 s and goes on, one stops for 12 s and goes on."""
    fur = ("chelsea", 0.0, 0.0, 0.4)
    both = [
        Actor("cat", Path(((5, -20, 130), (35, 335, 128))), 26, 0.12, fur, shadow=(0.5, 0.2), dark=0.4, rest="split"),
        Actor("cat", Path(((60, 335, 105), (62.2, -20, 115))), 22, 0.05, fur, shadow=(0.5, 0.2), dark=0.4),
        Actor(
            "cat", Path(((85, -20, 150), (92, 100, 148), (96, 100, 148), (108, 340, 150))), 30, 0.25, fur, rest="split"
        ),
        Actor(
            "cat", Path(((140, 335, 95), (150, 190, 96), (162, 190, 96), (175, -15, 98))), 18, 0.06, fur, rest="split"
        ),
        Actor("cat", Path(((200, -20, 140), (206, 340, 120))), 28, 0.1, ("gravel", 0.1, 0.1, 0.3), shadow=(0.5, 0.2)),
    ]
    return World(garden(seed, fence=True, path=True), actors=both, camera=Camera(noise=1.5), sun=Curve(((0, 0.6),)))


@scene("cars-day", "dev", 180)
def cars_day(seed: int) -> World:
    """Cars near and far on a street; one stops for 15 s and goes on."""
    paint = ("motorcycle_left", 0.4, 0.4, 0.3)
    cars = [
        Actor("car", Path(((10, -60, 120), (12.5, 380, 120))), 90, 0.3, paint, shadow=(0.1, 0.15), rest="split"),
        Actor("car", Path(((35, 345, 88), (39, -30, 88))), 40, 0.06, paint, shadow=(0.1, 0.15), rest="split"),
        Actor(
            "car",
            Path(((60, -60, 130), (66, 160, 130), (81, 160, 130), (86, 400, 130))),
            95,
            0.5,
            paint,
            shadow=(0.1, 0.1),
            rest="split",
        ),
        Actor("car", Path(((120, 345, 84), (140, -30, 84))), 30, 0.15, paint, shadow=(0.1, 0.15), rest="split"),
        walker(160, 340, -20, 160, 60, 30, 0.05),
    ]
    return World(street(seed), actors=cars, camera=Camera(noise=1.3), sun=SUN)


@scene("wind-gusts", "dev", 300)
def wind_gusts(seed: int) -> World:
    """Gusts in a bush and hanging twigs, a tree's shadow on the lawn, the camera trembles; two birds and a person."""
    wind = Wind(seed, 0.25, 1.0, 11.0, 300)
    leaves = [
        Foliage(seed, Leaves(BUSH, 900, (3, 8), 0.10, bend=1.8, flutter=0.7, hang=1.0), wind),
        Foliage(seed + 1, Leaves(TWIGS, 420, (3, 7), 0.16, "chelsea", bend=3, flutter=1.0, hang=-1.0), wind),
    ]
    actors = [
        flight(70, 1.0, (-5, 100), (330, 60), 8),
        visit(140, 9.0, (180, 110), 10),
        walker(230, 340, -30, 130, 50, 35),
    ]
    shade = TreeShadow(seed, wind, (100, 110, 320, 180), 0.45, 2.5)
    return World(
        garden(seed), actors=actors, front=leaves, lights=[shade],
        camera=Camera(noise=1.4, shake=Shake(seed, wind, 0.1)), sun=Curve(((0, 0.5),))
    )  # fmt: skip


@scene("rain", "dev", 300)
def rain(seed: int) -> World:
    """A shower comes and goes; a person walks through the thick of it and a bird flies in the drizzle."""
    heavy = Curve(((0, 0.0), (30, 0.15), (90, 1.0), (200, 0.8), (260, 0.2), (300, 0.05)))
    actors = [walker(140, -20, 340, 140, 62, 55, 0.05), flight(275, 1.1, (330, 100), (-5, 70), 9)]
    return World(
        garden(seed, sky_light=0.4, ground_light=0.1), actors=actors, air=[Rain(seed, heavy)],
        camera=Camera(noise=2.0, contrast=0.85, haze=0.08)
    )  # fmt: skip


@scene("insects-night", "dev", 300, film=Film(gop=5.0))
def insects_night(seed: int) -> World:
    """A night by infrared light: insects dart about the lamp; a cat passes and a person comes."""
    bugs = Insects(seed, 300, 7.0, (170, 70), 70)
    actors = [
        Actor("cat", Path(((120, -20, 140), (133, 340, 135))), 28, 0.3, ("chelsea", 0, 0, 0.4)),
        walker(240, 340, -20, 150, 70, 45, 0.25),
    ]
    return World(
        garden(seed, wall=True), actors=actors, air=[bugs], ambient=Curve(((0, 0.015),)),
        camera=NIGHT
    )  # fmt: skip


@scene("clouds", "dev", 300)
def clouds(seed: int) -> World:
    """Soft cloud shadows, and the exposure that follows; two birds and a cat under them."""
    soft = Clouds(seed, (16, 3), 0.55, 1.0)
    exposure = exposure_steps(((40, 1.25), (95, 0.9), (160, 1.3), (240, 1.0)))
    actors = [
        flight(70, 0.9, (-5, 60), (330, 90), 8),
        visit(130, 18, (120, 120), 10),
        Actor("cat", Path(((220, 335, 130), (228, -20, 125))), 25, 0.07),
    ]
    return World(garden(seed), actors=actors, lights=[soft], camera=Camera(noise=1.3, exposure=exposure))


@scene("lamp", "dev", 240)
def lamp(seed: int) -> World:
    """A lamp goes on and off at dusk and throws shadows; a bird crosses right after, a person walks in its light."""
    power = Curve(((30, 0), (30.3, 0.9), (80, 0.9), (80.2, 0), (120, 0), (120.2, 0.9), (200, 0.9), (200.2, 0)))
    light = Lamp(240, 30, power, 80, posts=((200, 90, 8), (150, 70, 4)))
    exposure = Curve(
        ((30.2, 1.0), (31, 0.7), (80, 0.7), (80.8, 1.0), (120.2, 1.0), (121, 0.7), (200, 0.7), (200.8, 1.0))
    )
    actors = [flight(33, 1.2, (-5, 90), (330, 110), 10, 0.02), walker(150, -20, 340, 140, 65, 40, 0.3)]
    return World(
        garden(seed, wall=True), actors=actors, lights=[light], ambient=Curve(((0, 0.22),)),
        camera=Camera(noise=2.2, exposure=exposure, shutter=1 / 30)
    )  # fmt: skip


@scene("night-switch", "dev", 240, film=Film(gop=5.0))
def night_switch(seed: int) -> World:
    """Dusk falls, the camera goes to grey and infrared, and later back; a bird before it, a cat after it."""
    exposure = Curve(
        ((0, 1.0), (90, 2.2), (91.0, 2.2), (91.4, 1.6), (92.4, 1.0), (180, 1.0), (180.6, 3.0), (181.6, 1.9))
    )
    ambient = Curve(((0, 0.4), (90, 0.12), (180, 0.12), (240, 0.3)))
    gain = Curve(((0, 1.0), (90, 2.0), (91, 2.4), (180, 2.4), (181, 1.8), (240, 1.2)))
    actors = [
        flight(40, 0.9, (-5, 80), (330, 60), 8, 0.02),
        Actor("cat", Path(((130, -20, 140), (139, 340, 135))), 28, 0.3),
        visit(205, 9, (150, 110), 9),
    ]
    camera = Camera(
        noise=1.5, exposure=exposure, gain=gain, night=((90.4, 180.2),), black=((90.2, 90.6), (180.0, 180.4)),
        infrared=Infrared(0.9)
    )  # fmt: skip
    return World(garden(seed, fence=True), actors=actors, ambient=ambient, camera=camera)
