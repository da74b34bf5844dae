"""The configuration file for MediaMTX: made from the settings, checked by MediaMTX itself, then put in place."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import threading
from pathlib import Path
from typing import Any

from config.errors import ConfigError, RecorderError, StorageError
from config.settings import CAMERA_NAME, Settings
from mediamtx.addresses import PUBLISH_USER, READ_USER, bracketed, webrtc_udp_host
from mediamtx.files import replace_file
from mediamtx.find import Version
from mediamtx.layout import Layout
from mediamtx.names import Stream

# Unknown keys are fatal to MediaMTX, so a key that came later is written only for those that know it.
_MOQ_SINCE = (1, 19, 0)
_CHECK_TIMEOUT = 20.0  # s
_SERVERS_OFF = {f"MTX_{name}": "no" for name in ("RTSP", "HLS", "WEBRTC", "API", "METRICS")}


def mediamtx_config(settings: Settings, password: str, version: Version) -> dict[str, Any]:
    """What MediaMTX of this `version` has to know, as its configuration file has it.

    Any valid stream name is accepted, configured or not, so that a new camera needs no restart. ConfigError where
    the recordings' folder cannot be expressed.
    """
    recordings = str(Layout.of(settings).recordings)
    if "%" in recordings:
        raise ConfigError(f"media_dir = {recordings!r}: must not contain %, which MediaMTX replaces in recordPath")
    main = CAMERA_NAME.pattern
    detect = main + Stream("x", detect=True).path.removeprefix("x")
    ours = settings.mediamtx
    config: dict[str, Any] = {
        "logLevel": "debug" if settings.log_level == "debug" else "info",
        "logDestinations": ["stdout"],
        "api": True,
        "apiAddress": f"127.0.0.1:{ours.api_port}",
        "metrics": True,
        "metricsAddress": f"127.0.0.1:{ours.metrics_port}",
        "rtmp": False,
        "srt": False,
        "rtspTransports": ["tcp"],
        "rtspAddress": f":{ours.rtsp_port}",
        "hlsAddress": f"127.0.0.1:{ours.hls_port}",
        "hlsVariant": "fmp4",
        "hlsAlwaysRemux": True,
        "hlsSegmentDuration": "1s",
        "webrtcAddress": f"127.0.0.1:{ours.webrtc_port}",
        # Offered to browsers: the addresses of this machine's interfaces that the port listens on, and these.
        "webrtcLocalUDPAddress": f"{bracketed(webrtc_udp_host(settings))}:{ours.webrtc_udp_port}",
        "webrtcAdditionalHosts": [host for part in ours.webrtc_hosts.split(",") if (host := part.strip())],
        "authInternalUsers": [
            {
                "user": PUBLISH_USER,
                "pass": password,
                "permissions": [{"action": "publish", "path": f"~^({main}|{detect})$"}],
            },
            {
                # Only from this machine, where the web app passes it on; and with a password, since any page that a
                # browser here shows could send requests too, and the API runs commands.
                "user": READ_USER,
                "pass": password,
                "ips": ["127.0.0.1", "::1"],
                "permissions": [{"action": "read"}, {"action": "api"}, {"action": "metrics"}],
            },
        ],
        "pathDefaults": {
            "record": True,
            "recordPath": f"{recordings}/%path/%Y-%m-%d_%H-%M-%S-%f",
            "recordFormat": "fmp4",
            "recordPartDuration": _duration(ours.part),
            "recordSegmentDuration": _duration(ours.segment),
            "recordDeleteAfter": "0s",  # ours is the retention
        },
        "paths": {
            f"~^{main}$": {},
            f"~^{detect}$": {"recordSegmentDuration": _duration(ours.detect_segment)},
        },
    }
    if version >= _MOQ_SINCE:
        config["moq"] = False
    return config


def write_mediamtx_config(settings: Settings, binary: Path, version: Version) -> Path:
    """Write the file, have it checked and rename it; its path.

    The old file stays where the new one is refused. Raises RecorderError with MediaMTX's own words, StorageError.
    """
    path = Layout.of(settings).mediamtx_config
    config = mediamtx_config(settings, make_publish_password(settings), version)
    candidate = path.with_name(f"{path.stem}.new{path.suffix}")
    replace_file(candidate, json.dumps(config, indent=2, ensure_ascii=False) + "\n", 0o600)  # JSON is YAML
    try:
        check_config(binary, candidate)
        candidate.replace(path)
    finally:
        candidate.unlink(missing_ok=True)
    return path


def check_config(binary: Path, path: Path) -> None:
    """RecorderError where this MediaMTX does not accept the file.

    It has no option to check one, so it is started with every server switched off, up to the line that says that
    the file is loaded; it listens on nothing and records nothing.
    """
    said = []
    with subprocess.Popen(
        [binary, path],
        env=child_environment() | _SERVERS_OFF,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        timer = threading.Timer(_CHECK_TIMEOUT, process.kill)
        timer.start()
        try:
            for line in process.stdout:
                if "configuration loaded from" in line:
                    return
                said.append(line.strip())
        finally:
            timer.cancel()
            timer.join()
            process.kill()
    raise RecorderError(
        f"{path}: {binary} refuses this configuration: {' '.join(said) or 'it said nothing'}; "
        "if it is a MediaMTX newer than BirbCam, use the release that BirbCam downloads itself"
    )


def child_environment() -> dict[str, str]:
    """The environment MediaMTX runs in: names in UTC, and no MTX_ variable that would override the file."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MTX_")} | {"TZ": "UTC"}


def make_publish_password(settings: Settings) -> str:
    """The password that publishers and readers need; made on first use, readable by its owner alone. StorageError."""
    path = Layout.of(settings).publish_password
    try:
        password = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        password = ""
    except (OSError, UnicodeDecodeError) as error:
        raise StorageError(f"{path}: cannot be read ({error}); remove it to have a new password made") from error
    if not password:
        password = secrets.token_hex(16)
        replace_file(path, password + "\n", 0o600)
    return password


def _duration(seconds: float) -> str:
    return f"{seconds:g}s"
