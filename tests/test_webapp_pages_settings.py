"""The pages of settings in a real browser, over real programs: a camera is added, tuned and deleted."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from config.errors import RecorderError
from config.load import SAVED_NAME
from config.settings import CameraSettings, Settings
from conftest import Running
from mediamtx.addresses import publish_password
from mediamtx.api import stream_states
from mediamtx.layout import Layout
from mediamtx.names import Stream
from mediamtx.segments import list_segments
from visiting import PHONE, Tab, opened, start_web
from waiting import wait_until

pytestmark = pytest.mark.slow

PASSWORD = "three small owls"
FRONT, NEST = Stream("front"), Stream("nest-box")


@dataclass
class Site:
    """The running programs."""

    settings: Settings
    address: str

    def saved(self) -> dict[str, Any]:
        """What the pages have saved."""
        path = self.settings.state_dir / SAVED_NAME
        values: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        return values

    def publishes(self, stream: Stream) -> bool:
        try:
            states = stream_states(self.settings)
        except RecorderError:
            return False
        return stream in states and states[stream].ready


@pytest.fixture
def site(settings: Settings, run_python: Callable[..., Running], mediamtx_binary: Path) -> Site:
    """MediaMTX, the camera client with a drawn camera, and the web app."""
    cameras = {"front": CameraSettings(width=320, height=180, fps=10, title="Front")}
    settings = replace(settings, recorder="mediamtx", cameras=cameras)
    settings = replace(settings, mediamtx=replace(settings.mediamtx, segment=2, detect_segment=2))
    run_python(settings, "mediamtx")
    run_python(settings, "camera")
    found = Site(settings, start_web(run_python, settings))
    wait_until(lambda: found.publishes(FRONT), 40, "the drawn camera publishes")
    return found


@contextmanager
def settings_open(browser: Browser, site: Site, path: str = "", **options: Any) -> Iterator[Tab]:
    """A page of settings; that the server refused something, as was meant, is no complaint."""
    with opened(browser, site.address, **options) as tab:
        tab.open(f"/settings{path}")
        yield tab
        tab.problems[:] = [problem for problem in tab.problems if "Failed to load resource" not in problem]


def save(page: Page, said: str = "Saved") -> None:
    page.evaluate("document.querySelector('.toasts').replaceChildren()")
    page.locator(".save-bar").get_by_role("button", name="Save").click()
    expect(page.locator(".toast").last).to_contain_text(said)


def field(page: Page, key: str) -> Any:
    return page.locator(f'.setting[data-key="{key}"]')


def test_the_first_evening(browser: Browser, site: Site) -> None:
    """First visit, password, an RTSP camera, its motion and an area to ignore, a viewer, and the camera's end."""
    port, secret = site.settings.mediamtx.rtsp_port, publish_password(site.settings)
    with settings_open(browser, site) as tab:
        page = tab.page
        tab.open("/")
        page.get_by_role("link", name="Set a password").click()
        page.get_by_label("New password").fill(PASSWORD)
        page.get_by_label("The same again").fill(PASSWORD)
        page.get_by_role("button", name="Set the password").click()
        expect(page.get_by_role("link", name="Front, watch live")).to_be_visible()
        page.get_by_role("link", name="Settings", exact=True).click()
        expect(page.get_by_role("link", name="Settings of Front")).to_be_visible()
        page.get_by_role("link", name="Add a camera").click()
        result, test = page.locator("[data-test-result]"), page.get_by_role("button", name="Test the connection")
        page.wait_for_load_state("networkidle")  # its script is there
        page.get_by_label("Address").fill("rtsp://127.0.0.1:1/live")
        test.click()
        expect(result.locator("[data-failed]")).to_contain_text("Connection refused", timeout=30_000)
        expect(result.locator("[data-failed]")).to_contain_text("is the camera switched on", ignore_case=True)
        page.get_by_label("User").fill("somebody")
        expect(result).to_be_hidden()  # it was about another address
        page.get_by_label("Address").fill(f"rtsp://127.0.0.1:{port}/front")
        page.get_by_label("User").fill("reader")
        page.get_by_label("Password").fill("a wrong one")
        test.click()
        expect(result.locator("[data-failed]")).to_contain_text("401", timeout=30_000)
        assert "wrong" not in result.inner_text()
        page.get_by_label("Password").fill(secret)
        test.click()
        expect(result.locator("[data-found]")).to_contain_text("320 × 180", timeout=30_000)
        expect(result.locator("[data-found]")).to_contain_text("H.264")
        assert result.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 320
        page.get_by_label("Title").fill("Nest box")
        assert page.get_by_label("Name", exact=True).input_value() == "nest-box"
        page.get_by_role("button", name="Add the camera").click()
        expect(page.locator(".toast")).to_contain_text("Added")
        wait_until(lambda: site.publishes(NEST), 30, "the new camera is recorded")
        page.get_by_role("link", name="Settings of Nest box").click()
        source = page.get_by_label("Source")
        assert source.input_value() == f"rtsp://reader:***@127.0.0.1:{port}/front"
        assert secret not in page.content()
        page.get_by_role("button", name="Test the connection").click()  # with the password that it keeps
        expect(page.locator("[data-found]")).to_contain_text("320 × 180", timeout=30_000)

        page.get_by_role("link", name="Motion", exact=True).click()
        page.get_by_role("slider", name="Sensitivity").fill("80")
        expect(page.locator("[data-threshold]")).to_have_text("20")
        expect(page.locator("[data-what-if]")).not_to_be_empty()
        editor = page.locator(".area-frame")
        editor.scroll_into_view_if_needed()
        box = editor.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] * 0.1, box["y"] + box["height"] * 0.1)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.3, steps=4)
        page.mouse.up()
        page.get_by_role("button", name=re.compile("Area 1, ")).press("Shift+ArrowRight")
        expect(page.locator("[data-count]")).to_have_text("2 changes")
        save(page)
        nest = site.saved()["cameras"]["nest-box"]
        assert nest["sensitivity"] == 80 and nest["ignore"][0][0] == pytest.approx([0.15, 0.1], abs=0.02)

        page.get_by_role("link", name="Users", exact=True).click()
        page.get_by_label("Name").fill("Kid")
        page.get_by_label("Password", exact=True).fill(f"{PASSWORD} 2")
        page.get_by_label("The same again").fill(f"{PASSWORD} 2")
        page.get_by_role("button", name="Add").click()
        expect(page.get_by_role("status").filter(has_text="Added")).to_be_visible()
        with opened(browser, site.address, PHONE) as kid:
            kid.open("/camera/nest-box")
            kid.page.get_by_label("Name").fill("Kid")
            kid.page.get_by_label("Password").fill(f"{PASSWORD} 2")
            kid.page.get_by_role("button", name="Log in").click()
            expect(kid.page.locator("live-player")).to_have_attribute("data-state", "live", timeout=30_000)
            assert kid.page.get_by_role("link", name="Settings", exact=True).count() == 0
            assert kid.page.get_by_role("button", name="Record").count() == 0

        tab.open("/settings/cameras/nest-box")
        segments = len(list_segments(Layout.of(site.settings), NEST))
        assert segments
        delete = page.get_by_role("button", name=re.compile("delete", re.IGNORECASE))
        delete.click()
        expect(delete).to_contain_text("Press again")
        delete.click()
        expect(page.locator(".toast")).to_contain_text("Deleted")
        wait_until(lambda: not site.publishes(NEST), 20, "the camera is recorded no more")
        assert "nest-box" not in site.saved().get("cameras", {}) and site.publishes(FRONT)
        assert len(list_segments(Layout.of(site.settings), NEST)) >= segments


def test_forms_lose_nothing(browser: Browser, site: Site) -> None:
    with settings_open(browser, site, "/cameras/front") as tab, settings_open(browser, site, "/cameras/front") as other:
        page = tab.page
        page.get_by_label("Title").fill("Feeder")
        page.get_by_text("Picture and sound").click()
        page.get_by_label("Pictures per second", exact=True).fill("999")
        save(page, "A value is wrong")
        expect(field(page, "cameras.front.fps").locator(".problem")).to_contain_text("1 to 120")
        wrong = page.get_by_label("Pictures per second", exact=True)
        expect(wrong).to_have_attribute("aria-invalid", "true")
        expect(wrong).to_have_accessible_description(re.compile("Out of range"))
        assert page.get_by_label("Title").input_value() == "Feeder" and not site.saved()
        page.get_by_label("Pictures per second", exact=True).fill("12")
        sent: list[str] = []
        page.on("request", lambda request: sent.append(request.method) if request.method == "PATCH" else None)
        page.get_by_label("Title").evaluate("input => { input.form.requestSubmit(); input.form.requestSubmit(); }")
        expect(page.locator(".toast").last).to_contain_text("Saved")
        assert sent == ["PATCH"], "Enter twice saves once"
        assert site.saved()["cameras"]["front"] == {"title": "Feeder", "fps": 12}
        expect(page.locator(".save-bar")).to_be_hidden()

        late = other.page  # which still shows what there was before
        late.get_by_label("Title").fill("Mine")
        save(late, "Somebody else")
        expect(field(late, "cameras.front.title").locator(".problem")).to_contain_text("Feeder")
        save(late)  # and now it is meant
        assert site.saved()["cameras"]["front"]["title"] == "Mine"
        page.get_by_label("Small stream").fill("rtsp://127.0.0.1:1/small")
        save(page)  # nobody else changed that
        assert page.get_by_label("Title").input_value() == "Mine"

        late.reload()
        field(late, "cameras.front.title").get_by_role("button", name="Default").click()
        assert late.get_by_label("Title").input_value() == "Front"
        save(late)
        assert "title" not in site.saved()["cameras"]["front"]
        expect(field(late, "cameras.front.title").get_by_role("button")).to_be_hidden()


def test_areas_with_a_finger_and_the_other_pages(browser: Browser, site: Site) -> None:
    with settings_open(browser, site, "/cameras/front/motion", size=PHONE, has_touch=True) as tab:
        page = tab.page
        page.get_by_role("button", name="Add an area").tap()
        corner = page.get_by_role("button", name="Corner 1 of area 1")
        corner.press("Delete")
        expect(page.locator(".area-corner")).to_have_count(3)
        page.locator('[data-name="between-0-0"]').press("Enter")
        expect(page.locator(".area-corner")).to_have_count(4)
        points = page.locator("polygon").get_attribute("points")
        corner.dispatch_event("pointerdown", {"pointerId": 1, "clientX": 100, "clientY": 100})
        page.locator(".area-frame").dispatch_event("pointermove", {"pointerId": 1, "clientX": 140, "clientY": 140})
        assert page.locator("polygon").get_attribute("points") != points
        page.locator(".area-frame").dispatch_event("pointercancel", {"pointerId": 1})
        assert page.locator("polygon").get_attribute("points") == points, "the finger was scrolling"
        page.get_by_label("Look for motion").tap()
        save(page)
        assert len(site.saved()["cameras"]["front"]["ignore"][0]) == 4
        assert site.saved()["cameras"]["front"]["motion"] is False
        page.get_by_role("button", name=re.compile("Area 1, ")).press("Delete")
        expect(page.get_by_role("button", name="Add an area")).to_be_focused()
        save(page)
        assert site.saved()["cameras"]["front"]["ignore"] == []
        for path in ("cameras", "cameras/add", "recording", "network", "storage", "about"):
            tab.open(f"/settings/{path}")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        tab.open("/settings/network")
        page.get_by_label("Host").first.fill("0.0.0.0")
        save(page, "A value is wrong")
        expect(field(page, "web.host").locator(".problem")).to_contain_text("password")
        page.get_by_role("button", name="Discard").tap()
        page.get_by_label("A log-in lasts").fill("7")
        save(page, "web app is started again")
        tab.open("/settings/doctor")
        expect(page.locator("[data-findings]")).to_contain_text("ffmpeg", timeout=60_000)
        expect(page.locator("[data-findings]")).to_contain_text("Python")
