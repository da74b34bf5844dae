"""Where things lie."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from config.errors import ConfigError
from config.settings import Settings
from mediamtx.layout import Layout
from mediamtx.names import Segment, Stream


def test_paths(settings: Settings) -> None:
    layout = Layout.of(settings)
    start = datetime(2026, 11, 20, 18, 3, 7, 123456, tzinfo=UTC)
    assert layout.segment_path(Segment(Stream("front", detect=True), start)) == (
        settings.media_dir / "recordings/front_detect/2026-11-20_18-03-07-123456.mp4"
    )
    assert layout.day_dir("front", date(2026, 11, 20)) == settings.output_dir / "front/2026-11-20"
    assert layout.motion_state("front") == settings.state_dir / ".motion_state_front.json"


@pytest.mark.parametrize(
    ("zone", "start", "day"),
    [
        ("Europe/Berlin", datetime(2026, 11, 20, 22, 59, tzinfo=UTC), date(2026, 11, 20)),
        ("Europe/Berlin", datetime(2026, 11, 20, 23, 0, tzinfo=UTC), date(2026, 11, 21)),
        ("Europe/Berlin", datetime(2026, 7, 20, 22, 0, tzinfo=UTC), date(2026, 7, 21)),
        ("America/Los_Angeles", datetime(2026, 11, 20, 7, 59, tzinfo=UTC), date(2026, 11, 19)),
        ("UTC", datetime(2026, 11, 20, 23, 59, tzinfo=UTC), date(2026, 11, 20)),
        # The night the clocks go back: both 02:30 belong to the same day.
        ("Europe/Berlin", datetime(2026, 10, 25, 0, 30, tzinfo=UTC), date(2026, 10, 25)),
        ("Europe/Berlin", datetime(2026, 10, 25, 1, 30, tzinfo=UTC), date(2026, 10, 25)),
    ],
)
def test_a_day_is_local(settings: Settings, zone: str, start: datetime, day: date) -> None:
    layout = Layout.of(dataclasses.replace(settings, time_zone=zone))
    assert layout.zone_name == zone
    assert layout.day_of(start) == day


@pytest.mark.parametrize("camera", ["..", "../x", "/etc", "Front", "a/b", ""])
def test_no_path_leaves_its_folder(settings: Settings, camera: str) -> None:
    layout = Layout.of(settings)
    for path in (layout.camera_dir, layout.trash_dir, layout.tombstone_dir, layout.motion_state, layout.activity_dir):
        with pytest.raises(ConfigError):
            path(camera)


def test_all_paths_lie_below_the_three_folders(settings: Settings) -> None:
    layout = Layout.of(settings)
    for name in dir(Layout):
        value = getattr(layout, name)
        if isinstance(value, Path):
            assert any(value.is_relative_to(top) for top in (layout.media_dir, layout.output_dir, layout.state_dir))
