"""The HTTP API as programs see it: its document, answers and bodies by it, aliases, other origins, gzip."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from config.load import load
from config.settings import CameraSettings, Settings, WebSettings
from conftest import free_ports, write_settings
from mediamtx.decisions import keep
from mediamtx.layout import Layout
from visiting import running_web
from webapp.accounts import Role, new_token
from webapp.api_table import OPERATIONS
from webapp.app import create_app
from webapp.bodies import problem_of
from webapp.openapi import make_document, operations
from webapp.users import UserFile
from website import Visitor, publish_clip

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ORIGIN = "https://home.example"


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """As the settings file has them, so that cameras can be added."""
    settings = replace(
        settings,
        web=replace(settings.web, cors_origins=f"{ORIGIN}, http://nas.local:8123"),
        cameras={"front": CameraSettings(title="Front"), "nest": CameraSettings(enabled=False)},
    )
    write_settings(settings, tmp_path / "config.txt")
    return settings


@pytest.fixture
def app(settings: Settings, tmp_path: Path) -> Flask:
    UserFile(Layout.of(settings)).set_password("a blue tit")
    return create_app(settings, {"BIRBCAM_CONFIG": str(tmp_path / "config.txt")})


def token_of(settings: Settings, role: Role = "admin") -> str:
    token, secret = new_token(f"a {role}", role, 0)
    UserFile(Layout.of(settings)).change(lambda accounts: accounts.with_token(token))
    return secret


class Program:
    """What comes in with a token."""

    def __init__(self, app: Flask, settings: Settings, role: Role = "admin") -> None:
        self._client = Visitor(app, "192.168.1.20", "birbcam.local").client
        self._headers = {"Authorization": f"Bearer {token_of(settings, role)}"}

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None, **options: Any) -> TestResponse:
        return self._client.open(path, method=method, headers=self._headers | (headers or {}), **options)

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.ask("GET", path, headers)


@pytest.fixture
def program(app: Flask, settings: Settings) -> Program:
    return Program(app, settings)


def test_every_address_of_the_api_is_described(app: Flask) -> None:
    with app.test_request_context():
        document = make_document(app, ["front"])
    found = {rule.endpoint for rule, _ in operations(app)}
    assert found == set(OPERATIONS), "describe it in webapp/api_table.py"
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"].endswith((".", ":")) or operation["summary"], f"{method} {path}"
    assert document["paths"]["/api/v1/cameras/{name}/save"]["post"]["x-role"] == "admin"
    assert document["paths"]["/api/v1/clips"]["get"]["x-role"] == "viewer"


def test_the_document_is_made_once_for_the_same_cameras(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[list[str]] = []

    def counted(app: Flask, cameras: list[str], root: str) -> dict[str, Any]:
        made.append(cameras)
        return make_document(app, cameras, root)

    monkeypatch.setattr("webapp.openapi.make_document", counted)
    first = program.get("/api/v1/openapi.json")
    assert first.json == program.get("/api/v1/openapi.json").json
    assert program.get("/settings/api").status_code == 200
    assert program.ask("POST", "/api/v1/cameras", json={"name": "barn", "source": "demo"}).status_code == 201
    assert program.get("/api/v1/openapi.json").status_code == 200
    assert [sorted(cameras) for cameras in made] == [["front", "nest"], ["barn", "front", "nest"]]


def test_errors_are_problem_details_whatever_is_asked_for(app: Flask, program: Program) -> None:
    html = {"Accept": "text/html"}
    asked = [
        ("GET", "/api/v1/nothing", {}, 404),
        ("GET", "/api/", {}, 404),
        ("PUT", "/api/v1/status", {}, 405),
        ("POST", "/api/v1/cameras/front/save", {"data": b"seconds=60", "content_type": "text/plain"}, 415),
        ("POST", "/api/v1/cameras/front/save", {"data": b"{", "content_type": "application/json"}, 400),
        ("POST", "/api/v1/cameras/front/save", {"data": b"x" * 70_000, "content_type": "application/json"}, 413),
        ("GET", "/api/v1/clips?cursor=x", {}, 404),
        ("GET", "/api/v1/clips?limit=0", {}, 400),
    ]
    for method, path, options, status in asked:
        answer = program.ask(method, path, html, **options)
        assert (answer.status_code, answer.mimetype) == (status, "application/problem+json"), path
        assert answer.json is not None
        assert answer.json["status"] == status
        assert answer.json["detail"]
    nobody = Visitor(app, "192.168.1.20", "birbcam.local").get("/api/v1/status")
    assert (nobody.status_code, nobody.mimetype) == (401, "application/problem+json")


@pytest.mark.logs_errors
def test_a_bug_of_ours_is_a_problem_too(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webapp.cameras.camera_json", lambda name: 1 / 0)
    answer = program.get("/api/v1/cameras")
    assert (answer.status_code, answer.mimetype) == (500, "application/problem+json")
    assert "ZeroDivision" not in answer.text


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ({"seconds": "60"}, "seconds"),
        ({"seconds": 4}, "seconds"),
        ({}, ""),
        ([], ""),
        ({"seconds": float("nan")}, ""),
        ({"seconds": 10**400}, "seconds"),
    ],
)
def test_a_wrong_body_is_refused_with_the_key_that_is_wrong(program: Program, body: Any, key: str) -> None:
    answer = program.ask("POST", "/api/v1/cameras/front/save", json=body)
    assert answer.status_code == 400
    assert answer.json is not None
    assert [error["key"] for error in answer.json["errors"]] == [key]


def test_json_nested_deeply_is_no_trouble() -> None:
    assert problem_of(b"[" * 60_000, dict[str, Any]) is not None
    assert problem_of(b'{"a":' * 12_000, dict[str, Any]) is not None


@pytest.mark.parametrize("depth", [900, 950, 970, 980, 990, 1000, 30_000])
def test_no_depth_of_json_is_an_error_of_ours(program: Program, depth: int) -> None:
    deep = b"[" * depth + b"]" * depth
    for path in ("/addCamera", "/api/v1/settings"):
        method = "POST" if path == "/addCamera" else "PATCH"
        data = deep if path == "/addCamera" else b'{"x":' + deep + b"}"
        answer = program.ask(method, path, data=data, content_type="application/json")
        assert answer.status_code in (400, 422), path


def test_clips_come_in_pages_over_all_cameras(settings: Settings, program: Program) -> None:
    layout = Layout.of(settings)
    for number in range(7):
        publish_clip(layout, NOON + timedelta(hours=5 * number), camera="front")
    keep(publish_clip(layout, NOON, camera="nest", kind="saved"))
    seen, query = [], "limit=3"
    while query:
        answer = program.get(f"/api/v1/clips?{query}").json
        assert answer is not None
        assert len(answer["clips"]) <= 3
        seen += [(clip["camera"], clip["start"]) for clip in answer["clips"]]
        query = answer["next"] and f"limit=3&cursor={answer['next']}"
    assert len(seen) == len(set(seen)) == 8
    assert [start for _, start in seen] == sorted((start for _, start in seen), reverse=True)

    def count(query: str) -> int:
        answer = program.get(f"/api/v1/clips?{query}").json
        assert answer is not None
        return len(answer["clips"])

    assert count("kind=saved") == count("kept=true") == count("camera=nest") == 1
    assert count("kept=false") == 7
    assert count("since=2026-11-20T17:00:00Z&until=2026-11-20T22:00:00Z") == 1


def test_a_camera_tells_its_statistics(settings: Settings, program: Program) -> None:
    publish_clip(Layout.of(settings), datetime.now(UTC) - timedelta(seconds=20))
    answer = program.get("/api/v1/cameras").json
    assert answer is not None
    assert [(one["name"], one["enabled"], one["state"]) for one in answer["cameras"]] == [
        ("front", True, "offline"),
        ("nest", False, "offline"),
    ]
    assert program.get("/status").json == answer
    one = program.get("/api/v1/cameras/front").json
    assert one is not None
    assert one["statistics"]["clips_today"] == len([one["latest_clip"]]) == 1


def test_older_systems_find_their_names(program: Program) -> None:
    form = program.ask("POST", "/addCamera", data={"camera_id": "gate", "rtsp_url": "rtsp://u:hunter2@cam/1"})
    assert form.status_code == 201, form.text
    again = program.ask("POST", "/addCamera", json={"camera_id": "gate", "rtsp_url": "rtsp://cam/1"})
    assert again.status_code == 422
    assert program.ask("POST", "/addCamera", json={"camera_id": "barn"}).status_code == 400
    listed = program.get("/api/v1/cameras").text
    assert '"gate"' in listed
    assert "hunter2" not in listed + form.text + program.get("/api/v1/settings").text
    assert program.ask("DELETE", "/deleteCamera?camera_id=gate").status_code == 200
    assert program.ask("DELETE", "/deleteCamera?camera_id=gate").status_code == 404
    assert program.ask("DELETE", "/deleteCamera").status_code == 400


def test_pages_elsewhere_may_ask_with_a_token_alone(app: Flask, settings: Settings, program: Program) -> None:
    preflight = {"Origin": ORIGIN, "Access-Control-Request-Method": "PUT"}
    stranger = Visitor(app, "192.168.1.20", "birbcam.local").client
    answer = stranger.open("/api/v1/status", method="OPTIONS", headers=preflight)
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    got = program.get("/api/v1/status", Origin=ORIGIN)
    assert got.status_code == 200
    assert got.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Origin" in got.headers["Vary"]
    assert "Access-Control-Allow-Credentials" not in got.headers
    browser = Visitor(app, "192.168.1.20", "birbcam.local")
    assert browser.log_in("a blue tit").status_code == 303
    assert browser.get("/api/v1/status").status_code == 200
    assert browser.get("/api/v1/status", headers={"Origin": ORIGIN}).status_code == 401  # the cookie is not enough
    for other in ("https://home.example.evil.example", "http://home.example", "null"):
        assert "Access-Control-Allow-Origin" not in program.get("/api/v1/status", Origin=other).headers
    refused = stranger.open("/api/v1/status", method="OPTIONS", headers=preflight | {"Origin": "https://evil.example"})
    assert refused.status_code == 401


def test_large_lists_are_packed_and_known_ones_left_out(settings: Settings, program: Program) -> None:
    for number in range(30):
        publish_clip(Layout.of(settings), NOON + timedelta(minutes=number))
    plain = program.get("/api/v1/clips")
    packed = program.get("/api/v1/clips", **{"Accept-Encoding": "br, gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 4
    for answer in (plain, packed):
        known = program.get("/api/v1/clips", **{"If-None-Match": answer.headers["ETag"]})
        assert (known.status_code, known.data) == (304, b"")
    script = program.get("/static/http.js", **{"Accept-Encoding": "gzip"})
    assert gzip.decompress(script.data) == program.get("/static/http.js").data
    known = program.get("/static/http.js", **{"If-None-Match": script.headers["ETag"], "Accept-Encoding": "gzip"})
    assert known.status_code == 304
    for secret in ("/settings/users", "/api/v1/settings", "/login", "/recordings/front"):
        assert "Content-Encoding" not in program.get(secret, **{"Accept-Encoding": "gzip"}).headers


def test_a_request_asked_for_a_range_of_a_script_gets_it_unpacked(program: Program) -> None:
    answer = program.get("/static/http.js", Range="bytes=0-9", **{"Accept-Encoding": "gzip"})
    assert (answer.status_code, len(answer.data)) == (206, 10)
    assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize("wrong", ["*", "https://a.example/", "a.example", "https://a.example;https://b.example"])
def test_an_origin_is_a_scheme_and_a_host(tmp_path: Path, wrong: str) -> None:
    path = tmp_path / "config.txt"
    path.write_text(f"[web]\ncors_origins = {json.dumps(wrong)}\n")
    with pytest.raises(Exception, match="must be origins"):
        load({"BIRBCAM_CONFIG": str(path)})


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The real web app with cameras and clips; its address, and a token."""
    folder = tmp_path_factory.mktemp("api")
    settings = Settings(
        media_dir=folder,
        output_dir=folder / "clips",
        state_dir=folder / "state",
        web=WebSettings(port=free_ports(1)[0]),
        cameras={"front": CameraSettings(), "nest": CameraSettings(enabled=False)},
    )
    layout = Layout.of(settings)
    layout.requests_dir.mkdir(parents=True)
    UserFile(layout).set_password("a blue tit")
    for number in range(3):
        publish_clip(layout, NOON + timedelta(minutes=number))
    with running_web(settings, folder) as address:
        yield address, token_of(settings)


@pytest.mark.slow
def test_schemathesis_finds_nothing_wrong(running: tuple[str, str], tmp_path: Path) -> None:
    address, token = running
    command = [
        *(str(Path(sys.executable).with_name("schemathesis")), "--config-file"),
        *(str(Path(__file__).with_name("schemathesis.toml")), "run", f"{address}/api/v1/openapi.json"),
        *("--header", f"Authorization: Bearer {token}", "--phases", "examples,coverage,fuzzing"),
        *("--max-examples", "5", "--seed", "1", "--generation-database", "none", "--no-color"),
        *("--request-timeout", "30"),
    ]
    environment = os.environ | {"NO_PROXY": "127.0.0.1", "PYTHONWARNINGS": "default"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=250)
    assert done.returncode == 0, done.stdout + done.stderr
