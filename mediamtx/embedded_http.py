"""The embedded recorder's HTTP server, on the loopback: live HLS, and what MediaMTX's control API says of streams."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from mediamtx.embedded_live import LiveStream

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
SEND_TIMEOUT = 10.0  # s that a reader may stall
_LOOPBACK_NAMES = ("127.0.0.1", "localhost", "::1")
_TYPES = {"m3u8": "application/vnd.apple.mpegurl", "m4s": "video/mp4", "mp4": "video/mp4"}


class LiveServer(ThreadingHTTPServer):
    """Serves `/<stream path>/<file>` from memory and `/v3/paths/list`; there is no file system behind it."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int, live: Mapping[str, LiveStream], states: Callable[[], list[dict[str, Any]]]) -> None:
        """`live`: per stream path; `states`: the items of the list. OSError where the port is taken."""
        self.live, self.states = live, states
        super().__init__((HOST, port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A reader that went away or stalled is nothing to tell."""
        log.debug("HTTP: %s", client_address, exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    server: LiveServer
    protocol_version = "HTTP/1.1"
    server_version = "BirbCam"
    timeout = SEND_TIMEOUT  # of each read and write on the socket

    def do_GET(self) -> None:
        if urlsplit(f"//{self.headers.get('Host', '')}").hostname not in _LOOPBACK_NAMES:
            # A web site that gives its own name our address must not read the picture through it.
            self._answer(b"only by a loopback name\n", "text/plain", HTTPStatus.FORBIDDEN)
            return
        path = self.path.partition("?")[0]
        if path == "/v3/paths/list":
            self._answer(json.dumps(_listing(self.server.states())).encode(), "application/json")
            return
        stream, _, name = path.removeprefix("/").partition("/")
        live = self.server.live.get(stream)
        data = live.read(name) if live is not None else None
        if data is None:
            self._answer(b"not found\n", "text/plain", HTTPStatus.NOT_FOUND)
        else:
            self._answer(data, _TYPES[name.rpartition(".")[2]])

    def _answer(self, body: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-cache")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        log.debug("HTTP: %s", format % args)


def _listing(items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"itemCount": len(items), "pageCount": 1, "items": items}
