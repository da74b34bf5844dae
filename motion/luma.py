"""The luma of decoded frames, as small as the detector looks at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from motion.detector import Picture

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

WIDTH = 320  # px; larger pictures are scaled down to it
WIDEST = 480  # px that are looked at as they are
_LUMA_FIRST = {"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12", "gray"}


def luma_of(frame: VideoFrame) -> Picture:
    """The luma of a decoded frame, shape (height, width), uint8, scaled down to WIDTH where it is wider than WIDEST.

    A picture that is not scaled is the decoder's own, which is not copied: it may only be looked at.
    """
    if frame.format.name not in _LUMA_FIRST:
        frame = frame.reformat(format="gray")
    plane = frame.planes[0]
    luma: Picture = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)  # type: ignore[call-overload]
    luma = luma[: frame.height, : frame.width]
    luma.flags.writeable = False
    if frame.width <= WIDEST:
        return luma
    height = max(1, round(frame.height * WIDTH / frame.width))
    # Rows are left out while two are left for each: a third of the time, and what is left is still averaged.
    luma = luma[:: max(1, frame.height // (2 * height))]
    return cv2.resize(luma, (WIDTH, height), interpolation=cv2.INTER_AREA)
