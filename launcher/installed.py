"""Where an installation lies, and what it remembers of itself."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

Parts = Literal["all", "camera", "server"]

USER = "birbcam"
INSTALLED = Path("/opt/birbcam")
CONFIG = Path("/etc/birbcam/config.txt")
RECORD = Path("/etc/birbcam/installation.json")
HOME = Path("/var/lib/birbcam")
CACHE = Path("/var/cache/birbcam")
UNITS = Path("/etc/systemd/system")
COMMAND = Path("/usr/local/bin/birbcam")

SERVER_UNITS = ("birbcam-recorder.service", "birbcam-web.service", "birbcam-motion.timer")
CAMERA_UNITS = ("birbcam-camera.service",)
COMMON_UNITS = ("birbcam-requests.path",)


def config_file() -> Path:
    """The configuration file of the installation; one that somebody put beside the program comes first, as ever."""
    beside = INSTALLED / "config.txt"
    return beside if beside.is_file() else CONFIG


@dataclass(frozen=True, slots=True)
class Record:
    """What the next `install`, `update` and `uninstall` need to know of this one."""

    parts: Parts
    source: str  # the checkout it came from
    server: str = ""  # the machine that the cameras publish to; "" is this one
    memory: str = ""  # the size of the recordings' folder in memory; "" is on disk

    @classmethod
    def read(cls, path: Path) -> Record | None:
        """The record; None where nothing is installed, or where it is of no use."""
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def text(self) -> str:
        """As it is kept."""
        return json.dumps(asdict(self), indent=1) + "\n"


def enabled_units(parts: Parts) -> tuple[str, ...]:
    """The units that are enabled and started, in the order of a start."""
    server = SERVER_UNITS if parts != "camera" else ()
    camera = CAMERA_UNITS if parts != "server" else ()
    return (*server[:1], *camera, *server[1:], *COMMON_UNITS)
