"""Pictures as JPEG."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

_BT709 = 1  # of a frame's `colorspace`, as FFmpeg numbers them


def jpeg(frame: VideoFrame, width: int | None = None, quality: int = 4) -> bytes:
    """A decoded picture as a JPEG of this width (px), never enlarged; None: as it is.

    `quality` is FFmpeg's, 2 (best) to 31. Raises av.FFmpegError.
    """
    import av

    width = frame.width if width is None else min(width, frame.width)
    height = max(2, round(frame.height * width / frame.width / 2) * 2)
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width // 2 * 2, height, "yuvj420p"
    encoder.time_base = Fraction(1, 25)  # it must have one
    encoder.options = {"qmin": str(quality), "qmax": str(quality)}
    # A JPEG file is of BT.601 and of the full range, whatever the film is of (JFIF).
    source, target = ("ITU709", "ITU601") if frame.colorspace == _BT709 else (None, None)
    picture = frame.reformat(
        encoder.width, height, "yuvj420p", src_colorspace=source, dst_colorspace=target, dst_color_range="JPEG"
    )
    return b"".join(bytes(packet) for packet in [*encoder.encode(picture), *encoder.encode(None)])
