"""Where an installation lies, and what it remembers of itself."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from config.settings import Settings

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
ALL_UNITS = (
    *(*SERVER_UNITS, *CAMERA_UNITS, *COMMON_UNITS),
    *("birbcam-motion.service", "birbcam-requests.service"),  # started by others
)


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
    media_dir: str = ""  # the folders as they were set, for when the configuration cannot be read any more
    output_dir: str = ""
    state_dir: str = ""

    @classmethod
    def read(cls, path: Path) -> Record | None:
        """The record; None where nothing is installed, or where it is of no use."""
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def having(self, settings: Settings) -> Record:
        """The same, with the folders of these settings."""
        folders = (str(path) for path in (settings.media_dir, settings.output_dir, settings.state_dir))
        return Record(self.parts, self.source, self.server, self.memory, *folders)

    def settings(self) -> Settings:
        """The defaults with the folders that are remembered."""
        usual = Settings()
        return replace(
            usual,
            media_dir=Path(self.media_dir or usual.media_dir),
            output_dir=Path(self.output_dir or usual.output_dir),
            state_dir=Path(self.state_dir or usual.state_dir),
        )

    def text(self) -> str:
        """As it is kept."""
        return json.dumps(asdict(self), indent=1) + "\n"


def enabled_units(parts: Parts) -> tuple[str, ...]:
    """The units that are enabled and started, in the order of a start."""
    server = SERVER_UNITS if parts != "camera" else ()
    camera = CAMERA_UNITS if parts != "server" else ()
    return (*server[:1], *camera, *server[1:], *COMMON_UNITS)
