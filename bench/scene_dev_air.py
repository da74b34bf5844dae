"""The dev half, continued: weather, insects, and light that changes."""

from __future__ import annotations

from scene_actors import Actor, Path
from scene_book import Film, scene
from scene_cast import NIGHT, flight, hopper, visit, walker
from scene_light import Clouds, Infrared, Lamp, exposure_steps
from scene_places import garden, of_photo, street
from scene_weather import Drops, Insects, Rain, Snow, Web
from scene_world import Camera, Curve, World
from scene_yard import SkyClouds, Sweep


@scene("calm-rain", "dev", 300)
def calm_rain(seed: int) -> World:
    """Nobody; a downpour that comes and goes, drops on the window."""
    heavy = Curve(((0, 0.3), (60, 1.3), (120, 0.5), (150, 1.5), (240, 0.9), (300, 0.3)))
    air = [Rain(seed, heavy, 0.25, 0.7, 18), Drops(seed, 300, 6)]
    return World(garden(seed, wall=True, ground_light=0.12), air=air, camera=Camera(noise=2.0, contrast=0.9, haze=0.05))


@scene("rain-visitors", "dev", 300)
def rain_visitors(seed: int) -> World:
    """Steady rain; birds, a person with a dark coat and a cat in it."""
    actors = [
        flight(40, 0.9, (-5, 60), (330, 80), 9),
        visit(90, 10, (200, 110), 11),
        walker(150, 340, -20, 150, 66, 50, 0.04),
        Actor("cat", Path(((220, -20, 130), (226, 340, 128))), 27, 0.03),
    ]
    air = [Rain(seed, Curve(((0, 0.8), (300, 0.6))), -0.1), Drops(seed, 300, 25)]
    return World(garden(seed, fence=True, ground_light=0.13), actors=actors, air=air, camera=Camera(noise=2.0))


@scene("calm-snow", "dev", 300)
def calm_snow(seed: int) -> World:
    """Nobody; snow falls, thicker and thinner, with flakes close to the lens."""
    heavy = Curve(((0, 0.2), (100, 1.0), (180, 0.5), (240, 1.0), (300, 0.4)))
    return World(
        garden(seed, ground_light=0.25, tint=(0, 0)), air=[Snow(seed, heavy, 14, 1.0)], camera=Camera(noise=1.6)
    )


@scene("snow-visitors", "dev", 240)
def snow_visitors(seed: int) -> World:
    """A cat, a bird and a person in falling snow."""
    actors = [
        Actor("cat", Path(((40, -20, 140), (52, 340, 138))), 28, 0.05),
        visit(100, 12, (140, 105), 10),
        walker(170, 340, -20, 130, 55, 35, 0.1),
    ]
    air = [Snow(seed, Curve(((0, 0.8),)), -8)]
    return World(
        garden(seed, ground_light=0.35, tint=(0, 0), fence=True), actors=actors, air=air, camera=Camera(noise=1.6)
    )


@scene("calm-insects", "dev", 300, film=Film(gop=5.0))
def calm_insects(seed: int) -> World:
    """Nobody; insects at a lamp in the dark and before the infrared light, in bursts, all night."""
    bugs = [
        Insects(seed, 300, 5.0, (230, 45), 25, 0.8, (0.5, 1.2)),
        Insects(seed + 1, 300, 9.0, (150, 90), 90, near=0.3),
    ]
    lamp = Lamp(240, 32, Curve(((0, 0.5),)), 60, bulb=2.5)
    camera = Camera(noise=2.0, read=0.25, smear=0.7, shutter=1 / 25, denoise=0.3)
    return World(garden(seed, wall=True), lights=[lamp], air=bugs, ambient=Curve(((0, 0.09),)), camera=camera)


@scene("insects-visitors", "dev", 300, film=Film(gop=5.0))
def insects_visitors(seed: int) -> World:
    """Infrared night with insects near and far; cats, a person, and an owl that crosses."""
    bugs = [Insects(seed, 300, 6.0, (160, 80), 90, near=0.35), Web(seed, 0.5, 2.0, 0.4)]
    actors = [
        Actor("cat", Path(((50, 335, 130), (62, -20, 140))), 26, 0.35),
        flight(120, 1.6, (-20, 70), (340, 40), 22, 0.3),
        walker(180, -20, 340, 150, 72, 30, 0.2),
        Actor("cat", Path(((250, -20, 110), (262, 150, 108), (280, 335, 110))), 17, 0.3),
    ]
    return World(garden(seed, fence=True), actors=actors, air=bugs, ambient=Curve(((0, 0.02),)), camera=NIGHT)


@scene("calm-hard-clouds", "dev", 300)
def calm_hard_clouds(seed: int) -> World:
    """Nobody; the edges of fast clouds run over the lawn, and the exposure follows."""
    fast = Clouds(seed, (80, 12), 0.55, 0.12, 700, 0.3)
    return World(garden(seed), lights=[fast, SkyClouds(seed, 20, 60)], camera=Camera(noise=1.3, auto=0.12, sharpen=0.3))


@scene("clouds-visitors", "dev", 300)
def clouds_visitors(seed: int) -> World:
    """Fast clouds with edges; birds and a person cross light and shadow."""
    fast = Clouds(seed, (-45, 8), 0.5, 0.25, 600)
    actors = [
        flight(30, 0.8, (-5, 100), (330, 70), 8),
        hopper(seed, 75, 18, 140, 130, 10),
        walker(140, -20, 340, 140, 60, 40),
        visit(220, 20, (230, 105), 9),
    ]
    return World(
        garden(seed, wall=True),
        actors=actors,
        lights=[fast],
        camera=Camera(noise=1.3, auto=0.15),
        sun=Curve(((0, 0.6),)),
    )


@scene("calm-lamp", "dev", 300)
def calm_lamp(seed: int) -> World:
    """Nobody; a lamp goes on and off, a window lights up, cars outside throw light over the garden."""
    power = Curve(((20, 0), (20.1, 0.8), (60, 0.8), (60.1, 0), (150, 0), (151, 0.8), (230, 0.8), (230.1, 0)))
    window = Curve(((100, 0), (100.1, 0.4), (130, 0.4), (130.1, 0), (180, 0), (180.1, 0.4), (260, 0.4), (260.1, 0)))
    lights = [
        Lamp(80, 36, power, 90, ((120, 85, 7), (60, 100, 10), (160, 80, 3))),
        Lamp(290, 40, window, 25, bulb=0),
        Sweep(((40, 2.0, 1), (85, 1.5, -1), (145, 3.0, 1), (205, 1.2, 1), (275, 2.2, -1))),
    ]
    return World(
        garden(seed, wall=True), lights=lights, ambient=Curve(((0, 0.07),)), camera=Camera(noise=1.9, auto=0.15)
    )


@scene("night-cars", "dev", 240, film=Film(gop=5.0))
def night_cars(seed: int) -> World:
    """Cars with headlights pass in a dark street under lamps; somebody walks there."""
    paint = ("motorcycle_left", 0.4, 0.4, 0.3)
    cars = [
        Actor("car", Path(((20, -60, 122), (23.5, 400, 122))), 88, 0.2, paint, lights=1.0),
        Actor("car", Path(((70, 360, 92), (75, -60, 92))), 42, 0.1, paint, lights=0.8),
        Actor(
            "car",
            Path(((125, 400, 130), (128.5, 160, 130), (132.5, 160, 130), (136, -70, 130))),
            92,
            0.3,
            paint,
            lights=1.0,
        ),
        walker(180, -20, 340, 165, 60, 20, 0.15),
    ]
    lamps = [Lamp(60, 40, Curve(((0, 0.5),)), 60), Lamp(250, 42, Curve(((0, 0.4),)), 50)]
    return World(
        street(seed), actors=cars, lights=lamps, ambient=Curve(((0, 0.04),)), camera=Camera(noise=2.0, shutter=1 / 25)
    )


@scene("exposure", "dev", 240)
def exposure(seed: int) -> World:
    """Auto-exposure steps of every size within 2 to 5 frames; a bird right after one, another far from any."""
    steps = exposure_steps(((20, 1.15), (45, 0.8), (61, 1.0), (90, 1.6), (110, 1.5), (150, 0.7), (200, 1.0)), 3)
    actors = [flight(62.5, 0.8, (-5, 50), (330, 60), 8), flight(130, 0.9, (330, 90), (-5, 50), 8)]
    return World(garden(seed, wall=True), actors=actors, camera=Camera(noise=1.5, exposure=steps, flicker=0.01))


@scene("web", "dev", 240)
def web(seed: int) -> World:
    """A spider's web before the lens by day; birds behind it."""
    actors = [flight(70, 0.8, (-5, 60), (330, 90), 9), visit(140, 10, (200, 108), 11)]
    return World(garden(seed, fence=True), actors=actors, air=[Web(seed, 0.9, 5.0, 1.0, 3.0)], camera=Camera(noise=1.3))


@scene("garage", "dev", 240)
def garage(seed: int) -> World:
    """Indoors: the light goes on, somebody walks through, the light goes off; later a cat in the dark."""
    power = Curve(((30, 0.0), (30.1, 0.9), (30.3, 0.3), (30.6, 1.0), (90, 1.0), (90.1, 0.0)))
    actors = [walker(36, -20, 340, 178, 130, 50, 0.15), Actor("cat", Path(((150, 345, 172), (158, -25, 170))), 40, 0.2)]
    lamp = Lamp(160, -20, power, 200, bulb=0)
    return World(of_photo("motorcycle_left", zoom=1.1), actors=actors, lights=[lamp], ambient=Curve(((0, 0.1),)),
                 camera=Camera(noise=2.5, auto=0.2, shutter=1 / 30))  # fmt: skip


@scene("calm-switches", "dev", 300, film=Film(gop=5.0))
def calm_switches(seed: int) -> World:
    """Nobody; the camera changes between colour and infrared three times, with black frames and a slow exposure."""
    camera = Camera(
        noise=1.8, gain=Curve(((0, 1.2), (59, 1.2), (60, 2.0), (140, 2.0), (141, 1.2), (220, 1.2), (221, 2.0))),
        exposure=Curve(((59.8, 1.0), (60.2, 2.5), (62, 1.2), (140, 1.2), (140.4, 0.5), (142, 1.0), (220, 1.0),
                        (220.4, 2.2), (223, 1.3))),
        night=((60.2, 140.2), (220.2, 300)), black=((60.0, 60.4), (140.0, 140.2), (220.0, 220.6)),
        infrared=Infrared(0.7)
    )  # fmt: skip
    return World(garden(seed, wall=True), ambient=Curve(((0, 0.25), (60, 0.15), (300, 0.1))), camera=camera)


@scene("rain-night", "dev", 300, film=Film(gop=5.0))
def rain_night(seed: int) -> World:
    """Rain before the infrared light, where every drop shines; a cat and a person in it, then nobody for long."""
    actors = [
        Actor("cat", Path(((40, -20, 140), (49, 340, 138))), 30, 0.3),
        walker(90, 340, -20, 150, 70, 45, 0.3),
    ]
    air = [Rain(seed, Curve(((0, 0.5), (100, 1.0), (200, 1.6), (300, 0.6))), 0.08, 0.9, 12), Drops(seed, 300, 20)]
    return World(garden(seed, wall=True), actors=actors, air=air, ambient=Curve(((0, 0.02),)), camera=NIGHT)
