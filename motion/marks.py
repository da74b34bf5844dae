"""Marks: how much speaks for a track, stage by stage, on one scale from 0 to 100 where 50 is just enough."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from motion.background import Picture
from motion.track import Likeness, Track

UNIT = 40.0  # grey levels beyond the limits, summed over a blob, that are just enough
PER_DOUBLING = 6.0  # points for twice as much
SURE = 5.0  # log10: one chance track in so many pictures is just enough; 10^5 pictures are six hours
PER_TENFOLD = 6.0  # points for a tenth of the chance
REACH = 6.0  # px of a picture 320 px wide that something travels at least
OWN_SIZE = 0.4  # of its own size that it travels at least
STRAIGHT = 2.5  # times as long as it reaches is a path that still goes somewhere
PER_TURN = 18.0  # points for twice the reach
STRONGER = 2.5  # times the usual strength of what falls: a drop twice as near is four times as large
FALLS = 3.0  # links in which what falls may seem to keep its direction
CLOSED = 0.13  # of its box that a thing fills; leaves of a crown are specks with gaps between
PER_FILL = 60.0  # points for twice as much
SPECK = 25.0  # px of a picture 320 px wide: what is smaller has no gaps
DARK = 90.0  # mean grey level of a picture: below, lamps and infrared light draw insects
INSECT = 300.0  # px of a picture 320 px wide: they are no larger
STEADY = 5.0  # links in which something keeps its direction that is no insect
UNEXPLAINED = 0.35  # of what is seen there, that the background in another light or a little aside does not explain
SHIFT = 3  # px aside
AROUND = 3  # px around a blob that must be explained too
MOST_PX = 300  # of a blob that are compared
UNSURE = 0.25  # of a slope, at most, that tells anything
OWN = 0.12  # of the detail of a thing that its background explains by chance, at most; twice as much is certain
NEIGHBOURS = 4.0  # px that tell the same, as pictures are blurred
FAINT = 0.01  # of the brightness: a texture that is fainter tells nothing
BLACK = 8.0  # grey levels added before logs are taken


def size_mark(strength: float) -> float:
    """For how large and how clear it is."""
    return _clip(50 + PER_DOUBLING * np.log2(max(strength, 1e-3) / UNIT))


def strength_of(track: Track) -> float:
    """What it reaches in two pictures."""
    values = sorted(point.strength for point in track.points)
    return values[-2]


def chance_mark(track: Track) -> float:
    """For how unlikely it is among what is about."""
    return _clip(50 + PER_TENFOLD * (-track.chance - SURE))


def travel_mark(track: Track, scale: float) -> float:
    """For how far it goes, measured by its own size and by how it turns back."""
    size = track.area**0.5
    need = REACH * scale + OWN_SIZE * size
    detour = max(1.0, track.path / max(track.reach, 1e-3) / STRAIGHT)
    return _clip(50 + PER_TURN * np.log2(max(track.reach, 1e-3) / need / detour))


def texture_mark(looks: Sequence[Likeness]) -> float:
    """For how little of what is seen, in some pictures, is the background in another light, or a little aside."""
    aside = sorted(look.aside for look in looks)[len(looks) // 2]
    cross, energy, power, count = (sum(values) for values in zip(*(look.detail for look in looks), strict=True))
    preserved = 0.0
    if energy > count * FAINT**2:
        slope = cross / energy
        unsure = float(np.sqrt(max(power - slope * cross, 0.0) / max(count, 1.0) / energy))
        if unsure < UNSURE:
            # How much of what is seen the background explains: a thing has more detail of its own.
            alike = cross**2 / (energy * max(power, 1e-9)) if cross > 0 else 0.0
            shown = min(1.0, max(0.0, (alike - OWN) / OWN))
            doubt = 2 * (1 - alike) / max(count / NEIGHBOURS, 1.0) ** 0.5
            preserved = shown * max(min(slope, 2.0 - slope) - unsure, alike**0.5 - doubt)
    return _clip(50 + 40 * np.log2(max(min(aside, 1.0 - preserved), 1e-3) / UNEXPLAINED))


def weather_mark(track: Track, usual: float) -> float:
    """For how much stronger it is than what falls everywhere, and how much longer it keeps its direction."""
    strength = strength_of(track) * max(1.0, track.longest_run / FALLS)
    return _clip(50 + 25 * np.log2(max(strength, 1e-3) / (STRONGER * usual)))


def solid_mark(track: Track, scale: float) -> float:
    """For how much of its box it fills."""
    if track.area < SPECK * scale**2:
        return 100.0
    return _clip(50 + PER_FILL * np.log2(track.fill / CLOSED))


def insect_mark(track: Track, scale: float) -> float:
    """For how long it kept its direction, where small bright things in the dark are insects first of all."""
    area = track.area / scale**2
    bright = float(np.median([point.bright for point in track.points]))
    if bright < 0 or area > INSECT:
        return 100.0
    return _clip(50 + 15 * np.log2(max(track.longest_run, 0.5) / STEADY))


def compare(box: tuple[int, int, int, int], excess: Picture, picture: Picture, model: Picture) -> Likeness:
    """Hold what is seen at a blob against the background there.

    It may be the background a little aside, with its surroundings; or its texture in another light.
    """
    height, width = picture.shape
    left, top, right, bottom = box
    x0, y0 = max(left - AROUND, SHIFT), max(top - AROUND, SHIFT)
    x1, y1 = min(right + AROUND, width - SHIFT), min(bottom + AROUND, height - SHIFT)
    if x1 - x0 < 4 or y1 - y0 < 4:
        return Likeness(1.0)
    core = excess[y0:y1, x0:x1]
    now = picture[y0:y1, x0:x1].astype(np.float32)
    around = model[y0 - SHIFT : y1 + SHIFT, x0 - SHIFT : x1 + SHIFT].astype(np.float32)
    places = np.arange(0, core.size, max(1, core.size // MOST_PX))
    row, column = np.divmod(places, x1 - x0)
    corners = row * around.shape[1] + column
    shifts = np.arange(2 * SHIFT + 1)
    shifted = around.ravel()[corners + (shifts[:, None] * around.shape[1] + shifts).reshape(-1, 1)]
    wrong = np.square(shifted - now.ravel()[places]).sum(axis=1)
    aside = (float(wrong.min()) + len(places)) / (float(wrong[len(wrong) // 2]) + len(places))
    return Likeness(aside, _detail(now, around[SHIFT:-SHIFT, SHIFT:-SHIFT], core > 0))


def _detail(now: Picture, known: Picture, inside: Picture) -> tuple[float, float, float, float]:
    """How the fine detail of two pictures goes together, in logs: the sums of their products, of the squares of the
    background's and of the picture's, and how many px.

    Light scales a texture: the slope of one over the other is 1, and edges of shadows are as likely to lie along it as
    across. A thing has a texture of its own: the slope is 0.
    """
    fine = []
    for picture in (now, known):
        log = np.log(picture + BLACK)
        fine.append((log - cv2.blur(log, (5, 5)))[inside])
    shown, there = fine
    return float(shown @ there), float(there @ there), float(shown @ shown), float(len(there))


def _clip(value: float) -> float:
    return float(min(100.0, max(0.0, value)))
