"""The scores per second: fixed size, in place, per UTC day."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from config.errors import StateError
from config.settings import Settings
from mediamtx.layout import Layout
from mediamtx.names import Segment, Stream
from mediamtx.segments import Span
from motion.activity import DAY, NO_FOOTAGE, NOT_SCANNED, Activity, day, summary, values_of
from motion.gaps import gaps
from motion.look import Frame

T = datetime(2026, 11, 20, 23, 59, 50, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return T + timedelta(seconds=seconds)


def test_scores_are_kept_by_second_over_midnight(settings: Settings) -> None:
    layout = Layout.of(settings)
    activity = Activity(layout, "front")
    activity.mark(Span(at(0), at(20)), [Frame(at(3.2), 40.0), Frame(at(3.4), 63.9), Frame(at(12.1), 70.0)])
    activity.save()
    first = layout.activity_file("front", date(2026, 11, 20)).read_bytes()
    second = layout.activity_file("front", date(2026, 11, 21)).read_bytes()
    assert len(first) == len(second) == DAY
    assert first[-10:] == bytes([0, 0, 0, 63, 0, 0, 0, 0, 0, 0])
    assert second[:11] == bytes([0, 0, 70, 0, 0, 0, 0, 0, 0, 0, NOT_SCANNED])
    assert set(first[:-10]) == {NOT_SCANNED}

    again = Activity(layout, "front")
    assert again.loud(Span(at(0), at(20)), 60) == [at(3), at(12)]
    assert again.unscanned(Span(at(-5), at(20))) == 5
    assert again.scanned(at(0)) and not again.scanned(at(-0.1))


def test_an_old_score_is_only_raised(settings: Settings) -> None:
    activity = Activity(Layout.of(settings), "front")
    activity.mark(Span(at(0), at(2)), [Frame(at(0), 50.0)])
    activity.mark(Span(at(0), at(2)), [Frame(at(0), 30.0), Frame(at(1), 20.0)])
    assert activity.loud(Span(at(0), at(2)), 20) == [at(0), at(1)]
    assert activity.loud(Span(at(0), at(2)), 50) == [at(0)]


def test_the_shortest_segment_is_known_by_the_second_after_its_start(settings: Settings) -> None:
    activity = Activity(Layout.of(settings), "front")
    activity.mark(Span(at(0.9), at(0.95)), [])
    assert activity.scanned(at(1.9))


def test_forgotten_seconds_are_to_be_scanned_again(settings: Settings) -> None:
    activity = Activity(Layout.of(settings), "front")
    activity.mark(Span(at(0), at(20)), [])
    activity.forget(Span(at(5), at(8)))
    assert activity.unscanned(Span(at(0), at(20))) == 3


def test_a_file_of_another_size_counts_as_lost(settings: Settings) -> None:
    layout = Layout.of(settings)
    path = layout.activity_file("front", date(2026, 11, 20))
    path.parent.mkdir(parents=True)
    path.write_bytes(b"torn")
    activity = Activity(layout, "front")
    assert not activity.scanned(at(0))
    activity.mark(Span(at(0), at(1)), [])
    activity.save()
    assert path.stat().st_size == DAY


def test_little_is_written(settings: Settings) -> None:
    layout = Layout.of(settings)
    activity = Activity(layout, "front")
    activity.mark(Span(at(0), at(1)), [])
    activity.save()
    before = layout.activity_file("front", date(2026, 11, 20)).stat().st_mtime_ns
    activity.save()
    assert layout.activity_file("front", date(2026, 11, 20)).stat().st_mtime_ns == before


class TestNoFootage:
    def test_what_was_never_scanned_between_becomes_empty(self, settings: Settings) -> None:
        layout = Layout.of(settings)
        activity = Activity(layout, "front")
        activity.mark(Span(at(0), at(5)), [])
        activity.mark(Span(at(15.5), at(20)), [])
        assert activity.unknown(Span(at(0), at(20))) == [Span(at(5), at(15))]
        activity.empty(Span(at(5), at(14.5)))
        activity.save()
        values = values_of(layout, "front", Span(at(0), at(20)))
        assert values == bytes([0] * 5 + [NO_FOOTAGE] * 9 + [NOT_SCANNED] + [0] * 5)
        assert not activity.scanned(at(7)) and activity.unscanned(Span(at(0), at(20))) == 10

    def test_footage_that_comes_late_is_marked_over_it(self, settings: Settings) -> None:
        activity = Activity(Layout.of(settings), "front")
        activity.empty(Span(at(0), at(20)))
        activity.mark(Span(at(2), at(4)), [Frame(at(3), 40.0)])
        assert activity.scanned(at(2)) and activity.loud(Span(at(0), at(20)), 40) == [at(3)]

    def test_it_is_none_to_be_scanned_again(self, settings: Settings) -> None:
        activity = Activity(Layout.of(settings), "front")
        activity.empty(Span(at(0), at(20)))
        activity.forget(Span(at(0), at(20)))
        assert activity.unknown(Span(at(0), at(20))) == []

    def test_gaps_are_what_no_segment_may_cover(self) -> None:
        main, detect = Stream("front"), Stream("front", detect=True)
        segments = [Segment(main, at(t)) for t in (0, 10, 40, 80)]
        small = [Segment(detect, at(t)) for t in (-2, 53)]
        streams = [(segments, timedelta(0)), (small, timedelta(seconds=2))]
        stretches = [Span(at(20), at(40)), Span(at(50), at(80)), Span(at(90), at(95))]
        found = [
            (round((g.start - T).total_seconds()), (g.end - T).total_seconds())
            for g in gaps(stretches, streams, lambda *_: False)
        ]
        assert found == [(20, 40), (50, 55), (90, 95)]
        assert [gap.start for gap in gaps(stretches, streams, lambda segment, _: segment == segments[1])] == [
            at(50),
            at(90),
        ]


class TestReading:
    def test_a_day_always_has_its_length(self, settings: Settings) -> None:
        layout = Layout.of(settings)
        assert day(layout, "front", date(2026, 11, 20)) == bytes([NOT_SCANNED]) * DAY
        path = layout.activity_file("front", date(2026, 11, 20))
        path.parent.mkdir(parents=True)
        path.write_bytes(bytes([7, NO_FOOTAGE, 101, 253]))  # torn as it was made, with foreign values
        assert day(layout, "front", date(2026, 11, 20))[:5] == bytes([7, NO_FOOTAGE] + [NOT_SCANNED] * 3)
        path.write_bytes(bytes(DAY + 1))
        assert day(layout, "front", date(2026, 11, 20)) == bytes([NOT_SCANNED]) * DAY

    def test_a_file_that_is_too_long_is_written_anew(self, settings: Settings) -> None:
        layout = Layout.of(settings)
        path = layout.activity_file("front", date(2026, 11, 20))
        path.parent.mkdir(parents=True)
        path.write_bytes(bytes(DAY + 1))
        activity = Activity(layout, "front")
        activity.mark(Span(at(0), at(2)), [Frame(at(1), 60.0)])
        activity.save()
        assert path.stat().st_size == DAY and path.read_bytes()[-10:-7] == bytes([0, 60, NOT_SCANNED])

    def test_a_folder_in_its_place_is_an_error_with_the_cure(self, settings: Settings) -> None:
        layout = Layout.of(settings)
        layout.activity_file("front", date(2026, 11, 20)).mkdir(parents=True)
        with pytest.raises(StateError, match="cannot be read"):
            day(layout, "front", date(2026, 11, 20))

    def test_a_chart_shows_the_highest_score_and_what_may_still_be_found(self) -> None:
        values = bytes([3, 60, NO_FOOTAGE, NO_FOOTAGE, NOT_SCANNED, NO_FOOTAGE, 0, NOT_SCANNED, 9])
        assert summary(values, 2) == bytes([60, NO_FOOTAGE, NOT_SCANNED, 0, 9])
        assert summary(b"", 60) == b""

    def test_a_reader_needs_nothing_heavy(self) -> None:
        code = "import sys, motion.activity; sys.exit(bool({'cv2', 'numpy', 'av', 'filelock'} & set(sys.modules)))"
        assert (
            subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parent.parent, timeout=60).returncode == 0
        )
