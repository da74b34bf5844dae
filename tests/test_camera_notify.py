"""What systemd is told of the camera service."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from camera.notify import notify
from camera.supervisor import STUCK, Supervisor
from config.settings import CameraSettings, Settings


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[str]]]:
    """What was said to a socket like systemd's."""
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(address)
        sock.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", address)

        def read() -> list[str]:
            messages = []
            while True:
                try:
                    messages.append(sock.recv(1000).decode())
                except BlockingIOError:
                    return messages

        yield read


def test_the_camera_says_that_it_is_up_alive_and_ending(told: Callable[[], list[str]], settings: Settings) -> None:
    off = Settings(state_dir=settings.state_dir, cameras={"front": CameraSettings(enabled=False)})
    rounds = iter([False, False, True])
    Supervisor(lambda: off).run(lambda seconds: next(rounds))
    assert told() == ["READY=1", "WATCHDOG=1", "WATCHDOG=1", "STOPPING=1"]


@pytest.mark.logs_errors
def test_systemd_learns_of_a_publisher_that_hangs(told: Callable[[], list[str]], settings: Settings) -> None:
    away = Settings(state_dir=settings.state_dir, cameras={"front": CameraSettings(source="/nonexistent.mp4")})
    supervisor = Supervisor(lambda: away)
    supervisor._keep()
    [worker] = supervisor._workers.values()
    worker.publisher.stop()
    worker.thread.join(10)
    over = threading.Event()
    worker.thread = threading.Thread(target=over.wait)  # it is alive, but does not come by
    worker.thread.start()
    ages = iter([0, STUCK, STUCK, 0])

    def wait(seconds: float) -> bool:
        age = next(ages, None)
        worker.publisher.alive_at = time.monotonic() - (age or 0)
        said.append(told())
        if age is None:
            over.set()
        return age is None

    said: list[list[str]] = []
    supervisor.run(wait)
    assert said == [["READY=1"], ["WATCHDOG=1"], [], [], ["WATCHDOG=1"]]


def test_without_systemd_nothing_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify("READY=1")
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    notify("READY=1")
