"""Times as people type them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from config.errors import ConfigError
from mediamtx.segments import Span
from motion.times import FORMS, duration, parse_span, parse_time

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)  # 13:00 there


def utc(day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, second, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-20", utc(19, 23)),
        ("2026-11-20 18:03", utc(20, 17, 3)),
        ("2026-11-20T18:03:04", utc(20, 17, 3, 4)),
        (" 2026-11-20   18:03:04 ", utc(20, 17, 3, 4)),
        ("2026-11-20T18:03:04Z", utc(20, 18, 3, 4)),
        ("2026-11-20 18:03 +03:00", utc(20, 15, 3)),
        ("2026-11-20 18:03Z", utc(20, 18, 3)),
        ("today", utc(20, 23)),
        ("Yesterday", utc(19, 23)),
        ("yesterday 18:03", utc(20, 17, 3)),
        ("9:30", utc(21, 8, 30)),
        ("now", NOW),
        ("2h", utc(21, 10)),
        ("-90m", utc(21, 10, 30)),
        ("1.5 d ago", utc(20)),
    ],
)
def test_what_a_text_means(text: str, moment: datetime) -> None:
    assert parse_time(text, BERLIN, NOW) == moment


@pytest.mark.parametrize("text", ["", "soon", "2026-11-31", "20.11.2026", "25:00", "2 weeks", "0001-01-01", "today 1"])
def test_what_is_no_time_is_refused_with_the_forms_that_are(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_time(text, BERLIN, NOW)
    assert f'"{text}"' in str(caught.value) and FORMS in str(caught.value)


def test_the_night_the_clocks_go_back_has_both_hours_by_their_offsets() -> None:
    first, second = (parse_time(f"2026-10-25T02:30+0{hours}:00", BERLIN, NOW) for hours in (2, 1))
    assert second - first == timedelta(hours=1)


def test_a_span_ends_with_the_last_day_and_at_most_now() -> None:
    assert parse_span("2026-11-19", "2026-11-20", BERLIN, NOW) == Span(utc(18, 23), utc(20, 23))
    assert parse_span("2026-11-20", None, BERLIN, NOW) == Span(utc(19, 23), NOW)
    assert parse_span("2026-11-20", "today", BERLIN, NOW) == Span(utc(19, 23), NOW)
    assert parse_span("10:00", "11:00", BERLIN, NOW) == Span(utc(21, 9), utc(21, 10))


@pytest.mark.parametrize(("since", "until"), [("today", "yesterday"), ("14:00", None), ("now", "now")])
def test_an_empty_span_is_refused(since: str, until: str | None) -> None:
    with pytest.raises(ConfigError, match="earlier than"):
        parse_span(since, until, BERLIN, NOW)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59.6, "60 s"),
        (99.4, "99 s"),
        (100, "2 min"),
        (5400, "90 min"),
        (6000, "1.7 h"),
        (864000, "10 days"),
    ],
)
def test_a_duration_has_a_unit_that_fits(seconds: float, text: str) -> None:
    assert duration(seconds) == text
