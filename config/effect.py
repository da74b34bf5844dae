"""How a changed setting comes to count: by itself, or when a program that reads it at its start is started again."""

from __future__ import annotations

from typing import Literal

Part = Literal["", "recorder", "web"]

ONLY_IN_FILE = frozenset({"media_dir", "output_dir", "state_dir", "log_file", "mediamtx.binary"})
"""What no page may change: where everything lies, and which program is run. Who can do that owns the machine."""

# Tables and settings that a program reads at its start; what is new there counts as such, too.
_AT_START: dict[str, Part] = {"recorder": "recorder", "mediamtx": "recorder", "web": "web"}
_FOLLOWED = frozenset({"web.longest_recording", "mediamtx.host", "web.cors_origins"})


def restarts(key: str) -> Part:
    """Which program has to be started again for a changed setting (dotted key) to count; "" for none."""
    return "" if key in _FOLLOWED else _AT_START.get(key.partition(".")[0], "")
