"""The whole pipeline for tests that share it: real recorder, web app and publishers, each of which may be killed."""

from __future__ import annotations

import signal
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import ffmpeg as ffmpeg_python
import pytest

from config.errors import RecorderError
from config.settings import CameraSettings, Settings
from conftest import Running, free_ports, settings_in, write_settings
from mediamtx.addresses import publish_url, running_recorder
from mediamtx.api import stream_states
from mediamtx.names import Stream
from waiting import wait_until

ROOT = Path(__file__).parent.parent


def pipeline_settings(folder: Path, recorder: str, cameras: Sequence[str]) -> Settings:
    """Settings over a folder, with free ports; segments of 4 s, so that many borders are seen."""
    settings = settings_in(folder)
    ports = replace(settings.mediamtx, embedded_port=min(free_ports(2 * len(cameras))), segment=4)
    return replace(settings, recorder=recorder, mediamtx=ports, cameras={name: CameraSettings() for name in cameras})


class Pipeline:
    """Its processes; each can be killed and started again."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings = settings
        self.address = f"http://127.0.0.1:{settings.web.port}"
        config = write_settings(settings, folder / "config.txt")
        self._environment = {"BIRBCAM_CONFIG": str(config), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        self._running: dict[str, Running] = {}

    def start_recorder(self) -> None:
        """Start it and wait until it answers."""
        recorder = self._start("recorder", [sys.executable, "-m", "mediamtx"])

        def answers() -> bool:
            try:
                return bool(running_recorder(self.settings))
            except RecorderError:
                assert recorder.process.poll() is None, recorder.output
                return False

        wait_until(answers, 20, "the recorder")

    def start_web(self) -> None:
        """Start it and wait until it answers."""
        web = self._start("web", [sys.executable, "-m", "webapp"])

        def answers() -> bool:
            assert web.process.poll() is None, web.output
            try:
                with urllib.request.urlopen(f"{self.address}/healthz", timeout=5) as answer:
                    return int(answer.status) == 200
            except OSError:
                return False

        wait_until(answers, 60, "the web app")

    def publish(self, camera: str = "front", detect: bool = False) -> None:
        """Send a test picture with a tone, or the small one without; and wait until the recorder has it."""
        stream = Stream(camera, detect)
        size, fps = ("320x180", 5) if detect else ("640x360", 25)
        timing = {"re": None, "f": "lavfi"}
        inputs = [ffmpeg_python.input(f"testsrc2=size={size}:rate={fps}", **timing)]
        codecs = {"vcodec": "libx264", "preset": "ultrafast", "tune": "zerolatency", "g": fps, "pix_fmt": "yuv420p"}
        if not detect:
            inputs.append(ffmpeg_python.input("sine=frequency=440:sample_rate=48000", **timing))
            codecs |= {"acodec": "aac", "b:a": "64k"}
        url = publish_url(self.settings, stream)
        output = ffmpeg_python.output(*inputs, url, f="rtsp", rtsp_transport="tcp", **codecs)
        self._start(stream.path, output.global_args("-nostdin", "-loglevel", "warning").compile(cmd="ffmpeg"))
        wait_until(lambda: self.is_live(camera, detect), 30, f"{stream.path} is live")

    def start_cameras(self) -> None:
        """Start the camera client, as the settings say: the demo's garden with its clock; and wait for its pictures."""
        self._start("cameras", [sys.executable, "-m", "camera"])
        wait_until(lambda: all(self.is_live(name) for name in self.settings.cameras), 30, "the cameras are live")

    def is_live(self, camera: str = "front", detect: bool = False) -> bool:
        """Whether the recorder has the stream."""
        try:
            state = stream_states(self.settings).get(Stream(camera, detect))
        except RecorderError:
            return False
        return state is not None and state.ready

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """End "recorder", "web", or the publisher of a stream, with all that it started."""
        running = self._running.pop(name)
        if number != signal.SIGKILL:
            running.terminate(number)
        running.close()

    def close(self) -> None:
        """End all that is left."""
        for name in reversed(list(self._running)):
            self.kill(name)

    def _start(self, name: str, command: list[str]) -> Running:
        self._running[name] = Running(command, self._environment)
        return self._running[name]


@contextmanager
def running_pipeline(folder: Path, recorder: str, cameras: Sequence[str], **web: object) -> Iterator[Pipeline]:
    """Recorder and web app, without publishers; `web` are settings of the web app."""
    settings = pipeline_settings(folder, recorder, cameras)
    settings = replace(settings, web=replace(settings.web, **web))  # type: ignore[arg-type]
    pipeline = Pipeline(settings, folder)
    with ExitStack() as stack:
        stack.callback(pipeline.close)
        pipeline.start_recorder()
        pipeline.start_web()
        yield pipeline


@contextmanager
def publishing_pipeline(request: pytest.FixtureRequest, folders: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """With one camera that publishes, on the recorder of the fixture's parameter; skipped where it is missing."""
    if request.param == "mediamtx":
        request.getfixturevalue("mediamtx_binary")
    request.getfixturevalue("ffmpeg")
    with running_pipeline(folders.mktemp(request.param), request.param, ["front"]) as pipeline:
        pipeline.publish()
        yield pipeline
