"""How much is about: how many blobs of what strength there are where, by which chance is judged."""

from __future__ import annotations

from math import hypot, log10

import cv2
import numpy as np

from motion.background import Picture
from motion.blobs import Blobs
from motion.track import SLACK, Track, link_chance

CELL = 20  # px of a side of a cell that blobs are counted in
LONG, SHORT = 60.0, 10.0  # s that a blob is remembered
FEW = 3.0  # blobs within these times that say nothing yet
OCTAVES = 12  # of strength that are told apart
WEAKEST = 4.0  # strength of the first
NEAR = 40.0  # px within which the other blobs of a picture count
EVERY = 180.0  # s in which one blob is expected by itself, anywhere, of any strength
RARER = 40.0  # strength beyond which a stray one is the rarer the stronger it is
ALIKE = 0.5  # a blob of at least this share of the strength could be taken for it


class Crowd:
    """Counts of blobs that belong to nothing that is known to travel."""

    def __init__(self, height: int, width: int) -> None:
        self._area = float(height * width)
        shape = OCTAVES, height // CELL + 1, width // CELL + 1
        self._long, self._short, self._rates = (np.zeros(shape, np.float32) for _ in range(3))
        self._totals = np.zeros(OCTAVES, np.float32)
        self._time: float | None = None
        self._known = 0.0  # s
        self._empty = True
        self.step = 0.2  # s between two pictures

    def rebase(self) -> None:
        """Times begin anew."""
        self._time = None

    def count(self, x: Picture, y: Picture, strength: Picture) -> None:
        """Remember blobs at these places."""
        self._empty = False
        where = _octave(strength), y.astype(int) // CELL, x.astype(int) // CELL
        np.add.at(self._long, where, 1.0)
        np.add.at(self._short, where, 1.0)

    def count_track(self, track: Track) -> None:
        """Remember the points of a track that are not remembered yet; what stays at its place is one."""
        fresh = []
        for point in track.points[track.counted :]:
            if hypot(point.x - track.counted_at[0], point.y - track.counted_at[1]) > SLACK:
                track.counted_at = point.x, point.y
                fresh.append(point)
        track.counted = len(track.points)
        if fresh:
            x, y, strength = np.array([(point.x, point.y, point.strength) for point in fresh]).T
            self.count(x, y, strength)

    def pass_time(self, time: float) -> None:
        """Forget what is long ago; about once a second."""
        if self._time is None:
            self._time = time
        self._known += time - self._time
        if self._empty:
            self._time = time
            return
        self._long *= np.exp((self._time - time) / LONG)
        self._short *= np.exp((self._time - time) / SHORT)
        self._time = time
        known = min(LONG, self._known + SHORT)
        at_least = [np.cumsum(counts[::-1], axis=0)[::-1] for counts in (self._long, self._short)]
        totals = [counts.sum(axis=(1, 2)) for counts in at_least]
        # So few in all may be anything.
        some, many = (np.maximum(0, 1 - FEW / np.maximum(total, 1e-6)) for total in totals)
        rates = np.maximum(at_least[0] / known * some[:, None, None], at_least[1] / SHORT * many[:, None, None])
        smooth = np.stack([cv2.blur(rate, (3, 3), borderType=cv2.BORDER_REPLICATE) for rate in rates])
        self._rates = np.maximum(smooth, rates) / CELL**2
        self._totals = np.maximum(totals[0] / known * some, totals[1] / SHORT * many)

    def density(self, blobs: Blobs, others: Picture) -> None:
        """Say of each blob how many as strong chance puts there (per px), and anywhere, in a picture.

        `others` is True for those that are not known to be something.
        """
        alike = (blobs.strength[None, :] >= ALIKE * blobs.strength[:, None]) & others[None, :]
        np.fill_diagonal(alike, False)
        apart = np.hypot(blobs.x[:, None] - blobs.x[None, :], blobs.y[:, None] - blobs.y[None, :])
        blobs.near = (alike & (apart < NEAR)).sum(axis=1) / (np.pi * NEAR**2)
        blobs.others = alike.sum(axis=1)
        rates, totals = self._expected(blobs.x, blobs.y, blobs.strength)
        blobs.everywhere = totals + blobs.others
        blobs.density = rates + blobs.near + blobs.everywhere / self._area

    def _expected(self, x: Picture, y: Picture, strength: Picture) -> tuple[Picture, Picture]:
        octave = _octave(strength * ALIKE)
        rates = self._rates[octave, y.astype(int) // CELL, x.astype(int) // CELL] * self.step
        return rates, self._totals[octave] * self.step + self.step / EVERY * np.sqrt(np.minimum(1.0, RARER / strength))

    def chance(self, track: Track) -> float:
        """log10 of how many such tracks chance makes in a picture, by what is known now."""
        points = track.points[track.origin :]
        x, y, strength = np.array([(point.x, point.y, point.strength) for point in points]).T
        rates, totals = self._expected(x, y, strength)
        chance = log10(totals[0] + points[0].everywhere)
        for point, rate, total in zip(points[1:], rates[1:], totals[1:], strict=True):
            if point.leg:
                chance += link_chance(rate + point.near + (total + point.everywhere) / self._area, point)
        return chance


def _octave(strength: Picture) -> Picture:
    return np.clip(np.log2(np.maximum(strength, 1e-3) / WEAKEST), 0, OCTAVES - 1).astype(int)
