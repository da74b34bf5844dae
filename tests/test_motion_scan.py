"""Segments to scores: the same whatever came before in a pass, and as much as a broken file gives."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from yard import DETECT, MAIN, T, at

import media
from config.settings import CameraSettings, Settings
from mediamtx.layout import Layout
from mediamtx.names import Segment
from motion.events import Rules, windows_of
from motion.look import Look
from motion.luma import luma_of
from motion.scan import Scanned, Source, scan
from motion.worklist import works

pytestmark = [pytest.mark.usefixtures("ffmpeg"), pytest.mark.slow]
RULES, LOOK = Rules.of(CameraSettings()), Look.of(CameraSettings())


@pytest.fixture
def layout(settings: Settings) -> Layout:
    return Layout.of(settings)


def scanned(layout: Layout, todo: Sequence[Segment], known: Sequence[Segment]) -> list[Scanned]:
    """As a pass scans them."""
    found = []
    for work in works(todo, known):
        sources = [
            Source(layout.segment_path(segment), segment.start, index < work.lead, segment in work.todo)
            for index, segment in enumerate(work.segments)
        ]
        found += scan(sources, LOOK)
    return found


def windows(found: Sequence[Scanned]) -> list[tuple[float, float]]:
    return [
        ((window.start - T).total_seconds(), (window.end - T).total_seconds())
        for one in found
        for window in windows_of(one.frames, one.span.end, RULES)
    ]


@pytest.mark.parametrize("stream", [MAIN, DETECT], ids=["main", "detect"])
def test_what_is_said_of_a_segment_does_not_depend_on_the_pass(layout: Layout, stream: object) -> None:
    motion = [(25, 33), (58, 62), (118, 123)]
    detect = stream is DETECT
    segments = media.write_segments(layout, DETECT if detect else MAIN, T, [10] * 15, motion=motion)
    whole = scanned(layout, segments, segments)
    assert len(whole) == 15
    for index, segment in enumerate(segments):
        assert scanned(layout, [segment], segments[: index + 1]) == [whole[index]]


def test_motion_that_is_confirmed_in_the_next_segment_is_told_with_it(layout: Layout) -> None:
    segments = media.write_segments(layout, DETECT, T, [10] * 4, motion=[(19.8, 22)])
    found = scanned(layout, segments, segments)
    assert windows(found[:2]) == []
    ((start, end),) = windows(found[2:3])
    assert start == pytest.approx(19.8, abs=0.01) and end == pytest.approx(22, abs=0.25)


def test_an_event_under_way_at_a_chunks_border_is_seen_on_both_sides(layout: Layout) -> None:
    segments = media.write_segments(layout, DETECT, T, [10] * 15, motion=[(113, 128)])
    found = windows(scanned(layout, segments, segments))
    assert found[0][0] == pytest.approx(113, abs=0.3) and found[-1][1] == pytest.approx(128, abs=0.3)
    assert all(later[0] - earlier[1] < 1 for earlier, later in pairwise(found))


def test_after_a_gap_the_detector_begins_anew(layout: Layout) -> None:
    before = media.write_segments(layout, DETECT, T, [10, 10])
    after = media.write_segments(layout, DETECT, at(60), [10, 10], size=(352, 198), motion=[(12, 15)])
    segments = [*before, *after]
    assert windows(scanned(layout, segments, segments)) == [(pytest.approx(72, abs=0.3), pytest.approx(75, abs=0.3))]


def test_a_lead_in_is_read_from_where_it_begins(layout: Layout) -> None:
    """A long segment before the chunk is demuxed, but decoded only for its last 20 s."""
    long, short = media.write_segments(layout, MAIN, T, [60, 20], motion=[(61, 64)])
    sources = [
        Source(layout.segment_path(long), long.start, lead=True, fresh=False),
        Source(layout.segment_path(short), short.start),
    ]
    (found,) = scan(sources, LOOK)
    assert windows([found]) == [(pytest.approx(61, abs=0.3), pytest.approx(64, abs=0.3))]


@pytest.mark.parametrize("fps", [2, 5, 10, 30])
def test_any_frame_rate_is_looked_at_about_five_times_a_second_at_most(layout: Layout, fps: int) -> None:
    segments = media.write_segments(layout, DETECT, T, [10, 10], fps=fps, motion=[(4, 9)])
    found = scanned(layout, segments, segments)
    assert 20 <= len(found[0].frames) <= 62
    assert windows(found)[0][0] == pytest.approx(4, abs=0.6)


def test_a_broken_one_is_told_and_the_next_is_scanned(layout: Layout) -> None:
    segments = media.write_segments(layout, DETECT, T, [10] * 3, motion=[(24, 27)])
    layout.segment_path(segments[1]).write_bytes(b"")
    found = scanned(layout, segments, segments)
    assert [bool(one.problem) for one in found] == [False, True, False]
    assert windows(found) == [(pytest.approx(24, abs=0.3), pytest.approx(27, abs=0.3))]


def test_it_ends_early_when_told_to(layout: Layout) -> None:
    segments = media.write_segments(layout, DETECT, T, [10] * 3)
    sources = [Source(layout.segment_path(segment), segment.start) for segment in segments]
    answers = iter([True] * 60)
    assert len(list(scan(sources, LOOK, lambda: next(answers, False)))) == 1


@pytest.mark.parametrize("form", ["yuv420p", "nv12", "yuv420p10le", "rgb24", "gray"])
def test_luma_of_any_form_of_picture(form: str) -> None:
    values = np.repeat(np.arange(16, 236, 2, dtype=np.uint8)[None, :], 90, axis=0)
    frame = av.VideoFrame.from_ndarray(values, "gray").reformat(format=form)
    luma = luma_of(frame)
    assert luma.shape == (90, 110) and luma.dtype == np.uint8
    assert np.all(np.diff(luma.astype(int), axis=1) >= 0) and luma[0, -1] > luma[0, 0] + 150


def test_a_large_picture_is_scaled_down() -> None:
    frame = av.VideoFrame.from_ndarray(np.zeros((1080, 1920), np.uint8), "gray")
    assert luma_of(frame).shape == (180, 320)


def test_times_are_those_of_the_packets(layout: Layout, tmp_path: Path) -> None:
    (segment,) = media.write_segments(layout, DETECT, T, [10])
    start = datetime.fromisoformat("2026-11-20T18:00:07.25+00:00")
    (found,) = scan([Source(layout.segment_path(segment), start)], LOOK)
    assert found.frames[0].time == start and found.frames[5].time == start + timedelta(seconds=1)
    assert found.span.end == start + timedelta(seconds=10)
