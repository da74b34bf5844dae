"""The pictures of a fragmented MP4 by its own tables (ISO 14496-12): where each lies, its time, which are key frames.

FFmpeg opens a file in 2 to 4 ms, as it decodes some of it to find out what it is; a segment of 10 s of a detect stream
decodes in 5. Here it takes 0.1 ms, and what is not needed is never read. Only what recorders write is known: H.264 or
H.265, every sample in a part, no edit list. Anything else is left to `mediamtx.mp4.open_whole`.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from mediamtx.mp4 import Box, boxes, opened

_CODECS = {b"avc1": "h264", b"avc3": "h264", b"hvc1": "hevc", b"hev1": "hevc"}
_CONFIGURATIONS = {b"avcC", b"hvcC"}
_MAX_HEADER = 2**20  # bytes; of a moov or moof, beyond which FFmpeg may have a look
_NOT_SYNC = 0x01010000  # sample flags: depends on others, or is no place to begin
_VISUAL = 78  # bytes of a visual sample entry before the boxes in it


class _UnusualError(Exception):
    """Not as recorders write it."""


class Sample(NamedTuple):  # there are many
    """One encoded picture."""

    at: int  # bytes from the start of the file
    size: int  # bytes
    pts: int  # when it is shown, in ticks
    duration: int  # ticks
    key: bool


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


@dataclass(frozen=True, slots=True)
class _Defaults:
    duration: int
    size: int
    flags: int


@dataclass(frozen=True, slots=True)
class _Track:
    number: int
    codec: str
    extradata: bytes
    width: int
    ticks: int
    defaults: _Defaults


@contextmanager
def open_video(path: Path) -> Iterator[Video | None]:
    """The video of a segment; None where it is not as recorders write it. SegmentError where it cannot be read."""
    with opened(path) as (file, size):
        try:
            video = _video(file, size)
        except (_UnusualError, struct.error, IndexError):  # the latter two: a box shorter than what belongs in it
            video = None
        yield video


def _video(file: int, size: int) -> Video | None:
    track: _Track | None = None
    moof: Box | None = None
    samples: list[Sample] = []
    clock: int | None = 0
    problem = ""
    try:
        for box in boxes(file, 0, size):
            if box.end > size:
                break
            if box.kind == b"moov":
                track = _track(_content(file, box))
            elif box.kind == b"moof":
                moof = box
            elif box.kind == b"mdat" and moof is not None:
                if track is None:
                    return None
                clock = _part(_content(file, moof), moof.start, track, samples, clock, box.end)
                moof = None
    except OSError as error:  # a disk that fails: what comes before counts
        if not samples:
            raise
        problem = str(error.strerror)
    if track is None:
        return None
    return Video(track.codec, track.extradata, track.width, track.ticks, samples, file, _identity(file), problem)


def _identity(file: int) -> tuple[int, ...]:
    status = os.fstat(file)
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _content(file: int, box: Box) -> bytes:
    if box.end - box.body > _MAX_HEADER:
        raise _UnusualError
    return os.pread(file, box.end - box.body, box.body)


def _inside(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """The boxes between two places in `data`: kind, where the content begins, where it ends."""
    while start + 8 <= end:
        length, kind = struct.unpack_from(">I4s", data, start)
        if length < 8 or start + length > end:
            raise _UnusualError
        yield kind, start + 8, start + length
        start += length


def _find(data: bytes, place: tuple[int, int], *path: bytes) -> tuple[int, int]:
    """Where the content of the first box at the end of a path of kinds begins and ends."""
    for kind in path:
        place = next((box[1:] for box in _inside(data, *place) if box[0] == kind), (-1, -1))
        if place[0] < 0:
            raise _UnusualError
    return place


def _track(moov: bytes) -> _Track:
    whole = 0, len(moov)
    tracks = [box[1:] for box in _inside(moov, *whole) if box[0] == b"trak"]
    videos = [trak for trak in tracks if moov[(at := _find(moov, trak, b"mdia", b"hdlr")[0]) + 8 : at + 12] == b"vide"]
    if len(videos) != 1:
        raise _UnusualError
    (trak,) = videos
    if any(kind == b"edts" for kind, _, _ in _inside(moov, *trak)):
        raise _UnusualError
    at, _ = _find(moov, trak, b"tkhd")
    (number,) = struct.unpack_from(">I", moov, at + (20 if moov[at] else 12))
    at, _ = _find(moov, trak, b"mdia", b"mdhd")
    (ticks,) = struct.unpack_from(">I", moov, at + (20 if moov[at] else 12))
    table = _find(moov, trak, b"mdia", b"minf", b"stbl")
    for kind in (b"stts", b"stsz"):  # samples outside of the parts
        at, _ = _find(moov, table, kind)
        if struct.unpack_from(">I", moov, at + (8 if kind == b"stsz" else 4))[0]:
            raise _UnusualError
    at, end = _find(moov, table, b"stsd")
    entries = list(_inside(moov, at + 8, end))
    if len(entries) != 1 or entries[0][0] not in _CODECS or not ticks:
        raise _UnusualError
    kind, at, end = entries[0]
    extradata = next((moov[a:b] for name, a, b in _inside(moov, at + _VISUAL, end) if name in _CONFIGURATIONS), b"")
    if not extradata:
        raise _UnusualError
    (width,) = struct.unpack_from(">H", moov, at + 24)
    for box, start, _ in _inside(moov, *_find(moov, whole, b"mvex")):
        if box == b"trex" and struct.unpack_from(">I", moov, start + 4)[0] == number:
            defaults = _Defaults(*struct.unpack_from(">III", moov, start + 12))
            return _Track(number, _CODECS[kind], extradata, width, ticks, defaults)
    raise _UnusualError


def _part(moof: bytes, start: int, track: _Track, samples: list[Sample], clock: int | None, end: int) -> int | None:
    """Add the samples of one part, which ends at `end`; returns the time at which the next one begins."""
    at_data = start  # where the data of a track begins that does not say so
    for kind, begin, stop in _inside(moof, 0, len(moof)):
        if kind != b"traf":
            continue
        inside = list(_inside(moof, begin, stop))
        base, number, defaults = _fragment(moof, inside, track.defaults, start, at_data)
        if number == track.number:
            clock = next((_base_time(moof, box[1]) for box in inside if box[0] == b"tfdt"), clock)
        place = base
        for box, run, run_end in inside:
            if box == b"trun":
                found, place, clock_after = _run(moof, run, run_end, defaults, base, place, clock or 0)
                if number == track.number:
                    samples += [sample for sample in found if sample.at >= 0 and sample.at + sample.size <= end]
                    clock = clock_after
        at_data = place
    return clock


def _base_time(moof: bytes, at: int) -> int:
    return int(struct.unpack_from(">Q" if moof[at] else ">I", moof, at + 4)[0])


def _fragment(
    moof: bytes, inside: list[tuple[bytes, int, int]], usual: _Defaults, start: int, follows: int
) -> tuple[int, int, _Defaults]:
    """Of a track's share of a part: where its data begins, the track's number, what its samples have in common."""
    at = next((box[1] for box in inside if box[0] == b"tfhd"), None)
    if at is None:
        raise _UnusualError
    flags, number = struct.unpack_from(">II", moof, at)
    at += 8
    base = start if flags & 0x020000 else follows
    if flags & 0x1:
        (base,) = struct.unpack_from(">Q", moof, at)
        at += 8
    at += 4 if flags & 0x2 else 0
    values = [usual.duration, usual.size, usual.flags]
    for index in range(3):
        if flags & (0x8 << index):
            (values[index],) = struct.unpack_from(">I", moof, at)
            at += 4
    return base, number, _Defaults(*values)


def _run(
    moof: bytes, at: int, end: int, defaults: _Defaults, base: int, place: int, clock: int
) -> tuple[list[Sample], int, int]:
    """The samples of a run, and place and time at which the next one begins."""
    flags, count = struct.unpack_from(">II", moof, at)
    version, at = flags >> 24, at + 8
    if flags & 0x1:
        place = base + struct.unpack_from(">i", moof, at)[0]
        at += 4
    first = None
    if flags & 0x4:
        (first,) = struct.unpack_from(">I", moof, at)
        at += 4
    fields = [bool(flags & bit) for bit in (0x100, 0x200, 0x400, 0x800)]
    width = 4 * sum(fields)
    if at + width * count > end or (not width and count > _MAX_HEADER):
        raise _UnusualError
    samples: list[Sample] = []
    table = struct.iter_unpack(f">{sum(fields)}I", moof[at : at + width * count]) if width else [()] * count
    for values in table:
        given = iter(values)
        duration = next(given) if fields[0] else defaults.duration
        size = next(given) if fields[1] else defaults.size
        own = next(given) if fields[2] else first if first is not None and not samples else defaults.flags
        later = next(given) if fields[3] else 0
        if version and later >= 2**31:  # shown before it is decoded: FFmpeg then moves the whole track
            raise _UnusualError
        samples.append(Sample(place, size, clock + later, duration, not own & _NOT_SYNC))
        place += size
        clock += duration
    return samples, place, clock
