"""Manual recordings over HTTP, and the clips that are made of them in the background."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from config.errors import StorageError
from config.settings import Settings
from media import write_segments
from mediamtx import manual
from mediamtx.layout import Layout
from mediamtx.names import Stream, from_iso
from webapp.app import create_app
from webapp.manual_board import ManualBoard
from webapp.status import CameraStatus, StatusBoard
from website import Visitor

RECORDING = "/api/v1/cameras/front/recording"


@pytest.fixture
def app(settings: Settings, ffmpeg: str, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The app, to which the camera sends."""
    monkeypatch.setattr(StatusBoard, "status", lambda *_: CameraStatus("live", None))
    return create_app(settings)


@pytest.fixture
def send(app: Flask) -> Callable[[str], TestResponse]:
    """`send("POST")` asks with the token of a page."""
    visitor = Visitor(app)
    token = visitor.token("/")

    def call(method: str) -> TestResponse:
        return visitor.client.open(RECORDING, method=method, headers={"X-CSRFToken": token})

    return call


def board(app: Flask) -> ManualBoard:
    found: ManualBoard = app.extensions["birbcam"].manual
    return found


def write_footage(settings: Settings) -> None:
    """From a while ago to a while ahead."""
    start = datetime.now(UTC) - timedelta(seconds=4)
    write_segments(Layout.of(settings), Stream("front"), start, [4.0, 8.0])


def test_start_stop_and_the_clip(app: Flask, settings: Settings, send: Callable[[str], TestResponse]) -> None:
    assert send("GET").json == {"recording": None, "last": None}
    assert send("DELETE").status_code == 404
    started = send("POST")
    assert started.status_code == 201
    running: dict[str, Any] = started.json["recording"]
    assert (running["state"], running["longest"]) == ("recording", settings.web.longest_recording)
    assert running["seconds"] < 5
    assert (again := send("POST")).status_code == 200
    assert again.json["recording"]["start"] == running["start"]
    assert Visitor(app).get("/api/v1/status").json["cameras"][0]["recording"] == running["start"]
    write_footage(settings)
    stopped = send("DELETE")
    assert (stopped.status_code, stopped.json["recording"]["state"]) == (202, "saving")
    assert Visitor(app).get("/api/v1/status").json["cameras"][0]["recording"] is None
    board(app).tend(datetime.now(UTC))
    ended = send("GET").json
    assert ended["recording"] is None
    assert (ended["last"]["start"], ended["last"]["problem"]) == (running["start"], None)
    assert ended["last"]["clip"]["kind"] == "manual"
    assert from_iso(ended["last"]["clip"]["start"]) <= from_iso(running["start"])
    assert send("POST").json["last"] is None


def test_a_camera_that_is_off(app: Flask, send: Callable[[str], TestResponse], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StatusBoard, "status", lambda *_: CameraStatus("offline", None))
    answer = send("POST")
    assert answer.status_code == 409
    assert "not sending" in answer.json["detail"]


def test_a_full_disk_is_told_and_tried_again(
    app: Flask,
    settings: Settings,
    send: Callable[[str], TestResponse],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    send("POST")
    write_footage(settings)
    send("DELETE")
    tried = []

    def full(*arguments: object) -> None:
        tried.append(arguments)
        raise StorageError("no space left; make room")

    now = datetime.now(UTC) + timedelta(seconds=10)
    with monkeypatch.context() as patched, caplog.at_level(logging.WARNING):
        patched.setattr(manual, "finish", full)
        for second in range(5):
            board(app).tend(now + timedelta(seconds=second))
    assert len(tried) == 1, "not each second"
    assert "waits to be saved" in caplog.text
    told = send("GET").json
    assert told["recording"]["state"] == "saving"
    assert "make room" in told["last"]["problem"]
    board(app).tend(now + timedelta(seconds=40))
    ended = send("GET").json
    assert ended["recording"] is None
    assert ended["last"]["clip"] is not None


def test_another_web_app_goes_on_where_this_one_was_killed(
    settings: Settings, send: Callable[[str], TestResponse]
) -> None:
    send("POST")
    write_footage(settings)
    send("DELETE")
    other = create_app(settings)
    board(other).tend(datetime.now(UTC) + timedelta(seconds=10))
    assert board(other).last("front") is not None
    answer = send("GET").json
    assert answer == {"recording": None, "last": None}, "what became of it, its list tells"


def test_what_ended_by_itself(app: Flask, settings: Settings, send: Callable[[str], TestResponse]) -> None:
    start = from_iso(send("POST").json["recording"]["start"])
    board(app).tend(start + timedelta(seconds=30))
    assert board(app).last("front") is None, "it still runs"
    write_footage(settings)
    board(app).tend(start + timedelta(seconds=settings.web.longest_recording + 30))
    last = board(app).last("front")
    assert last is not None
    assert last.problem is None
    assert len(last.clips) == 1
