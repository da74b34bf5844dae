"""How the benchmark counts: found, false, outside, split, merged, and how far off starts and ends are."""

from __future__ import annotations

import pytest
from scoring import Score, Span, Visit, joined, median_error, score, share_late

BIRD = Visit(100.0, 100.6, "bird")
PERSON = Visit(200.0, 220.0, "person")


def test_what_is_reported_right_is_found_and_nothing_else_counts() -> None:
    got = score([BIRD, PERSON], [Span(100.0, 100.8), Span(200.2, 220.0)], 3600)
    assert (got.found, got.visits, got.false, got.split, got.merged) == (2, 2, 0, 0, 0)
    assert (got.recall, got.outside, got.false_per_hour) == (1.0, 0.0, 0.0)
    assert got.kinds == {"bird": (1, 1), "person": (1, 1)}
    assert got.start_errors == pytest.approx((0.0, 0.2))
    assert got.end_errors == pytest.approx((0.2, 0.0))


def test_what_is_not_reported_is_missed() -> None:
    got = score([BIRD, PERSON], [Span(200, 220)], 3600)
    assert (got.recall, got.missed, got.false) == (0.5, (BIRD,), 0)
    assert got.kinds == {"bird": (0, 1), "person": (1, 1)}


def test_an_event_away_from_the_truth_is_false_and_one_beside_it_is_not() -> None:
    got = score([PERSON], [Span(50, 52), Span(199.2, 199.6), Span(300, 301)], 1800)
    assert (got.false, got.false_per_hour, got.found) == (2, 4.0, 0)
    assert got.outside == pytest.approx(3.0)
    assert got.false_events == (Span(50, 52), Span(300, 301))


def test_yes_to_everything_finds_nobody() -> None:
    visits = [Visit(t, t + 5.0) for t in range(30, 3600, 60)]
    got = score(visits, [Span(0, 3600)], 3600)
    assert (got.found, got.merged, got.false) == (0, 59, 0)
    assert got.outside_per_hour > 3000


def test_a_shower_does_not_find_the_bird_in_it_but_a_slow_end_does() -> None:
    assert score([BIRD], [Span(80, 140)], 3600).found == 0
    assert score([BIRD], [Span(100, 120)], 3600).found == 1
    assert score([PERSON], [Span(180, 270)], 3600).found == 1
    assert score([PERSON], [Span(100, 300)], 3600).found == 0


def test_blinking_all_the_time_is_one_long_event() -> None:
    blinks = [Span(t, t + 1) for t in range(0, 3600, 5)]
    assert score([BIRD, PERSON], blinks, 3600).found == 0


def test_a_pause_under_the_gap_is_no_split_and_a_longer_one_is() -> None:
    assert score([PERSON], [Span(200, 205), Span(210, 220)], 3600).split == 0
    got = score([PERSON], [Span(200, 205), Span(212, 220)], 3600)
    assert (got.split, got.found) == (1, 1)
    assert got.start_errors == (0.0,)
    assert got.end_errors == (0.0,)


def test_visits_within_the_gap_are_one_event_and_farther_ones_must_not_be() -> None:
    near = [Visit(10, 15), Visit(20, 25)]
    got = score(near, [Span(10, 25)], 3600)
    assert (got.found, got.merged, got.outside) == (2, 0, 0.0)
    assert got.start_errors == (0.0,)
    far = [Visit(10, 15), Visit(25, 30)]
    got = score(far, [Span(10, 30)], 3600)
    assert (got.found, got.merged) == (2, 1)
    assert got.outside == pytest.approx(8.0)
    assert (got.start_errors, got.end_errors) == ((0.0,), (0.0,))


def test_optional_visits_count_neither_way() -> None:
    insect = Visit(50, 51, "insect", optional=True)
    seen, unseen = score([insect, PERSON], [Span(50, 51), Span(200, 220)], 3600), score([insect, PERSON], [], 3600)
    assert (seen.visits, seen.found, seen.false, seen.outside) == (1, 1, 0, 0.0)
    assert (unseen.visits, unseen.missed) == (1, (PERSON,))
    assert seen.start_errors == (0.0,)


def test_a_rest_may_be_reported_or_left_out_in_one_piece_or_two() -> None:
    bird = Visit(100, 130, "bird", rests=(Span(102, 128),))
    for reported in ([Span(100, 130)], [Span(100, 102), Span(128, 130)], [Span(100, 115), Span(128, 130)]):
        got = score([bird], reported, 3600)
        assert (got.found, got.false, got.split, got.merged, got.outside) == (1, 0, 0, 0, 0.0), reported
        assert (got.start_errors, got.end_errors) == ((0.0,), (0.0,))
    assert score([bird], [Span(105, 110)], 3600).found == 0
    hopper = Visit(100, 130, "bird", rests=(Span(102, 104),))
    assert score([hopper], [Span(100, 102), Span(112, 130)], 3600).split == 1


def test_somebody_may_sit_there_before_and_after_the_visit() -> None:
    bird = Visit(20, 22, "bird", rests=(Span(0, 20), Span(22, 60)))
    for reported in ([Span(0, 60)], [Span(20, 22)], [Span(10, 40)]):
        got = score([bird], reported, 600)
        assert (got.found, got.false, got.split, got.outside) == (1, 0, 0, 0.0)
        assert (got.start_errors, got.end_errors) == ((0.0,), (0.0,))
    late = score([bird], [Span(20.5, 70)], 600)
    assert (late.start_errors, late.end_errors) == ((0.5,), (10.0,))


def test_without_truth_everything_is_false() -> None:
    got = score([], [Span(0, 1), Span(3, 4), Span(100, 130)], 600)
    assert (got.recall, got.false) == (1.0, 2)
    assert got.outside == pytest.approx(34.0)


def test_scores_add_up() -> None:
    one = score([BIRD], [Span(100, 101)], 1800)
    two = score([PERSON, BIRD], [Span(10, 20)], 1800)
    both = one + two
    assert (both.seconds, both.visits, both.found, both.false_per_hour) == (3600, 3, 1, 1.0)
    assert both.kinds == {"bird": (1, 2), "person": (0, 1)}
    assert both.worst == two.recall == 0.0
    assert one + Score() == one


def test_errors_count_either_way() -> None:
    assert median_error([-0.4, 0.1, 0.2]) == 0.2
    assert share_late([-0.4, 0.1, 0.2, 0.5]) == 0.5
    assert (median_error([]), share_late([])) == (0.0, 0.0)


def test_joined_fills_pauses_up_to_the_gap() -> None:
    spans = [Span(5, 6), Span(0, 1), Span(0.5, 2)]
    assert joined(spans) == [Span(0, 2), Span(5, 6)]
    assert joined(spans, 3.0) == [Span(0, 6)]
