"""The system's time zone, by its name where the system tells it."""

from __future__ import annotations

import os
from datetime import UTC, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def system_zone_name() -> str:
    """The IANA name of the system's zone ("Europe/Berlin"), "UTC" where it cannot be told.

    TZ wins, then the link /etc/localtime, then /etc/timezone (Debian's habit).
    """
    candidates = [os.environ.get("TZ", "").removeprefix(":")]
    try:
        candidates.append(str(Path("/etc/localtime").readlink()).partition("zoneinfo/")[2])
    except OSError:
        pass  # a copy, or nothing: the other places may tell
    try:
        candidates.append(Path("/etc/timezone").read_text().strip())
    except OSError:
        pass
    for name in candidates:
        if name:
            try:
                ZoneInfo(name)
            except (ZoneInfoNotFoundError, ValueError, OSError):
                continue
            return name
    return "UTC"


def system_zone() -> tzinfo:
    """The system's zone; one that knows its daylight saving."""
    name = system_zone_name()
    return UTC if name == "UTC" else ZoneInfo(name)
