"""Many segments: listed by their names, measured day by day, and only as many looked at as have to go."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from config.errors import StorageError
from config.settings import Settings
from mediamtx.expiry import RECENT, Disk, Item, Policy, expired, oldest_enough, shortage
from mediamtx.layout import Layout
from mediamtx.listing import Segments, first_segment, segments_of
from mediamtx.names import Segment, Stream, parse_segment_name, segment_name
from mediamtx.sizes import recorded_bytes

FRONT = Stream("front")
NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
GB = 10**9


@pytest.fixture
def layout(settings: Settings) -> Layout:
    return Layout.of(settings)


def fill(layout: Layout, stream: Stream, hours: int, size: int = 10) -> list[Segment]:
    """A segment every hour up to now."""
    folder = layout.stream_dir(stream)
    folder.mkdir(parents=True)
    segments = [Segment(stream, NOW - number * HOUR) for number in reversed(range(hours))]
    for segment in segments:
        layout.segment_path(segment).write_bytes(b"x" * size)
    return segments


@pytest.mark.parametrize(
    "name",
    [
        "2026-11-20_18-03-07-123456.mp4",
        "2024-02-29_23-59-59-999999.mp4",
        "0001-01-01_00-00-00-000000.mp4",
        "9999-12-31_00-00-00-000000.mp4",
        "2026-02-29_18-03-07-123456.mp4",
        "2026-04-31_18-03-07-123456.mp4",
        "2026-13-01_18-03-07-123456.mp4",
        "2026-00-10_18-03-07-123456.mp4",
        "2026-11-20_24-03-07-123456.mp4",
        "2026-11-20_18-60-07-123456.mp4",
        "2026-11-20_18-03-60-123456.mp4",
        "0000-11-20_18-03-07-123456.mp4",
        "2026-11-20_18-03-07-12345.mp4",
        "2026-11-20_18-03-07-1234567.mp4",
        "2026-11-20_18-03-07-123456.mp4.tmp",
        "x2026-11-20_18-03-07-123456.mp4",
        "a\n2026-11-20_18-03-07-123456.mp4",
        "٢٠٢٦-11-20_18-03-07-123456.mp4",
        "",
    ],
)
def test_a_name_is_a_segment_where_it_can_be_parsed(name: str) -> None:
    around = ["1999-01-01_00-00-00-000000.mp4", "notes.txt"]
    found = Segments.of(FRONT, [*around, name])
    assert len(found) == (1 if parse_segment_name(name) is None else 2)
    assert list(found) == [Segment(FRONT, start) for n in sorted([*around, name]) if (start := parse_segment_name(n))]


def test_segments_are_a_sequence(layout: Layout) -> None:
    segments = fill(layout, FRONT, 50)
    found = segments_of(layout, FRONT)
    assert list(found) == segments and len(found) == 50 and found[-1] == segments[-1]
    assert list(found[3:7]) == segments[3:7] and list(reversed(found)) == segments[::-1]
    assert segments[10] in found and Segment(FRONT, NOW + HOUR) not in found
    assert Segment(Stream("back"), segments[10].start) not in found and "x" not in found
    assert list(found.since(segments[10].start)) == segments[10:]
    assert list(found.after(segments[10].start)) == segments[11:]
    assert list(found.up_to(segments[10].start)) == segments[:11]
    assert found.follower(segments[10].start) == segments[11] and found.follower(NOW) is None
    assert list(segments_of(layout, FRONT, since=segments[3].start, until=segments[7].start)) == segments[3:7]


def test_days_have_a_sum_that_changes_with_their_names(layout: Layout) -> None:
    fill(layout, FRONT, 50)
    before = list(segments_of(layout, FRONT).days())
    assert [day.day for day in before] == [date(2026, 11, 26), date(2026, 11, 27), date(2026, 11, 28)]
    assert [len(day.names) for day in before] == [13, 24, 13]
    (layout.stream_dir(FRONT) / segment_name(datetime(2026, 11, 27, 3, 30, tzinfo=UTC))).touch()
    after = list(segments_of(layout, FRONT).days())
    assert [one.checksum == other.checksum for one, other in zip(before, after, strict=True)] == [True, False, True]


def test_the_first_segment(layout: Layout) -> None:
    assert first_segment(layout, FRONT, NOW) is None
    segments = fill(layout, FRONT, 5)
    assert first_segment(layout, FRONT, segments[1].start) == segments[1]
    assert first_segment(layout, FRONT, NOW + HOUR) is None
    (layout.stream_dir(FRONT) / "2026-11-28_0").touch()
    assert first_segment(layout, FRONT, segments[0].start) == segments[0], "what is no segment does not count"


def test_a_folder_that_cannot_be_read_is_told(layout: Layout) -> None:
    layout.recordings.mkdir(parents=True)
    layout.stream_dir(FRONT).write_text("a file")
    with pytest.raises(StorageError, match="front"):
        segments_of(layout, FRONT)


def test_sizes_of_past_days_are_remembered(layout: Layout) -> None:
    back = Stream("back")
    segments = fill(layout, FRONT, 24 * 6)
    fill(layout, back, 24 * 6, size=7)
    layout.state_dir.mkdir(parents=True)
    whole = 24 * 6 * 17
    assert recorded_bytes(layout, [FRONT, back]) == whole
    layout.segment_path(segments[40]).write_bytes(b"longer than before")  # as nobody does
    assert recorded_bytes(layout, [FRONT, back]) == whole, "nobody looked"
    newest = layout.segment_path(segments[-1])
    newest.write_bytes(b"x" * 15)
    assert recorded_bytes(layout, [FRONT, back]) == whole + 5, "the newest day is always measured"
    assert recorded_bytes(layout, [back]) == 24 * 6 * 7
    layout.segment_path(segments[41]).unlink()
    assert recorded_bytes(layout, [FRONT, back]) == whole + 5 - 10 + 8, "a day that changed is measured again"
    for damaged in (
        b"",
        b"[1]",
        b"{",
        b'{"front/2026-11-25": [1]}',
        b'{"front/2026-11-26": 5}',
        b'{"front/2026-11-26": [1, "2"]}',
    ):
        layout.recorded_sizes.write_bytes(damaged)
        assert recorded_bytes(layout, [FRONT, back]) == whole + 5 - 10 + 8


@pytest.mark.parametrize("seed", range(40))
def test_looking_at_the_oldest_alone_decides_the_same(seed: int) -> None:
    rng = random.Random(seed)
    segments = [
        Item(
            Path(str(number)),
            "segment",
            NOW - RECENT - (100 - number) * HOUR / 4,
            rng.randrange(GB),
            scanned=rng.random() < 0.7,
            needed=rng.random() < 0.1,
            newest=number == 99,
        )
        for number in range(100)
    ]
    policy = Policy(0, 0, None, 10 * GB)
    disk = Disk(rng.randrange(10 * GB))
    found, enough = oldest_enough(iter(segments), NOW, shortage(policy, disk)[0])
    assert enough and len(found) < 60
    assert expired(found, NOW, policy, disk) == expired(segments, NOW, policy, disk)
    none = [item for item in segments if not item.scanned]
    assert oldest_enough(none, NOW, 1) == (none, False)


def test_names_of_other_things_in_the_folder_do_no_harm(layout: Layout) -> None:
    segments = fill(layout, FRONT, 3)
    for name in ("lost+found", ".tmp-x", "zzz.mp4", "~"):
        (layout.stream_dir(FRONT) / name).mkdir()
    assert list(segments_of(layout, FRONT)) == segments
