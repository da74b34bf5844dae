"""Stills: the newest key frame of footage that is still being written."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import av
import pytest
from yard import MAIN as FRONT
from yard import T as START
from yard import at

from config.settings import Settings
from media import set_movie_duration, write_segments
from mediamtx.layout import Layout
from mediamtx.names import Segment, Stream
from mediamtx.stills import FRESH, StillCamera


@pytest.fixture
def layout(settings: Settings, ffmpeg: str) -> Layout:
    """8 s of footage in two segments with a key frame each second, the last one still being written."""
    layout = Layout.of(settings)
    write_segments(layout, FRONT, START, [4.0, 4.0], size=(640, 360), finished=False)
    return layout


def size_of(jpeg: bytes) -> tuple[int, int]:
    with av.open(BytesIO(jpeg)) as container:
        (frame,) = container.decode(video=0)
        return frame.width, frame.height


def test_the_last_key_frame_at_the_sizes_asked_for(layout: Layout) -> None:
    camera = StillCamera(layout, FRONT)
    for width, size in ((None, (640, 360)), (320, (320, 180)), (1280, (640, 360)), (161, (160, 90))):
        still = camera.take(at(9), width)
        assert still is not None
        assert still.time == at(7), "of the last whole second"
        assert size_of(still.jpeg) == size


def test_it_follows_a_segment_that_grows_and_the_one_after_it(layout: Layout) -> None:
    path = layout.segment_path(Segment(FRONT, at(4)))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])  # a part torn in the middle
    camera = StillCamera(layout, FRONT)
    before = camera.take(at(9))
    assert before is not None
    assert at(4) <= before.time < at(7)
    path.write_bytes(whole)
    assert (after := camera.take(at(9))) is not None
    assert after.time == at(7)
    empty = layout.segment_path(Segment(FRONT, at(8)))
    empty.write_bytes(b"")
    assert (still := camera.take(at(9))) is not None
    assert still.time == at(7), "one just begun holds nothing yet"
    write_segments(layout, FRONT, at(8), [2.0])
    assert (newest := camera.take(at(10))) is not None
    assert newest.time == at(9)


def test_what_is_old_or_far_ahead_shows_nothing(layout: Layout) -> None:
    camera = StillCamera(layout, FRONT)
    assert camera.take(at(7) + FRESH + timedelta(seconds=1)) is None
    assert StillCamera(layout, Stream("other")).take(at(9)) is None
    write_segments(layout, FRONT, at(7200), [1.0])
    assert (still := StillCamera(layout, FRONT).take(at(9))) is not None
    assert still.time == at(7), "what a wrong clock dated ahead is not what is seen now"


def test_h265_and_what_cannot_be_read(layout: Layout) -> None:
    write_segments(layout, FRONT, at(8), [2.0], codec="h265", size=(640, 360))
    camera = StillCamera(layout, FRONT)
    assert (still := camera.take(at(11))) is not None
    assert (still.time, size_of(still.jpeg)) == (at(9), (640, 360))
    newest = layout.segment_path(Segment(FRONT, at(8)))
    newest.write_bytes(b"\0" * 5000)
    assert (older := camera.take(at(11))) is not None
    assert older.time == at(7)
    set_movie_duration(layout.segment_path(Segment(FRONT, at(4))), 4000)
    assert (finished := camera.take(at(11))) is not None
    assert finished.time == at(7)
