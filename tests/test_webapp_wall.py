"""The wall fills the screen: nothing to scroll, nothing cut off, little left over; and it is told what is going on."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, expect

from config.settings import CameraSettings, Settings
from conftest import Running
from mediamtx.layout import Layout
from mediamtx.manual import start
from visiting import PHONE, Tab, opened, publish_film, start_web

pytestmark = pytest.mark.slow

# Of the page below its bar, by number of cameras; more columns or rows would make the tiles smaller.
LEAST = {1: 0.85, 2: 0.44, 3: 0.6, 4: 0.85, 6: 0.6, 9: 0.8, 16: 0.8}
KEEP = """count => {
    const wall = document.querySelector(".wall");
    [...wall.children].forEach((tile, index) => { tile.hidden = index >= count; });
    wall.dataset.count = count;
}"""
BOXES = """() => [...document.querySelectorAll(".tile:not([hidden])")].map((tile) => {
    const { left, top, right, bottom } = tile.getBoundingClientRect();
    return [left, top, right, bottom];
})"""


def boxes(tab: Tab, count: int) -> list[list[float]]:
    tab.page.evaluate(KEEP, count)
    found: list[list[float]] = tab.page.evaluate(BOXES)
    assert len(found) == count
    return found


@pytest.fixture
def site(settings: Settings, run_python: Callable[..., Running]) -> str:
    cameras = {f"camera-{number:02}": CameraSettings(title=f"Camera {number}") for number in range(1, 17)}
    settings = replace(settings, cameras=cameras)
    publish_film(Layout.of(settings), datetime.now(UTC), camera="camera-01")
    start(settings, "camera-02", datetime.now(UTC))
    return start_web(run_python, settings)


def test_the_wall(site: str, browser: Browser) -> None:
    for size in ((1400, 900), (1920, 1080), (2560, 1440), (1024, 768)):
        with opened(browser, site, size) as tab:
            tab.open("/")
            top = tab.page.evaluate("document.querySelector('main').getBoundingClientRect().top")
            for count, least in LEAST.items():
                found = boxes(tab, count)
                assert all(left >= 0 and right <= size[0] + 1 for left, _, right, _ in found), (size, count)
                assert all(bottom <= size[1] + 1 for *_, bottom in found), (
                    f"{count} on {size}: there is nothing to scroll"
                )
                area = sum((right - left) * (bottom - top_) for left, top_, right, bottom in found)
                wide = size[0] / (size[1] - top) / (16 / 9)  # of another shape than the tiles: less of it can be filled
                assert area / (size[0] * (size[1] - top)) >= least * min(wide, 1 / wide), (size, count)
                shapes = {round((right - left) / (bottom - top_), 1) for left, top_, right, bottom in found}
                assert shapes == {1.8}

    with opened(browser, site, PHONE) as tab:
        tab.open("/")
        for left, _, right, _ in boxes(tab, 9):
            assert (left, right) == (0, PHONE[0]), "a phone shows one beside nothing"
        expect(tab.page.locator("live-player").first).to_have_attribute("data-state", "offline")
        expect(tab.page.get_by_role("article", name="Camera 2").get_by_text("Recording")).to_be_visible()
        latest = tab.page.get_by_role("article", name="Camera 1", exact=True).locator("[data-part=latest]")
        expect(latest).to_contain_text("just now")
        latest.click()
        expect(tab.page).to_have_url(re.compile("/recordings/camera-01"))
