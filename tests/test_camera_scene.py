"""The demo garden: the same for the same seed and time, and true to what it says of itself."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest

from camera.scene import RATE, Scene, visits_between
from camera.scene_birds import draw_bird
from camera.scene_plumage import KINDS
from camera.scene_visits import SONGS, Visit
from config.errors import CameraError

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def at(seconds: float) -> float:
    return NOON.timestamp() + seconds


@pytest.fixture(scope="module")
def scene() -> Scene:
    return Scene(1, 640, 360)


def stays(visits: list[Visit]) -> list[tuple[float, float]]:
    """Spans with a bird in the picture, seconds after noon; birds that overlap are one."""
    spans: list[tuple[float, float]] = []
    for visit in visits:
        start, end = (visit.start - NOON).total_seconds(), (visit.end - NOON).total_seconds()
        if spans and start < spans[-1][1]:
            start, end = spans[-1][0], max(end, spans.pop()[1])
        spans.append((start, end))
    return spans


def test_a_moment_looks_and_sounds_the_same_whatever_was_drawn_before(scene: Scene) -> None:
    other = Scene(1, 640, 360)
    moments = [at(s) for s in (7.3, 100.04, 7.34, 0.0)]
    first = [scene.frame_yuv(t, NOON) for t in moments]
    second = [other.frame_yuv(t, NOON) for t in reversed(moments)]
    for a, b in zip(first, reversed(second), strict=True):
        assert np.array_equal(a, b)
    whole = scene.sound(at(5), 4 * RATE)
    parts = [other.sound(at(5 + k / 25), RATE // 25) for k in range(100)]
    assert np.array_equal(whole, np.concatenate(parts))


def test_truth_is_the_same_in_another_process() -> None:
    here = [(v.start.isoformat(), v.end.isoformat(), v.kind) for v in visits_between(7, NOON, NOON + HOUR)]
    program = (
        "from datetime import datetime, timedelta; from camera.scene import visits_between\n"
        f"noon = datetime.fromisoformat('{NOON.isoformat()}')\n"
        "print([(v.start.isoformat(), v.end.isoformat(), v.kind)"
        " for v in visits_between(7, noon, noon + timedelta(hours=1))])"
    )
    there = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert there.stdout.strip() == str(here)


def test_another_seed_has_other_visits() -> None:
    one, two = (visits_between(seed, NOON, NOON + HOUR) for seed in (1, 2))
    assert [v.start for v in one] != [v.start for v in two]


@pytest.mark.parametrize("seed", [1, 2, 99])
def test_visits_are_short_and_far_enough_apart_for_events_of_their_own(seed: int) -> None:
    visits = visits_between(seed, NOON, NOON + 6 * HOUR)
    spans = stays(visits)
    assert all(8 <= end - start <= 25 for start, end in spans)
    assert all(14 < b[0] - a[1] < 45 for a, b in pairwise(spans))
    assert len({visit.kind for visit in visits}) >= 5
    assert any(
        len(group) == 2 for group in [[v for v in visits if v.start < u.end and v.end > u.start] for u in visits]
    )


def test_a_bird_never_sits_still_for_long() -> None:
    for visit in visits_between(1, NOON, NOON + 2 * HOUR):
        moves = visit.moves
        assert moves[0][0] == visit.start and moves[-1][1] == visit.end
        assert max((b[0] - a[1]).total_seconds() for a, b in pairwise(moves)) <= 4


def test_visits_between_takes_half_open_spans() -> None:
    visit = visits_between(1, NOON, NOON + HOUR)[3]
    moment = timedelta(milliseconds=1)
    assert visit in visits_between(1, visit.end - moment, visit.end)
    assert visit not in visits_between(1, visit.end, visit.end + moment)
    assert visit in visits_between(1, visit.start, visit.start + moment)
    assert visit not in visits_between(1, visit.start - moment, visit.start)


@pytest.mark.slow
@pytest.mark.parametrize("size", [(640, 360), (480, 360)])
def test_truth_agrees_with_the_picture(size: tuple[int, int]) -> None:
    scene = Scene(1, *size)
    visits = scene.visits(NOON, NOON + timedelta(minutes=6))
    assert len(visits) > 8
    edges = sorted({v.start for v in visits} | {v.end for v in visits})
    wrong = []
    for edge in edges:
        for step in range(-6, 7):
            time = edge + timedelta(seconds=0.06 * step)
            if any(abs((time - e).total_seconds()) < 0.05 for e in edges):
                continue  # within a picture of the edge either is right
            t = time.timestamp()
            seen = not np.array_equal(scene.frame_yuv(t, None), scene.frame_yuv(t, None, birds=False))
            if seen != any(v.start <= time < v.end for v in visits):
                wrong.append((time, seen))
    assert not wrong


def test_every_kind_is_big_enough_to_be_seen() -> None:
    for kind in KINDS:
        sprite = draw_bird(kind, "sit", 1.0)
        standing = (sprite.keep[0] < 128).any(axis=1).sum()
        assert 0.08 <= standing / 720 <= 0.155, kind


def test_nothing_but_birds_moves_much(scene: Scene) -> None:
    gap = next((a[1], b[0]) for a, b in pairwise(stays(scene.visits(NOON, NOON + HOUR))))

    def small(seconds: float, birds: bool = True) -> np.ndarray:
        luma = scene.frame_yuv(at(seconds), None, birds)[:360].astype(float)
        return luma.reshape(180, 2, 320, 2).mean(axis=(1, 3))

    quiet = np.abs(np.diff([small(t) for t in np.arange(gap[0] + 0.5, gap[1] - 0.5, 0.2)], axis=0))
    assert (quiet > 12).mean(axis=(1, 2)).max() < 0.0005
    assert np.abs(small(gap[1] + 3) - small(gap[1] + 3, birds=False)).max() > 40


def test_the_light_changes_slowly_and_without_a_seam(scene: Scene) -> None:
    def mean(seconds: float) -> np.ndarray:
        return scene.frame_yuv(at(seconds), None, birds=False)[:360].astype(float).mean(axis=1)

    brightness = [mean(s) for s in range(0, 300, 10)]
    assert np.ptp([rows.mean() for rows in brightness]) > 2
    assert max(np.abs(a - b).max() for a, b in pairwise(brightness)) < 6


def test_the_beak_opens_with_the_song(scene: Scene) -> None:
    step = next(s for v in scene.visits(NOON, NOON + HOUR) for s in v.steps if s.action == "sing")
    kind = next(v.kind for v in scene.visits(NOON, NOON + HOUR) if step in v.steps)
    offset, length = SONGS[kind][0]

    def loud(start: float) -> float:
        heard = scene.sound(start, int(length * RATE)).astype(float)
        return float(np.abs(np.diff(heard)).mean())  # high notes, not wind

    assert loud(step.start + offset) > 5 * loud(step.start - 1.0)


def test_sound_is_soft_and_never_silent(scene: Scene) -> None:
    heard = scene.sound(at(0), 60 * RATE).astype(float).reshape(60, RATE)
    level = np.sqrt((heard**2).mean(axis=1))
    assert level.min() > 30 and np.abs(heard).max() < 20000
    assert scene.sound(at(0), RATE).dtype == np.int16


@pytest.mark.parametrize("size", [(320, 180), (854, 480), (640, 480), (360, 640), (1000, 360)])
def test_any_shape_of_picture(size: tuple[int, int]) -> None:
    scene = Scene(3, *size)
    picture = scene.frame(at(10), NOON)
    assert picture.shape == (size[1], size[0], 3) and picture.dtype == np.uint8
    assert picture.std() > 20


def test_odd_sizes_are_refused() -> None:
    with pytest.raises(CameraError, match="even sizes"):
        Scene(1, 641, 360)
