"""Scores of days long past are removed, and never those that tell what was scanned."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from config.settings import Settings
from mediamtx.layout import Layout
from mediamtx.names import Segment, Stream
from motion.prune import DAYS_KEPT, prune_activity

LAST = date(2028, 1, 10)


@pytest.fixture
def layout(settings: Settings) -> Layout:
    """A camera with the scores of 410 days."""
    layout = Layout.of(settings)
    layout.activity_dir("front").mkdir(parents=True)
    for number in range(410):
        layout.activity_file("front", LAST - timedelta(days=number)).touch()
    return layout


def kept(layout: Layout) -> list[str]:
    return sorted(path.name for path in layout.activity_dir("front").iterdir())


def test_the_newest_days_are_kept(layout: Layout) -> None:
    (layout.activity_dir("front") / "0000-somebody's.txt").touch()
    prune_activity(layout, "front")
    first, *days = kept(layout)
    assert first == "0000-somebody's.txt" and len(days) == DAYS_KEPT
    assert days[-1] == f"{LAST}.scores" and days[0] == f"{LAST - timedelta(days=DAYS_KEPT - 1)}.scores"


def test_those_of_segments_that_are_still_there_are_kept(layout: Layout) -> None:
    oldest = LAST - timedelta(days=405)
    path = layout.segment_path(Segment(Stream("front", detect=True), datetime(*oldest.timetuple()[:3], 5, tzinfo=UTC)))
    path.parent.mkdir(parents=True)
    path.touch()
    prune_activity(layout, "front")
    assert kept(layout)[0] == f"{oldest}.scores" and len(kept(layout)) == 406


def test_a_camera_that_was_never_scanned_has_none(layout: Layout) -> None:
    prune_activity(layout, "back")
    assert len(kept(layout)) == 410
