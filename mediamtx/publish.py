"""Publishing clips: they appear whole, once, and under one name.

1. The MP4 is cut to a temporary name in the folder where it will lie (`temporary_path`), and is on disk.
2. The thumbnail, then the sidecar are written. 3. The MP4 is renamed: from here on there is a clip.
Killed before 3, what lies there without an MP4 is a stray, removed by the next `sweep`.
A clip that replaces one of its name has the old MP4 until then: the sidecar gives another size (`Clip.whole`).
"""

from __future__ import annotations

import itertools
import logging
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from config.errors import ClipError
from mediamtx.catalogue import clips_near, day_folders, find_clip
from mediamtx.clips import Clip, encode_sidecar, remove_clip
from mediamtx.decisions import tombstones
from mediamtx.files import (
    ANYONE,
    TEMPORARY_NAME,
    is_running,
    make_folder,
    storage_error,
    sweep_files,
    sync_folder,
    temporary_name,
    write_file,
)
from mediamtx.layout import Layout
from mediamtx.names import ClipName
from mediamtx.pictures import jpeg
from mediamtx.segments import Span

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

logger = logging.getLogger(__name__)

_STRAY_AGE = timedelta(hours=1)
NEAR = 0.5
"""Seconds before the picture of a thumbnail in which every picture is decoded: it may last so long."""
_OWNERS = {"motion": "motion", "saved": "web", "manual": "web"}  # who publishes which kind


def temporary_path(layout: Layout, camera: str, name: ClipName, owner: str) -> Path:
    """Where `owner` ("motion" or "web") cuts a clip to before it is published; its folder exists on return.

    Raises StorageError.
    """
    folder = layout.day_dir(camera, layout.day_of(name.start))
    make_folder(folder)
    return folder / temporary_name(f"{name.stem}.mp4", owner)


def publish(layout: Layout, clip: Clip, mp4_temp: Path, thumbnail: bytes | None) -> Clip:
    """Publish the MP4 `mp4_temp` as `clip`; returns the clip as it is now filed, kept or not.

    The same clip published before, be it under another day since the time zone was changed, is replaced and keys of
    its sidecar that this release does not know are kept. A different clip of the same name makes this one's name a
    millisecond later. Raises StorageError, ClipError where `mp4_temp` is gone; `mp4_temp` remains.
    """
    try:
        size = mp4_temp.stat().st_size
    except OSError as error:
        raise ClipError(f"{mp4_temp}: the clip to publish is gone: {error.strerror}") from error
    clip, before = _free_name(layout, replace(clip, size=size, published_size=size))
    if before is not None:
        clip = replace(clip, folder=before.folder, day=before.day, extra={**before.extra, **clip.extra})
    make_folder(clip.folder)
    if thumbnail is not None:
        write_file(clip.thumbnail, thumbnail)
    write_file(clip.sidecar, encode_sidecar(clip))
    try:
        mp4_temp.replace(clip.path)
    except OSError as error:
        raise storage_error(clip.path, "cannot be written", error) from error
    sync_folder(clip.folder)
    return replace(clip, kept=clip.kept_marker.exists())


def refresh(clip: Clip, thumbnail: bytes | None) -> None:
    """Write what else is now known of a published clip whose MP4 stays as it is; StorageError.

    At any point the clip is whole: each file is replaced at once. Killed in between, it is to be done again.
    """
    if thumbnail is not None:
        write_file(clip.thumbnail, thumbnail)
    write_file(clip.sidecar, encode_sidecar(clip))
    sync_folder(clip.folder)


def suppressed(layout: Layout, camera: str, windows: Sequence[Span]) -> bool:
    """Whether an event with these windows must not be published: a person kept or deleted its clip."""
    if any(grave.clip.kind == "motion" and grave.clip.shows(windows) for grave in tombstones(layout, camera)):
        return True
    return any(clip.kept for clip in _motion_clips(layout, camera, windows))


def replace_overlapping(layout: Layout, camera: str, clip: Clip) -> list[Clip]:
    """Remove the motion clips whose windows overlap those of `clip`, which was just published; kept ones stay.

    Returns what was removed. Raises StorageError.
    """
    removed = []
    for other in _motion_clips(layout, camera, clip.windows or (clip.span,)):
        if other.name != clip.name and not other.kept:
            try:
                remove_clip(other)
            except OSError as error:
                raise storage_error(other.path, "cannot be removed", error) from error
            logger.info("removed %s: %s shows the same motion", other.path, clip.name.stem)
            removed.append(other)
    return removed


def sweep(layout: Layout, camera: str, owner: str, now: datetime, *, strays: bool = True) -> None:
    """Remove what a killed process left: temporary files, and with `strays` thumbnails and sidecars without an MP4.

    Those of `owner` and of nobody in particular at once, where the process is gone; others after an hour. Day folders
    that have not changed since a sweep left nothing behind are passed over. Raises StorageError.
    """
    for folder in (layout.trash_dir(camera), layout.tombstone_dir(camera)):
        sweep_files(folder)
    marker = layout.sweep_marker(camera)
    swept = _changed(marker)
    folders = [layout.day_dir(camera, day) for day in day_folders(layout, camera)]
    # "Equal" is among the changed: the file system's clock ticks in steps.
    changed = {folder: time for folder in folders if (time := _changed(folder)) >= swept}
    try:
        unclean = [folder for folder in changed if not _sweep_folder(folder, owner, now, strays)]
    except OSError as error:
        raise storage_error(layout.camera_dir(camera), "strays cannot be removed", error) from error
    newest = max(changed.values(), default=0)
    if not unclean and newest > swept:
        try:
            marker.touch()
            os.utime(marker, ns=(newest, newest))
        except OSError as error:
            logger.debug("%s: not written: %s", marker, error.strerror)  # it only spares work


def thumbnail_of(path: Path, at_seconds: float, width: int = 640) -> bytes:
    """The picture shown at `at_seconds` as a JPEG of this width (px), never enlarged. Raises ClipError."""
    import av

    try:
        with av.open(str(path)) as container:
            frame = _frame_at(container, at_seconds)
            if frame is None:
                raise ClipError(f"{path}: there is no picture at {at_seconds:g} s")
            return jpeg(frame, width)
    except (av.FFmpegError, IndexError) as error:
        raise ClipError(f"{path}: no picture can be taken from it: {error}") from error


def _frame_at(container: InputContainer, at_seconds: float) -> VideoFrame | None:
    """The picture shown at `at_seconds`, else the nearest there is; no more is decoded than it needs.

    Pictures before it that no other needs are left out, and what comes after it is never given to the decoder: so
    all processors may share the work.
    """
    import av

    video = container.streams.video[0]
    base = video.time_base or Fraction(1, 90000)
    decoder = video.codec_context
    decoder.thread_type = "FRAME"
    last = math.floor((at_seconds + 1e-3) / base)
    container.seek(max(0, int(at_seconds * av.time_base)), backward=True)
    shown: VideoFrame | None = None
    for packet in itertools.chain(_until(container.demux(video), last), [None]):
        if packet is not None:
            decoder.skip_frame = "NONREF" if (packet.pts or 0) < last - NEAR / base else "DEFAULT"
        for frame in decoder.decode(packet):
            if shown is None or (shown.pts or 0) < (frame.pts or 0) <= last:
                shown = frame
    return shown


def _until(packets: Iterable[Packet[VideoStream]], last: int) -> Iterator[Packet[VideoStream]]:
    """The packets that are decoded up to the time `last` (in the stream's ticks), and one at least."""
    for number, packet in enumerate(packets):
        if packet.dts is None or (number and packet.dts > last):
            return
        yield packet


def _free_name(layout: Layout, clip: Clip) -> tuple[Clip, Clip | None]:
    """The clip under a name that no other has, and the same clip where it was published before."""
    deleted = {grave.clip.name for grave in tombstones(layout, clip.camera)}
    while True:
        before = find_clip(layout, clip.camera, clip.name.stem)
        if before is not None and _same(before, clip):
            return clip, before
        if before is None and clip.name not in deleted:
            return clip, None
        clip = replace(clip, name=ClipName(clip.name.start + timedelta(milliseconds=1), clip.kind))


def _same(before: Clip, clip: Clip) -> bool:
    if clip.kind == "motion":
        return before.shows(clip.windows or (clip.span,))
    same_times = abs(before.start - clip.start) < _MS and abs(before.end - clip.end) < _MS
    return same_times and before.size == clip.size


_MS = timedelta(milliseconds=1)  # what a sidecar's times are cut to


def _motion_clips(layout: Layout, camera: str, windows: Iterable[Span]) -> list[Clip]:
    """The motion clips whose windows overlap these."""
    windows = sorted(windows)
    if not windows:
        return []
    near = clips_near(layout, camera, Span(windows[0].start, max(window.end for window in windows)))
    return [clip for clip in near if clip.kind == "motion" and clip.shows(windows)]


def _sweep_folder(folder: Path, owner: str, now: datetime, strays: bool) -> bool:
    """Sweep one folder; whether nothing is left that may have to be removed later."""
    with os.scandir(folder) as entries:
        names = {entry.name for entry in entries}
    left, publishing = 0, False
    temporaries = {name: match for name in names if (match := TEMPORARY_NAME.fullmatch(name))}
    for name, match in temporaries.items():
        mine = match["owner"] in (owner, ANYONE)
        if (mine and not is_running(int(match["pid"]))) or _old(folder / name, now):
            _remove(folder / name)
        else:
            left += 1
            publishing |= mine  # then a thumbnail may be waiting for its MP4, or it went first to the trash
    for name in names - temporaries.keys():
        stem, _, ending = name.rpartition(".")
        clip = ClipName.parse(stem)
        if clip is None or ending not in ("jpg", "json", "kept") or f"{stem}.mp4" in names:
            continue
        if strays and not publishing and (_OWNERS[clip.kind] == owner or _old(folder / name, now)):
            _remove(folder / name)
        else:
            left += 1
    return not left


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    logger.info("removed %s: left behind by a process that ended early", path)


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _old(path: Path, now: datetime) -> bool:
    try:
        return now - datetime.fromtimestamp(path.stat().st_mtime, UTC) > _STRAY_AGE
    except FileNotFoundError:
        return False  # gone meanwhile
