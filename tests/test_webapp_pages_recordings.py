"""Reviewing a day in a real browser: keep, delete with undo, several at once, filters, previews, and 1,000 clips."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from config.settings import CameraSettings
from conftest import settings_in
from mediamtx.catalogue import clips_of_day, find_clip
from mediamtx.clips import Clip
from mediamtx.decisions import keep, tombstones
from mediamtx.layout import Layout
from mediamtx.names import KINDS
from visiting import PHONE, Tab, fill_day, opened, publish_film, running_web
from waiting import wait_until

pytestmark = pytest.mark.slow
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
CAMERAS = ("keep", "delete", "several", "touch", "kinds", "preview", "onward", "zones", "partly", "many", "empty")
MANY = 1000


@dataclass
class Site:
    """A running web app; each test has a camera of its own with five clips, the newest first."""

    address: str
    layout: Layout
    clips: dict[str, list[Clip]]

    def stems(self, camera: str) -> list[str]:
        return [clip.name.stem for clip in self.clips[camera]]

    def on_disk(self, camera: str) -> list[str]:
        day = self.layout.day_of(NOON)
        return [clip.name.stem for clip in clips_of_day(self.layout, camera, day)]

    def kept(self, camera: str) -> list[str]:
        day = self.layout.day_of(NOON)
        return [clip.name.stem for clip in clips_of_day(self.layout, camera, day) if clip.kept]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    settings = replace(
        settings_in(folder), time_zone="Europe/Berlin", cameras={name: CameraSettings() for name in CAMERAS}
    )
    layout = Layout.of(settings)
    clips = {}
    for name in CAMERAS[:-2]:
        kinds = KINDS if name == "kinds" else ("motion",)
        made = [
            publish_film(layout, NOON + timedelta(minutes=20 * n), camera=name, kind=kinds[n % len(kinds)])
            for n in range(5)
        ]
        clips[name] = made[::-1]
    clips["many"] = fill_day(layout, NOON - timedelta(hours=12), MANY, camera="many")
    with running_web(settings, folder) as address:
        yield Site(address, layout, clips)


def review(tab: Tab, camera: str, query: str = "") -> Locator:
    """Open a camera's recordings; its cards, once one is chosen."""
    tab.open(f"/recordings/{camera}/2026-11-20{query}")
    expect(tab.page.locator(".clip[aria-current]")).to_be_visible(timeout=20_000)
    return tab.page.locator(".list .clip")


def stems_shown(tab: Tab) -> list[str]:
    found: list[str] = tab.page.locator(".list .clip").evaluate_all("cards => cards.map(card => card.dataset.stem)")
    return found


def test_keeping_in_the_list_the_player_and_with_the_keyboard(site: Site, browser: Browser) -> None:
    stems = site.stems("keep")
    with opened(browser, site.address) as tab:
        review(tab, "keep")
        star = tab.page.locator(".entry").nth(1).get_by_role("button", name=re.compile("Keep"))
        star.click()
        expect(star).to_have_attribute("aria-pressed", "true")
        wait_until(lambda: site.kept("keep") == [stems[1]], 5, "the second clip is kept")
        assert tab.chosen() == stems[0], "what is in the player stays"
        in_player = tab.page.get_by_role("button", name="Keep", exact=True)
        in_player.click()
        expect(in_player).to_have_attribute("aria-pressed", "true")
        wait_until(lambda: site.kept("keep") == stems[:2], 5, "the first clip is kept")
        tab.page.keyboard.press("k")
        expect(in_player).to_have_attribute("aria-pressed", "false")
        wait_until(lambda: site.kept("keep") == [stems[1]], 5, "the first clip is kept no more")
        tab.page.route("**/clips?day=*", lambda route: route.abort(), times=1)
        tab.page.reload()
        error = tab.page.locator('.toast[data-kind="error"]')
        expect(error).to_contain_text("does not answer")
        tab.problems.clear()
        error.get_by_role("button", name="Try again").click()
        expect(tab.page.locator(".clip[aria-current]")).to_be_visible()
        expect(star).to_have_attribute("aria-pressed", "true")
        # Where a filter hides what is kept no more, the focus goes to its neighbour.
        tab.page.locator(".entry").nth(3).locator(".star").click()
        tab.page.get_by_role("button", name="Kept", exact=True).click()
        stars = tab.page.locator(".list .star")
        expect(stars).to_have_count(2)
        stars.first.click()
        expect(stars).to_have_count(1)
        expect(stars).to_be_focused()
        stars.press("Enter")
        expect(tab.page.get_by_role("button", name="Kept", exact=True)).to_be_focused()


def test_deleting_with_undo(site: Site, browser: Browser) -> None:
    stems = site.stems("delete")
    with opened(browser, site.address) as tab:
        review(tab, "delete")
        tab.page.keyboard.press("ArrowDown")
        tab.wait_for_playing(stems[1])
        tab.page.keyboard.press("Delete")
        expect(tab.page.locator(".list .clip")).to_have_count(4)
        assert tab.chosen() == stems[2], "the next one comes up"
        assert tab.page.evaluate("document.activeElement.dataset.stem") == stems[2]
        tab.wait_for_playing(stems[2])
        toast = tab.page.locator(".toast").filter(has_text="deleted")
        expect(toast).to_contain_text("Clip deleted")
        wait_until(lambda: site.on_disk("delete") == [stems[0], *stems[2:]], 5, "it is gone")
        tab.page.get_by_role("button", name="Delete", exact=True).click()
        expect(toast).to_have_count(1)
        expect(toast).to_contain_text("2 clips deleted")
        expect(tab.page.get_by_text("3 clips")).to_be_visible()
        toast.get_by_role("button", name="Undo").click()
        expect(tab.page.locator(".list .clip")).to_have_count(5)
        assert stems_shown(tab) == stems, "each in its place"
        assert site.on_disk("delete") == stems
        assert tombstones(site.layout, "delete") == []
        expect(tab.page.locator(".clip[aria-current]")).to_have_attribute("data-stem", stems[1])
        # All of them, and back with a key.
        for _ in stems:
            tab.page.keyboard.press("Delete")
        expect(tab.page.get_by_role("heading", name="No clips on this day")).to_be_visible()
        expect(toast).to_contain_text("5 clips deleted")
        tab.page.keyboard.press("z")
        expect(tab.page.locator(".list .clip")).to_have_count(5)
        expect(tab.page.get_by_role("heading", name="No clips on this day")).to_be_hidden()


def test_several_at_once_with_mouse_and_keyboard(site: Site, browser: Browser, tmp_path: Path) -> None:
    stems = site.stems("several")
    with opened(browser, site.address) as tab:
        cards = review(tab, "several")
        cards.nth(1).hover()
        tab.page.get_by_role("checkbox", name="Select 14:00:00").check()
        bar = tab.page.get_by_role("toolbar", name="Selected clips")
        expect(bar).to_contain_text("1 selected")
        cards.nth(3).click(modifiers=["Shift"])
        expect(bar).to_contain_text("3 selected")
        with tab.page.expect_download() as download:
            bar.get_by_role("button", name="Download").click()
        download.value.save_as(tmp_path / "clips.zip")
        with zipfile.ZipFile(tmp_path / "clips.zip") as archive:
            assert archive.namelist() == [f"several_{stem}.mp4" for stem in stems[1:4]]
            assert archive.testzip() is None
        bar.get_by_role("button", name="Keep").click()
        wait_until(lambda: site.kept("several") == stems[1:4], 5, "they are kept")
        cards.nth(2).click()
        expect(bar).to_contain_text("2 selected")
        tab.page.keyboard.press("Escape")
        expect(bar).to_be_hidden()
        # The keyboard alone: x, Shift with an arrow, a, Delete.
        tab.page.keyboard.press("Home")
        tab.page.keyboard.press("x")
        tab.page.keyboard.press("Shift+ArrowDown")
        expect(bar).to_contain_text("2 selected")
        tab.page.keyboard.press("a")
        expect(bar).to_contain_text("5 selected")
        tab.page.keyboard.press("a")
        expect(bar).to_contain_text("0 selected")
        expect(bar.get_by_role("button", name="Delete")).to_be_disabled()
        tab.page.keyboard.press("x")
        tab.page.keyboard.press("Delete")
        expect(bar).to_be_hidden()
        wait_until(lambda: site.on_disk("several") == [stems[0], *stems[2:]], 5, "one is gone")
        tab.page.get_by_role("button", name="Undo").click()
        wait_until(lambda: site.on_disk("several") == stems, 5, "it is back")
        restored = find_clip(site.layout, "several", stems[1])
        assert restored is not None and restored.kept, "as it was"


def test_a_long_press_selects_on_a_touch_screen(site: Site, browser: Browser) -> None:
    with opened(browser, site.address, PHONE, has_touch=True, is_mobile=True) as tab:
        cards = review(tab, "touch")
        chosen = tab.chosen()
        cards.nth(1).scroll_into_view_if_needed()
        box = cards.nth(1).bounding_box()
        assert box is not None
        touch = tab.page.context.new_cdp_session(tab.page)
        finger = {"x": box["x"] + 60, "y": box["y"] + 30}
        touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [finger]})
        bar = tab.page.get_by_role("toolbar", name="Selected clips")
        expect(bar).to_contain_text("1 selected")
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        expect(bar).to_contain_text("1 selected")
        cards.nth(2).tap()
        expect(bar).to_contain_text("2 selected")
        assert tab.chosen() == chosen, "a tap selects now, it does not play"
        assert tab.page.evaluate("innerHeight") - (bar.bounding_box() or box)["y"] < 90, "the bar is in reach"
        bar.get_by_role("button", name="Stop selecting").tap()
        expect(bar).to_be_hidden()
        tab.page.get_by_role("button", name="Select several").tap()
        expect(bar).to_contain_text("0 selected")


def test_the_address_remembers_what_is_filtered(site: Site, browser: Browser) -> None:
    stems = site.stems("kinds")  # the oldest is of motion, then saved, manual, motion, saved
    keep(site.clips["kinds"][0])
    with opened(browser, site.address) as tab:
        review(tab, "kinds")
        for name, wanted in (("Motion", [1, 4]), ("Saved", [0, 3]), ("Manual", [2])):
            tab.page.get_by_role("button", name=name, exact=True).click()
            assert stems_shown(tab) == [stems[index] for index in wanted], name
            assert tab.chosen() in stems_shown(tab)
        expect(tab.page.get_by_text("1 of 5 clips")).to_be_visible()
        tab.page.get_by_role("button", name="Kept", exact=True).click()
        expect(tab.page.get_by_role("heading", name="No clip like that on this day")).to_be_visible()
        expect(tab.page).to_have_url(re.compile(r"\?kind=manual&kept=1$"))
        tab.page.reload()
        expect(tab.page.get_by_role("heading", name="No clip like that on this day")).to_be_visible()
        expect(tab.page.get_by_role("button", name="Manual", pressed=True)).to_be_visible()
        tab.page.get_by_role("button", name="Show all clips").click()
        assert stems_shown(tab) == stems
        tab.page.get_by_role("button", name="Kept", exact=True).click()
        assert stems_shown(tab) == [stems[0]]
        tab.page.get_by_role("button", name="Keep", exact=True).click()  # no more
        expect(tab.page.get_by_role("heading", name="No clip like that on this day")).to_be_visible()


def test_a_preview_of_the_best_moment(site: Site, browser: Browser) -> None:
    with opened(browser, site.address) as tab:
        cards = review(tab, "preview")
        preview = tab.page.locator(".clip-preview")
        expect(preview).to_have_count(0)
        for index in (1, 2):
            cards.nth(index).hover()
            inside = cards.nth(index).locator(".clip-preview[data-playing]")
            expect(inside).to_be_visible()
            expect(preview).to_have_count(1)  # never more than one
            assert inside.evaluate("v => v.muted")
            assert inside.evaluate("v => v.currentTime") >= 0.4, "from shortly before what moves, at 2 s"
        tab.page.mouse.move(5, 5)
        expect(preview).to_have_count(0)
        # The keyboard's focus on the chosen clip, which waits in the player.
        tab.page.locator(".chip").last.focus()
        tab.page.keyboard.press("Tab")
        expect(cards.nth(0).locator(".clip-preview[data-playing]")).to_be_visible()
        tab.page.keyboard.press("Enter")
        expect(preview).to_have_count(0)
        tab.page.emulate_media(reduced_motion="reduce")
        cards.nth(3).hover()
        with pytest.raises(AssertionError):
            expect(preview).to_have_count(1, timeout=1500)


def test_it_plays_on_where_that_is_wished(site: Site, browser: Browser) -> None:
    stems = site.stems("onward")
    with opened(browser, site.address) as tab:
        review(tab, "onward")
        button = tab.page.get_by_role("button", name="Play on")
        tab.page.keyboard.press("Space")
        tab.wait_for_playing(stems[0])
        tab.video("v.currentTime = v.duration - 0.3")
        wait_until(lambda: tab.video("v.ended"), 10, "its end")
        assert tab.chosen() == stems[0], "it does not play on by itself"
        button.click()
        expect(button).to_have_attribute("aria-pressed", "true")
        tab.video("v.play()")
        tab.video("v.currentTime = v.duration - 0.3")
        tab.wait_for_playing(stems[1])
        tab.page.reload()
        expect(tab.page.locator(".clip[aria-current]")).to_be_visible()
        expect(button).to_have_attribute("aria-pressed", "true")
        tab.page.keyboard.press("n")
        expect(button).to_have_attribute("aria-pressed", "false")


def test_all_keys_are_told(site: Site, browser: Browser) -> None:
    with opened(browser, site.address) as tab:
        review(tab, "onward")
        tab.page.keyboard.press("?")
        told = tab.page.get_by_role("dialog", name="Keys")
        expect(told).to_contain_text("undo what was deleted")
        tab.page.keyboard.press("Delete")  # means nothing in there
        tab.page.keyboard.press("Escape")
        expect(told).to_be_hidden()
        expect(tab.page.locator(".list .clip")).to_have_count(5)
        tab.page.get_by_role("button", name="all keys").click()
        told.get_by_role("button", name="Close").click()
        expect(told).to_be_hidden()


def test_the_viewers_clock_and_the_cameras_day(site: Site, browser: Browser) -> None:
    with opened(browser, site.address, timezone_id="Asia/Tokyo") as tab:
        review(tab, "zones")
        expect(tab.page.locator(".hour h3")).to_have_text(["22:00", "21:00"])
        expect(tab.page.locator(".clip-time").first).to_have_text("22:20:00")
        expect(tab.page.locator("[data-part=about-time]")).to_have_text("22:20:00")
        expect(tab.page.get_by_text("Times are yours (Tokyo); the day is the camera's (Berlin).")).to_be_visible()
        assert "22:20:00" in tab.page.request.get(tab.page.url).text(), "the server writes the viewer's clock at once"
        tab.open("/recordings/many/2026-11-20")
        expect(tab.page.locator(".hour h3").first).to_have_text("07:00 · Sat 21 Nov")
    with opened(browser, site.address, timezone_id="Europe/Paris") as tab:  # another name, the same time
        review(tab, "zones")
        expect(tab.page.locator("[data-part=zones]")).to_be_hidden()


def test_what_cannot_be_done_is_said_and_taken_back(site: Site, browser: Browser) -> None:
    stems = site.stems("partly")
    with opened(browser, site.address) as tab:
        review(tab, "partly")
        folder = site.clips["partly"][0].folder
        for stem in stems[1:3]:  # a folder in the way of the mark, as no administrator can write over it either
            (folder / f"{stem}.kept").mkdir()
        for key in ("x", "a", "k"):
            tab.page.keyboard.press(key)
        error = tab.page.locator('.toast[data-kind="error"]')
        expect(error).to_contain_text("2 of 5 clips could not be kept")
        pressed = tab.page.locator('.star[aria-pressed="true"]')
        expect(pressed).to_have_count(3)
        for stem in stems[1:3]:
            (folder / f"{stem}.kept").rmdir()
        error.get_by_role("button", name="Close").click()
        tab.page.route("**/batch", lambda route: route.abort())
        tab.page.keyboard.press("Delete")
        expect(error).to_contain_text("The server does not answer")
        expect(tab.page.locator(".list .clip")).to_have_count(5)
        assert stems_shown(tab) == stems
        tab.problems.clear()


def test_the_first_clip_opens_the_list_by_itself(site: Site, browser: Browser) -> None:
    with opened(browser, site.address) as tab:
        tab.open("/recordings/empty")
        expect(tab.page.get_by_role("heading", name="No clips of empty yet")).to_be_visible()
        clip = publish_film(site.layout, NOON, camera="empty")
        expect(tab.page.locator(".clip[aria-current]")).to_have_attribute("data-stem", clip.name.stem, timeout=15_000)


def test_a_thousand_clips(site: Site, browser: Browser) -> None:
    """Every one is there, the far ones are not drawn, and 200 are deleted and restored at once."""
    stems = site.stems("many")
    with opened(browser, site.address) as tab:
        cards = review(tab, "many")
        expect(cards).to_have_count(MANY)
        assert stems_shown(tab) == stems
        loaded = "images => images.filter(image => image.currentSrc && image.complete).length"
        assert tab.page.locator(".list img").evaluate_all(loaded) < 200, "pictures are fetched where they come in sight"
        tab.page.keyboard.press("End")
        assert tab.chosen() == stems[-1]
        expect(cards.last).to_be_in_viewport()
        tab.wait_for_playing(stems[-1])
        tab.page.keyboard.press("Space")
        cards.nth(MANY - 200).click(modifiers=["Shift"])
        expect(tab.page.get_by_role("toolbar")).to_contain_text("200 selected")
        tab.page.keyboard.press("Delete")
        expect(tab.page.locator(".toast")).to_contain_text("200 clips deleted", timeout=30_000)
        assert site.on_disk("many") == stems[:-200]
        tab.page.keyboard.press("z")
        expect(tab.page.locator(".toast").filter(has_text="restored")).to_be_visible(timeout=30_000)
        expect(cards).to_have_count(MANY)
        assert site.on_disk("many") == stems
