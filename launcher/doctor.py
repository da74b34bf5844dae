"""The doctor: checks what an installation needs and prints, per line, what is right or wrong and the cure."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from config.errors import ConfigError, RecorderError
from config.load import Loaded, load
from config.logs import redact
from config.network import is_loopback
from config.settings import Settings
from config.sizes import parse_amount
from launcher.doctor_look import check_elsewhere, look
from launcher.doctor_pi import judge
from launcher.finding import Finding
from launcher.ports import EVERYWHERE, PORT_HOSTS, is_free
from mediamtx.addresses import running_recorder, webrtc_udp_host
from mediamtx.find import find_mediamtx
from mediamtx.layout import Layout

LOW_SPACE = 1 << 30  # bytes below which recording is about to suffer


def run_doctor() -> int:
    """Print all findings; 0 when nothing is wrong, else 1."""
    wrong = 0
    for finding in examine():
        print(finding)
        wrong += not finding.ok and finding.grave
    print(f"\n{wrong} wrong" if wrong else "\nnothing is wrong")
    return 1 if wrong else 0


def examine() -> Iterator[Finding]:
    """All findings, in the order a person would look."""
    yield check_python()
    yield from (check_program(name) for name in ("ffmpeg", "ffprobe"))
    try:
        loaded = load()
    except ConfigError as error:
        yield from (Finding(False, problem) for problem in error.problems)
        return
    yield from check_settings(loaded)
    settings = loaded.settings
    running = None
    if settings.mediamtx.host:
        yield from check_elsewhere(settings)
    else:
        try:
            running = running_recorder(settings)
        except RecorderError as error:
            yield Finding(False, str(error), grave=False)
        else:
            yield Finding(True, f"recorder: {running.kind} is running since {running.started:%Y-%m-%d %H:%M:%S} UTC")
        yield check_recorder(settings)
    yield from judge(settings, look(settings))
    yield from check_folders(settings)
    yield from check_space(settings)
    yield from check_ports(settings, recorder_runs=running is not None)
    if settings.recorder != "embedded" and not settings.mediamtx.host:
        yield check_webrtc(settings, recorder_runs=running is not None)


def check_python() -> Finding:
    """Whether this Python is one that the packages are locked for."""
    version = ".".join(map(str, sys.version_info[:3]))
    ok = (3, 11) <= sys.version_info[:2] <= (3, 13)
    return Finding(ok, f"Python {version} at {sys.executable}", "" if ok else "use Python 3.11 to 3.13")


def check_program(name: str) -> Finding:
    """Whether ffmpeg or ffprobe is there and runs."""
    path = shutil.which(name)
    if path is None:
        return Finding(False, f"{name} not found", "install it with: sudo apt install ffmpeg")
    try:
        done = subprocess.run([path, "-version"], capture_output=True, text=True, timeout=20, check=False)
    except subprocess.TimeoutExpired:
        return Finding(False, f"{path} does not answer within 20 s", "is the card or disk it is on well?")
    if done.returncode != 0:
        cure = "install it anew with: sudo apt install --reinstall ffmpeg"
        return Finding(False, f"{path} does not run (exit code {done.returncode})", cure)
    return Finding(True, " ".join(done.stdout.split()[:3]) + f" at {path}")


def check_settings(loaded: Loaded) -> Iterator[Finding]:
    """Where the settings come from, and each value that is not its default."""
    source = loaded.config_file or "none (copy config_default.txt to config.txt to make one)"
    yield Finding(True, f"settings file: {source}")
    for key in sorted(loaded.origins):
        if not key.startswith("camera."):  # the common values show up in the cameras that take them
            yield Finding(True, f"setting {key} = {shown_value(loaded.settings, key)} (from {loaded.origins[key]})")
    for name, camera in sorted(loaded.settings.cameras.items()):
        state = "" if camera.enabled else ", switched off"
        text = f"camera {name}: {redact(camera.source)}{state}"
        if camera.source.startswith("/") and not Path(camera.source).exists():
            yield Finding(False, text, f"there is no such file or device; set cameras.{name}.source", grave=False)
        else:
            yield Finding(True, text)


def shown_value(settings: Settings, key: str) -> str:
    """The value of a dotted key as it may be printed: no token, and passwords in addresses redacted."""
    if key.endswith("token"):
        return "(not shown)"
    value: object = settings
    for part in key.split("."):
        value = value[part] if isinstance(value, dict) else getattr(value, part)
    return redact(str(value)) if isinstance(value, (str, Path)) else repr(value)


def check_recorder(settings: Settings) -> Finding:
    """Which recorder would be used, and whether its program is there."""
    if settings.recorder == "embedded":
        return Finding(True, "recorder: embedded (no WebRTC, this machine only)")
    try:
        binary = find_mediamtx(settings)
    except RecorderError as error:
        return Finding(False, str(error))
    if binary is not None:
        return Finding(True, f"recorder: MediaMTX at {binary}")
    otherwise = "; without a network the embedded one is used" if settings.recorder == "auto" else ""
    text = f"recorder: MediaMTX not found; it is downloaded at the next start{otherwise}"
    return Finding(False, text, "or put its program on PATH, or name it in mediamtx.binary", grave=False)


def check_folders(settings: Settings) -> Iterator[Finding]:
    """Whether our folders are there, or can be made, and may be written."""
    for key in ("media_dir", "output_dir", "state_dir"):
        folder: Path = getattr(settings, key)
        existing = nearest_existing(folder)
        recordings = Layout.of(settings).recordings  # nothing else is written in media_dir, which may be others' disk
        written = recordings if key == "media_dir" and recordings.is_dir() else existing
        who = f"the user {os.environ.get('USER') or os.getuid()}"
        if not existing.is_dir():
            yield Finding(False, f"{key} {folder}: {existing} is not a folder", f"move it away, or set {key}")
        elif not os.access(written, os.W_OK | os.X_OK) or is_read_only(written):
            cure = f"give {who} the right to write {written}, or set {key} to another folder"
            yield Finding(False, f"{key} {folder}: {written} cannot be written", cure)
        elif existing == folder:
            yield Finding(True, f"{key} {folder}: can be written")
        else:
            yield Finding(True, f"{key} {folder}: will be made below {existing}")


def nearest_existing(path: Path) -> Path:
    """The path itself or the nearest of its parents that exists."""
    return next(place for place in (path, *path.parents) if place.exists())


def is_read_only(folder: Path) -> bool:
    """Whether its file system is mounted read-only (root may write anything else)."""
    return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)


def check_space(settings: Settings) -> Iterator[Finding]:
    """Free space per file system, against what retention keeps free."""
    seen = set()
    for folder in (settings.media_dir, settings.output_dir):
        existing = nearest_existing(folder)
        device = existing.stat().st_dev
        if device in seen:
            continue
        seen.add(device)
        usage = shutil.disk_usage(existing)
        keep = parse_amount(settings.retention.keep_free, usage.total) or 0
        text = f"free space at {existing}: {usage.free / 1e9:.1f} of {usage.total / 1e9:.1f} GB"
        if usage.free < LOW_SPACE:
            cure = "free some, or move media_dir and output_dir to a larger disk"
            yield Finding(False, text, cure)
        elif usage.free < keep:
            cure = f"less than retention.keep_free ({settings.retention.keep_free}): old recordings go, then clips"
            yield Finding(False, text, cure, grave=False)
        else:
            yield Finding(True, text)


def check_ports(settings: Settings, recorder_runs: bool) -> Iterator[Finding]:
    """Whether our ports are free; those of a recorder that runs are its own."""
    wanted = {"web.port": (settings.web.host, settings.web.port)}
    if not recorder_runs:
        used = {"hls_port", "api_port"}
        used |= {"embedded_port"} if settings.recorder == "embedded" else {"rtsp_port", "webrtc_port", "metrics_port"}
        for name in sorted(used):
            wanted[f"mediamtx.{name}"] = (PORT_HOSTS.get(name, "127.0.0.1"), getattr(settings.mediamtx, name))
    for setting, (host, port) in wanted.items():
        try:
            free = is_free(host, port)
        except ConfigError as error:
            yield Finding(False, f"{setting}: {error}")
            continue
        if free:
            yield Finding(True, f"port {port} ({setting}) is free")
        else:
            cure = f"fine if BirbCam's own service holds it; else end that program or set {setting}"
            yield Finding(False, f"port {port} ({setting}) is taken", cure, grave=False)


def check_webrtc(settings: Settings, recorder_runs: bool) -> Finding:
    """Whether browsers reach the UDP port that the live picture over WebRTC comes from; without, they get it by HLS."""
    port, host = settings.mediamtx.webrtc_udp_port, webrtc_udp_host(settings)
    text = f"UDP port {port} (mediamtx.webrtc_udp_port)"
    if not recorder_runs and not is_free(host or EVERYWHERE, port, socket.SOCK_DGRAM):
        return Finding(False, f"{text} is taken", "end the program that holds it, or set another port")
    if not is_loopback(host):
        return Finding(True, f"{text}: let a firewall pass it, as with: sudo ufw allow {port}/udp; else live is by HLS")
    if settings.web.trusted_proxies:
        cure = 'set mediamtx.webrtc_udp_host = "0.0.0.0", and let a firewall pass it'
        return Finding(False, f"{text} is for this machine alone; through the proxy live is by HLS", cure, grave=False)
    return Finding(True, f"{text} is for this machine alone, as the page is")
