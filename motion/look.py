"""What of a camera's settings a scan depends on, and what it says of a picture: values that processes hand on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from config.settings import CameraSettings, Polygons

RAISE = timedelta(seconds=3)
"""The detector may raise what it said of a picture by what it sees up to this much later."""
LOOK_BACK = timedelta(seconds=5)
"""Frames so long ago may still count for more than they did: RAISE, and as long as a confirmation takes."""
Box = tuple[float, float, float, float]
"""Something that moves: left, top, width and height, relative to the picture, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Look:
    """How footage is looked at; a change needs another scan, unlike one of the sensitivity."""

    min_size: float = 3.0  # px, area of the smallest thing that counts, in a picture 320 px wide
    confirm_frames: int = 2
    ignore: Polygons = ()
    economical: bool = True  # not all of a large picture's stream is decoded

    @classmethod
    def of(cls, camera: CameraSettings) -> Look:
        """What a camera's settings say."""
        return cls(camera.min_size, camera.confirm_frames, camera.ignore, camera.main_decode == "economical")


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture that was looked at: its time (UTC), its score (0 to 100, confirmed) and what moves in it."""

    time: datetime
    score: float
    boxes: tuple[Box, ...] = ()


@dataclass(slots=True)
class Seen:
    """What is said of a picture; `score` and `boxes` may be raised, up to RAISE later, never lowered."""

    time: float  # s, as it was given
    score: float = 0.0  # 0 (nothing) to 100
    boxes: tuple[Box, ...] = ()
