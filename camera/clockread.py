"""Reads the time that the demo camera writes into its pictures, from any decoded frame of either stream.

The lower edge of the picture carries a row of small blocks, dark and light: two of reference (dark, light), then a
Gray-coded count of 1/32 s since 2020 with a checksum. In a Gray code neighbours differ in one block, so the row is
quiet; blocks that change often stand apart from each other, so that a motion detector finds nothing of any size.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import numpy.typing as npt

EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
TICKS = 32
"""Per second: a reading is exact to 1/64 s."""
TIME_BITS, CHECK_BITS = 35, 6  # until 2054
BLOCKS = 2 + TIME_BITS + CHECK_BITS
ROW = (0.454, 1 - 1 / 60, 0.9915, 1.0)
"""Left, top, right, bottom of the row, in parts of the picture: 4 x 3 pixels a block at 320 x 180."""
CLOCK_AREA = (0.0, 1 - 1 / 18, 1.0, 1.0)
"""Left, top, right, bottom of all that the clock changes in a picture, figures and blocks, in parts of the picture."""

_FRACTION_BITS = 5
_CONTRAST = 10
"""Least difference of the reference blocks, in levels, for there to be a clock."""
_POLYNOMIAL = 0b100101  # x^5 + x^2 + 1
_ORDER = [*range(0, TIME_BITS + CHECK_BITS, 2), *range(1, TIME_BITS + CHECK_BITS, 2)]  # fast bits stand apart


def _checksum(code: int) -> int:
    """One bit of parity over the fraction of the second, five of CRC over the seconds, which so change with them."""
    parity = (code & (1 << _FRACTION_BITS) - 1).bit_count() & 1
    seconds = code >> _FRACTION_BITS
    value = seconds << 5
    for bit in reversed(range(5, TIME_BITS)):
        if value >> bit & 1:
            value ^= _POLYNOMIAL << (bit - 5)
    return (value ^ 0b11111) << 1 | parity


def clock_blocks(time: datetime) -> list[bool]:
    """The blocks from left to right for a time with a zone; True is light."""
    ticks = (time - EPOCH) // timedelta(microseconds=1) * TICKS // 1_000_000 % (1 << TIME_BITS)
    code = ticks ^ ticks >> 1
    bits = code << CHECK_BITS | _checksum(code)
    row = [False] * len(_ORDER)
    for bit, place in enumerate(_ORDER):
        row[place] = bool(bits >> bit & 1)
    return [False, True, *row]


def read_clock(picture: npt.NDArray[np.uint8]) -> datetime | None:
    """The time in a picture: luma (h, w) or RGB (h, w, 3), at least 160 wide; None where there is none."""
    luma = picture if picture.ndim == 2 else picture[..., :3] @ np.array([0.2126, 0.7152, 0.0722])
    height, width = luma.shape
    top, bottom = ROW[1] * height, ROW[3] * height
    middle = luma[int(top + (bottom - top) * 0.34) : max(int(top + (bottom - top) * 0.67 + 0.5), int(top) + 1)].mean(
        axis=0
    )
    edges = (ROW[0] + (ROW[2] - ROW[0]) * np.arange(BLOCKS + 1) / BLOCKS) * width
    inset = (edges[1] - edges[0]) * 0.3
    levels = np.array([middle[int(a + inset) : int(b - inset) + 1].mean() for a, b in pairwise(edges)])
    dark, light = levels[0], levels[1]
    if light - dark < _CONTRAST:
        return None
    shares = (levels[2:] - dark) / (light - dark)
    if np.any(np.abs(shares - 0.5) < 0.12) or np.any(np.abs(shares - 0.5) > 1.2):
        return None
    bits = sum(int(shares[place] > 0.5) << bit for bit, place in enumerate(_ORDER))
    code = bits >> CHECK_BITS
    if bits & (1 << CHECK_BITS) - 1 != _checksum(code):
        return None
    ticks = code
    for shift in (1, 2, 4, 8, 16, 32):
        ticks ^= ticks >> shift
    return EPOCH + timedelta(seconds=(ticks + 0.5) / TICKS)
