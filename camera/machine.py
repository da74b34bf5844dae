"""The machine that the camera hangs on: its heat and its supply, as Linux tells them; None for what it does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

THROTTLING = {0: "under-voltage", 1: "frequency capped", 2: "throttled", 3: "hot"}
"""The bits of the Pi's firmware; 16 higher, the same at any time since the start."""


def machine_status(root: Path = Path("/")) -> dict[str, Any]:
    """`temperature` (degrees Celsius), `throttling` now and `throttled_before`: lists of words; `uptime` (s)."""
    heat = _number(root / "sys/class/thermal/thermal_zone0/temp")
    bits = _number(root / "sys/devices/platform/soc/soc:firmware/get_throttled", 16)
    up = _read(root / "proc/uptime").partition(".")[0]
    return {
        "temperature": None if heat is None else round(heat / 1000, 1),
        "throttling": _words(bits),
        "throttled_before": None if bits is None else _words(bits >> 16),
        "uptime": int(up) if up.isdigit() else None,
    }


def _words(bits: int | None) -> list[str] | None:
    return None if bits is None else [word for bit, word in THROTTLING.items() if bits >> bit & 1]


def _number(path: Path, base: int = 10) -> int | None:
    try:
        return int(_read(path), base)
    except ValueError:
        return None


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
