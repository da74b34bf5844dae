"""The supervisor: a publisher for each feed of each enabled camera, following the settings files."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import pytest

from camera.publisher import Publisher
from camera.sources import Feed
from camera.supervisor import Supervisor, jobs
from config.errors import ConfigError
from config.load import SAVED_NAME, load_settings
from config.settings import CameraSettings, Settings
from waiting import wait_until


def labels(settings: Settings) -> list[str]:
    return sorted(job.feed.label for job in jobs(settings))


def test_enabled_cameras_are_published(settings: Settings) -> None:
    cameras = {
        "front": CameraSettings(),
        "off": CameraSettings(enabled=False),
        "gate": CameraSettings(source="rtsp://c/1", detect_url="rtsp://c/2"),
    }
    settings = replace(settings, cameras=cameras)
    assert labels(settings) == ["camera front", "camera gate", "camera gate, detect stream"]
    assert labels(replace(settings, only_camera="front")) == ["camera front"]


OTHER_VALUES = {
    "source": "rtsp://c/1", "detect_url": "rtsp://c/2", "width": 640, "height": 480, "fps": 10, "bit_rate": 500,
    "keyframe_interval": 2.0, "audio_bit_rate": 64, "detect_width": 240, "detect_fps": 3,
    "detect_keyframe_interval": 2.0, "demo_seed": 2,
}  # fmt: skip
LATER_VALUES = {
    "title": "Front", "detect_offset": 1.0, "motion": False, "sensitivity": 70, "pre": 5.0, "post": 5.0,
    "merge_gap": 12.0, "max_event": 60.0, "min_size": 9.0, "confirm_frames": 3,
    "ignore": (((0.0, 0.0), (1.0, 0.0), (1.0, 0.2)),), "main_decode": "all",
    "settings_url": "http://nest:8095", "settings_token": "secret",
}  # fmt: skip
PI_VALUES = {
    "encoder": "mjpeg", "profile": "main", "hflip": True, "vflip": True, "sensor_mode": "2304x1296", "hdr": True,
    "night_pin": 17, "night_pin_low": True, "microphone": "usb", "microphone_stereo": True, "microphone_gain": 3.0,
    "microphone_high_pass": 150.0, "microphone_delay": 0.1,
}  # fmt: skip
LIVE_VALUES = {
    "brightness": 0.5, "contrast": 2.0, "saturation": 0.5, "sharpness": 2.0, "exposure": "night", "exposure_time": 5.0,
    "gain": 2.0, "exposure_value": 1.0, "slowest_fps": 2.0, "white_balance": "cloudy", "red_gain": 2.0,
    "blue_gain": 2.0, "noise_reduction": "high", "focus": "manual", "focus_distance": 2.0, "show_clock": True,
    "day_night": "night", "night_below": 1.0, "day_above": 20.0, "day_night_dwell": 5.0,
}  # fmt: skip


@pytest.mark.parametrize("key", OTHER_VALUES)
def test_a_change_of_what_is_published_makes_another_job(settings: Settings, key: str) -> None:
    changed = replace(settings, cameras={"front": replace(CameraSettings(), **{key: OTHER_VALUES[key]})})
    assert jobs(changed).isdisjoint(jobs(settings))


@pytest.mark.parametrize("key", LATER_VALUES)
def test_a_change_of_what_comes_later_disturbs_nobody(settings: Settings, key: str) -> None:
    changed = replace(settings, cameras={"front": replace(CameraSettings(), **{key: LATER_VALUES[key]})})
    assert jobs(changed) == jobs(settings)


@pytest.mark.parametrize("key", PI_VALUES)
def test_what_only_a_pi_has_disturbs_a_pi_alone(settings: Settings, key: str) -> None:
    for source in ("demo", "picamera"):
        before, after = (
            jobs(replace(settings, cameras={"front": CameraSettings(source=source, **values)}))  # type: ignore[arg-type]
            for values in ({}, {key: PI_VALUES[key]})
        )
        assert (before == after) == (source == "demo")


@pytest.mark.parametrize("key", LIVE_VALUES)
def test_what_a_pi_changes_while_it_runs_disturbs_nobody(settings: Settings, key: str) -> None:
    for source in ("demo", "picamera"):
        before, after = (
            jobs(replace(settings, cameras={"front": CameraSettings(source=source, **values)}))  # type: ignore[arg-type]
            for values in ({}, {key: LIVE_VALUES[key]})
        )
        assert before == after


def test_every_camera_setting_is_in_one_of_the_tables() -> None:
    tables = (OTHER_VALUES, LATER_VALUES, PI_VALUES, LIVE_VALUES, {"enabled": False})
    assert {field.name for field in fields(CameraSettings)} == {name for table in tables for name in table}


def test_the_zone_of_the_clock_in_the_picture_matters(settings: Settings) -> None:
    one, other = (replace(settings, time_zone=zone) for zone in ("Europe/Berlin", "America/Lima"))
    assert jobs(one).isdisjoint(jobs(other))


class Service:
    """A supervisor in a thread, over settings files; its publishers find no recorder, and need none here."""

    def __init__(self, folder: Path) -> None:
        self.config = folder / "config.txt"
        self.saved = folder / "state" / SAVED_NAME
        self.saved.parent.mkdir()
        self.write("[cameras.front]", "[cameras.back]")
        self.supervisor = Supervisor(lambda: load_settings(only_camera=None))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.supervisor.run, args=[lambda seconds: self._stop.wait(0.05)])
        self._thread.start()
        wait_until(lambda: self.names() == ["back", "front"], 5, "both cameras")

    def write(self, *lines: str) -> None:
        text = "\n".join(['media_dir = "media"', 'output_dir = "clips"', 'state_dir = "state"', *lines])
        temporary = self.config.with_suffix(".new")
        temporary.write_text(text)
        temporary.replace(self.config)

    def publishers(self) -> dict[Feed, Publisher]:
        return self.supervisor.publishers

    def names(self) -> list[str]:
        return sorted(feed.streams[0].camera for feed in self.publishers())

    def publisher(self, name: str) -> Publisher | None:
        return next((p for feed, p in self.publishers().items() if feed.streams[0].camera == name), None)

    def end(self) -> None:
        self._stop.set()
        self._thread.join(10)
        assert not self._thread.is_alive()
        assert self.publishers() == {}


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    for variable in ("BIRBCAM_CAMERA", "BIRBCAM_MEDIA_DIR", "BIRBCAM_OUTPUT_DIR", "BIRBCAM_STATE_DIR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("BIRBCAM_CONFIG", str(tmp_path / "config.txt"))
    service = Service(tmp_path)
    yield service
    service.end()


@pytest.mark.slow
def test_settings_are_followed(service: Service) -> None:
    front, back = service.publisher("front"), service.publisher("back")
    service.write("[cameras.front]", 'title = "Front door"', "[cameras.back]", "fps = 10", "[cameras.gate]")
    wait_until(lambda: service.names() == ["back", "front", "gate"], 5, "the new camera")
    assert service.publisher("front") is front
    assert service.publisher("back") is not back
    service.write("[cameras.front]", "[cameras.back]", "fps = 10")
    wait_until(lambda: service.names() == ["back", "front"], 5, "the camera that was removed is gone")
    assert service.publisher("front") is front

    service.saved.write_text(json.dumps({"cameras": {"back": {"enabled": False}}}))  # as the web page saves
    wait_until(lambda: service.names() == ["front"], 5, "the camera that was switched off is gone")
    service.saved.unlink()
    wait_until(lambda: service.names() == ["back", "front"], 5, "it is back")


@pytest.mark.slow
@pytest.mark.logs_errors
def test_wrong_settings_are_said_once_and_the_old_ones_stay(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    before = service.publishers()
    service.write("[cameras.front]", "widht = 3", "fps = 1000")
    wait_until(lambda: "the changed settings are wrong" in caplog.text, 5, "it says so")
    service.config.unlink()
    wait_until(lambda: "no such file" in caplog.text, 5, "it says that the file is gone")
    service.write("[cameras.front]", "[cameras.back]", "", "# all is well")
    service.saved.write_text("{")
    wait_until(lambda: "damaged" in caplog.text, 5, "it says that the saved settings are damaged")
    service.saved.unlink()
    service.write("[cameras.front]", "[cameras.back]", "[cameras.gate]")
    wait_until(lambda: len(service.names()) == 3, 5, "right settings are taken over")
    assert all(service.publishers()[feed] is publisher for feed, publisher in before.items())
    wrong = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert len(wrong) == 3
    assert "widht" in wrong[0] and "did you mean" in wrong[0] and "1 to 120" in wrong[0]
    assert "the old ones stay" in wrong[0]


@pytest.mark.slow
@pytest.mark.logs_errors
def test_a_publisher_that_crashes_is_started_again(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    crashed = service.publisher("front")
    monkeypatch.setattr(threading, "excepthook", lambda arguments: None)

    def crash() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(crashed, "run_once", crash)
    wait_until(lambda: service.publisher("front") not in (None, crashed), 5, "another publisher")
    assert "camera front: its publisher crashed; starting it again" in caplog.text


def test_settings_that_are_wrong_from_the_start_are_the_callers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.txt").write_text("cameras = 3")
    monkeypatch.setenv("BIRBCAM_CONFIG", str(tmp_path / "config.txt"))
    with pytest.raises(ConfigError, match="must be tables"):
        Supervisor(load_settings)
