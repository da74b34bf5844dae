"""Asks a settings server, for tests."""

from __future__ import annotations

import http.client
import json
import socket
from contextlib import suppress
from typing import Any

TOKEN = "0123456789abcdef"
JPEG = b"\xff\xd8 a picture \xff\xd9"


class Client:
    """Asks the server."""

    def __init__(self, port: int, token: str = TOKEN) -> None:
        self.port, self.token = port, token

    def ask(self, method: str, path: str, value: Any = None, **headers: str) -> tuple[int, Any]:
        """The status, and the answer: JSON, or bytes."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if value is not None or method == "POST":
            sent["Content-Type"] = "application/json"
        body = value if isinstance(value, bytes) else None if value is None else json.dumps(value).encode()
        sent |= {name.replace("_", "-"): text for name, text in headers.items()}
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            data = answer.read()
            kind = answer.headers.get_content_type()
            assert (
                kind == ("application/json" if answer.status < 300 else "application/problem+json")
                or kind == "image/jpeg"
            )
            return answer.status, data if kind == "image/jpeg" else json.loads(data)
        finally:
            connection.close()

    def raw(self, data: bytes, end: bool = True) -> bytes:
        """Send bytes; all that comes back."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            answer = b""
            with suppress(ConnectionError):  # it may close before all is sent
                connection.sendall(data)
                if end:
                    connection.shutdown(socket.SHUT_WR)
                while got := connection.recv(1 << 16):
                    answer += got
            return answer
