"""The machine and the services on it, as Linux and systemd tell them; what costs something is asked now and then."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from camera.machine import machine_status
from config.settings import Settings
from mediamtx.layout import Layout
from mediamtx.names import iso
from webapp.programs import output_of

SERVICES = ("recorder", "camera", "web", "motion")
_UNITS = [f"birbcam-{name}.{'timer' if name == 'motion' else 'service'}" for name in SERVICES]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Service:
    """A service as systemd has it."""

    name: str  # "recorder"
    state: str  # "active", "failed" ...
    since: str | None  # ISO 8601 UTC
    restarts: int


class Remembered:
    """Answers that count for a while."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[object, tuple[float, Any]] = {}

    def get(self, seconds: float, ask: Callable[..., T], *about: Any) -> T:
        """What `ask` said within the last `seconds`, or says now about these."""
        now, key = self._clock(), ask
        known = self._known.get(key)
        if known is None or now - known[0] > seconds:
            self._known[key] = known = (now, ask(*about))
        answer: T = known[1]
        return answer


def machine(root: Path = Path("/")) -> dict[str, Any]:
    """Load, memory (bytes), heat and voltage, and since when it runs; None for what nobody tells."""
    memory = _memory(root)
    return {
        "name": platform.node(),
        "system": _system(root),
        "python": sys.version.partition(" ")[0],
        "cpus": os.cpu_count(),
        "load": [round(load, 2) for load in os.getloadavg()],
        "memory_total": memory.get("MemTotal"),
        "memory_available": memory.get("MemAvailable"),
        **machine_status(root),
    }


def disks(settings: Settings) -> list[dict[str, Any]]:
    """The file systems that we use: their size and room in bytes, and what of ours lies there."""
    layout = Layout.of(settings)
    places = {"recordings": layout.recordings, "clips": settings.output_dir, "state": settings.state_dir}
    found: dict[int, dict[str, Any]] = {}
    for what, path in places.items():
        folder = next(place for place in (path, *path.parents) if place.exists())
        usage = shutil.disk_usage(folder)
        disk = found.setdefault(
            folder.stat().st_dev, {"path": str(folder), "total": usage.total, "free": usage.free, "holds": []}
        )
        disk["holds"].append(what)
    return list(found.values())


def services() -> list[Service]:
    """BirbCam's services; none where it is not installed as such. For a thread."""
    names = "Id,LoadState,ActiveState,ActiveEnterTimestamp,NRestarts"
    said = output_of(["systemctl", "show", "--timestamp=unix", f"--property={names}", *_UNITS]) or ""
    return [found for block in said.split("\n\n") if (found := _service(block)) is not None]


def clock_synchronised() -> bool | None:
    """Whether the clock follows others; None where systemd does not tell. For a thread."""
    said = output_of(["timedatectl", "show", "--property=NTPSynchronized", "--value"], 3)
    return {"yes": True, "no": False}.get((said or "").strip())


def process_started(root: Path = Path("/")) -> float | None:
    """Unix time at which this process began; None where nobody tells."""
    try:
        ticks = int((root / "proc/self/stat").read_text().rpartition(")")[2].split()[19])
        return time.time() - float((root / "proc/uptime").read_text().split()[0]) + ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return None


def _service(block: str) -> Service | None:
    values = dict(line.partition("=")[::2] for line in block.splitlines())
    if values.get("LoadState") != "loaded":
        return None
    name = values.get("Id", "").removeprefix("birbcam-").partition(".")[0]
    since = values.get("ActiveEnterTimestamp", "").removeprefix("@")
    restarts = values.get("NRestarts", "")
    moment = iso(datetime.fromtimestamp(int(since), UTC)) if since.isdigit() and int(since) else None
    return Service(name, values.get("ActiveState", "unknown"), moment, int(restarts) if restarts.isdigit() else 0)


def _memory(root: Path) -> dict[str, int]:
    try:
        lines = (root / "proc/meminfo").read_text().splitlines()
    except OSError:
        return {}
    split = (line.split() for line in lines)
    return {words[0].rstrip(":"): int(words[1]) * 1024 for words in split if len(words) > 1 and words[1].isdigit()}


def _system(root: Path) -> str:
    try:
        values = dict(line.partition("=")[::2] for line in (root / "etc/os-release").read_text().splitlines())
    except OSError:
        return platform.system()
    return values.get("PRETTY_NAME", platform.system()).strip('"')
