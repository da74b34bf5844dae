"""The demo camera as a process: what comes out of its stdout, when, and how it ends."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice, pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from camera import demo
from camera.clockread import read_clock
from camera.scene import RATE
from waiting import wait_until

SMALL = ["--width", "320", "--height", "180"]


def run(*arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "camera.demo", *SMALL, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def ended(process: subprocess.Popen[bytes]) -> tuple[int, bytes]:
    assert process.stderr is not None
    return process.wait(10), process.stderr.read()


@pytest.fixture
def running() -> Iterator[subprocess.Popen[bytes]]:
    with run() as process:
        yield process
        process.kill()


@pytest.mark.slow
def test_picture_and_sound_in_one_stream(tmp_path: Path) -> None:
    out = tmp_path / "demo.nut"
    command = [sys.executable, "-m", "camera.demo", *SMALL, "--unpaced", "--seconds", "4", "--fps", "12"]
    with out.open("wb") as file:
        subprocess.run([*command, "--start", "2026-11-20T12:00:03"], stdout=file, check=True)
    with av.open(str(out)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.width, video.height, video.pix_fmt) == (320, 180, "yuv420p")
        assert (video.average_rate, audio.rate, audio.layout.nb_channels) == (12, RATE, 1)
        pictures, heard = [], 0
        for packet in container.demux():
            if packet.pts is None:
                continue
            if packet.stream.type == "video":
                pictures.append(float(packet.pts * packet.time_base))
            else:
                assert packet.pts * packet.time_base * RATE == heard
                heard += packet.size // 2
    assert pictures == pytest.approx([i / 12 for i in range(48)])
    assert heard == 4 * RATE


@pytest.mark.slow
def test_pictures_leave_at_their_moment(running: subprocess.Popen[bytes]) -> None:
    assert running.stdout is not None
    with av.open(running.stdout, format="nut", options={"probesize": "32", "analyzeduration": "0"}) as container:
        late = []
        for frame in islice(container.decode(video=0), 10, 60):
            shown = read_clock(frame.to_ndarray(format="gray"))
            assert shown is not None
            late.append((datetime.now(UTC) - shown).total_seconds())
    assert float(np.median(late)) == pytest.approx(0.1, abs=0.15)


@pytest.mark.slow
def test_a_slow_reader_loses_pictures_but_no_sound(running: subprocess.Popen[bytes]) -> None:
    assert running.stdout is not None
    with av.open(running.stdout, format="nut", options={"probesize": "32", "analyzeduration": "0"}) as container:
        packets = container.demux()
        pictures, sounds, shown = [], [], []
        for count, packet in enumerate(packets):
            if count == 20:
                time.sleep(0.8)  # the reader's own slowness, not a wait for anything
            if packet.stream.type == "video":
                pictures.append(float(packet.pts * packet.time_base))
                frame = packet.decode()[0]
                clock = read_clock(frame.to_ndarray(format="gray"))
                assert clock is not None
                shown.append(clock.timestamp() - pictures[-1])
            else:
                sounds.append((packet.pts, packet.pts + packet.size // 2))
            if len(pictures) > 50:
                break
    assert max(np.diff(pictures)) > 0.2
    assert all(a[1] == b[0] for a, b in pairwise(sounds))
    assert np.ptp(shown) < 0.1  # the clock in the picture goes with the timestamps


@pytest.mark.slow
def test_it_ends_quietly_when_nobody_reads_any_more() -> None:
    with run() as process:
        assert process.stdout is not None
        process.stdout.read(100_000)
        process.stdout.close()
        assert ended(process) == (0, b"")


@pytest.mark.slow
@pytest.mark.parametrize("reading", [True, False])
def test_sigterm_ends_it_quietly(reading: bool) -> None:
    """Also while it waits for a reader that has stalled."""
    with run() as process:
        assert process.stdout is not None
        process.stdout.read(100_000)
        if not reading:
            status = Path(f"/proc/{process.pid}/wchan")
            if not status.exists():
                pytest.skip("no /proc to see that the process waits for its reader")
            wait_until(lambda: "pipe" in status.read_text(), 10, "the pipe is full")
        process.send_signal(signal.SIGTERM)
        assert ended(process) == (0, b"")


@pytest.mark.slow
def test_a_wrong_zone_and_a_wrong_size_are_explained() -> None:
    with run("--time-zone", "Europe/Nowhere") as process:
        code, text = ended(process)
        assert code == 2 and b"Europe/Berlin" in text
    with run("--width", "321") as process:
        code, text = ended(process)
        assert code == 1 and b"even sizes" in text


class _Clocks:
    """A monotonic and a system clock that a test moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.steady, self.system = 1000.0, 1_800_000_000.013
        monkeypatch.setattr(demo.time, "monotonic", lambda: self.steady)
        monkeypatch.setattr(demo.time, "time", lambda: self.system)
        monkeypatch.setattr(demo.time, "sleep", self.go)

    def go(self, seconds: float) -> None:
        self.steady += seconds
        self.system += seconds


def test_pictures_show_multiples_of_their_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    clocks = _Clocks(monkeypatch)
    for number, shown in islice(demo.moments(25, None, None, True), 5):
        assert shown * 25 == pytest.approx(round(shown * 25), abs=1e-4)
        assert clocks.system == pytest.approx(shown, abs=1e-4)
        assert number == round((shown - 1_800_000_000.04) * 25)


def test_late_pictures_are_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    clocks = _Clocks(monkeypatch)
    pictures = demo.moments(10, None, None, True)
    assert [next(pictures)[0] for _ in range(3)] == [0, 1, 2]
    clocks.go(0.55)
    number, shown = next(pictures)
    assert number == 7 and clocks.system - shown < 0.1
    assert next(pictures)[0] == 8


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
def test_when_the_clock_is_set_the_picture_follows_and_the_numbers_go_on(
    monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    clocks = _Clocks(monkeypatch)
    pictures = demo.moments(10, None, None, True)
    before = [next(pictures) for _ in range(3)]
    clocks.system += jump
    number, shown = next(pictures)
    assert number == 3
    assert shown - before[-1][1] == pytest.approx(0.1 + jump, abs=1e-3)


def test_a_length_ends_it() -> None:
    assert [n for n, _ in demo.moments(25, 0.0, 0.2, False)] == [0, 1, 2, 3, 4]
