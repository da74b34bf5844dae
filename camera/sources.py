"""What a camera's `source` means, and what one ffmpeg process makes of it."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from config.errors import CameraError
from config.settings import CameraSettings
from mediamtx.names import Stream

Kind = Literal["demo", "rtsp", "device", "file", "url"]

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
IO_TIMEOUT = 5_000_000  # us without a byte from the network until ffmpeg gives up


@dataclass(frozen=True, slots=True)
class Source:
    """Where a picture comes from; `address` is what ffmpeg opens."""

    kind: Kind
    address: str

    @classmethod
    def parse(cls, text: str) -> Source:
        """The source meant by a setting; CameraError where it means none."""
        text = text.strip()
        if not text:
            raise CameraError('no source is set; set source to "demo", an address, a device or a video file')
        if text == "demo":
            return cls("demo", "pipe:0")
        if scheme := _SCHEME.match(text):
            return cls("rtsp" if scheme[1].lower() in ("rtsp", "rtsps") else "url", text)
        path = Path(text).expanduser().absolute()
        if path.is_relative_to("/dev"):
            return cls("device", str(path))
        # With the protocol named, a file may be called "-x.mp4" or "a:b.mp4".
        return cls("file", f"file:{path}")

    @property
    def open_options(self) -> dict[str, str | int]:
        """What ffprobe and ffmpeg both need to open it."""
        match self.kind:
            case "rtsp":
                return {"rtsp_transport": "tcp", "timeout": IO_TIMEOUT}
            case "device":
                return {"f": "v4l2"}
            case "url":
                return {"rw_timeout": IO_TIMEOUT}
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
