"""The little of the MP4 box structure (ISO 14496-12) needed to read files that are still being written."""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config.errors import SegmentError

if TYPE_CHECKING:
    from av.container import InputContainer

_MAX_MOOV = 64 * 2**20  # bytes; a header beyond this is damage


@dataclass(frozen=True, slots=True)
class Box:
    """A box of a file: where it lies, in bytes from the start of the file."""

    kind: bytes
    start: int
    body: int  # where its content begins
    end: int  # may lie beyond the file: then the box is torn


def whole_length(path: Path) -> int:
    """Bytes up to the end of the last whole part; what comes after is torn or still being written.

    A part is a `moof` with its `mdat`. In an MP4 that is not fragmented everything counts up to the last whole box.
    Where a disk fails, what comes before counts. Raises SegmentError where there is no header to read the rest with.
    """
    with opened(path) as (file, size):
        whole, header_seen, in_part = 0, False, False
        try:
            for box in boxes(file, 0, size):
                if box.end > size:
                    break
                header_seen |= box.kind == b"moov"
                in_part = box.kind == b"moof" or (in_part and box.kind != b"mdat")
                if not in_part:
                    whole = box.end
        except OSError:
            if not header_seen:
                raise
    if not header_seen:
        raise SegmentError(f"{path}: {_what_instead(size)}")
    return whole


def movie_duration(path: Path) -> int:
    """The duration in the header (`mvhd`), in the header's own units: 0 while the recorder is still writing.

    Says only whether the file is finished; how long it really is, only its packets tell. Raises SegmentError.
    """
    with opened(path) as (file, size):
        for box in boxes(file, 0, size):
            if box.kind == b"moov" and box.end <= size:
                if box.end - box.start > _MAX_MOOV:
                    break
                return _mvhd_duration(file, box, path)
    raise SegmentError(f"{path}: {_what_instead(size)}")


@contextmanager
def open_whole(path: Path) -> Iterator[InputContainer]:
    """The file opened by PyAV up to its last whole part as it is now, however much is added meanwhile.

    Raises SegmentError where it cannot be opened.
    """
    import av

    length = whole_length(path)
    # Metadata that is no UTF-8 is an error to PyAV up to 18, unless told otherwise; later ones let it pass.
    tolerant: dict[str, Any] = {"metadata_errors": "replace"} if int(av.__version__.partition(".")[0]) < 19 else {}
    try:
        container = av.open(f"subfile,,start,0,end,{length},,:{path}", format="mp4", **tolerant)
    except av.FFmpegError as error:
        raise SegmentError(f"{path}: cannot be read: {error}") from error
    with container:
        if any(stream.codec_context is None for stream in container.streams if stream.type in ("video", "audio")):
            raise SegmentError(f"{path}: a track of an unknown codec")
        yield container


@contextmanager
def opened(path: Path) -> Iterator[tuple[int, int]]:
    """A descriptor and the size of a regular file; a FIFO or device in its place is refused and never waited for."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise SegmentError(f"{path}: cannot be opened: {error.strerror}") from error
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            raise SegmentError(f"{path}: not a regular file")
        yield file, status.st_size
    except OSError as error:  # of reading: a disk that fails
        raise SegmentError(f"{path}: cannot be read: {error.strerror}") from error
    finally:
        os.close(file)


def boxes(file: int, start: int, end: int) -> Iterator[Box]:
    """The boxes from `start`, the last one possibly torn; stops at what is none."""
    while start + 8 <= end:
        head = os.pread(file, 16, start)
        if len(head) < 8:
            return
        length, kind = struct.unpack_from(">I4s", head)
        body = start + 8
        if length == 1 and len(head) == 16:
            (length,) = struct.unpack_from(">Q", head, 8)
            body = start + 16
        elif length == 0:  # up to the end of the file
            length = end - start
        if length < body - start or not kind.isascii() or not kind.strip(b"\0 "):
            return
        yield Box(kind, start, body, start + length)
        start += length


def _mvhd_duration(file: int, moov: Box, path: Path) -> int:
    for box in boxes(file, moov.body, moov.end):
        if box.kind == b"mvhd":
            body = os.pread(file, 32, box.body)
            # version and flags; created, modified; time scale; duration
            form, at = (">I", 16) if body[:1] == b"\0" else (">Q", 24)
            if len(body) == 32 and box.end <= moov.end:
                return int(struct.unpack_from(form, body, at)[0])
    raise SegmentError(f"{path}: the MP4 header is damaged")


def _what_instead(size: int) -> str:
    return "no MP4 file, or cut off before its header was complete" if size else "empty file"
