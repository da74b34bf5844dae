"""The settings over HTTP: layers, wrong values, two browsers, cameras that come and go, secrets, changes by hand."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

import webapp.following
from camera.settings import PI_ONLY
from config.effect import ONLY_IN_FILE
from config.errors import StorageError
from config.load import SAVED_NAME, load_settings
from config.saved import RESERVED, values_of
from config.settings import CameraSettings, Settings
from conftest import write_settings
from mediamtx.layout import Layout
from mediamtx.removal import asked_for
from motion.activity import NOT_SCANNED
from waiting import wait_until
from webapp import camera_pages, programs
from webapp.access import may
from webapp.app import create_app
from webapp.other_settings import amount, doctor_lines, span
from webapp.programs import run
from webapp.server import open_listener
from webapp.source_test import MOST
from website import Visitor

SECRET = "hunter2"
ADDRESS = f"rtsp://admin:{SECRET}@192.0.2.7/live"


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """As a configuration file of which the app knows."""
    cameras = {"front": CameraSettings(source=ADDRESS, settings_token=f"{SECRET}-and-more")}
    write_settings(replace(settings, cameras=cameras), tmp_path / "config.txt")
    return load_settings({"BIRBCAM_CONFIG": str(tmp_path / "config.txt")})


@pytest.fixture
def app(settings: Settings, tmp_path: Path) -> Flask:
    return create_app(settings, {"BIRBCAM_CONFIG": str(tmp_path / "config.txt")})


@pytest.fixture
def ask(app: Flask) -> Callable[..., TestResponse]:
    """`ask("PATCH", "/api/v1/settings", {...})` as a page's script does."""
    visitor = Visitor(app)
    token = visitor.token("/settings/cameras/add")

    def send(method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        return visitor.client.open(
            path, method=method, json=body, headers={"X-CSRFToken": token, "Accept": "application/json", **headers}
        )

    return send


def script(folder: Path, text: str) -> str:
    """A program that does as `text` says, whatever it is asked."""
    path = folder / "program"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def values(answer: TestResponse) -> dict[str, dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    return {one["key"]: one for one in answer.get_json()["settings"]}


def test_every_setting_is_there_with_its_layer_and_without_its_secrets(ask: Callable[..., TestResponse]) -> None:
    ask("PATCH", "/api/v1/settings", {"cameras.front.title": "Door"})
    answer = ask("GET", "/api/v1/settings")
    told = values(answer)
    assert SECRET not in answer.text
    assert told["cameras.front.source"]["value"] == "rtsp://admin:***@192.0.2.7/live"
    assert told["cameras.front.settings_token"]["value"] == "***"
    assert (told["cameras.front.title"]["layer"], told["cameras.front.title"]["below"]) == ("saved", "")
    assert told["web.port"]["layer"] == "file" and told["web.port"]["restart"] == "web"
    assert told["mediamtx.segment"]["restart"] == "recorder" and told["retention.keep_free"]["restart"] == ""
    assert told["media_dir"]["fixed"] and not told["cameras.front.title"]["pauses"]
    assert told["cameras.front.source"]["pauses"] and told["time_zone"]["layer"] == "file"
    assert len(told) > 90


def test_what_is_saved_counts_at_once_and_config_txt_stays(
    ask: Callable[..., TestResponse], app: Flask, tmp_path: Path
) -> None:
    before = (tmp_path / "config.txt").read_bytes()
    told = values(ask("PATCH", "/api/v1/cameras/front", {"title": "Front door", "sensitivity": 70}))
    assert told["cameras.front.title"]["value"] == "Front door"
    assert app.extensions["birbcam"].settings.cameras["front"].sensitivity == 70
    assert ask("GET", "/api/v1/status").get_json()["cameras"][0]["title"] == "Front door"
    assert (
        values(ask("PATCH", "/api/v1/settings", {"cameras.front.title": None}))["cameras.front.title"]["layer"]
        == "file"
    )
    assert (tmp_path / "config.txt").read_bytes() == before


def test_wrong_values_are_all_told_with_their_cure_and_nothing_is_changed(ask: Callable[..., TestResponse]) -> None:
    version = ask("GET", "/api/v1/settings").get_json()["version"]
    answer = ask(
        "PATCH", "/api/v1/settings", {"cameras.front.fps": 0, "retention.keep_free": "lots", "cameras.front.title": "x"}
    )
    assert answer.status_code == 422 and answer.mimetype == "application/problem+json"
    errors = {error["key"]: error["detail"] for error in answer.get_json()["errors"]}
    assert set(errors) == {"cameras.front.fps", "retention.keep_free"} and "1 to 120" in errors["cameras.front.fps"]
    assert ask("GET", "/api/v1/settings").get_json()["version"] == version
    wrong: Any
    for wrong in ([], "x", 3, None):
        assert ask("PATCH", "/api/v1/settings", wrong).status_code in (400, 415)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"web.host": "0.0.0.0"}, "password"),
        ({"web.host": "192.0.2.1"}, "password"),
        ({"web.host": "no such host"}, "no address"),
        ({"mediamtx.binary": "/bin/sh"}, "config.txt alone"),
        ({"cameras.front.source": "/etc/passwd"}, "config.txt alone"),
        ({"cameras.front.source": "concat:/etc/passwd"}, "config.txt alone"),
        ({"cameras.front.source": "file:///etc/passwd"}, "rtsp://"),
        ({"cameras.front.source": "rtsp://admin:***@198.51.100.1/live"}, "type the password again"),
    ],
)
def test_what_would_lock_out_or_open_the_machine_is_refused(
    ask: Callable[..., TestResponse], changes: dict[str, Any], said: str
) -> None:
    answer = ask("PATCH", "/api/v1/settings", changes)
    assert answer.status_code == 422 and said in answer.get_json()["errors"][0]["detail"], answer.text
    assert SECRET not in answer.text


@pytest.mark.parametrize(
    ("by_hand", "saved", "said"),
    [
        ('host = "0.0.0.0"', {"web.host": "127.0.0.1"}, "password"),
        ('trusted_proxies = "127.0.0.1"', {"web.trusted_proxies": ""}, "password"),
        ("https_only = true", {"web.https_only": False}, "trusted_proxies"),
    ],
)
def test_what_is_taken_back_is_judged_by_what_config_txt_says(
    ask: Callable[..., TestResponse], tmp_path: Path, by_hand: str, saved: dict[str, Any], said: str
) -> None:
    path = tmp_path / "config.txt"
    assert ask("PATCH", "/api/v1/settings", saved).status_code == 200
    lines = [line for line in path.read_text().splitlines() if not line.startswith(by_hand.split()[0])]
    lines.insert(lines.index("[web]") + 1, by_hand)
    path.write_text("\n".join(lines))
    key = next(iter(saved))
    answer = ask("PATCH", "/api/v1/settings", {key: None})
    assert answer.status_code == 422 and answer.get_json()["errors"][0]["key"] == key, answer.text
    assert said in answer.get_json()["errors"][0]["detail"]


def test_a_taken_port_is_refused(ask: Callable[..., TestResponse], settings: Settings) -> None:
    with open_listener("127.0.0.1", 0) as taken:
        answer = ask("PATCH", "/api/v1/settings", {"web.port": taken.getsockname()[1]})
        assert answer.status_code == 422 and "taken" in answer.text


def test_the_second_of_two_browsers_is_told(ask: Callable[..., TestResponse]) -> None:
    version = ask("GET", "/api/v1/settings").headers["ETag"]
    assert ask("PATCH", "/api/v1/cameras/front", {"title": "One"}, **{"If-Match": version}).status_code == 200
    late = ask("PATCH", "/api/v1/cameras/front", {"title": "Two"}, **{"If-Match": version})
    assert late.status_code == 412 and "somebody else" in late.get_json()["detail"]
    assert values(ask("GET", "/api/v1/settings"))["cameras.front.title"]["value"] == "One"


def test_a_version_that_went_through_a_proxy_counts(ask: Callable[..., TestResponse]) -> None:
    version = "W/" + ask("GET", "/api/v1/settings").headers["ETag"]
    for title, status in (("One", 200), ("Two", 412)):
        changed = ask("PATCH", "/api/v1/cameras/front", {"title": title}, **{"If-Match": version})
        assert changed.status_code == status
    assert ask("PATCH", "/api/v1/cameras/front", {"title": "Three"}, **{"If-Match": "*"}).status_code == 200


def test_the_password_stays_where_the_form_sends_it_back_hidden(
    ask: Callable[..., TestResponse], settings: Settings
) -> None:
    ask("PATCH", "/api/v1/cameras/front", {"source": "rtsp://admin:***@192.0.2.7/other", "settings_token": "***"})
    saved = json.loads((settings.state_dir / SAVED_NAME).read_text())
    assert saved["cameras"]["front"]["source"] == f"rtsp://admin:{SECRET}@192.0.2.7/other"
    assert saved["cameras"]["front"]["settings_token"] == f"{SECRET}-and-more"


def test_cameras_come_and_go(ask: Callable[..., TestResponse], app: Flask, settings: Settings) -> None:
    layout = Layout.of(settings)
    answer = ask("POST", "/api/v1/cameras", {"name": "nest", "source": "demo", "title": "Nest box"})
    assert answer.status_code == 201 and app.extensions["birbcam"].settings.cameras["nest"].title == "Nest box"
    for name, source, key in (
        ("nest", "demo", "cameras.nest"),
        ("add", "demo", "cameras.add"),
        ("other", "", "cameras.other.source"),
        ("other", "gopher://x", "cameras.other.source"),
    ):
        refused = ask("POST", "/api/v1/cameras", {"name": name, "source": source})
        assert refused.status_code == 422 and refused.get_json()["errors"][0]["key"] == key
    assert ask("POST", "/api/v1/cameras", {"name": "../x", "source": "demo"}).status_code == 400
    assert ask("POST", "/api/v1/cameras", {"source": "demo"}).status_code == 400
    refused = ask("DELETE", "/api/v1/cameras/front")
    assert refused.status_code == 409 and "config.txt; delete it there" in refused.get_json()["detail"]
    assert ask("DELETE", "/api/v1/cameras/nest?recordings=perhaps").status_code == 400
    assert ask("DELETE", "/api/v1/cameras/nest?recordings=delete").status_code == 200
    assert asked_for(layout) == ["nest"] and ask("DELETE", "/api/v1/cameras/nest").status_code == 404
    busy = ask("POST", "/api/v1/cameras", {"name": "nest", "source": "demo"})
    assert busy.status_code == 422 and "still being deleted" in busy.text


def test_a_second_click_takes_no_deletion_back(
    ask: Callable[..., TestResponse], app: Flask, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask("POST", "/api/v1/cameras", {"name": "nest", "source": "demo"}).status_code == 201
    second = Visitor(create_app(app.extensions["birbcam"].settings, {"BIRBCAM_CONFIG": str(tmp_path / "config.txt")}))
    headers = {"X-CSRFToken": second.token("/settings/cameras")}
    monkeypatch.setattr(webapp.following, "EVERY", 1000.0)  # it comes in before the first click counts
    assert ask("DELETE", "/api/v1/cameras/nest?recordings=delete").status_code == 200
    late = second.client.delete("/api/v1/cameras/nest?recordings=delete", headers=headers)
    assert (late.status_code, asked_for(Layout.of(settings))) == (404, ["nest"])


@pytest.mark.logs_errors
def test_no_recordings_go_where_the_camera_could_not_be_deleted(
    ask: Callable[..., TestResponse], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StorageError("no room; make some")

    assert ask("POST", "/api/v1/cameras", {"name": "nest", "source": "demo"}).status_code == 201
    with monkeypatch.context() as patched:
        patched.setattr("mediamtx.saved_settings.write_file", full)
        assert ask("DELETE", "/api/v1/cameras/nest?recordings=delete").status_code == 500
    assert asked_for(Layout.of(settings)) == []
    assert ask("GET", "/api/v1/cameras/nest").status_code == 200


def test_the_camera_that_stands_in_makes_way(tmp_path: Path, settings: Settings) -> None:
    write_settings(replace(settings, cameras={}), tmp_path / "config.txt")
    environ = {"BIRBCAM_CONFIG": str(tmp_path / "config.txt")}
    app = create_app(load_settings(environ), environ)
    visitor = Visitor(app)
    assert "stands in" in visitor.get("/settings/cameras").text
    headers = {"X-CSRFToken": visitor.token("/settings/cameras")}
    answer = visitor.client.post("/api/v1/cameras", json={"name": "camera", "source": "demo"}, headers=headers)
    assert answer.status_code == 201
    assert "stands in" not in visitor.get("/settings/cameras").text


def test_the_app_follows_what_is_changed_by_hand(
    app: Flask, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(webapp.following, "EVERY", 0.0)
    visitor, path = Visitor(app), tmp_path / "config.txt"
    text = path.read_text()
    path.write_text(text + '\n[cameras.back]\nsource = "demo"\n')
    assert visitor.get("/camera/back").status_code == 200
    sessions = app.extensions["birbcam"].sessions
    path.write_text(text.replace(str(settings.output_dir), "/elsewhere"))
    assert visitor.get("/camera/back").status_code == 404
    assert app.extensions["birbcam"].layout.output_dir == settings.output_dir  # until it is started again
    assert app.extensions["birbcam"].sessions is sessions


@pytest.mark.logs_errors
def test_wrong_files_change_nothing_and_are_told(
    app: Flask, ask: Callable[..., TestResponse], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webapp.following, "EVERY", 0.0)
    path = tmp_path / "config.txt"
    path.write_text(path.read_text() + "\nbroken =\n")
    assert ask("GET", "/api/v1/status").status_code == 200
    answer = ask("PATCH", "/api/v1/cameras/front", {"title": "x"})
    assert answer.status_code == 422 and "not valid TOML" in answer.get_json()["detail"]
    assert ask("GET", "/api/v1/settings").status_code == 409


def test_a_restart_is_asked_for_where_somebody_obeys(ask: Callable[..., TestResponse], settings: Settings) -> None:
    assert ask("POST", "/api/v1/settings/restart", {"part": "web"}).status_code == 503
    folder = Layout.of(settings).requests_dir
    folder.mkdir(parents=True)
    assert ask("POST", "/api/v1/settings/restart", {"part": "recorder"}).status_code == 202
    assert ask("POST", "/api/v1/settings/restart", {"part": "reboot"}).status_code == 400
    assert [path.name for path in folder.iterdir()] == ["restart-recorder"]


@pytest.mark.parametrize("page", ["cameras", "cameras/add", "cameras/front", "cameras/front/motion", "recording",
                                  "network", "storage", "about", "doctor"])  # fmt: skip
def test_every_page_comes_without_secrets(app: Flask, page: str) -> None:
    answer = Visitor(app).get(f"/settings/{page}")
    assert answer.status_code == 200 and SECRET not in answer.text
    assert " style=" not in answer.text and "<script>" not in answer.text


def test_a_camera_leads_to_its_settings_who_may_change_them(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    link = 'href="/settings/cameras/front"'
    assert link in Visitor(app).get("/camera/front").text
    monkeypatch.setattr(camera_pages, "may_change", lambda: False)
    assert link not in Visitor(app).get("/camera/front").text


def test_every_setting_has_its_place_on_a_page(app: Flask) -> None:
    visitor = Visitor(app)
    pages = ("cameras/front", "cameras/front/motion", "recording", "network")
    text = "".join(visitor.get(f"/settings/{page}").text for page in pages)
    shown = {part.partition('"')[0] for part in text.split('data-key="')[1:]}
    wanted = set(values_of(app.extensions["birbcam"].settings)) - {f"cameras.front.{name}" for name in PI_ONLY}
    assert wanted - shown == ONLY_IN_FILE


def test_no_camera_is_called_as_a_page_of_cameras(app: Flask) -> None:
    prefix = "/settings/cameras/"
    rules = [rule.rule for rule in app.url_map.iter_rules() if rule.rule.startswith(prefix)]
    assert {rule[len(prefix) :].partition("/")[0] for rule in rules} - {"<name>"} == RESERVED


def test_nothing_of_it_is_for_viewers(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        if rule.endpoint.partition(".")[0] in ("settings_api", "camera_pages", "other_settings"):
            for method in (rule.methods or set()) - {"OPTIONS"}:
                assert not may("viewer", method, rule.endpoint, rule.rule), (method, rule)


def test_what_a_sensitivity_would_give(app: Flask, settings: Settings) -> None:
    now = datetime.now(UTC)
    path = Layout.of(settings).activity_file("front", now.date())
    path.parent.mkdir(parents=True)
    second = int(now.timestamp()) % 86400
    scores = bytearray([NOT_SCANNED] * 86400)
    scores[max(0, second - 60) : second] = bytes([40] * min(60, second))
    path.write_bytes(scores)
    visitor = Visitor(app)
    told = visitor.client.get("/api/v1/cameras/front/tuning?sensitivity=70").get_json()
    assert told["threshold"] == 30 and told["day"]["then"] >= 1 and told["day"]["now"] == 0
    if second > 60:
        assert told["latest"] == 40 and 40 in told["recent"]
    assert visitor.client.get("/api/v1/cameras/front/tuning?sensitivity=high").status_code == 400
    assert visitor.client.get("/api/v1/cameras/front/tuning?min_size=1").status_code == 200  # not tried: ignored


def test_amounts_and_spans_for_people() -> None:
    assert [amount(size) for size in (0, 999, 1500, 1.4e9, 250e9, 2e13)] == [
        "0 bytes", "999 bytes", "1.5 kB", "1.4 GB", "250 GB", "20.0 TB",
    ]  # fmt: skip
    assert [span(days) for days in (0.01, 1 / 24, 1, 12, 800)] == [
        "less than an hour", "1 hour", "24 hours", "12 days", "2 years",
    ]  # fmt: skip


@pytest.mark.slow
def test_the_doctor_looks_once_at_a_time_and_not_for_ever(
    app: Flask, ask: Callable[..., TestResponse], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, visitor = tmp_path / "began", Visitor(app)
    headers = {"X-CSRFToken": visitor.token("/settings/doctor")}
    monkeypatch.setattr(sys, "executable", script(tmp_path, f"touch {began}; sleep 600"))
    monkeypatch.setattr("webapp.other_settings.DOCTOR_TIME", 3.0)
    with ThreadPoolExecutor() as other:
        first = other.submit(visitor.client.post, "/api/v1/settings/doctor", headers=headers)
        wait_until(began.exists, 20, "the first one looks")
        second = ask("POST", "/api/v1/settings/doctor")
        assert second.status_code == 429 and "already" in second.get_json()["detail"]
        assert first.result().status_code == 504
    monkeypatch.setattr(sys, "executable", script(tmp_path, "echo 'ok    Python 3.11'; exit 1"))
    assert ask("POST", "/api/v1/settings/doctor").get_json() == {"lines": [{"state": "ok", "text": "Python 3.11"}]}


@pytest.mark.logs_errors
def test_tests_of_sources_that_hang_in_the_kernel_take_no_place_for_ever(
    ask: Callable[..., TestResponse], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", script(tmp_path, "exec sleep 600"))
    monkeypatch.setattr("webapp.source_test.LONGEST", 0.3)
    with monkeypatch.context() as patched:
        patched.setattr(programs, "KILLED", 0.1)
        patched.setattr("os.killpg", lambda *_: None)  # no signal reaches it
        for _ in range(MOST + 1):
            answer = ask("POST", "/api/v1/cameras/test", {"source": "demo"})
            assert answer.status_code == 200 and "did not end" in answer.get_json()["reason"]
    for process in programs._held:
        process.kill()
    wait_until(lambda: run(["true"], 5).code == 0 and not programs._held, 10, "they are reaped")


@pytest.mark.logs_errors
def test_a_test_of_a_source_that_fails_says_why_in_the_log(
    ask: Callable[..., TestResponse], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sys, "executable", script(tmp_path, f"echo '{ADDRESS}: no room' >&2; echo oops; exit 3"))
    answer = ask("POST", "/api/v1/cameras/test", {"source": "demo"}).get_json()
    assert not answer["ok"] and "log" in answer["cure"]
    assert "rtsp://admin:***@192.0.2.7/live: no room" in caplog.text and SECRET not in caplog.text


@pytest.mark.logs_errors
def test_a_doctor_that_fails_says_why_in_the_log(
    ask: Callable[..., TestResponse], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sys, "executable", script(tmp_path, f"echo 'no room for {ADDRESS}' >&2; exit 3"))
    answer = ask("POST", "/api/v1/settings/doctor")
    assert answer.status_code == 500 and "log" in answer.get_json()["detail"]
    assert "no room for rtsp://admin:***@" in caplog.text and SECRET not in caplog.text


def test_the_doctors_lines() -> None:
    said = "ok    Python 3.11\nnote  no clock; buy one\nWRONG disk full; free some\n\n1 wrong\n"
    assert [(line.state, line.text) for line in doctor_lines(said)] == [
        ("ok", "Python 3.11"), ("note", "no clock; buy one"), ("wrong", "disk full; free some"),
    ]  # fmt: skip
