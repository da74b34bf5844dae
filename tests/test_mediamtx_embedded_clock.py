"""The wall clock behind a publisher's timestamps, over simulated arrivals."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest

from mediamtx.embedded_clock import JUMP, STEP, TOLERANCE, ArrivalClock

START = 1_795_000_000.0  # when media time 0 was made, Unix time


def arrivals(
    seconds: float, fps: int, delay: Callable[[float], float], rate: float = 0.0, begin: float = 0.0
) -> Iterator[tuple[float, float]]:
    """Media times and arrivals of a publisher whose clock runs fast by `rate`; `delay` of a sample by its true time."""
    for number in range(round(seconds * fps)):
        true = begin + number / fps
        yield true * (1 + rate), START + true + delay(true)


def feed(clock: ArrivalClock, samples: Iterator[tuple[float, float]]) -> float | None:
    """Feed the samples; the arrival at which the clock settled first."""
    settled = None
    for media, arrival in samples:
        clock.observe(media, arrival)
        if settled is None and clock.settled(arrival):
            settled = arrival
    return settled


def test_nothing_is_known_before_the_first_sample() -> None:
    clock = ArrivalClock()
    assert not clock.observed
    assert not clock.settled(START)
    with pytest.raises(ValueError):
        clock.anchor()


@pytest.mark.parametrize("fps", [5, 25])
@pytest.mark.parametrize("probing", [0.0, 1.2, 3.0])
def test_samples_held_back_while_probing_do_not_count(fps: int, probing: float) -> None:
    clock = ArrivalClock()
    # what was made while FFmpeg probed comes out in one burst, the rest as it is made
    settled = feed(clock, arrivals(probing + 5, fps, lambda true: max(0.02, probing - true)))
    assert clock.anchor() == pytest.approx(START, abs=0.05)
    assert settled is not None
    assert settled - START - probing < 1.3


def test_the_first_estimate_waits_for_a_publisher_that_starts_slowly() -> None:
    clock = ArrivalClock()
    # a queue that takes 1.5 s to drain: the delay falls from 0.8 s to 0.02 s
    samples = list(arrivals(6, 25, lambda true: max(0.02, 0.8 - true * 0.52)))
    for media, arrival in samples:
        clock.observe(media, arrival)
        if clock.settled(arrival):
            break
    assert clock.anchor() == pytest.approx(START, abs=0.1)


def test_the_first_estimate_does_not_wait_for_ever() -> None:
    clock = ArrivalClock()
    settled = feed(clock, arrivals(10, 25, lambda true: 5 - true * 0.5))  # improves all the time
    assert settled is not None
    assert 2.9 < settled - (START + 5) < 3.2


@pytest.mark.parametrize("seed", range(5))
def test_a_busy_machine_delays_most_samples_but_not_the_estimate(seed: int) -> None:
    noise = random.Random(seed)
    clock = ArrivalClock()
    feed(clock, arrivals(8, 25, lambda _: 0.02 + noise.expovariate(1 / 0.2)))
    assert clock.anchor() == pytest.approx(START, abs=0.06)


@pytest.mark.parametrize("rate", [50e-6, -50e-6, 500e-6, -500e-6])
@pytest.mark.parametrize(("fps", "length"), [(25, 60.0), (5, 10.0)])
def test_a_drifting_clock_is_followed_and_segments_stay_contiguous(rate: float, fps: int, length: float) -> None:
    noise = random.Random(7)
    clock = ArrivalClock()
    anchor, cut = START, 0.0
    for media, arrival in arrivals(3600, fps, lambda _: 0.02 + noise.expovariate(1 / 0.05), rate):
        clock.observe(media, arrival)
        if media - cut >= length:
            cut = media
            assert clock.jumped(anchor) is None
            moved = clock.moved(anchor)
            assert abs(moved - anchor) <= STEP + 1e-6  # the gap between one segment's end and the next one's start
            anchor = moved
            true = START + media / (1 + rate)
            assert abs(anchor + media - true) < TOLERANCE + 0.06


def test_small_errors_do_not_move_the_anchor() -> None:
    clock = ArrivalClock()
    feed(clock, arrivals(10, 25, lambda _: 0.04))
    assert clock.moved(START) == START


def test_a_clock_that_is_a_little_off_is_approached_in_steps() -> None:
    clock = ArrivalClock()
    feed(clock, arrivals(10, 25, lambda _: 1.0))
    anchors = [START]
    for _ in range(8):
        anchors.append(clock.moved(anchors[-1]))
    assert anchors[1] == pytest.approx(START + STEP)
    assert anchors[-1] == pytest.approx(START + 1.0, abs=TOLERANCE)


@pytest.mark.parametrize("step", [3600.0, -3600.0, 56 * 365 * 86400.0, JUMP + 1, -JUMP - 1])
def test_a_clock_that_is_set_is_a_jump(step: float) -> None:
    clock = ArrivalClock()
    feed(clock, arrivals(60, 5, lambda _: 0.02))
    assert clock.jumped(START) is None
    feed(clock, arrivals(4, 5, lambda _: 0.02 + step, begin=60))
    jumped = clock.jumped(START)
    assert jumped == pytest.approx(START + step, abs=0.05)
    feed(clock, arrivals(60, 5, lambda _: 0.02 + step, begin=64))
    assert clock.jumped(START + step) is None
    assert clock.moved(START + step) == START + step


def test_a_stall_that_is_made_up_for_is_no_jump() -> None:
    clock = ArrivalClock()
    feed(clock, arrivals(60, 25, lambda _: 0.02))
    # 8 s of samples are held back somewhere and come at once
    for media, arrival in arrivals(10, 25, lambda true: max(0.02, 68 - true), begin=60):
        clock.observe(media, arrival)
        assert clock.jumped(START) is None
    assert clock.moved(START) == START
