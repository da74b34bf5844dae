"""Loose MP4s: what people put into a camera's output folder is filed under the day it was taken."""

from __future__ import annotations

import logging
import os
import re
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

from config.errors import BirbCamError, ClipError, SegmentError
from mediamtx.clips import Clip
from mediamtx.layout import Layout
from mediamtx.names import ClipName, from_iso, parse_segment_name
from mediamtx.publish import publish, thumbnail_of
from mediamtx.segments import Seen, inspect

log = logging.getLogger(__name__)
SETTLED = timedelta(minutes=1)
"""A file that has not changed for so long is complete."""
UNREADABLE = -1
"""In the memory, a file that could not be read has this minus its size: it is tried again once it changes."""
_NEVER = datetime(1971, 1, 1, tzinfo=UTC)
_DATE = re.compile(
    r"(?<!\d)((?:19|20)\d\d)[-_.]?(\d\d)[-_.]?(\d\d)(?:[ _.T-]{0,3}(\d\d)[-_.:h]?(\d\d)(?:[-_.:m]?(\d\d))?)?(?!\d)"
)


def file_loose(layout: Layout, camera: str, seen: dict[str, Seen], now: datetime) -> list[Clip]:
    """File the loose files that have not changed for a minute; `seen` is the memory of them, by name.

    One that cannot be read stays where it is, with one line in the log. Raises StorageError.
    """
    found = _loose_files(layout.camera_dir(camera))
    for name in seen.keys() - found.keys():
        del seen[name]
    filed = []
    for name, size in sorted(found.items()):
        before = seen.get(name)
        if before is not None and before.size == UNREADABLE - size:
            continue  # said already
        if before is None or before.size != size or before.first_seen > now:
            seen[name] = Seen(size, now)
        elif now - before.first_seen >= SETTLED:
            path = layout.camera_dir(camera) / name
            try:
                filed.append(_file(layout, camera, path))
                del seen[name]
            except (SegmentError, ClipError) as error:
                log.warning("%s stays where it is: %s", path, error)
                seen[name] = Seen(UNREADABLE - size, before.first_seen)
    return filed


def taken_at(name: str, zone: tzinfo, created: str | None, changed: float) -> datetime:
    """When a file was taken: by its name (in local time; our own names are UTC), else by `created` in its header
    (ISO 8601), else by `changed` (seconds since the Unix epoch)."""
    ours = ClipName.parse(Path(name).stem)
    if ours is not None:
        return ours.start
    segment = parse_segment_name(name)
    if segment is not None:
        return segment
    for match in _DATE.finditer(Path(name).stem):
        try:
            local = datetime(*(int(part or 0) for part in match.groups()), tzinfo=zone)  # type: ignore[misc, arg-type]
        except ValueError:  # digits that are no date
            continue
        return local.astimezone(UTC)
    try:
        header = from_iso(created or "")
    except (ValueError, OverflowError):
        header = _NEVER
    # A camera without a clock writes 1904 or 1970.
    return header if header > _NEVER else datetime.fromtimestamp(changed, UTC)


def _loose_files(folder: Path) -> dict[str, int]:
    """The MP4s lying directly in a camera's folder, with their sizes in bytes."""
    try:
        with os.scandir(folder) as entries:
            return {
                entry.name: entry.stat().st_size
                for entry in entries
                if entry.name.lower().endswith(".mp4") and not entry.name.startswith(".") and entry.is_file()
            }
    except (FileNotFoundError, NotADirectoryError):
        return {}


def _file(layout: Layout, camera: str, path: Path) -> Clip:
    import av

    info = inspect(path)
    if not info.video:
        raise SegmentError(f"{path}: holds no picture")
    try:
        with av.open(str(path)) as container:
            created = container.metadata.get("creation_time")
        status = path.stat()
    except (av.FFmpegError, OSError) as error:
        raise SegmentError(f"{path}: cannot be read: {error}") from error
    start = taken_at(path.name, layout.zone, created, status.st_mtime)
    clip = Clip.new(layout, camera, "saved", start, start, start + timedelta(seconds=info.duration))
    thumbnail = None
    try:
        thumbnail = thumbnail_of(path, info.duration / 2)
    except BirbCamError as error:
        log.warning("%s is filed without a thumbnail: %s", path, error)
    return publish(layout, clip, path, thumbnail)
