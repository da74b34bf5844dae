"""Our end of the control channel of `python -m camera.picamera`, whose docstring says what goes over it."""

from __future__ import annotations

import base64
import itertools
import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from config.errors import CameraError

_LEVELS = {"info": logging.INFO, "warning": logging.WARNING}
_SEND_TIMEOUT = 2.0  # s; a process that does not read is about to be ended


class Link:
    """One camera process; it may end at any time, and whoever asks it something then gets a CameraError."""

    def __init__(self, say: Callable[[str, int], None], told: dict[str, str] | None = None) -> None:
        """`say` gets what is worth a line in the log, with its level.

        `told` remembers the state of each topic from one process to the next: what stays as it was is not said again.
        """
        self._say = say
        self._told = {"day_night": "day"} if told is None else told
        self._ours, self.theirs = socket.socketpair()
        self._ours.settimeout(_SEND_TIMEOUT)  # for both directions: there is one, whoever sets it
        self._sending = threading.Lock()
        self._changed = threading.Condition()
        self._numbers = itertools.count(1)
        self._stills: dict[int, Mapping[str, Any] | None] = {}  # None where it is waited for
        self._open = True
        self.camera: Mapping[str, Any] = {}
        """What the module offers: the event `camera`."""
        self.status: Mapping[str, Any] = {}
        """What it does: the last event `status`."""
        self.status_at = time.monotonic()
        """When it said so (s of the monotonic clock)."""
        threading.Thread(target=self._read, name="camera control", daemon=True).start()

    def close(self) -> None:
        """Give it up; whoever waits for an answer gets none."""
        self.theirs.close()
        try:
            self._ours.shutdown(socket.SHUT_RDWR)  # wakes the reader
        except OSError:
            pass  # the process has gone already
        with self._changed:
            self._open = False
            self._changed.notify_all()

    def adjust(self, settings: Mapping[str, Any]) -> None:
        """Let settings count from now on; CameraError where the process has gone."""
        self._send({"set": dict(settings)})

    def still(self, timeout: float = 5.0) -> bytes:
        """The next picture as a JPEG."""
        number = next(self._numbers)
        with self._changed:
            self._stills[number] = None
        try:
            self._send({"do": "still", "id": number})
            with self._changed:
                self._changed.wait_for(lambda: self._stills[number] is not None or not self._open, timeout)
        finally:
            with self._changed:
                answer = self._stills.pop(number) or {"error": f"no answer of the camera within {timeout:g} s"}
        if "error" in answer:
            raise CameraError(answer["error"])
        return base64.b64decode(answer["jpeg"])

    def _send(self, message: Mapping[str, Any]) -> None:
        with self._sending:
            try:
                self._ours.sendall(json.dumps(message).encode() + b"\n")
            except OSError as error:
                raise CameraError(f"the camera does not run ({error})") from error

    def _read(self) -> None:
        rest = b""
        while True:
            try:
                data = self._ours.recv(1 << 16)
            except TimeoutError:
                continue  # it is for who sends
            except OSError:
                break
            if not data:
                break
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                self._take(json.loads(line))
        self._ours.close()
        with self._changed:
            self._open = False
            self._changed.notify_all()

    def _take(self, message: dict[str, Any]) -> None:
        match message.pop("event"):
            case "camera":
                self.camera = message
            case "status":
                self.status, self.status_at = message, time.monotonic()
            case "say":
                if self._told.get(message["topic"]) != message["state"]:
                    self._told[message["topic"]] = message["state"]
                    self._say(message["text"], _LEVELS[message["level"]])
            case "set":
                for warning in message["warnings"]:
                    self._say(warning, logging.WARNING)
            case "still":
                with self._changed:
                    if message["id"] in self._stills:  # else it comes too late
                        self._stills[message["id"]] = message
                        self._changed.notify_all()
