"""Picture and sound in step, all the way into a segment: flashes and claps, and the demo garden's own songs."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from pi import SMALL
from sounding import Card, SoundServer, flashes_and_claps

from camera import publisher as publishing
from camera.clockread import read_clock
from camera.publisher import Publisher
from camera.scene_sound import RATE, sound
from camera.sources import feeds, picamera_command
from config.errors import RecorderError
from config.settings import CameraSettings, Settings
from conftest import Running, free_ports
from mediamtx.api import stream_states
from mediamtx.layout import Layout
from mediamtx.names import Stream
from mediamtx.segments import list_segments
from trixie import Chroot
from waiting import wait_until

pytestmark = pytest.mark.slow

IN_STEP = 0.08  # s
FLASH = 2.0  # s
FRONT = Stream("front")


@pytest.fixture(params=["embedded", "mediamtx"])
def recorded(
    request: pytest.FixtureRequest, settings: Settings, ffmpeg: str, run_python: Callable[..., Running]
) -> Settings:
    """Settings of a recorder that runs."""
    if request.param == "mediamtx":
        request.getfixturevalue("mediamtx_binary")
    settings = replace(settings, recorder=request.param, mediamtx=replace(settings.mediamtx, segment=60.0))
    recorder = run_python(settings, "mediamtx")
    wait_until(lambda: recorder.process.poll() is None and _answers(settings), 20, "the recorder answers")
    return settings


def _answers(settings: Settings) -> bool:
    try:
        stream_states(settings)
    except RecorderError:
        return False
    return True


@contextmanager
def published(settings: Settings, camera: CameraSettings) -> Iterator[Publisher]:
    (feed,) = feeds("front", camera)
    publisher = Publisher(settings, camera, feed)
    thread = threading.Thread(target=publisher.run)
    thread.start()
    try:
        wait_until(lambda: publisher.status.state == "publishing", 30, f"it publishes: {publisher.status}")
        yield publisher
    finally:
        publisher.stop()
        thread.join(10)


def film_of(settings: Settings, camera: CameraSettings, seconds: float) -> Path:
    """Publish a camera for some seconds; the segment that came of it, closed."""
    with published(settings, camera):
        begin = time.monotonic()
        wait_until(lambda: time.monotonic() > begin + seconds, seconds + 5, "footage")
    layout = Layout.of(settings)
    segment = list_segments(layout, FRONT)[-1]
    return layout.segment_path(segment)


def test_flash_and_clap_of_a_pi(recorded: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("pulseaudio") is None:
        pytest.skip("pulseaudio not found; install it with: sudo apt install pulseaudio")
    (port,) = free_ports(1)
    folder = tmp_path / "sound"
    folder.mkdir()
    with Chroot() as inside, SoundServer(folder, port) as server, Card(server.card, FLASH):
        monkeypatch.setattr(
            publishing,
            "picamera_command",
            lambda camera, module, zone: inside.command(
                ["python3", *picamera_command(camera, module, zone)[1:]],
                environment={"PULSE_SERVER": f"tcp:127.0.0.1:{port}"},
            ),
        )
        inside.camera_control(flash=FLASH)
        film = film_of(recorded, CameraSettings(source="picamera", **SMALL), 11.0)
    flashes, claps = flashes_and_claps(film)
    pairs = [(flash, clap) for flash in flashes for clap in claps if abs(flash - clap) < FLASH / 2]
    print("flash - clap [ms]:", [round(1000 * (clap - flash)) for flash, clap in pairs])
    assert len(pairs) >= 3
    assert max(abs(clap - flash) for flash, clap in pairs) < IN_STEP


def test_the_demo_garden(recorded: Settings) -> None:
    """Its sound is known for each moment, and the moment of each picture stands in it."""
    film = film_of(recorded, CameraSettings(source="demo", width=640, height=360, fps=10), 8.0)
    ahead = []  # of the film's times, by the clock in its pictures
    heard: list[np.ndarray] = []
    first = None
    with av.open(str(film)) as container:
        for frame in container.decode(container.streams.video[0], container.streams.audio[0]):
            assert frame.time is not None
            if isinstance(frame, av.AudioFrame):
                first = frame.time if first is None else first
                heard.append(frame.to_ndarray()[0])
            elif shown := read_clock(frame.to_ndarray(format="gray")):
                ahead.append(shown.timestamp() - frame.time)
    assert first is not None
    recording = np.concatenate(heard)[: 6 * RATE]
    begin = float(np.median(ahead)) + first
    margin = RATE // 2
    truth = sound(1, 16 / 9, round(begin * RATE) - margin, len(recording) + 2 * margin).astype(float)
    size = 1 << (len(truth) + len(recording)).bit_length()
    match = np.fft.irfft(np.fft.rfft(truth, size) * np.conj(np.fft.rfft(recording, size)), size)[: 2 * margin]
    late = margin - int(match.argmax())
    print("sound late [ms]:", 1000 * late / RATE, "match", match.max() / np.median(np.abs(match)))
    assert abs(late / RATE) < IN_STEP
