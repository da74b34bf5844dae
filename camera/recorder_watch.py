"""Whether the recorder is there, and has what is sent to it."""

from __future__ import annotations

import socket

from camera.sources import Feed
from config.errors import RecorderError
from config.settings import Settings
from mediamtx.api import stream_states

CHECK_INTERVAL = 5.0  # s between two looks at what the recorder has
_CONNECT_TIMEOUT = 2.0  # s


def require_recorder(settings: Settings) -> None:
    """Raise RecorderError where the recorder does not answer; of one on another machine only its port is known."""
    host, port = settings.mediamtx.host, settings.mediamtx.rtsp_port
    if not host:
        stream_states(settings)
        return
    try:
        socket.create_connection((host, port), _CONNECT_TIMEOUT).close()
    except OSError as error:
        raise RecorderError(f"{host}:{port} does not answer: {error.strerror or error}") from error


class Received:
    """Whether the recorder has what ffmpeg says it sends."""

    def __init__(self, settings: Settings, feed: Feed, first: float) -> None:
        """`first`: when it may lack something at the earliest (s of the monotonic clock)."""
        self._settings = settings
        self._feed = feed
        self._checked = first
        self._missed = 0

    def missing(self, now: float) -> str | None:
        """What is wrong where the recorder lacks a stream at two checks in a row."""
        if now - self._checked < CHECK_INTERVAL or self._settings.mediamtx.host:
            return None
        self._checked = now
        try:
            states = stream_states(self._settings)
        except RecorderError:
            return None  # ffmpeg will notice
        lacking = [stream.path for stream in self._feed.streams if stream not in states or not states[stream].ready]
        self._missed = self._missed + 1 if lacking else 0
        return f"the recorder gets nothing of {', '.join(lacking)}" if self._missed >= 2 else None
