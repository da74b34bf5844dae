"""HTTP for strangers: a server that bounds what one connection may send, how long it takes, and how many there are."""

from __future__ import annotations

import http.client
import io
import json
import logging
import socket
import socketserver
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

log = logging.getLogger(__name__)

LARGEST_REQUEST = 32 * 1024  # bytes, all headers and the body
LARGEST_BODY = 16 * 1024  # bytes
MOST_HEADERS = 50
REQUEST_TIMEOUT = 5.0  # s for all of a request to come
ANSWER_TIMEOUT = 10.0  # s for all of an answer to be taken
MOST_CONNECTIONS = 32


class _TooLargeError(http.client.HTTPException):
    """A request goes on and on."""


class ProblemError(Exception):
    """An answer that is a refusal (RFC 9457)."""

    def __init__(self, status: HTTPStatus, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.status, self.detail, self.more = status, detail, more


class _Bounded(io.RawIOBase):
    """Reads from a socket, so many bytes and so long."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._until = time.monotonic() + REQUEST_TIMEOUT
        self._left = LARGEST_REQUEST

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the request was not sent to its end")
        if self._left <= 0:
            raise _TooLargeError("too large")
        self._connection.settimeout(left)
        got = self._connection.recv_into(memoryview(buffer)[: self._left])
        self._left -= got
        return got


class Handler(BaseHTTPRequestHandler):
    """One request; the connection ends with it."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "BirbCam", ""

    def setup(self) -> None:
        """Bound what is read; `timeout` of the base class would be for each byte."""
        super().setup()
        self.rfile = io.BufferedReader(_Bounded(self.connection))

    def handle(self) -> None:
        """One request."""
        self.close_connection = True
        try:
            self.raw_requestline = self.rfile.readline(8192 + 1)
            if not self.raw_requestline:
                return
            if len(self.raw_requestline) > 8192:
                self.requestline, self.request_version, self.command = "", "", ""
                self.send_error(HTTPStatus.REQUEST_URI_TOO_LONG)
                return
            if not self.parse_request():
                return
            self.close_connection = True
            self._answer()
        except _TooLargeError:
            self.refuse(ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the request is too large"))
        except TimeoutError as error:
            log.debug("%s: %s", self.client_address[0], error)

    def respond(self) -> None:
        """Answer the request; ProblemError where it is refused."""
        raise NotImplementedError

    def body(self) -> bytes:
        """What was sent along."""
        if "Transfer-Encoding" in self.headers:
            raise ProblemError(HTTPStatus.LENGTH_REQUIRED, "send the body with Content-Length")
        lengths = self.headers.get_all("Content-Length", ["0"])
        if len(lengths) != 1 or not (lengths[0].isascii() and lengths[0].isdigit() and len(lengths[0]) < 10):
            raise ProblemError(HTTPStatus.BAD_REQUEST, "Content-Length makes no sense")
        if int(lengths[0]) > LARGEST_BODY:
            raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body may have {LARGEST_BODY} bytes")
        data = self.rfile.read(int(lengths[0]))
        if len(data) < int(lengths[0]):
            raise ProblemError(HTTPStatus.BAD_REQUEST, "the body ended early")
        return data

    def send(self, status: HTTPStatus, kind: str, data: bytes, **headers: str) -> None:
        """Send the answer."""
        self.connection.settimeout(ANSWER_TIMEOUT)
        if self.request_version == "HTTP/0.9":
            self.request_version = "HTTP/1.0"  # it, too, gets to know the status
        self.send_response(status)
        for name, value in ({"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def send_json(self, value: Any, status: HTTPStatus = HTTPStatus.OK) -> None:
        """Send a JSON answer."""
        self.send(status, "application/json", json.dumps(value).encode())

    def refuse(self, problem: ProblemError) -> None:
        """Send a refusal."""
        value = {"title": problem.status.phrase, "status": int(problem.status), "detail": problem.detail} | problem.more
        headers = {"WWW_Authenticate": "Bearer"} if problem.status == HTTPStatus.UNAUTHORIZED else {}
        if problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
            headers["Retry_After"] = "2"
        if problem.status == HTTPStatus.METHOD_NOT_ALLOWED and "allow" in problem.more:
            headers["Allow"] = problem.more["allow"]
        self.send(problem.status, "application/problem+json", json.dumps(value).encode(), **headers)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the base class finds wrong with a request: never our own fault, so never 5xx."""
        status = HTTPStatus(code) if code < 500 else HTTPStatus.BAD_REQUEST
        self.refuse(ProblemError(status, message or status.phrase))

    def log_message(self, format: str, *args: Any) -> None:
        """Not to stderr, and no secret of a query."""
        log.debug("%s: %s", self.client_address[0], str(args[1:] if len(args) > 1 else args))

    def _answer(self) -> None:
        try:
            if len(self.headers) > MOST_HEADERS:
                raise ProblemError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "too many headers")
            self.respond()
        except ProblemError as problem:
            self.refuse(problem)


class Server(ThreadingHTTPServer):
    """A thread for each connection, up to a number: more are closed at once, and none waits for another."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = MOST_CONNECTIONS

    def __init__(self, host: str, port: int, handler: type[Handler]) -> None:
        """Listens at once; OSError where it cannot."""
        flags = socket.AI_PASSIVE
        if host not in ("", "localhost"):
            flags |= socket.AI_NUMERICHOST  # a name might be asked for in a network that is gone, for long
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=flags)
        self.address_family = found[0][0]
        self._places = threading.BoundedSemaphore(MOST_CONNECTIONS)
        super().__init__(found[0][4][:2], handler)  # type: ignore[arg-type]

    def server_bind(self) -> None:
        """Without asking the network for our name, which may take long."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "birbcam", self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """A thread for it, where there is a place."""
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # no thread to be had
            self._places.release()
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """The thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no error; anything else is one of ours."""
        import sys

        error = sys.exception()
        if isinstance(error, OSError):
            log.debug("%s: %s", client_address[0], error)
        else:
            log.error("the settings server failed at a request", exc_info=True)
