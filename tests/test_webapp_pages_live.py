"""The live picture in a real browser: on both recorders, through breaks, and where it cannot be played."""

from __future__ import annotations

import json
import re
import signal
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pipeline import Pipeline, publishing_pipeline, running_pipeline
from playwright.sync_api import Browser, expect

from conftest import Running
from mediamtx.catalogue import clips_of_day, days
from mediamtx.clips import Clip
from mediamtx.layout import Layout
from visiting import PHONE, Tab, opened
from waiting import wait_until

pytestmark = pytest.mark.slow

FROZEN_FOR = 7000  # ms, longer than a player waits for the next picture


@pytest.fixture(scope="module", params=["embedded", "mediamtx"])
def pipeline(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """Recorder and web app of one camera that publishes."""
    with publishing_pipeline(request, tmp_path_factory) as pipeline:
        wait_for_playlist(pipeline)
        yield pipeline


def wait_for_playlist(pipeline: Pipeline) -> None:
    """A page that is opened before the first segment asks again, which the browser's console tells."""

    def there() -> bool:
        try:
            with urllib.request.urlopen(f"{pipeline.address}/live/front/index.m3u8", timeout=5) as answer:
                return int(answer.status) == 200
        except urllib.error.HTTPError as error:
            error.close()
            return False

    wait_until(there, 30, "the live playlist")


def wait_for_state(tab: Tab, state: str, seconds: float = 30, camera: str = "front") -> None:
    player = tab.page.locator(f"live-player[data-camera={camera}]")
    expect(player).to_have_attribute("data-state", state, timeout=seconds * 1000)


def frames(tab: Tab, camera: str = "front") -> int:
    return int(tab.video("v.getVideoPlaybackQuality().totalVideoFrames", f"live-player[data-camera={camera}]"))


def wait_for_frames(tab: Tab, camera: str = "front") -> None:
    wait_for_state(tab, "live", camera=camera)
    before = frames(tab, camera)
    wait_until(lambda: frames(tab, camera) != before, 20, "the picture moves on")


def forgive_failed_loads(tab: Tab) -> None:
    """What a browser's console says of a server that is away, and of nothing else."""
    lost = ("Failed to load resource", "404", "503")
    assert [text for text in tab.problems if not any(word in text for word in lost)] == []
    tab.problems.clear()


def quick(pipeline: Pipeline) -> bool:
    return pipeline.settings.recorder == "mediamtx"


def wait_for_way(tab: Tab, way: str) -> None:
    expect(tab.page.locator("live-player")).to_have_attribute("data-way", way, timeout=20_000)
    said = {"webrtc": re.compile(r"WebRTC, \d\.\d s"), "hls": re.compile(r"HLS.*, \d+\.\d s behind")}[way]
    expect(tab.page.locator("[data-part=delay]")).to_have_text(said, timeout=20_000)


def ask(pipeline: Pipeline, path: str) -> Any:
    with urllib.request.urlopen(f"{pipeline.address}{path}", timeout=10) as answer:
        return json.load(answer)


def manual_clips(pipeline: Pipeline) -> list[Clip]:
    layout = Layout.of(pipeline.settings)
    found = [clip for day in days(layout, "front") for clip in clips_of_day(layout, "front", day.day)]
    return [clip for clip in found if clip.kind == "manual"]


def test_the_page_of_a_camera(pipeline: Pipeline, browser: Browser, tmp_path: Path) -> None:
    with opened(browser, pipeline.address, accept_downloads=True) as tab:
        tab.open("/camera/front")
        wait_for_frames(tab)
        first_way = "webrtc" if quick(pipeline) else "hls"
        wait_for_way(tab, first_way)
        assert tab.video("v.muted", "live-player"), "it begins without a sound, or no browser would let it begin"

        # Sound, which WebRTC does not carry; by button and by key.
        tab.page.get_by_role("button", name="Sound is off").click()
        expect(tab.page.get_by_role("button", name="Sound is on", pressed=True)).to_be_visible()
        wait_for_way(tab, "hls")
        expect(tab.page.locator("[data-part=delay]")).to_contain_text("HLS for sound")
        heard = tab.video("v.webkitAudioDecodedByteCount", "live-player")
        wait_until(lambda: tab.video("v.webkitAudioDecodedByteCount", "live-player") > heard, 15, "sound is decoded")
        tab.page.keyboard.press("m")
        wait_for_way(tab, first_way)
        wait_for_frames(tab)

        # A snapshot is a file of the whole picture, named by camera and time.
        for take in (
            lambda: tab.page.get_by_role("button", name="Snapshot").click(),
            lambda: tab.page.keyboard.press("s"),
        ):
            with tab.page.expect_download() as download:
                take()
            assert re.fullmatch(r"front \d{4}-\d\d-\d\d \d\d-\d\d-\d\d\.jpg", download.value.suggested_filename)
            download.value.save_as(tmp_path / "shot.jpg")
            assert (tmp_path / "shot.jpg").read_bytes()[:2] == b"\xff\xd8"

        # Full screen, with its controls.
        tab.page.keyboard.press("f")
        filled = "document.fullscreenElement?.localName ?? null"
        wait_until(lambda: tab.page.evaluate(filled) == "live-player", 5, "full screen")
        expect(tab.page.get_by_role("button", name="Snapshot")).to_be_in_viewport()
        tab.page.keyboard.press("f")
        wait_until(lambda: tab.page.evaluate(filled) is None, 5, "no full screen")
        if tab.page.evaluate("document.pictureInPictureEnabled"):
            tab.page.get_by_role("button", name="Small window").click()
            small = "document.pictureInPictureElement?.localName ?? null"
            wait_until(lambda: tab.page.evaluate(small) == "video", 5, "a small window")
            tab.page.keyboard.press("p")
            wait_until(lambda: tab.page.evaluate(small) is None, 5, "no small window")

        # A key saves what just happened.
        tab.page.keyboard.press("1")
        expect(tab.page.locator(".toast").filter(has_text="Saved")).to_be_visible(timeout=15_000)
        expect(tab.page.locator(".recent .clip")).to_have_count(1)

        # The live sound is silent under a clip, and back after it.
        tab.page.keyboard.press("m")
        expect(tab.page.get_by_role("button", name="Sound is on")).to_be_visible()
        tab.page.locator(".recent .clip").click()
        assert tab.video("v.muted", "live-player")
        tab.page.get_by_role("dialog").get_by_role("button", name="Close").click()
        wait_until(lambda: not tab.video("v.muted", "live-player"), 5, "it sounds again")
        assert not tab.problems


def test_a_recording_by_hand(pipeline: Pipeline, browser: Browser) -> None:
    with opened(browser, pipeline.address) as tab, opened(browser, pipeline.address, PHONE) as elsewhere:
        tab.open("/camera/front")
        wait_for_state(tab, "live")
        tab.page.get_by_role("button", name="Record", exact=True).click()
        expect(tab.page.get_by_role("button", name="Stop recording", pressed=True)).to_contain_text(
            re.compile(r"0:0[1-9]")
        )
        elsewhere.open("/camera/front")
        expect(elsewhere.page.get_by_role("button", name="Stop recording")).to_contain_text(re.compile(r"0:0[2-9]"))
        elsewhere.open("/")
        expect(elsewhere.page.get_by_text("Recording", exact=True)).to_be_visible()

        pipeline.kill("web")  # in the middle of it
        pipeline.start_web()
        assert ask(pipeline, "/api/v1/cameras/front/recording")["recording"]["state"] == "recording"
        expect(tab.page.get_by_role("button", name="Stop recording")).to_be_visible()
        tab.page.keyboard.press("r")
        toast = tab.page.locator(".toast").filter(has_text="Recorded")
        expect(toast).to_be_visible(timeout=30_000)
        (clip,) = manual_clips(pipeline)
        assert 2 < clip.duration < 120
        expect(tab.page.locator(f'.recent [data-stem="{clip.name.stem}"] .kind')).to_have_text("Manual")
        toast.get_by_role("button", name="Play").click()
        tab.wait_for_playing(clip.name.stem)
        assert ask(pipeline, "/api/v1/cameras/front/recording")["recording"] is None
        for one in (tab, elsewhere):
            forgive_failed_loads(one)


def test_stopped_but_killed_before_it_is_a_clip(pipeline: Pipeline, browser: Browser) -> None:
    before = len(manual_clips(pipeline))
    with opened(browser, pipeline.address) as tab:
        tab.open("/camera/front")
        wait_for_state(tab, "live")
        tab.page.keyboard.press("r")
        expect(tab.page.get_by_role("button", name="Stop recording")).to_contain_text(re.compile(r"0:0[2-9]"))
        with tab.page.expect_response(lambda answer: answer.request.method == "DELETE") as answer:
            tab.page.keyboard.press("r")
        assert answer.value.status == 202
        pipeline.kill("web")
        pipeline.start_web()
        wait_until(lambda: len(manual_clips(pipeline)) == before + 1, 30, "the clip is made")
        wait_until(
            lambda: ask(pipeline, "/api/v1/cameras/front/recording")["recording"] is None, 10, "and nothing is left"
        )
        expect(tab.page.get_by_role("button", name="Record", exact=True)).to_be_visible(timeout=20_000)
        expect(tab.page.locator(".recent .kind", has_text="Manual")).to_have_count(before + 1, timeout=20_000)
        assert len(manual_clips(pipeline)) == before + 1
        forgive_failed_loads(tab)


def test_it_comes_back_by_itself(pipeline: Pipeline, browser: Browser) -> None:
    with opened(browser, pipeline.address) as tab:
        tab.open("/camera/front")
        wait_for_frames(tab)

        # As a laptop that slept.
        devtools = tab.page.context.new_cdp_session(tab.page)
        devtools.send("Page.setWebLifecycleState", {"state": "frozen"})
        other = tab.page.context.new_page()
        other.wait_for_timeout(FROZEN_FOR)
        other.close()
        devtools.send("Page.setWebLifecycleState", {"state": "active"})
        tab.page.bring_to_front()  # a page in the background has slow timers
        wait_for_frames(tab)

        pipeline.kill("front")
        wait_for_state(tab, "offline")
        expect(tab.page.get_by_text("No picture from front")).to_be_visible()
        expect(tab.page.locator("[data-part=state]")).to_have_text(re.compile(r"Offline since \d\d:\d\d"))
        pipeline.publish()
        wait_for_frames(tab)
        expect(tab.page.get_by_text("No picture from front")).to_be_hidden()

        pipeline.kill("recorder")
        pipeline.kill("front")
        wait_until(lambda: tab.page.locator("live-player").get_attribute("data-state") != "live", 20, "it is missed")
        pipeline.start_recorder()
        pipeline.publish()
        wait_for_frames(tab)
        forgive_failed_loads(tab)


def test_a_still_of_the_camera(pipeline: Pipeline) -> None:
    with urllib.request.urlopen(f"{pipeline.address}/api/v1/cameras/front/still.jpg", timeout=10) as answer:
        assert answer.headers["Content-Type"] == "image/jpeg"
        assert answer.read()[:2] == b"\xff\xd8"
        taken = datetime.strptime(answer.headers["Last-Modified"], "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    assert abs((datetime.now(UTC) - taken).total_seconds()) < 30


def test_a_hidden_wall_plays_nothing_but_shows_stills(pipeline: Pipeline, browser: Browser) -> None:
    hide = """hidden => {
        Object.defineProperty(document, "hidden", { get: () => hidden, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
    }"""
    with opened(browser, pipeline.address) as tab:
        tab.open("/")
        wait_for_frames(tab)
        tab.page.evaluate(hide, True)
        wait_until(
            lambda: tab.video("!v.srcObject && !v.currentSrc || v.readyState === 0", "live-player"), 10, "no film"
        )
        shown = "img => img.src"
        still = tab.page.locator("[data-part=still]")
        wait_until(lambda: still.evaluate(shown).startswith("blob:"), 10, "a still")
        before = still.evaluate(shown)
        wait_until(lambda: still.evaluate(shown) != before, 10, "the next still")
        tab.page.evaluate(hide, False)
        wait_for_frames(tab)


def test_where_webrtc_does_not_get_through_hls_does(
    tmp_path: Path, mediamtx_binary: Path, ffmpeg: str, browser: Browser
) -> None:
    with running_pipeline(tmp_path, "mediamtx", ["front"]) as pipeline:
        pipeline.publish()
        wait_for_playlist(pipeline)
        with opened(browser, pipeline.address) as tab:

            def elsewhere(route: Any) -> None:
                """The recorder's answer, as if a firewall stood before its port."""
                answer = route.fetch()
                udp = f" {pipeline.settings.mediamtx.webrtc_udp_port} typ"
                route.fulfill(response=answer, body=answer.text().replace(udp, " 9 typ"))

            tab.page.route(
                "**/whep*", lambda route: elsewhere(route) if route.request.method == "POST" else route.continue_()
            )
            tab.open("/camera/front")
            wait_for_way(tab, "hls")
            wait_for_frames(tab)
            pipeline.kill("front", signal.SIGTERM)
            wait_for_state(tab, "offline")
            pipeline.publish()
            wait_for_frames(tab)
            assert tab.page.locator("live-player").get_attribute("data-way") == "hls", "it is not tried each time"
            forgive_failed_loads(tab)


def test_a_wall_plays_what_is_in_view(tmp_path: Path, ffmpeg: str, browser: Browser) -> None:
    names = ["a", "b", "c", "d", "e", "f"]
    with running_pipeline(tmp_path, "embedded", names) as pipeline:
        for name in ("a", "f"):
            pipeline.publish(name)
        with opened(browser, pipeline.address, PHONE) as tab:
            tab.open("/")
            wait_for_frames(tab, "a")
            wait_for_state(tab, "offline", camera="b")
            last = tab.page.locator('live-player[data-camera="f"]')
            assert not last.evaluate("p => p.querySelector('video').currentSrc"), "nothing is loaded out of view"
            last.scroll_into_view_if_needed()
            wait_for_frames(tab, "f")
            first = 'live-player[data-camera="a"]'
            wait_until(lambda: tab.video("v.readyState === 0", first), 10, "the first one rests")
            forgive_failed_loads(tab)


def test_a_browser_without_hls_is_told_what_to_do(
    tmp_path: Path, ffmpeg: str, browser: Browser, run_process: Callable[..., Running]
) -> None:
    with running_pipeline(tmp_path, "embedded", ["front"]) as pipeline:
        pipeline.publish()
        with opened(browser, pipeline.address) as tab:
            tab.page.add_init_script("HTMLMediaElement.prototype.canPlayType = () => ''")  # as in Firefox
            tab.open("/camera/front")
            expect(tab.page.locator("live-player")).to_have_attribute("data-state", "unsupported")
            expect(tab.page.get_by_text("This browser cannot play the live picture")).to_be_visible()
            expect(tab.page.get_by_text("Firefox can as soon as BirbCam records with MediaMTX")).to_be_visible()
