"""The dev half, continued: timing, wind, and cameras that shake or encode badly."""

from __future__ import annotations

from scene_actors import Actor, Path
from scene_book import Film, scene
from scene_cast import BIRD, BUSH, HEDGE, MEADOW, SUIT, SUN, TWIGS, flight, hopper, visit, walker
from scene_places import garden, of_photo, street
from scene_wind import Foliage, Leaves, Shake, TreeShadow, Wind
from scene_world import Camera, Curve, World
from scene_yard import Cloth, SkyClouds, Water


@scene("slow-cat", "dev", 240)
def slow_cat(seed: int) -> World:
    """Two cats at the pace of a snail: 3 and 5 px a second."""
    creep = [
        Actor("cat", Path(((5, -18, 128), (118, 338, 126))), 26, 0.12, shadow=(0.4, 0.2), dark=0.3),
        Actor("cat", Path(((135, 335, 100), (208, -18, 104))), 16, 0.05),
    ]
    return World(garden(seed, wall=True), actors=creep, camera=Camera(noise=1.3, sharpen=0.4), sun=SUN)


@scene("timing", "dev", 180)
def timing(seed: int) -> World:
    """Under way at the first frame, across a border of segments, over three segments, still there at the last."""
    actors = [
        walker(-4, -20, 340, 140, 60, 45),
        flight(19.6, 0.9, (-5, 60), (330, 80), 8),
        walker(48, 340, -20, 120, 40, 11, 0.08),
        flight(99.9, 0.6, (330, 40), (-5, 100), 9, 0.02),
        Actor("cat", Path(((127, -20, 150), (143, 340, 145))), 28, 0.06),
        walker(176, 340, -20, 130, 55, 45, 0.3),
    ]
    return World(garden(seed, fence=True), actors=actors, camera=Camera(noise=1.2), sun=SUN)


@scene("pauses", "dev", 300)
def pauses(seed: int) -> World:
    """Visitors stop and go on: for 3 to 5 s, which is one visit, and for 9 to 20 s, which are two."""
    person = Path(((10, -20, 140), (15, 120, 142), (19.5, 120, 142), (28, 340, 140)))
    longer = Path(((60, 340, 130), (65, 180, 132), (75, 180, 132), (84, -20, 130)))
    cat = Path(((110, -20, 150), (115, 90, 150), (118, 90, 150), (122, 200, 148), (127, 200, 148), (133, 340, 146)))
    sitting = Path(((165, 340, 120), (171, 200, 120), (191, 200, 120), (199, -20, 118)))
    bird = Path(((230, -8, 40), (230.9, 150, 112), (234.9, 150, 112), (235.6, 330, 60)))
    car = Path(((260, -60, 110), (264, 150, 110), (268.5, 150, 110), (272, 390, 110)))
    actors = [
        Actor("person", person, 60, 0.3, SUIT, shadow=(0.6, 0.2), rest="split"),
        Actor("person", longer, 55, 0.07, SUIT, shadow=(0.6, 0.2), rest="split"),
        Actor("cat", cat, 30, 0.09, rest="split"),
        Actor("cat", sitting, 20, 0.3, rest="split"),
        Actor("bird", bird, 9, 0.03, BIRD),
        Actor("car", car, 80, 0.4, ("motorcycle_left", 0.4, 0.4, 0.3), shadow=(0.1, 0.1), rest="split"),
    ]
    place = garden(seed, ground="gravel", path=False, ground_light=0.25, wall=True)
    return World(place, actors=actors, camera=Camera(noise=1.4), sun=Curve(((0, 0.8),)))


@scene("calm-wind", "dev", 300)
def calm_wind(seed: int) -> World:
    """Nobody; strong gusts in a meadow, a hedge and twigs close to the lens, the clouds drift."""
    wind = Wind(seed, 0.35, 1.2, 6.0, 300, 90)
    parts = [
        Foliage(seed, Leaves(HEDGE, 1300, (2, 5), 0.06, bend=0.9, flutter=0.5, beat=(0.6, 2.5)), wind),
        Foliage(seed + 1, Leaves(MEADOW, 900, (4, 11), 0.17, bend=2.5, flutter=0.8, hang=1.0, upright=True), wind),
        Foliage(seed + 2, Leaves(TWIGS, 150, (8, 16), 0.05, "gravel", bend=6, flutter=2.0, hang=-1.0), wind),
    ]
    return World(garden(seed), front=parts, lights=[SkyClouds(seed, 9, 60)], camera=Camera(noise=1.5, auto=0.08))


@scene("wind-visitors", "dev", 300)
def wind_visitors(seed: int) -> World:
    """Birds small and bigger and a cat among leaves in the wind."""
    wind = Wind(seed, 0.4, 0.9, 8.0, 300, -140)
    behind = [Foliage(seed, Leaves(HEDGE, 1100, (2, 5), 0.07, bend=0.8, flutter=0.5), wind)]
    front = [Foliage(seed + 1, Leaves(BUSH, 800, (3, 9), 0.12, "chelsea", bend=1.8, flutter=0.8, hang=1.0), wind)]
    actors = [
        flight(35, 0.6, (330, 40), (-5, 30), 6),
        visit(80, 14, (170, 105), 9),
        Actor("cat", Path(((130, 335, 140), (139, -20, 150))), 28, 0.05),
        hopper(seed, 180, 20, 200, 135, 9),
        flight(250, 0.8, (-5, 120), (326, 20), 9, 0.3),
    ]
    shadow = TreeShadow(seed, wind, (130, 100, 320, 180), 0.4, 2.5)
    camera = Camera(noise=1.3, shake=Shake(seed, wind, 0.07))
    return World(garden(seed), behind, actors, front, [shadow], camera=camera, sun=Curve(((0, 0.5),)))


@scene("low-rate", "dev", 300, film=Film(kbps=48, gop=5.0))
def low_rate(seed: int) -> World:
    """A low bit rate that pulses at every key frame; a bird, a person and a cat in it."""
    actors = [
        flight(60, 1.0, (-5, 50), (330, 80), 9),
        walker(130, 340, -20, 140, 60, 45),
        visit(200, 9, (120, 110), 12),
    ]
    return World(garden(seed), actors=actors, camera=Camera(noise=2.2, smear=0.8, denoise=0.4), sun=SUN)


@scene("calm-low-rate", "dev", 300, film=Film(kbps=40, gop=5.0, preset="superfast"))
def calm_low_rate(seed: int) -> World:
    """Nobody; a still garden with leaves in a light breeze that pulses every 5 s."""
    wind = Wind(seed, 0.3, 0.3, 20, 300)
    leaves = [Foliage(seed, Leaves(BUSH, 600, (3, 7), 0.1, bend=0.8, flutter=0.5, hang=1.0), wind)]
    return World(garden(seed, ground="gravel"), front=leaves, camera=Camera(noise=2.5, smear=0.8))


@scene("shake", "dev", 300)
def shake(seed: int) -> World:
    """A pole that trembles by up to 3 px in gusts; a person and birds."""
    wind = Wind(seed, 0.25, 1.0, 12, 300)
    actors = [
        flight(50, 0.8, (-5, 110), (330, 90), 9, 0.02),
        walker(120, -20, 340, 145, 60, 40),
        visit(210, 9, (220, 112), 12),
    ]
    camera = Camera(noise=1.3, shake=Shake(seed, wind, 0.8), sharpen=0.4)
    return World(garden(seed, fence=True, wall=True), actors=actors, camera=camera, sun=Curve(((0, 0.5),)))


@scene("calm-shake", "dev", 240)
def calm_shake(seed: int) -> World:
    """Nobody; the camera swings on its pole in strong gusts over a picture full of edges."""
    wind = Wind(seed, 0.2, 1.0, 9, 240)
    return World(street(seed), camera=Camera(noise=1.3, shake=Shake(seed, wind, 1.2)))


@scene("low-contrast", "dev", 240)
def low_contrast(seed: int) -> World:
    """Fog, and visitors of nearly the lawn's light."""
    actors = [
        Actor("cat", Path(((15, -20, 130), (30, 340, 130))), 28, 0.13, ("grass", 0.1, 0.1, 0.3)),
        flight(60, 1.4, (-5, 100), (330, 120), 9, 0.09),
        walker(100, 340, -20, 150, 60, 35, 0.12),
        visit(160, 8, (150, 125), 11, 0.1),
        walker(200, -20, 340, 95, 25, 16, 0.1),
    ]
    return World(garden(seed), actors=actors, camera=Camera(noise=1.2, contrast=0.5, haze=0.28, smear=0.6))


@scene("cloth", "dev", 300)
def cloth(seed: int) -> World:
    """Washing on a line and a flag wave; somebody passes behind it, a bird before it."""
    wind = Wind(seed, 0.5, 0.8, 9, 300)
    hung = [
        Cloth(seed, wind, (70, 50, 100, 105), 0.6),
        Cloth(seed + 1, wind, (108, 50, 128, 90), 0.25, ("astronaut", 0.1, 0.1, 0.4)),
        Cloth(seed + 2, wind, (240, 20, 285, 48), 0.35, ("astronaut", 0.0, 0.0, 0.3), flag=True, swing=4),
    ]
    actors = [walker(90, -20, 340, 135, 60, 40), flight(200, 0.9, (330, 90), (-5, 110), 9, 0.02)]
    return World(garden(seed), actors=actors, front=hung, camera=Camera(noise=1.3))


@scene("water", "dev", 300)
def water(seed: int) -> World:
    """A pond with reflections and glints; a duck swims across, a bird flies over it."""
    wind = Wind(seed, 0.3, 0.8, 15, 300)
    duck = Actor("bird", Path(((60, -10, 125), (100, 330, 128))), 16, 0.06, BIRD, sits=True)
    pond = Water(seed, 100, 150, wind, glints=0.5)
    return World(
        garden(seed, path=False), [pond], [duck, flight(180, 1.0, (-5, 90), (330, 70), 9)], camera=Camera(noise=1.3)
    )


@scene("feeder", "dev", 300)
def feeder(seed: int) -> World:
    """A feeder close by: big birds come, sit, peck and leave before a blurred garden."""
    actors = [
        visit(15, 12, (120, 120), 34, 0.08, (-30, 20), (350, 30)),
        visit(60, 5, (180, 125), 28, 0.2, from_=(345, 60), to=(345, 20)),
        hopper(seed, 110, 22, 150, 130, 30, 0.06),
        flight(180, 0.5, (-25, 60), (345, 90), 26),
        visit(220, 25, (210, 120), 30, 0.04, (-30, 40), (350, 20)),
    ]
    wind = Wind(seed, 0.2, 0.5, 20, 300)
    twigs = [Foliage(seed, Leaves(TWIGS, 200, (5, 11), 0.1, bend=3, flutter=1.2, hang=-1.0), wind)]
    return World(of_photo("coffee", zoom=1.2, light=0.8), twigs, actors, camera=Camera(noise=1.2, sharpen=0.5))
