"""Names are values: each round trip is one line of a table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from config.errors import ConfigError
from mediamtx.names import (
    ClipName,
    Segment,
    Stream,
    floor_ms,
    from_iso,
    iso,
    parse_segment_name,
    segment_name,
)


@pytest.mark.parametrize(
    ("stream", "path"),
    [
        (Stream("front"), "front"),
        (Stream("front", detect=True), "front_detect"),
        (Stream("0-back-2"), "0-back-2"),
    ],
)
def test_streams(stream: Stream, path: str) -> None:
    assert stream.path == path
    assert Stream.parse(path) == stream


@pytest.mark.parametrize("path", ["", "_detect", "-x", "Front", "a b", "a/b", "..", "a_b", "front\n", "fr\u00f6nt"])
def test_what_is_no_stream(path: str) -> None:
    assert Stream.parse(path) is None
    with pytest.raises(ConfigError, match="not a camera name"):
        Stream(path)


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (datetime(2026, 11, 20, 18, 3, 7, 123456, tzinfo=UTC), "2026-11-20_18-03-07-123456.mp4"),
        (datetime(2026, 11, 20, 18, 3, 7, tzinfo=UTC), "2026-11-20_18-03-07-000000.mp4"),
        (datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC), "1970-01-01_00-00-00-000001.mp4"),
        (datetime(987, 1, 1, tzinfo=UTC), "0987-01-01_00-00-00-000000.mp4"),
        (datetime(2028, 2, 29, 23, 59, 59, 999999, tzinfo=UTC), "2028-02-29_23-59-59-999999.mp4"),
    ],
)
def test_segments(start: datetime, name: str) -> None:
    segment = Segment(Stream("front"), start)
    assert segment.file_name == segment_name(start) == name
    assert Segment.from_path(Path("recordings/front") / name) == segment
    assert parse_segment_name(name) == start


def test_a_segment_is_named_in_utc() -> None:
    assert segment_name(datetime(2026, 11, 20, 20, tzinfo=timezone(timedelta(hours=2)))) == (
        "2026-11-20_18-00-00-000000.mp4"
    )


@pytest.mark.parametrize(
    "name",
    [
        "2026-02-29_18-03-07-123456.mp4",
        "2026-13-01_18-03-07-123456.mp4",
        "2026-11-20_24-00-00-000000.mp4",
        "0000-11-20_18-03-07-000000.mp4",
        "2026-11-20_18-03-07-123.mp4",
        "2026-11-20_18-03-07-123456.mp4.part",
        "2026-11-20_18-03-07-123456.mkv",
        "2026-11-20 18-03-07-123456.mp4",
        "2026-11-20_18-03-07-123456.mp4\n",
        "\u0662026-11-20_18-03-07-123456.mp4",
        "",
    ],
)
def test_what_is_no_segment(name: str) -> None:
    assert parse_segment_name(name) is None
    assert Segment.from_path(Path("recordings/front") / name) is None


def test_a_segment_of_no_stream() -> None:
    assert Segment.from_path(Path("recordings/Lost+Found/2026-11-20_18-03-07-123456.mp4")) is None


def test_names_sort_as_times_do() -> None:
    times = [datetime(2026, 11, 20, 18, tzinfo=UTC) + timedelta(milliseconds=7919 * n**3) for n in range(60)]
    assert sorted(map(segment_name, times)) == [segment_name(time) for time in times]


@pytest.mark.parametrize(
    ("start", "kind", "stem"),
    [
        (datetime(2026, 11, 20, 18, 3, 4, 120000, tzinfo=UTC), "motion", "2026-11-20_18-03-04-120_motion"),
        (datetime(2026, 11, 20, 18, 3, 4, 120999, tzinfo=UTC), "saved", "2026-11-20_18-03-04-120_saved"),
        (datetime(2026, 11, 20, 18, 3, 4, tzinfo=UTC), "manual", "2026-11-20_18-03-04-000_manual"),
    ],
)
def test_clips(start: datetime, kind: str, stem: str) -> None:
    name = ClipName(start, kind)  # type: ignore[arg-type]
    assert name.stem == stem
    assert ClipName.parse(stem) == name


@pytest.mark.parametrize(
    "stem",
    [
        "2026-11-20_18-03-04-120",
        "2026-11-20_18-03-04-120_other",
        "2026-11-31_18-03-04-120_motion",
        "2026-11-20_18-03-04-1200_motion",
        "../2026-11-20_18-03-04-120_motion",
        "2026-11-20_18-03-04-120_motion.mp4",
        "",
    ],
)
def test_what_is_no_clip(stem: str) -> None:
    assert ClipName.parse(stem) is None


def test_the_hour_that_happens_twice_has_two_names() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    first, second = (datetime(2026, 10, 25, 2, 30, fold=fold, tzinfo=berlin) for fold in (0, 1))
    assert ClipName(first, "motion").stem == "2026-10-25_00-30-00-000_motion"
    assert ClipName(second, "motion").stem == "2026-10-25_01-30-00-000_motion"


def test_iso() -> None:
    time = datetime(2026, 11, 20, 18, 3, 4, 120999, tzinfo=UTC)
    assert iso(time) == "2026-11-20T18:03:04.120Z"
    assert from_iso(iso(time)) == floor_ms(time)
    assert from_iso("2026-11-20T19:03:04+01:00") == datetime(2026, 11, 20, 18, 3, 4, tzinfo=UTC)
    with pytest.raises(ValueError, match="no time zone"):
        from_iso("2026-11-20T18:03:04")
