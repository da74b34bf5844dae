"""Where the running recorder is reached: nobody else knows its ports, passwords or addresses."""

from __future__ import annotations

import base64
import dataclasses
import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import quote

from config.errors import RecorderError
from config.network import is_loopback
from config.settings import Settings
from mediamtx.files import replace_file
from mediamtx.layout import Layout
from mediamtx.names import Stream, from_iso, iso

RecorderKind = Literal["mediamtx", "embedded"]

PUBLISH_USER = "camera"
READ_USER = "reader"
_CURE = "start it with: ./birbcam recorder"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecorderInfo:
    """What the running recorder says of itself; it stands in `layout.recorder_file` as long as it answers."""

    kind: RecorderKind
    pid: int  # of `python -m mediamtx`
    started: datetime  # UTC
    rtsp: dict[str, str] = field(default_factory=dict)  # stream path -> publish URL, where each has one of its own
    rtsp_base: str = ""  # "rtsp://127.0.0.1:8554", where one address serves all streams
    hls_base: str  # "http://127.0.0.1:8888"
    api_base: str  # "http://127.0.0.1:9997"
    webrtc_base: str | None = None
    has_hls_js: bool = False  # whether <hls base>/<path>/hls.min.js is served


def write_recorder_info(settings: Settings, info: RecorderInfo) -> None:
    """Tell the other processes that the recorder answers; StorageError where the state cannot be written."""
    values = dataclasses.asdict(info) | {"started": iso(info.started), "born": _born(info.pid)}
    replace_file(Layout.of(settings).recorder_file, json.dumps(values, indent=1), 0o644)


def remove_recorder_info(settings: Settings) -> None:
    """Take back what `write_recorder_info` told; nothing to do where it told nothing."""
    Layout.of(settings).recorder_file.unlink(missing_ok=True)


def running_recorder(settings: Settings) -> RecorderInfo:
    """The recorder that runs and answers; RecorderError, with the cure, where there is none.

    The file that a killed recorder left behind is told by its process: gone, or another one with the same number.
    """
    path = Layout.of(settings).recorder_file
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        born = values.pop("born")
        info = RecorderInfo(**(values | {"started": from_iso(values["started"])}))
    except FileNotFoundError:
        raise RecorderError(f"the recorder is not running; {_CURE}") from None
    except OSError as error:
        raise RecorderError(f"{path}: cannot be read ({error.strerror}); run this as BirbCam's own user") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise RecorderError(f"{path}: damaged ({error}); restart the recorder: ./birbcam recorder") from error
    if info.kind not in get_args(RecorderKind):
        raise RecorderError(f"{path}: damaged (no recorder is called {info.kind!r}); {_CURE}")
    if _born(info.pid) != born:
        raise RecorderError(f"the recorder is not running (it was killed); {_CURE}")
    return info


def publish_url(settings: Settings, stream: Stream) -> str:
    """Where a publisher sends `stream` over RTSP/TCP, with user and password where they are needed.

    Raises RecorderError where no recorder runs or where it has no place for the stream. Of a recorder on another
    machine (`mediamtx.host`) nothing is known but that it is a MediaMTX with the password that lies here.
    """
    if host := settings.mediamtx.host:
        base = f"rtsp://{bracketed(host)}:{settings.mediamtx.rtsp_port}"
    else:
        info = running_recorder(settings)
        base = info.rtsp_base if info.kind == "mediamtx" else ""
    if base:
        user = f"{PUBLISH_USER}:{quote(publish_password(settings), safe='')}@"
        return f"{base.replace('://', f'://{user}', 1)}/{stream.path}"
    try:
        return info.rtsp[stream.path]
    except KeyError:
        raise RecorderError(
            f"the running recorder does not know the camera {stream.camera!r} yet: it takes up a new one within "
            "seconds; else restart the recorder"
        ) from None


def hls_url(settings: Settings, stream: Stream) -> str:
    """The entry playlist of a stream's live HLS, on the loopback; RecorderError where no recorder runs.

    MediaMTX sends whoever asks without `?cookieCheck=1` there first; with it, the session goes into the children's
    addresses. The embedded recorder ignores the query.
    """
    return f"{running_recorder(settings).hls_base}/{stream.path}/index.m3u8"


def whep_url(settings: Settings, stream: Stream) -> str | None:
    """Where a stream is asked for over WebRTC (WHEP), on the loopback; None where the recorder has none.

    It takes `reader_headers` with it. RecorderError where no recorder runs.
    """
    base = running_recorder(settings).webrtc_base
    return f"{base}/{stream.path}/whep" if base else None


def webrtc_udp_host(settings: Settings) -> str:
    """What MediaMTX's WebRTC port listens on; "" is everything.

    No more is open than the page is: where only this machine's browsers reach that, they alone reach the port.
    """
    local = settings.web.host == "localhost" or is_loopback(settings.web.host)
    return settings.mediamtx.webrtc_udp_host or ("127.0.0.1" if local else "")


def bracketed(host: str) -> str:
    """A host as it stands before the colon of a port."""
    return f"[{host}]" if ":" in host else host


def api_url(settings: Settings) -> str:
    """Where the recorder answers `GET /v3/paths/list`, on the loopback; RecorderError where no recorder runs."""
    return running_recorder(settings).api_base


def reader_headers(settings: Settings) -> dict[str, str]:
    """What a request for `hls_url` or `api_url` must carry.

    Loopback is no protection: any page that a browser of this machine shows may send requests there. RecorderError.
    """
    if running_recorder(settings).kind == "embedded":
        return {}  # it can only be read, and answers loopback names alone
    return mediamtx_headers(settings)


def mediamtx_headers(settings: Settings) -> dict[str, str]:
    """As `reader_headers`, of a MediaMTX that runs or is about to: HTTP's basic authentication (RFC 7617)."""
    secret = f"{READ_USER}:{publish_password(settings)}"
    return {"Authorization": "Basic " + base64.b64encode(secret.encode()).decode("ascii")}


def publish_password(settings: Settings) -> str:
    """What the running MediaMTX wants from publishers and readers; RecorderError where it cannot be read."""
    path = Layout.of(settings).publish_password
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise RecorderError(
            f"{path}: cannot be read ({error.strerror}); run this as BirbCam's own user, or restart the recorder"
        ) from error


def _born(pid: int) -> Any:
    """When a living process started, in clock ticks since boot (proc(5), field 22); None where there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else int(fields[19])
