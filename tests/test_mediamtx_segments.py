"""Listing segments, looking inside, and telling which are finished."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.errors import SegmentError
from config.settings import Settings
from media import make_mp4, set_movie_duration, write_segments
from mediamtx.layout import Layout
from mediamtx.mp4 import whole_length
from mediamtx.names import Segment, Stream
from mediamtx.segments import (
    Seen,
    Span,
    inspect,
    is_finished,
    list_segments,
    list_streams,
    look,
    within,
)

START = datetime(2026, 11, 20, 18, tzinfo=UTC)
FRONT = Stream("front")


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def span(start: float, end: float) -> Span:
    return Span(at(start), at(end))


@pytest.fixture
def layout(settings: Settings) -> Layout:
    return Layout.of(settings)


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [
        (span(0, 10), span(5, 15), span(5, 10)),
        (span(0, 10), span(2, 3), span(2, 3)),
        (span(0, 10), span(10, 20), None),
        (span(0, 10), span(20, 30), None),
        (span(0, 10), span(-5, 0.001), span(0, 0.001)),
    ],
)
def test_spans_are_half_open(one: Span, other: Span, common: Span | None) -> None:
    assert one.overlaps(other) == other.overlaps(one) == (common is not None)
    assert one.intersection(other) == other.intersection(one) == common


def test_windows_within_a_span() -> None:
    assert within([span(0, 2), span(3, 6), span(8, 9)], span(1, 5)) == (span(1, 2), span(3, 5))
    assert span(1, 5.5).duration == 4.5


def touch(layout: Layout, folder: str, *names: str) -> None:
    (layout.recordings / folder).mkdir(parents=True, exist_ok=True)
    for name in names:
        (layout.recordings / folder / name).touch()


def test_streams_are_folders_with_the_right_names(layout: Layout) -> None:
    assert list_streams(layout) == []
    for name in ("front", "front_detect", "back", "Lost", ".cache", "a b"):
        touch(layout, name)
    touch(layout, ".", "notafolder")
    assert [stream.path for stream in list_streams(layout)] == ["back", "front", "front_detect"]


def test_segments_are_listed_by_name_in_order(layout: Layout) -> None:
    assert list_segments(layout, FRONT) == []
    right = [f"2026-11-20_18-{minute:02}-00-000000.mp4" for minute in range(5)]
    touch(
        layout, "front", *reversed(right), "2026-02-30_18-00-00-000000.mp4", "x.mp4", "2026-11-20_18-00-00-000000.tmp"
    )
    segments = list_segments(layout, FRONT)
    assert [segment.file_name for segment in segments] == right
    assert list_segments(layout, FRONT, since=at(60)) == segments[1:]
    assert list_segments(layout, FRONT, since=at(60.1), until=at(180)) == segments[2:3]
    assert list_segments(layout, FRONT, until=at(0)) == []


@pytest.mark.parametrize(
    ("options", "video", "audio", "length"),
    [
        ({}, True, True, 4.0),
        ({"audio": False}, True, False, 4.0),
        ({"codec": "h265"}, True, True, 4.0),
        ({"b_frames": 2}, True, True, 4.08),
        ({"fps": 5, "audio": False}, True, False, 4.0),
    ],
    ids=str,
)
def test_inspect(
    layout: Layout, ffmpeg: str, options: dict[str, object], video: bool, audio: bool, length: float
) -> None:
    (segment,) = write_segments(layout, FRONT, START, [4.0], **options)  # type: ignore[arg-type]
    info = inspect(layout.segment_path(segment))
    assert (info.video, info.audio) == (video, audio)
    assert info.duration == pytest.approx(length, abs=0.03)
    assert info.finished_by_header
    assert info.size == layout.segment_path(segment).stat().st_size


def test_parameters_are_equal_where_footage_can_be_joined(layout: Layout, ffmpeg: str) -> None:
    first, second = write_segments(layout, FRONT, START, [2.0, 2.0])
    (later,) = write_segments(layout, FRONT, at(100), [3.0], motion=[(1, 2)])
    (larger,) = write_segments(layout, FRONT, at(200), [3.0], size=(640, 360))
    (silent,) = write_segments(layout, FRONT, at(300), [3.0], audio=False)
    (other,) = write_segments(layout, FRONT, at(400), [3.0], codec="h265")
    parameters = [inspect(layout.segment_path(s)).parameters for s in (first, second, later, larger, silent, other)]
    assert parameters[0] == parameters[1] == parameters[2]
    assert len(set(parameters)) == 4


def test_inspect_a_file_being_written(layout: Layout, ffmpeg: str) -> None:
    (segment,) = write_segments(layout, FRONT, START, [4.0], finished=False)
    path = layout.segment_path(segment)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 3 // 5])  # in the middle of a part
    info = inspect(path)
    assert not info.finished_by_header
    assert info.duration == pytest.approx(2.0, abs=0.05)
    assert info.size > whole_length(path)


def test_inspect_what_holds_no_footage_yet(layout: Layout, ffmpeg: str) -> None:
    (segment,) = write_segments(layout, FRONT, START, [2.0], finished=False)
    path = layout.segment_path(segment)
    path.write_bytes(path.read_bytes()[:1400])  # the header, and a part that has just begun
    with pytest.raises(SegmentError, match="holds no footage yet"):
        inspect(path)


def test_inspect_damaged_footage(layout: Layout, ffmpeg: str) -> None:
    (segment,) = write_segments(layout, FRONT, START, [2.0])
    path = layout.segment_path(segment)
    data = bytearray(path.read_bytes())
    at_stsd = data.index(b"stsd")
    data[at_stsd : at_stsd + 120] = bytes(120)
    path.write_bytes(data)
    with pytest.raises(SegmentError):
        inspect(path)


def test_inspect_any_mp4(tmp_path: Path, ffmpeg: str) -> None:
    assert inspect(make_mp4(tmp_path / "x.mp4", 3.0)).duration == pytest.approx(3.0, abs=0.05)


def test_a_name_with_special_characters(tmp_path: Path, ffmpeg: str) -> None:
    folder = tmp_path / "a,b:c %d 'q' \u00fc"
    folder.mkdir()
    assert inspect(make_mp4(folder / "x,,:y.mp4", 2.0)).video


def test_a_fifo_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.mp4")
    with pytest.raises(SegmentError, match="not a regular file"):
        inspect(tmp_path / "x.mp4")


STALLED = 30.0


def write(layout: Layout, content: bytes) -> Segment:
    segment = Segment(FRONT, START)
    layout.stream_dir(FRONT).mkdir(parents=True, exist_ok=True)
    layout.segment_path(segment).write_bytes(content)
    return segment


@pytest.mark.parametrize(
    ("newer", "seen", "finished"),
    [
        (True, None, True),
        (False, None, False),
        (False, Seen(100, at(0)), True),  # as large as 30 s ago
        (False, Seen(100, at(0.5)), False),
        (False, Seen(99, at(-100)), False),  # it has grown since
        (False, Seen(101, at(-100)), False),  # another file under the same name
    ],
)
def test_finished_without_a_header_to_tell(layout: Layout, newer: bool, seen: Seen | None, finished: bool) -> None:
    segment = write(layout, bytes(100))
    assert is_finished(layout, segment, newer, seen, at(STALLED), STALLED) is finished


def test_finished_when_the_recorder_says_so(layout: Layout, ffmpeg: str) -> None:
    (segment,) = write_segments(layout, FRONT, START, [2.0], finished=False)
    assert not is_finished(layout, segment, False, None, at(9), STALLED)
    set_movie_duration(layout.segment_path(segment), 2000)
    assert is_finished(layout, segment, False, None, at(9), STALLED)


def test_a_segment_that_is_gone(layout: Layout) -> None:
    segment = Segment(FRONT, START)
    with pytest.raises(SegmentError, match="No such file"):
        is_finished(layout, segment, False, None, at(9), STALLED)
    assert is_finished(layout, segment, True, None, at(9), STALLED)


def test_the_memory_of_a_size(layout: Layout) -> None:
    segment = write(layout, bytes(100))
    first = look(layout, segment, None, at(1))
    assert first == Seen(100, at(1))
    assert look(layout, segment, first, at(2)) is first
    write(layout, bytes(101))
    assert look(layout, segment, first, at(3)) == Seen(101, at(3))
