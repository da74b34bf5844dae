"""Removing all that was recorded of a camera that is no longer configured, because a person asked for it.

What is asked for stands in a folder of the state, an empty file with the camera's name; retention carries it out, so
that one program deletes. The file goes when nothing is found any more: a recorder may have been closing a segment.
"""

from __future__ import annotations

import logging
import math
import shutil
from collections.abc import Collection, Iterator
from datetime import datetime
from pathlib import Path

from config.errors import StorageError
from config.settings import CAMERA_NAME
from mediamtx.files import make_folder, storage_error, sync_folder
from mediamtx.layout import Layout
from mediamtx.names import Stream

PATIENCE = 86400.0  # s; a long pass of the motion job knows the settings of its start, with the camera still there

log = logging.getLogger(__name__)


def ask_removal(layout: Layout, camera: str) -> None:
    """From now on nothing is to be left of this camera, once it is not configured any more. StorageError."""
    make_folder(layout.removals_dir)
    path = layout.removals_dir / Stream(camera).path
    try:
        path.touch()
    except OSError as error:
        raise storage_error(path, "cannot be written", error) from error
    sync_folder(layout.removals_dir)


def take_back(layout: Layout, camera: str) -> None:
    """It was not meant so."""
    (layout.removals_dir / Stream(camera).path).unlink(missing_ok=True)


def asked_for(layout: Layout) -> list[str]:
    """The cameras of which nothing is to be left."""
    try:
        return sorted(path.name for path in layout.removals_dir.iterdir() if CAMERA_NAME.fullmatch(path.name))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise storage_error(layout.removals_dir, "cannot be read", error) from error


def carry_out(layout: Layout, configured: Collection[str], now: datetime) -> None:
    """Remove what is asked for, but nothing of a camera that is configured. May be stopped anywhere and run again.

    For who holds the lock of retention. What cannot be removed is said and tried again the next time. What is still
    configured a day later was put back, or its deletion broke off: then it is forgotten that anything was asked for,
    lest it come true when the camera goes another time.
    """
    for camera in asked_for(layout):
        if camera in configured:
            if now.timestamp() - _asked_at(layout, camera) > PATIENCE:
                take_back(layout, camera)
            continue
        places = [path for path in _places(layout, camera) if path.exists() or path.is_symlink()]
        if not places:
            take_back(layout, camera)
            continue
        try:
            for path in places:
                _remove(path)
        except (OSError, StorageError) as error:
            log.error("%s: what was recorded of it cannot be removed: %s", camera, error)
        else:
            log.info("%s: all that was recorded of it was removed, as asked for", camera)


def _asked_at(layout: Layout, camera: str) -> float:
    try:
        return (layout.removals_dir / Stream(camera).path).stat().st_mtime
    except OSError:
        return math.inf  # taken back meanwhile


def _places(layout: Layout, camera: str) -> Iterator[Path]:
    yield from (layout.stream_dir(Stream(camera, detect)) for detect in (False, True))
    yield layout.camera_dir(camera)
    yield layout.activity_dir(camera)
    yield layout.motion_state(camera)
    yield layout.checked_days(camera)
    yield layout.manual_recording(camera)


def _remove(path: Path) -> None:
    """Remove a file, or a folder with all in it; where it is a link to one, that is emptied, and the link goes."""
    if path.is_symlink() or not path.is_dir():
        for inner in path.iterdir() if path.is_dir() else ():
            if inner.is_dir() and not inner.is_symlink():
                shutil.rmtree(inner)
            else:
                inner.unlink()
        path.unlink(missing_ok=True)
    else:
        shutil.rmtree(path)
