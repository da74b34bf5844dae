"""Recorded segments as HLS (RFC 8216): pieces of some seconds that begin with a key frame, copied and never encoded.

Every piece of a playlist gets a time on one line that begins at 0 and leaves out what was not recorded, whatever clock
its file has. Players so see one film without a seam; only footage of another form (codec, size) is a discontinuity.
The wall clock stands beside it (EXT-X-PROGRAM-DATE-TIME) wherever the two part.

`index` reads a file's tables once; a piece is then named by the places and times found there, and cut out of the file
by these alone (`PieceOf`): the server need not remember anything.
"""

from __future__ import annotations

import itertools
import os
import struct
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from config.errors import SegmentError
from mediamtx.layout import Layout
from mediamtx.mp4 import Box, boxes, movie_duration, opened
from mediamtx.names import Segment
from mediamtx.parts import NUMBERS, Sample, Track, UnusualError, content, form_of, renumber, samples_of, tracks_of
from mediamtx.segments import CONTIGUOUS, Span

PIECE = 3.5
"""A piece has at least so many seconds, and goes on to the next key frame."""
SETTLED = 10.0
"""A file that did not grow for so long (s) is taken as whole; it costs the newest footage nothing but some seconds."""
_SET_BACK = 2.0  # s; footage named so long before the end of that before it was named by a clock that was set back


class Piece(NamedTuple):
    """A stretch of a file, from a key frame up to the next but some."""

    at: int  # bytes: where the part lies that its first picture is in
    end: int  # bytes: where the part ends that its last one is in
    start: int  # when its first picture is decoded, in ticks of the picture's track
    behind: int  # when the first picture is that does not belong to it any more
    last: bool  # of its file: sound that comes later belongs to it


@dataclass(frozen=True, slots=True)
class Index:
    """What of one segment can be played."""

    form: int  # equal where the tracks of two files agree, set-up bytes included
    ticks: int  # a second, of the picture's track
    pieces: tuple[Piece, ...]

    def seconds(self, ticks: int) -> float:
        """Of the picture's track."""
        return ticks / self.ticks


class Entry(NamedTuple):
    """A piece in its place in a playlist."""

    segment: Segment
    piece: Piece
    wall: datetime  # UTC, when it was recorded
    at: int  # us from the start of the playlist
    duration: int  # us
    shift: int  # us to add to its file's clock to get the playlist's
    joined: bool  # goes on where the entry before it ended, in the file before: sound that comes earlier belongs to it
    follows: bool  # the wall clock goes on as the playlist's does
    new_form: bool  # tracks of another form than those of the entry before it begin here


def index(layout: Layout, segment: Segment, complete: bool, now: datetime) -> Index:
    """The pieces of a segment up to its last whole part; unless `complete`, without the last piece while it may grow.

    Raises SegmentError where it cannot be read, or is not as recorders write it.
    """
    path = layout.segment_path(segment)
    try:
        status = path.stat()
    except OSError as error:
        raise SegmentError(f"{path}: cannot be read: {error.strerror}") from error
    settled = complete or now.timestamp() - status.st_mtime > SETTLED or movie_duration(path) != 0
    return _index(path, (status.st_ino, status.st_size, status.st_mtime_ns), settled)


@lru_cache(maxsize=100)  # as many segments as the longest playlist has; some hundred bytes a piece
def _index(path: Path, _identity: tuple[int, ...], settled: bool) -> Index:
    with opened(path) as (file, size):
        try:
            return _read_index(file, size, settled)
        except (UnusualError, struct.error, IndexError, StopIteration) as error:
            raise SegmentError(f"{path}: not as recorders write it; it cannot be played in the timeline") from error


def _read_index(file: int, size: int, settled: bool) -> Index:
    tracks: list[Track] = []
    parts: list[_Part] = []  # those with pictures
    lasts: list[int] = []  # when the last picture of each is decoded
    keys: list[tuple[int, int]] = []  # of each key frame: when it is decoded, and the number of its part
    behind = 0
    for part, samples in _parts(file, 0, size, tracks):
        pictures = [sample for number, sample in samples if number == tracks[0].number]
        if pictures:
            keys += [(picture.dts, len(parts)) for picture in pictures if picture.key]
            parts.append(part)
            lasts.append(pictures[-1].dts)
            behind = pictures[-1].dts + pictures[-1].duration
    if not tracks:
        raise UnusualError
    ticks = tracks[0].ticks
    bounds = keys[:1]
    for key in keys[1:]:
        if key[0] - bounds[-1][0] >= PIECE * ticks:
            bounds.append(key)
    if settled and bounds:
        bounds.append((behind, len(parts)))
    pieces: list[Piece] = []
    for (start, number), (stop, _) in itertools.pairwise(bounds):
        # A part more on either side: sound may come earlier or later than the picture it belongs to.
        final, last = min(len(parts), bisect_left(lasts, stop) + 2) - 1, settled and stop == behind
        at = parts[number - 1].at if number and pieces else 0
        pieces.append(Piece(at, size if last else parts[final].end, start, stop, last))
    return Index(form_of(tracks), ticks, tuple(pieces))


class _Part(NamedTuple):
    at: int
    end: int


def _parts(file: int, start: int, end: int, tracks: list[Track]) -> Iterator[tuple[_Part, list[tuple[int, Sample]]]]:
    """The whole parts between two places, with their samples; fills `tracks` when it meets the header."""
    clocks: dict[int, int] = {}
    moof: Box | None = None
    for box in boxes(file, start, end):
        if box.end > end:
            return
        if box.kind == b"moov" and not tracks:
            tracks += _tracks(content(file, box))
        elif box.kind == b"moof":
            moof = box
        elif box.kind == b"mdat" and moof is not None:
            known = {track.number: track for track in tracks}
            yield _Part(moof.start, box.end), list(samples_of(content(file, moof), moof.start, box.end, known, clocks))
            moof = None


def _tracks(moov: bytes) -> list[Track]:
    """The picture, and the sound where there is any."""
    videos = tracks_of(moov, b"vide")
    if len(videos) != 1:
        raise UnusualError
    return [*videos, *tracks_of(moov, b"soun")[:1]]


def arrange(indexes: Iterable[tuple[Segment, Index]], span: Span) -> list[Entry]:
    """The pieces that show something of `span`, in their places. Segments are given oldest first."""
    entries: list[Entry] = []
    at = 0
    form: int | None = None
    ended: datetime | None = None  # where the footage of the entry before ends
    for segment, found in indexes:
        for number, piece in enumerate(found.pieces):
            wall = segment.start + timedelta(seconds=found.seconds(piece.start))
            end = segment.start + timedelta(seconds=found.seconds(piece.behind))
            if end <= span.start or wall >= span.end:
                continue
            gap = (wall - ended).total_seconds() if ended is not None else None
            follows = gap is not None and -_SET_BACK <= gap <= CONTIGUOUS
            new_form = form != found.form
            joined = follows and not new_form and number == 0
            start = piece.start * 1_000_000 // found.ticks
            duration = piece.behind * 1_000_000 // found.ticks - start
            entries.append(
                Entry(segment, piece, wall, at, duration, at - start, joined, follows and number > 0, new_form)
            )
            at, form, ended = at + duration, found.form, end
    return entries


@dataclass(frozen=True, slots=True)
class Film:
    """What of a segment file answers a request: bytes of our own, and then places in the file."""

    head: bytes
    places: tuple[tuple[int, int], ...] = ()  # where to read on, and how many bytes

    @property
    def size(self) -> int:
        """Bytes in all."""
        return len(self.head) + sum(length for _, length in self.places)


def initialisation(path: Path) -> Film:
    """The set-up of the tracks (EXT-X-MAP). SegmentError where the file cannot be read."""
    with opened(path) as (file, size):
        try:
            first = next(box for box in boxes(file, 0, size) if box.kind == b"moov" and box.end <= size)
            moov = bytearray(content(file, first))
            renumber(moov)
            head = os.pread(file, first.body, 0)
        except (UnusualError, struct.error, IndexError, StopIteration) as error:
            raise SegmentError(f"{path}: has no header yet") from error
    at = moov.find(b"mvhd")
    if at < 0 or len(moov) < at + 36:
        raise SegmentError(f"{path}: has no whole header")
    place, form = (at + 20, ">I") if moov[at + 4] == 0 else (at + 28, ">Q")
    struct.pack_into(form, moov, place, 0)  # the duration of this one file, which the playlist goes beyond
    at = moov.find(b"hev1")
    if at > 0:
        moov[at : at + 4] = b"hvc1"  # the tag that Apple's players insist on
    return Film(head + bytes(moov))


def piece_of(path: Path, piece: Piece, shift: int, joined: bool) -> Film:
    """A piece as a part of its own, its times moved by `shift` us. SegmentError where it is not in the file."""
    with opened(path) as (file, size):
        try:
            tracks: list[Track] = []
            header = next(box for box in boxes(file, 0, size) if box.kind == b"moov")
            tracks += _tracks(content(file, header))
            found: dict[int, list[Sample]] = {track.number: [] for track in tracks}
            for _, samples in _parts(file, piece.at, min(size, piece.end), tracks):
                for number, sample in samples:
                    found[number].append(sample)
        except (UnusualError, struct.error, IndexError, StopIteration) as error:
            raise SegmentError(f"{path}: not as recorders write it") from error
    chosen = [(track, _chosen(track, tracks[0], found[track.number], piece, joined)) for track in tracks]
    if not chosen[0][1]:
        raise SegmentError(f"{path}: holds no such piece")
    try:
        return _muxed([(track, samples) for track, samples in chosen if samples], shift)
    except struct.error as error:
        raise SegmentError(f"{path}: has times that cannot be") from error


def _chosen(track: Track, video: Track, samples: list[Sample], piece: Piece, joined: bool) -> list[Sample]:
    """The samples of a track that belong to a piece; sound from before the first picture only where it is `joined`."""
    if track is video:
        return [sample for sample in samples if piece.start <= sample.dts < piece.behind]
    begin = 0 if joined else piece.start * track.ticks / video.ticks
    end = piece.behind * track.ticks / video.ticks
    return [sample for sample in samples if begin <= sample.dts and (piece.last or sample.dts < end)]


def _muxed(tracks: Sequence[tuple[Track, list[Sample]]], shift: int) -> Film:
    """A `moof` that says where the samples lie in the `mdat` behind it."""
    runs = [(track, samples, max(0, samples[0].dts + shift * track.ticks // 1_000_000)) for track, samples in tracks]
    length = 8 + 16 + sum(8 + 16 + 20 + 20 + 16 * len(samples) for _, samples in tracks)
    payload = sum(sample.size for _, samples in tracks for sample in samples)
    moof, offset = [_box(b"mfhd", struct.pack(">II", 0, 1))], length + 8
    for track, samples, time in runs:
        header = _box(b"tfhd", struct.pack(">II", 0x020000, NUMBERS[track.kind]))
        clock = _box(b"tfdt", struct.pack(">IQ", 1 << 24, time))
        run = _box(b"trun", struct.pack(">IIi", 0x000F01, len(samples), offset) + b"".join(_rows(samples)))
        moof.append(_box(b"traf", header + clock + run))
        offset += sum(sample.size for sample in samples)
    head = _box(b"moof", b"".join(moof))
    assert len(head) == length
    places = _joined((sample.at, sample.size) for _, samples in tracks for sample in samples)
    return Film(head + struct.pack(">I4s", 8 + payload, b"mdat"), tuple(places))


def _rows(samples: Sequence[Sample]) -> Iterator[bytes]:
    for number, sample in enumerate(samples):
        following = samples[number + 1].dts if number + 1 < len(samples) else sample.dts + sample.duration
        flags = 0x02000000 if sample.key else 0x01010000
        yield struct.pack(">IIII", max(0, following - sample.dts), sample.size, flags, sample.pts - sample.dts)


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def _joined(places: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Places in a file, those in one that follow each other."""
    found: list[tuple[int, int]] = []
    for at, size in places:
        if found and found[-1][0] + found[-1][1] == at:
            found[-1] = found[-1][0], found[-1][1] + size
        else:
            found.append((at, size))
    return found
