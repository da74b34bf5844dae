"""What a camera's `source` means, and what one ffmpeg process makes of it."""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from config.errors import CameraError
from config.settings import PI_CAMERA, CameraSettings
from mediamtx.names import Stream

Kind = Literal["demo", "picamera", "rtsp", "device", "file", "url"]

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
WARM_UP = 1.0
"""Seconds at the start that are not sent: they waited while ffmpeg got ready, and the recorder dates the first segment
by the moment when its first packet arrives."""
KEY_WARM_UP = WARM_UP - 0.1
"""The same where a Pi's key frames are copied. They come by its sensor's clock: the one of 0.99 s must not be missed
for the one of 1.99 s."""
DETECT_QUALITY = 26
"""CRF of the detect stream: constant quality, as a rate control would pulse, and look like motion."""
IO_TIMEOUT = 5_000_000  # us without a byte from the network until ffmpeg gives up
PROTOCOLS = "rtp,udp,tcp,tls,http,https,httpproxy,crypto,data,rtmp,rtmps,rtmpt,srt,rtsp"
"""What an address may lead on to: a playlist that comes over the network must not name a file of this machine."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a picture comes from; `address` is what ffmpeg opens."""

    kind: Kind
    address: str
    module: int = 0  # number of a Pi's camera module

    @classmethod
    def parse(cls, text: str) -> Source:
        """The source meant by a setting; CameraError where it means none."""
        text = text.strip()
        if not text:
            raise CameraError('no source is set; set source to "demo", an address, a device or a video file')
        if text == "demo":
            return cls("demo", "pipe:0")
        if module := PI_CAMERA.fullmatch(text):
            return cls("picamera", "pipe:0", int(module[1] or 0))
        if scheme := _SCHEME.match(text):
            return cls("rtsp" if scheme[1].lower() in ("rtsp", "rtsps") else "url", text)
        path = Path(text).expanduser().absolute()
        if path.is_relative_to("/dev"):
            return cls("device", str(path))
        # With the protocol named, a file may be called "-x.mp4" or "a:b.mp4".
        return cls("file", f"file:{path}")

    @classmethod
    def kind_of(cls, text: str) -> Kind | None:
        """The kind of the source meant by a setting; None where it means none."""
        try:
            return cls.parse(text).kind
        except CameraError:
            return None

    @property
    def open_options(self) -> dict[str, str | int]:
        """What ffprobe and ffmpeg both need to open it."""
        match self.kind:
            case "rtsp":
                return {"rtsp_transport": "tcp", "timeout": IO_TIMEOUT, "protocol_whitelist": PROTOCOLS}
            case "device":
                return {"f": "v4l2"}
            case "url":
                return {"rw_timeout": IO_TIMEOUT, "protocol_whitelist": PROTOCOLS}
            case _:
                return {}


@dataclass(frozen=True, slots=True)
class Feed:
    """One source and the streams made of it, by one ffmpeg process."""

    source: str
    main: Stream | None
    detect: Stream | None

    @property
    def label(self) -> str:
        """How messages name it: `camera front`."""
        if self.main is not None:
            return f"camera {self.main.camera}"
        assert self.detect is not None
        return f"camera {self.detect.camera}, detect stream"

    @property
    def streams(self) -> tuple[Stream, ...]:
        """The streams in the order in which ffmpeg gets them."""
        return tuple(stream for stream in (self.main, self.detect) if stream is not None)


def feeds(name: str, camera: CameraSettings) -> tuple[Feed, ...]:
    """The feeds of one camera.

    The camera's own sub-stream is a connection of its own, which cameras refuse or drop on its own. ffmpeg ends all
    outputs when one input fails, so it gets its own ffmpeg: recording goes on without it, and it without recording.
    """
    main, detect = Stream(name), Stream(name, detect=True)
    if camera.detect_url:
        return Feed(camera.source, main, None), Feed(camera.detect_url, None, detect)
    return (Feed(camera.source, main, detect),)


# Long or secret, and no business of the camera's process.
_NOT_TOLD = {"title", "source", "detect_url", "ignore", "settings_url", "settings_token"}


def picamera_command(camera: CameraSettings, module: int, time_zone: str) -> list[str]:
    """The command of the process that runs a Pi's camera module, and sends NUT on its stdout."""
    told = {f.name: getattr(camera, f.name) for f in dataclasses.fields(camera) if f.name not in _NOT_TOLD}
    return [
        *(sys.executable, "-m", "camera.picamera"),
        *("--module", str(module)),
        *("--settings", json.dumps(told)),
        *("--time-zone", time_zone),
    ]


def demo_command(camera: CameraSettings, time_zone: str) -> list[str]:
    """The command of the demo camera, which sends NUT on its stdout."""
    return [
        *(sys.executable, "-m", "camera.demo"),
        *("--seed", str(camera.demo_seed)),
        *("--width", str(camera.width // 2 * 2)),
        *("--height", str(camera.height // 2 * 2)),
        *("--fps", str(camera.fps)),
        *("--time-zone", time_zone),
    ]
