"""The whole pipeline as a new user sees it: the demo in a real browser, on both recorders."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from camera.scene_visits import visits_between
from conftest import free_ports
from mediamtx.names import from_iso
from waiting import wait_until

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parent.parent
LIVE_WITHIN = 30.0  # s; ten on an idle machine, which bench/ measures
CLIP_WITHIN = 180.0  # s; two minutes on an idle machine
GOP = 1.0  # s
LEARNT = timedelta(seconds=12)
NEAR = timedelta(seconds=2)  # a bird comes in over the edge, a few pixels at first


@dataclass
class Demo:
    """A demo that runs in a folder of its own."""

    process: subprocess.Popen[str]
    folder: Path
    address: str
    lines: list[str] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)


@pytest.fixture(params=["embedded", "mediamtx"])
def demo(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Demo]:
    if request.param == "mediamtx":
        request.getfixturevalue("mediamtx_binary")
    (port,) = free_ports(1)
    command = [str(ROOT / "birbcam"), "demo", "--dir", str(tmp_path), "--port", str(port), "--recorder", request.param]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"BIRBCAM_VENV": sys.prefix},
    )
    running = Demo(process, tmp_path, f"http://127.0.0.1:{port}/")

    def collect() -> None:
        assert process.stdout is not None
        running.lines.extend(line.rstrip("\n") for line in process.stdout)

    reader = Thread(target=collect)
    reader.start()
    try:
        yield running
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
        reader.join(10)
        assert process.stdout is not None
        process.stdout.close()
        print("\n".join(running.lines))


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    yield context.new_page()
    context.close()


def probe(path: Path) -> dict[str, Any]:
    """What ffprobe says of a file's format and streams."""
    command = ["ffprobe", "-v", "error", "-of", "json", "-show_format", "-show_streams", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    assert done.stderr == ""
    return dict(json.loads(done.stdout))


def clips(demo: Demo, kind: str) -> list[Path]:
    return sorted((demo.folder / "clips/garden").glob(f"*/[!.]*_{kind}.mp4"))  # [!.]: not one that is being written


def video_time(page: Page) -> float:
    return float(page.locator("video").first.evaluate("v => v.currentTime"))


def test_a_new_user_sees_the_garden_saves_a_minute_and_finds_a_visit(demo: Demo, page: Page) -> None:
    problems: list[str] = []
    # A still that is asked for before there is one is answered with 503, which the browser's console tells.
    told = lambda message: message.type == "error" and "503" not in message.text  # noqa: E731
    page.on("console", lambda message: problems.append(message.text) if told(message) else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    wait_until(
        lambda: any(f"open {demo.address}" in line for line in demo.lines), LIVE_WITHIN, "the address is printed"
    )

    # The live picture, with sound.
    page.goto(demo.address)
    page.get_by_role("link", name=re.compile("Garden")).first.click()
    expect(page).to_have_url(re.compile(r"/camera/garden$"))
    wait_until(lambda: video_time(page) > 0, LIVE_WITHIN, "the live picture plays")
    # A page that is there before the first picture asks again and again, which the browser's console tells.
    problems[:] = [problem for problem in problems if "404" not in problem]
    before = video_time(page)
    wait_until(lambda: video_time(page) > before + 2, 20, "the live picture moves on")
    page.get_by_role("button", name="Sound is off").click()
    expect(page.get_by_role("button", name="Sound is on")).to_be_visible()
    heard = "v => v.webkitAudioDecodedByteCount"
    wait_until(lambda: page.locator("video").first.evaluate(heard) > 0, 20, "the live sound is decoded")

    # Save the last minute, once there is one.
    main = demo.folder / "recordings/garden"
    first = wait_until(lambda: sorted(main.glob("*.mp4")), 20, "a segment")[0]
    begun = datetime.strptime(first.stem, "%Y-%m-%d_%H-%M-%S-%f").replace(tzinfo=UTC)
    wait_until(lambda: datetime.now(UTC) > begun + timedelta(seconds=64), 90, "a minute is recorded", pause=0.5)
    page.get_by_role("button", name="Save last 60 s").click()
    expect(page.get_by_role("status").get_by_role("link").first).to_be_visible(timeout=15_000)
    (saved,) = clips(demo, "saved")
    found = probe(saved)
    assert [stream["codec_name"] for stream in found["streams"]] == ["h264", "aac"]
    assert float(found["format"]["duration"]) == pytest.approx(60, abs=GOP + 0.5)

    # The clip that the motion job made of a bird, where the demo itself says one was. What begins in the first seconds
    # ever recorded is seen against no background that was learnt before: the one after that must be right.
    def clip_of_a_visit() -> Path | None:
        for path in clips(demo, "motion"):
            windows = [
                [from_iso(time) for time in window]
                for window in json.loads(path.with_suffix(".json").read_text())["windows"]
            ]
            if not windows:
                continue  # the rest of a clip after a break in the recording: what comes after the motion
            for start, end in windows:
                assert visits_between(1, start - NEAR, end + NEAR), f"motion at {start} where the demo shows no bird"
            visits = visits_between(1, begun + LEARNT, windows[-1][1])
            if any(visit.start > begun + LEARNT and abs(visit.start - windows[0][0]) < NEAR for visit in visits):
                return path
        return None

    visit_clip = wait_until(clip_of_a_visit, CLIP_WITHIN, "an event clip that begins with a bird", pause=0.5)
    assert [stream["codec_name"] for stream in probe(visit_clip)["streams"]] == ["h264", "aac"]

    # Programs are told what the camera sends, and the system page what runs.
    (camera,) = page.request.get(f"{demo.address}api/v1/cameras").json()["cameras"]
    assert camera["state"] == "live"
    statistics = camera["statistics"]
    assert 5 < statistics["fps"] < 35
    assert statistics["bit_rate"] > 100
    assert statistics["bytes_received"] > 100_000
    assert statistics["clips_today"] >= 1
    page.goto(f"{demo.address}settings/system")
    expect(page.locator("[data-live=runs]")).to_contain_text(re.compile(r"last new footage searched .*, in \d"))
    expect(page.get_by_role("list", name="Log messages")).to_contain_text("publishing")  # of the log file
    page.goto(f"{demo.address}camera/garden")

    # The day page has both, and plays them.
    page.get_by_role("link", name=re.compile("Recordings")).first.click()
    expect(page).to_have_url(re.compile(r"/recordings/garden"))
    for path in (visit_clip, saved):
        page.locator(f'[data-stem="{path.stem}"]').first.click()
        playing = f"v => v.currentSrc.includes('{path.stem}') && v.currentTime > 0.3 && !v.error"
        wait_until(lambda: page.locator("video").first.evaluate(playing), 20, f"{path.stem} plays")  # noqa: B023
    assert not problems

    # The end: everything closed, nobody left.
    demo.process.send_signal(signal.SIGTERM)
    assert demo.process.wait(40) == 0
    for segment in sorted(main.glob("*.mp4")):
        assert probe(segment)["streams"], segment
    left = subprocess.run(["pgrep", "-f", str(demo.folder)], capture_output=True, text=True, check=False)
    assert left.stdout == "", "orphans"
    assert not any("Traceback" in line or " ERROR " in line for line in demo.lines)
