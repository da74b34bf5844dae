"""Where nothing was recorded: noted once it is certain, and never in the way of what comes late."""

from __future__ import annotations

import pytest
from yard import DETECT, MAIN, Yard, at, close_to

import media
from mediamtx.segments import Span
from motion.activity import HIGHEST, NO_FOOTAGE, NOT_SCANNED, values_of

pytestmark = [pytest.mark.usefixtures("ffmpeg"), pytest.mark.slow]


def values(yard: Yard, start: float, end: float) -> bytes:
    return values_of(yard.layout, "front", Span(at(start), at(end)))


def kinds(yard: Yard, start: float, end: float) -> set[int]:
    """0 for any score."""
    return {value if value > HIGHEST else 0 for value in values(yard, start, end)}


def test_a_gap_is_noted_once_both_streams_went_on(yard: Yard) -> None:
    yard.both(40)
    yard.run(now=41)
    assert kinds(yard, 0, 39) == {0} and kinds(yard, 42, 100) == {NOT_SCANNED}
    yard.record(DETECT, [5, 5], start=45)
    yard.run(now=52)
    assert kinds(yard, 42, 45) == {NOT_SCANNED}  # the main stream may still bring something
    yard.record(MAIN, [5], start=45)
    yard.run(now=53)
    assert kinds(yard, 42, 45) == {NO_FOOTAGE} and kinds(yard, 45, 50) == {0}
    assert kinds(yard, -50, -1) == {NOT_SCANNED}  # before all footage


def test_after_the_last_footage_nothing_is_certain(yard: Yard) -> None:
    yard.both(40)
    yard.run()
    assert kinds(yard, 42, 3000) == {NOT_SCANNED}


def test_a_gap_over_days(yard: Yard) -> None:
    days = 3 * 86400
    yard.both(20)
    yard.run(now=60)
    for stream in (MAIN, DETECT):
        yard.record(stream, [20], start=days)
    yard.run(now=days + 600)
    assert kinds(yard, 21, days - 1) == {NO_FOOTAGE}


def test_what_comes_late_into_a_gap_is_scanned(yard: Yard) -> None:
    yard.both(40)
    for stream in (MAIN, DETECT):
        yard.record(stream, [20], start=100)
    yard.run()
    assert kinds(yard, 42, 99) == {NO_FOOTAGE}
    for stream in (MAIN, DETECT):
        yard.record(stream, [20], [(8, 13)], start=60)
    for now in (3700, 3800):
        yard.run(now)
    assert close_to(yard.spans(), [(65, 76)])
    assert kinds(yard, 60, 80) == {0} and kinds(yard, 42, 59) == kinds(yard, 82, 99) == {NO_FOOTAGE}


def test_footage_that_cannot_be_read_is_no_gap(yard: Yard) -> None:
    yard.record(MAIN, [20] * 3)
    broken = yard.record(MAIN, [20], start=60)[0]
    yard.path(broken).write_bytes(b"")
    yard.record(MAIN, [20] * 2, start=100)
    for now in (3600, 3700, 3800, 3900):
        yard.run(now)
        assert kinds(yard, 62, 79) == {NOT_SCANNED}


def test_one_that_is_still_written_is_no_gap(yard: Yard) -> None:
    yard.record(MAIN, [20, 20])
    yard.record(MAIN, [20], start=100)
    yard.run()
    assert kinds(yard, 42, 99) == {NO_FOOTAGE}
    (growing,) = media.write_segments(yard.layout, MAIN, at(60), [20], finished=False)
    yard.run(now=3601)
    assert kinds(yard, 62, 79) == {NO_FOOTAGE}  # until it is scanned
    media.set_movie_duration(yard.path(growing), 20_000)
    yard.run(now=3602)
    assert kinds(yard, 61, 79) == {0}


def test_a_damaged_state_takes_gaps_as_settled(yard: Yard, caplog: pytest.LogCaptureFixture) -> None:
    yard.both(40, (8, 13))
    for stream in (MAIN, DETECT):
        yard.record(stream, [20] * 2, start=100)
    yard.run()
    yard.layout.motion_state("front").write_bytes(b"{")
    before = values(yard, 0, 140)
    yard.run(now=3700)
    assert "the footage from 2026-11-20T18:02:00.000Z on is scanned again" in caplog.text
    assert close_to(yard.spans(), [(5, 16)])
    assert values(yard, 0, 140) == before
