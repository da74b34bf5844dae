"""What is told of a camera at present: its rates from the newest recording, and the motion job's last pass."""

from __future__ import annotations

from datetime import timedelta

import pytest
from yard import MAIN, Yard, at

import media
from mediamtx.last_pass import LastPass, last_pass, note_pass
from mediamtx.recent import recent_rate


def test_rates_come_from_the_newest_segments_own_tables(yard: Yard) -> None:
    *_, newest = yard.record(MAIN, [20, 10])
    rate = recent_rate(yard.layout, MAIN, at(31))
    assert rate is not None
    size = yard.path(newest).stat().st_size
    assert rate.fps == media.Look().fps
    assert 0 < rate.bit_rate <= size * 8 / 1000 / 9
    yard.path(newest).write_bytes(yard.path(newest).read_bytes()[:1500])  # no whole part of it yet
    assert recent_rate(yard.layout, MAIN, at(31)) is not None


def test_without_a_recording_of_late_there_is_no_rate(yard: Yard) -> None:
    assert recent_rate(yard.layout, MAIN, at(0)) is None
    yard.record(MAIN, [10])
    assert recent_rate(yard.layout, MAIN, at(3 * 3600)) is None


def test_the_last_pass_is_told_and_a_damaged_note_is_none(yard: Yard) -> None:
    assert last_pass(yard.layout) is None
    yard.both(20, (5, 8))
    yard.run()
    last = last_pass(yard.layout)
    assert last is not None
    assert (last.errors, last.seconds) == (0, 0)  # by the test's clock
    assert last.until == {"front": pytest.approx(at(20), abs=timedelta(seconds=1))}
    note_pass(yard.layout, LastPass(at(0), at(2), 1, 2, {"front": at(1.123456)}))
    assert last_pass(yard.layout) == LastPass(at(0), at(2), 1, 2, {"front": at(1.123456)})
    yard.layout.last_pass.write_text('{"began": 1}')
    assert last_pass(yard.layout) is None
