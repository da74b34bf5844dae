"""What a person decided about clips, in small files of its own: keep, delete (with undo), restore.

The motion job reads these and never writes them. A deleted clip lies in the camera's trash folder until retention
empties it; its tombstone, the sidecar with a few keys more, stays as long as its segments live, so that no new scan
of them brings the clip back.
"""

from __future__ import annotations

import json
import logging
import os
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from config.errors import ClipError
from mediamtx.catalogue import find_clip, read_clip
from mediamtx.clips import Clip, clip_from_sidecar, encode_sidecar, read_sidecar, remove_clip
from mediamtx.files import ANYONE, make_folder, storage_error, sync_folder, temporary_name, write_file
from mediamtx.layout import Layout
from mediamtx.names import ClipName, from_iso, iso

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A clip that a person deleted, as it was (its folder is now the trash), and when, UTC."""

    clip: Clip
    deleted: datetime

    @property
    def restorable(self) -> bool:
        """Whether it still lies in the trash."""
        return self.clip.path.exists()


def is_kept(clip: Clip) -> bool:
    """Whether a person decided to keep it, looked up anew."""
    return clip.kept_marker.exists()


def keep(clip: Clip) -> Clip:
    """Never let retention or a new scan remove the clip. Raises StorageError, ClipError where it is gone."""
    _must_exist(clip)
    write_file(clip.kept_marker, b"")
    sync_folder(clip.folder)
    return replace(clip, kept=True)


def unkeep(clip: Clip) -> Clip:
    """Take back `keep`. Raises StorageError."""
    try:
        clip.kept_marker.unlink(missing_ok=True)
    except OSError as error:
        raise storage_error(clip.kept_marker, "cannot be removed", error) from error
    sync_folder(clip.folder)
    return replace(clip, kept=False)


def delete_clip(layout: Layout, clip: Clip, now: datetime) -> Tombstone:
    """Move a clip to the trash and leave its tombstone. Raises StorageError, ClipError where it is gone.

    The tombstone comes first, then the MP4: killed in between, the clip is still there and may be deleted again.
    """
    _must_exist(clip)
    trash, graves = layout.trash_dir(clip.camera), layout.tombstone_dir(clip.camera)
    make_folder(trash)
    make_folder(graves)
    # Without the boxes: they lie in the trash with the clip, and a tombstone is read in every pass.
    extra = {**clip.extra, "day": clip.day.isoformat(), "deleted": iso(now)}
    buried = replace(clip, folder=trash, boxes=(), extra=extra)
    write_file(_grave(graves, clip.name), encode_sidecar(buried))
    sync_folder(graves)
    _move(clip, buried, mp4_first=True)
    return Tombstone(replace(buried, extra=clip.extra), now)


def restore(layout: Layout, camera: str, stem: str) -> Clip:
    """Take a deleted clip out of the trash. Raises ClipError where it is not there any more, StorageError."""
    name = ClipName.parse(stem)
    grave = None if name is None else _read_tombstone(layout, camera, name)
    if grave is None or not grave.restorable:
        raise ClipError(f"{camera}: {stem!r} is not in the trash; it was emptied, or the clip was restored already")
    if find_clip(layout, camera, stem) is not None:
        raise ClipError(f"{camera}: there is another clip {stem!r} now; delete that one first")
    clip = replace(grave.clip, folder=layout.day_dir(camera, grave.clip.day))
    make_folder(clip.folder)
    if not grave.clip.sidecar.exists():  # lost to a crash while it was deleted
        write_file(grave.clip.sidecar, encode_sidecar(clip))
    _move(grave.clip, clip, mp4_first=False)
    forget(layout, grave)
    return replace(clip, kept=is_kept(clip), size=clip.path.stat().st_size)


def tombstones(layout: Layout, camera: str) -> list[Tombstone]:
    """What was deleted and is remembered, oldest clip first. A damaged tombstone is told from the trash, if it can."""
    try:
        with os.scandir(layout.tombstone_dir(camera)) as entries:
            stems = sorted(entry.name.removesuffix(".json") for entry in entries if entry.name.endswith(".json"))
    except FileNotFoundError:
        return []
    names = (ClipName.parse(stem) for stem in stems)
    graves = (_read_tombstone(layout, camera, name) for name in names if name is not None)
    return [grave for grave in graves if grave is not None]


def forget(layout: Layout, tombstone: Tombstone) -> None:
    """Remove a tombstone. Raises StorageError."""
    path = _grave(layout.tombstone_dir(tombstone.clip.camera), tombstone.clip.name)
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise storage_error(path, "cannot be removed", error) from error


def prune_tombstones(layout: Layout, camera: str, oldest: datetime | None) -> None:
    """Forget deleted clips that nothing can bring back: they ended before the camera's oldest segment starts
    (`oldest`; None: it has none), and left the trash. Raises StorageError."""
    for grave in tombstones(layout, camera):
        if not grave.restorable and (oldest is None or grave.clip.end <= oldest):
            try:
                remove_clip(grave.clip)  # a thumbnail that a crash left
            except OSError as error:
                raise storage_error(grave.clip.path, "cannot be removed", error) from error
            forget(layout, grave)


def _grave(folder: Path, name: ClipName) -> Path:
    return folder / f"{name.stem}.json"


def _read_tombstone(layout: Layout, camera: str, name: ClipName) -> Tombstone | None:
    path, trash = _grave(layout.tombstone_dir(camera), name), layout.trash_dir(camera)
    try:
        values = read_sidecar(path)
        day, deleted = date.fromisoformat(str(values.pop("day"))), from_iso(str(values.pop("deleted")))
        return Tombstone(clip_from_sidecar(values, camera, name, trash, day), deleted)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, json.JSONDecodeError) as error:
        logger.warning("%s: damaged (%s)", path, error)
    clip = read_clip(trash, camera, name, layout.day_of(name.start))
    return None if clip is None else Tombstone(clip, clip.end)


def _move(clip: Clip, to: Clip, *, mp4_first: bool) -> None:
    """Rename a clip's files. The MP4 goes first where it is deleted and comes last where it is restored: killed in
    between, the clip is in one place only, and what lies without an MP4 is swept; not before, as a temporary file
    says that somebody is at it."""
    files = {
        clip.thumbnail: to.thumbnail,
        clip.sidecar: to.sidecar,
        clip.kept_marker: to.kept_marker,
        clip.path: to.path,
    }
    busy = (clip if mp4_first else to).folder / temporary_name(clip.path.name, ANYONE)
    try:
        with suppress(OSError):  # a disk without room for it: clips can be deleted all the same
            busy.touch()
        for source in reversed(files) if mp4_first else files:
            if source.exists():
                source.replace(files[source])
    except OSError as error:
        raise storage_error(clip.folder, "the clip cannot be moved", error) from error
    finally:
        with suppress(OSError):
            busy.unlink()
    sync_folder(to.folder)
    sync_folder(clip.folder)


def _must_exist(clip: Clip) -> None:
    if not clip.path.exists():
        raise ClipError(f"{clip.path}: there is no such clip any more")
