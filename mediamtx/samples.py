"""The pictures of a fragmented MP4 by its own tables: where each lies, its time, which are key frames.

FFmpeg opens a file in 2 to 4 ms, as it decodes some of it to find out what it is; a segment of 10 s of a detect stream
decodes in 5. Here it takes 0.1 ms, and what is not needed is never read. Only what recorders write is known
(`mediamtx.parts`), as H.264 or H.265. Anything else is left to `mediamtx.mp4.open_whole`.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mediamtx.mp4 import Box, boxes, opened
from mediamtx.parts import Sample, Track, UnusualError, content, inside, samples_of, tracks_of

_CODECS = {b"avc1": "h264", b"avc3": "h264", b"hvc1": "hevc", b"hev1": "hevc"}
_CONFIGURATIONS = {b"avcC", b"hvcC"}
_VISUAL = 78  # bytes of a visual sample entry before the boxes in it


@dataclass(frozen=True, slots=True)
class Video:
    """The video track of an open file, as far as it is whole: its samples in the order of decoding."""

    codec: str  # FFmpeg's name
    extradata: bytes
    width: int  # px, as the file says
    ticks: int  # a second
    samples: list[Sample]
    file: int
    identity: tuple[int, ...]  # of the file as it is now
    problem: str = ""  # why the samples end where they do: what comes then cannot be read

    def read(self, sample: Sample) -> bytes:
        """The encoded picture; shorter where the file was cut meanwhile. OSError where it cannot be read."""
        return os.pread(self.file, sample.size, sample.at)


@contextmanager
def open_video(path: Path) -> Iterator[Video | None]:
    """The video of a segment; None where it is not as recorders write it. SegmentError where it cannot be read."""
    with opened(path) as (file, size):
        try:
            video = _video(file, size)
        except (UnusualError, struct.error, IndexError):  # the latter two: a box shorter than what belongs in it
            video = None
        yield video


def _video(file: int, size: int) -> Video | None:
    track: Track | None = None
    moof: Box | None = None
    samples: list[Sample] = []
    clocks: dict[int, int] = {}
    problem = ""
    try:
        for box in boxes(file, 0, size):
            if box.end > size:
                break
            if box.kind == b"moov":
                track = _only(tracks_of(content(file, box), b"vide"))
            elif box.kind == b"moof":
                moof = box
            elif box.kind == b"mdat" and moof is not None:
                if track is None:
                    return None
                part = samples_of(content(file, moof), moof.start, box.end, {track.number: track}, clocks)
                samples += [sample for _, sample in part]
                moof = None
    except OSError as error:  # a disk that fails: what comes before counts
        if not samples:
            raise
        problem = str(error.strerror)
    if track is None:
        return None
    codec, extradata, width = _form(track.entries)
    return Video(codec, extradata, width, track.ticks, samples, file, _identity(file), problem)


def _identity(file: int) -> tuple[int, ...]:
    status = os.fstat(file)
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _only(tracks: list[Track]) -> Track:
    if len(tracks) != 1:
        raise UnusualError
    return tracks[0]


def _form(entries: bytes) -> tuple[str, bytes, int]:
    """Codec, set-up bytes and width (px) of a video track."""
    found = list(inside(entries, 0, len(entries)))
    if len(found) != 1 or found[0][0] not in _CODECS:
        raise UnusualError
    kind, at, end = found[0]
    extradata = next(
        (entries[a:b] for name, a, b in inside(entries, at + _VISUAL, end) if name in _CONFIGURATIONS), b""
    )
    if not extradata:
        raise UnusualError
    (width,) = struct.unpack_from(">H", entries, at + 24)
    return _CODECS[kind], extradata, int(width)
