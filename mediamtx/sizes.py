"""How much the recordings take: days that did not change since they were last measured are not measured again.

The sum of the segments' names tells whether one came or went; finished segments keep their size. The oldest day, which
retention takes from, and the two newest ones are measured each time. The file of sizes only spares work.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from mediamtx.layout import Layout
from mediamtx.listing import segments_of
from mediamtx.names import Stream
from mediamtx.notes import Notes, read_notes, write_notes

CHANGING = 2
"""So many days, the newest ones, may hold a segment that still grows: one began before midnight."""


def recorded_bytes(layout: Layout, streams: Sequence[Stream]) -> int:
    """The bytes of all segments of these streams. StorageError where a folder cannot be read."""
    path = layout.recorded_sizes
    known = read_notes(path)
    found: Notes = {}
    total = 0
    for stream in streams:
        folder = layout.stream_dir(stream)
        days = list(segments_of(layout, stream).days())
        for number, day in enumerate(days):
            key, checksum = f"{stream.path}/{day.day}", day.checksum
            entry = known.get(key, [])
            if not 0 < number < len(days) - CHANGING or entry[:1] != [checksum] or len(entry) != 2:
                entry = [checksum, _size(folder, day.names)]
            if 0 < number < len(days) - CHANGING:
                found[key] = entry
            total += entry[1]
    mine = {stream.path for stream in streams}  # the others lie on another file system
    others = {key: entry for key, entry in known.items() if key.partition("/")[0] not in mine}
    gone = {path for path in {key.partition("/")[0] for key in others} if not (layout.recordings / path).is_dir()}
    if gone or not found.items() <= known.items():
        kept = {key: entry for key, entry in others.items() if key.partition("/")[0] not in gone}
        write_notes(path, kept | found)
    return total


def _size(folder: Path, names: Iterable[str]) -> int:
    total, prefix = 0, f"{folder}/"
    for name in names:
        try:
            total += os.stat(prefix + name).st_size  # noqa: PTH116  # there may be very many
        except OSError:
            continue  # gone meanwhile
    return total
