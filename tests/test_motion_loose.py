"""Loose MP4s in a camera's folder are filed by the day they were taken."""

from __future__ import annotations

import logging
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from yard import Yard

import media
from config.settings import Settings
from mediamtx.catalogue import clips_of_day, days, find_clip
from mediamtx.layout import Layout
from mediamtx.segments import Seen
from motion.loose import file_loose, taken_at

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
MTIME = datetime(2026, 11, 19, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "created", "expected"),
    [
        ("2026-11-18_17-00-05-120_saved.mp4", None, "2026-11-18T17:00:05.120Z"),  # ours: UTC
        ("2026-11-18_17-00-05-120000.mp4", None, "2026-11-18T17:00:05.120Z"),
        ("2026-07-18_17-00-05.mp4", None, "2026-07-18T15:00:05Z"),  # others': local time
        ("VID_20260718_170005.mp4", None, "2026-07-18T15:00:05Z"),
        ("bird 2026-11-18 at 17.30.mp4", None, "2026-11-17T23:00:00Z"),
        ("2026-11-18.mp4", "2025-01-01T00:00:00Z", "2026-11-17T23:00:00Z"),
        ("IMG_20261118-1700.mp4", None, "2026-11-18T16:00:00Z"),
        ("bird.mp4", "2026-11-18T17:00:05.000000Z", "2026-11-18T17:00:05Z"),
        ("bird.mp4", None, "2026-11-19T08:00:00Z"),
        ("bird.mp4", "1904-01-01T00:00:00.000000Z", "2026-11-19T08:00:00Z"),
        ("bird.mp4", "yesterday", "2026-11-19T08:00:00Z"),
        ("2026-13-45.mp4", None, "2026-11-19T08:00:00Z"),
        ("call 4915112345678.mp4", None, "2026-11-19T08:00:00Z"),
        ("0000-01-01.mp4", None, "2026-11-19T08:00:00Z"),
        ("0001-01-01.mp4", None, "2026-11-19T08:00:00Z"),
    ],
)
def test_when_a_file_was_taken(name: str, created: str | None, expected: str) -> None:
    found = taken_at(name, BERLIN, created, MTIME.timestamp())
    assert found == datetime.fromisoformat(expected)
    assert found.tzinfo is UTC


@pytest.fixture
def layout(settings: Settings, ffmpeg: str) -> Layout:
    layout = Layout.of(settings)
    layout.camera_dir("front").mkdir(parents=True)
    return layout


def put(layout: Layout, name: str) -> Path:
    path = media.make_mp4(layout.camera_dir("front") / name, 4)
    os.utime(path, (MTIME.timestamp(), MTIME.timestamp()))
    return path


@pytest.mark.slow
def test_it_is_filed_once_it_has_not_changed_for_a_minute(layout: Layout) -> None:
    path = put(layout, "2026-11-18_10-00-00_feeder.mp4")
    content = path.read_bytes()
    seen: dict[str, Seen] = {}
    assert file_loose(layout, "front", seen, NOW) == []
    assert file_loose(layout, "front", seen, NOW + timedelta(seconds=59)) == []
    assert path.exists()
    (clip,) = file_loose(layout, "front", seen, NOW + timedelta(seconds=60))
    assert seen == {} and not path.exists()
    assert clip.kind == "saved" and clip.path.read_bytes() == content
    assert clip.duration == pytest.approx(4, abs=0.1)
    assert clip.thumbnail.exists() and clip.sidecar.exists()
    found = find_clip(layout, "front", clip.name.stem)
    assert found is not None and found.path == clip.path
    assert [(count.day.isoformat(), count.clips) for count in days(layout, "front")] == [("2026-11-18", 1)]


@pytest.mark.slow
def test_one_that_still_grows_waits(layout: Layout) -> None:
    path = put(layout, "bird.mp4")
    seen: dict[str, Seen] = {}
    file_loose(layout, "front", seen, NOW)
    with path.open("ab") as file:
        file.write(bytes(100))
    assert file_loose(layout, "front", seen, NOW + timedelta(seconds=70)) == []
    assert len(file_loose(layout, "front", seen, NOW + timedelta(seconds=130))) == 1


@pytest.mark.slow
def test_two_of_the_same_date_become_two_clips(layout: Layout) -> None:
    put(layout, "a 2026-11-18.mp4")
    media.make_mp4(layout.camera_dir("front") / "b 2026-11-18.mp4", 3)
    seen: dict[str, Seen] = {}
    file_loose(layout, "front", seen, NOW)
    assert len(file_loose(layout, "front", seen, NOW + timedelta(seconds=60))) == 2
    assert len(clips_of_day(layout, "front", datetime(2026, 11, 18, tzinfo=layout.zone).date())) == 2


@pytest.mark.slow
def test_the_files_own_date_is_used(layout: Layout) -> None:
    path = put(layout, "garden.mp4")
    dated = path.with_name("dated.mp4")
    command = ["ffmpeg", "-v", "error", "-i", path, "-c", "copy", "-metadata", "creation_time=2026-11-17T09:00:00Z"]
    subprocess.run([*command, dated], check=True, timeout=60)
    path.unlink()
    seen: dict[str, Seen] = {}
    file_loose(layout, "front", seen, NOW)
    (clip,) = file_loose(layout, "front", seen, NOW + timedelta(seconds=60))
    assert clip.start == datetime(2026, 11, 17, 9, 0, tzinfo=UTC)


def test_what_cannot_be_read_stays_and_is_said_once(layout: Layout, caplog: pytest.LogCaptureFixture) -> None:
    broken = layout.camera_dir("front") / "broken.mp4"
    broken.write_bytes(b"no video")
    (layout.camera_dir("front") / "notes.txt").write_text("not ours")
    (layout.camera_dir("front") / "folder.mp4").mkdir()
    (layout.camera_dir("front") / ".hidden.mp4").write_bytes(b"x")
    seen: dict[str, Seen] = {}
    with caplog.at_level(logging.WARNING):
        for minutes in range(5):
            assert file_loose(layout, "front", seen, NOW + timedelta(minutes=minutes)) == []
    assert broken.exists()
    assert len([r for r in caplog.records if "broken.mp4" in r.getMessage()]) == 1
    broken.write_bytes(b"still no video, but another one")
    for minutes in range(5, 10):
        file_loose(layout, "front", seen, NOW + timedelta(minutes=minutes))
    assert len([r for r in caplog.records if "stays where it is" in r.getMessage()]) == 2


@pytest.mark.slow
def test_the_job_files_them_and_remembers_between_passes(settings: Settings, ffmpeg: str) -> None:
    yard = Yard(settings)
    yard.layout.camera_dir("front").mkdir(parents=True)
    path = media.make_mp4(yard.layout.camera_dir("front") / "2026-11-18 10.00.00.mp4", 4)
    assert yard.run(now=0).clips == []
    assert yard.run(now=50).clips == []
    (clip,) = yard.run(now=61).clips
    assert clip.kind == "saved" and not path.exists()
    assert yard.run(now=120).clips == []
