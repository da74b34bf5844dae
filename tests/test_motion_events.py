"""Scores to windows to events: pure, so tried with many made-up days."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from config.settings import CameraSettings
from motion.events import Event, Rules, Window, assemble, confirmed, joined, windows_of
from motion.look import Frame

T = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
RULES = Rules.of(CameraSettings())


def at(seconds: float) -> datetime:
    return T + timedelta(milliseconds=round(seconds * 1000))


def window(start: float, end: float, score: float = 60.0) -> Window:
    return Window(at(start), at(end), score)


def spans(events: list[Event], rules: Rules = RULES) -> list[tuple[float, float]]:
    """Where the clips of events begin and end, seconds."""
    return [((event.start - T).total_seconds(), (event.clip_end(rules.post) - T).total_seconds()) for event in events]


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([], []),
        ([90], [0]),
        ([0, 90, 0], [0, 0, 0]),
        ([0, 90, 60, 0], [0, 60, 60, 0]),
        ([60, 90, 70, 0, 80], [60, 70, 70, 0, 0]),
        ([10, 20, 30], [10, 20, 20]),
    ],
)
def test_a_score_counts_as_far_as_the_frames_beside_it_share_it(scores: list[float], expected: list[float]) -> None:
    assert confirmed(scores, 2) == expected


def test_the_confirmed_score_is_the_greatest_threshold_that_two_frames_in_a_row_reach() -> None:
    rng = random.Random(1)
    for _ in range(200):
        scores = [float(rng.randrange(0, 100, 10)) for _ in range(rng.randrange(1, 12))]
        for threshold in range(5, 100, 10):
            over = [score >= threshold for score in scores]
            moving = [
                over[i] and ((i > 0 and over[i - 1]) or (i + 1 < len(over) and over[i + 1])) for i in range(len(over))
            ]
            assert [mark >= threshold for mark in confirmed(scores, 2)] == moving


def test_a_window_lasts_from_its_first_frame_to_the_one_after_its_last() -> None:
    frames = [Frame(at(i / 5), score) for i, score in enumerate([0, 60, 70, 0, 0, 55, 55])]
    assert windows_of(frames, at(1.4), RULES) == [window(0.2, 0.6, 70), window(1.0, 1.4, 55)]


def test_a_frame_before_a_gap_does_not_stand_for_the_gap() -> None:
    assert windows_of([Frame(at(0), 60.0), Frame(at(30), 0.0)], at(31), RULES) == [window(0, 1)]


def test_without_frames_there_is_no_window() -> None:
    assert windows_of([], at(1), RULES) == []


def test_sensitivity_is_the_threshold() -> None:
    frames = [Frame(at(0), 40.0), Frame(at(0.2), 40.0)]
    assert not windows_of(frames, at(0.4), RULES)
    assert windows_of(frames, at(0.4), Rules.of(CameraSettings(sensitivity=60)))


def test_the_highest_sensitivity_does_not_take_stillness_for_motion() -> None:
    frames = [Frame(at(i / 5), score) for i, score in enumerate([0.0, 0.0, 2.0, 2.0, 0.0])]
    assert windows_of(frames, at(1), Rules.of(CameraSettings(sensitivity=100))) == [window(0.4, 0.8, 2.0)]


def test_the_gap_is_never_below_the_padding_so_that_clips_do_not_overlap() -> None:
    rules = Rules.of(CameraSettings(pre=5, post=4, merge_gap=2))
    over, _ = assemble(None, [window(10, 12), window(20.5, 22), window(31.5, 33)], None, rules)
    assert spans(over, rules) == [(5, 26), (26.5, 37)]


def test_an_event_stays_open_until_it_cannot_go_on() -> None:
    over, still_open = assemble(None, [window(10, 12)], at(22.9), RULES)
    assert over == [] and still_open is not None
    over, still_open = assemble(still_open, [], at(23), RULES)
    assert spans(over) == [(7, 15)] and still_open is None


def test_long_padding_after_keeps_an_event_open_as_well() -> None:
    rules = Rules.of(CameraSettings(pre=0, post=20, merge_gap=1))
    over, still_open = assemble(None, [window(10, 12)], at(36), rules)
    assert over == [] and still_open is not None


def test_a_pause_as_long_as_the_gap_makes_one_event_a_longer_one_two() -> None:
    assert spans(assemble(None, [window(10, 12), window(18, 20)], None, RULES)[0]) == [(7, 23)]
    assert spans(assemble(None, [window(10, 12), window(18.001, 20)], None, RULES)[0]) == [(7, 15), (15.001, 23)]


def test_over_max_event_it_goes_on_in_parts_that_adjoin() -> None:
    rules = Rules.of(CameraSettings(max_event=30))
    over, _ = assemble(None, [window(3, 20), window(25, 70)], None, rules)
    assert spans(over, rules) == [(0, 30), (30, 60), (60, 73)]
    assert [event.part for event in over] == [1, 2, 3]
    assert [w for event in over for w in event.windows] == [
        window(3, 20),
        window(25, 30),
        window(30, 60),
        window(60, 70),
    ]


def test_motion_that_ends_at_the_limit_begins_no_part_of_padding_alone() -> None:
    rules = Rules.of(CameraSettings(max_event=30))
    assert spans(assemble(None, [window(3, 30)], None, rules)[0], rules) == [(0, 33)]


def test_a_pause_over_the_limit_ends_the_part_at_the_limit() -> None:
    rules = Rules.of(CameraSettings(max_event=30))
    over, _ = assemble(None, [window(3, 29), window(33, 40)], None, rules)
    assert spans(over, rules) == [(0, 30), (30, 43)]


def test_padding_longer_than_max_event_still_makes_parts_with_motion() -> None:
    rules = Rules.of(CameraSettings(max_event=10, pre=60, post=60))
    over, _ = assemble(None, [window(100, 700)], None, rules)
    assert all(event.windows for event in over)


def test_windows_that_touch_are_one() -> None:
    assert joined([window(3, 4, 50), window(1, 3, 70), window(3.5, 3.6, 10)]) == [window(1, 4, 70)]


def test_events_are_the_same_however_the_runs_were_cut() -> None:
    """Random motion in random segments with gaps, in one run and in many; also parts and open ends."""
    rng = random.Random(7)
    for _ in range(300):
        rules = Rules.of(CameraSettings(max_event=rng.choice([10, 25, 300]), merge_gap=rng.choice([0, 6, 15])))
        segments, time = [], 0.0
        for _ in range(rng.randrange(1, 12)):
            length = rng.choice([4.0, 10.0, 10.0, 61.0])
            starts = sorted(round(time + rng.uniform(0, length - 0.5), 3) for _ in range(rng.randrange(0, 4)))
            inside = [window(s, min(s + rng.choice([0.4, 2.0, 9.0]), time + length)) for s in starts]
            segments.append((joined(inside), at(time + length)))
            time += length + rng.choice([0.0, 0.0, 0.0, 3.0, 40.0])
        whole, _ = assemble(None, [w for windows, _ in segments for w in windows], None, rules)
        over: list[Event] = []
        still_open: Event | None = None
        for windows, covered in segments:
            done, still_open = assemble(still_open, windows, covered, rules)
            over += done
        done, still_open = assemble(still_open, [], None, rules)
        over += done
        assert still_open is None
        assert over == whole
        clips = spans(over, rules)
        assert all(first[1] <= second[0] + 1e-9 for first, second in pairwise(clips))
