"""`python -m motion` as people and timers run it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from filelock import FileLock
from yard import DETECT, MAIN

import media
from config.settings import CameraSettings, Settings
from mediamtx.layout import Layout
from mediamtx.names import from_iso
from waiting import wait_until

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parent.parent
START = (datetime.now(UTC) - timedelta(hours=1)).replace(microsecond=0)
CONFIG = """
media_dir = "media"
output_dir = "clips"
state_dir = "state"
time_zone = "Europe/Berlin"
[retention]
segment_days = 0
keep_free = ""
[cameras.front]
[cameras.back]
"""


@dataclass
class Command:
    """The command over a folder of its own."""

    folder: Path
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def layout(self) -> Layout:
        cameras = {"front": CameraSettings(), "back": CameraSettings()}
        media_dir, output, state = (self.folder / name for name in ("media", "clips", "state"))
        return Layout.of(Settings(media_dir=media_dir, output_dir=output, state_dir=state, cameras=cameras))

    def start(self, *arguments: str, module: str = "motion", stderr: int = subprocess.PIPE) -> subprocess.Popen[str]:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("BIRBCAM_")}
        command = [sys.executable, *module.split(), "--config", str(self.folder / "config.txt"), *arguments]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=stderr, text=True)
        self.running.append(process)
        return process

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        process = self.start(*arguments, module="-m motion")
        output, problems = process.communicate(timeout=60)
        return process.returncode, output, problems

    def record(self) -> None:
        media.write_segments(self.layout, MAIN, START, [20, 20], motion=[(12, 16)])
        media.write_segments(self.layout, DETECT, START, [10] * 4, motion=[(12, 16)])


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    command = Command(tmp_path)
    (tmp_path / "config.txt").write_text(CONFIG)
    yield command
    for process in command.running:
        if process.poll() is None:
            process.kill()
            process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def test_a_line_per_clip(command: Command, ffmpeg: str) -> None:
    command.record()
    code, output, problems = command()
    assert (code, problems) == (0, "")
    pattern = r"front (\S+ \S+) motion 10\.\d s score \d+ best (\d\d:\d\d:\d\d) -> (\S+_motion\.mp4)\n"
    match = re.fullmatch(pattern, output)
    assert match is not None, output
    assert Path(match[3]).is_file()
    assert match[1].partition(" ")[2] < match[2] or match[2] < "00:01"  # it may be midnight
    assert command() == (0, "", "")


def test_json_is_one_document(command: Command, ffmpeg: str) -> None:
    command.record()
    code, output, _ = command("--json")
    report = json.loads(output)
    assert code == 0 and report["errors"] == [] and report["already_running"] is False
    (clip,) = report["clips"]
    assert clip["camera"] == "front" and clip["kind"] == "motion" and Path(clip["path"]).is_file()
    ((start, end),) = clip["windows"]
    assert start <= clip["best"] <= end and clip["score"] >= 50 and "boxes" not in clip
    assert abs((from_iso(start) - START).total_seconds() - 12) < 0.3
    assert abs((from_iso(end) - START).total_seconds() - 16) < 0.3
    assert json.loads(command("--json")[1])["clips"] == []


def test_without_any_footage_it_is_quiet(command: Command) -> None:
    assert command() == (0, "", "")


def test_a_second_one_says_that_one_is_running(command: Command) -> None:
    command.layout.state_dir.mkdir(parents=True)
    with FileLock(command.layout.lock("scan")):
        assert command() == (0, "already running\n", "")
        assert json.loads(command("--json")[1])["already_running"] is True


def test_one_camera_only(command: Command, ffmpeg: str) -> None:
    command.record()
    assert command("--camera", "back") == (0, "", "")
    assert "front" in command("--camera", "front")[1]
    code, _, problems = command("--camera", "fronk")
    assert code == 2 and "fronk" in problems


def test_scanned_again_what_is_not_found_any_more_is_told_as_removed(command: Command, ffmpeg: str) -> None:
    command.record()
    assert command()[1].count("->") == 1
    assert command("--again", "--since", "2h") == (0, "scanned 40 s of footage again: nothing changed\n", "")
    media.write_segments(command.layout, DETECT, START, [10] * 4)  # the same times, and nothing moves
    code, output, _ = command("--again", "--since", "2h")
    assert code == 0
    removed = r"removed front \S+ \S+ motion 10\.\d s .*-> (\S+_motion\.mp4)\n"
    match = re.fullmatch(removed + r"scanned 40 s of footage again: 1 removed\n", output)
    assert match is not None and not Path(match[1]).exists(), output
    told = json.loads(command("--again", "--since", "2h", "--json")[1])
    assert told["removed"] == told["renewed"] == [] and told["scanned_again"] == 40.0
    assert "nothing was scanned again" in command("--again", "--since", "10m")[1]


def test_at_a_terminal_the_same_lines_are_printed(command: Command, ffmpeg: str) -> None:
    """And bars on the terminal itself, where it takes long."""
    command.record()
    reading, terminal = os.openpty()
    process = command.start(module="-m motion", stderr=terminal)
    output, _ = process.communicate(timeout=60)
    os.close(terminal)
    os.close(reading)
    assert process.returncode == 0 and re.fullmatch(r"front .* -> \S+_motion\.mp4\n", output)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["--since", "2h"], "--again"), (["--again"], "--since"), (["--again", "--since", "soon"], "2026-11-20 18:03")],
)
def test_what_to_scan_again_must_be_said(command: Command, arguments: list[str], words: str) -> None:
    code, _, problems = command(*arguments)
    assert code == 2 and words in problems


def test_an_error_is_told_by_the_exit_code(command: Command) -> None:
    broken = command.layout.motion_state("back")
    broken.mkdir(parents=True)
    code, output, problems = command()
    assert code == 1 and output == "" and str(broken) in problems and "Traceback" not in problems


@pytest.mark.parametrize("wrong", ["0", "-5", "soon", "nan"])
def test_a_wrong_pause_is_refused(command: Command, wrong: str) -> None:
    code, _, problems = command(f"--every={wrong}")
    assert code == 2 and "--every" in problems


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_every_repeats_until_it_is_ended(command: Command, ffmpeg: str, number: signal.Signals) -> None:
    process = command.start("--every", "0.1", module="-m motion")
    lines: list[str] = []
    assert process.stdout is not None
    reader = threading.Thread(target=lambda: lines.extend(process.stdout or ()))
    reader.start()
    wait_until(command.layout.motion_state("front").exists, 20, "the first pass")
    command.record()
    wait_until(lambda: any("->" in line for line in lines), 30, "a clip")
    process.send_signal(number)
    assert process.wait(20) == 0
    reader.join(10)
    assert len(lines) == 1


def test_every_outlives_a_mistake_in_the_settings(command: Command, ffmpeg: str) -> None:
    process = command.start("--every", "0.1", module="-m motion")
    wait_until(command.layout.motion_state("front").exists, 20, "the first pass")
    config = command.folder / "config.txt"
    config.write_text(CONFIG + "[camerra.x]\n")
    problems: list[str] = []
    reader = threading.Thread(target=lambda: problems.extend(process.stderr or ()))
    reader.start()
    wait_until(lambda: any("camerra" in line for line in problems), 20, "the complaint")
    config.write_text(CONFIG)
    command.record()
    wait_until(lambda: list(command.folder.glob("clips/front/*/[!.]*.mp4")), 30, "a clip")
    process.terminate()
    process.wait(20)
    reader.join(10)
    assert len([line for line in problems if "camerra" in line]) == 1


def imported(command: Command, check: Callable[[str], bool]) -> list[str]:
    """The modules that a pass imports."""
    process = command.start(module="-X importtime -m motion")
    _, problems = process.communicate(timeout=60)
    assert process.returncode == 0
    names = [line.rpartition("|")[2].strip() for line in problems.splitlines() if line.startswith("import time:")]
    assert "motion.job" in names
    return [name for name in names if check(name.partition(".")[0])]


def test_an_idle_pass_imports_neither_opencv_nor_numpy_nor_pyav(command: Command, ffmpeg: str) -> None:
    command.record()
    command()
    command()
    assert imported(command, lambda top: top in ("cv2", "numpy", "av", "flask")) == []


def test_help_is_cheap(command: Command) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "motion", "--help"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0 and "--every" in done.stdout
    assert not re.search(r"\| +(cv2|numpy|av)$", done.stderr, re.MULTILINE)
