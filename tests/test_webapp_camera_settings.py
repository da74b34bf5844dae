"""The page of a camera's settings, over a real settings server with a camera that is made up."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask, url_for
from made_up_cameras import MadeUp
from playwright.sync_api import Browser, expect
from settings_client import JPEG, TOKEN
from werkzeug.serving import make_server

from camera.settings_server import SettingsServer
from config.errors import CameraError
from config.settings import CameraSettings, Settings, SettingsServerSettings
from mediamtx.layout import Layout
from visiting import PHONE, WIDE, opened
from webapp.accounts import new_user
from webapp.app import create_app
from webapp.camera_settings import Place, place_of
from webapp.users import UserFile
from website import Visitor

PASSWORD = "a blue tit"
PAGE = "/camera/nest/settings"


@pytest.fixture
def cameras() -> MadeUp:
    return MadeUp()


@pytest.fixture
def server(cameras: MadeUp) -> Iterator[SettingsServer]:
    server = SettingsServer(SettingsServerSettings(token=TOKEN, port=0), cameras)
    yield server
    server.stop()


@pytest.fixture
def there(settings: Settings, server: SettingsServer) -> Settings:
    """A web app whose camera is on another machine."""
    camera = CameraSettings(settings_url=f"http://127.0.0.1:{server.port}/", settings_token=TOKEN)
    return replace(settings, cameras={"nest": camera, "garden": CameraSettings()})


@pytest.fixture
def app(there: Settings) -> Flask:
    return create_app(there)


def send(visitor: Visitor, **values: str) -> tuple[int, str]:
    answer = visitor.post(PAGE, page=PAGE, **values)
    return answer.status_code, answer.text if answer.status_code != 303 else str(answer.location)


def test_the_form_shows_what_the_camera_offers_and_sets_it(app: Flask, cameras: MadeUp) -> None:
    visitor = Visitor(app)
    text = visitor.get(PAGE).text
    assert 'name="brightness" value="0.0"' in text and "(-0.5 to 0.5)" in text
    assert 'name="saturation"' not in text
    assert "The picture pauses" in text and TOKEN not in text
    assert send(visitor, brightness="0.25") == (303, f"{PAGE}?done=live")
    assert "It counts already" in visitor.get(f"{PAGE}?done=live").text
    assert send(visitor, brightness="0.25", **{"has-hflip": "1"}, hflip="on") == (303, f"{PAGE}?done=rebuild")
    nest = cameras.cameras["nest"]
    assert (nest.brightness, nest.hflip) == (0.25, True)
    assert send(visitor, **{"has-hflip": "1"})[0] == 303  # a switch that is off is not sent
    assert not cameras.cameras["nest"].hflip


def test_wrong_values_are_shown_again_with_what_is_wrong(app: Flask, cameras: MadeUp) -> None:
    before = cameras.cameras["nest"]
    status, text = send(Visitor(app), brightness="9", contrast="<b>", width="1e3")
    assert status == 422
    assert "out of range; allowed: -1 to 1" in text and 'value="9"' in text
    assert "<b>" not in text and "&lt;b&gt;" in text
    assert "must be a whole number" in text
    assert cameras.cameras["nest"] == before


def test_still_picture_and_restart(app: Flask, cameras: MadeUp) -> None:
    visitor = Visitor(app)
    answer = visitor.get("/camera/nest/settings/still.jpg")
    assert (answer.status_code, answer.data, answer.mimetype) == (200, JPEG, "image/jpeg")
    assert visitor.post("/camera/nest/restart", page=PAGE).status_code == 303
    assert cameras.restarted == ["nest"]
    cameras.fault = CameraError("no picture within 2 s")
    assert visitor.get("/camera/nest/settings/still.jpg").status_code == 504


def test_nobody_sets_anything_without_log_in_or_token_of_the_form(app: Flask, there: Settings, cameras: MadeUp) -> None:
    visitor = Visitor(app)
    for path in (PAGE, "/camera/nest/restart"):
        assert visitor.client.post(path, data={"brightness": "0.3"}).status_code == 400
    UserFile(Layout.of(there)).set_password(PASSWORD)
    assert visitor.get(PAGE).location == f"/login?next={PAGE}"
    assert visitor.client.post(PAGE, data={"brightness": "0.3"}).status_code == 401
    assert visitor.client.get("/camera/nest/settings/still.jpg").status_code == 401
    assert cameras.cameras["nest"].brightness == 0 and cameras.restarted == []


def test_viewers_make_no_camera_take_pictures(app: Flask, there: Settings) -> None:
    users = UserFile(Layout.of(there))
    users.set_password(PASSWORD)
    users.change(lambda accounts: accounts.with_user(new_user("Anna", "viewer", PASSWORD, 0)))
    anna = Visitor(app, "192.168.1.20", "birbcam.local")
    assert anna.log_in(PASSWORD, "Anna").status_code == 303
    with app.test_request_context():
        assert anna.client.get(url_for("camera_settings.still", name="nest")).status_code == 403


def test_only_cameras_with_a_server_have_the_page(app: Flask) -> None:
    visitor = Visitor(app)
    assert f'href="{PAGE}"' in visitor.get("/camera/nest").text
    assert "/camera/garden/settings" not in visitor.get("/camera/garden").text
    for path in ("/camera/garden/settings", "/camera/garden/settings/still.jpg", "/camera/no/settings"):
        assert visitor.get(path).status_code == 404


def test_what_is_wrong_with_the_server_is_told(there: Settings, server: SettingsServer) -> None:
    nest = there.cameras["nest"]
    wrong = create_app(replace(there, cameras={"nest": replace(nest, settings_token=TOKEN[::-1])}))
    answer = Visitor(wrong).get(PAGE)
    assert answer.status_code == 502 and "correct settings_token" in answer.text
    other = create_app(replace(there, cameras={"other": nest}))
    assert Visitor(other).get("/camera/other/settings").status_code == 404
    away = create_app(replace(there, cameras={"nest": replace(nest, settings_url="http://127.0.0.1:1")}))
    answer = Visitor(away).get(PAGE)
    assert answer.status_code == 503 and "cannot be reached" in answer.text
    server.stop()


def test_where_the_server_of_a_camera_is() -> None:
    own = SettingsServerSettings(enabled=True, host="0.0.0.0", token=TOKEN)
    cameras = {
        "pi": CameraSettings(source="picamera:1"),
        "demo": CameraSettings(),
        "far": CameraSettings(settings_url="https://nest.local:8443/pi/", settings_token="another"),
        "near": CameraSettings(settings_url="http://nest:8095"),
        "own": CameraSettings(settings_url="http://127.0.0.1:8095/"),
    }
    settings = Settings(settings_server=own, cameras=cameras)
    assert place_of(settings, "pi") == Place("http://127.0.0.1:8095", TOKEN)
    assert place_of(settings, "demo") is None
    assert place_of(settings, "far") == Place("https://nest.local:8443/pi", "another")
    assert place_of(settings, "near") == Place("http://nest:8095", "")  # the common token stays here
    assert place_of(settings, "own") == Place("http://127.0.0.1:8095", TOKEN)
    assert place_of(replace(settings, settings_server=replace(own, enabled=False)), "pi") is None
    ipv6 = replace(settings, settings_server=replace(own, host="::"))
    assert place_of(ipv6, "pi") == Place("http://[::1]:8095", TOKEN)


@pytest.mark.slow
@pytest.mark.parametrize("scripts", [True, False])
def test_the_form_in_a_browser(app: Flask, cameras: MadeUp, browser: Browser, scripts: bool) -> None:
    web = make_server("localhost", 0, app, threaded=True)
    thread = threading.Thread(target=web.serve_forever)
    thread.start()
    try:
        with opened(browser, f"http://localhost:{web.server_port}", java_script_enabled=scripts) as tab:
            for size in (PHONE, WIDE):
                tab.page.set_viewport_size({"width": size[0], "height": size[1]})
                tab.open(PAGE)
                if scripts:
                    assert tab.page.evaluate("document.documentElement.scrollWidth") <= size[0]
            tab.page.get_by_label("Brightness").fill("0.3")
            tab.page.get_by_label("Mirror left to right").check()
            tab.page.get_by_role("button", name="Save").click()
            expect(tab.page.get_by_text("Saved. The camera starts anew")).to_be_visible()
            expect(tab.page.get_by_label("Brightness")).to_have_value("0.3")
            expect(tab.page.get_by_label("Mirror left to right")).to_be_checked()
            tab.page.get_by_role("button", name="Restart the camera").click()
            expect(tab.page.get_by_text("the picture is back in a few seconds")).to_be_visible()
    finally:
        web.shutdown()
        thread.join()
        web.server_close()
    assert cameras.cameras["nest"].hflip and cameras.restarted == ["nest"]
