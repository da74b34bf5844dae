"""The detect stream of a Pi camera: every nth small picture, encoded with constant quality in a thread of its own."""

from __future__ import annotations

import queue
from fractions import Fraction
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from camera.pi_output import US, Packet, Packets
from camera.sources import DETECT_QUALITY, WARM_UP

Picture = npt.NDArray[np.uint8]
_WAITING = 2  # pictures; a machine that is too slow leaves some out


def compact(picture: Picture, size: tuple[int, int], stride: int) -> Picture:
    """A copy of a planar YUV 4:2:0 picture (rows x stride, as picamera2 gives it) without what pads its rows.

    The copy is (height * 3 / 2) x width, as PyAV wants it; `size` is in px, `stride` in bytes.
    """
    width, height = size
    if stride == width:
        return picture[: height * 3 // 2, :width].copy()
    flat = picture.reshape(-1)
    luma = flat[: height * stride].reshape(height, stride)[:, :width]
    colour = flat[height * stride : height * stride * 3 // 2].reshape(height, stride // 2)[:, : width // 2]
    return np.concatenate([luma.reshape(-1), colour.reshape(-1)]).reshape(height * 3 // 2, width)


def mean_luma(picture: Picture, size: tuple[int, int]) -> float:
    """The mean brightness of a compact picture, 0 to 255; a sixteenth of its pixels tell it."""
    return float(picture[: size[1] : 4, ::4].mean())


class Due:
    """Which pictures of a camera make a slower stream; times in us."""

    def __init__(self, fps: float) -> None:
        self._interval = 1e6 / fps
        self._next: float | None = None

    def take(self, time: int) -> bool:
        """Whether the picture of that moment belongs to it."""
        if self._next is None or time - self._next > 2 * self._interval:
            self._next = time
        # Half a picture early is nearer than half a picture late.
        if time < self._next - self._interval / 20:
            return False
        self._next += self._interval
        return True


class KeyFrames:
    """When to ask for a key frame: encoders count pictures, and in the dark these come slowly; times in s."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._last: float | None = None
        self._asked = False

    def came(self, now: float) -> None:
        """There is one."""
        self._last, self._asked = now, False

    def due(self, now: float) -> bool:
        """Whether one is overdue that was not asked for yet."""
        if self._last is None or self._asked or now - self._last < 1.2 * self._interval:
            return False
        self._asked = True
        return True


class ForcedKeys:
    """A stream's `encode` that can be asked for a key frame; all else is the stream's."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._wanted = False

    def force(self) -> None:
        """Make the next picture a key frame."""
        self._wanted = True

    def encode(self, frame: av.VideoFrame | None = None) -> Any:
        """Encode a picture; None asks for what is left."""
        if frame is not None and self._wanted:
            frame.pict_type, self._wanted = av.video.frame.PictureType.I, False
        return self._stream.encode(frame)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class DetectEncoder:
    """Encodes small pictures; `run` is for a thread of its own."""

    def __init__(self, packets: Packets, size: tuple[int, int], fps: float, keyframe_interval: float) -> None:
        self._packets = packets
        self._waiting: queue.Queue[tuple[int, Picture] | None] = queue.Queue(_WAITING)
        self._context = av.CodecContext.create("libx264", "w")
        self._context.width, self._context.height = size
        self._context.pix_fmt = "yuv420p"
        self._context.time_base, self._context.framerate = US, Fraction(fps)
        self._context.gop_size = max(1, round(fps * keyframe_interval))
        self._context.thread_count = 1
        self._context.options = {
            "preset": "veryfast",
            "tune": "zerolatency",
            "crf": str(DETECT_QUALITY),
            "sc_threshold": "0",
        }
        self._began: int | None = None
        self._warm = False

    def put(self, time: int, picture: Picture) -> bool:
        """Encode that picture (compact, of `time` us); whether there was room for it. Never waits."""
        try:
            self._waiting.put_nowait((time, picture))
        except queue.Full:
            return False
        return True

    def run(self) -> None:
        """Encode for ever."""
        while True:
            item = self._waiting.get()
            if item is None:
                return
            self._encode(*item)

    def _encode(self, time: int, picture: Picture) -> None:
        self._began = time if self._began is None else self._began
        frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts, frame.time_base = time - self._began, US
        if not self._warm and (time - self._began) * US >= WARM_UP:
            frame.pict_type, self._warm = av.video.frame.PictureType.I, True  # the first that is sent
        for packet in self._context.encode(frame):
            assert packet.pts is not None
            self._packets.put(Packet("detect", bytes(packet), packet.pts + self._began, packet.is_keyframe))
