"""The settings: every name, unit, default and allowed range, as frozen dataclasses.

This is the one table of settings: the loader checks files against it, config_default.txt documents it (a test
compares the two), and pages are built from it. Each field carries its documentation in `field.metadata["setting"]`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from config.zone import system_zone

Polygons = tuple[tuple[tuple[float, float], ...], ...]
"""Areas of the picture, each by its corners (x, y), relative: (0, 0) is top left, (1, 1) bottom right."""
CAMERA_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
"""What a camera may be called: it stands in every path and address and never changes."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known of one setting besides its type and default."""

    help: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    form: str = ""  # "amount", "zone", "path", "source", "polygons": how a text is checked further
    secret: bool = False  # may hold a password: redacted wherever it is printed


def _setting(default: Any, help: str, unit: str = "", **more: Any) -> Any:
    return field(default=default, metadata={"setting": Setting(help, unit, **more)})


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraSettings:
    """One camera; `[camera]` gives the common values, `[cameras.<name>]` those of one."""

    title: str = _setting("", 'name shown on the pages; "" shows the camera\'s name')
    enabled: bool = _setting(True, "publish this camera; its recordings stay visible when it is off")
    source: str = _setting(
        "demo",
        'where the picture comes from: "demo", an address (rtsp://user:password@host/path), '
        "a device (/dev/video0) or a video file, which is played in a loop",
        secret=True,
        form="source",
    )
    detect_url: str = _setting(
        "",
        "the camera's own small stream (about 320 px wide), used for motion instead of scaling the main one",
        secret=True,
    )
    width: int = _setting(1280, "width of the picture, where we encode it", "px", low=160, high=7680)
    height: int = _setting(720, "height of the picture, where we encode it", "px", low=120, high=4320)
    fps: int = _setting(25, "frames per second, where we encode the picture", "1/s", low=1, high=120)
    bit_rate: int = _setting(2500, "video bit rate, where we encode it", "kbit/s", low=100, high=50000)
    keyframe_interval: float = _setting(
        1.0, "time between key frames, where we encode the picture", "s", low=0.2, high=10
    )
    audio_bit_rate: int = _setting(96, "sound bit rate", "kbit/s", low=16, high=320)
    detect_width: int = _setting(320, "width of the detect stream", "px", low=160, high=1280)
    detect_fps: int = _setting(5, "frames per second of the detect stream", "1/s", low=1, high=30)
    detect_keyframe_interval: float = _setting(
        1.0, "time between key frames of the detect stream", "s", low=0.2, high=10
    )
    detect_offset: float = _setting(
        0.0, "added to the times of the detect stream to get those of the main stream", "s", low=-30, high=30
    )
    motion: bool = _setting(True, "look for motion and make event clips")
    sensitivity: int = _setting(50, "how little motion makes an event: 0 (least) to 100 (most)", low=0, high=100)
    min_size: float = _setting(
        3.0,
        "the smallest thing that counts: its area in a picture 320 px wide; 3 is a far bird, 500 a person near",
        "px",
        low=1,
        high=10000,
    )
    confirm_frames: int = _setting(
        2, "frames in a row (of five a second) that something must move in before it counts", low=1, high=10
    )
    ignore: Polygons = _setting(
        (),
        "areas in which motion does not count, each a list of corners [x, y] from [0, 0] top left to [1, 1] bottom "
        "right: [[[0, 0], [1, 0], [1, 0.2], [0, 0.2]]] leaves out the upper fifth",
        form="polygons",
    )
    pre: float = _setting(3.0, "footage kept before the motion", "s", low=0, high=60)
    post: float = _setting(3.0, "footage kept after the motion", "s", low=0, high=60)
    merge_gap: float = _setting(
        6.0, "a pause up to this length does not end an event; never below pre + post", "s", low=0, high=300
    )
    max_event: float = _setting(
        300.0, "an event longer than this goes on in parts that adjoin, each a clip", "s", low=10, high=3600
    )
    demo_seed: int = _setting(1, "the demo camera draws the same visits for the same seed", low=0, high=10**6)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecorderSettings:
    """`[mediamtx]`: how the recorder runs, MediaMTX and the embedded one alike."""

    binary: str = _setting(
        "", 'the MediaMTX program; "" looks in BIRBCAM_MEDIAMTX, our tools folder and PATH', form="path"
    )
    rtsp_port: int = _setting(8554, "where cameras publish to MediaMTX (TCP)", low=1, high=65535)
    hls_port: int = _setting(8888, "where the web app fetches live HLS, loopback only (TCP)", low=1, high=65535)
    webrtc_port: int = _setting(8889, "WebRTC signalling of MediaMTX, loopback only (TCP)", low=1, high=65535)
    webrtc_udp_port: int = _setting(8189, "WebRTC media of MediaMTX (UDP)", low=1, high=65535)
    api_port: int = _setting(9997, "control API of the recorder, loopback only (TCP)", low=1, high=65535)
    metrics_port: int = _setting(9998, "metrics of MediaMTX, loopback only (TCP)", low=1, high=65535)
    embedded_port: int = _setting(
        8560, "the embedded recorder's first RTSP port; each stream takes one from here on", low=1, high=65000
    )
    segment: float = _setting(60.0, "length of a main-stream segment", "s", low=2, high=3600)
    detect_segment: float = _setting(10.0, "length of a detect-stream segment", "s", low=2, high=3600)
    part: float = _setting(1.0, "footage flushed to disk at a time; a crash loses at most this", "s", low=0.2, high=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionSettings:
    """`[retention]`: what is deleted, oldest first over all cameras; kept clips never are."""

    segment_days: float = _setting(7.0, "recordings older than this are deleted; 0 = never", "days", low=0, high=36500)
    clip_days: float = _setting(0.0, "clips older than this are deleted; 0 = never", "days", low=0, high=36500)
    max_used: str = _setting(
        "",
        'most space that recordings and clips may use: "200 GB" or "80 %" of the disk; "" = no limit',
        form="amount",
    )
    keep_free: str = _setting("2 GB", 'space always left free on the disk: "2 GB" or "5 %"; "" = none', form="amount")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """`[web]`: the web app."""

    host: str = _setting("127.0.0.1", "address to listen on; 0.0.0.0 for the whole network, which needs a password")
    port: int = _setting(8080, "port to listen on (TCP)", low=1, high=65535)
    session_days: float = _setting(30.0, "how long a log-in lasts", "days", low=0.01, high=3650)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything; made by `config.load.load_settings`, or by a test directly."""

    media_dir: Path = _setting(Path("/var/lib/birbcam"), "holds recordings/<stream>/", form="path")
    output_dir: Path = _setting(Path("/var/lib/birbcam/clips"), "holds <camera>/<day>/ with the clips", form="path")
    state_dir: Path = _setting(
        Path("/var/lib/birbcam/state"), "state, passwords and what the web page saved", form="path"
    )
    time_zone: str = _setting("", 'zone that a day belongs to, as "Europe/Berlin"; "" is the system\'s', form="zone")
    recorder: str = _setting(
        "auto",
        '"mediamtx", "embedded", or "auto": MediaMTX where it is found or can be downloaded, else embedded',
        choices=("auto", "mediamtx", "embedded"),
    )
    scan_interval: float = _setting(30.0, "pause between two motion passes of the demo", "s", low=1, high=3600)
    workers: int = _setting(
        0, "processes that search footage for motion; 0 searches in the motion job itself", low=0, high=64
    )
    log_level: str = _setting("info", "how much is logged", choices=("debug", "info", "warning", "error"))
    mediamtx: RecorderSettings = field(default_factory=RecorderSettings)
    retention: RetentionSettings = field(default_factory=RetentionSettings)
    web: WebSettings = field(default_factory=WebSettings)
    cameras: dict[str, CameraSettings] = field(default_factory=dict)
    only_camera: str | None = None  # set by BIRBCAM_CAMERA or --camera: limits a command to one camera

    @property
    def zone(self) -> tzinfo:
        """The zone that day folders belong to; one that observes daylight saving."""
        return ZoneInfo(self.time_zone) if self.time_zone else system_zone()

    def camera_names(self) -> list[str]:
        """The cameras that a command is about, sorted: all, or the one it is limited to."""
        if self.only_camera is not None:
            return [self.only_camera] if self.only_camera in self.cameras else []
        return sorted(self.cameras)
