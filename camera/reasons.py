"""Why ffmpeg ended, out of what it wrote, and what helps."""

from __future__ import annotations

import re
from collections.abc import Sequence

from config.logs import redact

_CONTEXT = re.compile(r"^\[[^\]]* @ 0x[0-9a-f]+\]\s*")
_EMPTY = re.compile(
    "Error (initializing|writing|closing|opening|muxing|submitting|while|sending|processing)|Conversion failed"
    "|Terminating thread|Nothing was written|Last message repeated|Exiting normally|Task finished with error"
)
"""Lines of ffmpeg that only say that it ends."""

_CURES = {
    "401|[Uu]nauthorized": "put user and password into the source: rtsp://user:password@host/path",
    "404|451": "check the path in the source",
    "[Ff]ailed to resolve": "check the host name in the source, or use its IP address",
    "[Cc]onnection refused|[Nn]o route|[Tt]imed out|unreachable|no answer": (
        "is the camera switched on, and are host and port of the source right?"
    ),
    "No such file|No such device": "check the path in the source",
    "Permission denied": "give BirbCam's user the right to read it (a device: the group video)",
    "resource busy": "another program uses the device; end it",
    "Invalid data": "it is no video that ffmpeg can read",
    "Protocol not found": "addresses start with rtsp:// or http://",
}


def last_reason(lines: Sequence[str]) -> str:
    """The last line that says why, without passwords and without what differs each time."""
    said = [text for line in lines if (text := _CONTEXT.sub("", line).strip())]
    reasons = [text for text in said if not _EMPTY.match(text)] or said
    return redact(reasons[-1]) if reasons else "ffmpeg gave no reason"


def source_away(lines: Sequence[str]) -> str:
    """The message for a source that ffmpeg could not open, from what it wrote; with the cure where one is known."""
    text = "\n".join(lines)
    cure = next((f"; {cure}" for pattern, cure in _CURES.items() if re.search(pattern, text)), "")
    return f"source away ({last_reason(lines)}){cure}"
