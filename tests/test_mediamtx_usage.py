"""What takes how much of the disk, and how long the rest lasts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from config.settings import RetentionSettings, Settings
from mediamtx.layout import Layout
from mediamtx.names import Segment, Stream
from mediamtx.notes import read_notes, write_notes
from mediamtx.sizes import recorded_bytes
from mediamtx.usage import Use, judge, storage_of
from website import publish_clip

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
GB = 10**9


def use(recorded: int, rate: float | None) -> Use:
    return Use("front", main=recorded, detect=0, clips=0, clip_count=0, rate=rate, oldest=None)


@pytest.mark.parametrize(
    ("rules", "left", "back"),
    [
        (RetentionSettings(segment_days=0, keep_free="10 GB"), 9, 11),
        (RetentionSettings(segment_days=7, keep_free="10 GB"), 9, 7),
        (RetentionSettings(segment_days=0, keep_free="", max_used="50 GB"), 3, 5),
        (RetentionSettings(segment_days=0, keep_free="200 GB"), 0, 2),
    ],
)
def test_how_long_the_room_lasts(rules: RetentionSettings, left: float, back: float) -> None:
    found = judge((use(20 * GB, 10.0 * GB),), 1000 * GB, 100 * GB, rules)
    assert (found.days_left, found.days_back) == (left, back)


def test_without_a_rate_nothing_is_told() -> None:
    found = judge((use(20 * GB, None),), 1000 * GB, 100 * GB, RetentionSettings())
    assert found.days_left is None and found.days_back is None


def test_sizes_of_removed_streams_are_forgotten(settings: Settings) -> None:
    layout = Layout.of(settings)
    layout.state_dir.mkdir(parents=True)
    for stream in (Stream("front"), Stream("back")):
        layout.stream_dir(stream).mkdir(parents=True)
    write_notes(layout.recorded_sizes, {f"{name}/2026-11-20": [1, 2] for name in ("front", "back", "gone")})
    assert recorded_bytes(layout, [Stream("front")]) == 0
    assert read_notes(layout.recorded_sizes) == {"back/2026-11-20": [1, 2]}


def test_what_each_camera_takes(settings: Settings) -> None:
    layout = Layout.of(settings)
    for camera, detect, hours in (("front", False, 3), ("front", False, 12), ("front", True, 12), ("gone", False, 40)):
        path = layout.segment_path(Segment(Stream(camera, detect), NOW - timedelta(hours=hours)))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 1000)
    publish_clip(layout, NOW, camera="gone")
    found = {one.camera: one for one in storage_of(settings, NOW).uses}
    assert (found["front"].main, found["front"].detect, found["front"].clips) == (2000, 1000, 0)
    assert found["front"].rate == pytest.approx(6000) and found["front"].oldest == NOW - timedelta(hours=12)
    assert found["gone"].rate is None and found["gone"].clip_count == 1 and found["gone"].clips > 0
