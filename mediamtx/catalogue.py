"""The clips on disk: the folders and sidecars are the truth, the index in a day's folder only spares reading them.

The index (`.index.json`) is a line with the sums of the day and then what the sidecars said. It may be deleted at any
time. The first line holds while the folder's own modification time stays; an entry holds while the size and time of
the clip's files stay. It is written in place, since a rename would change the folder's time.
"""

from __future__ import annotations

import json
import logging
import os
import re
import stat
import time
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from config.errors import SegmentError
from config.settings import CAMERA_NAME
from mediamtx.clips import BULKY, Clip, clip_from_sidecar, read_sidecar
from mediamtx.layout import Layout
from mediamtx.names import ClipName, iso
from mediamtx.segments import Span, inspect

logger = logging.getLogger(__name__)

INDEX = ".index.json"
_VERSION = 1
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_SETTLED = 5.0  # s; a folder changed more recently may change again within the same tick of its clock
_LONGEST = timedelta(hours=2)  # no clip lasts longer, padding included


@dataclass(frozen=True, slots=True)
class DayCount:
    """How many clips are filed under a local day, and the bytes of their MP4s."""

    day: date
    clips: int
    size: int


def camera_folders(layout: Layout) -> list[str]:
    """The cameras that have a clips folder, sorted; those since removed from the settings too."""
    return [name for name in _names(layout.output_dir, folders=True) if CAMERA_NAME.fullmatch(name)]


def day_folders(layout: Layout, camera: str) -> list[date]:
    """The days that have a folder, newest first; with clips or without."""
    names = _names(layout.camera_dir(camera), folders=True)
    return sorted((day for name in names if (day := _parse_day(name)) is not None), reverse=True)


def days(layout: Layout, camera: str) -> list[DayCount]:
    """The days that have clips, newest first."""
    counts = (_count(day, layout.day_dir(camera, day)) for day in day_folders(layout, camera))
    return [count for count in counts if count.clips]


def count_of_day(layout: Layout, camera: str, day: date) -> DayCount:
    """How many clips are filed under a day."""
    return _count(day, layout.day_dir(camera, day))


def days_beside(layout: Layout, camera: str, day: date) -> tuple[date | None, date | None]:
    """The nearest days with clips before and after a day; None where there is none.

    Costs about the same whatever the history: other days are only names.
    """
    known = day_folders(layout, camera)

    def first(candidates: Iterable[date]) -> date | None:
        return next((other for other in candidates if _count(other, layout.day_dir(camera, other)).clips), None)

    earlier, later = (other for other in known if other < day), (other for other in reversed(known) if other > day)
    return first(earlier), first(later)


def newest_day(layout: Layout, camera: str) -> date | None:
    """The newest day that has clips; None where there are none."""
    return days_beside(layout, camera, date.max)[0]


def clips_of_day(layout: Layout, camera: str, day: date) -> list[Clip]:
    """The clips filed under a local day, newest first, without their boxes: those are for one clip at a time.

    A clip that has no sidecar, or a damaged one, is among them.
    """
    folder = layout.day_dir(camera, day)
    changed = _folder_time(folder)
    files = _stat_files(folder, ".mp4", ".json")
    indexed, index = _read_index(folder)
    entries: dict[str, list[Any]] = {}
    clips = []
    for stem, name in _clip_names(files).items():
        state = [*files[f"{stem}.mp4"], *files.get(f"{stem}.json", (0, 0))]
        entry = index.get(stem)
        if not isinstance(entry, list) or entry[:-1] != state:
            values = _values(folder, name)
            entry = [*state, {key: value for key, value in values.items() if key not in BULKY}]
        entries[stem] = entry
        kept = f"{stem}.kept" in files
        clips.append(clip_from_sidecar(entry[-1], camera, name, folder, day, kept=kept, size=state[0]))
    if entries != index or indexed != changed:
        _write_index(folder, changed, DayCount(day, len(clips), sum(clip.size for clip in clips)), entries)
    return clips


def find_clip(layout: Layout, camera: str, stem: str) -> Clip | None:
    """The clip called so, also where it was filed while another time zone was set; None where there is none."""
    name = ClipName.parse(stem)
    if name is None:
        return None
    middle = layout.day_of(name.start)
    for day in (middle, middle - timedelta(days=1), middle + timedelta(days=1)):
        clip = read_clip(layout.day_dir(camera, day), camera, name, day)
        if clip is not None:
            return clip
    return None


def latest_clip(layout: Layout, camera: str) -> Clip | None:
    """The clip that starts last; None where there is none."""
    for day in day_folders(layout, camera):
        folder = layout.day_dir(camera, day)
        for name in _clip_names(_names(folder)).values():
            clip = read_clip(folder, camera, name, day)
            if clip is not None:
                return clip
    return None


def clips_near(layout: Layout, camera: str, span: Span) -> list[Clip]:
    """The clips that may overlap `span`, whatever day they are filed under, oldest first."""
    earliest, latest = span.start - _LONGEST, span.end + _LONGEST
    first, last = layout.day_of(earliest) - timedelta(days=1), layout.day_of(latest) + timedelta(days=1)
    clips = []
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        folder = layout.day_dir(camera, day)
        near = (name for name in _clip_names(_names(folder)).values() if earliest <= name.start <= latest)
        clips += [clip for name in near if (clip := read_clip(folder, camera, name, day)) is not None]
    return sorted(clips, key=lambda clip: clip.name)


def read_clip(folder: Path, camera: str, name: ClipName, day: date) -> Clip | None:
    """One clip from its files; None where its MP4 is not there."""
    try:
        status = (folder / f"{name.stem}.mp4").stat()
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    kept = (folder / f"{name.stem}.kept").exists()
    return clip_from_sidecar(_values(folder, name), camera, name, folder, day, kept=kept, size=status.st_size)


def _values(folder: Path, name: ClipName) -> dict[str, Any]:
    """What the sidecar says; without one that can be read, what name and media tell."""
    path = folder / f"{name.stem}.json"
    try:
        values = read_sidecar(path)
        clip_from_sidecar(values, "", name, folder, date.min)  # raises where anything in it is wrong
        return values
    except FileNotFoundError:
        pass  # filed from elsewhere
    except (OSError, ValueError) as error:
        logger.warning("%s: damaged (%s); the clip is shown from its name and media", path, error)
    try:
        duration = inspect(folder / f"{name.stem}.mp4").duration
    except SegmentError as error:
        logger.warning("a clip is shown without its length: %s", error)
        duration = 0.0
    return {"start": iso(name.start), "end": iso(name.start + timedelta(seconds=duration))}


def _clip_names(file_names: Iterable[str]) -> dict[str, ClipName]:
    """The clips among the files of a folder, by stem, newest first."""
    stems = sorted((name[:-4] for name in file_names if name.endswith(".mp4")), reverse=True)
    return {stem: name for stem in stems if (name := ClipName.parse(stem)) is not None}


def _parse_day(name: str) -> date | None:
    if not _DAY.fullmatch(name):
        return None
    try:
        return date.fromisoformat(name)
    except ValueError:  # digits that are no date
        return None


def _names(folder: Path, folders: bool = False) -> list[str]:
    """The names in a folder, or those of the folders in it; none where it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries if not folders or entry.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        logger.warning("%s: cannot be read: %s", folder, error.strerror)
        return []


def _stat_files(folder: Path, *endings: str) -> dict[str, tuple[int, int]]:
    """Size and modification time (ns) of the files in a folder with these endings; (0, 0) for the others."""
    files = {}
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if not entry.name.endswith(endings):
                    files[entry.name] = (0, 0)
                else:
                    try:
                        status = entry.stat()
                    except OSError:  # gone meanwhile, or a link to nowhere
                        continue
                    if not stat.S_ISREG(status.st_mode):
                        continue
                    files[entry.name] = (status.st_size, status.st_mtime_ns)
    except FileNotFoundError:
        pass
    except OSError as error:
        logger.warning("%s: cannot be read: %s", folder, error.strerror)
    return files


def _folder_time(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0


def _count(day: date, folder: Path) -> DayCount:
    changed = _folder_time(folder)
    try:
        with (folder / INDEX).open("rb") as file:
            head = json.loads(file.readline(1000))
        if head["version"] == _VERSION and head["folder"] == changed:
            return DayCount(day, int(head["clips"]), int(head["bytes"]))
    except (OSError, ValueError, TypeError, KeyError):
        pass  # no index, or a damaged one: it is only a cache
    files = _stat_files(folder, ".mp4")
    sizes = [files[f"{stem}.mp4"][0] for stem in _clip_names(files)]
    count = DayCount(day, len(sizes), sum(sizes))
    _write_index(folder, changed, count, _read_index(folder)[1])
    return count


def _read_index(folder: Path) -> tuple[int, dict[str, Any]]:
    """The folder's modification time that the index was written for, and its entries by clip; (0, {}) without one."""
    try:
        first, _, body = (folder / INDEX).read_bytes().partition(b"\n")
        head = json.loads(first)
        if head["version"] == _VERSION and head["check"] == zlib.crc32(body):
            return int(head["folder"]), dict(json.loads(body))
    except (OSError, ValueError, TypeError, KeyError):
        pass  # as above
    return 0, {}


def _write_index(folder: Path, changed: int, count: DayCount, entries: dict[str, Any]) -> None:
    """Write the index of a folder whose modification time was `changed` (ns) before it was listed.

    To make the file changes that time: then the next call writes it.
    """
    path = folder / INDEX
    if not count.clips or time.time_ns() - changed < _SETTLED * 1e9:
        return
    body = json.dumps(entries, separators=(",", ":"), ensure_ascii=False).encode()
    head = {
        "version": _VERSION,
        "folder": changed,
        "clips": count.clips,
        "bytes": count.size,
        "check": zlib.crc32(body),
    }
    try:
        if not path.exists():
            path.touch()
            return
        with path.open("r+b") as file:
            file.write(json.dumps(head).encode() + b"\n" + body)
            file.truncate()
    except OSError as error:
        logger.debug("%s: no index written: %s", path, error.strerror)
