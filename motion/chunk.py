"""What is handed to whoever scans, and what comes back: small values that go from process to process."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from mediamtx.segments import Span
from motion.look import Box, Frame, Look

_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Source:
    """A segment's file to look at; `start` is its time in the main stream's clock."""

    path: Path
    start: datetime
    lead: bool = False  # lies before the chunk: teaches the detector only
    fresh: bool = True  # its scores are asked for


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of footage that one detector looks at, oldest segment first."""

    sources: tuple[Source, ...]
    look: Look


@dataclass(frozen=True, slots=True)
class Scanned:
    """What the detector says of one segment. With a `problem` nothing could be read, or only what comes before.

    The frames of the last LOOK_BACK before it come first: what is in the segment may have raised their scores.
    """

    source: Source
    span: Span
    frames: tuple[Frame, ...] = ()
    problem: str = ""

    def __reduce__(self) -> tuple[Any, ...]:
        """How it is pickled: a sixth of what its frames take one by one."""
        times = array("q", ((frame.time - self.span.start) // _MICROSECOND for frame in self.frames))
        scores = array("d", (frame.score for frame in self.frames))
        boxes = {number: frame.boxes for number, frame in enumerate(self.frames) if frame.boxes}
        return _unpacked, (self.source, self.span, self.problem, times, scores, boxes)


def _unpacked(
    source: Source,
    span: Span,
    problem: str,
    times: array[int],
    scores: array[float],
    boxes: dict[int, tuple[Box, ...]],
) -> Scanned:
    frames = tuple(
        Frame(span.start + time * _MICROSECOND, score, boxes.get(number, ()))
        for number, (time, score) in enumerate(zip(times, scores, strict=True))
    )
    return Scanned(source, span, frames, problem)
