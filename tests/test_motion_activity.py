"""The scores per second: fixed size, in place, per UTC day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from config.settings import Settings
from mediamtx.layout import Layout
from mediamtx.segments import Span
from motion.activity import DAY, NOT_SCANNED, Activity
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
