"""One stream of the embedded recorder: a listener that takes one publisher after the other."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Sequence
from typing import Any

import av
from av.container import InputContainer

from config.errors import RecordingError
from config.settings import RecorderSettings
from mediamtx.embedded_live import LiveStream
from mediamtx.embedded_recording import DiskFault, Recording
from mediamtx.embedded_samples import Track
from mediamtx.embedded_session import CODECS, Session, usable_tracks
from mediamtx.layout import Layout
from mediamtx.names import Stream, iso

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
OPEN_TIMEOUT = 15.0  # s, waiting included: so long a visitor that says nothing may hold the listener
FREEZE_TIMEOUT = 10.0  # s without a packet, or without a picture, after which a publisher is given up
RETRY_PAUSE = 0.3  # s after a visitor that was no publisher, or while the port is taken

_LISTEN = {
    "rtsp_flags": "listen",
    "rtsp_transport": "tcp",
    "listen_timeout": "10",  # s
    "fpsprobesize": "0",  # pictures waited for to guess a frame rate that nobody asks for: 5 s of a slow stream
}


class Listener:
    """Listens for the publisher of one stream, again and again, and records it; `run` is for a thread of its own."""

    def __init__(
        self, layout: Layout, stream: Stream, port: int, settings: RecorderSettings, live: LiveStream | None
    ) -> None:
        self.stream, self.port, self.live = stream, port, live
        self._layout, self._settings = layout, settings
        self._fault = DiskFault(stream)
        self._lock = threading.Lock()  # held while a packet is written, so that `close` finds whole files
        self._closed = threading.Event()
        self._session: Session | None = None
        self._received = 0
        self._said = ""

    @property
    def url(self) -> str:
        """Where the publisher sends the stream."""
        return f"rtsp://{HOST}:{self.port}/{self.stream.path}"

    def state(self) -> dict[str, Any]:
        """The stream as an item of MediaMTX's `/v3/paths/list`."""
        session = self._session
        return {
            "name": self.stream.path,
            "ready": session is not None,
            "readyTime": iso(session.since) if session is not None else None,
            "tracks": [CODECS[track.codec] for track in session.tracks] if session is not None else [],
            "bytesReceived": self._received,
            "bytesSent": self.live.bytes_sent if self.live is not None else 0,
            "readers": [],
        }

    def run(self) -> None:
        """Take publishers in until `close` is called."""
        while not self._closed.is_set():
            try:
                with av.open(self.url, options=_LISTEN, timeout=(OPEN_TIMEOUT, FREEZE_TIMEOUT)) as source:
                    self._take_in(source)
            except av.TimeoutError:
                continue  # nobody came
            except (av.FFmpegError, RecordingError, OSError, ValueError) as error:
                self._explain(error)
                self._closed.wait(RETRY_PAUSE)

    def close(self) -> None:
        """Finish the files at once, whatever the thread waits for, and let it end as soon as it can."""
        self._closed.set()
        try:
            self._end_session()
        except av.FFmpegError as error:
            self._explain(error)
        try:  # a listener wakes up only for a connection
            socket.create_connection((HOST, self.port), timeout=0.2).close()
        except OSError:
            pass  # it does not listen: it has a publisher

    def _take_in(self, source: InputContainer) -> None:
        tracks = usable_tracks(source)
        session = Session(self.stream.path, tracks, self._new_recording, self.live)
        log.info("%s: publisher there (%s)", self.stream.path, ", ".join(CODECS[track.codec] for track in tracks))
        self._session, self._said = session, ""
        try:
            reason = self._pump(source, session)
        except av.FFmpegError as error:
            reason = error.strerror or str(error)
        finally:
            self._end_session()
        log.info("%s: publisher gone (%s)", self.stream.path, reason)

    def _pump(self, source: InputContainer, session: Session) -> str:
        """Record until the publisher goes, or is given up; the reason."""
        last = last_picture = time.monotonic()
        for packet in source.demux([track.source for track in session.tracks]):
            if packet.size == 0:
                break
            with self._lock:
                if self._closed.is_set():
                    break
                self._received += packet.size
                session.add(packet, time.time())
            silence, last = time.monotonic() - last, time.monotonic()
            if packet.stream.type == "video":
                last_picture = last
            # After its time-out FFmpeg first hands out what its parser held back, then waits once more.
            if silence >= FREEZE_TIMEOUT or last - last_picture >= FREEZE_TIMEOUT:
                return f"frozen: no picture for {FREEZE_TIMEOUT:g} s"
        return "it ended"

    def _new_recording(self, tracks: Sequence[Track]) -> Recording:
        length = self._settings.detect_segment if self.stream.detect else self._settings.segment
        return Recording(self._layout, self.stream, tracks, length, self._settings.part, self._fault)

    def _end_session(self) -> None:
        with self._lock:
            try:
                if self._session is not None:
                    self._session.close()
            finally:
                self._session = None  # only now: who sees it gone finds its files finished

    def _explain(self, error: Exception) -> None:
        """Say once what keeps a publisher out."""
        reason = getattr(error, "strerror", None) or str(error)
        if reason != self._said and not self._closed.is_set():
            self._said = reason
            log.warning("%s: no publisher at %s: %s", self.stream.path, self.url, reason)
