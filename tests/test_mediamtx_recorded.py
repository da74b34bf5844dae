"""When footage was recorded, told by names as far as they tell it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from yard import MAIN, T

from config.settings import Settings
from mediamtx.layout import Layout
from mediamtx.names import Segment
from mediamtx.recorded import day_span, gaps_between, recorded, recorded_days, stretches
from mediamtx.segments import Span

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("day", "start", "hours"),
    [
        (date(2026, 11, 20), "2026-11-19T23:00", 24),
        (date(2026, 3, 29), "2026-03-28T23:00", 23),
        (date(2026, 10, 25), "2026-10-24T22:00", 25),
    ],
)
def test_a_day_is_as_long_as_it_is(day: date, start: str, hours: int) -> None:
    span = day_span(day, BERLIN)
    assert span.start == datetime.fromisoformat(f"{start}:00+00:00")
    assert span.duration == hours * 3600


def spans_of(starts: Sequence[float], lengths: dict[float, float]) -> tuple[list[tuple[float, float]], list[float]]:
    """The stretches, and which segments were looked into; `lengths` by start, else 60."""
    looked: list[float] = []

    def end_of(segment: Segment) -> datetime:
        start = (segment.start - T).total_seconds()
        looked.append(start)
        return segment.start + timedelta(seconds=lengths.get(start, 60))

    found = stretches([Segment(MAIN, T + timedelta(seconds=start)) for start in starts], end_of)
    return [((span.start - T).total_seconds(), (span.end - T).total_seconds()) for span in found], looked


@pytest.mark.parametrize(
    ("starts", "lengths", "spans", "looked"),
    [
        ([], {}, [], []),
        ([0], {0: 42}, [(0, 42)], [0]),
        ([0], {0: 0}, [], [0]),  # nothing in it that could be read
        ([0, 60, 120.1, 180], {}, [(0, 240)], [180]),
        ([0, 60, 120, 300, 360], {120: 30}, [(0, 150), (300, 420)], [120, 360]),
        ([0, 60, 120, 150, 210], {120: 30}, [(0, 270)], [120, 210]),  # cut short, and gone on with at once
        ([0, 60, 120, 150, 210], {120: 10}, [(0, 130), (150, 270)], [120, 210]),
        ([0, 60, 90, 150], {60: 60}, [(0, 210)], [60, 150]),  # a clock that was set back
    ],
)
def test_only_unusual_segments_are_looked_into(
    starts: list[float], lengths: dict[float, float], spans: list[tuple[float, float]], looked: list[float]
) -> None:
    assert spans_of(starts, lengths) == (spans, looked)


def test_gaps_are_what_is_left() -> None:
    at = [T + timedelta(seconds=number) for number in range(9)]
    within = Span(at[0], at[8])
    assert gaps_between([], within) == [within]
    assert gaps_between([within], within) == []
    assert gaps_between([Span(at[1], at[2]), Span(at[2], at[4]), Span(at[6], at[8])], within) == [
        Span(at[0], at[1]),
        Span(at[4], at[6]),
    ]


def test_days_with_footage_are_those_of_the_zone(settings: Settings) -> None:
    layout = Layout.of(replace(settings, time_zone="Europe/Berlin"))
    folder = layout.stream_dir(MAIN)
    folder.mkdir(parents=True)
    for start in ("2026-11-18T22:59:00", "2026-11-18T23:01:00", "2026-11-19T12:00:00", "2026-11-22T12:00:00"):
        (folder / Segment(MAIN, datetime.fromisoformat(start).replace(tzinfo=UTC)).file_name).touch()
    assert recorded_days(layout, MAIN) == [date(2026, 11, 22), date(2026, 11, 19), date(2026, 11, 18)]
    assert recorded(layout, MAIN, day_span(date(2026, 11, 19), BERLIN)) == [], "they are empty"
