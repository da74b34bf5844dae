"""A stand-in for a recorder that answers in ways that are hard to get from a real one."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import ThreadingHTTPServer

from config.settings import Settings
from mediamtx.addresses import RecorderInfo, write_recorder_info
from mediamtx.config_file import make_publish_password


@contextmanager
def taken_for_mediamtx(
    settings: Settings, server: ThreadingHTTPServer, *, webrtc: bool = False, has_hls_js: bool = False
) -> Iterator[None]:
    """Serve in a thread, and tell the other programs that this is the MediaMTX that runs."""
    base = f"http://127.0.0.1:{server.server_address[1]}"
    make_publish_password(settings)
    info = RecorderInfo(
        kind="mediamtx",
        pid=os.getpid(),
        started=datetime(2026, 11, 20, tzinfo=UTC),
        hls_base=base,
        api_base=base,
        webrtc_base=base if webrtc else None,
        has_hls_js=has_hls_js,
    )
    write_recorder_info(settings, info)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
