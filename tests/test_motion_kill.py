"""The real job, killed at any moment: the next run finishes the work, no clip lost, none twice, nothing left over."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from yard import DETECT, MAIN

import media
from config.settings import CameraSettings, Settings
from mediamtx.layout import Layout
from waiting import wait_until

pytestmark = [pytest.mark.usefixtures("ffmpeg"), pytest.mark.slow]
ROOT = Path(__file__).parent.parent
MOTION = [(8, 13), (28, 51), (65, 68), (84, 88)]
CONFIG = """
media_dir = "media"
output_dir = "clips"
state_dir = "state"
[retention]
segment_days = 0
keep_free = ""
[cameras.front]
merge_gap = 6
"""


@dataclass(frozen=True)
class Place:
    """An installation in a folder, with footage recorded an hour ago."""

    folder: Path

    @property
    def layout(self) -> Layout:
        settings = Settings(
            media_dir=self.folder / "media",
            output_dir=self.folder / "clips",
            state_dir=self.folder / "state",
            cameras={"front": CameraSettings()},
        )
        return Layout.of(settings)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("BIRBCAM_")}
        return subprocess.Popen(
            [sys.executable, "-m", "motion", "--config", str(self.folder / "config.txt"), *arguments],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> str:
        """A whole pass; what it printed."""
        output, problems = (process := self.start(*arguments)).communicate(timeout=120)
        assert process.returncode == 0 and "Traceback" not in problems, problems
        return output

    def result(self) -> dict[str, bytes]:
        """Everything that passes are to leave in the clips' folder."""
        clips = self.folder / "clips"
        paths = (path for path in clips.rglob("*") if path.is_file() and path.name not in (".swept", ".index.json"))
        return {str(path.relative_to(clips)): path.read_bytes() for path in paths}

    def state(self) -> dict[str, Any]:
        """The state without when a file's size was first seen."""
        values: dict[str, Any] = json.loads((self.folder / "state/.motion_state_front.json").read_bytes())
        for stream in values["streams"].values():
            del stream["seen"]
        return values

    def activity(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted((self.folder / "state/activity/front").iterdir())}

    def copy(self, folder: Path) -> Place:
        """The same footage somewhere else, without what passes made of it."""
        folder.mkdir()
        shutil.copy(self.folder / "config.txt", folder)
        shutil.copytree(self.folder / "media", folder / "media", copy_function=os.link)
        return Place(folder)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, ffmpeg: str) -> Iterator[Place]:
    """Footage with four events, and what a run that nobody disturbs makes of it."""
    place = Place(tmp_path_factory.mktemp("undisturbed"))
    (place.folder / "config.txt").write_text(CONFIG)
    start = (datetime.now(UTC) - timedelta(hours=1)).replace(microsecond=0)
    media.write_segments(place.layout, MAIN, start, [20] * 5, motion=MOTION)
    media.write_segments(place.layout, DETECT, start, [10] * 10, motion=MOTION)
    place.run()
    assert len([name for name in place.result() if name.endswith(".mp4")]) == 4
    yield place


@pytest.fixture
def place(undisturbed: Place, tmp_path: Path) -> Place:
    return undisturbed.copy(tmp_path / "place")


def same(place: Place, undisturbed: Place) -> None:
    assert place.result() == undisturbed.result()
    assert place.state() == undisturbed.state()
    assert place.activity() == undisturbed.activity()
    assert list(place.folder.rglob(".tmp*")) == []


def any_of(pattern: str) -> Callable[[Path], bool]:
    return lambda folder: any(folder.glob(pattern))


MOMENTS = {
    "as it takes the lock": any_of("state/.scan.lock"),
    "while a clip is cut": any_of("clips/front/20*/.tmp-motion-*"),
    "with a thumbnail without its clip": any_of("clips/front/20*/*_motion.jpg"),
    "with a sidecar without its clip": any_of("clips/front/20*/*_motion.json"),
    "when the clip is published": any_of("clips/front/20*/*_motion.mp4"),
    "when the state is written": any_of("state/.tmp-*"),
    "when the state is replaced": any_of("state/.motion_state_front.json"),
    "when the activity is written": any_of("state/activity/front/*"),
    "in the second clip": lambda folder: len(list(folder.glob("clips/front/20*/*_motion.jpg"))) > 1,
}


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS.keys())
def test_killed_at_a_moment(place: Place, undisturbed: Place, moment: Callable[[Path], bool]) -> None:
    process = place.start()
    wait_until(lambda: moment(place.folder) or process.poll() is not None, 60, "the moment", pause=0.0002)
    process.kill()
    process.communicate(timeout=10)
    place.run()
    same(place, undisturbed)


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_again_and_again_while_footage_comes_in(place: Place, undisturbed: Place, seed: int) -> None:
    rng = random.Random(seed)
    folder = place.folder / "media/recordings/front_detect"
    whole = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    for name in whole:
        (folder / name).unlink()
    names = list(whole)
    for name, following in zip(names, [*names[1:], None], strict=True):
        (folder / name).write_bytes(whole[name])
        if following is not None:  # the one being written
            (folder / following).write_bytes(whole[following][:5000])
            media.set_movie_duration(folder / following, 0)
        process = place.start()
        time.sleep(rng.uniform(0, 1.2))
        process.kill()
        process.communicate(timeout=10)
    place.run()
    same(place, undisturbed)


def test_two_at_once_do_the_work_once_ten_times(undisturbed: Place, tmp_path: Path) -> None:
    refused = 0
    for number in range(10):
        place = undisturbed.copy(tmp_path / str(number))
        processes = [place.start() for _ in range(2)]
        answers = [process.communicate(timeout=120) for process in processes]
        assert [process.returncode for process in processes] == [0, 0]
        refused += sum("already running" in output for output, _ in answers)
        lines = [line for output, _ in answers for line in output.splitlines() if "->" in line]
        assert len(lines) == 4
        same(place, undisturbed)
    assert refused >= 1  # the other times one had ended before the other one looked


@pytest.mark.parametrize("delay", [0.4, 0.8])
def test_sigterm_ends_a_pass_early_with_everything_saved(place: Place, undisturbed: Place, delay: float) -> None:
    process = place.start()
    time.sleep(delay)
    process.terminate()
    _, problems = process.communicate(timeout=20)
    assert process.returncode in (0, -15) and "Traceback" not in problems
    place.run()
    same(place, undisturbed)
