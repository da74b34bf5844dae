"""The live picture in a real browser: on both recorders, through breaks, and where it cannot be played."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, expect

from config.errors import RecorderError
from config.settings import Settings
from conftest import Running
from mediamtx.addresses import publish_url, running_recorder
from mediamtx.names import Stream
from visiting import Tab, opened, start_web
from waiting import wait_until

pytestmark = pytest.mark.slow
FRONT = Stream("front")


@pytest.fixture(params=["embedded", "mediamtx"])
def recording(
    request: pytest.FixtureRequest, settings: Settings, run_python: Callable[..., Running]
) -> Iterator[Settings]:
    """Settings with that recorder running."""
    if request.param == "mediamtx":
        request.getfixturevalue("mediamtx_binary")
    chosen = replace(settings, recorder=request.param)
    recorder = run_python(chosen, "mediamtx")

    def answers() -> bool:
        try:
            return bool(running_recorder(chosen))
        except RecorderError:
            assert recorder.process.poll() is None, recorder.output
            return False

    wait_until(answers, 20, "the recorder")
    yield chosen
    recorder.terminate()


def wait_for_state(tab: Tab, state: str, seconds: float = 30) -> None:
    expect(tab.page.locator("live-player")).to_have_attribute("data-state", state, timeout=seconds * 1000)


def wait_for_progress(tab: Tab) -> None:
    before = tab.video("v.currentTime", "live-player")
    wait_until(lambda: tab.video("v.currentTime", "live-player") > before + 1, 20, "the picture moves on")


def wait_for_playlist(address: str) -> None:
    """A page that is opened before the camera sends asks again and again, which the browser's console tells."""

    def there() -> bool:
        try:
            with urllib.request.urlopen(f"{address}/live/front/index.m3u8", timeout=5) as answer:
                return int(answer.status) == 200
        except urllib.error.HTTPError as error:
            error.close()
            return False

    wait_until(there, 30, "the live playlist")


def test_live_with_sound_and_back_after_a_break(
    recording: Settings, run_python: Callable[..., Running], publish: Callable[..., Running], browser: Browser
) -> None:
    address = start_web(run_python, recording)
    publisher = publish(publish_url(recording, FRONT), fps=25)
    wait_for_playlist(address)
    with opened(browser, address) as tab:
        tab.open("/camera/front")
        wait_for_state(tab, "live")
        wait_for_progress(tab)
        assert tab.video("v.muted", "live-player"), "it begins without a sound, or no browser would let it begin"
        tab.page.get_by_role("button", name="Sound is off").click()
        expect(tab.page.get_by_role("button", name="Sound is on", pressed=True)).to_be_visible()
        heard = tab.video("v.webkitAudioDecodedByteCount", "live-player")
        wait_until(lambda: tab.video("v.webkitAudioDecodedByteCount", "live-player") > heard, 15, "sound is decoded")
        assert not tab.problems

        publisher.terminate()
        wait_for_state(tab, "offline")
        expect(tab.page.get_by_text("No picture from front")).to_be_visible()
        publish(publish_url(recording, FRONT), fps=25)
        wait_for_state(tab, "live")
        expect(tab.page.get_by_text("No picture from front")).to_be_hidden()
        wait_for_progress(tab)
        assert not tab.video("v.muted", "live-player"), "the sound stays on"
        assert [text for text in tab.problems if "Failed to load resource" not in text] == []
        tab.problems.clear()


def test_a_hidden_page_loads_nothing_and_plays_when_it_is_looked_at_again(
    recording: Settings, run_python: Callable[..., Running], publish: Callable[..., Running], browser: Browser
) -> None:
    address = start_web(run_python, recording)
    publish(publish_url(recording, FRONT), fps=25)
    wait_for_playlist(address)
    hide = """hidden => {
        Object.defineProperty(document, "hidden", { get: () => hidden, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
    }"""
    with opened(browser, address) as tab:
        tab.open("/")
        wait_for_state(tab, "live")
        tab.page.evaluate(hide, True)
        wait_until(lambda: tab.video("!v.currentSrc || v.readyState === 0", "live-player"), 10, "it stops loading")
        tab.page.evaluate(hide, False)
        wait_for_state(tab, "live")
        wait_for_progress(tab)


def test_a_browser_without_hls_is_told_what_to_do(
    settings: Settings, run_python: Callable[..., Running], browser: Browser
) -> None:
    with opened(browser, start_web(run_python, settings)) as tab:
        tab.page.add_init_script("HTMLMediaElement.prototype.canPlayType = () => ''")  # as in Firefox
        tab.open("/camera/front")
        expect(tab.page.locator("live-player")).to_have_attribute("data-state", "unsupported")
        expect(tab.page.get_by_text("This browser cannot play the live picture")).to_be_visible()
        expect(tab.page.get_by_text("Firefox can as soon as BirbCam records with MediaMTX")).to_be_visible()
