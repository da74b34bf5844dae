"""Retention: what has to go as a table, and real folders that are cleaned."""

from __future__ import annotations

import dataclasses
import errno
import logging
import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from filelock import FileLock

from config.settings import CameraSettings, RetentionSettings, Settings
from media import make_mp4
from mediamtx.catalogue import clips_of_day
from mediamtx.clips import Clip
from mediamtx.decisions import delete_clip, keep, restore, tombstones
from mediamtx.expiry import RECENT, Disk, Item, Policy, expired, shortage
from mediamtx.layout import Layout
from mediamtx.names import Segment, Stream
from mediamtx.publish import publish, temporary_path
from mediamtx.retention import apply_retention
from mediamtx.segments import Span, list_segments

NOW = datetime(2026, 12, 20, 12, tzinfo=UTC)
GB = 10**9
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
FRONT = Stream("front")
DETECT = Stream("front", detect=True)


def a_clip(end: datetime, kept: bool = False) -> Clip:
    layout = Layout(Path("/m"), Path("/c"), Path("/s"), UTC, "UTC")
    clip = Clip.new(layout, "front", "motion", end - HOUR, end - HOUR, end)
    return dataclasses.replace(clip, kept=kept)


def item(name: str, age: timedelta, size: int = GB, **more: object) -> Item:
    kind = name.split("-")[0]
    end = NOW - age
    clip = a_clip(end, bool(more.pop("kept", False))) if kind in ("clip", "trash") else None
    return Item(Path(name), kind, end, size, clip=clip, **more)  # type: ignore[arg-type]


def names(items: list[Item], policy: Policy, disk: Disk) -> list[str]:
    return [str(deletion.item.path) for deletion in expired(items, NOW, policy, disk)]


AGE = Policy(segment_days=7, clip_days=30, max_used=None, keep_free=None)


@pytest.mark.parametrize(
    ("one", "goes"),
    [
        (item("segment-young", 7 * DAY), False),
        (item("segment-old", 7 * DAY + HOUR), True),
        (item("segment-old-unscanned", 8 * DAY, scanned=False), True),
        (item("segment-old-newest", 8 * DAY, newest=True), False),
        (item("segment-old-needed", 8 * DAY, needed=True), False),
        (item("segment-1970", timedelta(days=20000)), False),
        (item("segment-future", -DAY), False),
        (item("clip-young", 30 * DAY), False),
        (item("clip-old", 31 * DAY), True),
        (item("clip-old-kept", 31 * DAY, kept=True), False),
        (item("trash-young", 6 * DAY), False),
        (item("trash-old", 8 * DAY), True),
        (item("trash-old-kept", 8 * DAY, kept=True), True),
    ],
    ids=lambda value: str(value.path) if isinstance(value, Item) else "",
)
def test_age(one: Item, goes: bool) -> None:
    assert names([one], AGE, Disk(0)) == ([str(one.path)] if goes else [])


def test_zero_days_mean_for_ever() -> None:
    items = [item("segment-x", 900 * DAY), item("clip-x", 900 * DAY)]
    assert names(items, Policy(0, 0, None, None), Disk(0)) == []


SPACE = [
    item("segment-newest", HOUR, newest=True),
    item("segment-recent", RECENT / 2, scanned=True),
    item("clip-recent", RECENT / 2),
    item("segment-needed", 6 * HOUR, needed=True),
    item("segment-1970", timedelta(days=20000)),
    item("clip-kept", 5 * DAY, kept=True),
    item("clip-new", 2 * HOUR),
    item("clip-old", 4 * DAY),
    item("segment-unscanned", 5 * HOUR),
    item("segment-unscanned-old", 3 * DAY),
    item("segment-new", 2 * HOUR, scanned=True),
    item("segment-old", 2 * DAY, scanned=True),
    item("trash-new", HOUR),
    item("trash-kept", 2 * HOUR, kept=True),
]
ORDER = [
    "trash-kept",
    "trash-new",
    "segment-old",
    "segment-new",
    "segment-unscanned-old",
    "segment-unscanned",
    "clip-old",
    "clip-new",
    "segment-1970",
    "segment-needed",
]


@pytest.mark.parametrize("missing", range(12))
def test_the_order_by_space_kept_free(missing: int) -> None:
    """Each item is 1 GB; what may never go stays however much is missing."""
    policy = Policy(0, 0, None, keep_free=missing * GB)
    wanted = missing + 1 if missing else 0  # a little more than the limit, so one item more
    expected = ORDER[:wanted] if missing <= len(ORDER) else [name for name in ORDER if not name.startswith("clip")]
    assert names(SPACE, policy, Disk(free=0)) == expected, "clips not where it would be in vain"


def test_clips_go_for_the_space_used_on_a_disk_full_of_other_things() -> None:
    items = [item("segment-a", 3 * HOUR), item("clip-a", 3 * HOUR), item("clip-b", 2 * HOUR)]
    assert names(items, Policy(0, 0, None, 100 * GB), Disk(0, 3 * GB)) == ["segment-a"]
    both = expired(items, NOW, Policy(0, 0, 3 * GB // 2, 100 * GB), Disk(0, 3 * GB))
    assert [str(deletion.item.path) for deletion in both] == ["segment-a", "clip-a"]
    assert "are allowed" in both[1].reason


def test_space_used_counts_what_may_not_go() -> None:
    used = sum(one.size for one in SPACE)
    assert names(SPACE, Policy(0, 0, used, None), Disk(10**15, used)) == []
    assert names(SPACE, Policy(0, 0, used - 1, None), Disk(10**15, used)) == ORDER[:1]
    assert names(SPACE, Policy(0, 0, 0, None), Disk(10**15, used)) == ORDER


def test_what_goes_by_age_counts_for_the_space() -> None:
    items = [item("segment-old", 8 * DAY), item("segment-young", DAY)]
    assert names(items, Policy(7, 0, None, GB // 2), Disk(0)) == ["segment-old"]


def test_a_reason_says_the_numbers() -> None:
    reason = expired(SPACE, NOW, Policy(0, 0, None, 3 * GB), Disk(GB))[0].reason
    assert reason == "1.0 GB free on the disk, 3.0 GB are to be kept free"
    assert shortage(Policy(0, 0, 2 * GB, None), Disk(0, 3 * GB))[1] == (
        "3.0 GB used by recordings and clips, 2.0 GB are allowed"
    )
    assert expired([item("segment-x", 8 * DAY)], NOW, AGE, Disk(0))[0].reason == "older than 7 days"


def with_rules(settings: Settings, **rules: object) -> Settings:
    return dataclasses.replace(settings, retention=RetentionSettings(**{"keep_free": "", **rules}))  # type: ignore[arg-type]


def fill(layout: Layout, stream: Stream, ages: list[timedelta], size: int = 1000) -> list[Segment]:
    """Segments whose content nobody looks at."""
    segments = sorted(Segment(stream, NOW - age) for age in ages)
    layout.stream_dir(stream).mkdir(parents=True, exist_ok=True)
    for segment in segments:
        layout.segment_path(segment).write_bytes(bytes(size))
    return segments


def file_clip(layout: Layout, camera: str, start: datetime, size: int = 1000) -> Clip:
    clip = Clip.new(layout, camera, "motion", start, start, start + timedelta(seconds=10))
    temporary = temporary_path(layout, camera, clip.name, "motion")
    temporary.write_bytes(bytes(size))
    return publish(layout, clip, temporary, b"jpeg")


def left(layout: Layout, stream: Stream) -> list[timedelta]:
    return [NOW - segment.start for segment in list_segments(layout, stream)]


def test_old_segments_go_and_the_log_says_why(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    layout = Layout.of(settings)
    fill(layout, FRONT, [9 * DAY, 8 * DAY, 6 * DAY, timedelta(0)])
    fill(layout, DETECT, [9 * DAY, 8 * DAY])
    caplog.set_level(logging.INFO)
    deleted = apply_retention(with_rules(settings, segment_days=7.0), NOW, {}, [])
    assert left(layout, FRONT) == [6 * DAY, timedelta(0)]
    assert left(layout, DETECT) == [8 * DAY], "the recorder may be writing it, since before the clock was set"
    assert len(deleted) == len(caplog.messages) == 3
    assert all("older than 7 days" in message for message in caplog.messages)
    assert apply_retention(with_rules(settings, segment_days=7.0), NOW, {}, []) == []


def test_segments_go_oldest_first_over_all_cameras(settings: Settings) -> None:
    settings = dataclasses.replace(settings, cameras={"front": CameraSettings(), "back": CameraSettings()})
    layout = Layout.of(settings)
    fill(layout, FRONT, [5 * HOUR, 3 * HOUR, HOUR, timedelta(0)])
    fill(layout, Stream("back"), [4 * HOUR, 2 * HOUR, timedelta(0)])
    scanned = {FRONT: NOW, Stream("back"): NOW}
    apply_retention(with_rules(settings, max_used="4500 B"), NOW, scanned, [])
    assert left(layout, FRONT) == [HOUR, timedelta(0)]
    assert left(layout, Stream("back")) == [2 * HOUR, timedelta(0)]


def test_scanned_before_unscanned_and_needed_last(settings: Settings) -> None:
    layout = Layout.of(settings)
    fill(layout, FRONT, [5 * HOUR, 4 * HOUR, 3 * HOUR, timedelta(0)])
    fill(layout, Stream("back"), [9 * HOUR, 8 * HOUR, timedelta(0)])
    settings = dataclasses.replace(settings, cameras={"front": CameraSettings(), "back": CameraSettings()})
    open_event = ("front", Span(NOW - 5 * HOUR, NOW - 5 * HOUR + timedelta(minutes=1)))
    # The detect stream was searched, which counts for the main stream too.
    apply_retention(with_rules(settings, max_used="5500 B"), NOW, {DETECT: NOW - HOUR}, [open_event])
    assert left(layout, FRONT) == [5 * HOUR, timedelta(0)]
    assert left(layout, Stream("back")) == [9 * HOUR, 8 * HOUR, timedelta(0)]
    apply_retention(with_rules(settings, max_used="100 B"), NOW, {}, [open_event])
    assert left(layout, FRONT) == [timedelta(0)]
    assert left(layout, Stream("back")) == [timedelta(0)]


def test_space_takes_segments_before_clips_and_kept_clips_never(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    layout = Layout.of(settings)
    fill(layout, FRONT, [2 * HOUR, timedelta(0)])
    old, kept, trashed = (file_clip(layout, "front", NOW - DAY * age) for age in (3, 4, 5))
    keep(kept)
    delete_clip(layout, trashed, NOW)
    rules = with_rules(settings, max_used="3500 B")
    assert [deletion.item.kind for deletion in apply_retention(rules, NOW, {}, [])] == ["trash", "segment"]
    rules = with_rules(settings, max_used="10 B")
    deleted = apply_retention(rules, NOW, {}, [])
    assert [deletion.item.path for deletion in deleted] == [old.path]
    assert not old.path.parent.exists(), "with its sidecar, thumbnail and day folder"
    assert kept.path.exists()
    warnings = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert "only kept clips" in warnings[0]
    assert apply_retention(rules, NOW, {}, []) == []
    assert len([record for record in caplog.records if record.levelno == logging.WARNING]) == 1, "said once"
    apply_retention(with_rules(settings, max_used="1 GB"), NOW, {}, [])
    apply_retention(rules, NOW, {}, [])
    assert len([record for record in caplog.records if record.levelno == logging.WARNING]) == 2, "and again later"


def test_a_clip_kept_meanwhile_survives(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    layout = Layout.of(settings)
    clip = file_clip(layout, "front", NOW - 40 * DAY)
    clips_of_day(layout, "front", clip.day)

    import mediamtx.retention

    def slow(*args: object) -> list[object]:
        result = expired(*args)  # type: ignore[arg-type]
        keep(clip)
        return list(result)

    monkeypatch.setattr(mediamtx.retention, "expired", slow)
    assert apply_retention(with_rules(settings, clip_days=30.0), NOW, {}, []) == []
    assert clip.path.exists()


def test_what_cannot_be_deleted_is_logged_and_the_rest_goes_on(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    layout = Layout.of(settings)
    segments = fill(layout, FRONT, [9 * DAY, 8 * DAY, timedelta(0)])
    stuck = layout.segment_path(segments[0])
    stuck.unlink()
    stuck.mkdir()  # in the way of unlink, even for root
    deleted = apply_retention(with_rules(settings, segment_days=7.0), NOW, {}, [])
    assert [deletion.item.path for deletion in deleted] == [layout.segment_path(segments[1])]
    assert f"{stuck} cannot be deleted" in caplog.text


def test_the_trash_is_emptied_after_a_week(settings: Settings) -> None:
    layout = Layout.of(settings)
    clip = file_clip(layout, "front", NOW - DAY)
    fill(layout, FRONT, [timedelta(days=20000)])
    delete_clip(layout, clip, NOW)
    assert apply_retention(settings, NOW + 6 * DAY, {}, []) == []
    assert len(apply_retention(settings, NOW + 8 * DAY, {}, [])) == 1
    assert tombstones(layout, "front") == [], "there is no footage that could bring it back"
    assert list(layout.trash_dir("front").iterdir()) == []


def test_a_tombstone_lives_as_long_as_its_segments(settings: Settings) -> None:
    layout = Layout.of(settings)
    clip = file_clip(layout, "front", NOW - DAY)
    fill(layout, FRONT, [DAY, timedelta(0)])
    delete_clip(layout, clip, NOW)
    rules = with_rules(settings, segment_days=0.0)
    assert len(apply_retention(rules, NOW + 8 * DAY, {}, [])) == 1
    assert len(tombstones(layout, "front")) == 1
    rules = with_rules(settings, segment_days=7.0)
    apply_retention(rules, NOW + 8 * DAY, {}, [])
    assert tombstones(layout, "front") == []


def test_a_tombstone_outlives_an_unmounted_disk(settings: Settings) -> None:
    layout = Layout.of(settings)
    delete_clip(layout, file_clip(layout, "front", NOW - DAY), NOW)
    assert len(apply_retention(settings, NOW + 8 * DAY, {}, [])) == 1
    assert len(tombstones(layout, "front")) == 1, "the footage may come back"


def test_other_things_on_the_disk_cost_no_clip(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    layout = Layout.of(settings)
    fill(layout, FRONT, [3 * HOUR, 2 * HOUR, timedelta(0)])
    clip = file_clip(layout, "front", NOW - DAY)
    rules = with_rules(settings, keep_free="100 %")
    assert [deletion.item.kind for deletion in apply_retention(rules, NOW, {}, [])] == ["segment", "segment"]
    assert apply_retention(rules, NOW, {}, []) == []
    assert clip.path.exists()
    assert caplog.text.count("the disk is full of other things") == 1


def test_a_marker_that_cannot_be_written_stops_nothing(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    layout = Layout.of(settings)
    fill(layout, FRONT, [2 * HOUR, timedelta(0)])

    def full(path: Path, *args: object, **more: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(Path, "touch", full)
    assert len(apply_retention(with_rules(settings, keep_free="100 %"), NOW, {}, [])) == 1


def test_a_folder_that_vanishes_is_skipped(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(Layout.of(settings), FRONT, [9 * DAY, timedelta(0)])
    monkeypatch.setattr("mediamtx.retention.list_streams", lambda _: [FRONT, Stream("gone")])
    assert len(apply_retention(with_rules(settings, segment_days=7.0), NOW, {}, [])) == 1


def test_restored_clips_are_ordinary_again(settings: Settings) -> None:
    layout = Layout.of(settings)
    clip = file_clip(layout, "front", NOW - 2 * DAY)
    delete_clip(layout, clip, NOW)
    assert restore(layout, "front", clip.name.stem) == clip
    assert apply_retention(settings, NOW + 8 * DAY, {}, []) == []
    assert clip.path.exists()


def test_an_unset_clock_deletes_nothing(settings: Settings) -> None:
    layout = Layout.of(settings)
    fill(layout, FRONT, [9 * DAY, 8 * DAY, timedelta(0)])
    boot = datetime(1970, 1, 1, 0, 1, tzinfo=UTC)
    layout.segment_path(Segment(FRONT, boot)).write_bytes(b"x")
    rules = with_rules(settings, segment_days=7.0)
    assert apply_retention(rules, boot + HOUR, {}, []) == []
    apply_retention(rules, NOW, {}, [])
    assert list_segments(layout, FRONT)[0].start == boot, "once it is set, footage from before is set aside"


def test_folders_of_a_removed_camera_go_when_empty(settings: Settings) -> None:
    layout = Layout.of(settings)
    fill(layout, Stream("gone"), [9 * DAY, 8 * DAY])
    fill(layout, FRONT, [9 * DAY])
    file_clip(layout, "gone", NOW - 40 * DAY)
    today = layout.day_dir("front", layout.day_of(NOW))
    today.mkdir(parents=True)
    apply_retention(with_rules(settings, segment_days=7.0, clip_days=30.0), NOW, {}, [])
    assert not layout.stream_dir(Stream("gone")).exists()
    assert layout.stream_dir(FRONT).is_dir()
    assert list(layout.camera_dir("gone").iterdir()) == []
    assert today.is_dir()


def test_it_runs_once_at_a_time(settings: Settings) -> None:
    layout = Layout.of(settings)
    fill(layout, FRONT, [9 * DAY, 8 * DAY, timedelta(0)])
    layout.state_dir.mkdir()
    with FileLock(layout.lock("retention")):
        assert apply_retention(with_rules(settings, segment_days=7.0), NOW, {}, []) == []
    assert len(apply_retention(with_rules(settings, segment_days=7.0), NOW, {}, [])) == 2


def test_nothing_there_yet(settings: Settings) -> None:
    assert apply_retention(settings, NOW, {}, []) == []


def test_keeping_space_free_reads_the_disk(settings: Settings) -> None:
    layout = Layout.of(settings)
    fill(layout, FRONT, [3 * HOUR, 2 * HOUR, timedelta(0)])
    assert apply_retention(with_rules(settings, keep_free="1 B"), NOW, {}, []) == []
    total = shutil.disk_usage(settings.media_dir).total
    deleted = apply_retention(with_rules(settings, keep_free=f"{total} B"), NOW, {}, [])
    assert len(deleted) == 2


def test_clips_from_elsewhere_age_by_their_media(settings: Settings, tmp_path: Path, ffmpeg: str) -> None:
    layout = Layout.of(settings)
    clip = file_clip(layout, "front", NOW - 40 * DAY)
    clip.sidecar.unlink()
    make_mp4(clip.path, 2.0)
    assert len(apply_retention(with_rules(settings, clip_days=30.0), NOW, {}, [])) == 1


def test_a_full_disk_of_its_own(settings: Settings) -> None:
    """Each file system has its own count: the recordings' one is full, that of the clips has room."""
    layout = Layout.of(settings)
    layout.recordings.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", layout.recordings]
    if os.geteuid() != 0 or shutil.which("mount") is None or subprocess.run(command, check=False).returncode:
        pytest.skip("a small file system needs root and the right to mount")
    try:
        clip = file_clip(layout, "front", NOW - 5 * DAY)
        segments = fill(layout, FRONT, [HOUR * age for age in range(9, -1, -1)], size=100_000)
        with pytest.raises(OSError, match="No space left"):
            (layout.recordings / "more").write_bytes(bytes(100_000))
        (layout.recordings / "more").unlink()
        apply_retention(with_rules(settings, keep_free="400 KB"), NOW, {}, [])
        assert shutil.disk_usage(layout.recordings).free >= 400_000
        assert list_segments(layout, FRONT) == segments[4:]
        assert clip.path.exists()
    finally:
        subprocess.run(["umount", layout.recordings], check=True)
