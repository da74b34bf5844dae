"""The settings: every name, unit, default and allowed range, as frozen dataclasses.

This is the one table of settings: the loader checks files against it, config_default.txt documents it (a test
compares the two), and pages are built from it. Each field carries its documentation in `field.metadata["setting"]`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from config.camera_settings import PI_CAMERA, CameraSettings, Polygons
from config.fields import Setting, setting
from config.zone import system_zone

__all__ = [
    "CAMERA_NAME",
    "PI_CAMERA",
    "CameraSettings",
    "Polygons",
    "RecorderSettings",
    "RetentionSettings",
    "Setting",
    "Settings",
    "SettingsServerSettings",
    "WebSettings",
]

CAMERA_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
"""What a camera may be called: it stands in every path and address and never changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecorderSettings:
    """`[mediamtx]`: how the recorder runs, MediaMTX and the embedded one alike."""

    binary: str = setting(
        "", 'the MediaMTX program; "" looks in BIRBCAM_MEDIAMTX, our tools folder and PATH', form="path"
    )
    host: str = setting(
        "", 'the machine whose MediaMTX the cameras of this one publish to; "" is this machine\'s own recorder'
    )
    rtsp_port: int = setting(8554, "where cameras publish to MediaMTX (TCP)", low=1, high=65535)
    hls_port: int = setting(8888, "where the web app fetches live HLS, loopback only (TCP)", low=1, high=65535)
    webrtc_port: int = setting(8889, "WebRTC signalling of MediaMTX, loopback only (TCP)", low=1, high=65535)
    webrtc_udp_port: int = setting(
        8189, "where MediaMTX sends the live picture over WebRTC from (UDP); let a firewall pass it", low=1, high=65535
    )
    webrtc_udp_host: str = setting(
        "", 'address that it listens on; "" is the whole network where web.host opens the page to it, else this machine'
    )
    webrtc_hosts: str = setting(
        "", "further names or addresses by which browsers reach that port, as behind a router; with commas between"
    )
    api_port: int = setting(9997, "control API of the recorder, loopback only (TCP)", low=1, high=65535)
    metrics_port: int = setting(9998, "metrics of MediaMTX, loopback only (TCP)", low=1, high=65535)
    embedded_port: int = setting(
        8560, "the embedded recorder's first RTSP port; each stream takes one from here on", low=1, high=65000
    )
    segment: float = setting(60.0, "length of a main-stream segment", "s", low=2, high=3600)
    detect_segment: float = setting(10.0, "length of a detect-stream segment", "s", low=2, high=3600)
    part: float = setting(1.0, "footage flushed to disk at a time; a crash loses at most this", "s", low=0.2, high=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionSettings:
    """`[retention]`: what is deleted, oldest first over all cameras; kept clips never are."""

    segment_days: float = setting(7.0, "recordings older than this are deleted; 0 = never", "days", low=0, high=36500)
    clip_days: float = setting(0.0, "clips older than this are deleted; 0 = never", "days", low=0, high=36500)
    max_used: str = setting(
        "",
        'most space that recordings and clips may use: "200 GB" or "80 %" of the disk; "" = no limit',
        form="amount",
    )
    keep_free: str = setting("2 GB", 'space always left free on the disk: "2 GB" or "5 %"; "" = none', form="amount")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """`[web]`: the web app."""

    host: str = setting("127.0.0.1", "address to listen on; 0.0.0.0 for the whole network, which needs a password")
    port: int = setting(8080, "port to listen on (TCP)", low=1, high=65535)
    session_days: float = setting(30.0, "how long a log-in lasts", "days", low=0.01, high=3650)
    trusted_proxies: str = setting(
        "",
        'addresses of reverse proxies whose X-Forwarded-For, -Proto and -Prefix are believed, as "127.0.0.1, ::1"; "" '
        "believes nobody",
        form="networks",
    )
    https_only: bool = setting(
        False,
        "the page is reached by https alone, which a proxy in trusted_proxies makes: browsers are told to never try "
        "http again (HSTS), and what comes unencrypted is refused",
    )
    cors_origins: str = setting(
        "",
        'pages elsewhere that may use the API, with a token, as "https://home.example, http://nas.local"; "" is none',
        form="origins",
    )
    longest_recording: float = setting(
        3600.0, "a recording that somebody started and did not stop ends after this", "s", low=10, high=14400
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsServerSettings:
    """`[settings_server]`: the service through which a web page, here or elsewhere, sets this machine's Pi cameras."""

    enabled: bool = setting(False, "run it, in the camera client")
    host: str = setting(
        "127.0.0.1",
        "address to listen on; 0.0.0.0 for the whole network, which needs a token, and should have a proxy that makes "
        "it HTTPS",
    )
    port: int = setting(8095, "port to listen on (TCP)", low=1, high=65535)
    token: str = setting(
        "",
        'what whoever asks it must know, 16 characters or more (openssl rand -hex 24); "" asks for nothing, and '
        "serves this machine alone",
        secret=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything; made by `config.load.load_settings`, or by a test directly."""

    media_dir: Path = setting(Path("/var/lib/birbcam"), "holds recordings/<stream>/", form="path")
    output_dir: Path = setting(Path("/var/lib/birbcam/clips"), "holds <camera>/<day>/ with the clips", form="path")
    state_dir: Path = setting(
        Path("/var/lib/birbcam/state"), "state, passwords and what the web page saved", form="path"
    )
    time_zone: str = setting("", 'zone that a day belongs to, as "Europe/Berlin"; "" is the system\'s', form="zone")
    recorder: str = setting(
        "auto",
        '"mediamtx", "embedded", or "auto": MediaMTX where it is found or can be downloaded, else embedded',
        choices=("auto", "mediamtx", "embedded"),
    )
    scan_interval: float = setting(30.0, "pause between two motion passes of the demo", "s", low=1, high=3600)
    workers: int = setting(
        0, "processes that search footage for motion; 0 searches in the motion job itself", low=0, high=64
    )
    log_level: str = setting("info", "how much is logged", choices=("debug", "info", "warning", "error"))
    log_file: str = setting(
        "",
        "a file that the log goes to as well, for machines without journald; it stays below 8 MB",
        form="path",
    )
    mediamtx: RecorderSettings = field(default_factory=RecorderSettings)
    retention: RetentionSettings = field(default_factory=RetentionSettings)
    web: WebSettings = field(default_factory=WebSettings)
    settings_server: SettingsServerSettings = field(default_factory=SettingsServerSettings)
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
