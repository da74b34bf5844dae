"""What moved where: boxes over time, small enough for a clip's sidecar and for the state of the motion job."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mediamtx.names import floor_ms
from mediamtx.segments import Span

PARTS = 1000
"""A box is told in thousandths of the picture's width and height."""
MOST_BOXES = 4
"""So many boxes of one picture are kept, the largest."""
_LONGEST = 86_400_000  # ms; no clip lasts longer
_MS = timedelta(milliseconds=1)

MarkBox = tuple[int, int, int, int]
"""Left, top, width and height in thousandths of the picture."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What moves in one picture."""

    time: datetime  # of the picture: UTC, main-stream time, whole milliseconds
    boxes: tuple[MarkBox, ...]  # the largest first

    @classmethod
    def of(cls, time: datetime, boxes: Iterable[Sequence[float]]) -> Mark:
        """The mark of a picture; `boxes` are left, top, width and height relative to it, 0 to 1."""
        found = {_in_parts(*box) for box in boxes}
        return cls(floor_ms(time), tuple(sorted(found, key=lambda box: (-box[2] * box[3], box))[:MOST_BOXES]))

    @property
    def area(self) -> int:
        """What the boxes cover together, in millionths of the picture."""
        return sum(width * height for _, _, width, height in self.boxes)


def marks_within(marks: Iterable[Mark], span: Span) -> tuple[Mark, ...]:
    """The marks that lie in the span."""
    return tuple(mark for mark in marks if span.start <= mark.time < span.end)


def encode_marks(marks: Iterable[Mark], start: datetime) -> list[list[Any]]:
    """The marks as JSON values: `[[ms since start, [left, top, width, height], ...], ...]`."""
    start = floor_ms(start)
    return [[(mark.time - start) // _MS, *map(list, mark.boxes)] for mark in marks]


def decode_marks(values: object, start: datetime) -> tuple[Mark, ...]:
    """What `encode_marks` wrote, in the order of time; what is none of it is left out."""
    start = floor_ms(start)
    marks = {}
    for value in values if isinstance(values, list) else ():
        if isinstance(value, list) and value and _is_number(value[0], _LONGEST):
            boxes = tuple((box[0], box[1], box[2], box[3]) for box in value[1:] if _is_box(box))
            if boxes:
                time = start + value[0] * _MS
                marks[time] = Mark(time, boxes[:MOST_BOXES])
    return tuple(marks[time] for time in sorted(marks))


def _in_parts(x: float, y: float, width: float, height: float) -> MarkBox:
    """The box in thousandths: inside the picture, and never of no size."""
    left, top = (min(max(round(value * PARTS), 0), PARTS - 1) for value in (x, y))
    right, bottom = (min(round(value * PARTS), PARTS) for value in (x + width, y + height))
    return left, top, max(right - left, 1), max(bottom - top, 1)


def _is_box(value: object) -> bool:
    return isinstance(value, list) and len(value) == 4 and all(_is_number(part, PARTS) for part in value)


def _is_number(value: object, most: int) -> bool:
    return type(value) is int and 0 <= value <= most
