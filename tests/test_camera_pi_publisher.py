"""A Pi's camera all the way to the recorder, and all that can break: picamera2 in a trixie root, the rest here."""

from __future__ import annotations

import logging
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import pytest
from pi import SMALL

from camera import publisher as publishing
from camera.publisher import Publisher
from camera.sources import feeds, picamera_command
from camera.supervisor import Supervisor
from config.errors import RecorderError
from config.load import SAVED_NAME
from config.settings import CameraSettings, Settings
from conftest import Running
from mediamtx.api import StreamState, stream_states
from mediamtx.layout import Layout
from mediamtx.names import Stream
from mediamtx.segments import list_segments
from trixie import Chroot
from waiting import wait_until

pytestmark = pytest.mark.slow

FRONT, FRONT_DETECT = Stream("front"), Stream("front", detect=True)
BACK = 5.0
"""Seconds in which pictures are back once what broke is whole again; starting them the first time takes about 3."""
BUSY = 2.5
"""How many times as long as the first start it may take instead, on a machine that runs other tests, too."""


@pytest.fixture(scope="module")
def inside() -> Iterator[Chroot]:
    with Chroot() as chroot:
        yield chroot


class Pi:
    """A publisher of a Pi's camera with a recorder, each in its own process or thread."""

    def __init__(self, inside: Chroot, settings: Settings, run_python: Callable[..., Running]) -> None:
        self.inside, self.settings, self._run_python = inside, settings, run_python
        self.publisher: Publisher | None = None
        self.camera = CameraSettings()
        self._thread: threading.Thread | None = None
        self._first_start = 0.0  # s

    def start_recorder(self) -> Running:
        recorder = self._run_python(self.settings, "mediamtx")
        try:
            wait_until(lambda: self.states() is not None, 20, "the recorder answers")
        except AssertionError as error:
            raise AssertionError(f"{error}; it said: {recorder.output}") from None
        return recorder

    def publish(self, **values: object) -> Publisher:
        self.camera = CameraSettings(source="picamera", microphone="off", **{**SMALL, **values})  # type: ignore[arg-type]
        (feed,) = feeds("front", self.camera)
        self.publisher = Publisher(self.settings, self.camera, feed)
        self._thread = threading.Thread(target=self.publisher.run)
        self._thread.start()
        return self.publisher

    def states(self) -> dict[Stream, StreamState] | None:
        try:
            return stream_states(self.settings)
        except RecorderError:
            return None

    def received(self, stream: Stream) -> int:
        state = (self.states() or {}).get(stream)
        return state.bytes_received if state is not None and state.ready else 0

    def wait_flowing(self, timeout: float = 60.0) -> None:
        """Wait until the publisher is content and both streams grow."""
        publisher, begin = self.publisher, time.monotonic()
        assert publisher is not None
        wait_until(lambda: publisher.status.state == "publishing", timeout, f"publishing: {publisher.status}")
        for stream in (FRONT, FRONT_DETECT):
            before = self.received(stream)
            wait_until(lambda s=stream, b=before: self.received(s) > b, timeout, f"{stream.path} grows")
        self._first_start = self._first_start or time.monotonic() - begin

    def wait_back(self) -> None:
        """As `wait_flowing`, in the time that it may take."""
        self.wait_flowing(max(BACK, BUSY * self._first_start))

    def wait_waiting(self, timeout: float = 20.0) -> str:
        """Wait until it notices; the reason."""
        publisher = self.publisher
        assert publisher is not None
        wait_until(lambda: publisher.status.state == "waiting", timeout, "it notices")
        return publisher.status.reason

    def children(self, part: str) -> list[int]:
        """Our children with that in their command line."""
        listed = subprocess.run(
            ["pgrep", "-P", str(os.getpid()), "-f", part], capture_output=True, text=True, check=False
        )
        return [int(pid) for pid in listed.stdout.split()]

    def close(self) -> None:
        if self.publisher is not None and self._thread is not None:
            self.publisher.stop()
            self._thread.join(10)
            self.publisher = None
            assert not self._thread.is_alive()
            assert self.children("camera.picamera") == []


@pytest.fixture
def pi(
    inside: Chroot,
    settings: Settings,
    ffmpeg: str,
    run_python: Callable[..., Running],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> Iterator[Pi]:
    def command(camera: CameraSettings, module: int, zone: str) -> list[str]:
        return inside.command(["python3", *picamera_command(camera, module, zone)[1:]])

    monkeypatch.setattr(publishing, "picamera_command", command)
    caplog.set_level(logging.INFO, "camera")
    inside.camera_control()
    pi = Pi(inside, settings, run_python)
    yield pi
    pi.close()


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged since the last look, without the seconds."""
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("camera")]
    caplog.clear()
    return [re.sub(r"after \d+ s$", "after N s", line) for line in lines]


AGAIN = "camera front: publishing again after N s"


def test_settings_that_change(pi: Pi, caplog: pytest.LogCaptureFixture) -> None:
    """The supervisor lets the camera change what it can while it runs, and builds its pipeline anew where it must."""
    pi.start_recorder()
    pi.camera = CameraSettings(source="picamera", microphone="off", **SMALL)  # type: ignore[arg-type]
    settings = [replace(pi.settings, cameras={"front": pi.camera})]
    supervisor, stop = Supervisor(lambda: settings[0]), threading.Event()
    thread = threading.Thread(target=supervisor.run, args=[lambda seconds: stop.wait(0.1)])

    def change(**values: Any) -> None:
        settings[0] = replace(settings[0], cameras={"front": replace(settings[0].cameras["front"], **values)})
        (pi.settings.state_dir / SAVED_NAME).write_text(str(values))  # it looks for changes of the files

    thread.start()
    try:
        wait_until(lambda: supervisor.publishers, 5, "a publisher")
        (pi.publisher,) = supervisor.publishers.values()
        pi.wait_flowing()
        states, (camera,), link = pi.states(), pi.children("camera.picamera"), pi.publisher.link
        assert states is not None and link is not None
        assert states[FRONT].tracks == ("H264", "MPEG-4 Audio") and states[FRONT_DETECT].tracks == ("H264",)

        change(contrast=2.0, night_below=1000.0, day_above=2000.0, day_night_dwell=0.0)
        wait_until(lambda: link.status["night"], 10, "it is night")
        assert pi.children("camera.picamera") == [camera]
        assert told(caplog) == [
            "camera front: publishing",
            "camera front: contrast is left alone: this camera has no Contrast",
            "camera front: night, the picture is grey (400 lux)",
        ]
        change(width=1280, height=720, encoder="mjpeg")
        wait_until(lambda: pi.children("camera.picamera") not in ([], [camera]), 10, "another process")
        (pi.publisher,) = supervisor.publishers.values()
        pi.wait_flowing()
    finally:
        pi.publisher = None
        stop.set()
        thread.join()
    # All that was sent stands in the recordings; single pictures became H.264.
    layout = Layout.of(pi.settings)
    for stream, sizes in ((FRONT, [(640, 360), (1280, 720)]), (FRONT_DETECT, [(320, 180)])):
        seen = []
        for segment in list_segments(layout, stream):
            with av.open(str(layout.segment_path(segment))) as container:
                video = container.streams.video[0]
                assert video.codec_context.name == "h264"
                if any(True for _ in container.decode(video)):
                    seen.append((video.width, video.height))
        assert list(dict.fromkeys(seen)) == sizes


def test_a_recorder_that_goes_and_comes_back(pi: Pi, mediamtx_binary: Path, caplog: pytest.LogCaptureFixture) -> None:
    pi.settings = replace(pi.settings, recorder="mediamtx")
    pi.publish()
    assert "the recorder is not running" in pi.wait_waiting()
    recorder = pi.start_recorder()
    pi.wait_flowing()
    recorder.kill_all()
    assert pi.wait_waiting().startswith("recorder away (")
    assert pi.children("camera.picamera") == []  # nobody takes its picture
    pi.start_recorder()
    pi.wait_back()
    lines = told(caplog)
    assert lines[1::2] == [AGAIN, AGAIN] and all("recorder away (" in line for line in lines[::2]) and len(lines) == 4


def test_a_frozen_recorder_hangs_nobody(pi: Pi, caplog: pytest.LogCaptureFixture) -> None:
    recorder = pi.start_recorder()
    pi.publish()
    pi.wait_flowing()
    os.killpg(recorder.process.pid, signal.SIGSTOP)
    assert "recorder" in pi.wait_waiting(40)
    os.killpg(recorder.process.pid, signal.SIGCONT)
    pi.wait_back()
    lines = told(caplog)
    assert lines[0] == "camera front: publishing" and lines[-1] == AGAIN and len(lines) <= 4, lines
    os.killpg(recorder.process.pid, signal.SIGSTOP)
    begin = time.monotonic()
    pi.close()
    assert time.monotonic() - begin < 3
    os.killpg(recorder.process.pid, signal.SIGCONT)


def test_a_camera_that_dies_freezes_or_stops_giving_pictures(pi: Pi, caplog: pytest.LogCaptureFixture) -> None:
    pi.start_recorder()
    pi.publish()
    pi.wait_flowing()
    for number, reason in (
        (signal.SIGKILL, "the camera was killed (SIGKILL)"),
        (signal.SIGSTOP, "no new picture for 4 s"),
    ):
        (camera,) = pi.children("camera.picamera")
        os.kill(camera, number)
        assert pi.wait_waiting() == reason
        pi.wait_back()
    pi.inside.camera_control(stalled=True)
    assert pi.wait_waiting() == "the camera ended (the camera gave no picture for 2 s)"
    pi.inside.camera_control()
    pi.wait_back()
    assert told(caplog) == [
        "camera front: publishing",
        "camera front: the camera was killed (SIGKILL); retrying",
        AGAIN,
        "camera front: no new picture for 4 s; retrying",
        AGAIN,
        "camera front: the camera ended (the camera gave no picture for 2 s); retrying",
        AGAIN,
    ]
