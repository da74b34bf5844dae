"""Saving the last seconds, while footage comes in and when it does not any more."""

from __future__ import annotations

import os
from datetime import timedelta

import av
import pytest
from yard import MAIN as FRONT
from yard import T as START
from yard import at

from config.errors import ClipError
from config.settings import Settings
from media import write_segments
from mediamtx.catalogue import latest_clip
from mediamtx.files import TEMPORARY
from mediamtx.layout import Layout
from mediamtx.names import Segment
from mediamtx.saving import save_last


@pytest.fixture
def layout(settings: Settings, ffmpeg: str) -> Layout:
    """12 s of footage in three segments, the last one still being written."""
    layout = Layout.of(settings)
    write_segments(layout, FRONT, START, [4.0, 4.0, 4.0], finished=False)
    return layout


def test_the_last_seconds_while_footage_comes_in(settings: Settings, layout: Layout) -> None:
    """The newest footage is a part or so old; all the seconds asked for are there nevertheless."""
    clip = save_last(settings, "front", 7.0, at(12.9))
    assert clip == latest_clip(layout, "front")
    assert (clip.kind, clip.windows, clip.part) == ("saved", (), 1)
    assert clip.end == pytest.approx(at(12), abs=timedelta(seconds=0.1))
    assert clip.duration == pytest.approx(7.0, abs=1.01)
    assert clip.duration >= 6.99
    with av.open(str(clip.path)) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio"]
        assert float(container.duration) / av.time_base == pytest.approx(clip.duration, abs=0.05)
    assert clip.thumbnail.read_bytes()[:2] == b"\xff\xd8"
    assert not list(clip.folder.glob(f"{TEMPORARY}*"))


def test_a_torn_last_part(settings: Settings, layout: Layout) -> None:
    path = layout.segment_path(Segment(FRONT, at(8)))
    path.write_bytes(path.read_bytes()[:-500])
    clip = save_last(settings, "front", 6.0, at(12.9))
    assert clip.end == pytest.approx(at(11), abs=timedelta(seconds=0.1))
    assert clip.duration >= 5.99


def test_a_segment_that_has_just_begun(settings: Settings, layout: Layout) -> None:
    layout.segment_path(Segment(FRONT, at(12))).write_bytes(b"")
    clip = save_last(settings, "front", 6.0, at(12.3))
    assert clip.end == pytest.approx(at(12), abs=timedelta(seconds=0.1))


def test_more_than_there_is(settings: Settings, layout: Layout) -> None:
    clip = save_last(settings, "front", 600.0, at(12.5))
    assert (clip.start, clip.duration) == (START, pytest.approx(12.0, abs=0.1))


def test_a_camera_that_has_stopped(settings: Settings, layout: Layout) -> None:
    """Half of the last 30 s was recorded: that half is saved, and nothing older."""
    clip = save_last(settings, "front", 30.0, at(36.0))
    assert clip.start == at(6)
    assert clip.end == pytest.approx(at(12), abs=timedelta(seconds=0.1))


@pytest.mark.parametrize(("camera", "now"), [("front", 60.0), ("other", 12.5)])
def test_nothing_was_recorded(settings: Settings, layout: Layout, camera: str, now: float) -> None:
    with pytest.raises(ClipError, match=rf"camera {camera}: nothing was recorded in the last 10 s; is it publishing\?"):
        save_last(settings, camera, 10.0, at(now))


def test_nothing_that_can_be_read(settings: Settings, layout: Layout) -> None:
    for path in layout.stream_dir(FRONT).iterdir():
        path.unlink()
        os.mkfifo(path)
    with pytest.raises(ClipError, match="nothing was recorded"):
        save_last(settings, "front", 10.0, at(12.5))


def test_twice_at_once_is_one_clip(settings: Settings, layout: Layout) -> None:
    assert save_last(settings, "front", 5.0, at(12.4)) == save_last(settings, "front", 5.0, at(12.6))


def test_a_change_of_size_gives_two_clips_and_returns_the_newer(settings: Settings, layout: Layout) -> None:
    write_segments(layout, FRONT, at(12), [4.0], size=(640, 360))
    clip = save_last(settings, "front", 8.0, at(16.5))
    assert (clip.start, clip.part) == (at(12), 2)
    assert len(list(clip.folder.glob("*.mp4"))) == 2


def test_the_clock_of_the_recorder_is_a_little_ahead(settings: Settings, layout: Layout) -> None:
    clip = save_last(settings, "front", 5.0, at(11.5))
    assert clip.duration >= 4.99
