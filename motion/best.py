"""The best frame of an event, which becomes the picture of its clip: pure, and the same for the same marks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import dist, sqrt

from mediamtx.marks import PARTS, Mark, MarkBox

MARGIN = 40
"""Thousandths of the picture: what keeps so far from its edges is surely whole."""
AT_EDGE = 0.25
"""What a box that touches an edge counts for: mostly it is part of an animal that comes or goes."""
NEIGHBOURS = timedelta(seconds=0.5)
"""Pictures this near tell how fast a thing moves; what moves by its own size from one to the next counts for half."""


def best_of(marks: Sequence[Mark]) -> datetime | None:
    """The time of the mark that shows one thing large, whole and sharp; None without marks.

    Its largest box counts, less near the edges, and less the faster it moves, as it is blurred then. Of equals the
    first is taken.
    """
    best, most = None, -1.0
    for index, mark in enumerate(marks):
        beside = [marks[other] for other in (index - 1, index + 1) if 0 <= other < len(marks)]
        near = [other for other in beside if abs(other.time - mark.time) <= NEIGHBOURS]
        value = max(box[2] * box[3] * _inside(box) * _steady(box, near) for box in mark.boxes)
        if value > most:
            best, most = mark.time, value
    return best


def _inside(box: MarkBox) -> float:
    """1 for a box clear of the picture's edges, down to AT_EDGE where it touches one."""
    left, top, width, height = box
    distance = min(left, top, PARTS - left - width, PARTS - top - height)
    return AT_EDGE + (1 - AT_EDGE) * min(max(distance / MARGIN, 0.0), 1.0)


def _steady(box: MarkBox, near: Sequence[Mark]) -> float:
    """1 for what stands still, a half for what moves by its own size in a picture, or is seen in none beside it."""
    if not near:
        return 0.5
    middle = _middle(box)
    moved = sum(min(dist(middle, _middle(other)) for other in mark.boxes) for mark in near) / len(near)
    return 1 / (1 + moved / sqrt(box[2] * box[3]))


def _middle(box: MarkBox) -> tuple[float, float]:
    left, top, width, height = box
    return left + width / 2, top + height / 2
