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
        values = (getattr(self, each.name) for each in fields(self))
        return Blobs(*(value[keep] if len(value) else value for value in values))


def find(excess: Picture, picture: Picture, model: Picture, least: float) -> Blobs:
    """The blobs of at least `least` px where `excess` (grey levels beyond the limit) is more than 0.

    What is a pixel or two apart is one blob.
    """
    if not cv2.countNonZero(excess):
        return NONE
    points = cv2.findNonZero(excess)
    x, y = points.reshape(-1, 2).T.astype(np.int32)
    height, width = excess.shape
    half = np.zeros(((height + 1) // 2, (width + 1) // 2), np.uint8)
    half[y >> 1, x >> 1] = 255
    count, labels = cv2.connectedComponents(cv2.dilate(half, _SQUARE), connectivity=8, ltype=cv2.CV_16U)
    label = labels[y >> 1, x >> 1]
    flat = y * width + x
    beyond = excess.ravel()[flat].astype(np.float32) + 1
    area = np.bincount(label, minlength=count)
    strength = np.bincount(label, beyond, count)
    big = np.flatnonzero(area >= least)
    if not len(big):
        return NONE
    keep = big[np.argsort(-strength[big], kind="stable")[:MOST]]
    sums = strength[keep]
    differ = picture.ravel()[flat].astype(np.float32) - model.ravel()[flat]
    order = np.argsort(label, kind="stable")
    first = np.searchsorted(label[order], np.arange(count))
    xs, ys = x[order], y[order]
    starts = first[1:]  # the label 0 has no pixels
    low_x, high_x = np.minimum.reduceat(xs, starts), np.maximum.reduceat(xs, starts)
    low_y, high_y = np.minimum.reduceat(ys, starts), np.maximum.reduceat(ys, starts)
    return Blobs(
        np.bincount(label, beyond * x, count)[keep] / sums,
        np.bincount(label, beyond * y, count)[keep] / sums,
        area[keep],
        sums,
        np.bincount(label, differ, count)[keep] / area[keep],
        low_x[keep - 1],
        low_y[keep - 1],
        high_x[keep - 1] + 1,
        high_y[keep - 1] + 1,
    )


def joined(parts: Sequence[Blobs]) -> Blobs:
    """All of them."""
    return Blobs(*(np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(Blobs)))


NONE = Blobs(_EMPTY, _EMPTY, _EMPTY, _EMPTY, _EMPTY, _EMPTY, _EMPTY, _EMPTY, _EMPTY)
