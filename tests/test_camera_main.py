"""`python -m camera`: what a person or systemd sees of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from config.settings import CameraSettings, Settings
from conftest import Running, write_settings
from waiting import wait_until

ROOT = Path(__file__).parent.parent


def run(settings: Settings, tmp_path: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A short run of `python -m camera`."""
    variables = {"BIRBCAM_CONFIG": str(write_settings(settings, tmp_path / "config.txt")), "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "camera", *arguments],
        env=os.environ | variables | environment,
        capture_output=True,
        text=True,
        timeout=20,
    )


@pytest.mark.slow
def test_an_unknown_camera_is_told_the_known_ones(settings: Settings, tmp_path: Path) -> None:
    result = run(replace(settings, cameras={"front": CameraSettings(), "gate": CameraSettings()}), tmp_path, "frnt")
    assert result.returncode == 2
    assert "there is no camera 'frnt'" in result.stderr and '"front"' in result.stderr
    assert "known: front, gate" in result.stderr and "Traceback" not in result.stderr


@pytest.mark.slow
def test_without_ffmpeg_the_cure_is_named(settings: Settings, tmp_path: Path) -> None:
    result = run(settings, tmp_path, PATH=str(tmp_path))
    assert (result.returncode, result.stderr) == (
        1, "birbcam: ffmpeg not found; install it with: sudo apt install ffmpeg\n"
    )  # fmt: skip


@pytest.mark.slow
def test_help_is_quick_and_complete(settings: Settings, tmp_path: Path) -> None:
    result = run(settings, tmp_path, "--help", PATH=str(tmp_path))
    assert result.returncode == 0
    assert all(word in result.stdout for word in ("NAME", "--config", "recorder"))


def children_of(pid: int) -> list[int]:
    """The processes that a process has started, however deep, without those that have ended."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(") ")[2].split()[:2]
        except OSError:
            continue  # it ended meanwhile
        if state != "Z":
            parents[int(stat.parent.name)] = int(parent)
    found = [child for child, parent in parents.items() if parent == pid]
    return found + [deeper for child in found for deeper in children_of(child)]


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_it_ends_at_once_and_leaves_no_child(
    settings: Settings, ffmpeg: str, run_python: Callable[..., Running], number: signal.Signals
) -> None:
    cameras = {name: CameraSettings(width=320, height=180, fps=10) for name in ("front", "gate")}
    settings = replace(settings, cameras=cameras)
    recorder = run_python(settings, "mediamtx")
    wait_until(lambda: (settings.state_dir / "recorder.json").exists(), 20, "the recorder answers")
    service = run_python(settings, "camera")
    for name in cameras:
        wait_until(lambda name=name: f"camera {name}: publishing" in service.output, 20, f"{name} is published")
    children = children_of(service.process.pid)
    assert len(children) == 4  # an ffmpeg and a demo camera each

    service.process.send_signal(number)
    code = service.wait(timeout=3)
    assert code == (-number if number == signal.SIGKILL else 0)
    wait_until(lambda: not any(map(is_running, children)), 1, "no child is left")
    wait_until(lambda: recorder.output.count("publisher gone") == 4, 5, "the recorder knows")
    assert "Traceback" not in service.output


@pytest.mark.slow
def test_one_camera_alone_even_where_it_is_switched_off(
    settings: Settings, ffmpeg: str, run_python: Callable[..., Running]
) -> None:
    secret = "rtsp://joe:secret@127.0.0.1:9/1"
    cameras = {"front": CameraSettings(), "gate": CameraSettings(enabled=False, source=secret)}
    settings = replace(settings, cameras=cameras)
    run_python(settings, "mediamtx")
    wait_until(lambda: (settings.state_dir / "recorder.json").exists(), 20, "the recorder answers")
    gate = run_python(settings, "camera", "gate")
    wait_until(lambda: "camera gate: source away" in gate.output, 10, "it tries")
    assert "joe:***@" in gate.output and "secret" not in gate.output and "front" not in gate.output
    assert gate.terminate() == 0
