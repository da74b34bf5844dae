"""The embedded recorder: RTSP in, segments and live HLS out, without MediaMTX. One machine, no WebRTC."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from datetime import UTC, datetime

from config.errors import RecorderError
from config.settings import Settings
from mediamtx.addresses import RecorderInfo, remove_recorder_info, write_recorder_info
from mediamtx.embedded_http import HOST, LiveServer
from mediamtx.embedded_listener import Listener
from mediamtx.embedded_live import LiveStream
from mediamtx.layout import Layout
from mediamtx.names import Stream

log = logging.getLogger(__name__)

POLL = 0.5  # s between two looks at the threads
END_TIME = 1.0  # s that the threads have to end by themselves; the files are closed before


def run_embedded(settings: Settings, stop: threading.Event) -> None:
    """Record all configured cameras until `stop` is set; the files are closed when it returns.

    Raises RecorderError where it cannot go on, StorageError where the state cannot be written.
    """
    layout = Layout.of(settings)
    streams = [Stream(camera, detect) for camera in settings.camera_names() for detect in (False, True)]
    live = {stream.path: LiveStream() for stream in streams if not stream.detect}
    listeners: list[Listener] = []
    server = _serve(settings.mediamtx.hls_port, live, listeners)
    taken = {server.server_port}
    for stream in streams:
        port = free_port(settings.mediamtx.embedded_port, taken)
        taken.add(port)
        listeners.append(Listener(layout, stream, port, settings.mediamtx, live.get(stream.path)))
    threads = [threading.Thread(target=one.run, name=one.stream.path, daemon=True) for one in listeners]
    for thread in (*threads, threading.Thread(target=server.serve_forever, name="http", daemon=True)):
        thread.start()
    try:
        _announce(settings, listeners, server.server_port)
        while not stop.wait(POLL):
            dead = [thread.name for thread in threads if not thread.is_alive()]
            if dead:
                raise RecorderError(f"the recorder of {', '.join(dead)} failed; the traceback above says why")
    finally:
        for listener in listeners:
            listener.close()
        remove_recorder_info(settings)
        server.shutdown()
        server.server_close()
        deadline = time.monotonic() + END_TIME
        for thread in threads:
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


def _serve(first: int, live: dict[str, LiveStream], listeners: list[Listener]) -> LiveServer:
    """The HTTP server, on the first free port from `first` on."""
    port = first
    while True:
        try:
            return LiveServer(port, live, lambda: [listener.state() for listener in listeners])
        except OSError as error:
            log.info("port %d: %s; taking the next one (mediamtx.hls_port = %d)", port, error.strerror, first)
            port += 1
        except OverflowError:
            raise RecorderError(f"no free port from {first} on; set mediamtx.hls_port to a lower one") from None


def _announce(settings: Settings, listeners: list[Listener], http_port: int) -> None:
    base = f"http://{HOST}:{http_port}"
    info = RecorderInfo(
        kind="embedded",
        pid=os.getpid(),
        started=datetime.now(UTC),
        rtsp={listener.stream.path: listener.url for listener in listeners},
        hls_base=base,
        api_base=base,
    )
    write_recorder_info(settings, info)
    for listener in listeners:
        log.info("%s: publish to %s", listener.stream.path, listener.url)
    log.info("live HLS at %s/<camera>/index.m3u8", base)
