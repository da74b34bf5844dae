"""Asking the recorder something over HTTP for a browser, with every failure as an answer that says what to do."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from urllib.parse import urlsplit

from flask import abort


def ask_recorder(
    address: str, headers: Mapping[str, str], timeout: float, method: str = "GET", body: bytes | None = None
) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
    """The recorder's answer, whose body is still to be read, and the connection to close after that.

    `timeout` is in seconds without a byte. Ends the request with 502, 503 or 504 where there is no answer.
    """
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    try:
        connection.request(method, target, body=body, headers=dict(headers))
        return connection, connection.getresponse()
    except TimeoutError:
        connection.close()
        abort(504, "The recorder does not answer; it may be starting or overloaded.")
    except OSError as error:
        connection.close()
        abort(503, f"The recorder cannot be reached ({error.strerror}); start it with: ./birbcam recorder")
    except http.client.HTTPException as error:
        connection.close()
        abort(502, f"The recorder's answer makes no sense ({error!r}); restart it.")
