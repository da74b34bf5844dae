"""The settings server over the real picamera2 on libcamera's virtual camera, in a trixie root."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pi import PiProcess
from settings_client import TOKEN, Client

from camera.publisher import Publisher
from camera.settings_hub import SupervisedCameras
from camera.settings_server import SettingsServer
from camera.sources import feeds
from config.settings import CameraSettings, Settings, SettingsServerSettings
from trixie import Chroot
from waiting import wait_until

pytestmark = pytest.mark.slow


def test_a_real_camera_is_asked_set_and_hangs(settings: Settings, tmp_path: Path) -> None:
    settings.state_dir.mkdir()
    camera = CameraSettings(source="picamera")
    settings = replace(settings, cameras={"front": camera})
    (feed,) = feeds("front", camera)
    publisher = Publisher(settings, camera, feed)
    cameras = SupervisedCameras(settings)
    with Chroot() as inside, PiProcess(inside, tmp_path / "film.nut") as pi:
        pi.status()
        publisher._link = pi.link
        cameras.follow(settings, {feed: publisher})
        server = SettingsServer(SettingsServerSettings(token=TOKEN, port=0), cameras)
        client = Client(server.port)
        try:
            answer = client.ask("GET", "/v1/cameras/front/settings")[1]
            fields = {field["name"]: field for field in answer["settings"]}
            assert answer["model"] == "imx708_wide" and answer["known"]
            assert "2304x1296" in fields["sensor_mode"]["choices"] and fields["width"]["high"] == 4608
            assert "sharpness" not in fields  # the virtual camera has none
            change = {"day_night": "night"}
            assert client.ask("PATCH", "/v1/cameras/front/settings", change) == (
                200, {"changed": change, "applies": "live"},
            )  # fmt: skip
            wait_until(lambda: client.ask("GET", "/v1/cameras/front/status")[1]["camera"]["night"], 15, "it is night")
            status, jpeg = client.ask("GET", "/v1/cameras/front/still.jpg")
            assert status == 200 and jpeg.startswith(b"\xff\xd8")
            pi.freeze()
            assert client.ask("GET", "/v1/cameras/front/still.jpg")[0] == 504
            assert client.ask("PATCH", "/v1/cameras/front/settings", {"day_night": "day"})[0] == 200
        finally:
            server.stop()
