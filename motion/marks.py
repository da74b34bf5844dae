"""Marks: how much speaks for a track, stage by stage, on one scale from 0 to 100 where 50 is just enough."""

from __future__ import annotations

import numpy as np

from motion.background import Picture
from motion.track import Track

UNIT = 40.0  # grey levels beyond the limits, summed over a blob, that are just enough
PER_DOUBLING = 6.0  # points for twice as much
SURE = 5.0  # log10: one chance track in so many pictures is just enough; 10^5 pictures are six hours
PER_TENFOLD = 6.0  # points for a tenth of the chance
REACH = 6.0  # px of a picture 320 px wide that something travels at least
OWN_SIZE = 0.4  # of its own size that it travels at least
STRAIGHT = 2.5  # times as long as it reaches is a path that still goes somewhere
PER_TURN = 18.0  # points for twice the reach
DARK = 90.0  # mean grey level of a picture: below, lamps and infrared light draw insects
INSECT = 60.0  # px of a picture 320 px wide: they are no larger
STEADY = 6.0  # links in which something keeps its direction that is no insect
UNEXPLAINED = 0.35  # of what is seen there, that the background in another light or a little aside does not explain
SHIFT = 3  # px aside
AROUND = 3  # px around a blob that must be explained too
MOST_PX = 300  # of a blob that are compared
LEAST_TEXTURE = 25  # px that show a texture
FLAT = 4.0  # grey levels, squared, that noise makes of an even place


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
    size = float(np.median([point.area for point in track.points])) ** 0.5
    need = REACH * scale + OWN_SIZE * size
    detour = max(1.0, track.path / max(track.reach, 1e-3) / STRAIGHT)
    return _clip(50 + PER_TURN * np.log2(max(track.reach, 1e-3) / need / detour))


def texture_mark(unexplained: float) -> float:
    """For how little of it is the background in another light, or a little aside."""
    return _clip(50 + 40 * np.log2(max(unexplained, 1e-3) / UNEXPLAINED))


def insect_mark(track: Track, scale: float) -> float:
    """For how long it kept its direction, where small bright things in the dark are insects first of all."""
    area = float(np.median([point.area for point in track.points])) / scale**2
    bright = float(np.median([point.bright for point in track.points]))
    if bright < 0 or area > INSECT:
        return 100.0
    return _clip(50 + 15 * np.log2(max(track.longest_run, 0.5) / STEADY))


def unexplained(box: tuple[int, int, int, int], excess: Picture, picture: Picture, model: Picture) -> float:
    """The share of what is seen at a blob that the background does not explain, the less of two.

    It may be the background a little aside, with its surroundings; or the same texture in another light: there the
    background in some proportion must fit better than an even grey.
    """
    height, width = picture.shape
    left, top, right, bottom = box
    x0, y0 = max(left - AROUND, SHIFT), max(top - AROUND, SHIFT)
    x1, y1 = min(right + AROUND, width - SHIFT), min(bottom + AROUND, height - SHIFT)
    if x1 - x0 < 4 or y1 - y0 < 4:
        return 1.0
    core = excess[y0:y1, x0:x1]
    now = picture[y0:y1, x0:x1].astype(np.float32)
    around = model[y0 - SHIFT : y1 + SHIFT, x0 - SHIFT : x1 + SHIFT].astype(np.float32)
    places = np.arange(0, core.size, max(1, core.size // MOST_PX))
    shape = y1 - y0, x1 - x0
    shifted = np.lib.stride_tricks.sliding_window_view(around, shape).reshape((2 * SHIFT + 1) ** 2, -1)[:, places]
    wrong = np.square(shifted - now.ravel()[places]).sum(axis=1)
    aside = (float(wrong.min()) + len(places)) / (float(wrong[len(wrong) // 2]) + len(places))
    inside = core > 0
    seen, known = now[inside], around[SHIFT:-SHIFT, SHIFT:-SHIFT][inside]
    if len(seen) < LEAST_TEXTURE:
        return aside
    even = float(seen.var()) * len(seen) + FLAT * len(seen)
    light = float(seen @ known) / max(float(known @ known), 1.0)
    lit = float(np.square(seen - light * known).sum()) + FLAT * len(seen)
    return min(aside, lit / even)


def _clip(value: float) -> float:
    return float(min(100.0, max(0.0, value)))
