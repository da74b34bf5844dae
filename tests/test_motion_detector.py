"""The detector on drawn pictures: what must move it and what must not."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest

from motion.detector import Detector
from motion.events import confirmed

Picture = npt.NDArray[np.uint8]
FPS, HEIGHT, WIDTH = 5, 180, 320
THRESHOLD = 50
Change = Callable[[float, npt.NDArray[np.float32]], None]


def garden() -> npt.NDArray[np.float32]:
    """A textured background."""
    rng = np.random.default_rng(5)
    coarse = np.kron(rng.uniform(60, 160, (HEIGHT // 12 + 1, WIDTH // 12 + 1)), np.ones((12, 12)))
    return (coarse[:HEIGHT, :WIDTH] + rng.uniform(-15, 15, (HEIGHT, WIDTH))).astype(np.float32)


def footage(seconds: float, change: Change, noise: float = 2.0) -> list[tuple[float, Picture]]:
    """Pictures of the garden with sensor noise, changed at each time by `change(time, picture)`."""
    rng, base = np.random.default_rng(6), garden()
    pictures = []
    for index in range(round(seconds * FPS)):
        picture = base.copy()
        change(index / FPS, picture)
        picture += rng.normal(0, noise, picture.shape)
        pictures.append((index / FPS, np.clip(picture, 0, 255).astype(np.uint8)))
    return pictures


def scores(pictures: list[tuple[float, Picture]], learn: int = 100) -> list[float]:
    """The confirmed scores; the detector learns from the first `learn` pictures, as a scan does."""
    detector = Detector()
    detector.warm_up([picture for _, picture in pictures[:learn]])
    seen = [detector.update(time, picture) for time, picture in pictures]  # some are raised later
    return confirmed([one.score for one in seen], 2)


def moving(marks: list[float], threshold: float = THRESHOLD) -> list[float]:
    return [index / FPS for index, mark in enumerate(marks) if mark >= threshold]


def bird(x: float, y: float, size: int, picture: npt.NDArray[np.float32], shade: float = 20) -> None:
    left, top = round(x), round(y)
    picture[max(top, 0) : top + size, max(left, 0) : left + size] = shade


def nothing(time: float, picture: npt.NDArray[np.float32]) -> None:
    pass


@pytest.mark.parametrize("noise", [0.5, 2.0, 6.0])
def test_noise_is_quiet(noise: float) -> None:
    assert max(scores(footage(60, nothing, noise))) < THRESHOLD - 10


def test_a_bird_that_crosses_in_half_a_second_is_found_at_its_time() -> None:
    def cross(time: float, picture: npt.NDArray[np.float32]) -> None:
        if 30 <= time < 30.8:
            bird((time - 30) / 0.8 * WIDTH, 80, 9, picture)

    assert moving(scores(footage(45, cross))) == [30.0, 30.2, 30.4, 30.6]


def test_a_bird_of_four_pixels_is_found() -> None:
    def cross(time: float, picture: npt.NDArray[np.float32]) -> None:
        if 30 <= time < 32:
            bird(40 + (time - 30) * 60, 90, 4, picture)

    found = moving(scores(footage(40, cross)))
    assert found and 30 <= found[0] <= 30.4 and 31.2 <= found[-1] < 32


def test_one_that_lands_and_sits_is_there_until_it_leaves() -> None:
    def visit(time: float, picture: npt.NDArray[np.float32]) -> None:
        if 30 <= time < 52:
            x = 200 - max(0, 31 - time) * 200 + max(0, time - 51) * 150
            bird(x, 100, 12, picture)

    found = moving(scores(footage(70, visit)))
    assert found[0] == pytest.approx(30, abs=0.4) and found[-1] == pytest.approx(51.8, abs=0.5)
    assert max(b - a for a, b in pairwise(found)) < 6


def test_one_under_way_at_the_first_picture_is_found_from_there() -> None:
    def cross(time: float, picture: npt.NDArray[np.float32]) -> None:
        if time < 4:
            bird(20 + time * 60, 90, 14, picture)

    found = moving(scores(footage(30, cross)))
    assert found[0] <= 0.4 and found[-1] == pytest.approx(3.8, abs=0.3)


def test_one_that_sat_there_all_the_time_leaves_no_ghost() -> None:
    def leave(time: float, picture: npt.NDArray[np.float32]) -> None:
        if time < 31:
            bird(150 + max(0, time - 30) * 200, 100, 14, picture)

    found = moving(scores(footage(60, leave)))
    assert found[0] == pytest.approx(30.2, abs=0.3) and found[-1] < 33


def test_a_plain_bird_before_a_wild_pattern_leaves_no_ghost() -> None:
    """Its edges are weaker than those it hides, so it may be taken for what something left behind."""

    def visit(time: float, picture: npt.NDArray[np.float32]) -> None:
        picture[80:140, 120:220] = np.kron(np.indices((10, 17)).sum(0) % 2 * 140 + 50, np.ones((6, 6)))[:, :100]
        if 30 <= time < 40:
            bird(160 - max(0, 31 - time) * 200 + max(0, time - 39) * 200, 100, 18, picture, 120)

    found = moving(scores(footage(80, visit)))
    assert found[0] == pytest.approx(30, abs=0.4) and found[-1] == pytest.approx(39.8, abs=0.5)


def test_a_cloud_is_quiet() -> None:
    def dim(time: float, picture: npt.NDArray[np.float32]) -> None:
        picture *= 1 - 0.35 * np.clip((time - 25) / 4, 0, 1)

    assert not moving(scores(footage(60, dim)))


def test_a_lamp_that_is_switched_on_is_quiet() -> None:
    def lamp(time: float, picture: npt.NDArray[np.float32]) -> None:
        if time >= 30:
            picture += np.linspace(20, 120, WIDTH, dtype=np.float32)[None, :]

    assert not moving(scores(footage(45, lamp)))


def test_the_night_switch_is_quiet_and_what_comes_after_it_is_found() -> None:
    def night(time: float, picture: npt.NDArray[np.float32]) -> None:
        if time >= 30:
            picture[:] = 255 - picture
        if 36 <= time < 38:
            bird((time - 36) * 120, 90, 12, picture, 128)

    found = moving(scores(footage(45, night)))
    assert found and found[0] == pytest.approx(36, abs=0.4) and found[-1] < 38.4


def test_a_clock_in_the_picture_is_quiet_and_hides_no_bird() -> None:
    def clock(time: float, picture: npt.NDArray[np.float32]) -> None:
        for bit in range(18):  # a binary counter of the pictures: some bits change all the time, some rarely
            picture[172:178, 20 + 8 * bit : 28 + 8 * bit] = 220 if (round(time * FPS) >> bit) & 1 else 30
        if 100 <= time < 102:
            bird((time - 100) * 120, 90, 12, picture)

    found = moving(scores(footage(140, clock)))
    assert found and 100 <= found[0] <= 100.4 and found[-1] < 102.4


def test_leaves_that_never_rest_are_quiet() -> None:
    def wave(time: float, picture: npt.NDArray[np.float32]) -> None:
        shift = round(3 * np.sin(time * 2.2))
        picture[20:80, 200:300] = np.roll(picture[20:80, 200:300], shift, axis=1)

    assert not moving(scores(footage(60, wave)))


def test_a_new_size_of_picture_begins_anew() -> None:
    detector = Detector()
    assert detector.update(0, np.zeros((180, 320), np.uint8)).score == 0
    assert detector.update(1, np.full((90, 160), 200, np.uint8)).score == 0
    detector.finish()
    assert detector.update(2, np.full((90, 160), 20, np.uint8)).score == 0


def test_more_motion_scores_more() -> None:
    def crossing(size: int, shade: float) -> float:
        def cross(time: float, picture: npt.NDArray[np.float32]) -> None:
            if 25 <= time < 27:
                bird((time - 25) * 100, 90, size, picture, shade)

        return max(scores(footage(28, cross)))

    assert crossing(5, 20) < crossing(9, 20) < crossing(16, 20) <= 100
    assert crossing(9, 60) < crossing(9, 20)
