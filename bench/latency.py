"""How late the live picture is: from the camera's clock to the page; `python bench/latency.py`.

The demo camera writes the time into each picture. Recorder, camera and web app run as they are installed, and a real
Chromium shows the page of the camera, in each of the ways that there are:

    WebRTC         MediaMTX
    hls.js         MediaMTX, with the sound on
    native HLS     MediaMTX and the embedded recorder, in a browser that plays HLS by itself (Safari; here Chromium)
    no UDP         MediaMTX, where a firewall lets no WebRTC through: the page turns to HLS

"first picture" is from the click on the link until the film plays (a still is there before), "delay" the age of the
pictures that are shown, read out of them. Prints a Markdown table; bench/RESULTS.md keeps the latest.
"""

from __future__ import annotations

import argparse
import base64
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "bench")]

import numpy as np  # noqa: E402
from pipeline import Pipeline, running_pipeline  # noqa: E402
from playwright.sync_api import Browser, Page, Route, sync_playwright  # noqa: E402
from report import machine, table  # noqa: E402

from camera.clockread import read_clock  # noqa: E402

SETTLE = 8.0  # s after the first picture: a player that begins further behind plays a little faster until it is not
WIDTH, HEIGHT, STRIP = 1280, 720, 24  # px; the clock is in the lowest rows

# The age of a picture is judged when it is handed to the screen; its lowest rows are sent with that time.
SAMPLE = f"""
async () => {{
  const video = document.querySelector("live-player video");
  await new Promise((resolve) => video.requestVideoFrameCallback(resolve));
  const now = performance.timeOrigin + performance.now();
  const canvas = new OffscreenCanvas({WIDTH}, {STRIP});
  const context = canvas.getContext("2d");
  context.drawImage(video, 0, {STRIP - HEIGHT}, {WIDTH}, {HEIGHT});
  const {{ data }} = context.getImageData(0, 0, {WIDTH}, {STRIP});
  let text = "";
  for (let at = 0; at < data.length; at += 4) text += String.fromCharCode(data[at + 1]);
  return {{ now, rows: btoa(text) }};
}}
"""
NO_WEBRTC = "delete window.RTCPeerConnection;"
NO_SOURCES = "delete window.MediaSource; delete window.ManagedMediaSource;"


@dataclass(frozen=True)
class Way:
    """One way in which the picture comes."""

    name: str
    recorder: str
    bar: float  # s
    script: str = ""  # what the browser has or lacks
    sound: bool = False  # switched on
    blocked: bool = False  # no UDP


WAYS = (
    Way("WebRTC", "mediamtx", 0.3),
    Way("hls.js, sound on", "mediamtx", 3.0, sound=True),
    Way("native HLS", "mediamtx", 5.0, NO_WEBRTC + NO_SOURCES),
    Way("no UDP: hls.js", "mediamtx", 3.0, blocked=True),
    Way("native HLS, embedded recorder", "embedded", 5.0),
)


def delay(page: Page) -> float | None:
    """The age (s) of the picture that is being shown; None where its clock cannot be read."""
    answer: dict[str, Any] = page.evaluate(SAMPLE)
    picture = np.zeros((HEIGHT, WIDTH), np.uint8)
    picture[-STRIP:] = np.frombuffer(base64.b64decode(answer["rows"]), np.uint8).reshape(STRIP, WIDTH)
    shown = read_clock(picture)
    if shown is None:
        return None
    return (datetime.fromtimestamp(answer["now"] / 1000, UTC) - shown).total_seconds()


def block_udp(page: Page, pipeline: Pipeline) -> None:
    """Let the browser believe that the recorder's port is another one, where nobody answers."""
    udp = f" {pipeline.settings.mediamtx.webrtc_udp_port} typ"

    def change(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace(udp, " 9 typ"))

    page.route("**/whep*", change)


def measure(browser: Browser, pipeline: Pipeline, way: Way, samples: int) -> list[str]:
    """A line of the table."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    try:
        page = context.new_page()
        if way.script:
            page.add_init_script(way.script)
        if way.blocked:
            block_udp(page, pipeline)
        page.goto(f"{pipeline.address}/")  # the browser has scripts and styles from here on
        begin = time.monotonic()
        page.goto(f"{pipeline.address}/camera/front", wait_until="commit")
        page.wait_for_selector("live-player[data-state=live]", timeout=60_000)
        first = time.monotonic() - begin
        if way.sound:
            page.get_by_role("button", name="Sound is off").click()
        page.wait_for_timeout(SETTLE * 1000)
        page.wait_for_selector("live-player[data-state=live]", timeout=60_000)
        ages = []
        for _ in range(samples):
            age = delay(page)
            if age is not None:
                ages.append(age)
            page.wait_for_timeout(230)
        said = page.locator("[data-part=delay]").inner_text()
        low, middle, high = (f(ages) for f in (min, statistics.median, max))
        kept = "yes" if middle <= way.bar else "**no**"
        cells = f"{middle:.2f} s ({low:.2f} to {high:.2f})", f"{way.bar:g} s", kept, said, f"{first:.1f} s"
        return [way.name, *cells, f"{len(ages)} of {samples}"]
    finally:
        context.close()


def run(recorder: str, browser: Browser, samples: int, wanted: Callable[[Way], bool]) -> list[list[str]]:
    """The lines of one recorder."""
    with tempfile.TemporaryDirectory() as folder, running_pipeline(Path(folder), recorder, ["front"]) as pipeline:
        pipeline.start_cameras()
        time.sleep(10)  # the playlist is full, the camera settled
        return [measure(browser, pipeline, way, samples) for way in WAYS if way.recorder == recorder and wanted(way)]


def main() -> int:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--samples", type=int, default=60, help="pictures whose clock is read, four a second")
    parser.add_argument("--only", default="", help="part of a way's name")
    args = parser.parse_args()
    load, rows = os.getloadavg()[0], []
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        flags = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        for recorder in ("mediamtx", "embedded"):
            rows += run(recorder, browser, args.samples, lambda way: args.only in way.name)
        browser.close()
    print(machine(), f"\n\nLoad of the machine before: {load:.1f}, after: {os.getloadavg()[0]:.1f}\n")
    print(table(["way", "delay", "bar", "kept", "the page says", "first picture", "read"], rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
