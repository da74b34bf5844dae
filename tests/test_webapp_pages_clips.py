"""Recordings and saving in a real browser: choosing, playing, days, and what cannot be played."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect

import media
from config.settings import Settings
from conftest import Running
from mediamtx.clips import Clip, remove_clip
from mediamtx.layout import Layout
from mediamtx.marks import Mark
from mediamtx.names import Stream
from visiting import PHONE, Tab, opened, publish_film, start_web
from waiting import wait_until
from website import publish_clip

pytestmark = pytest.mark.slow
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def zoned(settings: Settings) -> Settings:
    return replace(settings, time_zone="Europe/Berlin")


@pytest.fixture
def layout(zoned: Settings) -> Layout:
    return Layout.of(zoned)


@pytest.fixture
def clips(layout: Layout) -> list[Clip]:
    """Four clips of two hours, newest first, and one of the day before."""
    yesterday = publish_film(layout, NOON - timedelta(days=1))
    today = [publish_film(layout, NOON + timedelta(minutes=25 * number)) for number in range(4)]
    return [*reversed(today), yesterday]


@pytest.fixture
def site(zoned: Settings, run_python: Callable[..., Running]) -> str:
    return start_web(run_python, zoned)


def look_again(tab: Tab) -> None:
    """Have the page look for news now, as when one comes back to the tab."""
    tab.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_the_newest_clip_is_shown_and_a_click_plays_another(clips: list[Clip], site: str, browser: Browser) -> None:
    with opened(browser, site) as tab:
        tab.open("/recordings/front")
        expect(tab.page.locator(".clip[aria-current]")).to_have_attribute("data-stem", clips[0].name.stem)
        assert tab.video("v.paused"), "nothing plays before one asks"
        expect(tab.page.locator(".hour h3")).to_have_text(["14:00", "13:00"])
        expect(tab.page.get_by_role("link", name=re.compile(r"13:25:00\s+Motion"))).to_be_visible()
        expect(tab.page.locator(".clip-length").first).to_have_text("0:06")
        tab.page.locator(f'[data-stem="{clips[2].name.stem}"]').click()
        tab.wait_for_playing(clips[2].name.stem)
        expect(tab.page).to_have_url(re.compile(rf"clip={clips[2].name.stem}$"))
        expect(tab.page.locator("[data-part=about-time]")).to_have_text("13:25:00")
        assert tab.page.locator("[data-part=marks] i").count() == 1, "where something moved is marked"


def test_the_keyboard_is_enough(clips: list[Clip], site: str, browser: Browser) -> None:
    stems = [clip.name.stem for clip in clips[:4]]
    with opened(browser, site) as tab:
        tab.open("/recordings/front")
        expect(tab.page.locator(".clip[aria-current]")).to_be_visible()
        tab.page.keyboard.press("ArrowDown")
        assert tab.chosen() == stems[1]
        tab.wait_for_playing(stems[1])
        assert tab.page.evaluate("document.activeElement.dataset.stem") == stems[1]
        assert tab.page.evaluate("document.activeElement.matches(':focus-visible')")
        tab.page.keyboard.press("Space")
        assert tab.video("v.paused")
        tab.page.keyboard.press("Enter")
        tab.wait_for_playing(stems[1])
        for key, index in (
            ("End", 3),
            ("ArrowDown", 3),
            ("ArrowLeft", 2),
            ("Home", 0),
            ("ArrowUp", 0),
            ("ArrowRight", 1),
        ):
            tab.page.keyboard.press(key)
            assert tab.chosen() == stems[index], key
        tab.wait_for_playing(stems[1])
        tab.page.keyboard.press("Space")
        tab.video("v.currentTime = 0")
        tab.page.keyboard.press("Shift+ArrowRight")
        assert tab.video("v.currentTime") == pytest.approx(5, abs=0.1)
        tab.page.keyboard.press("m")
        assert tab.video("v.muted")
        with tab.page.expect_download() as download:
            tab.page.keyboard.press("d")
        assert download.value.suggested_filename == f"front_{stems[1]}.mp4"
        # The time line keeps the arrows for itself.
        tab.page.get_by_role("slider", name="Position in the clip").focus()
        tab.page.keyboard.press("ArrowRight")
        assert tab.chosen() == stems[1]


def test_one_tab_stop_for_the_whole_list(clips: list[Clip], site: str, browser: Browser) -> None:
    with opened(browser, site) as tab:
        tab.open("/recordings/front")
        expect(tab.page.locator(".clip[aria-current]")).to_be_visible()
        assert tab.page.locator('.clip[tabindex="0"]').count() == 1
        assert tab.page.locator('.list [tabindex="-1"]').count() == 3 + 2 * 4, "nor do stars and boxes stop the way"


def test_an_address_with_a_clip_plays_it(clips: list[Clip], site: str, browser: Browser) -> None:
    with opened(browser, site) as tab:
        tab.open(f"/recordings/front?clip={clips[4].name.stem}")
        tab.wait_for_playing(clips[4].name.stem)
        expect(tab.page.locator("[data-part=day-name]")).to_contain_text("19 Nov")
        tab.open("/recordings/front/2026-11-20?clip=2026-11-20_01-02-03-004_motion")
        expect(tab.page.locator(".toast")).to_contain_text("not there any more")
        assert tab.chosen() == clips[0].name.stem


def test_days_change_without_a_new_page(clips: list[Clip], site: str, browser: Browser) -> None:
    with opened(browser, site) as tab:
        tab.open("/recordings/front")
        tab.page.evaluate("window.same = true")
        expect(tab.page.get_by_role("status").filter(has_text="4 clips")).to_be_visible()
        tab.page.get_by_role("link", name="Earlier day").click()
        expect(tab.page.get_by_role("status").filter(has_text="1 clip")).to_be_visible()
        assert tab.chosen() == clips[4].name.stem
        expect(tab.page).to_have_url(re.compile("/2026-11-19"))
        tab.page.locator("summary").click()
        tab.page.get_by_role("link", name="Friday 20 November, 4 clips").click()
        expect(tab.page.locator(".clip")).to_have_count(4)
        expect(tab.page.locator(".calendar")).to_be_hidden()
        tab.page.go_back()
        expect(tab.page.locator(".clip")).to_have_count(1)
        assert tab.page.evaluate("window.same")
        tab.page.reload()
        expect(tab.page.locator(".clip")).to_have_count(1)
        assert tab.chosen() == clips[4].name.stem

        # An answer that comes when another day was chosen already changes nothing.
        held: list[Route] = []
        tab.page.route("**/clips?day=2026-11-20", lambda route: held.append(route))
        with tab.page.expect_request("**/clips?day=2026-11-20"):
            tab.page.get_by_role("link", name="Later day").click()
        tab.page.locator("summary").click()
        with tab.page.expect_response("**/clips?day=2026-11-19"):
            tab.page.get_by_role("link", name="Thursday 19 November, 1 clip").click()
        with tab.page.expect_response("**/clips?day=2026-11-20"):
            held[0].continue_()
        tab.page.evaluate("new Promise((resolve) => setTimeout(resolve, 100))")
        expect(tab.page.locator(".clip")).to_have_count(1)
        expect(tab.page).to_have_url(re.compile("/2026-11-19"))


def test_new_clips_come_in_and_gone_ones_leave(clips: list[Clip], layout: Layout, site: str, browser: Browser) -> None:
    with opened(browser, site) as tab:
        tab.open("/recordings/front")
        expect(tab.page.locator(".clip[aria-current]")).to_be_visible()
        newest = publish_film(layout, NOON + timedelta(hours=3), kind="saved")
        remove_clip(clips[1])
        listed = tab.page.locator(f'.clip[data-stem="{newest.name.stem}"]')
        wait_until(lambda: look_again(tab) or listed.count(), 10, "the new clip comes in", pause=0.3)
        expect(tab.page.locator(".clip").first).to_have_attribute("data-stem", newest.name.stem)
        expect(tab.page.locator(".clip")).to_have_count(4)
        expect(tab.page.locator(".hour h3")).to_have_text(["16:00", "14:00", "13:00"])
        assert tab.chosen() == clips[0].name.stem, "what one looks at stays"


def test_a_clip_that_was_deleted_meanwhile_says_so(clips: list[Clip], site: str, browser: Browser) -> None:
    with opened(browser, site) as tab:
        tab.open("/recordings/front")
        expect(tab.page.locator(".clip[aria-current]")).to_be_visible()
        remove_clip(clips[1])
        tab.page.keyboard.press("ArrowDown")
        expect(tab.page.get_by_role("alert")).to_contain_text("This clip is gone")
        assert [text for text in tab.problems if "404" not in text] == []
        tab.problems.clear()
        tab.page.keyboard.press("ArrowDown")
        tab.wait_for_playing(clips[2].name.stem)
        expect(tab.page.get_by_role("alert")).to_be_hidden()


def test_h265_is_explained_where_the_browser_lacks_it(layout: Layout, site: str, browser: Browser) -> None:
    clip = publish_film(layout, NOON, look=media.Look("h265"))
    with opened(browser, site) as tab:
        tab.open(f"/recordings/front?clip={clip.name.stem}")
        if tab.page.evaluate("""MediaSource.isTypeSupported('video/mp4; codecs="hvc1.1.6.L93.B0"')"""):
            pytest.skip("this Chromium plays H.265")
        alert = tab.page.get_by_role("alert")
        expect(alert).to_contain_text("cannot play this clip")
        expect(alert.get_by_role("link", name="Download")).to_have_attribute("href", re.compile("download=1"))


def test_what_moves_is_drawn_when_asked_for(layout: Layout, site: str, browser: Browser) -> None:
    """A box from 2 s on in the upper left, from 3 s on in the lower right; the picture is wider than its stage.

    At 4 s it goes back within a fifth of a second, half of the picture's width.
    """
    corners = {2.0: (0.1, 0.2, 0.2, 0.2), 3.0: (0.7, 0.6, 0.2, 0.2)}
    marks = [
        Mark.of(NOON + timedelta(seconds=second + i / 5), [box]) for second, box in corners.items() for i in range(5)
    ]
    marks.append(Mark.of(NOON + timedelta(seconds=4), [(0.2, 0.6, 0.2, 0.2)]))
    saved = publish_film(layout, NOON - timedelta(hours=1), kind="saved")
    publish_film(layout, NOON, look=media.Look(size=(640, 240)), marks=marks)
    with opened(browser, site) as tab:
        tab.open("/recordings/front")
        boxes = tab.page.locator("clip-player .stage-boxes rect")
        button = tab.page.get_by_role("button", name="Show motion")
        wait_until(lambda: tab.video("v.videoWidth") == 640, 20, "the film is loaded")

        def show(seconds: float) -> None:
            tab.video(f"new Promise(done => {{ v.onseeked = done; v.currentTime = {seconds}; }})")

        show(2.5)
        expect(boxes).to_have_count(0)
        button.click()
        expect(button).to_have_attribute("aria-pressed", "true")
        expect(boxes).to_have_count(1)
        video, drawn = tab.page.locator("clip-player video").bounding_box(), boxes.bounding_box()
        assert video is not None and drawn is not None
        height = video["width"] * 240 / 640  # of the picture; above and below it is black
        top = video["y"] + (video["height"] - height) / 2
        wanted = (video["x"] + 0.1 * video["width"], top + 0.2 * height, 0.2 * video["width"], 0.2 * height)
        assert (drawn["x"], drawn["y"], drawn["width"], drawn["height"]) == pytest.approx(wanted, abs=2.5)
        show(3.5)
        expect(boxes).to_have_count(1)
        wait_until(lambda: (boxes.bounding_box() or drawn)["x"] > drawn["x"] + 100, 5, "the box follows")
        show(3.9)
        middle = video["x"] + 0.45 * video["width"]
        wait_until(lambda: abs((boxes.bounding_box() or drawn)["x"] - middle) < 15, 5, "the box glides")
        for without in (4.5, 1.0):
            show(without)
            expect(boxes).to_have_count(0)
        show(3.5)
        button.click()
        expect(boxes).to_have_count(0)
        tab.page.locator(f'[data-stem="{saved.name.stem}"]').click()
        expect(button).to_be_hidden()


def test_on_a_phone_the_player_stays_in_view(layout: Layout, site: str, browser: Browser) -> None:
    for number in range(12):
        publish_film(layout, NOON + timedelta(minutes=number))
    with opened(browser, site, PHONE, has_touch=True) as tab:
        tab.open("/recordings/front")
        expect(tab.page.locator(".clip")).to_have_count(12)
        last = tab.page.locator(".clip").last
        last.scroll_into_view_if_needed()
        last.tap()
        tab.wait_for_playing(str(last.get_attribute("data-stem")))
        box = tab.page.locator("clip-player video").bounding_box()
        assert box is not None
        assert box["y"] >= 0
        assert box["width"] == PHONE[0]
        under = tab.page.locator(".viewer").bounding_box()
        shown = last.bounding_box()
        assert under is not None and shown is not None
        assert shown["y"] >= under["y"] + under["height"], "the chosen clip is not behind the player"


def test_a_long_day_is_complete(layout: Layout, site: str, browser: Browser) -> None:
    for number in range(150):
        publish_clip(layout, NOON + timedelta(seconds=20 * number))
    with opened(browser, site) as tab:
        tab.open("/recordings/front")
        expect(tab.page.locator(".clip")).to_have_count(150)
        times = tab.page.locator(".clip-time").all_inner_texts()
        assert times == sorted(times, reverse=True)
        tab.problems.clear()  # these clips hold no film


def test_saving_gives_a_clip_that_plays_at_once(zoned: Settings, layout: Layout, site: str, browser: Browser) -> None:
    media.write_segments(layout, Stream("front"), datetime.now(UTC) - timedelta(seconds=41), [20, 20])
    with opened(browser, site) as tab:
        tab.open("/camera/front")
        expect(tab.page.locator(".recent-empty")).to_be_visible()
        tab.page.get_by_role("button", name="Save last 30 s").click()
        toast = tab.page.locator(".toast")
        expect(toast).to_contain_text(re.compile(r"Saved (29|3[01]) s"), timeout=15_000)
        expect(tab.page.locator(".recent .clip")).to_have_count(1)
        stem = str(tab.page.locator(".recent .clip").get_attribute("data-stem"))
        toast.get_by_role("button", name="Play").click()
        tab.wait_for_playing(stem)
        assert tab.video("v.webkitAudioDecodedByteCount") > 0
        tab.page.keyboard.press("Escape")
        expect(tab.page.get_by_role("dialog")).to_be_hidden()
        wait_until(lambda: tab.video("v.paused"), 5, "the film pauses")  # the dialog tells of its end a moment later
        tab.page.locator(".recent .clip").click()
        tab.wait_for_playing(stem)
        tab.page.get_by_role("dialog").get_by_role("link", name="In recordings").click()
        tab.wait_for_playing(stem)
        expect(tab.page).to_have_url(re.compile("/recordings/front/"))


def test_saving_where_nothing_was_recorded_says_so(site: str, browser: Browser) -> None:
    with opened(browser, site) as tab:
        tab.open("/camera/front")
        tab.page.get_by_role("button", name="Save last 60 s").click()
        expect(tab.page.locator(".toast")).to_contain_text("nothing was recorded", timeout=15_000)
        expect(tab.page.get_by_role("button", name="Save last 60 s")).to_be_visible()
        assert [text for text in tab.problems if "409" not in text] == []
        tab.problems.clear()


def test_a_server_that_went_away_is_told(site: str, browser: Browser, tmp_path: Path) -> None:
    with opened(browser, site) as tab:
        tab.open("/camera/front")
        tab.page.route("**/api/**", lambda route: route.abort())
        tab.page.get_by_role("button", name="Save last 60 s").click()
        expect(tab.page.locator(".toast")).to_contain_text("does not answer")
        tab.problems.clear()
