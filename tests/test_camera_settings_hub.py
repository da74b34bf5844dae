"""What the settings server sees of a supervisor's cameras: kept values, live changes, cameras that do not answer."""

from __future__ import annotations

import base64
import json
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from settings_client import TOKEN, Client

from camera.machine import machine_status
from camera.pi_link import Link
from camera.publisher import Publisher
from camera.settings_hub import NotRunningError, SupervisedCameras
from camera.settings_server import Service
from camera.sources import feeds
from camera.supervisor import Supervisor
from config.errors import CameraError, StorageError
from config.load import SAVED_NAME, load_settings
from config.settings import CameraSettings, Settings, SettingsServerSettings
from conftest import free_ports, write_settings
from mediamtx.saved_settings import save_camera_values
from waiting import wait_until


class Process:
    """The other end of a control channel, as a camera's process holds it."""

    def __init__(self, link: Link) -> None:
        self._socket = socket.socket(fileno=link.theirs.detach())
        self.got: list[dict[str, Any]] = []
        self.hangs = False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def say(self, event: str, **values: Any) -> None:
        self._socket.sendall(json.dumps({"event": event} | values).encode() + b"\n")

    def _read(self) -> None:
        for line in self._socket.makefile("rb"):
            self.got.append(message := json.loads(line))
            if message.get("do") == "still" and not self.hangs:
                self.say("still", id=message["id"], jpeg=base64.b64encode(b"a picture").decode())
        self._socket.close()


@pytest.fixture
def pi(settings: Settings) -> Settings:
    settings.state_dir.mkdir()
    return replace(settings, cameras={"front": CameraSettings(source="picamera"), "garden": CameraSettings()})


@pytest.fixture
def running(pi: Settings) -> Iterator[tuple[SupervisedCameras, Publisher, Process]]:
    (feed,) = feeds("front", pi.cameras["front"])
    publisher = Publisher(pi, pi.cameras["front"], feed)
    with closing(Link(lambda text, level: None)) as link:
        publisher._link = link
        cameras = SupervisedCameras(pi)
        cameras.follow(pi, {feed: publisher})
        yield cameras, publisher, Process(link)


def saved(settings: Settings) -> Any:
    return json.loads((settings.state_dir / SAVED_NAME).read_text())


def test_only_pi_cameras_are_served(running: tuple[SupervisedCameras, Publisher, Process]) -> None:
    assert list(running[0].all()) == ["front"]


def test_a_live_change_goes_to_the_camera_at_once_and_is_kept(
    running: tuple[SupervisedCameras, Publisher, Process], pi: Settings
) -> None:
    cameras, _, process = running
    cameras.change("front", {"brightness": 0.5})
    wait_until(lambda: process.got, 5, "it gets there")
    assert process.got[0]["set"]["brightness"] == 0.5
    assert saved(pi) == {"cameras": {"front": {"brightness": 0.5}}}
    assert cameras.all()["front"].brightness == 0.5
    cameras.follow(pi, {})  # the supervisor has not seen it yet
    assert cameras.all()["front"].brightness == 0.5
    cameras.follow(replace(pi), {})  # now it has other settings
    assert cameras.all()["front"].brightness == 0
    cameras.change("front", {"hflip": True, "contrast": 2.0})
    assert saved(pi) == {"cameras": {"front": {"brightness": 0.5, "contrast": 2.0, "hflip": True}}}
    assert len(process.got) == 1  # a rebuild is the supervisor's


@pytest.mark.slow
def test_a_still_picture_and_cameras_that_do_not_give_one(
    running: tuple[SupervisedCameras, Publisher, Process],
) -> None:
    cameras, publisher, process = running
    assert cameras.still("front") == b"a picture"
    process.hangs = True
    with pytest.raises(CameraError, match=r"no answer of the camera within 2\.4 s"):
        cameras.still("front")
    publisher._link = None
    with pytest.raises(NotRunningError):
        cameras.still("front")


def test_status_tells_whether_the_camera_answers(running: tuple[SupervisedCameras, Publisher, Process]) -> None:
    cameras, publisher, process = running
    assert not cameras.status("front")["answers"]
    process.say("status", fps=30.0, sound={"state": "silence"})
    wait_until(lambda: cameras.status("front")["camera"], 5, "its status comes")
    status = cameras.status("front")
    assert status["answers"] and status["camera"]["fps"] == 30 and status["restarts"] == 0
    assert publisher.link is not None
    publisher.link.status_at -= 10
    assert not cameras.status("front")["answers"]
    assert cameras.status("garden")["reason"] == "it is switched off"
    assert json.dumps(status, allow_nan=False)


def test_what_was_saved_before_stays(tmp_path: Path) -> None:
    path = tmp_path / "state" / SAVED_NAME
    save_camera_values(path, "front", {"fps": 10})
    path.write_text(json.dumps({"web": {"port": 1}, "cameras": {"back": {"fps": 5}}}))
    save_camera_values(path, "front", {"fps": 10})
    assert json.loads(path.read_text()) == {
        "web": {"port": 1}, "cameras": {"back": {"fps": 5}, "front": {"fps": 10}},
    }  # fmt: skip
    for damaged in ("{", "[]", '{"cameras": 3}', '{"cameras": {"front": "x"}}'):
        path.write_text(damaged)
        with pytest.raises(StorageError, match="damaged"):
            save_camera_values(path, "front", {"fps": 10})
        assert path.read_text() == damaged


def test_heat_and_supply(tmp_path: Path) -> None:
    nothing = {"temperature": None, "throttling": None, "throttled_before": None, "uptime": None}
    assert machine_status(tmp_path) == nothing
    for name, text in {
        "sys/class/thermal/thermal_zone0/temp": "61200\n",
        "sys/devices/platform/soc/soc:firmware/get_throttled": "50005\n",
        "proc/uptime": "1234.56 99.9\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    both = ["under-voltage", "throttled"]
    assert machine_status(tmp_path) == {
        "temperature": 61.2, "throttling": both, "throttled_before": both, "uptime": 1234,
    }  # fmt: skip


@pytest.mark.logs_errors
def test_the_server_follows_the_settings_and_says_once_what_prevents_it(
    pi: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    service = Service(pi)
    service.follow(pi, {})
    assert service.server is None  # off by default
    port, other = free_ports(2)
    on = replace(pi, settings_server=SettingsServerSettings(enabled=True, port=port))
    try:
        service.follow(on, {})
        assert Client(port, token="").ask("GET", "/v1/cameras")[0] == 200
        service.follow(replace(pi, settings_server=replace(on.settings_server, port=other, token=TOKEN)), {})
        assert Client(other, TOKEN).ask("GET", "/v1/cameras")[0] == 200
        with pytest.raises(ConnectionRefusedError):
            Client(port).ask("GET", "/v1/cameras")
        exposed = replace(pi, settings_server=replace(on.settings_server, host="0.0.0.0"))
        service.follow(exposed, {})
        service.follow(exposed, {})
        assert service.server is None
        (error,) = (record.getMessage() for record in caplog.records if record.levelno == logging.ERROR)
        assert "needs a token" in error
        assert TOKEN not in caplog.text
    finally:
        service.stop()


def test_the_supervisor_runs_it_and_takes_over_what_is_set(
    pi: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No recorder runs here, so neither does a camera: what was set counts from the next try on, and survives."""
    (port,) = free_ports(1)
    server = SettingsServerSettings(enabled=True, port=port, token=TOKEN)
    config = write_settings(replace(pi, settings_server=server), tmp_path / "config.txt")
    text = config.read_text()
    monkeypatch.setenv("BIRBCAM_CONFIG", str(config))
    supervisor, stop = Supervisor(load_settings), threading.Event()
    thread = threading.Thread(target=supervisor.run, args=[lambda seconds: stop.wait(0.05)])
    thread.start()
    try:
        client = Client(port)
        wait_until(lambda: supervisor.publishers, 5, "a publisher")
        before = {feed.label: publisher for feed, publisher in supervisor.publishers.items()}
        status, answer = client.ask("PATCH", "/v1/cameras/front/settings", {"contrast": 1.5})
        assert (status, answer["applies"]) == (200, "live")
        wait_until(lambda: supervisor.settings.cameras["front"].contrast == 1.5, 5, "the supervisor takes it over")
        assert supervisor.publishers[next(iter(supervisor.publishers))] in before.values()
        assert client.ask("PATCH", "/v1/cameras/front/settings", {"fps": 10})[1]["applies"] == "rebuild"
        wait_until(lambda: supervisor.settings.cameras["front"].fps == 10, 5, "and this")
        assert client.ask("GET", "/v1/cameras/front/still.jpg")[0] == 503
        assert client.ask("GET", "/v1/cameras/front/status")[1]["answers"] is False
        assert client.ask("POST", "/v1/cameras/front/restart")[0] == 202
        assert client.ask("GET", "/v1/cameras/garden/status")[0] == 404
    finally:
        stop.set()
        thread.join(10)
    assert config.read_text() == text
    kept = load_settings().cameras["front"]
    assert (kept.contrast, kept.fps) == (1.5, 10)
    with pytest.raises(ConnectionRefusedError):
        client.ask("GET", "/v1/cameras")
