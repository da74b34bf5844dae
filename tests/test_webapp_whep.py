"""WebRTC's signalling through the web app: odd answers of a recorder, and what never reaches it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from recorders import taken_for_mediamtx
from werkzeug.test import TestResponse

from config.settings import Settings
from mediamtx.addresses import RecorderInfo, mediamtx_headers, write_recorder_info
from webapp.app import create_app
from webapp.whep import CANDIDATES, OFFER, SDP_MOST
from website import Visitor

SESSION = "4f1c1d2e-0000-4000-8000-0123456789ab"
WHEP = "/api/v1/cameras/front/whep"


class Recorder(ThreadingHTTPServer):
    """Answers offers as MediaMTX does, and in odd ways for odd offers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, str, str | None, str | None, bytes]] = []


class _Handler(BaseHTTPRequestHandler):
    server: Recorder
    protocol_version = "HTTP/1.1"

    def _take(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = self.headers["Authorization"], self.headers["Content-Type"]
        self.server.asked.append((self.command, self.path, *headers, body))
        if body.startswith(b"status "):
            self._answer(int(body.split()[1]), b'{"error": "no"}')
        elif body == b"endless":
            self._answer(201, b"v" * (SDP_MOST + 1))
        elif body == b"nowhere":
            self._answer(201, b"v=0", location="/front/whep/../../secrets")
        elif self.command == "POST":
            self._answer(201, b"v=0 answer", location=f"/front/whep/{SESSION}?token=theirs")
        else:
            self._answer(404 if SESSION not in self.path else 204, b"")

    def do_POST(self) -> None:
        self._take()

    def do_PATCH(self) -> None:
        self._take()

    def do_DELETE(self) -> None:
        self._take()

    def _answer(self, status: int, body: bytes, location: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def recorder(settings: Settings) -> Iterator[Recorder]:
    with Recorder() as server, taken_for_mediamtx(settings, server, webrtc=True):
        yield server


class Caller:
    """Sends what live-webrtc.js does, with the token of a page."""

    def __init__(self, settings: Settings) -> None:
        self.visitor = Visitor(create_app(settings))
        self.token = self.visitor.token("/")

    def send(self, method: str, path: str, body: bytes = b"", kind: str = OFFER) -> TestResponse:
        headers = {"X-CSRFToken": self.token, "Content-Type": kind}
        return self.visitor.client.open(path, method=method, data=body, headers=headers)


@pytest.fixture
def caller(settings: Settings) -> Caller:
    return Caller(settings)


def test_an_offer_is_passed_on_and_no_password_comes_back(
    caller: Caller, recorder: Recorder, settings: Settings
) -> None:
    password = mediamtx_headers(settings)["Authorization"]
    answer = caller.send("POST", WHEP, b"v=0 offer")
    assert (answer.status_code, answer.mimetype, answer.data) == (201, OFFER, b"v=0 answer")
    assert answer.headers["Location"] == f"{WHEP}/{SESSION}"
    assert answer.headers["Cache-Control"] == "no-store"
    assert recorder.asked.pop() == ("POST", "/front/whep", password, OFFER, b"v=0 offer")
    assert password not in str(answer.headers)

    small = caller.send("POST", f"{WHEP}?stream=detect", b"v=0 offer")
    assert small.headers["Location"] == f"{WHEP}/{SESSION}?stream=detect"
    assert recorder.asked.pop()[1] == "/front_detect/whep"

    assert caller.send("PATCH", f"{WHEP}/{SESSION}", b"a=candidate", CANDIDATES).status_code == 204
    assert recorder.asked.pop()[:2] == ("PATCH", f"/front/whep/{SESSION}")
    assert caller.send("DELETE", f"{WHEP}/{SESSION}").status_code == 204
    assert recorder.asked.pop()[:2] == ("DELETE", f"/front/whep/{SESSION}")
    gone = SESSION.replace("4f", "5f")
    assert caller.send("DELETE", f"{WHEP}/{gone}").status_code == 204, "the recorder missed it already"
    assert caller.send("PATCH", f"{WHEP}/{gone}", b"a=candidate", CANDIDATES).status_code == 404


@pytest.mark.parametrize(
    ("offer", "code", "words"),
    [
        (b"status 404", 404, "not sending"),
        (b"status 400", 409, "HLS can"),
        (b"status 500", 502, "500"),
        (b"endless", 502, "too long"),
        (b"nowhere", 502, "201"),
    ],
)
def test_refusals(caller: Caller, recorder: Recorder, offer: bytes, code: int, words: str) -> None:
    answer = caller.send("POST", WHEP, offer)
    assert answer.status_code == code
    assert words in answer.json["detail"]


@pytest.mark.parametrize(
    ("method", "path", "body", "kind", "code"),
    [
        ("POST", "/api/v1/cameras/other/whep", b"v=0", OFFER, 404),
        ("POST", "/api/v1/cameras/front_detect/whep", b"v=0", OFFER, 404),
        ("POST", f"{WHEP}?stream=../x", b"v=0", OFFER, 400),
        ("POST", WHEP, b"v=0", "text/html", 415),
        ("POST", WHEP, b"v" * (SDP_MOST + 1), OFFER, 413),
        ("PATCH", f"{WHEP}/../../config", b"v=0", CANDIDATES, 404),
        ("PATCH", f"{WHEP}/{SESSION}x", b"v=0", CANDIDATES, 404),
        ("PATCH", f"{WHEP}/{SESSION}", b"v=0", OFFER, 415),
        ("DELETE", f"{WHEP}/{SESSION.upper()}", b"", OFFER, 404),
        ("GET", WHEP, b"", OFFER, 405),
    ],
)
def test_nothing_else_reaches_the_recorder(
    caller: Caller, recorder: Recorder, method: str, path: str, body: bytes, kind: str, code: int
) -> None:
    assert caller.send(method, path, body, kind).status_code == code
    assert recorder.asked == []


def test_without_the_token_of_a_page(caller: Caller, recorder: Recorder) -> None:
    caller.token = "wrong"
    assert caller.send("POST", WHEP, b"v=0").status_code == 400
    assert recorder.asked == []


def test_a_recorder_without_webrtc_and_none_at_all(caller: Caller, settings: Settings) -> None:
    answer = caller.send("POST", WHEP, b"v=0")
    assert answer.status_code == 503
    assert "./birbcam recorder" in answer.json["detail"]
    base = "http://127.0.0.1:1"
    info = RecorderInfo(
        kind="embedded", pid=os.getpid(), started=datetime(2026, 11, 20, tzinfo=UTC), hls_base=base, api_base=base
    )
    write_recorder_info(settings, info)
    answer = caller.send("POST", WHEP, b"v=0")
    assert (answer.status_code, "HLS" in answer.json["detail"]) == (409, True)
