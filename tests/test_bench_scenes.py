"""The bench's drawn footage: the same from the same seed, and its truth is what is drawn."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

for _needed in ("skimage", "cv2"):
    if importlib.util.find_spec(_needed) is None:
        pytest.skip(f"needs {_needed}, which ./birbcam bench installs", allow_module_level=True)

import av  # noqa: E402
import numpy as np  # noqa: E402
from scene_actors import Actor  # noqa: E402
from scene_actors import Path as Way  # noqa: E402
from scene_book import SCENES, Scene, Truth  # noqa: E402
from scene_film import measured, merged, painter, write  # noqa: E402
from scene_places import of_photo  # noqa: E402
from scene_world import Camera, World  # noqa: E402
from scenes import main  # noqa: E402

BIRD = ("chelsea", 0.3, 0.1, 0.3)


def made(*actors: Actor, seconds: float = 6.0, noise: float = 1.2) -> Scene:
    """A scene before a photograph."""
    return Scene(
        "made", "dev", seconds, lambda seed: World(of_photo("rocket"), actors=actors, camera=Camera(noise=noise))
    )


def seen(scene: Scene, tmp_path: Path) -> tuple[Truth, ...]:
    """The truth that comes with its footage."""
    return write(scene, tmp_path).truth


def bird(*stops: tuple[float, ...], rest: str = "optional", tone: float = 0.5) -> Actor:
    """A pale bird before the dark sky."""
    return Actor("bird", Way(stops), 12, tone, BIRD, rest=rest)


def test_the_same_seed_draws_the_same_pictures() -> None:
    scene = SCENES["feeder"]
    one, same, other = (measured(painter(scene, seed), 80)[0] for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_truth_is_when_something_is_seen_to_move(tmp_path: Path) -> None:
    crossing = bird((2.0, -10, 60), (4.0, 330, 70))
    (event,) = seen(made(crossing), tmp_path)
    assert event.kind == "bird"
    assert event.start == pytest.approx(2.1, abs=0.2)
    assert event.end == pytest.approx(4.0, abs=0.2)
    assert event.frames == pytest.approx(9, abs=2)
    assert 20 < event.px < 250


def test_what_the_noise_hides_is_no_truth(tmp_path: Path) -> None:
    crossing = bird((2.0, -10, 60), (4.0, 330, 70), tone=0.08)
    assert seen(made(crossing, noise=40.0), tmp_path) == ()


def test_a_long_rest_is_optional_for_birds_and_parts_two_visits_of_others(tmp_path: Path) -> None:
    stops = (1.0, -10, 60), (2.0, 150, 70), (9.5, 150, 70), (10.5, 330, 60)
    (event,) = seen(made(bird(*stops), seconds=12), tmp_path / "bird")
    assert [span == pytest.approx((2.2, 9.6), abs=0.3) for span in event.optional] == [True]
    first, second = seen(made(bird(*stops, rest="split"), seconds=12), tmp_path / "other")
    assert first.end == pytest.approx(2.1, abs=0.3)
    assert second.start == pytest.approx(9.6, abs=0.3)
    assert first.optional == second.optional == ()


def test_visits_close_together_are_one_event() -> None:
    one, two, three = Truth(1, 2, "bird", 5, 9), Truth(7.5, 9, "cat", 7, 30), Truth(15.5, 16, "bird", 2, 4)
    assert merged([three, one, two]) == [Truth(1, 9, "bird+cat", 12, 30), three]


def test_footage_is_as_long_as_the_scene_and_made_once(tmp_path: Path) -> None:
    scene = made(seconds=3.0)
    detect = write(scene, tmp_path).detect
    with av.open(str(detect)) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height, stream.average_rate) == (320, 180, 5)
        assert sum(1 for _ in container.decode(stream)) == 15
    before = detect.stat().st_mtime_ns
    assert write(scene, tmp_path).detect.stat().st_mtime_ns == before


def test_both_halves_are_long_enough_and_have_main_streams(capsys: Any, monkeypatch: Any) -> None:
    for half in ("dev", "held"):
        chosen = [scene for scene in SCENES.values() if scene.half == half]
        assert sum(scene.seconds for scene in chosen) >= 3000
        assert sum(scene.main for scene in chosen) >= 8
        assert all(scene.about for scene in chosen)
    monkeypatch.setattr(sys, "argv", ["scenes.py", "--list"])
    main()
    assert len(capsys.readouterr().out.splitlines()) == len(SCENES)
