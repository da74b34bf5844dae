"""Trying a source: what it gives, why not and what helps; no password is said, and no file of this machine read."""

from __future__ import annotations

import base64
import functools
import http.server
import json
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import media
from camera.probe import probe_source
from camera.sources import Source
from camera.trial import camera_of
from config.errors import CameraError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, ffmpeg: str) -> Iterator[str]:
    """The address of a web server with a film, a playlist that names a file of this machine, and no film."""
    folder, secret = tmp_path_factory.mktemp("www"), tmp_path_factory.mktemp("secret") / "film.mp4"
    media.make_mp4(folder / "film.mp4", 2)
    media.make_mp4(secret, 2)
    (folder / "page.html").write_text("<p>Hello</p>")
    (folder / "evil.m3u8").write_text(
        f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://{secret}\n#EXT-X-ENDLIST\n"
    )
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


def tried(source: str, **more: Any) -> dict[str, Any]:
    question = json.dumps({"source": source, **more})
    done = subprocess.run(
        [sys.executable, "-m", "camera.trial"], input=question, capture_output=True, text=True, check=True, timeout=60
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    assert not done.stderr
    return answer


def test_a_source_with_all_that_it_gives(served: str) -> None:
    found = tried(f"{served}/film.mp4")
    assert found["ok"] and found["kind"] == "url" and found["video"] == "h264" and found["copied"]
    assert found["width"] > 0 and found["fps"] and found["audio"] == "aac"
    assert base64.b64decode(found["picture"]).startswith(b"\xff\xd8")


def test_our_own_cameras(ffmpeg: str) -> None:
    drawn = tried("demo", width=320, height=180, fps=5)
    assert drawn["ok"] and (drawn["width"], drawn["height"]) == (320, 180) and drawn["picture"]
    assert tried("picamera")["note"]


def test_devices_that_systemd_hides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVOCATION_ID", "an installation's")
    assert "installed" in tried("/dev/video99")["note"]


@pytest.mark.parametrize(
    ("source", "reason", "cure"),
    [
        ("rtsp://u:geheim@127.0.0.1:1/x", "refused", "switched on"),
        ("{served}/none.mp4", "404", "check the path"),
        ("{served}/page.html", "Invalid data", "no video"),
        ("{served}/evil.m3u8", "", ""),
        ("rtsp://no.such.host.invalid/x", "", "host name"),
        ("/dev/video99", "no device", "plugged in"),
        ("file:///etc/passwd", "rtsp://", ""),
        ("", "no source", "set source"),
    ],
)
def test_what_gives_nothing_says_why_and_what_helps(served: str, source: str, reason: str, cure: str) -> None:
    answer = tried(source.format(served=served))
    assert not answer["ok"], answer
    assert reason in answer["reason"] and cure in answer["cure"], answer
    assert "geheim" not in json.dumps(answer)


def test_no_playlist_names_a_file_of_this_machine_over_whatever_protocol(tmp_path: Path, ffmpeg: str) -> None:
    media.make_mp4(tmp_path / "film.mp4", 2)
    secret = tmp_path / "film.ts"
    subprocess.run([ffmpeg, "-v", "error", "-i", tmp_path / "film.mp4", "-c", "copy", secret], check=True)
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://{secret}\n#EXT-X-ENDLIST\n"

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(playlist.encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        source = Source.parse(f"tcp://127.0.0.1:{server.server_address[1]}/live.m3u8")  # http forbids it by itself
        with pytest.raises(CameraError, match="Invalid data"):
            probe_source(source, threading.Event())
        server.shutdown()


@pytest.mark.parametrize("question", [[], {"source": 3}, {"source": "demo", "fps": 999}])
def test_questions_that_make_no_sense(question: Any) -> None:
    with pytest.raises(ValueError, match=r"must|range"):
        camera_of(question)
