"""What a source carries, told by ffprobe."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from camera import child
from camera.reasons import source_away
from camera.sources import Source
from config.errors import CameraError
from config.settings import CameraSettings

LOOKS = (500_000, 8_000_000)
"""Microseconds of footage to look at: most cameras describe themselves at once, a few only in their next key frame."""
TIMEOUT = 12.0  # s for one look, connecting included


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """The first picture and the first sound of a source."""

    container: str = ""  # ffmpeg's name: "rtsp", "hls", "mpjpeg", "mov,mp4,..."
    duration: float | None = None  # s, where it ends
    video: str  # ffmpeg's codec name
    width: int = 0  # px
    height: int = 0  # px
    fps: float | None = None  # 1/s, as far as it can be told
    audio: str | None = None
    channels: int = 0
    audio_configured: bool = False  # the codec's configuration stands outside its packets
    look: int = LOOKS[0]  # us that ffmpeg has to look at it, too
    input_format: str = ""  # of a device


RAW = Probe(video="rawvideo", audio="pcm_s16le", channels=1)
"""What our own programs send: it is known, and needs no encoder's copy."""


def own_probe(source: Source, camera: CameraSettings) -> Probe | None:
    """What a camera program of ours sends; None for other sources."""
    if source.kind == "demo":
        return RAW
    if source.kind == "picamera":
        picture = "mjpeg" if camera.encoder == "mjpeg" else "h264"
        return Probe(video=picture, audio="pcm_s16le", channels=2 if camera.microphone_stereo else 1)
    return None


def probe_source(source: Source, stop: threading.Event) -> Probe:
    """Look at a source, within about 20 s.

    Raises CameraError, with the reason and the cure, where it cannot be opened or has no picture, or when `stop` is
    set meanwhile.
    """
    child.require("ffprobe", "ffmpeg")
    if source.kind == "device":
        return _probe_device(source, stop)
    for look in LOOKS:
        found = read_probe(_ffprobe(source, {"analyzeduration": look, "fpsprobesize": 0}, stop), look)
        if found.width:
            return found
    raise CameraError("source: it does not say how large its picture is; does it play elsewhere (ffplay, VLC)?")


def _probe_device(source: Source, stop: threading.Event) -> Probe:
    """Over USB 2 only MJPEG reaches a full picture rate at HD; not every device has it."""
    try:
        return read_probe(_ffprobe(source, {"input_format": "mjpeg"}, stop), LOOKS[0], "mjpeg")
    except CameraError:
        return read_probe(_ffprobe(source, {}, stop), LOOKS[0])


def _ffprobe(source: Source, options: Mapping[str, str | int], stop: threading.Event) -> dict[str, Any]:
    # ffmpeg.probe() knows no time limit, and would outlive us in a connection that hangs.
    arguments = [text for key, value in {**source.open_options, **options}.items() for text in (f"-{key}", str(value))]
    command = ["ffprobe", "-v", "error", "-of", "json", "-show_format", "-show_streams", *arguments, source.address]
    program = child.start(command)
    try:
        out, errors = _communicate(program, stop)
    finally:
        child.end([program], grace=0.2)
    if program.returncode != 0:
        raise CameraError(source_away(errors.decode(errors="replace").splitlines()))
    result: dict[str, Any] = json.loads(out)
    return result


def _communicate(program: child.Program, stop: threading.Event) -> tuple[bytes, bytes]:
    deadline = time.monotonic() + TIMEOUT
    while True:
        try:
            return program.communicate(timeout=0.1)
        except subprocess.TimeoutExpired:
            if stop.is_set():
                raise CameraError("stopped while the source was opened") from None
            if time.monotonic() > deadline:
                raise CameraError(source_away([f"no answer within {TIMEOUT:g} s"])) from None


def read_probe(result: Mapping[str, Any], look: int, input_format: str = "") -> Probe:
    """What ffprobe's JSON says; CameraError where there is no picture."""
    streams = result.get("streams", [])
    # A still picture that belongs to a sound file is none.
    video = next(
        (s for s in streams if s["codec_type"] == "video" and not s.get("disposition", {}).get("attached_pic")), None
    )
    if video is None or "codec_name" not in video:
        raise CameraError("source: it has no picture that ffmpeg can read; point it at the camera's video address")
    audio: Mapping[str, Any] = next((s for s in streams if s["codec_type"] == "audio" and s.get("codec_name")), {})
    form = result.get("format", {})
    return Probe(
        container=form.get("format_name", ""),
        duration=float(form["duration"]) if "duration" in form else None,
        video=video["codec_name"],
        width=video.get("width", 0),
        height=video.get("height", 0),
        fps=_rate(video.get("avg_frame_rate", "")) or _rate(video.get("r_frame_rate", "")),
        audio=audio.get("codec_name"),
        channels=audio.get("channels", 0),
        audio_configured=audio.get("extradata_size", 0) > 0,
        look=look,
        input_format=input_format,
    )


def _rate(fraction: str) -> float | None:
    """Pictures per second from "30000/1001"; None where ffprobe does not know, or took a clock for it."""
    numerator, _, denominator = fraction.partition("/")
    if not numerator.isdigit() or not denominator.isdigit() or int(denominator) == 0:
        return None
    rate = int(numerator) / int(denominator)
    return rate if 0 < rate <= 240 else None
