"""Manual recordings: what a person starts and stops, which becomes one clip of kind "manual".

The recorder records anyway; a manual recording is a small file in the state folder that says from when on footage is
wanted, so whoever is killed, nothing is lost:

1. `start` writes the file. 2. `stop` writes the end into it. 3. `finish` publishes the clip, once the footage is there.
4. It removes the file. Killed before 4, the next `finish` finds the clip under its name and publishes nothing twice.
Retention leaves alone what such a file asks for (`needed`).
"""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from config.errors import ClipError
from config.settings import Settings
from mediamtx.clips import Clip
from mediamtx.files import replace_file, storage_error, sync_folder
from mediamtx.layout import Layout
from mediamtx.names import Stream, floor_ms, from_iso, iso
from mediamtx.saving import footage_end, publish_span
from mediamtx.segments import LONGEST_SEGMENT, Span, list_segments

logger = logging.getLogger(__name__)

KEY_FRAME = timedelta(seconds=10)  # a clip may begin so much earlier, and footage be so late
_LATE = timedelta(seconds=4)  # and the length of a part: what a recorder holds back before it writes


@dataclass(frozen=True, slots=True)
class Manual:
    """A manual recording that runs, or that has ended and is still to become a clip."""

    camera: str
    start: datetime  # UTC
    longest: timedelta  # after which it ends by itself
    stopped: datetime | None = None  # UTC; None while it runs

    def end(self, now: datetime) -> datetime | None:
        """When it ended; None while it runs."""
        latest = self.start + self.longest
        if self.stopped is not None:
            return min(self.stopped, latest)
        return latest if now >= latest else None


def manual_recording(layout: Layout, camera: str) -> Manual | None:
    """The camera's manual recording; None where there is none; a damaged file is set aside."""
    path = layout.manual_recording(camera)
    try:
        values = json.loads(path.read_bytes())
        stopped, longest = values["stopped"], float(values["longest"])
        start = from_iso(values["start"])
        if not 0 < longest < 1e6 or not 1970 <= start.year < 9999:
            raise ValueError("a time that cannot be")
        return Manual(camera, start, timedelta(seconds=longest), None if stopped is None else from_iso(stopped))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise storage_error(path, "cannot be read", error) from error
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        aside = path.with_name(f"{path.name}.damaged")
        logger.warning("%s: damaged (%s); kept aside as %s, its recording is given up", path, error, aside.name)
        with suppress(OSError):  # it is said again then
            path.replace(aside)
        return None


def start(settings: Settings, camera: str, now: datetime) -> Manual:
    """Begin a recording, or go on with the one that runs; the recording. Raises ClipError where one is still being
    made a clip of, StorageError."""
    layout = Layout.of(settings)
    running = manual_recording(layout, camera)
    if running is not None and running.end(now) is None:
        return running
    if running is not None:
        raise ClipError(f"camera {camera}: the recording before is still being saved; try again in a moment")
    manual = Manual(camera, floor_ms(now), timedelta(seconds=settings.web.longest_recording))
    _write(layout, manual)
    logger.info("camera %s: recording by hand since %s", camera, iso(manual.start))
    return manual


def stop(settings: Settings, camera: str, now: datetime) -> Manual | None:
    """End the recording, whose clip `finish` then makes; the recording, or None where none runs. StorageError."""
    layout = Layout.of(settings)
    manual = manual_recording(layout, camera)
    if manual is None or manual.end(now) is not None:
        return manual
    manual = replace(manual, stopped=max(floor_ms(now), manual.start + timedelta(seconds=1)))
    _write(layout, manual)
    return manual


def finish(settings: Settings, manual: Manual, now: datetime) -> list[Clip] | None:
    """Make the clip of a recording that has ended, and forget the recording.

    None where footage may still come: to be tried again. The list is empty where nothing was recorded, which is logged.
    Raises StorageError where there is no room: to be tried again, as all of it is still there.
    """
    layout, end = Layout.of(settings), manual.end(now)
    if end is None:
        return None
    segments = list_segments(
        layout, Stream(manual.camera), manual.start - KEY_FRAME - LONGEST_SEGMENT, until=end + LONGEST_SEGMENT
    )
    newest = footage_end(layout, segments)
    late = _LATE + timedelta(seconds=settings.mediamtx.part)
    if (newest is None or newest < end) and now < end + late:
        return None
    clips: list[Clip] = []
    try:
        clips = publish_span(layout, manual.camera, "manual", segments, Span(manual.start, end), once=True)
    except ClipError as error:
        if not layout.stream_dir(Stream(manual.camera)).is_dir():
            return None  # a disk that is not mounted, rather than one on which nothing was recorded
        logger.warning("camera %s: the recording by hand became no clip: %s", manual.camera, error)
    _forget(layout, manual.camera)
    return clips


def needed(settings: Settings, now: datetime) -> list[tuple[str, Span]]:
    """The footage that manual recordings will still be cut from, by camera. Raises StorageError."""
    layout, result = Layout.of(settings), []
    for camera in sorted(settings.cameras):
        manual = manual_recording(layout, camera)
        if manual is not None:
            end = manual.end(now) or now
            result.append((camera, Span(manual.start - KEY_FRAME, max(end, now) + KEY_FRAME)))
    return result


def _forget(layout: Layout, camera: str) -> None:
    path = layout.manual_recording(camera)
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise storage_error(path, "cannot be removed", error) from error
    sync_folder(path.parent)


def _write(layout: Layout, manual: Manual) -> None:
    values = {
        "version": 1,
        "start": iso(manual.start),
        "longest": manual.longest.total_seconds(),
        "stopped": None if manual.stopped is None else iso(manual.stopped),
    }
    replace_file(layout.manual_recording(manual.camera), json.dumps(values) + "\n", 0o644)
