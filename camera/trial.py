"""`python -m camera.trial`: what a source would give, found out without publishing it.

Reads `{"source": "rtsp://...", "width": 1280, "height": 720, "fps": 25}` as JSON on stdin and writes one JSON object:

    {"ok": true, "kind": "rtsp", "video": "h264", "width": 1920, "height": 1080, "fps": 25.0, "audio": "aac",
     "channels": 1, "copied": true, "picture": "<base64 JPEG>", "note": ""}
    {"ok": false, "reason": "source away (401 Unauthorized)", "cure": "put user and password into the source"}

It takes at most `LONGEST`, and says nothing of a password. Addresses may lead to other machines alone.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from camera import child
from camera.command import COPIED
from camera.probe import Probe, probe_source
from camera.reasons import source_away
from camera.sources import Source, demo_command
from config.check import check_value, settings_of
from config.errors import BirbCamError, CameraError
from config.redaction import redact
from config.settings import CameraSettings

LONGEST = 30.0  # s
PICTURE_TIMEOUT = 12.0  # s for the first picture, connecting included
PICTURE_WIDTH = 640  # px at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a source gives."""

    ok: bool = True
    kind: str
    video: str  # ffmpeg's codec name
    width: int  # px
    height: int  # px
    fps: float | None  # 1/s
    audio: str | None
    channels: int
    copied: bool  # recorded as the camera made it, else encoded here
    picture: str = ""  # base64 of a JPEG
    note: str = ""


def try_source(camera: CameraSettings) -> Found:
    """Look at a source, and take a picture. Raises CameraError, with reason and cure."""
    source = Source.parse(camera.source)
    if source.kind == "demo":
        scale = min(1.0, PICTURE_WIDTH / camera.width)
        small = dataclasses.replace(
            camera, width=round(camera.width * scale), height=round(camera.height * scale), fps=1
        )
        picture = _picture(["-f", "nut", "-i", "pipe:0"], demo_command(small, "UTC"))
        return _found(source, _own(camera, "rawvideo"), picture)
    if source.kind == "picamera":
        note = "Only the camera client reaches a camera module; add the camera, and its state tells whether it works."
        return _found(source, _own(camera, "h264"), b"", note)
    if source.kind == "device" and not Path(source.address).exists():
        if "INVOCATION_ID" in os.environ:  # systemd hides all devices from the web app
            note = "An installed web app sees no devices; add the camera, and its state tells whether it works."
            return _found(source, _own(camera, "mjpeg"), b"", note)
        raise CameraError(f"source away (no device {source.address} is seen here); is it plugged in?")
    probe = probe_source(source, threading.Event())
    picture = _picture([*_opened(source, probe), "-i", source.address])
    return _found(source, probe, picture)


def _own(camera: CameraSettings, video: str) -> Probe:
    """What a program of ours sends."""
    sound = {"audio": "pcm_s16le", "channels": 1}
    return Probe(video=video, width=camera.width, height=camera.height, fps=camera.fps, **sound)  # type: ignore[arg-type]


def _found(source: Source, probe: Probe, picture: bytes, note: str = "") -> Found:
    return Found(
        kind=source.kind,
        video=probe.video,
        width=probe.width,
        height=probe.height,
        fps=probe.fps,
        audio=probe.audio,
        channels=probe.channels,
        copied=probe.video in COPIED,
        picture=base64.b64encode(picture).decode("ascii"),
        note=note,
    )


def _opened(source: Source, probe: Probe) -> list[str]:
    """ffmpeg's options before the source."""
    options: dict[str, Any] = dict(source.open_options)
    if source.kind == "device":
        options |= {"input_format": probe.input_format} if probe.input_format else {}
    else:
        options |= {"analyzeduration": probe.look}
    return [text for key, value in options.items() for text in (f"-{key}", str(value))]


def _picture(entry: Sequence[str], program: Sequence[str] | None = None) -> bytes:
    """The first whole picture as JPEG; `program` writes what ffmpeg reads."""
    child.require("ffmpeg", "ffmpeg")
    size = f"scale='min(iw,{PICTURE_WIDTH})':-2"
    command = ["ffmpeg", "-v", "error", *(() if program else ("-nostdin",)), *entry]
    command += ["-map", "0:V:0", "-frames:v", "1", "-vf", size, "-f", "mjpeg", "-q:v", "4", "pipe:1"]
    writer = child.start(program) if program else None
    started = [one for one in (writer, child.start(command, writer.stdout if writer else None)) if one is not None]
    ffmpeg = started[-1]
    try:
        picture, errors = ffmpeg.communicate(timeout=PICTURE_TIMEOUT)
    except subprocess.TimeoutExpired:
        raise CameraError(source_away([f"no answer within {PICTURE_TIMEOUT:g} s"])) from None
    finally:
        child.end(started, grace=0.2)
    if not picture.startswith(b"\xff\xd8"):
        raise CameraError(source_away(errors.decode(errors="replace").splitlines()))
    return picture


def camera_of(values: Any) -> CameraSettings:
    """The camera that is meant; ValueError, saying what is wrong."""
    if not isinstance(values, dict):
        raise ValueError("must be an object")
    known, checked = settings_of(CameraSettings), {}
    for name in ("source", "width", "height", "fps"):
        if name in values:
            kind, setting, _ = known[name]
            checked[name] = check_value(kind, setting, values[name], Path("/"))
    return CameraSettings(**checked)


def main() -> int:
    """Answer the question on stdin."""
    threading.Thread(target=_end_in_time, daemon=True).start()
    try:
        answer = asdict(try_source(camera_of(json.loads(sys.stdin.read()))))
    except (ValueError, BirbCamError) as error:
        reason, _, cure = redact(str(error)).partition("; ")
        answer = {"ok": False, "reason": reason, "cure": cure}
    print(json.dumps(answer))
    return 0


def _end_in_time() -> None:
    """The children end with us."""
    time.sleep(LONGEST)
    print(json.dumps({"ok": False, "reason": f"it gave no picture within {LONGEST:g} s", "cure": ""}), flush=True)
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
