"""The ffmpeg command that makes the streams of one feed."""

from __future__ import annotations

from typing import Any

import ffmpeg

from camera.probe import Probe
from camera.sources import DETECT_QUALITY, KEY_WARM_UP, WARM_UP, Source
from config.settings import CameraSettings

COPIED = ("h264", "hevc")
"""What is sent as the camera made it; the recorder and the browsers take both."""
SOUND_RATE = 48_000  # Hz

_OUTPUT: dict[str, Any] = {
    "f": "rtsp",
    "rtsp_transport": "tcp",
    "muxdelay": 0,
    "pkt_size": 1440,  # bytes; MediaMTX would repack larger ones
    # Sound waits at most this long (us) for picture, and the other way round. The recorder reads the wall clock when
    # a packet arrives: ffmpeg's default of 10 s would date a stream that begins between two key frames seconds late.
    "max_interleave_delta": 50_000,
}
_AGE = "(pts-startpts)*tb"  # of a packet in its stream, s


def _fresh(age: float) -> str:
    """Drops pictures that are younger than so many seconds of the stream, and what comes before the next key frame."""
    return f"noise=drop='if(key*gte({_AGE},{age:g}),st(0,1));not(ld(0))'"


_FRESH_PICTURE = _fresh(WARM_UP)
_FRESH_PI_PICTURE = _fresh(KEY_WARM_UP)
_FRESH_SOUND = f"noise=drop='lt({_AGE},{WARM_UP:g})'"
_FRESH_PI_SOUND = (
    f"noise=drop='lt({_AGE},0.5)'"  # it is sent a beginning, and then nothing until the first fresh picture
)
_FROM_ZERO = "setts=pts=PTS-STARTDTS:dts=DTS-STARTDTS"
_GLOBAL = ["-hide_banner", "-nostdin", "-loglevel", "error", "-nostats", "-stats_period", "0.5", "-progress", "pipe:1"]


def build_command(
    camera: CameraSettings, source: Source, probe: Probe, main: str | None, detect: str | None
) -> list[str]:
    """ffmpeg's command line from a source to the addresses of its streams (None: not made).

    The main stream always gets one picture and one sound track, silence where the source has none; the detect stream
    no sound.
    """
    entry = ffmpeg.input(source.address, **_input_options(camera, source, probe))
    outputs = []
    if main is not None:
        outputs.append(_main_output(entry, camera, source, probe, main))
    if detect is not None:
        # A stream that is the source's only one is the camera's own small one: taken as it is, as a Pi's second one is.
        own = source.kind == "picamera"
        copy = own or (main is None and probe.video in COPIED)
        outputs.append(_detect_output(entry["V:1" if own else "V:0"], camera, source, detect, copy))
    merged = ffmpeg.merge_outputs(*outputs)
    command: list[str] = ffmpeg.compile(merged, cmd=["ffmpeg", *_GLOBAL])
    return command


def _input_options(camera: CameraSettings, source: Source, probe: Probe) -> dict[str, Any]:
    """How ffmpeg opens the source so that no picture waits: what it looks at first is dropped, not sent in a burst."""
    options: dict[str, Any] = dict(source.open_options)
    # More decoding threads hold back a picture each; one is enough up to Full HD.
    options["threads"] = 1 if probe.width * probe.height <= 1920 * 1088 else 4
    match source.kind:
        case "demo" | "picamera":
            return options | {"f": "nut", "probesize": 32, "analyzeduration": 0, "fflags": "nobuffer"}
        case "file":
            return options | {"re": None, "stream_loop": -1}
        case "device":
            size = {"framerate": camera.fps, "video_size": (camera.width, camera.height)}
            form = {"input_format": probe.input_format} if probe.input_format else {}
            return options | size | form | {"fflags": "nobuffer", "thread_queue_size": 64}
    options["thread_queue_size"] = 256
    options["fpsprobesize"] = 0
    options["analyzeduration"] = probe.look
    if source.kind == "url" and (probe.duration is not None or probe.container == "hls"):
        return options | {"re": None}  # it comes faster than it plays
    if probe.container == "mpjpeg":
        options["use_wallclock_as_timestamps"] = 1  # it has none of its own
    return options | {"fflags": "nobuffer"}


def _main_output(entry: Any, camera: CameraSettings, source: Source, probe: Probe, url: str) -> Any:
    video, picture_options = _picture(entry["V:0"], camera, source, probe)
    audio, sound_options = _sound(entry["a:0"], camera, source, probe)
    return ffmpeg.output(video, audio, url, **_OUTPUT, **picture_options, **sound_options)


def _picture(video: Any, camera: CameraSettings, source: Source, probe: Probe) -> tuple[Any, dict[str, Any]]:
    """The main stream's picture, and how it is sent."""
    silent = probe.audio is None
    if probe.video in COPIED:
        if source.kind == "picamera":
            return video, _copied_picture(source, _FRESH_PI_PICTURE)
        # Silence starts at 0: so must the picture, whose first key frame may come seconds later.
        return video, _copied_picture(source, f"{_FRESH_PICTURE},{_FROM_ZERO}" if silent else _FRESH_PICTURE)
    if source.kind != "demo":  # it draws what the settings say
        video = _fit(video, camera, probe)
        video = video.filter("setpts", "PTS-STARTPTS") if silent else video
    return video, _encoder(camera, probe)


def _sound(audio: Any, camera: CameraSettings, source: Source, probe: Probe) -> tuple[Any, dict[str, Any]]:
    """The main stream's sound, and how it is sent."""
    encoder = {"c:a": "aac", "b:a": f"{camera.audio_bit_rate}k", "ar": SOUND_RATE, "bsf:a": _FRESH_SOUND}
    if probe.audio is None:
        # Silence never ends, so it must end with the picture. Its first second would come late, too: until the detect
        # stream has begun, ffmpeg 5 reads nothing else.
        return ffmpeg.input(f"anullsrc=r={SOUND_RATE}:cl=mono", f="lavfi"), encoder | {"shortest": None}
    if probe.audio == "aac" and probe.audio_configured:
        # ffmpeg 7.1 takes no AAC packet from RTSP for a key frame, and would wait for one for ever.
        copied = {"c:a": "copy", "copyinkf:a": None}
        return audio, copied if source.kind == "file" else copied | {"bsf:a": _FRESH_SOUND}
    if source.kind == "picamera":
        encoder["bsf:a"] = _FRESH_PI_SOUND
    encoder["ac"] = min(probe.channels or 1, 2)
    if source.kind in ("rtsp", "url"):
        # Lost packets become silence instead of shifting what follows. Not a filter of the graph that makes the detect
        # stream: there, sound would wait for the first picture.
        encoder["af"] = "aresample=async=1000"
    return audio, encoder


def _copied_picture(source: Source, filters: str) -> dict[str, Any]:
    """How a picture is sent as it is."""
    if source.kind == "file":
        return {"c:v": "copy"}  # a filter passes nothing on after the file's end: it would stop the loop
    # What precedes the first key frame goes to the filter, too, which counts the time from there.
    return {"c:v": "copy", "copyinkf:v": None, "bsf:v": filters}


def _encoder(camera: CameraSettings, probe: Probe) -> dict[str, Any]:
    return {
        "c:v": "libx264",
        "preset": "superfast",
        "tune": "zerolatency",
        "pix_fmt": "yuv420p",
        "b:v": f"{camera.bit_rate}k",
        "maxrate": f"{camera.bit_rate * 3 // 2}k",
        "bufsize": f"{camera.bit_rate}k",
        "g": max(1, round(_main_fps(camera, probe) * camera.keyframe_interval)),
        "sc_threshold": 0,
        "force_key_frames": WARM_UP,
        "bsf:v": _FRESH_PICTURE,
        "fps_mode": "passthrough",
    }


def _main_fps(camera: CameraSettings, probe: Probe) -> float:
    return min(camera.fps, probe.fps or camera.fps)


def _fit(video: Any, camera: CameraSettings, probe: Probe) -> Any:
    """At most the size and rate of the settings; a smaller picture stays as it is."""
    return video.filter("fps", f"{_main_fps(camera, probe):g}").filter(
        "scale",
        f"min(iw,{camera.width})",
        f"min(ih,{camera.height})",
        force_original_aspect_ratio="decrease",
        force_divisible_by=2,
    )


def _detect_output(video: Any, camera: CameraSettings, source: Source, url: str, copy: bool) -> Any:
    if copy:
        fresh = _FRESH_PI_PICTURE if source.kind == "picamera" else _FRESH_PICTURE
        return ffmpeg.output(video, url, **_OUTPUT, **_copied_picture(source, fresh))
    if source.kind in ("rtsp", "url"):
        video = video.filter("select", "gte(st(0,max(ld(0),key)),1)")  # no grey ones before the first key frame
    small = video.filter("fps", camera.detect_fps).filter("scale", camera.detect_width // 2 * 2, -2, flags="area")
    return ffmpeg.output(
        small,
        url,
        **_OUTPUT,
        **{"c:v": "libx264", "threads:v": 1, "bsf:v": _FRESH_PICTURE},
        preset="veryfast",
        tune="zerolatency",
        pix_fmt="yuv420p",
        crf=DETECT_QUALITY,
        g=max(1, round(camera.detect_fps * camera.detect_keyframe_interval)),
        sc_threshold=0,
        force_key_frames=WARM_UP,
        fps_mode="passthrough",  # ffmpeg would repeat the first picture back to the stream's beginning
    )
