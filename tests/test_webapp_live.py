"""Live HLS through the web app: odd answers of a recorder, and the real ones."""

from __future__ import annotations

import dataclasses
import os
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import pytest
from recorders import taken_for_mediamtx

import webapp.live
from config.errors import RecorderError
from config.settings import Settings
from conftest import Running
from mediamtx.addresses import publish_url, running_recorder, write_recorder_info
from mediamtx.names import Stream
from waiting import wait_until
from webapp.app import create_app
from website import Visitor

PLAYLIST = b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nvideo1_stream.m3u8?session=1-2\n"
SEGMENT = os.urandom(300_000)


class Recorder(ThreadingHTTPServer):
    """Answers as MediaMTX does, and in the odd ways that are hard to get from it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str] = []
        self.release = threading.Event()


class _Handler(BaseHTTPRequestHandler):
    server: Recorder
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        path, _, query = self.path.partition("?")
        name = path.rpartition("/")[2]
        if path == "/v3/paths/list":
            self.answer(b'{"items": []}')
        elif name == "index.m3u8":
            if query == "cookieCheck=1":
                self.answer(PLAYLIST)
            else:
                self.answer(b"", 302)
        elif name == "over.m3u8":
            self.answer(b"session not found", 401)
        elif name == "broken.m3u8":
            self.answer(b"", 500)
        elif name == "short.mp4":
            self.answer(b"only this", length=1000)
            self.close_connection = True
        elif name == "mute.mp4":
            self.server.release.wait(20)
        elif name == "nonsense.mp4":
            self.wfile.write(b"220 mail.example ESMTP\r\n\r\n")
            self.close_connection = True
        elif name == "hls.min.js":
            self.answer(b"var Hls;")
        elif name in ("seg1.mp4", "video1_stream.m3u8"):
            self.answer(SEGMENT)
        else:
            self.answer(b"not found", 404)

    def answer(self, body: bytes, status: int = 200, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length or len(body)))
        self.send_header("Content-Type", "text/html")  # what it says is not believed
        self.send_header("Set-Cookie", "theirs=1")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def recorder(settings: Settings) -> Iterator[Recorder]:
    with Recorder() as server, taken_for_mediamtx(settings, server, has_hls_js=True):
        yield server
        server.release.set()


@pytest.fixture
def visitor(settings: Settings) -> Visitor:
    return Visitor(create_app(settings))


def test_the_entry_playlist(visitor: Visitor, recorder: Recorder) -> None:
    answer = visitor.client.get("/live/front/index.m3u8?whatever=1")
    assert (answer.status_code, answer.mimetype, answer.data) == (200, "application/vnd.apple.mpegurl", PLAYLIST)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    assert recorder.asked == ["/front/index.m3u8?cookieCheck=1"]


@pytest.mark.parametrize(
    ("target", "lengths", "tight"),
    [(2, ("1.04000", "1.00000"), 1), (2, ("1.5",), 2), (3, ("2.08", "2"), 2), (1, ("0.2",), 1), (5, ("4.99999",), 5)],
)
def test_a_player_may_begin_near_the_end(target: int, lengths: tuple[str, ...], tight: int) -> None:
    segments = "".join(f"#EXTINF:{length},\nseg.mp4\n" for length in lengths)
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:{target}\n#EXT-X-MEDIA-SEQUENCE:7\n{segments}"
    expected = playlist.replace(f"DURATION:{target}", f"DURATION:{tight}")
    assert webapp.live.tightened(playlist.encode()) == expected.encode()


def test_what_the_playlist_names(visitor: Visitor, recorder: Recorder) -> None:
    answer = visitor.client.get("/live/front/seg1.mp4?session=1-2")
    assert (answer.status_code, answer.mimetype, answer.data) == (200, "video/mp4", SEGMENT)
    assert answer.headers["Content-Length"] == str(len(SEGMENT))
    assert recorder.asked == ["/front/seg1.mp4?session=1-2"]


@pytest.mark.parametrize(
    ("file", "code", "words"),
    [
        ("over.m3u8?session=9", 410, "load the playlist again"),
        ("unknown.mp4", 404, "not sending"),
        ("broken.m3u8", 502, "500"),
        ("nonsense.mp4", 502, "makes no sense"),
    ],
)
def test_refusals(visitor: Visitor, recorder: Recorder, file: str, code: int, words: str) -> None:
    answer = visitor.client.get(f"/live/front/{file}")
    assert answer.status_code == code
    assert words in answer.json["detail"]


@pytest.mark.parametrize(
    "file",
    [
        "x.html",
        "index.m3u8/x.mp4",
        "v3/paths/list",
        "index.m3u8.exe",
        "index.m3u8%0a",
        ".mp4",
        "a b.mp4",
        "seg1.mp4?a=<b>",
        "seg1.mp4?" + 2000 * "x",
    ],
)
def test_nothing_else_reaches_the_recorder(visitor: Visitor, recorder: Recorder, file: str) -> None:
    assert visitor.client.get(f"/live/front/{file}").status_code == 404
    assert recorder.asked == []


def test_the_detect_stream_is_not_shown(visitor: Visitor, recorder: Recorder) -> None:
    assert visitor.client.get("/live/front_detect/index.m3u8").status_code == 404
    assert recorder.asked == []


def test_an_answer_that_breaks_off_is_not_taken_for_whole(visitor: Visitor, recorder: Recorder) -> None:
    with pytest.raises(ConnectionResetError):
        visitor.client.get("/live/front/short.mp4")


def test_a_recorder_that_says_nothing(visitor: Visitor, recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webapp.live, "TIMEOUT", 0.2)
    answer = visitor.client.get("/live/front/mute.mp4")
    assert answer.status_code == 504
    assert "does not answer" in answer.json["detail"]


def test_no_recorder(visitor: Visitor) -> None:
    for file in ("index.m3u8", "seg1.mp4"):
        answer = visitor.client.get(f"/live/front/{file}")
        assert answer.status_code == 503
        assert "./birbcam recorder" in answer.json["detail"]
    assert visitor.client.get("/live/front/hls.min.js").status_code == 404


def test_a_recorder_that_went_away_without_a_word(visitor: Visitor, recorder: Recorder, settings: Settings) -> None:
    gone = dataclasses.replace(running_recorder(settings), hls_base="http://127.0.0.1:1")
    write_recorder_info(settings, gone)
    answer = visitor.client.get("/live/front/index.m3u8")
    assert answer.status_code == 503
    assert "./birbcam recorder" in answer.json["detail"]


def test_hls_js_is_read_once(visitor: Visitor, recorder: Recorder) -> None:
    first = visitor.client.get("/live/front/hls.min.js")
    assert (first.status_code, first.mimetype, first.data) == (200, "text/javascript", b"var Hls;")
    assert "max-age=" in first.headers["Cache-Control"]
    again = visitor.client.get("/live/front/hls.min.js", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert recorder.asked.count("/front/hls.min.js") == 1


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["embedded", "mediamtx"])
def test_the_live_picture_of_a_real_recorder(
    kind: str,
    settings: Settings,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    run_python: Callable[..., Running],
    publish: Callable[..., Running],
) -> None:
    if kind == "mediamtx":
        request.getfixturevalue("mediamtx_binary")
    settings = dataclasses.replace(settings, recorder=kind)
    recorder = run_python(settings, "mediamtx")
    wait_until(lambda: _runs(settings), 20, "the recorder runs")
    visitor = Visitor(create_app(settings))
    assert visitor.client.get("/live/front/index.m3u8").status_code == 404
    assert visitor.get("/api/v1/status").json["cameras"][0]["state"] == "starting"

    publish(publish_url(settings, Stream("front")), sound=True)
    wait_until(lambda: visitor.client.get("/live/front/index.m3u8").status_code == 200, 30, "the picture is live")
    wait_until(lambda: visitor.get("/api/v1/status").json["cameras"][0]["state"] == "live", 10, "the state is live")
    media = wait_until(lambda: _download(visitor, "index.m3u8"), 20, "all that the playlists name comes through")
    (tmp_path / "live.mp4").write_bytes(media)
    with av.open(str(tmp_path / "live.mp4")) as container:
        kinds = {stream.type for stream in container.streams}
        assert sum(1 for _ in container.decode(video=0)) > 5
    assert "video" in kinds

    assert visitor.client.get("/live/front/hls.min.js").status_code == (200 if kind == "mediamtx" else 404)
    recorder.terminate()
    assert visitor.client.get("/live/front/index.m3u8").status_code == 503


def _runs(settings: Settings) -> bool:
    try:
        return bool(running_recorder(settings))
    except RecorderError:
        return False


def _download(visitor: Visitor, entry: str) -> bytes:
    """The initialisation and the segments of the (first) video playlist; b"" while there are none."""
    text = visitor.client.get(f"/live/front/{entry}").text
    if "#EXT-X-STREAM-INF" in text:
        child = next(line for line in text.splitlines() if line and not line.startswith("#"))
        text = visitor.client.get(f"/live/front/{child}").text
    start = re.search(r'#EXT-X-MAP:URI="([^"]+)"', text)
    segments = [line for line in text.splitlines() if line and not line.startswith("#")]
    if start is None or not segments:
        return b""
    parts = [visitor.client.get(f"/live/front/{file}") for file in [start[1], *segments]]
    # The oldest may go while the others are fetched.
    return b"".join(part.data for part in parts if part.status_code == 200)
