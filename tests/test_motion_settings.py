"""Changing a camera's settings between two passes: what comes next is judged by them, and nothing is scanned again."""

from __future__ import annotations

import os
from typing import Any

import pytest
from yard import DETECT, MAIN, T, Yard, at, close_to

from motion.job import needed
from motion.state import load_state

EVERYWHERE = (((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)),)
pytestmark = [pytest.mark.usefixtures("ffmpeg"), pytest.mark.slow]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"min_size": 5000.0}, {}, [(49, 59)]),
        ({}, {"min_size": 5000.0}, [(9, 19)]),
        ({"ignore": EVERYWHERE}, {}, [(49, 59)]),
        ({}, {"ignore": EVERYWHERE}, [(9, 19)]),
        ({}, {"pre": 1.0, "post": 2.0}, [(9, 19), (51, 58)]),
        ({}, {"max_event": 12.0, "pre": 0.0, "post": 0.0}, [(9, 19), (52, 56)]),
    ],
    ids=str,
)
def test_a_change_counts_from_the_next_pass_on(
    yard: Yard, before: dict[str, Any], after: dict[str, Any], expected: list[tuple[float, float]]
) -> None:
    yard.camera(**before)
    first = yard.both(40, (12, 16))
    yard.run(now=100)
    # Whoever scanned them again would fail.
    for segment in first:
        os.truncate(yard.path(segment), 0)
    yard.camera(**after)
    yard.record(MAIN, [20, 20], [(12, 16)], start=40)
    yard.record(DETECT, [10] * 4, [(12, 16)], start=40)
    report = yard.run()
    assert report.errors == [] and close_to(yard.spans(), expected)
    state, _ = load_state(yard.layout, "front", at(3600))
    assert state.troubles == {}


class TestMotionOff:
    def test_nothing_is_looked_at_until_it_is_on_again(self, yard: Yard) -> None:
        yard.camera(motion=False)
        yard.both(40, (12, 16))
        assert yard.run().clips == []
        yard.camera()
        yard.run()
        assert close_to(yard.spans(), [(9, 19)])

    def test_what_was_under_way_becomes_a_clip_and_goes_on_in_it(self, yard: Yard) -> None:
        yard.record(MAIN, [20], [(12, 20)])
        yard.record(DETECT, [10, 10], [(12, 20)])
        assert yard.run(now=20.5).clips == []
        yard.camera(motion=False)
        yard.record(MAIN, [20], [(0, 6)], start=20)
        yard.record(DETECT, [10, 10], [(0, 6)], start=20)
        for now in (41, 100):
            yard.run(now)
            assert close_to(yard.spans(), [(9, 23)])
        assert len(list(yard.layout.camera_dir("front").glob("*/*.mp4"))) == 1
        state, _ = load_state(yard.layout, "front", at(100))
        assert needed(yard.settings, {"front": state}) == [], "no footage is spared for it"
        yard.camera()
        yard.run()
        assert close_to(yard.spans(), [(9, 29)])

    @pytest.mark.logs_errors
    def test_without_its_footage_it_is_given_up(self, yard: Yard) -> None:
        segments = [*yard.record(MAIN, [20], [(12, 20)]), *yard.record(DETECT, [10, 10], [(12, 20)])]
        yard.run(now=20.5)
        for segment in segments:
            yard.path(segment).unlink()
        yard.camera(motion=False)
        said = [error for now in (100, 200, 300, 400, 500) for error in yard.run(now).errors]
        assert len(said) == 1 and "given up" in said[0]
        state, _ = load_state(yard.layout, "front", T)
        assert (state.open, state.pending) == (None, [])
