"""The web app's pages in a real browser: looks, empty states, log-in and the way from page to page."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from wsgiref.types import WSGIApplication

import pytest
from playwright.sync_api import Browser, Page, expect
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from config.settings import CameraSettings, Settings
from conftest import Running
from mediamtx.layout import Layout
from visiting import opened, publish_film, start_web
from webapp.app import create_app
from webapp.users import UserFile

pytestmark = pytest.mark.slow
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def site(settings: Settings, run_python: Callable[..., Running]) -> str:
    """The address of a web app with three clips of one camera and none of the other."""
    settings = replace(settings, cameras={"front": CameraSettings(title="Front garden"), "empty": CameraSettings()})
    for minutes in range(3):
        publish_film(
            Layout.of(settings), NOON + timedelta(minutes=minutes), kind=("motion", "saved", "manual")[minutes]
        )
    return start_web(run_python, settings)


@contextmanager
def served(app: WSGIApplication) -> Iterator[str]:
    """Serve an app in this process; its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def theme(page: Page) -> str:
    return str(page.evaluate("document.documentElement.dataset.theme"))


def test_the_theme_begins_with_the_systems_and_is_remembered(site: str, browser: Browser) -> None:
    with opened(browser, site, theme="dark") as tab:
        tab.page.add_init_script(
            """document.addEventListener(
                "readystatechange", () => window.early ??= document.documentElement.dataset.theme)"""
        )
        tab.open("/")
        assert theme(tab.page) == "dark"
        dark = tab.page.evaluate("getComputedStyle(document.body).backgroundColor")
        tab.page.get_by_role("button", name="Dark theme", pressed=True).click()
        assert theme(tab.page) == "light"
        assert tab.page.evaluate("getComputedStyle(document.body).backgroundColor") != dark
        tab.open("/recordings/front")
        assert tab.page.evaluate("window.early") == "light", "set before the page was drawn"
        expect(tab.page.get_by_role("button", name="Dark theme", pressed=False)).to_be_visible()
        tab.page.emulate_media(color_scheme="light")
        tab.page.emulate_media(color_scheme="dark")
        assert theme(tab.page) == "light", "what was chosen wins over the system"


def test_without_a_camera_the_page_says_what_to_do(settings: Settings, browser: Browser) -> None:
    with served(create_app(replace(settings, cameras={}))) as address, opened(browser, address) as tab:
        tab.open("/")
        expect(tab.page.get_by_role("heading", name="No camera yet")).to_be_visible()
        expect(tab.page.locator("pre")).to_contain_text("[cameras.front]")


def test_a_camera_without_clips_leads_to_its_live_picture(site: str, browser: Browser) -> None:
    with opened(browser, site) as tab:
        tab.open("/recordings/empty")
        expect(tab.page.get_by_role("heading", name="No clips of empty yet")).to_be_visible()
        tab.page.get_by_role("link", name="Live picture").click()
        expect(tab.page).to_have_url(re.compile("/camera/empty$"))
        expect(tab.page.locator("live-player")).to_have_attribute("data-state", "offline")
        expect(tab.page.get_by_text("No picture from empty")).to_be_visible()
        expect(tab.page.get_by_text("Nothing yet today.")).to_be_visible()


def test_the_wall_shows_each_camera_and_follows_its_clips(
    settings: Settings, run_python: Callable[..., Running], browser: Browser
) -> None:
    settings = replace(settings, cameras={"front": CameraSettings(title="Front garden"), "empty": CameraSettings()})
    layout = Layout.of(settings)
    publish_film(layout, NOON)
    with opened(browser, start_web(run_python, settings)) as tab:
        tab.open("/")
        front = tab.page.locator("article", has_text="Front garden")
        expect(front.get_by_role("link", name=re.compile("Motion"))).to_be_visible()
        empty = tab.page.locator("article", has_text="empty")
        expect(empty.get_by_text("No clips yet")).to_be_visible()
        expect(empty.get_by_text("Offline")).to_be_visible()
        saved = publish_film(layout, NOON + timedelta(minutes=5), kind="saved")
        tab.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # as if one came back to the tab
        front.get_by_role("link", name=re.compile("Saved")).click()
        tab.wait_for_playing(saved.name.stem)

        tab.open("/")
        # At most three messages, but none that must be read goes for another.
        url = tab.page.locator("script[src*='dashboard.js']").get_attribute("src")
        assert url is not None
        say = f"""import("{url.replace("dashboard.js", "toast.js")}").then(({{ toast }}) => {{
            toast("wrong", {{ kind: "error" }});
            for (const text of "abcd") toast(text);
        }})"""
        tab.page.evaluate(say)
        assert tab.page.locator(".toast span").all_inner_texts() == ["wrong", "c", "d"]

        # A camera is added elsewhere: the page is loaded again for it, but not for ever where that shows no more.
        loads: list[str] = []
        tab.page.on("load", lambda page: loads.append(page.url))
        added = tab.page.evaluate("fetch('api/v1/status').then(answer => answer.json())")
        added["cameras"].append({**added["cameras"][0], "name": "nest"})
        tab.page.route("**/api/v1/status", lambda route: route.fulfill(json=added))
        look = "document.dispatchEvent(new Event('visibilitychange'))"
        with tab.page.expect_event("load"):
            tab.page.evaluate(look)
        for _ in range(3):
            with tab.page.expect_response("**/api/v1/status"):
                tab.page.evaluate(look)
        assert len(loads) == 1


def test_an_unknown_address_gets_a_page_in_the_same_look(site: str, browser: Browser) -> None:
    with opened(browser, site) as tab:
        tab.open("/camera/nobody")
        expect(tab.page.get_by_text("404")).to_be_visible()
        tab.page.get_by_role("link", name="To the cameras").click()
        expect(tab.page).to_have_url(site + "/")
        assert [text for text in tab.problems if "404" not in text] == []
        tab.problems.clear()


def test_logging_in_and_out(settings: Settings, run_python: Callable[..., Running], browser: Browser) -> None:
    UserFile(Layout.of(settings)).set_password("three small owls")
    with opened(browser, start_web(run_python, settings)) as tab:
        tab.open("/camera/front")
        expect(tab.page).to_have_url(re.compile("/login"))
        tab.page.get_by_label("Password").fill("a wrong guess")
        tab.page.keyboard.press("Enter")
        expect(tab.page.get_by_role("alert")).to_contain_text("not the password")
        assert [text for text in tab.problems if "403" not in text] == []
        tab.problems.clear()
        tab.page.get_by_label("Password").fill("three small owls")
        tab.page.keyboard.press("Enter")
        expect(tab.page).to_have_url(re.compile("/camera/front$"))
        tab.page.get_by_role("button", name="Log out").click()
        expect(tab.page.get_by_role("heading", name="Welcome back")).to_be_visible()


def test_the_first_password_is_set_on_the_page(site: str, browser: Browser) -> None:
    with opened(browser, site) as tab:
        tab.open("/")
        tab.page.get_by_role("link", name="Set a password").click()
        tab.page.get_by_label("New password").fill("three small owls")
        tab.page.get_by_label("The same again").fill("three small owls")
        tab.page.get_by_role("button", name="Set the password").click()
        expect(tab.page.get_by_role("button", name="Log out")).to_be_visible()
        expect(tab.page.get_by_text("Only this computer")).to_have_count(0)


def test_a_hint_that_was_hidden_stays_hidden(site: str, browser: Browser) -> None:
    with opened(browser, site) as tab:
        tab.open("/")
        tab.page.get_by_role("button", name="Hide this hint").click()
        expect(tab.page.get_by_text("Only this computer")).to_be_hidden()
        tab.open("/recordings/front")
        expect(tab.page.get_by_text("Only this computer")).to_be_hidden()


def test_everything_works_below_a_path(settings: Settings, browser: Browser) -> None:
    clip = publish_film(Layout.of(settings), datetime.now(UTC) - timedelta(seconds=20))
    below = DispatcherMiddleware(Response("nothing here", 404), {"/birds": create_app(settings)})
    with served(below) as address, opened(browser, f"{address}/birds") as tab:
        tab.open("/")
        tab.page.get_by_role("link", name=re.compile("Motion")).click()
        tab.wait_for_playing(clip.name.stem)
        tab.page.get_by_role("link", name="Live").click()
        expect(tab.page.locator("live-player")).to_have_attribute("data-state", "offline")
        expect(tab.page.locator(".recent .clip")).to_have_count(1)
