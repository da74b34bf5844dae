"""The tables of a fragmented MP4 as recorders write them (ISO 14496-12): its tracks, and the samples of each part.

A part is a `moof`, which says what there is, and the `mdat` behind it, which holds it. Only what recorders write is
known: every sample in a part, no edit list, nothing shown before it is decoded. Anything else raises UnusualError;
a box shorter than what belongs in it, struct.error or IndexError.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from mediamtx.mp4 import Box

NUMBERS = {b"vide": 1, b"soun": 2}
_MAX_HEADER = 2**20  # bytes; of a moov or moof, beyond which FFmpeg may have a look
_NOT_SYNC = 0x01010000  # sample flags: depends on others, or is no place to begin


class UnusualError(Exception):
    """Not as recorders write it."""


class Sample(NamedTuple):  # there are many
    """One encoded picture, or piece of sound."""

    at: int  # bytes from the start of the file
    size: int  # bytes
    pts: int  # when it is shown, in ticks
    duration: int  # ticks
    key: bool
    dts: int  # when it is decoded, in ticks


@dataclass(frozen=True, slots=True)
class Defaults:
    """What samples of a track have in common where nothing else is said."""

    duration: int
    size: int
    flags: int


@dataclass(frozen=True, slots=True)
class Track:
    """One track of a file."""

    number: int
    kind: bytes  # b"vide", b"soun", ...
    ticks: int  # a second
    entries: bytes  # its sample entries (stsd): codec, size, set-up bytes
    defaults: Defaults


def content(file: int, box: Box) -> bytes:
    """What is in a header box. OSError where it cannot be read."""
    if box.end - box.body > _MAX_HEADER:
        raise UnusualError
    return os.pread(file, box.end - box.body, box.body)


def inside(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """The boxes between two places in `data`: kind, where the content begins, where it ends."""
    while start + 8 <= end:
        length, kind = struct.unpack_from(">I4s", data, start)
        if length < 8 or start + length > end:
            raise UnusualError
        yield kind, start + 8, start + length
        start += length


def find(data: bytes, place: tuple[int, int], *path: bytes) -> tuple[int, int]:
    """Where the content of the first box at the end of a path of kinds begins and ends."""
    for kind in path:
        place = next((box[1:] for box in inside(data, *place) if box[0] == kind), (-1, -1))
        if place[0] < 0:
            raise UnusualError
    return place


def tracks_of(moov: bytes, *kinds: bytes) -> list[Track]:
    """The tracks of these kinds, in the order of the file."""
    whole = 0, len(moov)
    traks = [box[1:] for box in inside(moov, *whole) if box[0] == b"trak"]
    found = [(trak, _kind(moov, trak)) for trak in traks]
    return [_track(moov, trak, kind) for trak, kind in found if kind in kinds]


def _kind(moov: bytes, trak: tuple[int, int]) -> bytes:
    at, _ = find(moov, trak, b"mdia", b"hdlr")
    return moov[at + 8 : at + 12]


def _track(moov: bytes, trak: tuple[int, int], track_kind: bytes) -> Track:
    if any(kind == b"edts" for kind, _, _ in inside(moov, *trak)):
        raise UnusualError
    at, _ = find(moov, trak, b"tkhd")
    (number,) = struct.unpack_from(">I", moov, at + (20 if moov[at] else 12))
    at, _ = find(moov, trak, b"mdia", b"mdhd")
    (ticks,) = struct.unpack_from(">I", moov, at + (20 if moov[at] else 12))
    table = find(moov, trak, b"mdia", b"minf", b"stbl")
    for kind in (b"stts", b"stsz"):  # samples outside of the parts
        at, _ = find(moov, table, kind)
        if struct.unpack_from(">I", moov, at + (8 if kind == b"stsz" else 4))[0]:
            raise UnusualError
    at, end = find(moov, table, b"stsd")
    if not ticks:
        raise UnusualError
    for box, start, _ in inside(moov, *find(moov, (0, len(moov)), b"mvex")):
        if box == b"trex" and struct.unpack_from(">I", moov, start + 4)[0] == number:
            defaults = Defaults(*struct.unpack_from(">III", moov, start + 12))
            return Track(number, track_kind, ticks, moov[at + 8 : end], defaults)
    raise UnusualError


def form_of(tracks: Iterable[Track]) -> int:
    """Equal where footage may be joined: clocks, codecs, sizes and set-up bytes of the tracks, whatever their rates."""
    return zlib.crc32(b"".join(track.kind + struct.pack(">I", track.ticks) + _form(track) for track in tracks))


def _form(track: Track) -> bytes:
    fixed = {b"vide": 78, b"soun": 28}.get(track.kind, 8)  # bytes of a sample entry before the boxes in it
    form = b""
    for kind, start, end in inside(track.entries, 0, len(track.entries)):
        form += kind.replace(b"hev1", b"hvc1") + track.entries[start : start + fixed]
        for name, begin, stop in inside(track.entries, start + fixed, end):
            body = track.entries[begin:stop]
            form += b"" if name == b"btrt" else name + (_sound_form(body) if name == b"esds" else body)
    return form


def _sound_form(esds: bytes) -> bytes:
    """Codec and set-up bytes (ISO 14496-1): between them stand bit rates, which differ from file to file."""
    _, at, _ = _descriptor(esds, 4)  # behind version and flags; the stream, then its decoder, then what sets that up
    _, at, _ = _descriptor(esds, at + 3)
    tag, place, length = _descriptor(esds, at + 13)
    return esds[at : at + 1] + (esds[place : place + length] if tag == 5 else b"")


def _descriptor(data: bytes, at: int) -> tuple[int, int, int]:
    """Tag, where the content begins, and its length."""
    tag, length, at = data[at], 0, at + 1
    while data[at] & 0x80:
        length, at = length << 7 | data[at] & 0x7F, at + 1
    return tag, at + 1, length << 7 | data[at]


def renumber(moov: bytearray) -> None:
    """Make the picture track 1 and the sound track 2, which form_of takes for granted."""
    whole, numbers = (0, len(moov)), {}
    data = bytes(moov)
    for kind, *trak in inside(data, *whole):
        if kind == b"trak" and (number := NUMBERS.get(_kind(data, (trak[0], trak[1])))):
            at, _ = find(data, (trak[0], trak[1]), b"tkhd")
            place = at + (20 if data[at] else 12)
            numbers[struct.unpack_from(">I", data, place)[0]] = number
            struct.pack_into(">I", moov, place, number)
    for kind, start, _ in inside(data, *find(data, whole, b"mvex")):
        if kind == b"trex":
            (number,) = struct.unpack_from(">I", data, start + 4)
            struct.pack_into(">I", moov, start + 4, numbers.get(number, number))


def samples_of(
    moof: bytes, start: int, end: int, tracks: Mapping[int, Track], clocks: dict[int, int]
) -> Iterator[tuple[int, Sample]]:
    """The samples of one part that begins at `start` and ends at `end`, each with its track's number.

    `clocks` tells for each of `tracks` at which time its next sample is decoded, and is moved on.
    """
    usual = {number: track.defaults for number, track in tracks.items()}
    at_data = start  # where the data of a track begins that does not say so
    for kind, begin, stop in inside(moof, 0, len(moof)):
        if kind != b"traf":
            continue
        boxes = list(inside(moof, begin, stop))
        base, number, defaults = _fragment(moof, boxes, usual, start, at_data)
        clock = clocks.get(number, 0)
        clock = next((_base_time(moof, box[1]) for box in boxes if box[0] == b"tfdt"), clock)
        place = base
        for box, run, run_end in boxes:
            if box == b"trun":
                found, place, clock = _run(moof, run, run_end, defaults, base, place, clock)
                if number in tracks:
                    yield from ((number, one) for one in found if one.at >= 0 and one.at + one.size <= end)
                    clocks[number] = clock
        at_data = place


def _base_time(moof: bytes, at: int) -> int:
    return int(struct.unpack_from(">Q" if moof[at] else ">I", moof, at + 4)[0])


def _fragment(
    moof: bytes, boxes: list[tuple[bytes, int, int]], usual: Mapping[int, Defaults], start: int, follows: int
) -> tuple[int, int, Defaults]:
    """Of a track's share of a part: where its data begins, the track's number, what its samples have in common."""
    at = next((box[1] for box in boxes if box[0] == b"tfhd"), None)
    if at is None:
        raise UnusualError
    flags, number = struct.unpack_from(">II", moof, at)
    at += 8
    base = start if flags & 0x020000 else follows
    if flags & 0x1:
        (base,) = struct.unpack_from(">Q", moof, at)
        at += 8
    at += 4 if flags & 0x2 else 0
    common = usual.get(number) or next(iter(usual.values()))
    values = [common.duration, common.size, common.flags]
    for index in range(3):
        if flags & (0x8 << index):
            (values[index],) = struct.unpack_from(">I", moof, at)
            at += 4
    return base, number, Defaults(*values)


def _run(
    moof: bytes, at: int, end: int, defaults: Defaults, base: int, place: int, clock: int
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
        raise UnusualError
    samples: list[Sample] = []
    table = struct.iter_unpack(f">{sum(fields)}I", moof[at : at + width * count]) if width else [()] * count
    for values in table:
        given = iter(values)
        duration = next(given) if fields[0] else defaults.duration
        size = next(given) if fields[1] else defaults.size
        own = next(given) if fields[2] else first if first is not None and not samples else defaults.flags
        later = next(given) if fields[3] else 0
        if version and later >= 2**31:  # shown before it is decoded: FFmpeg then moves the whole track
            raise UnusualError
        samples.append(Sample(place, size, clock + later, duration, not own & _NOT_SYNC, clock))
        place += size
        clock += duration
    return samples, place, clock
