"""The timeline in a real browser: looked over, moved about in, played, and exported from.

The footage is grey and lighter with each second, so that a pixel tells which moment is shown.
"""

from __future__ import annotations

import re
import shutil
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pipeline import Pipeline, publishing_pipeline, running_pipeline
from playwright.sync_api import Browser, Locator, expect
from yard import T

import media
from config.settings import CameraSettings
from conftest import settings_in
from mediamtx.layout import Layout
from mediamtx.names import Segment, Stream, iso
from mediamtx.segments import inspect, list_segments
from visiting import PHONE, Tab, opened, publish_film, running_web
from waiting import wait_until
from webapp.hls_library import keep

pytestmark = pytest.mark.slow

GREY = """v => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 16, height: 16 });
  const context = canvas.getContext("2d");
  context.drawImage(v, 0, 0, 16, 16);
  return context.getImageData(8, 8, 1, 1).data[0];
}"""


@dataclass
class Site:
    """A running web app with the footage of cameras that tests share, or spoil."""

    address: str
    layout: Layout
    stem: str  # of the clip of "front"
    doomed: dict[str, list[Segment]]  # by camera, what is to be deleted


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, ffmpeg: str) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("timeline")
    doomed: dict[str, list[Segment]] = {"native": [], "hls": []}
    settings = replace(
        settings_in(folder),
        time_zone="Europe/Berlin",
        cameras={name: CameraSettings() for name in ("front", "empty", *doomed)},
    )
    layout = Layout.of(settings)
    for start, lengths in ((0, [10, 10, 10]), (60, [10, 10])):
        media.write_segments(layout, Stream("front"), at(start), lengths, size=(160, 90), counts=True)
    for name, segments in doomed.items():
        (large,) = media.write_segments(layout, Stream(name), T, [10], size=(640, 360), noise=40)
        segments += [large, *(replace(large, start=at(start)) for start in range(10, 120, 10))]
        for segment in segments[1:]:  # too much to be loaded ahead
            shutil.copy(layout.segment_path(large), layout.segment_path(segment))
        media.write_segments(layout, Stream(name), at(120), [10], size=(160, 90), counts=True)
    clip = publish_film(layout, T + timedelta(seconds=12))
    with running_web(settings, folder) as address:
        yield Site(address, layout, clip.name.stem, doomed)


def at(seconds: float) -> datetime:
    return T + timedelta(seconds=seconds)


@pytest.fixture(scope="module")
def hls_script(mediamtx_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """hls.js, as MediaMTX serves it."""
    folder = tmp_path_factory.mktemp("hls")
    with running_pipeline(folder, "mediamtx", ["front"]) as pipeline:
        answer = urllib.request.urlopen(f"{pipeline.address}/footage/front/hls.min.js", timeout=10)
        with answer:
            return bytes(answer.read())


@pytest.fixture(params=["native", "hls"])
def player(request: pytest.FixtureRequest, site: Site) -> Iterator[str]:
    """What plays: the browser itself, or hls.js, kept from a recorder that ran once."""
    if request.param == "hls":
        keep(site.layout, request.getfixturevalue("hls_script"))
    yield request.param
    site.layout.hls_library.unlink(missing_ok=True)


class Timeline:
    """The page in a tab."""

    def __init__(self, tab: Tab, camera: str, moment: float | None = None) -> None:
        self.tab, self.page = tab, tab.page
        tab.open(f"/timeline/{camera}" + (f"?at={iso(at(moment))}" if moment is not None else ""))
        self.strip = self.page.locator("time-strip")
        self.canvas = self.page.locator("[data-part=strip]")

    def ask(self, expression: str) -> Any:
        """What a JavaScript expression over the strip `s` gives."""
        return self.strip.evaluate(f"s => {expression}")

    def video(self, expression: str) -> Any:
        return self.tab.video(expression, "footage-player")

    @property
    def moment(self) -> float:
        """The moment that the page says it shows, s since T."""
        cursor = self.ask("s.cursor")
        return -1e9 if cursor is None else float(cursor) / 1000 - T.timestamp()

    @property
    def second(self) -> int:
        """The second of its footage that is in the picture."""
        return round(int(self.page.locator("footage-player video").evaluate(GREY)) * 219 / 255 / 4)

    def view(self) -> tuple[float, float]:
        """What part of the day is shown, s since T."""
        view = self.ask("s.view")
        return view["from"] / 1000 - T.timestamp(), view["to"] / 1000 - T.timestamp()

    def wait_for_moment(self, low: float, high: float, timeout: float = 20) -> None:
        wait_until(lambda: low <= self.moment <= high, timeout, f"{low} to {high} s is shown, not {self.moment}")

    def wait_for_picture(self, second: int) -> None:
        """Wait until the picture is that of a second of its segment's count."""

        def there() -> bool:
            return self.video("v.readyState >= 2 && !v.seeking") and abs(self.second - second) <= 1

        try:
            wait_until(there, 20, f"second {second} is in the picture")
        except AssertionError as error:
            state = self.video("[v.currentTime, v.readyState, v.seeking, v.paused, v.error && v.error.message]")
            raise AssertionError(f"{error}: it shows {self.second}, {self.moment} s, {state}, {self.view()}") from None

    def button(self, name: str) -> Locator:
        return self.page.locator(f"[data-do={name}]")

    @property
    def width(self) -> float:
        """Of the strip, px."""
        return float(self.canvas.evaluate("c => c.clientWidth"))

    def place(self, seconds: float) -> tuple[float, float]:
        """Where a moment lies on the strip, px in the window."""
        box = self.canvas.bounding_box()
        assert box is not None
        begin, end = self.view()
        return box["x"] + (seconds - begin) / (end - begin) * box["width"], box["y"] + box["height"] * 0.7


def test_it_plays_over_borders_and_jumps_gaps(site: Site, player: str, browser: Browser) -> None:
    with opened(browser, site.address) as tab:
        page = Timeline(tab, "front", 8)
        page.wait_for_moment(8.3, 9.9)
        assert tab.page.evaluate("Boolean(window.Hls)") is (player == "hls")
        times = []
        while page.moment < 12:  # over the border at 10 s
            times.append(page.video("v.currentTime"))
            assert abs(page.second - page.moment) < 1.6, "the picture is of the moment shown"
        assert times == sorted(times) and len(times) > 5
        assert page.video("v.webkitAudioDecodedByteCount") > 1000, "with sound"
        expect(page.button("play").and_(tab.page.locator(".controls *"))).to_have_attribute("aria-label", "Pause")
        expect(tab.page.locator("[data-part=event]")).to_have_text("Motion")
        page.button("rate").click()
        page.button("rate").click()
        note = tab.page.locator("[data-part=note]")
        expect(note).to_have_text("Nothing recorded 19:00:30 to 19:01:00", timeout=20_000)
        page.wait_for_moment(60, 66)
        assert abs(page.second - (page.moment - 60)) < 2.5
        expect(note).to_have_text(re.compile("Nothing is recorded after this"), timeout=20_000)
        assert page.moment == pytest.approx(80, abs=1)


def test_the_mouse_zooms_drags_scrubs_and_chooses(site: Site, browser: Browser) -> None:
    with opened(browser, site.address) as tab:
        page = Timeline(tab, "front")
        page.wait_for_picture(12)  # the day's first clip, and it waits
        assert page.video("v.paused")
        assert page.ask("s.view.to - s.view.from") == 86_400_000
        x, y = map(round, page.place(12))
        pointed = 12 + (x - page.place(12)[0]) / (page.place(86_412)[0] - page.place(12)[0]) * 86_400
        tab.page.mouse.move(x, y)
        expect(tab.page.locator("[data-part=bubble] img")).to_be_visible()
        for _ in range(20):
            tab.page.mouse.wheel(0, -200)
        wait_until(lambda: page.ask("s.view.to - s.view.from") < 300_000, 5, "it is zoomed")
        begin, end = page.view()
        assert page.place(pointed)[0] == pytest.approx(x, abs=3), "it zooms where the pointer is"
        tab.page.mouse.down()
        tab.page.mouse.move(x + 100, y, steps=4)
        tab.page.mouse.up()
        assert page.view()[0] == pytest.approx(begin - (end - begin) * 100 / page.width, abs=3), "it is dragged along"
        assert page.moment == pytest.approx(12, abs=1), "which chooses nothing"
        tab.page.keyboard.press("0")
        tab.page.locator(".events .clip").click()
        page.wait_for_moment(12, 16)
        tab.page.keyboard.press("Space")
        for _ in range(9):
            page.button("zoom-in").click()
        tab.page.mouse.click(*page.place(24))
        page.wait_for_picture(24)
        tab.page.mouse.click(*page.place(45))
        page.wait_for_picture(0)  # of the footage after the gap
        assert page.moment == pytest.approx(60, abs=0.5)
        box = tab.page.locator("[data-part=cursor]").bounding_box()
        assert box is not None
        tab.page.mouse.move(box["x"] + 12, box["y"] + 20)
        tab.page.mouse.down()
        tab.page.mouse.move(page.place(75)[0], box["y"] + 20, steps=6)
        tab.page.mouse.up()
        page.wait_for_picture(15)
        expect(tab.page).to_have_url(re.compile("at=2026-11-20T18:01"))
        page.button("whole").click()
        assert page.ask("s.zoomed") is False


def test_the_keyboard_is_enough(site: Site, browser: Browser) -> None:
    with opened(browser, site.address) as tab:
        page = Timeline(tab, "front")
        page.wait_for_picture(12)
        page.strip.focus()
        expect(page.strip).to_have_attribute("aria-valuetext", "19:00:12, Motion")
        expect(page.strip).to_have_attribute("aria-valuenow", str(19 * 3600 + 12))
        for _ in range(12):
            tab.page.keyboard.press("+")
        assert page.ask("s.view.to - s.view.from") < 30_000
        step = page.ask("s.step") / 1000
        tab.page.keyboard.press("ArrowRight")
        assert page.moment == pytest.approx(12 + step, abs=0.2)
        tab.page.keyboard.press("Shift+ArrowRight")
        page.wait_for_picture(round(12 + 11 * step))
        tab.page.keyboard.press("ArrowUp")
        page.wait_for_picture(12)
        tab.page.keyboard.press("Home")
        page.wait_for_picture(0)
        tab.page.keyboard.press("Space")
        page.wait_for_moment(1, 5)
        tab.page.keyboard.press("Space")
        assert page.video("v.paused")
        tab.page.keyboard.press("End")
        page.wait_for_picture(12)
        assert page.moment == pytest.approx(72, abs=1)
        tab.page.keyboard.press("0")
        assert page.ask("s.zoomed") is False


def test_fingers_zoom_and_choose(site: Site, browser: Browser) -> None:
    with opened(browser, site.address, PHONE, has_touch=True) as tab:
        page = Timeline(tab, "front", 12)
        page.wait_for_moment(12.2, 20)
        touch = tab.page.context.new_cdp_session(tab.page)
        before = page.ask("s.view.to - s.view.from")
        y = page.place(0)[1]

        def fingers(kind: str, *places: float) -> None:
            points = [{"x": x, "y": y, "id": number} for number, x in enumerate(places)]
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

        fingers("touchStart", 170, 220)
        for apart in range(10, 120, 10):
            fingers("touchMove", 170 - apart, 220 + apart)
        fingers("touchEnd")
        assert page.ask("s.view.to - s.view.from") < before / 2
        for _ in range(5):
            page.button("zoom-in").click()
        tab.page.touchscreen.tap(*page.place(25))
        page.wait_for_moment(25, 29)
        assert tab.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_clips_lead_to_their_moment_and_back(site: Site, browser: Browser) -> None:
    with opened(browser, site.address) as tab:
        page = Timeline(tab, "front", 1)
        card = tab.page.locator(".events .clip")
        expect(card).to_have_count(1)
        card.click()
        page.wait_for_moment(12, 17)
        expect(card).to_have_attribute("aria-current", "true")
        tab.page.get_by_role("link", name="Open the clip").click()
        expect(tab.page).to_have_url(re.compile(rf"/recordings/front/2026-11-20\?clip={site.stem}"))
        tab.wait_for_playing(site.stem)
        tab.page.keyboard.press("t")
        expect(tab.page).to_have_url(re.compile("/timeline/front"))
        page.wait_for_moment(12, 19)
        tab.page.locator(".panel-head summary").click()
        expect(tab.page.locator(".calendar a[aria-current]")).to_have_text(re.compile("20"))


def test_a_range_is_exported(site: Site, browser: Browser) -> None:
    with opened(browser, site.address) as tab:
        page = Timeline(tab, "front", 5)
        page.wait_for_moment(5, 9)
        tab.page.keyboard.press("Space")
        tab.page.keyboard.press("i")
        start, end = (tab.page.locator(f"input[name={name}]") for name in ("from", "to"))
        expect(start).to_have_value(re.compile("19:00:0[5-9]"))
        start.fill("19:00:04")
        end.fill("19:01:10")
        facts = tab.page.locator("[data-part=range-facts]")
        expect(facts).to_have_text(re.compile("1:06 · 0:30 of it not recorded"))
        end.fill("20:30:00")
        expect(facts).to_have_text(re.compile("At most 60:00"))
        end.fill("19:00:20")
        expect(facts).to_have_text("0:16")
        handle = tab.page.get_by_role("slider", name="End of the range")
        handle.focus()
        tab.page.keyboard.press("Shift+ArrowRight")
        expect(end).to_have_value("19:00:30")
        tab.page.keyboard.press("ArrowLeft")
        expect(handle).to_have_attribute("aria-valuetext", "19:00:29")
        tab.page.route(re.compile("/exports/"), lambda route: route.abort(), times=2)  # and still it goes on
        tab.page.get_by_role("button", name="Export", exact=True).click()
        download = tab.page.locator("[data-part=range-download]")
        expect(download).to_be_visible(timeout=20_000)
        expect(facts).to_have_text(re.compile(r"Saved among the recordings · 0:2[56]"))
        with tab.page.expect_download() as downloading:
            download.click()
        tab.problems.clear()
        info = inspect(downloading.value.path())
        assert info.video and info.audio and info.duration == pytest.approx(25, abs=1.1)
        expect(tab.page.locator(".events .kind[data-kind=saved]")).to_have_count(1)
        tab.page.locator("[data-part=range-close]").click()
        expect(tab.page.locator("form.range")).to_be_hidden()
        assert page.ask("s.range") is None


def test_footage_that_was_deleted_meanwhile_is_said_to_be_gone(site: Site, player: str, browser: Browser) -> None:
    with opened(browser, site.address) as tab:
        page = Timeline(tab, player, 1)
        page.wait_for_moment(1.2, 5)
        tab.page.keyboard.press("Space")
        for segment in site.doomed[player]:
            site.layout.segment_path(segment).unlink()
        tab.page.mouse.click(*page.place(115))
        problem = tab.page.locator("[data-part=problem]")
        expect(problem).to_contain_text("This footage is gone", timeout=20_000)
        assert any("410" in said for said in tab.problems)
        tab.problems.clear()
        problem.get_by_role("button", name="Go on with what is left").click()
        page.wait_for_picture(3)
        page.wait_for_moment(120, 128)
        expect(problem).to_be_hidden()


def test_a_day_without_footage_says_so(site: Site, browser: Browser) -> None:
    with opened(browser, site.address) as tab:
        tab.page.route("**/clips?day=*", lambda route: route.abort(), times=1)
        tab.open("/timeline/front/2026-10-25")
        tab.page.get_by_role("button", name="Try again").click()
        expect(tab.page.locator("[data-part=problem]")).to_contain_text("Nothing is recorded on this day")
        tab.problems.clear()
        expect(tab.page.locator("time-strip")).to_have_attribute("aria-valuemax", "90000")
        expect(tab.page.get_by_role("heading", name="No clips on this day")).to_be_visible()
        tab.page.route("**/index.m3u8?*", lambda route: route.fulfill(status=401))
        tab.open("/timeline/front")
        expect(tab.page.locator("[data-part=problem]")).to_contain_text("You are logged out")
        tab.problems.clear()
        tab.open("/timeline/empty")
        expect(tab.page.get_by_role("heading", name="Nothing of empty is recorded yet")).to_be_visible()


PLAYLIST = """
#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:10.000Z
#EXTINF:4.000000,
#EXTINF:2.000000,
#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:16.100Z
#EXTINF:4.000000,
#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:01:00.000Z
#EXTINF:4.000000,
"""


def test_the_ways_between_film_and_clock(site: Site, browser: Browser) -> None:
    """The pure parts of the scripts, table by table."""
    with opened(browser, site.address) as tab:
        tab.open("/timeline/empty")
        run = """async ([text, times, medias, gaps]) => {
          const m = await import("/static/footage-map.js");
          const s = m.stretchesOf(text);
          return [s.map((one) => [one.media, one.wall, one.duration]), times.map((t) => m.toMedia(s, t)),
            medias.map((t) => m.toWall(s, t)), times.map((t) => m.covers(s, t)),
            gaps.map((g) => m.gapBetween(s, ...g))];
        }"""
        times = [0, 10_000, 15_999, 16_050, 17_100, 30_000, 63_000, 64_000]
        medias = [0, 5_999, 6_000, 9_000, 10_000, 99_000]
        gaps = [[5_900, 6_100], [9_900, 10_100], [10_000, 10_100], [0, 1]]
        assert tab.page.evaluate(run, [PLAYLIST, times, medias, gaps]) == [
            [[0, 10_000, 6_000], [6_000, 16_100, 4_000], [10_000, 60_000, 4_000]],
            [0, 0, 5_999, 6_000, 7_000, 10_000, 13_000, None],
            [10_000, 15_999, 16_100, 19_100, 60_000, 64_000],
            [False, True, True, True, True, False, True, False],
            [None, {"from": 20_100, "to": 60_000}, None, None],
        ]


@pytest.mark.parametrize(
    ("start", "hours", "labels"),
    [
        ("2026-11-19T23:00:00Z", 24, "00:00 03:00 06:00 09:00 12:00 15:00 18:00 21:00 00:00"),
        ("2026-10-24T22:00:00Z", 25, "00:00 03:00 06:00 09:00 12:00 15:00 18:00 21:00 00:00"),
        ("2026-03-28T23:00:00Z", 23, "00:00 04:00 06:00 08:00 10:00 12:00 14:00 16:00 18:00 20:00 22:00 00:00"),
        ("2026-10-25T00:30:00Z", 1, "02:30 02:40 02:50 02:00 02:10 02:20 02:30"),  # the clock goes back
    ],
)
def test_the_scale_follows_the_viewers_clock(
    site: Site, browser: Browser, start: str, hours: float, labels: str
) -> None:
    with opened(browser, site.address, timezone_id="Europe/Berlin") as tab:
        tab.open("/timeline/empty")
        run = """async ([start, hours]) => {
          const m = await import("/static/day-scale.js");
          const view = { from: Date.parse(start), to: Date.parse(start) + hours * 3_600_000 };
          const { step, times } = m.ticks(view, 1000, hours > 2 ? 84 : 150);
          const zoomed = m.zoomView(view, 1e-9, view.to, view);
          const clamped = m.clampView({ from: view.from - 5e6, to: view.from - 4e6 }, view);
          return [times.map((time) => m.tickLabel(time, step)).join(" "), zoomed.to === view.to,
            zoomed.to - zoomed.from === m.NEAREST, clamped.from === view.from && clamped.to - clamped.from === 1e6];
        }"""
        assert tab.page.evaluate(run, [start, hours]) == [labels, True, True, True]


@pytest.fixture(params=["embedded", "mediamtx"])
def pipeline(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    with publishing_pipeline(request, tmp_path_factory) as pipeline:
        yield pipeline


def test_what_a_recorder_writes_plays_at_once_and_when_it_is_down(pipeline: Pipeline, browser: Browser) -> None:
    layout = Layout.of(pipeline.settings)
    wait_until(lambda: len(list_segments(layout, Stream("front"))) >= 4, 60, "four segments")
    with opened(browser, pipeline.address) as tab:
        page = look_through(tab, pipeline)
        tab.page.keyboard.press("End")
        before = page.moment
        segments = len(list_segments(layout, Stream("front")))
        wait_until(lambda: len(list_segments(layout, Stream("front"))) > segments, 20, "another segment")
        tab.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # as when one comes back to the tab
        wait_until(lambda: end_of(page) > before, 10, "it follows what is recorded")
        pipeline.kill("front")
        pipeline.kill("recorder")
        look_through(tab, pipeline)


def end_of(page: Timeline) -> float:
    """The moment shown after the key "End"."""
    page.page.keyboard.press("End")
    return page.moment


def look_through(tab: Tab, pipeline: Pipeline) -> Timeline:
    page = Timeline(tab, "front")
    wait_until(lambda: page.video("v.readyState >= 2 && !v.seeking"), 20, "a picture")
    tab.page.keyboard.press("Home")
    page.button("rate").click()
    page.button("play").click()
    before = page.video("v.currentTime")
    wait_until(lambda: page.video("v.currentTime") > before + 6, 30, "it plays over a border")
    assert page.video("v.webkitAudioDecodedByteCount") > 1000, "with sound"
    assert tab.page.evaluate("Boolean(window.Hls)") is (pipeline.settings.recorder == "mediamtx")
    return page
