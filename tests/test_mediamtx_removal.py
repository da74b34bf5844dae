"""Removing all that was recorded of a camera that was deleted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from config.settings import CameraSettings, Settings
from mediamtx.layout import Layout
from mediamtx.names import Stream
from mediamtx.removal import ask_removal, asked_for
from mediamtx.retention import apply_retention
from website import publish_clip

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def fill(layout: Layout, camera: str) -> list[Path]:
    files = [layout.stream_dir(Stream(camera, detect)) / "2026-11-21_10-00-00-000000.mp4" for detect in (False, True)]
    files += [layout.activity_file(camera, NOW.date()), layout.motion_state(camera)]
    for path in files:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return [*files, publish_clip(layout, NOW, camera=camera).path]


def test_nothing_is_left_of_it_and_nothing_else_goes(settings: Settings, tmp_path: Path) -> None:
    layout = Layout.of(settings)
    ours, others = fill(layout, "front"), [*fill(layout, "gone"), layout.manual_recording("gone")]
    others[-1].write_text("{}")
    ask_removal(layout, "gone")
    ask_removal(layout, "front")  # which is configured, as somebody put it back into config.txt
    apply_retention(settings, NOW, {}, [])
    assert all(path.exists() for path in ours) and not any(path.exists() for path in others)
    assert not layout.camera_dir("gone").exists()
    late = layout.stream_dir(Stream("gone")) / "2026-11-21_11-00-00-000000.mp4"  # the recorder closed it only now
    late.parent.mkdir()
    late.write_bytes(b"x")
    apply_retention(settings, NOW, {}, [])
    assert not late.parent.exists() and asked_for(layout) == ["front", "gone"]
    apply_retention(settings, NOW, {}, [])
    assert asked_for(layout) == ["front"]
    apply_retention(settings, datetime.now(UTC) + timedelta(days=2), {}, [])
    assert asked_for(layout) == [], "or it would come true when the camera goes another time"


def test_a_folder_on_another_disk_is_emptied(settings: Settings, tmp_path: Path) -> None:
    layout, disk, other = Layout.of(settings), tmp_path / "disk", tmp_path / "other"
    (disk / "day").mkdir(parents=True)
    other.mkdir()
    (disk / "link").symlink_to(other)
    layout.output_dir.mkdir()
    layout.camera_dir("gone").symlink_to(disk)
    ask_removal(layout, "gone")
    apply_retention(replace(settings, cameras={"a": CameraSettings()}), NOW, {}, [])
    assert list(disk.iterdir()) == [] and other.is_dir() and not layout.camera_dir("gone").is_symlink()
