"""Cameras for a settings server to serve, for tests."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Mapping
from typing import Any

from settings_client import JPEG

from config.settings import CameraSettings


class MadeUp:
    """Cameras for the server to serve."""

    def __init__(self) -> None:
        self.cameras = {"nest": CameraSettings(source="picamera", title="Nest box")}
        self.restarted: list[str] = []
        self.fault: Exception | None = None
        self.taken, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()

    def all(self) -> Mapping[str, CameraSettings]:
        return self.cameras

    def offers(self, name: str) -> Mapping[str, Any]:
        return {"model": "imx219", "controls": {"Brightness": [-0.5, 0.5, 0.0], "Contrast": [0.0, 2.0, 1.0]}}

    def change(self, name: str, values: Mapping[str, Any]) -> None:
        self._fail()
        self.cameras = {name: dataclasses.replace(self.cameras[name], **values)}

    def status(self, name: str) -> dict[str, Any]:
        return {"state": "publishing", "camera": {"fps": 30.0}}

    def still(self, name: str) -> bytes:
        self.taken.set()
        self.go_on.wait(20)
        self._fail()
        return JPEG

    def restart(self, name: str) -> None:
        self._fail()
        self.restarted.append(name)

    def _fail(self) -> None:
        if self.fault is not None:
            raise self.fault
