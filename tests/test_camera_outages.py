"""A network that is gone for a while, and a clock that is set: the whole camera service, in processes of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.settings import CameraSettings, Settings
from conftest import Running, write_settings
from mediamtx.layout import Layout
from mediamtx.names import Segment, Stream
from mediamtx.segments import list_segments
from waiting import wait_until

pytestmark = pytest.mark.slow

FRONT = Stream("front")
DEMO = CameraSettings(source="demo", width=320, height=180, fps=10)
PRETENCE = """
import runpy, sys, time
now, offset = time.time, sys.argv[1]
def pretended():
    with open(offset) as file:
        return now() + float(file.read() or 0)
time.time = pretended
sys.argv = sys.argv[2:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""
"""Runs a package of ours with another clock. (faketime would make Python's sleep fail.)"""


def newest(settings: Settings) -> Segment | None:
    layout = Layout.of(settings)
    if not layout.stream_dir(FRONT).exists():
        return None
    return next(reversed(list_segments(layout, FRONT)), None)


def recorded(settings: Settings) -> int:
    """Bytes of all segments of the main stream."""
    folder = Layout.of(settings).stream_dir(FRONT)
    return sum(path.stat().st_size for path in folder.glob("*.mp4")) if folder.exists() else 0


def wait_growing(settings: Settings, timeout: float) -> None:
    size = recorded(settings)
    wait_until(lambda: recorded(settings) > size + 10_000, timeout, "the recording grows")


def changes(camera: Running) -> list[str]:
    """What the camera service has told of its camera."""
    lines = [line.partition("camera front: ")[2] for line in camera.lines if "camera front: " in line]
    return [re.sub(r"after \d+ s", "after N s", line) for line in lines]


@pytest.fixture
def cable() -> Iterator[tuple[str, str]]:
    """Two network namespaces with a cable between them: 10.77.0.1 in the first, 10.77.0.2 in the second."""
    if os.geteuid() != 0:
        pytest.skip("only root can make networks; try: sudo ./birbcam test")
    names = (f"birb{os.getpid()}a", f"birb{os.getpid()}b")

    def ip(line: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(["ip", *line.split()], capture_output=True, check=False)

    if ip(f"netns add {names[0]}").returncode != 0:
        pytest.skip("network namespaces cannot be made here")
    try:
        ip(f"netns add {names[1]}")
        ip(f"-n {names[0]} link add cable type veth peer name cable netns {names[1]}")
        for number, name in enumerate(names, 1):
            ip(f"-n {name} address add 10.77.0.{number}/24 dev cable")
            for device in ("lo", "cable"):
                ip(f"-n {name} link set {device} up")
        yield names
    finally:
        for name in names:
            ip(f"netns delete {name}")


def test_a_network_that_is_gone_and_comes_back(
    settings: Settings,
    cable: tuple[str, str],
    mediamtx_binary: Path,
    run_process: Callable[..., Running],
    tmp_path: Path,
) -> None:
    settings = replace(settings, recorder="mediamtx", cameras={"front": DEMO})
    away = replace(settings, mediamtx=replace(settings.mediamtx, host="10.77.0.1"))
    environment = {"PYTHONPATH": str(Path(__file__).parent.parent), "PYTHONUNBUFFERED": "1"}

    def start(where: str, package: str, values: Settings) -> Running:
        config = write_settings(values, tmp_path / f"{package}.txt")
        command = ["ip", "netns", "exec", where, sys.executable, "-m", package]
        return run_process(command, BIRBCAM_CONFIG=str(config), **environment)

    start(cable[0], "mediamtx", settings)
    wait_until(lambda: Layout.of(settings).recorder_file.exists(), 20, "the recorder runs")
    begin = time.monotonic()
    camera = start(cable[1], "camera", away)
    wait_until(lambda: changes(camera) == ["publishing"], 60, f"it publishes: {camera.output}")
    first_start = time.monotonic() - begin
    wait_growing(settings, 10)

    subprocess.run(["ip", "-n", cable[1], "link", "set", "cable", "down"], check=True)
    wait_until(lambda: len(changes(camera)) > 1, 40, "it notices")
    assert "recorder" in changes(camera)[1]
    # It goes on trying, and nothing hangs.
    subprocess.run(["ip", "-n", cable[1], "link", "set", "cable", "up"], check=True)
    back = time.monotonic()
    wait_until(lambda: "publishing again after N s" in changes(camera), 60, "it is back")
    assert time.monotonic() - back < max(5.0, 2.5 * first_start)  # a busy machine takes long to start anything
    wait_growing(settings, 10)
    assert changes(camera)[-1] == "publishing again after N s" and len(changes(camera)) <= 4, changes(camera)


def test_a_clock_that_is_set_makes_one_new_recording_and_loses_none(
    settings: Settings, run_process: Callable[..., Running], ffmpeg: str, tmp_path: Path
) -> None:
    """A Pi has no clock: it boots in 1970, and jumps when it gets the time from the network."""
    settings = replace(settings, cameras={"front": DEMO})
    clock = tmp_path / "clock"
    clock.write_text(f"-{int(time.time()) - 3600}")  # one o'clock in 1970
    config = str(write_settings(settings, tmp_path / "config.txt"))
    root = str(Path(__file__).parent.parent)

    def start(package: str) -> Running:
        command = [sys.executable, "-c", PRETENCE, str(clock), package]
        return run_process(command, BIRBCAM_CONFIG=config, PYTHONPATH=root, PYTHONUNBUFFERED="1")

    start("mediamtx")
    wait_until(lambda: Layout.of(settings).recorder_file.exists(), 20, "the recorder runs")
    camera = start("camera")
    wait_until(lambda: changes(camera) == ["publishing"], 20, f"it publishes: {camera.output}")
    wait_growing(settings, 10)
    first = newest(settings)
    assert first is not None and first.start.year == 1970
    before = recorded(settings)

    set_at = datetime.now(UTC)
    clock.write_text("0")
    wait_until(lambda: "publishing again after N s" in changes(camera), 15, f"it goes on: {camera.output}")
    wait_until(lambda: (found := newest(settings)) is not None and found.start >= set_at, 5, "it has a file of today")
    wait_growing(settings, 10)
    assert recorded(settings) > before and Layout.of(settings).segment_path(first).exists()
    told = changes(camera)
    assert len(told) == 3 and re.fullmatch(r"the clock was set by \+\d+ s: a new recording; retrying", told[1]), told
