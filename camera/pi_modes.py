"""How a sensor is read, and the sizes of the two pictures: decisions over what the camera module offers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

FULL = 0.98
"""Part of the largest field of view from which on a mode counts as seeing all of it: modes differ by a few pixels."""


@dataclass(frozen=True, slots=True)
class Mode:
    """One way to read the sensor, as picamera2's `sensor_modes` tells it."""

    width: int  # px
    height: int  # px
    bit_depth: int
    fps: float  # 1/s, at most
    view: tuple[int, int, int, int]
    """What of the sensor it sees: left, top, width, height in the sensor's own pixels."""

    @property
    def area(self) -> int:
        """Pixels that come out."""
        return self.width * self.height

    @property
    def view_area(self) -> int:
        """How much of the sensor it sees."""
        return self.view[2] * self.view[3]


def read_modes(described: Sequence[Mapping[str, Any]]) -> list[Mode]:
    """What picamera2 says, without what is no sensor mode (a USB camera names formats alone)."""
    return [
        Mode(mode["size"][0], mode["size"][1], mode["bit_depth"], float(mode["fps"]), tuple(mode["crop_limits"]))
        for mode in described
        if {"size", "bit_depth", "fps", "crop_limits"} <= mode.keys()
    ]


def choose_mode(
    modes: Sequence[Mode], size: tuple[int, int], fps: float, wanted: str = ""
) -> tuple[Mode | None, str | None]:
    """The mode for a picture of `size` px at `fps`, and a warning where something that was asked for cannot be had.

    `wanted` is a mode's size ("2304x1296"), "" the whole field of view: of the modes that see it and are fast enough,
    the smallest one that need not be enlarged, else the largest; where none is fast enough, the fastest.
    None where the camera has no modes: then the choice is libcamera's.
    """
    if not modes:
        return None, f"sensor_mode {wanted} is left alone: this camera has no sensor modes" if wanted else None
    if wanted:
        same = [mode for mode in modes if f"{mode.width}x{mode.height}" == wanted]
        if same:
            return max(same, key=lambda mode: (mode.fps >= fps, mode.bit_depth, mode.fps)), _too_slow(same, fps)
        known = ", ".join(dict.fromkeys(f"{mode.width}x{mode.height}" for mode in modes))
        chosen, _ = choose_mode(modes, size, fps)
        return chosen, f"the sensor has no mode {wanted}; it has {known}"
    widest = max(mode.view_area for mode in modes)
    whole = [mode for mode in modes if mode.view_area >= FULL * widest]
    fast = [mode for mode in whole if mode.fps >= fps]
    if not fast:
        # Of those that see everything, the fastest.
        return max(whole, key=lambda mode: (mode.fps, mode.bit_depth)), _too_slow(whole, fps)
    large = [mode for mode in fast if mode.width >= size[0] and mode.height >= size[1]]
    if large:
        return min(large, key=lambda mode: (mode.area, -mode.bit_depth, -mode.fps)), None
    return max(fast, key=lambda mode: (mode.area, mode.bit_depth, mode.fps)), None


def _too_slow(modes: Sequence[Mode], fps: float) -> str | None:
    fastest = max(mode.fps for mode in modes)
    if fastest >= fps:
        return None
    return (
        f"the sensor gives at most {fastest:g} pictures a second there, not {fps:g}; another sensor_mode may give more"
    )


def detect_size(main: tuple[int, int], width: int) -> tuple[int, int]:
    """The size of the detect stream's picture, in px: `width` wide with the main picture's proportions, both even."""
    wide = min(width, main[0]) // 2 * 2
    return wide, max(2, round(wide * main[1] / main[0] / 2) * 2)
