"""Fixtures shared by all tests."""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import ffmpeg as ffmpeg_python
import pytest
from playwright.sync_api import Browser, sync_playwright

from config.errors import RecorderError
from config.settings import CameraSettings, RecorderSettings, RetentionSettings, Settings, WebSettings
from launcher.ports import free_ports as free_ports
from mediamtx.find import find_mediamtx

if TYPE_CHECKING:
    from yard import Yard


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "logs_errors: this test provokes a logged ERROR, which fails any other test")


@pytest.fixture(autouse=True)
def no_logged_errors(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fails a test that logged an ERROR, unless it is marked `logs_errors`."""
    yield
    if request.node.get_closest_marker("logs_errors") is None:
        records = [record for when in ("setup", "call") for record in caplog.get_records(when)]
        errors = [record.getMessage() for record in records if record.levelno >= logging.ERROR]
        assert not errors, f"logged an ERROR: {errors}"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings over a folder of the test's own, with free ports, one camera and the embedded recorder."""
    return settings_in(tmp_path)


def settings_in(folder: Path) -> Settings:
    """The same over a folder that tests share."""
    rtsp, hls, webrtc, udp, api, metrics, embedded, web = free_ports(8)
    return Settings(
        media_dir=folder / "media",
        output_dir=folder / "clips",
        state_dir=folder / "state",
        recorder="embedded",
        mediamtx=RecorderSettings(
            rtsp_port=rtsp,
            hls_port=hls,
            webrtc_port=webrtc,
            webrtc_udp_port=udp,
            api_port=api,
            metrics_port=metrics,
            embedded_port=embedded,
        ),
        # A test machine may be nearly full: retention must not take the test's own footage.
        retention=RetentionSettings(keep_free=""),
        web=WebSettings(port=web),
        cameras={"front": CameraSettings()},
    )


@pytest.fixture
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are hashed with next to no work, which is slow on purpose otherwise; in this process alone."""
    from website import QUICK_HASHER

    monkeypatch.setattr("webapp.passwords._hasher", QUICK_HASHER)


@pytest.fixture
def yard(settings: Settings) -> Iterator[Yard]:
    """A camera's footage; at the end nothing half written may be left."""
    from yard import Yard

    yard = Yard(settings)
    yield yard
    assert yard.leftovers() == []


def write_settings(settings: Settings, path: Path) -> Path:
    """Write `settings` as a configuration file, for a process of its own; `path`."""

    def lines(table: object) -> Iterator[str]:
        for field in dataclasses.fields(table):  # type: ignore[arg-type]
            value = getattr(table, field.name)
            if isinstance(value, (str, int, float, Path)) and field.name != "only_camera":
                plain = str(value) if isinstance(value, Path) else value
                yield f"{field.name} = {json.dumps(plain, ensure_ascii=False)}"

    text = [*lines(settings)]
    for name in ("mediamtx", "retention", "web", "settings_server"):
        text += [f"[{name}]", *lines(getattr(settings, name))]
    for name, camera in settings.cameras.items():
        text += [f"[cameras.{name}]", *lines(camera)]
    path.write_text("\n".join(text) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def ffmpeg() -> str:
    """The ffmpeg program; tests that need it are skipped where there is none."""
    found = shutil.which("ffmpeg")
    if found is None:
        pytest.skip("ffmpeg not found; install it with: sudo apt install ffmpeg")
    return found


@pytest.fixture(scope="session")
def mediamtx_binary() -> Path:
    """The MediaMTX program; tests that need it are skipped where there is none."""
    try:
        found = find_mediamtx(Settings())
    except RecorderError as error:
        pytest.skip(str(error))
    if found is None:
        pytest.skip("MediaMTX not found; put its program on PATH or name it in BIRBCAM_MEDIAMTX")
    return found


class Running:
    """A real process in a session of its own, with its output collected line by line."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            command,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    @property
    def output(self) -> str:
        """All that it has printed so far."""
        return "\n".join(self.lines)

    def terminate(self, number: signal.Signals = signal.SIGTERM, timeout: float = 15.0) -> int:
        """Send it a signal and wait for its end; its exit code."""
        self.process.send_signal(number)
        return self.wait(timeout)

    def wait(self, timeout: float = 15.0) -> int:
        """Wait for its end, and for its last words; its exit code."""
        try:
            code = self.process.wait(timeout)
            self._reader.join(1.0)  # no longer: what it started may still hold the pipe
            return code
        except subprocess.TimeoutExpired:
            raise AssertionError(f"did not end within {timeout:g} s; it said:\n{self.output}") from None

    def kill_all(self) -> None:
        """SIGKILL to it and to everything it started."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # all ended already
        self.process.wait()

    def close(self) -> None:
        """End whatever is left of it."""
        self.kill_all()
        self._reader.join()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            for line in output:
                self.lines.append(line.rstrip("\n"))


@pytest.fixture
def run_process() -> Iterator[Callable[..., Running]]:
    """`run_process(command, **environment)` starts a process; at the end of the test nothing of it is left."""
    started: list[Running] = []

    def run(command: list[str], **environment: str) -> Running:
        started.append(Running(command, environment))
        return started[-1]

    yield run
    for running in reversed(started):
        running.close()


@pytest.fixture
def run_python(run_process: Callable[..., Running], tmp_path: Path) -> Callable[..., Running]:
    """`run_python(settings, "mediamtx", ...)` starts `python -m mediamtx ...` with these settings."""

    def run(settings: Settings, *arguments: str, **environment: str) -> Running:
        config = write_settings(settings, tmp_path / "config.txt")
        root = str(Path(__file__).parent.parent)
        variables = {"BIRBCAM_CONFIG": str(config), "PYTHONPATH": root, "PYTHONUNBUFFERED": "1"}
        return run_process([sys.executable, "-m", *arguments], **(variables | environment))

    return run


@pytest.fixture
def publish(ffmpeg: str, run_process: Callable[..., Running]) -> Callable[..., Running]:
    """`publish(url)` sends a test picture, and with `sound` a tone, as H.264 and AAC over RTSP, in real time."""

    def run(
        url: str, size: str = "320x180", fps: int = 10, sound: bool = True, seconds: float | None = None
    ) -> Running:
        timing = {"re": None, "f": "lavfi"} | ({"t": seconds} if seconds else {})
        streams = [ffmpeg_python.input(f"testsrc2=size={size}:rate={fps}", **timing)]
        codecs = {"vcodec": "libx264", "preset": "ultrafast", "tune": "zerolatency", "g": fps, "pix_fmt": "yuv420p"}
        if sound:
            streams.append(ffmpeg_python.input("sine=frequency=440:sample_rate=48000", **timing))
            codecs |= {"acodec": "aac", "b:a": "64k"}
        output = ffmpeg_python.output(*streams, url, f="rtsp", rtsp_transport="tcp", **codecs)
        command = output.global_args("-nostdin", "-loglevel", "warning").compile(cmd=ffmpeg)
        return run_process(command)

    return run


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A real Chromium, Debian's; tests that need one are skipped where there is none."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("chromium not found; install it with: sudo apt install chromium")
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic"]
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=chromium,
            # Chromium's own sandbox does not run as root, nor in most containers.
            args=["--no-sandbox", "--no-first-run", "--autoplay-policy=no-user-gesture-required", *quiet],
        )
        yield found
        found.close()
