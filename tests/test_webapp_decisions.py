"""What people decide about clips, over HTTP: keep, delete, restore, several at once, and several as one download."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from config.settings import Settings
from mediamtx.catalogue import find_clip
from mediamtx.clips import Clip, remove_clip
from mediamtx.decisions import tombstones
from mediamtx.layout import Layout
from mediamtx.publish import suppressed
from webapp.app import create_app
from webapp.archive import MISSING
from webapp.decisions import MOST
from website import Visitor, publish_clip

START = datetime(2026, 11, 20, 18, 3, 4, 120000, tzinfo=UTC)
GONE = "2026-11-20_01-02-03-004_motion"


@pytest.fixture
def layout(settings: Settings) -> Layout:
    return Layout.of(settings)


@pytest.fixture
def app(settings: Settings) -> Flask:
    return create_app(settings)


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    return Visitor(app)


@pytest.fixture
def clips(layout: Layout) -> list[Clip]:
    """Three clips, oldest first."""
    return [publish_clip(layout, START + timedelta(minutes=n), data=bytes([n]) * 70_000) for n in range(3)]


def ask(visitor: Visitor, method: str, path: str, json: Any = None) -> TestResponse:
    headers = {"X-CSRFToken": visitor.token("/")}
    return visitor.client.open(f"/api/v1/cameras/front/clips/{path}", method=method, json=json, headers=headers)


def listed(visitor: Visitor) -> dict[str, dict[str, Any]]:
    return {clip["stem"]: clip for clip in visitor.get("/api/v1/cameras/front/clips").json["clips"]}


def test_keep_and_no_more(visitor: Visitor, layout: Layout, clips: list[Clip]) -> None:
    stem = clips[0].name.stem
    for method, kept in (("PUT", True), ("PUT", True), ("DELETE", False), ("DELETE", False)):
        answer = ask(visitor, method, f"{stem}/kept")
        assert (answer.status_code, answer.json) == (200, {"clip": listed(visitor)[stem]})
        assert answer.json["clip"]["kept"] is kept
        assert clips[0].kept_marker.exists() is kept


def test_delete_and_restore(visitor: Visitor, layout: Layout, clips: list[Clip]) -> None:
    stem = clips[1].name.stem
    ask(visitor, "PUT", f"{stem}/kept")
    before = listed(visitor)
    answer = ask(visitor, "DELETE", stem)
    assert (answer.status_code, answer.data) == (204, b"")
    assert set(listed(visitor)) == set(before) - {stem}
    assert suppressed(layout, "front", clips[1].windows), "no new scan brings it back"
    (grave,) = visitor.get("/api/v1/cameras/front/trash").json["clips"]
    assert (grave["stem"], grave["start"]) == (stem, before[stem]["start"])
    again = ask(visitor, "DELETE", stem)
    assert (again.status_code, again.json["detail"]) == (404, "This clip is not there any more.")
    restored = ask(visitor, "POST", f"{stem}/restore")
    assert (restored.status_code, restored.json) == (200, {"clip": before[stem]})
    assert listed(visitor) == before
    assert tombstones(layout, "front") == []
    twice = ask(visitor, "POST", f"{stem}/restore")
    assert twice.status_code == 409
    assert "restored already" in twice.json["detail"]


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/kept"), ("DELETE", "/kept"), ("DELETE", ""), ("POST", "/restore")]
)
def test_what_is_no_clip(visitor: Visitor, layout: Layout, method: str, path: str) -> None:
    publish_clip(layout, START)
    assert ask(visitor, method, f"{GONE}{path}").status_code == (409 if path == "/restore" else 404)
    for name in ("nonsense", "..", "%2e%2e%2fx", "2026-13-20_01-02-03-004_motion"):
        assert ask(visitor, method, f"{name}{path}").status_code in (404, 405), name
    assert visitor.client.open(f"/api/v1/cameras/front/clips/{GONE}{path}", method=method).status_code == 400, (
        "no token"
    )


def test_several_at_once_and_what_fails_is_told(visitor: Visitor, layout: Layout, clips: list[Clip]) -> None:
    stems = [clip.name.stem for clip in clips]
    answer = ask(visitor, "POST", "batch", {"action": "delete", "stems": [stems[0], GONE, stems[2], "../x", stems[0]]})
    assert answer.status_code == 200
    assert answer.json["done"] == [stems[0], stems[2]]
    assert [(failed["stem"], failed["status"]) for failed in answer.json["failed"]] == [(GONE, 404), ("../x", 404)]
    assert set(listed(visitor)) == {stems[1]}
    restored = ask(visitor, "POST", "batch", {"action": "restore", "stems": [*stems]}).json
    assert restored["done"] == [stems[0], stems[2]]
    assert [(failed["stem"], failed["status"]) for failed in restored["failed"]] == [(stems[1], 409)]
    for action, kept in (("keep", True), ("unkeep", False)):
        assert ask(visitor, "POST", "batch", {"action": action, "stems": stems}).json == {"done": stems, "failed": []}
        assert {clip["kept"] for clip in listed(visitor).values()} == {kept}


@pytest.mark.parametrize(
    "order",
    [
        None,
        [],
        {"action": "delete"},
        {"action": "burn", "stems": [GONE]},
        {"action": ["keep"], "stems": [GONE]},
        {"action": "keep", "stems": GONE},
        {"action": "keep", "stems": [5]},
        {"action": "keep", "stems": []},
        {"action": "keep", "stems": [GONE] * (MOST + 1)},
    ],
)
def test_what_is_no_order(visitor: Visitor, order: object) -> None:
    answer = ask(visitor, "POST", "batch", order)
    assert answer.status_code == 400
    assert "clips" in answer.json["detail"]


def download(visitor: Visitor, stems: list[str]) -> TestResponse:
    return visitor.post("/clips/front/download", page="/", stems=",".join(stems))


def test_several_as_one_download(visitor: Visitor, clips: list[Clip]) -> None:
    answer = download(visitor, [clip.name.stem for clip in clips])
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    name = "front_2026-11-20_18-03-04-120_to_2026-11-20_18-05-04-120.zip"
    assert answer.headers["Content-Disposition"] == f"attachment; filename={name}"
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [f"front_{clip.path.name}" for clip in clips]
        assert [archive.read(info) for info in archive.infolist()] == [clip.path.read_bytes() for clip in clips]
        assert archive.infolist()[0].date_time == (2026, 11, 20, 18, 3, 4)


def test_a_download_of_what_is_gone(visitor: Visitor, clips: list[Clip], monkeypatch: pytest.MonkeyPatch) -> None:
    assert download(visitor, [GONE]).status_code == 404
    assert download(visitor, ["../../x"]).status_code == 404
    assert download(visitor, []).status_code == 400
    found = find_clip

    def find_and_lose(layout: Layout, camera: str, stem: str) -> Clip | None:
        clip = found(layout, camera, stem)
        if clip is not None and clip.name == clips[1].name:
            remove_clip(clip)  # just then, as retention may
        return clip

    monkeypatch.setattr("webapp.archive.find_clip", find_and_lose)
    answer = download(visitor, [clip.name.stem for clip in clips])
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert archive.namelist() == [f"front_{clips[0].path.name}", f"front_{clips[2].path.name}", MISSING]
        assert archive.read(MISSING).decode().split() == [clips[1].path.name]
