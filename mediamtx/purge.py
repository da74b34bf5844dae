"""Deleting all clips, because a person asked for it: for good, and so that no scan of the footage brings them back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from config.errors import ClipError
from mediamtx.catalogue import camera_folders, clips_of_day, day_folders, days
from mediamtx.clips import Clip, remove_clip
from mediamtx.decisions import delete_clip, is_kept, tombstones
from mediamtx.files import storage_error
from mediamtx.layout import Layout
from mediamtx.listing import first_segment
from mediamtx.names import RELEASED, Stream
from mediamtx.retention import remove_empty
from mediamtx.segments import list_streams


def count_clips(layout: Layout) -> int:
    """All clips, those of cameras since removed from the settings too."""
    return sum(count.clips for camera in camera_folders(layout) for count in days(layout, camera))


def delete_all(layout: Layout, kept_too: bool, now: datetime, told: Callable[[bool], None]) -> None:
    """Delete every clip, the kept ones where `kept_too`, and empty the trash; `told` hears for each whether it went.

    Clips that appear meanwhile may stay. Killed, it can be begun again: what is gone is gone, what is there is whole.
    Raises StorageError, with the rest still there.
    """
    for camera in camera_folders(layout):
        oldest = _oldest_footage(layout, camera)
        for day in reversed(day_folders(layout, camera)):
            for clip in clips_of_day(layout, camera, day):
                told(_delete(layout, clip, kept_too, oldest, now))
            if day < layout.day_of(now):
                remove_empty(layout.day_dir(camera, day))
        for grave in tombstones(layout, camera):  # they stay as long as the footage does; what lies in the trash goes
            _remove(grave.clip)


def _delete(layout: Layout, clip: Clip, kept_too: bool, oldest: datetime | None, now: datetime) -> bool:
    if not kept_too and is_kept(clip):
        return False
    if oldest is not None and clip.end <= oldest:
        _remove(clip)  # nothing is left that it could be made of again
        return True
    try:
        _remove(delete_clip(layout, clip, now).clip)
    except ClipError:
        pass  # gone meanwhile
    return True


def _remove(clip: Clip) -> None:
    try:
        remove_clip(clip)
    except OSError as error:
        raise storage_error(clip.path, "cannot be removed", error) from error


def _oldest_footage(layout: Layout, camera: str) -> datetime | None:
    """When the oldest footage of the camera starts; None where that cannot be told: it may lie on a disk that is not
    mounted."""
    if not list_streams(layout):
        return None
    starts = [
        first.start
        for detect in (False, True)
        if (first := first_segment(layout, Stream(camera, detect), since=RELEASED)) is not None
    ]
    return min(starts, default=None)
