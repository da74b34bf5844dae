"""What every page must be, whatever it shows: without a finding of axe-core, as wide as its window, still, and light.

A new page is one line in PAGES; a test says which are missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from flask import Flask
from made_up_cameras import MadeUp
from playwright.sync_api import Browser, expect
from settings_client import TOKEN

from camera.settings_server import SettingsServer
from config.settings import CameraSettings, Settings, SettingsServerSettings
from conftest import settings_in
from mediamtx.layout import Layout
from mediamtx.names import KINDS
from visiting import PHONE, WIDE, Tab, opened, publish_film, running_web
from webapp.app import create_app
from webapp.users import UserFile
from website import routes

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PASSWORD = "three small owls"
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
SIZES = [WIDE, PHONE, (360, 780), (844, 390), (2560, 1440)]
HEAVIEST = 150_000  # bytes of a page without pictures and the player library
LEAST = 20_000  # bytes that any page has: what is measured is there
SHIFT = 0.05  # of Chromium's layout shift, of which below 0.1 counts as good

FINDINGS = """async () => {
    await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));  // colours reach their end
    await Promise.all(document.getAnimations().map(animation => animation.finished.catch(() => null)));
    const { violations } = await axe.run(document, { resultTypes: ["violations"] });
    const bad = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
    return bad.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map(node => node.html).join(" ")}`);
}"""
WEIGHT = """() => ["navigation", "resource"].flatMap(type => performance.getEntriesByType(type))
    .filter(entry => !/\\.(mp4|jpg|m3u8)|hls\\.min\\.js/.test(entry.name))
    .reduce((sum, entry) => sum + entry.decodedBodySize, 0)"""
WATCH_SHIFTS = """
    window.shifted = [];
    new PerformanceObserver(list => list.getEntries().filter(entry => !entry.hadRecentInput).forEach(entry =>
        shifted.push([entry.value, ...entry.sources.map(({ node }) => node?.outerHTML?.slice(0, 120))])))
        .observe({ type: "layout-shift", buffered: true });"""


@dataclass(frozen=True)
class Shown:
    """A page, and what is done before it is judged. `who` sees it: the admin, a stranger, or the very first visitor."""

    endpoint: str
    path: str
    act: Callable[[Tab], Any] = lambda tab: None
    who: str = "admin"

    def __str__(self) -> str:
        return self.path + {"admin": "", "stranger": " logged out", "first": " first"}[self.who]


def press(*keys: str) -> Callable[[Tab], None]:
    """With the keyboard, once a clip is chosen."""

    def act(tab: Tab) -> None:
        expect(tab.page.locator(".clip[aria-current]")).to_be_visible()
        for key in keys:
            tab.page.keyboard.press(key)

    return act


def unfold(tab: Tab) -> None:
    """The calendar."""
    tab.page.locator(".menu summary").click()
    expect(tab.page.locator(".calendar a.day").first).to_be_visible()


PAGES = [
    Shown("pages.dashboard", "/"),
    Shown("pages.camera", "/camera/front"),
    Shown("pages.camera", "/camera/empty"),
    Shown("pages.recordings", "/recordings/front"),
    Shown("pages.recordings", "/recordings/front?kind=manual&kept=1"),
    Shown("pages.recordings", "/recordings/front?select", press("x", "Shift+ArrowDown", "ArrowDown")),
    Shown("pages.recordings", "/recordings/front?delete", press("Delete")),
    Shown("pages.recordings", "/recordings/front?keys", press("?")),
    Shown("pages.recordings", "/recordings/front?calendar", unfold),
    Shown("pages.recordings", "/recordings/front/2026-11-01"),
    Shown("pages.recordings", "/recordings/empty"),
    Shown("camera_settings.form", "/camera/nest/settings"),
    Shown("timeline.day", "/timeline/front/2026-11-20"),
    Shown("timeline.day", "/timeline/empty"),
    Shown("settings.index", "/settings"),
    Shown("camera_pages.listed", "/settings/cameras"),
    Shown("camera_pages.add", "/settings/cameras/add"),
    Shown("camera_pages.one", "/settings/cameras/front"),
    Shown("camera_pages.motion", "/settings/cameras/front/motion"),
    Shown("other_settings.recording", "/settings/recording"),
    Shown("other_settings.storage", "/settings/storage"),
    Shown("other_settings.network", "/settings/network"),
    Shown("other_settings.doctor", "/settings/doctor"),
    Shown("other_settings.about", "/settings/about"),
    Shown("system.page", "/settings/system"),
    Shown("openapi.page", "/settings/api"),
    Shown("account.page", "/settings/account"),
    Shown("tokens.page", "/settings/tokens"),
    Shown("users.page", "/settings/users"),
    Shown("users.one", "/settings/users/admin"),
    Shown("auth.password", "/password"),
    Shown("auth.login", "/login", who="stranger"),
    Shown("setup.first", "/setup", who="first"),
    Shown("auth.password", "/password", who="first"),
    Shown("", "/no/such/page"),
    Shown("", "/recordings/nobody"),
]
NO_PAGES = ("/api/", "/static/", "/live/", "/footage/", "/clips/", "/healthz", "/status")
"""What these addresses begin with is read by programs and players; pictures end in .jpg."""


@dataclass
class Sites:
    """Two running web apps: one with an admin, and one that nobody has set a password for; and who is logged in."""

    app: Flask
    addresses: dict[str, str]
    tabs: dict[str, Tab]


def world(settings: Settings) -> Settings:
    """Three clips of a camera, none of another one."""
    layout = Layout.of(settings)
    for number, kind in enumerate(KINDS):
        publish_film(layout, NOON + timedelta(minutes=25 * number), kind=kind)
    publish_film(layout, NOON - timedelta(days=1))
    return settings


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Sites]:
    with ExitStack() as stack:
        server = SettingsServer(SettingsServerSettings(token=TOKEN, port=0), MadeUp())
        stack.callback(server.stop)
        nest = CameraSettings(settings_url=f"http://127.0.0.1:{server.port}/", settings_token=TOKEN)
        cameras = {"front": CameraSettings(title="Front garden"), "empty": CameraSettings(), "nest": nest}
        folder, new = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("new")
        settings = world(replace(settings_in(folder), time_zone="Europe/Berlin", cameras=cameras))
        UserFile(Layout.of(settings)).set_password(PASSWORD)
        first = settings_in(new)
        first.state_dir.mkdir(parents=True)
        Layout.of(first).setup_code.write_text("K7QM-2RTX\n")
        closed = stack.enter_context(running_web(settings, folder))
        fresh = stack.enter_context(running_web(first, new))
        addresses = {"admin": closed, "stranger": closed, "first": fresh}
        quiet = {"reduced_motion": "reduce"}  # a colour on its way is no finding
        tabs = {who: stack.enter_context(opened(browser, address, **quiet)) for who, address in addresses.items()}
        for tab in tabs.values():
            tab.page.add_init_script(WATCH_SHIFTS)
        tab = tabs["admin"]
        tab.open("/login")
        tab.page.get_by_label("Password").fill(PASSWORD)
        tab.page.keyboard.press("Enter")
        expect(tab.page.get_by_role("button", name="Log out")).to_be_visible()
        yield Sites(create_app(settings), addresses, tabs)


@pytest.mark.slow
@pytest.mark.parametrize("shown", PAGES, ids=str)
def test_a_page(shown: Shown, sites: Sites) -> None:
    tab = sites.tabs[shown.who]
    tab.problems.clear()
    tab.page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    tab.open(shown.path)
    expect(tab.page.locator("main")).to_be_visible()
    tab.page.wait_for_load_state("networkidle")
    if shown.endpoint:
        tab.page.locator("main").hover(position={"x": 2, "y": 2}, force=True)
        shifts = tab.page.evaluate("shifted")
        assert sum(shift[0] for shift in shifts) <= SHIFT, f"it jumps: {shifts}"
        assert LEAST < tab.page.evaluate(WEIGHT) < HEAVIEST, "bytes"
        assert tab.problems == []
    shown.act(tab)
    tab.page.evaluate(AXE)
    findings = {}
    for theme in ("light", "dark"):
        for width, height in (WIDE, PHONE):
            tab.page.set_viewport_size({"width": width, "height": height})
            tab.page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
            findings[f"{theme}, {width} px"] = tab.page.evaluate(FINDINGS)
    assert not any(findings.values()), findings
    for width, height in SIZES:
        tab.page.set_viewport_size({"width": width, "height": height})
        sideways = tab.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert sideways <= 0, f"it scrolls sideways at {width} px"
    if not shown.endpoint:
        assert all("404" in text for text in tab.problems)
    tab.problems.clear()


@pytest.mark.slow
def test_every_page_is_among_them(sites: Sites) -> None:
    known = {shown.endpoint for shown in PAGES}
    pages = {
        rule.endpoint
        for method, path, rule in routes(sites.app)
        if method == "GET" and not path.startswith(NO_PAGES) and not path.endswith(".jpg")
    }
    assert pages - known == set(), "add a line to PAGES for each of these"
