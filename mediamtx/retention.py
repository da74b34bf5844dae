"""Deleting what is too old or more than the disk holds: looks what there is, lets `expired` decide, deletes."""

from __future__ import annotations

import contextlib
import heapq
import itertools
import logging
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from filelock import FileLock, Timeout

from config.settings import Settings
from config.sizes import parse_amount
from mediamtx.catalogue import INDEX, camera_folders, clips_of_day, day_folders, days
from mediamtx.clips import remove_clip
from mediamtx.decisions import is_kept, prune_tombstones, tombstones
from mediamtx.expiry import Deletion, Disk, Item, Policy, amount_text, expired, in_vain, oldest_enough, shortage
from mediamtx.files import make_folder, storage_error
from mediamtx.layout import Layout
from mediamtx.listing import first_segment, segments_of
from mediamtx.manual import needed as manual_needed
from mediamtx.names import RELEASED, Segment, Stream
from mediamtx.removal import carry_out
from mediamtx.segments import LONGEST_SEGMENT, Span, list_streams
from mediamtx.sizes import recorded_bytes

logger = logging.getLogger(__name__)


def apply_retention(
    settings: Settings, now: datetime, scanned: Mapping[Stream, datetime], needed: Sequence[tuple[str, Span]]
) -> list[Deletion]:
    """Delete what the settings say; returns what was deleted. May be stopped anywhere and run again.

    `scanned` is up to when the footage of a stream was searched for motion (a camera's other stream counts too),
    `needed` the footage of a camera that clips will still be cut from; that of manual recordings comes to it. A file
    that cannot be deleted is logged and the rest goes on. Does nothing while another process does it. Raises
    StorageError without a state folder.
    """
    layout = Layout.of(settings)
    make_folder(layout.state_dir)
    lock = FileLock(layout.lock("retention"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        logger.debug("retention is already running")
        return []
    except OSError as error:
        raise storage_error(layout.state_dir, "the lock cannot be taken", error) from error
    try:
        carry_out(layout, settings.cameras, now)
        return _Pass(settings, layout, now, scanned, [*needed, *manual_needed(settings, now)]).run()
    finally:
        lock.release()


class _Pass:
    """One run over all file systems."""

    def __init__(
        self,
        settings: Settings,
        layout: Layout,
        now: datetime,
        scanned: Mapping[Stream, datetime],
        needed: Sequence[tuple[str, Span]],
    ) -> None:
        self.settings, self.layout, self.now, self.scanned, self.needed = settings, layout, now, scanned, needed

    def run(self) -> list[Deletion]:
        deleted: list[Deletion] = []
        stuck = ""
        for streams, cameras, folder in self._volumes():
            done, why = self._run_volume(streams, cameras, folder)
            deleted += done
            stuck = stuck or why
        if deleted or self._is_unclean():
            self._clean_up()
        self._say_when_stuck(stuck)
        return deleted

    def _volumes(self) -> list[tuple[list[Stream], list[str], Path]]:
        """The file systems: the streams and the cameras' clips that lie on each, and a folder of it."""
        volumes: dict[int, tuple[list[Stream], list[str], Path]] = {}
        for stream in list_streams(self.layout):
            folder = self.layout.stream_dir(stream)
            if (device := _device(folder)) is not None:
                volumes.setdefault(device, ([], [], folder))[0].append(stream)
        for camera in camera_folders(self.layout):
            folder = self.layout.camera_dir(camera)
            if (device := _device(folder)) is not None:
                volumes.setdefault(device, ([], [], folder))[1].append(camera)
        return list(volumes.values())

    def _run_volume(self, streams: list[Stream], cameras: list[str], folder: Path) -> tuple[list[Deletion], str]:
        """What was deleted, and why still more should be."""
        rules, usage = self.settings.retention, shutil.disk_usage(folder)
        policy = Policy(
            rules.segment_days,
            rules.clip_days,
            parse_amount(rules.max_used, usage.total),
            parse_amount(rules.keep_free, usage.total),
        )
        used = 0 if policy.max_used is None else self._used(streams, cameras)
        disk = Disk(usage.free, used)
        # Most passes look only at what is old, by its name, and most others at the oldest segments.
        missing = shortage(policy, disk)[0]
        segments = heapq.merge(
            *(self._segments(stream, policy, missing > 0) for stream in streams), key=lambda item: item.end
        )
        items, enough = oldest_enough(segments, self.now, missing) if missing else (list(segments), True)
        items += [item for camera in cameras for item in self._clips(camera, policy, not enough)]
        deleted = [deletion for deletion in expired(items, self.now, policy, disk) if _delete(deletion)]
        freed = sum(deletion.item.size for deletion in deleted)
        why = shortage(policy, Disk(usage.free + freed, used - freed))[1]
        if why and in_vain(items, self.now, policy, disk):
            return deleted, f"{why}, but the disk is full of other things or kept clips: clips are not deleted for it"
        return deleted, why and f"{why}, but only kept clips and the newest footage are left"

    def _used(self, streams: list[Stream], cameras: list[str]) -> int:
        """Bytes of all recordings and clips, those in the trash too."""
        clips = sum(count.size for camera in cameras for count in days(self.layout, camera))
        trash = sum(_folder_size(self.layout.trash_dir(camera)) for camera in cameras)
        return recorded_bytes(self.layout, streams) + clips + trash

    def _segments(self, stream: Stream, policy: Policy, everything: bool) -> Iterator[Item]:
        oldest = self.now - timedelta(days=policy.segment_days)
        if not everything and not policy.segment_days:
            return
        segments = segments_of(self.layout, stream, until=None if everything else oldest)
        # Only the whole list says which segment is the newest.
        later = first_segment(self.layout, stream, since=oldest) if segments and not everything else None
        for segment, following in itertools.pairwise(itertools.chain(segments, (later,))):
            assert segment is not None  # only the last one may have none behind it
            end = segment.start + LONGEST_SEGMENT
            if following is not None:
                end = min(end, following.start)
            path = self.layout.segment_path(segment)
            if (size := _size(path)) is not None:
                yield Item(
                    path,
                    "segment",
                    end,
                    size,
                    scanned=self._is_scanned(stream, end),
                    needed=self._is_needed(stream.camera, Span(segment.start, end)),
                    newest=self._is_newest(segment, following) and self._is_recorded(stream),
                )

    def _clips(self, camera: str, policy: Policy, everything: bool) -> Iterator[Item]:
        for grave in tombstones(self.layout, camera):
            if (size := _size(grave.clip.path)) is not None:
                yield Item(grave.clip.path, "trash", grave.deleted, size, clip=grave.clip)
        oldest = self.layout.day_of(self.now - timedelta(days=policy.clip_days))
        for day in day_folders(self.layout, camera):
            if everything or (policy.clip_days and day <= oldest):
                for clip in clips_of_day(self.layout, camera, day):
                    yield Item(clip.path, "clip", clip.end, clip.size, clip=clip)

    def _is_scanned(self, stream: Stream, end: datetime) -> bool:
        camera = self.settings.cameras.get(stream.camera)
        if camera is None or not camera.motion:
            return True  # nobody will look for motion here
        both = (Stream(stream.camera, detect) for detect in (False, True))
        return any(end <= self.scanned[stream] for stream in both if stream in self.scanned)

    def _is_recorded(self, stream: Stream) -> bool:
        camera = self.settings.cameras.get(stream.camera)
        return camera is not None and camera.enabled

    def _is_newest(self, segment: Segment, following: Segment | None) -> bool:
        """Whether it may be the one being written: nothing follows but what a wrong clock dated far ahead."""
        present = self.now + timedelta(days=1)
        return following is None or segment.start < present <= following.start

    def _is_needed(self, camera: str, span: Span) -> bool:
        return any(camera == name and span.overlaps(other) for name, other in self.needed)

    def _is_unclean(self) -> bool:
        """Whether a run that ended early may have left a tombstone of what is long gone."""
        days = self.settings.retention.segment_days
        return bool(days) and any(
            not grave.restorable and self.now - grave.clip.end > timedelta(days=days) + LONGEST_SEGMENT
            for name in camera_folders(self.layout)
            for grave in tombstones(self.layout, name)
        )

    def _clean_up(self) -> None:
        """Remove empty folders, except those about to be written to, and tombstones of footage that is gone."""
        streams = list_streams(self.layout)
        for stream in streams:
            if not self._is_recorded(stream):
                remove_empty(self.layout.stream_dir(stream))
        today = self.layout.day_of(self.now)
        for name in camera_folders(self.layout):
            for day in day_folders(self.layout, name):
                if day < today:
                    remove_empty(self.layout.day_dir(name, day))
            if not streams:
                continue  # rather a disk that is not mounted: its footage would bring deleted clips back
            starts = [
                first.start
                for detect in (False, True)
                if (first := first_segment(self.layout, Stream(name, detect), since=RELEASED))
            ]
            prune_tombstones(self.layout, name, min(starts, default=None))

    def _say_when_stuck(self, reason: str) -> None:
        """Warn when room is missing and nothing may go any more: once, until there is room again."""
        marker = self.layout.retention_stuck
        # On a full or read-only disk the marker cannot be changed: the warning comes again, or once too seldom, but
        # looking for motion must go on.
        with contextlib.suppress(OSError):
            if not reason:
                marker.unlink(missing_ok=True)
            elif not marker.exists():
                logger.warning("%s; free some space", reason)
                marker.touch()


def _delete(deletion: Deletion) -> bool:
    item = deletion.item
    if item.kind == "clip" and item.clip is not None and is_kept(item.clip):
        return False  # a person was quicker
    try:
        if item.clip is not None:
            remove_clip(item.clip)
        else:
            item.path.unlink(missing_ok=True)
    except OSError as error:
        logger.warning("%s cannot be deleted (%s): %s", item.path, deletion.reason, error.strerror)
        return False
    logger.info("deleted %s, %s: %s", item.path, amount_text(item.size), deletion.reason)
    return True


def _size(path: Path | os.DirEntry[str]) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None  # gone meanwhile


def _device(folder: Path) -> int | None:
    try:
        return folder.stat().st_dev
    except OSError:
        return None  # gone meanwhile


def _folder_size(folder: Path) -> int:
    try:
        with os.scandir(folder) as entries:
            return sum(_size(entry) or 0 for entry in entries)
    except FileNotFoundError:
        return 0


def remove_empty(folder: Path) -> None:
    """Remove a folder that holds nothing, or only the index of what was there."""
    try:
        if all(path.name == INDEX for path in folder.iterdir()):
            (folder / INDEX).unlink(missing_ok=True)
            folder.rmdir()
            logger.info("removed the empty folder %s", folder)
    except OSError as error:  # somebody writes to it again
        logger.debug("%s stays: %s", folder, error.strerror)
