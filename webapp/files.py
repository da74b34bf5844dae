"""Files to the browser in ranges, read in a thread, and never more than a chunk in memory."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from flask import Response, request
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.http import parse_range_header

from webapp.state import app_state, not_found
from webapp.threads import Threads

CHUNK = 64 * 1024  # bytes read and sent at a time; the send time-out is for one of them
OPEN_RANGE = 4 * 1024 * 1024  # bytes answered when a player asks for "the rest"


def limit_range(header: str | None, size: int, most: int = OPEN_RANGE) -> str | None:
    """The Range header to answer instead of `header`, for a file of `size` bytes; None: the whole file.

    A player asks for "the rest" (bytes=N-) and then stops reading while paused; with at most `most` bytes in the answer
    it comes back for more instead of holding a connection. What is no range, or several, is ignored (RFC 9110).
    """
    ranges = parse_range_header(header)
    if ranges is None or ranges.units != "bytes" or len(ranges.ranges) != 1:
        return None
    begin, end = ranges.ranges[0]  # half-open; begin is negative for "the last N bytes"
    if end is None and 0 <= begin < size:
        return f"bytes={begin}-{min(size, begin + most) - 1}"
    return header


class _Chunks:
    """A file as an iterator of chunks that werkzeug can seek in to serve a range."""

    def __init__(self, file: BinaryIO, threads: Threads) -> None:
        self._file = file
        self._threads = threads

    def __iter__(self) -> _Chunks:
        return self

    def __next__(self) -> bytes:
        chunk = self._threads.disk(self._file.read, CHUNK)
        if not chunk:
            raise StopIteration
        return chunk

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int) -> int:
        return self._file.seek(offset)

    def tell(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        self._file.close()


def send_media(path: Path, mimetype: str, *, max_age: int, download_name: str | None = None) -> Response:
    """A file that never changes under its name: ranges, ETag and Last-Modified, kept by the browser for `max_age` s.

    404 where it is gone. A download gets all it asks for: programs that resume one take an answer for the whole rest.
    """
    threads = app_state().threads
    try:
        file = threads.disk(path.open, "rb", buffering=0)
    except FileNotFoundError:
        not_found("This clip is not there any more.")
    status = os.fstat(file.fileno())
    response = Response(_Chunks(file, threads), mimetype=mimetype, direct_passthrough=True)
    response.content_length = status.st_size
    response.last_modified = datetime.fromtimestamp(status.st_mtime, UTC)
    response.set_etag(f"{status.st_ino:x}-{status.st_mtime_ns:x}-{status.st_size:x}")
    response.cache_control.private = True
    response.cache_control.max_age = max_age
    response.cache_control.immutable = True
    environ = dict(request.environ)
    wanted = environ.pop("HTTP_RANGE", None)
    most = OPEN_RANGE
    if download_name is not None:
        response.headers.set("Content-Disposition", "attachment", filename=download_name)
        most = status.st_size
    limited = limit_range(wanted, status.st_size, most)
    if limited is not None:
        environ["HTTP_RANGE"] = limited
    try:
        response.make_conditional(environ, accept_ranges=True, complete_length=status.st_size)
    except RequestedRangeNotSatisfiable:
        response.close()
        raise
    return response
