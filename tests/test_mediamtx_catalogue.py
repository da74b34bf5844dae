"""Listing clips: the folders are the truth, the index only a cache that may be missing, old or damaged."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from config.settings import Settings
from media import make_mp4
from mediamtx.catalogue import (
    INDEX,
    DayCount,
    camera_folders,
    clips_near,
    clips_of_day,
    day_folders,
    days,
    find_clip,
    latest_clip,
)
from mediamtx.clips import Clip, encode_sidecar
from mediamtx.decisions import delete_clip, keep, unkeep
from mediamtx.layout import Layout
from mediamtx.names import ClipKind
from mediamtx.segments import Span

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = date(2026, 11, 20)


@pytest.fixture
def layout(settings: Settings) -> Layout:
    return Layout.of(dataclasses.replace(settings, time_zone="UTC"))


def put(layout: Layout, hours: float, kind: ClipKind = "motion", camera: str = "front") -> Clip:
    """A clip as `publish` leaves it, written without waiting for the disk."""
    start = START + timedelta(hours=hours)
    windows = [Span(start, start + timedelta(seconds=5))]
    clip = Clip.new(layout, camera, kind, start, start, start + timedelta(seconds=10), windows=windows, score=3.5)
    clip.folder.mkdir(parents=True, exist_ok=True)
    clip.thumbnail.write_bytes(b"jpeg")
    clip.sidecar.write_bytes(encode_sidecar(clip))
    clip.path.write_bytes(b"the film")
    return dataclasses.replace(clip, size=8)


def settle(layout: Layout, camera: str = "front") -> None:
    """Let the day folders look as if nothing had changed for a while, which is when an index is written."""
    for day in day_folders(layout, camera):
        folder = layout.day_dir(camera, day)
        an_hour_ago = folder.stat().st_mtime_ns - 3600 * 10**9
        os.utime(folder, ns=(an_hour_ago, an_hour_ago))


def index_of(layout: Layout) -> Path:
    return layout.day_dir("front", DAY) / INDEX


def test_nothing_there(layout: Layout) -> None:
    assert camera_folders(layout) == []
    assert days(layout, "front") == []
    assert clips_of_day(layout, "front", DAY) == []
    assert latest_clip(layout, "front") is None
    assert find_clip(layout, "front", "2026-11-20_18-03-04-120_motion") is None
    assert not layout.output_dir.exists(), "looking makes no folder"


def test_days_and_clips_newest_first(layout: Layout) -> None:
    a, b, c = put(layout, 0), put(layout, 1, "saved"), put(layout, 24)
    put(layout, 2, camera="back")
    layout.day_dir("front", date(2026, 11, 25)).mkdir()
    (layout.camera_dir("front") / "2026-11-31").mkdir()
    (layout.camera_dir("front") / "notes").mkdir()
    (layout.camera_dir("front") / "2026-11-26").touch()
    assert camera_folders(layout) == ["back", "front"]
    assert days(layout, "front") == [DayCount(date(2026, 11, 21), 1, 8), DayCount(DAY, 2, 16)]
    assert clips_of_day(layout, "front", DAY) == [b, a]
    assert latest_clip(layout, "front") == c
    assert [find_clip(layout, "front", clip.name.stem) for clip in (a, b, c)] == [a, b, c]


@pytest.mark.parametrize("stem", ["", "..", "../2026-11-20_12-00-00-000_motion", "2026-11-20_12-00-00-001_motion", "x"])
def test_no_such_clip(layout: Layout, stem: str) -> None:
    put(layout, 0)
    assert find_clip(layout, "front", stem) is None


def test_only_whole_clips_are_listed(layout: Layout) -> None:
    clip = put(layout, 0)
    for name in (
        ".tmp-motion-1-1-2026-11-20_13-00-00-000_motion.mp4",
        "holiday.mp4",
        "2026-11-20_14-00-00-000_motion.jpg",
    ):
        (clip.folder / name).touch()
    assert clips_of_day(layout, "front", DAY) == [clip]
    assert days(layout, "front") == [DayCount(DAY, 1, 8)]


def test_the_index_answers_like_the_folder(layout: Layout) -> None:
    for hour in range(5):
        put(layout, hour)
    keep(clips_of_day(layout, "front", DAY)[2])
    cold = clips_of_day(layout, "front", DAY)
    assert not index_of(layout).exists(), "the folder has only just changed"
    settle(layout)
    clips_of_day(layout, "front", DAY)  # makes the file, which changes the folder
    settle(layout)
    assert clips_of_day(layout, "front", DAY) == cold
    head = json.loads(index_of(layout).read_bytes().partition(b"\n")[0])
    assert (head["clips"], head["folder"]) == (5, index_of(layout).parent.stat().st_mtime_ns)
    index = index_of(layout).read_bytes()
    assert clips_of_day(layout, "front", DAY) == cold
    assert days(layout, "front") == [DayCount(DAY, 5, 40)]
    assert index_of(layout).read_bytes() == index


def indexed(layout: Layout) -> list[Clip]:
    for hour in range(3):
        put(layout, hour)
    for _ in range(2):
        settle(layout)
        clips = clips_of_day(layout, "front", DAY)
    assert index_of(layout).exists()
    return clips


def test_the_index_is_really_used(layout: Layout) -> None:
    clips = indexed(layout)
    path = clips[0].sidecar
    status = path.stat()
    path.write_bytes(path.read_bytes().replace(b"3.5", b"9.5"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))  # as nobody does
    assert clips_of_day(layout, "front", DAY) == clips


def change_sidecar(clips: list[Clip]) -> None:
    path = clips[0].sidecar
    path.write_bytes(path.read_bytes().replace(b"3.5", b"9.25"))


def change_film(clips: list[Clip]) -> None:
    clips[0].path.write_bytes(b"a longer film")


def remove_film(clips: list[Clip]) -> None:
    clips[0].path.unlink()


def add_mark(clips: list[Clip]) -> None:
    clips[0].kept_marker.touch()


@pytest.mark.parametrize("change", [change_sidecar, change_film, remove_film, add_mark])
def test_every_change_shows(layout: Layout, change: Callable[[list[Clip]], None]) -> None:
    clips = indexed(layout)
    change(clips)
    index_of(layout).touch()
    after = clips_of_day(layout, "front", DAY)
    index_of(layout).unlink()
    assert after == clips_of_day(layout, "front", DAY)
    assert after != clips
    assert days(layout, "front") == [DayCount(DAY, len(after), sum(clip.size for clip in after))]


def test_counts_follow_at_once(layout: Layout) -> None:
    clips = indexed(layout)
    put(layout, 4)
    assert days(layout, "front") == [DayCount(DAY, 4, 32)]
    delete_clip(layout, clips[0], START)
    assert days(layout, "front") == [DayCount(DAY, 3, 24)]
    keep(clips[1])
    assert [clip.kept for clip in clips_of_day(layout, "front", DAY)] == [False, True, False]
    unkeep(clips[1])
    assert not any(clip.kept for clip in clips_of_day(layout, "front", DAY))


def test_counting_makes_an_index_too(layout: Layout) -> None:
    for hour in range(3):
        put(layout, hour)
    for _ in range(3):
        assert days(layout, "front") == [DayCount(DAY, 3, 24)]
        settle(layout)
    index = index_of(layout).read_bytes()
    assert json.loads(index.partition(b"\n")[0])["clips"] == 3
    assert len(clips_of_day(layout, "front", DAY)) == 3
    settle(layout)
    clips_of_day(layout, "front", DAY)
    whole = index_of(layout).read_bytes()
    assert len(whole) > len(index)
    put(layout, 4)
    settle(layout)
    assert days(layout, "front") == [DayCount(DAY, 4, 32)]
    assert index_of(layout).read_bytes().partition(b"\n")[2] == whole.partition(b"\n")[2], "what was known is kept"


def test_a_damaged_index_is_made_anew(layout: Layout) -> None:
    clips = indexed(layout)
    whole = index_of(layout).read_bytes()
    head, _, body = whole.partition(b"\n")
    damages = [whole[:length] for length in range(0, len(whole), 61)]
    damages += [b"null\n" + body, b"[]\n", b"{}\n{}", head + b"\n{}", whole.replace(b"3.5", b"4.5"), b"\xff" * 100]
    damages += [whole.replace(b'"version": 1', b'"version": 2')]
    for damage in damages:
        index_of(layout).write_bytes(damage)
        assert clips_of_day(layout, "front", DAY) == clips
        assert index_of(layout).read_bytes() == whole


def test_a_folder_in_place_of_the_index(layout: Layout) -> None:
    clips = indexed(layout)
    index_of(layout).unlink()
    index_of(layout).mkdir()
    settle(layout)
    assert clips_of_day(layout, "front", DAY) == clips
    assert days(layout, "front") == [DayCount(DAY, 3, 24)]


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b'{"start": 5}', b"\xff"])
def test_a_clip_without_a_sidecar_that_can_be_read(
    layout: Layout, ffmpeg: str, caplog: pytest.LogCaptureFixture, content: bytes | None
) -> None:
    clip = put(layout, 0)
    make_mp4(clip.path, 3.0)
    if content is None:
        clip.sidecar.unlink()
    else:
        clip.sidecar.write_bytes(content)
    (listed,) = clips_of_day(layout, "front", DAY)
    assert (listed.start, listed.windows, listed.score) == (START, (), None)
    assert listed.duration == pytest.approx(3.0, abs=0.05)
    assert find_clip(layout, "front", clip.name.stem) == latest_clip(layout, "front") == listed
    assert ("damaged" in caplog.text) == (content is not None)


def test_a_clip_that_nobody_can_read_is_listed_too(layout: Layout, caplog: pytest.LogCaptureFixture) -> None:
    clip = put(layout, 0)
    clip.sidecar.unlink()
    (listed,) = clips_of_day(layout, "front", DAY)
    assert (listed.duration, listed.size) == (0, 8)
    assert "shown without its length" in caplog.text


@pytest.mark.parametrize("make", [lambda path: path.symlink_to("nowhere"), Path.mkdir, os.mkfifo])
def test_what_only_has_the_name_of_a_clip(layout: Layout, make: Callable[[Path], None]) -> None:
    """A FIFO, above all: whoever opened it would wait for ever."""
    clip = put(layout, 0)
    clip.path.unlink()
    make(clip.path)
    assert clips_of_day(layout, "front", DAY) == []
    assert days(layout, "front") == []
    assert find_clip(layout, "front", clip.name.stem) is None
    assert latest_clip(layout, "front") is None


def test_a_read_only_folder_has_no_index(layout: Layout) -> None:
    layout.output_dir.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", layout.output_dir]
    if os.geteuid() != 0 or shutil.which("mount") is None or subprocess.run(command, check=False).returncode:
        pytest.skip("a read-only file system needs root and the right to mount")
    try:
        clip = put(layout, 0)
        settle(layout)
        subprocess.run(["mount", "-o", "remount,ro", layout.output_dir], check=True)
        assert clips_of_day(layout, "front", DAY) == [clip]
        assert days(layout, "front") == [DayCount(DAY, 1, 8)]
        assert not index_of(layout).exists()
    finally:
        subprocess.run(["umount", layout.output_dir], check=True)


def test_clips_near_a_time(layout: Layout) -> None:
    clips = {hours: put(layout, hours) for hours in (-13, -12.001, -11, -3, 0, 1, 5)}
    near = clips_near(layout, "front", Span(START, START + timedelta(minutes=1)))
    assert near == [clips[0], clips[1]]
    at_midnight = START - timedelta(hours=12)
    near = clips_near(layout, "front", Span(at_midnight, at_midnight + timedelta(minutes=1)))
    assert near == [clips[-13], clips[-12.001], clips[-11]]


def test_a_clip_filed_under_another_zone_is_found(settings: Settings) -> None:
    kiritimati, honolulu = (
        Layout.of(dataclasses.replace(settings, time_zone=zone)) for zone in ("Pacific/Kiritimati", "Pacific/Honolulu")
    )
    clip = put(kiritimati, 0)
    assert clip.day == date(2026, 11, 21)
    assert honolulu.day_of(START) == DAY
    assert find_clip(honolulu, "front", clip.name.stem) == clip
    assert clips_near(honolulu, "front", clip.span) == [clip]
    assert latest_clip(honolulu, "front") == clip
