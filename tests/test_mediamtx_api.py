"""The control API: what both recorders answer, and what is no answer."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from config.errors import RecorderError
from config.settings import Settings
from conftest import free_ports
from mediamtx.api import StreamState, fetch_states, stream_states
from mediamtx.names import Stream

FRONT = {
    "name": "front",
    "confName": "~^[a-z0-9][a-z0-9-]*$",
    "ready": True,
    "readyTime": "2026-11-20T18:03:07.123456789Z",
    "tracks": ["H264", "MPEG-4 Audio"],
    "bytesReceived": 4711,
}


@contextmanager
def serving(body: bytes, status: int = 200) -> Iterator[str]:
    """A server that always answers the same; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.path.startswith("/v3/paths/list")
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def test_streams_are_read_and_foreign_paths_left_out() -> None:
    items = [FRONT, {"name": "front_detect", "ready": False, "readyTime": None}, {"name": "All/Others", "ready": True}]
    with serving(json.dumps({"itemCount": 3, "pageCount": 1, "items": items}).encode()) as address:
        states = fetch_states(address)
    began = datetime(2026, 11, 20, 18, 3, 7, 123456, tzinfo=UTC)
    assert states == {
        Stream("front"): StreamState(True, began, ("H264", "MPEG-4 Audio"), 4711),
        Stream("front", detect=True): StreamState(False, None, (), 0),
    }


def test_a_proxy_in_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_ports(1)[0]}")
    with serving(b'{"items": []}') as address:
        assert fetch_states(address) == {}


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"items": 5}', b'{"items": [{"name": "front"}]}'])
def test_what_is_no_recorder_is_said(body: bytes) -> None:
    with serving(body) as address, pytest.raises(RecorderError, match=r"not the recorder .* mediamtx\.api_port"):
        fetch_states(address)


def test_an_error_status_is_an_error() -> None:
    with serving(b'{"error": "no"}', 401) as address, pytest.raises(RecorderError, match="does not answer"):
        fetch_states(address)


def test_something_else_than_http_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def talk() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"RTSP/1.0 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=talk)
        thread.start()
        with pytest.raises(RecorderError, match="not the recorder"):
            fetch_states(f"http://127.0.0.1:{server.getsockname()[1]}")
        thread.join()


def test_nobody_there_is_an_error(settings: Settings) -> None:
    with pytest.raises(RecorderError, match=r"does not answer.*restart it"):
        fetch_states(f"http://127.0.0.1:{free_ports(1)[0]}")
    with pytest.raises(RecorderError, match="start it with"):
        stream_states(settings)


@pytest.mark.slow
def test_a_recorder_that_hangs_is_an_error_within_seconds() -> None:
    with socket.create_server(("127.0.0.1", 0)) as hanging, pytest.raises(RecorderError, match="timed out"):
        fetch_states(f"http://127.0.0.1:{hanging.getsockname()[1]}")
