"""Looking at the machine for the doctor: camera modules, microphones, power, clock, card, and a recorder elsewhere."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from config.errors import RecorderError
from config.settings import Settings
from launcher.doctor_pi import Looks, Module
from launcher.finding import Finding
from launcher.install_facts import SYSTEM_PYTHON, pi_model, sound_server
from launcher.installed import INSTALLED, RECORD, USER
from mediamtx.addresses import PUBLISH_USER, publish_password

ROOT = Path(__file__).resolve().parent.parent
TEST_SIZE = 16  # MB written to find out how fast the card is
ANSWER = 5.0  # s for a recorder on another machine

_MODULES = """
import json, libcamera
def modes(camera):
    try:
        formats = camera.generate_configuration([libcamera.StreamRole.Raw]).at(0).formats
        return sorted({(s.width, s.height) for f in formats.pixel_formats for s in formats.sizes(f)})
    except (RuntimeError, AttributeError):  # this one cannot be read raw
        return []
print(json.dumps([[c.id, str(c.properties.get(libcamera.properties.Model, "")), modes(c)]
                  for c in libcamera.CameraManager.singleton().cameras]))
"""


def look(settings: Settings) -> Looks:
    """Look at everything; takes a second or two."""
    return Looks(
        pi_model=pi_model(),
        modules=modules(),
        microphones=_output([_camera_python(), "-m", "camera.microphones"]),
        sound_server=sound_server(),
        installed=RECORD.exists(),
        lingers=Path(f"/var/lib/systemd/linger/{USER}").exists(),
        throttled=throttled(_output(["vcgencmd", "get_throttled"])),
        temperature=_temperature(),
        clock_synchronised=_clock(_output(["timedatectl", "show", "-P", "NTPSynchronized"])),
        card_speed=card_speed(settings.media_dir),
    )


def modules() -> tuple[Module, ...] | None:
    """The camera modules that libcamera sees, webcams aside, as picamera2 numbers them; None where it is missing."""
    said = _output([SYSTEM_PYTHON, "-c", _MODULES])
    try:
        found = json.loads(said or "")
    except json.JSONDecodeError:
        return None
    return tuple(
        Module(model, tuple(f"{width}x{height}" for width, height in modes))
        for ident, model, modes in sorted(found, reverse=True)  # by name, backwards: as picamera2 does
        if "/usb" not in ident.lower()
    )


def throttled(said: str | None) -> int | None:
    """The number in `throttled=0x50005`."""
    match = re.fullmatch(r"throttled=0x([0-9a-f]+)", (said or "").strip())
    return int(match[1], 16) if match else None


def card_speed(folder: Path) -> float | None:
    """MB/s that can be written into a folder and are there to stay; None where it cannot be written."""
    if not os.access(folder, os.W_OK) or shutil.disk_usage(folder).free < 4 * TEST_SIZE * 10**6:
        return None
    block = os.urandom(10**6)
    start = time.monotonic()
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(TEST_SIZE):
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    return TEST_SIZE / max(time.monotonic() - start, 1e-6)


def check_elsewhere(settings: Settings) -> Iterator[Finding]:
    """Whether the recorder of another machine, where one is configured, is reached and takes our password."""
    host, port = settings.mediamtx.host, settings.mediamtx.rtsp_port
    if not host:
        return
    try:
        status = announce(host, port, publish_password(settings))
    except RecorderError as error:
        yield Finding(False, f"recorder on {host}: {error}")
    except OSError as error:
        cure = (
            "is that machine on, BirbCam's recorder running there, and no firewall in between? or correct mediamtx.host"
        )
        yield Finding(False, f"recorder on {host}: port {port} is not reached ({error})", cure)
    else:
        if status == 200:
            yield Finding(True, f"recorder on {host}: reached, and the password is right")
        elif status == 401:
            cure = "copy state/publish_password from the server, mode 600, owned by birbcam"
            yield Finding(False, f"recorder on {host}: it does not take our password", cure)
        else:
            yield Finding(False, f"recorder on {host}: answers {status} on port {port}", "is this BirbCam's recorder?")


def announce(host: str, port: int, password: str) -> int:
    """What an RTSP server says (status) to a publisher with this password that goes away again. Raises OSError."""
    body = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n"
    body += "a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\na=control:trackID=0\r\n"
    secret = base64.b64encode(f"{PUBLISH_USER}:{password}".encode()).decode("ascii")
    url = f"rtsp://{f'[{host}]' if ':' in host else host}:{port}/doctor"
    lines = [f"ANNOUNCE {url} RTSP/1.0", "CSeq: 1", f"Authorization: Basic {secret}"]
    lines += ["Content-Type: application/sdp", f"Content-Length: {len(body)}", "", body]
    with socket.create_connection((host, port), timeout=ANSWER) as connection:
        connection.sendall("\r\n".join(lines).encode())
        answer = connection.recv(4096).decode("ascii", errors="replace")
    match = re.match(r"RTSP/1\.0 (\d+)", answer)
    return int(match[1]) if match else 0


def _camera_python() -> str:
    """The Python that the camera runs on: an installation has one of its own for it."""
    own = ROOT / ".venv-camera/bin/python"
    return str(own) if ROOT == INSTALLED and own.exists() else sys.executable


def _temperature() -> float | None:
    try:
        return int(Path("/sys/class/thermal/thermal_zone0/temp").read_text()) / 1000
    except (OSError, ValueError):
        return None


def _clock(said: str | None) -> bool | None:
    return {"yes": True, "no": False}.get((said or "").strip())


def _output(command: list[str]) -> str | None:
    """What a command prints; None where it fails or is not there."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=20, stdin=subprocess.DEVNULL, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
