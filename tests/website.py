"""What the web app's tests share: clips to show, and a browser's way through its forms."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from mediamtx.clips import Clip
from mediamtx.layout import Layout
from mediamtx.marks import Mark
from mediamtx.names import ClipKind
from mediamtx.publish import publish, temporary_path
from mediamtx.segments import Span

QUICK_HASHER = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
PICTURE = b"\xff\xd8 a picture \xff\xd9"
HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}  # as a browser that navigates


def publish_clip(
    layout: Layout,
    start: datetime,
    *,
    camera: str = "front",
    kind: ClipKind = "motion",
    seconds: float = 9,
    data: bytes | Path = b"\0\0\0\x18ftypmp42 not much of a film",
    marks: Sequence[Mark] = (),
) -> Clip:
    """Publish a clip whose MP4 is `data`, or a file that is moved there; what nobody plays needs no footage."""
    end = start + timedelta(seconds=seconds)
    motion = (Span(start + timedelta(seconds=3), end - timedelta(seconds=3)),) if kind == "motion" else ()
    score = 0.8 if motion else None
    clip = Clip.new(layout, camera, kind, start, start, end, windows=motion, score=score, marks=marks)
    temporary = temporary_path(layout, camera, clip.name, "web")
    if isinstance(data, bytes):
        temporary.write_bytes(data)
    else:
        data.rename(temporary)
    return publish(layout, clip, temporary, PICTURE)


ADDRESS_VALUES = {
    "name": "front",
    "day": "2026-11-20",
    "stem": "2026-11-20_18-03-04-120_motion",
    "path": "index.m3u8",
    "filename": "base.css",
}
"""Values in addresses that exist or could; everything else is "x"."""


def routes(app: Flask) -> Iterator[tuple[str, str, Rule]]:
    """Every method and address that the app knows, and its rule."""
    for rule in app.url_map.iter_rules():
        with app.test_request_context():
            values = {name: ADDRESS_VALUES.get(name, "x") for name in rule.arguments} | dict(rule.defaults or {})
            _, path = rule.build(values) or ("", "")
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield method, path, rule


class _Client(FlaskClient):
    """Names the host it asks, and reads every answer to its end, so that files are closed."""

    host = "localhost:8080"

    def open(self, *args: Any, buffered: bool = True, **options: Any) -> TestResponse:
        headers = {"Host": self.host} | dict(options.pop("headers", None) or {})
        return super().open(*args, buffered=buffered, headers=headers, **options)


class Visitor:
    """A browser without a screen: keeps cookies, sends the token with every form, follows nothing by itself."""

    def __init__(self, app: Flask, address: str = "127.0.0.1", host: str = "localhost:8080") -> None:
        app.test_client_class = _Client
        self.client = app.test_client()
        self.client.environ_base["REMOTE_ADDR"] = address
        assert isinstance(self.client, _Client)
        self.client.host = host

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.client.get(path, headers=HTML | options.pop("headers", {}), **options)

    def token(self, page: str = "/login") -> str:
        """The CSRF token in a page, for this visitor's session."""
        match = re.search(r'name="csrf-token" content="([^"]+)"', self.get(page).text)
        assert match is not None, page
        return match[1]

    def post(self, path: str, page: str = "/login", **fields: str) -> TestResponse:
        """Send the form on `page`."""
        return self.client.post(path, data=fields | {"csrf_token": self.token(page)}, headers=HTML)

    def log_in(self, password: str, name: str = "") -> TestResponse:
        return self.post("/login", username=name, password=password)
