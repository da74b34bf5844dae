"""Addresses made to break out or break down: every route answers 404, a new route included."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from flask import Flask

from config.settings import CameraSettings, Settings
from mediamtx.layout import Layout
from webapp.app import create_app
from website import ADDRESS_VALUES, Visitor, publish_clip

START = datetime(2026, 11, 20, 18, 3, 4, 120000, tzinfo=UTC)
STEM = "2026-11-20_18-03-04-120_motion"
BAD = [
    "..",
    "../..",
    "../secret",
    "%2e%2e",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "..%2fsecret",
    "..%5csecret",
    "..\\secret",
    "front%2f..",
    "%2fetc%2fpasswd",
    "/etc/passwd",
    "front%00",
    "%00",
    "front%0a",
    "front%0d%0aX-Evil:%201",
    "front%20",
    " front",
    "%ff%fe",
    "%252e%252e",
    "FRONT",
    "Front",
    "fr%C3%B6nt",
    "front_detect",
    "front.",
    "-front",
    ".hidden",
    ".trash",
    "*",
    "~",
    "'\"><script>",
    "{{7*7}}",
    "x" * 300,
    "x" * 5000,
    "2026-13-45",
    "20261120",
    "2026-W47-5",
    "2026-11-20T00:00",
    "0001-01-01_00-00-00-000_motion",
    "9999-12-31_23-59-59-999_motion",
    "2026-02-30_00-00-00-000_motion",
    "２０２６-11-20",
]


@pytest.fixture
def app(settings: Settings) -> Flask:
    layout = Layout.of(settings)
    publish_clip(layout, START)
    publish_clip(layout, START, camera="gone")  # a camera no longer in the settings: its folder is not for the web
    (settings.output_dir / "secret").write_text("secret")
    (settings.output_dir / "front" / "secret.mp4").write_text("secret")
    return create_app(settings)


def bad_addresses(app: Flask) -> list[tuple[str, str]]:
    """Each route with each of its values replaced by each bad one: (method, address)."""
    found = []
    for rule in app.url_map.iter_rules():
        method = next(iter((rule.methods or set()) - {"HEAD", "OPTIONS"}))
        for name in rule.arguments - set(rule.defaults or ()):
            for bad in [*BAD, "gone"]:
                address = rule.rule
                for argument in rule.arguments:
                    value = bad if argument == name else ADDRESS_VALUES.get(argument, "x")
                    address = address.replace(f"<{argument}>", value).replace(f"<path:{argument}>", value)
                found.append((method, address))
    return found


def test_no_address_leads_out_or_breaks_anything(app: Flask) -> None:
    visitor = Visitor(app)
    token = visitor.token("/")
    tried = bad_addresses(app)
    assert len(tried) > 12 * len(BAD)
    for method, address in tried:
        answer = visitor.client.open(
            address, method=method, headers={"X-CSRFToken": token}, json=None if method == "GET" else {"seconds": 60}
        )
        # A body that will not do may be told first.
        refused = {404} if method == "GET" else {404, 400, 415, 422}
        assert answer.status_code in refused, f"{method} {address}: {answer.status_code}"
        assert "secret" not in answer.text
        assert "X-Evil" not in answer.headers


def test_the_good_ones_are_there(app: Flask) -> None:
    """Else the test above would say nothing."""
    visitor = Visitor(app)
    for address in ["/camera/front", f"/clips/front/2026-11-20/{STEM}.mp4", f"/clips/front/2026-11-20/{STEM}.jpg"]:
        assert visitor.get(address).status_code == 200, address
    assert visitor.get("/recordings/front/2026-11-20").status_code == 200


@pytest.mark.parametrize("day", ["2026-11-19", "2026-11-21", "0001-01-01", "9999-12-31"])
def test_a_clip_is_found_under_its_own_day_only(app: Flask, day: str) -> None:
    assert Visitor(app).get(f"/clips/front/{day}/{STEM}.mp4").status_code == 404


@pytest.mark.parametrize("value", [*BAD, "gone"])
def test_bad_values_in_a_query(app: Flask, value: str) -> None:
    visitor = Visitor(app)
    assert visitor.get(f"/recordings/front?clip={value}").status_code == 200
    assert visitor.get(f"/api/v1/cameras/front/clips?day={value}").status_code == 404
    assert visitor.get(f"/clips/front/2026-11-20/{STEM}.mp4?download={value}").status_code == 200
    assert visitor.get(f"/live/front/index.m3u8?x={value}").status_code in (404, 503)


def test_a_command_for_one_camera_shows_that_one_only(settings: Settings) -> None:
    cameras = {"front": CameraSettings(), "back": CameraSettings()}
    limited = Settings(
        media_dir=settings.media_dir,
        output_dir=settings.output_dir,
        state_dir=settings.state_dir,
        cameras=cameras,
        only_camera="front",
    )
    visitor = Visitor(create_app(limited))
    assert [camera["name"] for camera in visitor.get("/api/v1/status").json["cameras"]] == ["front"]
    assert visitor.get("/camera/back").status_code == 404
