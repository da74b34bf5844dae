"""What else is about raises the bar: tracks that nearly counted, that go the same way, or with shadows of clouds."""

from __future__ import annotations

import numpy as np
import pytest

from motion.drift import Drift
from motion.look import Seen
from motion.marks import solid_mark
from motion.track import Point, Track
from motion.unrest import Unrest

STILL = Drift(1.0)


def track(
    start: float, x: float, y: float, speed: float = 50, mark: float = 40, area: float = 20, down: float = 0
) -> Track:
    """One that goes on for a second, with a mark."""
    points = []
    for index in range(6):
        at = index * 0.2
        left, top = round(x + speed * at), round(y + down * at)
        side = max(1, round(area**0.5))
        box = (left, top, left + side, top + side)
        points.append(Point(Seen(start + at), left, top, 300, area, 50, box, 0, 0, 0.01))
    return Track(points, mark=mark, bare=mark)


def test_a_calm_place_asks_for_nothing_more() -> None:
    unrest = Unrest(1.0)
    assert unrest.penalty(track(10, 50, 50), 11, STILL) == 0
    unrest.ended(track(1, 90, 120, down=30), [], STILL)
    assert unrest.penalty(track(10, 50, 50), 11, STILL) == 0, "one that nearly counted says nothing"


def test_what_nearly_counted_lately_asks_for_more_and_is_forgotten() -> None:
    unrest = Unrest(1.0)
    for number in range(6):
        unrest.ended(
            track(number, 60 + 10 * number, 40 + 5 * number, speed=20 * (number - 3), down=9 * number), [], STILL
        )
    near = unrest.penalty(track(12, 80, 60, down=-60), 13, STILL)
    assert near > 15
    assert unrest.penalty(track(12, 300, 170, speed=1, down=-60), 13, STILL) < near, "less far away"
    assert unrest.penalty(track(80, 80, 60, down=-60), 81, STILL) == 0, "after a minute"


def test_weak_tracks_and_parts_of_what_counts_do_not_count_as_such() -> None:
    unrest = Unrest(1.0)
    visitor = track(0, 60, 60, mark=90)
    for number in range(6):
        unrest.ended(track(0, 62 + number, 60, down=9 * number, speed=9), [visitor], STILL)
        unrest.ended(track(0, 250, 100 + number, mark=10, speed=-20 * number), [], STILL)
    assert unrest.penalty(track(5, 70, 60, down=-60), 6, STILL) == 0
    unrest.ended(visitor, [], STILL)
    for number in range(6):
        unrest.ended(track(1, 90 + number, 60, down=9 * number, speed=9), [], STILL)
    assert unrest.penalty(track(5, 70, 60, down=-60), 6, STILL) == 0, "nor when it has just left"


def test_company_on_other_lines_asks_for_more_and_traffic_on_one_does_not() -> None:
    falling, traffic = Unrest(1.0), Unrest(1.0)
    for number in range(5):
        falling.ended(track(number, 40, 30 * number, mark=5), [], STILL)
        traffic.ended(track(number, 40, 90, mark=5), [], STILL)
    assert falling.penalty(track(8, 40, 75), 9, STILL) > 4
    assert falling.penalty(track(8, 40, 75, speed=-50), 9, STILL) == 0, "against the stream"
    assert traffic.penalty(track(8, 40, 60), 9, STILL) == 0


def test_something_large_and_closed_is_no_weather() -> None:
    unrest = Unrest(1.0)
    for number in range(9):
        unrest.ended(track(number, 60, 40 + 30 * (number % 3)), [], STILL)
    assert unrest.penalty(track(10, 60, 60), 11, STILL) > 10
    assert unrest.penalty(track(10, 60, 60, area=900), 11, STILL) == 0


def test_the_way_of_the_shadows_is_known() -> None:
    drift = Drift(1.0)
    rng = np.random.default_rng(1)
    sky = np.kron(rng.uniform(0.6, 1.0, (6, 40)), np.ones((8, 8)))[:45]
    for step in range(40):
        drift.note(step * 0.2, sky[:, 200 - 4 * step : 280 - 4 * step].astype(np.float32), 320)  # 4 of 80 in 0.2 s
    assert drift.carries((80, 0))
    assert drift.carries((75, 12))
    assert not drift.carries((-80, 0))
    assert not drift.carries((0, 80))
    assert not drift.carries((20, 0))


@pytest.mark.parametrize("steps", [1, 12])
def test_light_that_stands_or_moves_for_a_moment_says_nothing(steps: int) -> None:
    drift = Drift(1.0)
    rng = np.random.default_rng(1)
    sky = np.kron(rng.uniform(0.6, 1.0, (6, 40)), np.ones((8, 8)))[:45]
    for step in range(40):
        left = 200 - 4 * min(step, steps)
        drift.note(step * 0.2, sky[:, left : left + 80].astype(np.float32), 320)
    assert not drift.carries((80, 0))


def test_specks_with_gaps_between_are_leaves() -> None:
    whole, small = track(0, 10, 10, area=100), track(0, 10, 10, area=16)
    assert solid_mark(whole, 1.0) == 100
    leaves = track(0, 10, 10, area=100)
    for point in leaves.points:
        left, top, _, _ = point.box
        point.box = (left, top, left + 40, top + 30)
    assert solid_mark(leaves, 1.0) < 50
    for point in small.points:
        left, top, _, _ = point.box
        point.box = (left, top, left + 20, top + 20)
    assert solid_mark(small, 1.0) == 100, "too small to have gaps"
