"""The newest picture over HTTP, decoded at most once a second."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO

import av
import pytest
from flask import Flask

from config.settings import Settings
from media import write_segments
from mediamtx.layout import Layout
from mediamtx.names import Stream
from mediamtx.stills import Still, StillCamera
from webapp.app import create_app
from webapp.status import CameraStatus, StatusBoard
from website import Visitor

STILL = "/api/v1/cameras/front/still.jpg"
FRONT = Stream("front")


@pytest.fixture
def app(settings: Settings, ffmpeg: str) -> Flask:
    return create_app(settings)


@pytest.fixture
def layout(settings: Settings) -> Layout:
    """The last 8 s of both streams."""
    layout = Layout.of(settings)
    start = datetime.now(UTC) - timedelta(seconds=8)
    write_segments(layout, FRONT, start, [8.0], size=(640, 360), finished=False)
    write_segments(layout, Stream("front", detect=True), start, [8.0], finished=False)
    return layout


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[Stream]:
    """The streams of which a picture was decoded, one by one."""
    taken: list[Stream] = []
    take = StillCamera.take

    def counted(self: StillCamera, now: datetime, width: int | None = None) -> Still | None:
        taken.append(self._stream)
        return take(self, now, width)

    monkeypatch.setattr(StillCamera, "take", counted)
    return taken


def width_of(jpeg: bytes) -> int:
    with av.open(BytesIO(jpeg)) as container:
        return container.streams.video[0].width


def test_the_whole_picture_and_small_ones(app: Flask, layout: Layout, decoded: list[Stream]) -> None:
    visitor = Visitor(app)
    whole = visitor.client.get(STILL)
    assert (whole.status_code, whole.mimetype, width_of(whole.data)) == (200, "image/jpeg", 640)
    for _ in range(20):
        again = visitor.client.get(STILL, headers={"If-None-Match": whole.headers["ETag"]})
        assert again.status_code == 304
    assert decoded == [FRONT], "once, whatever the number of viewers"
    assert width_of(visitor.client.get(f"{STILL}?width=300").data) == 320
    assert decoded == [FRONT, Stream("front", detect=True)], "small ones are of the small stream"
    assert width_of(visitor.client.get(f"{STILL}?width=600").data) == 640
    file = visitor.client.get(f"{STILL}?download=1")
    local = (whole.last_modified or datetime.now(UTC)).astimezone(layout.zone)
    assert f"front {local:%Y-%m-%d %H-%M-%S}.jpg" in file.headers["Content-Disposition"]


@pytest.mark.parametrize("width", ["0", "-5", "15", "7681", "640px", "٣٢٠", "", "1e3"])
def test_widths_that_are_none(app: Flask, width: str) -> None:
    answer = Visitor(app).client.get(STILL, query_string={"width": width})
    assert answer.status_code == 400
    assert "number of pixels" in answer.json["detail"]


@pytest.mark.parametrize(("state", "code", "words"), [("offline", 404, "switched on"), ("live", 503, "ask again")])
def test_no_picture(app: Flask, monkeypatch: pytest.MonkeyPatch, state: str, code: int, words: str) -> None:
    monkeypatch.setattr(StatusBoard, "status", lambda *_: CameraStatus(state, None))  # type: ignore[arg-type]
    answer = Visitor(app).client.get(STILL)
    assert answer.status_code == code
    assert words in answer.json["detail"]
    assert Visitor(app).client.get("/api/v1/cameras/other/still.jpg").status_code == 404
