"""What an installation finds out by itself, so that it need not ask."""

from __future__ import annotations

import grp
import json
import os
import pwd
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from launcher.installed import ALL_UNITS, RECORD, UNITS, USER, Record

# In Raspberry Pi OS, and not everywhere in others.
PI_PACKAGES = ("python3-picamera2", "python3-gpiozero", "python3-lgpio")
DEVICE_GROUPS = ("video", "audio", "render", "gpio", "i2c")  # who may open cameras, microphones and pins
SYSTEM_PYTHON = "/usr/bin/python3"

_CAMERAS = """
import json, libcamera
print(json.dumps([{"id": c.id, "model": str(c.properties.get(libcamera.properties.Model, ""))}
                  for c in libcamera.CameraManager.singleton().cameras]))
"""


@dataclass(frozen=True, slots=True)
class Facts:
    """This machine as it is before a step is done."""

    source: Path  # the checkout that is installed
    packages: frozenset[str] = frozenset()  # of Debian, of those that matter
    offered: frozenset[str] = frozenset()  # those that apt could install
    groups: frozenset[str] = frozenset()
    user_id: int | None = None  # of BirbCam's own user
    systemd: int = 0  # version
    pi_model: str = ""  # "Raspberry Pi 5 Model B Rev 1.0"
    modules: tuple[str, ...] = ()  # camera modules, by model, in picamera2's order
    usb_cameras: tuple[Path, ...] = ()
    sound_server: str = ""  # "pulseaudio", "pipewire" or none
    lingers: bool = False
    record: Record | None = None  # of an installation that is here already
    units: frozenset[str] = field(default_factory=frozenset)  # ours, as far as they are installed
    drop_ins: frozenset[str] = field(default_factory=frozenset)  # folders with additions to our units
    lan: tuple[str, ...] = ()  # addresses under which other machines see this one
    hostname: str = ""


def look(source: Path) -> Facts:
    """Find out; changes nothing."""
    packages = _output(["dpkg-query", "-W", "-f", "${db:Status-Abbrev} ${Package}\n"]).splitlines()
    offered = [name for prefix in PI_PACKAGES for name in _output(["apt-cache", "pkgnames", prefix]).split()]
    return Facts(
        source=source,
        packages=frozenset(line.split()[1] for line in packages if line.startswith("ii ")),
        offered=frozenset(offered),
        groups=frozenset(group.gr_name for group in grp.getgrall()),
        user_id=_user_id(),
        systemd=_systemd_version(),
        pi_model=pi_model(),
        modules=camera_modules(),
        usb_cameras=usb_cameras(),
        sound_server=sound_server(),
        lingers=Path(f"/var/lib/systemd/linger/{USER}").exists(),
        record=Record.read(RECORD),
        units=frozenset(name for name in ALL_UNITS if (UNITS / name).is_file()),
        drop_ins=frozenset(f"{name}.d" for name in ALL_UNITS if (UNITS / f"{name}.d").is_dir()),
        lan=addresses(),
        hostname=os.uname().nodename,
    )


def pi_model(path: Path = Path("/proc/device-tree/model")) -> str:
    """Which Raspberry Pi this is; "" where it is none."""
    try:
        model = path.read_bytes().rstrip(b"\0").decode(errors="replace")
    except OSError:
        return ""
    return model if model.startswith("Raspberry Pi") else ""


def camera_modules() -> tuple[str, ...]:
    """The camera modules that libcamera sees, by model; webcams are not among them."""
    python = SYSTEM_PYTHON if os.access(SYSTEM_PYTHON, os.X_OK) else sys.executable
    try:
        found = json.loads(_output([python, "-c", _CAMERAS]))
    except json.JSONDecodeError:
        return ()  # without libcamera there are none
    found.sort(key=lambda camera: camera["id"], reverse=True)  # as picamera2 does
    return tuple(camera["model"] for camera in found if "/usb" not in camera["id"].lower())


def usb_cameras(
    folder: Path = Path("/sys/class/video4linux"), by_id: Path = Path("/dev/v4l/by-id")
) -> tuple[Path, ...]:
    """The devices of webcams that give pictures; a Pi has many more, which are no cameras.

    By the names that udev gives them, which stay when another webcam is plugged in; where there is none, by number.
    """
    names = {link.resolve().name: link for link in sorted(by_id.glob("*-video-index0"))}
    found = []
    for device in sorted(folder.glob("video*"), key=lambda path: int(path.name.removeprefix("video"))):
        try:
            driver = (device / "device/driver").resolve().name
            first = (device / "index").read_text().strip() == "0"  # the others give metadata
        except OSError:
            continue
        if driver == "uvcvideo" and first:
            found.append(names.get(device.name, Path("/dev") / device.name))
    return tuple(found)


def sound_server() -> str:
    """Which sound server a lingering user would get: pulseaudio, pipewire, or none (the Lite OS)."""
    for name, program in (("pipewire", "pipewire-pulse"), ("pulseaudio", "pulseaudio")):
        if shutil.which(program):
            return name
    return ""


def addresses() -> tuple[str, ...]:
    """The addresses under which other machines of the network see this one."""
    found = _output(["hostname", "-I"]).split()
    return tuple(address for address in found if ":" not in address)


def _user_id() -> int | None:
    try:
        return pwd.getpwnam(USER).pw_uid
    except KeyError:
        return None


def _systemd_version() -> int:
    match = re.match(r"systemd (\d+)", _output(["systemctl", "--version"]))
    return int(match[1]) if match else 0


def _output(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=30, stdin=subprocess.DEVNULL, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""
