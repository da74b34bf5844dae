"""Blobs: connected parts of a picture that differ from the background."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields

import cv2
import numpy as np

from motion.background import Picture

_EMPTY = np.zeros(0)
MOST = 30  # blobs of a picture that are followed: the strongest
_SQUARE = np.ones((3, 3), np.uint8)


@dataclass(slots=True)
class Blobs:
    """The blobs of one picture, strongest first; each array has a value for each blob. Lengths are in px."""

    x: Picture  # centre, weighted by the excess
    y: Picture
    area: Picture  # px
    strength: Picture  # grey levels beyond the limits, summed
    bright: Picture  # mean of how much brighter than the background, grey levels; < 0 is darker
    left: Picture
    top: Picture
    right: Picture  # one px beyond
    bottom: Picture
    near: Picture = field(default_factory=lambda: _EMPTY)  # how many as strong are about: in this picture, per px
    others: Picture = field(default_factory=lambda: _EMPTY)  # and in all of it
    density: Picture = field(default_factory=lambda: _EMPTY)  # how many as strong chance puts there, per px
    everywhere: Picture = field(default_factory=lambda: _EMPTY)  # and anywhere

    likeness: Picture = field(default_factory=lambda: _EMPTY)  # to the background, or None where it was not looked at

    def __post_init__(self) -> None:
        if len(self.likeness) != len(self.x):
            self.likeness = np.full(len(self.x), None)

    def box(self, at: int) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of one, px."""
        return int(self.left[at]), int(self.top[at]), int(self.right[at]), int(self.bottom[at])

    def __len__(self) -> int:
        return len(self.x)

    def only(self, keep: Picture) -> Blobs:
        """Some of them."""
        some = np.flatnonzero(keep)
        if len(some) == len(self.x):
            return self
        values = [getattr(self, name) for name in _NAMES]
        return Blobs(*(value[some] if len(value) else value for value in values))


def find(excess: Picture, picture: Picture, model: Picture, least: float) -> Blobs:
    """The blobs of at least `least` px where `excess` (grey levels beyond the limit) is more than 0.

    What is a pixel or two apart is one blob.
    """
    if not cv2.countNonZero(excess):
        return NONE
    height, width = excess.shape
    y, x = np.divmod(_places(excess), width)
    half = np.zeros(((height + 1) // 2, (width + 1) // 2), np.uint8)
    half_x, half_y = x >> 1, y >> 1
    half[half_y, half_x] = 255
    _, labels = cv2.connectedComponents(cv2.dilate(half, _SQUARE), connectivity=8, ltype=cv2.CV_16U)
    label = labels[half_y, half_x]
    order = np.argsort(label, kind="stable")  # rows of a blob stay in order
    x, y = x[order], y[order]
    flat = y * width + x
    ends = np.cumsum(np.bincount(label))  # the label 0 has no pixels
    starts = ends[:-1]
    area = np.diff(ends)
    # All are whole numbers: sums are exact, in whatever order.
    beyond = excess.ravel()[flat].astype(np.int32) + 1
    strength = np.add.reduceat(beyond, starts).astype(float)
    big = np.flatnonzero(area >= least)
    if not len(big):
        return NONE
    keep = big[np.argsort(-strength[big], kind="stable")[:MOST]]
    sums = strength[keep]
    differ = picture.ravel()[flat].astype(np.int32) - model.ravel()[flat]
    return Blobs(
        np.add.reduceat(beyond * x, starts)[keep] / sums,
        np.add.reduceat(beyond * y, starts)[keep] / sums,
        area[keep],
        sums,
        np.add.reduceat(differ, starts)[keep] / area[keep],
        np.minimum.reduceat(x, starts)[keep],
        y[starts][keep],
        np.maximum.reduceat(x, starts)[keep] + 1,
        y[ends[1:] - 1][keep] + 1,
    )


def _places(picture: Picture) -> Picture:
    """Where a picture is not 0, in px from its start; mostly it is 0."""
    if picture.size % 8 or not picture.flags.c_contiguous:
        return np.flatnonzero(picture)
    words = np.flatnonzero(picture.reshape(-1).view(np.uint64))
    word, byte = np.nonzero(picture.reshape(-1, 8)[words])
    return np.asarray(words[word] * 8 + byte)


def joined(parts: Sequence[Blobs]) -> Blobs:
    """All of them."""
    some = [part for part in parts if len(part)]
    if len(some) < 2:
        return some[0] if some else NONE
    return Blobs(*(np.concatenate([getattr(part, name) for part in some]) for name in _NAMES))


_NAMES = tuple(each.name for each in fields(Blobs))
NONE = Blobs(_EMPTY, _EMPTY, _EMPTY, _EMPTY, _EMPTY, _EMPTY, _EMPTY, _EMPTY, _EMPTY)
