"""The embedded recorder: RTSP in, segments and live HLS out, without MediaMTX. One machine, no WebRTC."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from datetime import UTC, datetime

from config.errors import RecorderError
from config.follow import Follower
from config.settings import Settings
from mediamtx.addresses import RecorderInfo, remove_recorder_info, write_recorder_info
from mediamtx.embedded_http import HOST, LiveServer
from mediamtx.embedded_listener import Listener
from mediamtx.embedded_live import LiveStream
from mediamtx.layout import Layout
from mediamtx.names import Stream

log = logging.getLogger(__name__)

POLL = 0.5  # s between two looks at the threads
FOLLOW = 1.0  # s between two looks at the settings files
END_TIME = 1.0  # s that the threads have to end by themselves; the files are closed before


def run_embedded(settings: Settings, stop: threading.Event, follower: Follower | None = None) -> None:
    """Record all configured cameras until `stop` is set; the files are closed when it returns.

    With a `follower`, cameras that come or go in the settings files do so here, and the others are recorded on
    undisturbed; other changes count at the next start. Raises RecorderError where it cannot go on, StorageError where
    the state cannot be written.
    """
    recorder = _Recorder(settings)
    try:
        recorder.follow(settings)
        looked = time.monotonic()
        while not stop.wait(POLL):
            recorder.check()
            if follower is not None and time.monotonic() - looked >= FOLLOW:
                looked = time.monotonic()
                if follower.look():
                    recorder.follow(follower.settings)
    finally:
        recorder.close()


class _Recorder:
    """The listeners and the server of one run; used by one thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._layout = settings, Layout.of(settings)
        self._live: dict[str, LiveStream] = {}
        self._listeners: dict[Stream, tuple[Listener, threading.Thread]] = {}
        self._started = datetime.now(UTC)
        self._server = self._serve(settings.mediamtx.hls_port)
        threading.Thread(target=self._server.serve_forever, name="http", daemon=True).start()

    def follow(self, settings: Settings) -> None:
        """Listen for the streams of these cameras and for no others, and tell where. RecorderError, StorageError."""
        wanted = [Stream(camera, detect) for camera in settings.camera_names() for detect in (False, True)]
        gone = [self._listeners.pop(stream) for stream in self._listeners.keys() - set(wanted)]
        _end(gone)
        new = [stream for stream in wanted if stream not in self._listeners]
        for stream in new:
            taken = {self._server.server_port, *(listener.port for listener, _ in self._listeners.values())}
            port = free_port(self._settings.mediamtx.embedded_port, taken)
            live = None if stream.detect else LiveStream()
            listener = Listener(self._layout, stream, port, self._settings.mediamtx, live)
            self._listeners[stream] = listener, threading.Thread(target=listener.run, name=stream.path, daemon=True)
        listeners = self._all()
        self._live = {stream.path: live for stream in wanted if (live := self._listeners[stream][0].live) is not None}
        self._server.live = self._live
        for stream in new:
            self._listeners[stream][1].start()
        _announce(self._settings, listeners, self._server.server_port, self._started)
        for stream in new:
            log.info("%s: publish to %s", stream.path, self._listeners[stream][0].url)

    def check(self) -> None:
        """RecorderError where a listener is no more."""
        dead = [thread.name for _, thread in self._listeners.values() if not thread.is_alive()]
        if dead:
            raise RecorderError(f"the recorder of {', '.join(dead)} failed; the traceback above says why")

    def close(self) -> None:
        """Close all files, and listen no more."""
        for listener in self._all():
            listener.close()
        remove_recorder_info(self._settings)
        self._server.shutdown()
        self._server.server_close()
        _end(list(self._listeners.values()))

    def _all(self) -> list[Listener]:
        return [listener for listener, _ in list(self._listeners.values())]

    def _serve(self, first: int) -> LiveServer:
        """The HTTP server, on the first free port from `first` on."""
        port = first
        while True:
            try:
                return LiveServer(port, self._live, lambda: [listener.state() for listener in self._all()])
            except OSError as error:
                log.info("port %d: %s; taking the next one (mediamtx.hls_port = %d)", port, error.strerror, first)
                port += 1
            except OverflowError:
                raise RecorderError(f"no free port from {first} on; set mediamtx.hls_port to a lower one") from None


def _end(ending: list[tuple[Listener, threading.Thread]]) -> None:
    """Close listeners, and wait a while for their threads."""
    for listener, _ in ending:
        listener.close()
    deadline = time.monotonic() + END_TIME
    for _, thread in ending:
        if thread.ident is not None:
            thread.join(max(0.0, deadline - time.monotonic()))


def free_port(first: int, taken: set[int]) -> int:
    """The first TCP port from `first` on that is neither in `taken` nor in use; said where it is another one."""
    for port in range(first, 65536):
        if port in taken:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as FFmpeg's listener does
            try:
                probe.bind((HOST, port))
            except OSError as error:
                log.info("port %d: %s; taking the next one (mediamtx.embedded_port = %d)", port, error.strerror, first)
                continue
        return port
    raise RecorderError(f"no free port from {first} on; set mediamtx.embedded_port to a lower one")


def _announce(settings: Settings, listeners: list[Listener], http_port: int, started: datetime) -> None:
    base = f"http://{HOST}:{http_port}"
    info = RecorderInfo(
        kind="embedded",
        pid=os.getpid(),
        started=started,
        rtsp={listener.stream.path: listener.url for listener in listeners},
        hls_base=base,
        api_base=base,
    )
    write_recorder_info(settings, info)
    log.info("live HLS at %s/<camera>/index.m3u8", base)
