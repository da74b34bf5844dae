"""Segments that came late are found among very many, and days that did not change are not looked at again."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import pytest

from config.settings import Settings
from mediamtx.layout import Layout
from mediamtx.listing import Segments, segments_of
from mediamtx.names import Segment, Stream
from mediamtx.segments import Span
from motion.activity import Activity
from motion.latecomers import Latecomers

FRONT = Stream("front")
START = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
STEP = timedelta(minutes=10)
COUNT = 6 * 24 * 4  # four days and a bit
END = START + COUNT * STEP


@pytest.fixture
def layout(settings: Settings) -> Layout:
    return Layout.of(settings)


def segment(number: float) -> Segment:
    return Segment(FRONT, START + number * STEP)


class Camera:
    """Segments on disk, all scanned; counts the days that are looked at."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        layout.stream_dir(FRONT).mkdir(parents=True)
        layout.state_dir.mkdir(parents=True, exist_ok=True)
        for number in range(COUNT):
            layout.segment_path(segment(number)).touch()
        activity = Activity(layout, "front")
        activity.mark(Span(START, END), ())
        activity.save()
        self.looked = 0

    def look(self, *aside: Segment, activity: Activity | None = None) -> list[Segment]:
        """One pass."""
        activity = activity or Activity(self.layout, "front")
        latecomers = Latecomers(self.layout, "front", activity)
        real = latecomers._unscanned
        self.looked = 0

        def counted(*arguments: object) -> list[str]:
            self.looked += 1
            return real(*arguments)  # type: ignore[arg-type]

        latecomers._unscanned = counted  # type: ignore[assignment]
        found = latecomers.among(segments_of(self.layout, FRONT), set(aside))
        latecomers.save()
        return found

    def forget(self, one: Segment) -> None:
        """As if it had never been scanned."""
        activity = Activity(self.layout, "front")
        activity.forget(Span(one.start, one.start + timedelta(seconds=5)))
        activity.save()


@pytest.fixture
def camera(layout: Layout) -> Camera:
    return Camera(layout)


def test_only_the_oldest_and_the_newest_day_are_looked_at_again(camera: Camera) -> None:
    assert camera.look() == [] and camera.looked == 5
    assert camera.look() == [] and camera.looked == 2


def test_a_segment_that_comes_late_is_found_on_any_day(camera: Camera) -> None:
    camera.look()
    camera.look()
    late = [segment(number + 0.5) for number in (3, 200, 400, COUNT - 3)]
    activity = Activity(camera.layout, "front")
    for one in late:
        camera.layout.segment_path(one).touch()
        camera.forget(one)
    assert camera.look() == late
    assert camera.look() == late, "until it is scanned"
    activity.mark(Span(START, END), ())
    activity.save()
    assert camera.look() == []
    assert camera.look() == [] and camera.looked == 2


def test_what_is_set_aside_is_not_looked_for_again(camera: Camera) -> None:
    camera.forget(segment(200))
    assert camera.look(segment(200)) == []
    assert camera.look(segment(200)) == [] and camera.looked == 2


def test_a_day_is_looked_at_again_when_its_scores_change(camera: Camera) -> None:
    camera.look()
    camera.forget(segment(200))
    assert camera.look() == [segment(200)]


def test_what_this_pass_forgets_is_to_be_scanned(camera: Camera) -> None:
    camera.look()
    activity = Activity(camera.layout, "front")
    activity.forget(Span(segment(200).start, segment(202).start))
    assert camera.look(activity=activity) == [segment(200), segment(201)]


def test_a_lost_file_of_scores_means_another_scan(camera: Camera) -> None:
    camera.look()
    camera.layout.activity_file("front", (START + timedelta(days=2)).date()).unlink()
    assert len(camera.look()) == 6 * 24


def test_a_segment_in_the_last_second_of_a_day(camera: Camera) -> None:
    """It is known by the first second of the next day."""
    midnight = datetime(2026, 11, 22, tzinfo=UTC)
    last = Segment(FRONT, midnight - timedelta(milliseconds=200))
    camera.layout.segment_path(last).touch()
    assert camera.look() == [] and camera.look() == []
    activity = Activity(camera.layout, "front")
    activity.forget(Span(midnight, midnight + timedelta(seconds=1)))
    activity.save()
    assert camera.look() == [last]


@pytest.mark.parametrize("offset", [-30, -0.5, 0.4, 0.5, 20])
def test_the_streams_clock_is_behind_the_main_streams(layout: Layout, offset: float) -> None:
    behind, length = timedelta(seconds=offset), timedelta(seconds=10)
    midnight = datetime(2026, 11, 21, tzinfo=UTC) + timedelta(microseconds=600_000)
    segments = [Segment(FRONT, midnight + number * length) for number in range(-6, 6)]
    listed = Segments.of(FRONT, (one.file_name for one in segments))
    for late in segments:
        activity = Activity(layout, "front")
        for one in segments:
            if one != late:
                activity.mark(Span(one.start + behind, one.start + behind + length), ())
        assert Latecomers(layout, "front", activity).among(listed, (), behind) == [late]


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"front/2026-11-21": 7}', '{"front/2026-11-21": [1, 2]}'])
def test_a_damaged_memory_costs_a_look(camera: Camera, text: str) -> None:
    camera.look()
    camera.layout.checked_days("front").write_text(text)
    camera.forget(segment(200))
    assert camera.look() == [segment(200)]


def test_a_memory_that_cannot_be_written_does_no_harm(camera: Camera) -> None:
    os.mkdir(camera.layout.checked_days("front"))  # noqa: PTH102
    assert camera.look() == [] and camera.look() == [] and camera.looked == 5


def test_nothing_is_late_without_segments(layout: Layout) -> None:
    latecomers = Latecomers(layout, "front", Activity(layout, "front"))
    assert latecomers.among(Segments(FRONT, []), ()) == []
    latecomers.save()
    assert not layout.checked_days("front").exists()
