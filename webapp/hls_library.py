"""hls.js, as the recorder serves it: the last copy is kept, so that recordings play while no recorder runs.

The copy begins with a line that holds the hash of the rest; a damaged one counts as none.
"""

from __future__ import annotations

import hashlib
import logging

from config.errors import StorageError
from mediamtx.files import write_file
from mediamtx.layout import Layout

MOST = 8 * 1024 * 1024  # bytes
_MARK = b"// sha256 "

log = logging.getLogger(__name__)


def keep(layout: Layout, script: bytes) -> None:
    """Keep this copy from now on, as far as that is possible."""
    data = _MARK + hashlib.sha256(script).hexdigest().encode() + b"\n" + script
    try:
        if _read(layout) != data:
            write_file(layout.hls_library, data)
    except StorageError as error:
        log.debug("%s", error)  # recordings then play while the recorder runs, or natively


def kept(layout: Layout) -> bytes | None:
    """The copy; None where there is none."""
    head, _, script = _read(layout).partition(b"\n")
    whole = head == _MARK + hashlib.sha256(script).hexdigest().encode()
    return script if whole and script else None


def is_kept(layout: Layout) -> bool:
    """Whether there seems to be a copy, without reading it."""
    try:
        return 0 < layout.hls_library.stat().st_size <= MOST
    except OSError:
        return False


def _read(layout: Layout) -> bytes:
    try:
        return layout.hls_library.read_bytes() if is_kept(layout) else b""
    except OSError:
        return b""
