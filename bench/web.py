"""How many can watch at once, and how quick the pages are: `python bench/web.py`, in the tests' environment.

Everything runs as installed, and on this machine, viewers included: a recorder, a camera at 720p, the web app. 50 watch
live by HLS, 20 watch recordings, ten have stopped reading; meanwhile somebody asks for the status and for the list of a
day with 1,000 clips. A stall is a picture that would have stood still. Then Chromium opens the pages.
Prints Markdown tables; bench/RESULTS.md keeps the latest.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "bench")]

from playwright.sync_api import sync_playwright  # noqa: E402
from report import machine, table  # noqa: E402
from web_viewers import Asker, LiveViewer, RecordingViewer, StalledViewer, Viewer  # noqa: E402

from config.settings import Settings  # noqa: E402
from conftest import Running, settings_in, write_settings  # noqa: E402
from mediamtx.addresses import publish_url  # noqa: E402
from mediamtx.layout import Layout  # noqa: E402
from mediamtx.names import Stream  # noqa: E402
from visiting import ZONE, address_of, fill_day, publish_film  # noqa: E402
from waiting import wait_until  # noqa: E402

FRONT = Stream("front")
LIVE, RECORDINGS, STALLED = 50, 20, 10  # viewers
SIZE, FPS, BIT_RATE = "1280x720", 25, 2000  # kbit/s
CLIP = 40.0  # s of 1080p
MANY = 1000
DAY = datetime(2026, 11, 20, tzinfo=UTC)
LARGE = 300  # MB of the clip that several download at once
DOWNLOADS = 4
PAGES = ("/", "/camera/front", "/recordings/front/2026-11-20")
WATCH = """
    window.tasks = [];
    new PerformanceObserver(list => list.getEntries().forEach(entry => tasks.push(entry.duration)))
        .observe({ type: "longtask", buffered: true });"""
PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
SCROLL = """async () => {
    const list = document.querySelector(".list");
    for (let y = 0; y < list.scrollHeight; y += 600) {
        list.scrollTop = y;
        await new Promise(requestAnimationFrame);
    }
}"""


def start(settings: Settings, folder: Path, stack: ExitStack, *command: str) -> Running:
    """One of our programs, until the end."""
    config = write_settings(settings, folder / "config.txt")
    environment = {"BIRBCAM_CONFIG": str(config), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    running = Running([sys.executable, "-m", *command], environment)
    stack.callback(running.close)
    return running


def camera(settings: Settings, stack: ExitStack) -> None:
    """A test picture in real time, with a tone."""
    picture = ["-re", "-f", "lavfi", "-i", f"testsrc2=size={SIZE}:rate={FPS}"]
    sound = ["-re", "-f", "lavfi", "-i", "sine=sample_rate=48000"]
    rate = ["-b:v", f"{BIT_RATE}k", "-maxrate", f"{BIT_RATE}k", "-bufsize", f"{BIT_RATE}k", "-g", str(FPS)]
    video = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", *rate, "-pix_fmt", "yuv420p"]
    url = publish_url(settings, FRONT)
    command = ["ffmpeg", "-nostdin", "-v", "error", *picture, *sound, *video, "-c:a", "aac"]
    running = Running([*command, "-f", "rtsp", "-rtsp_transport", "tcp", url], {})
    stack.callback(running.close)


def make_film(path: Path) -> None:
    """A minute or so of 1080p in place of a clip's film."""
    picture = ["-f", "lavfi", "-i", f"testsrc2=size=1920x1080:rate=25:duration={CLIP}"]
    rate = ["-b:v", "5M", "-maxrate", "5M", "-bufsize", "5M", "-g", "25", "-pix_fmt", "yuv420p"]
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", *picture, "-c:v", "libx264", "-preset", "ultrafast", *rate]
    subprocess.run([*command, "-movflags", "+faststart", str(path)], check=True)


def workers(master: int) -> list[int]:
    """The web app's processes."""
    children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    return [master, *map(int, children)]


def memory(pids: Sequence[int]) -> float:
    """MB that processes have for themselves, with their share of the rest."""
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total / 1000


def processor(pids: Sequence[int]) -> float:
    """Seconds of processor time that processes have had."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def watched(viewers: Sequence[Viewer], seconds: float, stop: threading.Event, pids: Sequence[int]) -> tuple[float, ...]:
    """Let them watch; the web app's memory at its largest (MB) and its processor time (per cent of a core)."""
    for number, viewer in enumerate(viewers):
        viewer.start()
        if number % 10 == 9:
            time.sleep(0.2)
    begin, before, most = time.monotonic(), processor(pids), 0.0
    while time.monotonic() - begin < seconds:
        time.sleep(0.5)
        most = max(most, memory(pids))
    cost = 100 * (processor(pids) - before) / (time.monotonic() - begin)
    stop.set()
    for viewer in viewers:
        viewer.join(35)
    return most, cost


def milliseconds(values: Sequence[float]) -> str:
    """Median, 99th percentile and the longest."""
    ordered = sorted(values)
    late = ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]
    return f"{1000 * statistics.median(ordered):.0f} / {1000 * late:.0f} / {1000 * ordered[-1]:.0f} ms"


def viewer_rows(name: str, viewers: Sequence[Viewer], seconds: float) -> list[str]:
    """One kind of viewer."""
    errors = [error for viewer in viewers for error in viewer.seen.errors]
    for error in sorted(set(errors)):
        print(f"{name}: {error} ({errors.count(error)} times)", file=sys.stderr)
    loaded = sum(viewer.seen.loaded for viewer in viewers) * 8 / 1e6 / seconds
    stalls, stood = sum(v.seen.stalls for v in viewers), sum(v.seen.stood for v in viewers)
    answers = [answer for viewer in viewers for answer in viewer.seen.answers]
    return [
        name,
        str(len(viewers)),
        f"{loaded:.0f} Mbit/s",
        f"{stalls} ({stood:.1f} s)",
        milliseconds(answers),
        str(len(errors)),
    ]


def browser_rows(address: str) -> list[list[str]]:
    """First paint of each page, and the longest task with 1,000 clips."""
    rows = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for path in PAGES:
            paints = []
            for _ in range(5):
                page = browser.new_page(viewport={"width": 1400, "height": 900}, timezone_id=ZONE)
                page.goto(address + path)
                page.wait_for_function(PAINT)
                paints.append(page.evaluate(PAINT) / 1000)
                page.close()
            rows.append([f"first paint of {path}", milliseconds(paints), "1 s"])
        page = browser.new_page(viewport={"width": 1400, "height": 900}, timezone_id=ZONE)
        page.add_init_script(WATCH)
        page.goto(address + PAGES[-1])
        page.wait_for_selector(".clip[aria-current]")
        page.wait_for_load_state("networkidle")

        def longest(what: str, act: Any) -> None:
            act()
            page.wait_for_timeout(500)
            rows.append(
                [
                    f"longest task, 1,000 clips: {what}",
                    f"{max(page.evaluate('tasks.splice(0)'), default=0):.0f} ms",
                    "200 ms",
                ]
            )

        longest("open", lambda: None)
        longest("scroll to the end", lambda: page.evaluate(SCROLL))
        longest("to the last clip and back", lambda: [page.keyboard.press(key) for key in ("End", "Home")])
        longest("filter, and no more", lambda: [page.click("[data-filter-kept]") for _ in range(2)])
        longest("select all, and none", lambda: [page.keyboard.press(key) for key in ("x", "a", "a", "Escape")])
        longest("another day and back", lambda: [_open(page, "older"), _open(page, "newer")])
        browser.close()
    return rows


def _open(page: Any, which: str) -> None:
    page.click(f"[data-part={which}]")
    page.wait_for_function("() => document.querySelector('.list').ariaBusy === 'false'")


def download_row(port: int, clip: Any, pids: Sequence[int]) -> list[str]:
    """Several download one large clip at once, as quickly as it comes."""
    command = ["curl", "-s", "-o", "/dev/null", f"http://127.0.0.1:{port}{clip}"]
    before, begin, most = memory(pids), time.monotonic(), 0.0
    downloads = [subprocess.Popen(command) for _ in range(DOWNLOADS)]
    while any(download.poll() is None for download in downloads):
        most = max(most, memory(pids))
        time.sleep(0.1)
    seconds = time.monotonic() - begin
    rate = DOWNLOADS * LARGE / seconds
    return [
        f"{DOWNLOADS} downloads of {LARGE} MB at once",
        f"{rate:.0f} MB/s, the web app grows by {most - before:.1f} MB",
        "-",
    ]


def main() -> None:
    """Measure everything and print the tables."""
    parser = argparse.ArgumentParser(description="How many can watch at once.")
    parser.add_argument("--seconds", type=float, default=60, help="how long they watch (default: 60)")
    parser.add_argument("--recorder", default="mediamtx", choices=("mediamtx", "embedded"))
    arguments = parser.parse_args()
    print(f"{datetime.now(UTC):%Y-%m-%d}, {machine()}, {arguments.recorder}, load before {os.getloadavg()[0]:.1f}\n")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="birbcam-bench-")))
        settings = replace(settings_in(folder), recorder=arguments.recorder, time_zone=ZONE)
        layout = Layout.of(settings)
        fill_day(layout, DAY, MANY)
        publish_film(layout, DAY - timedelta(days=1))
        film = publish_film(layout, DAY - timedelta(days=2))
        make_film(film.path)
        size = film.path.stat().st_size
        large = publish_film(layout, DAY - timedelta(days=3))
        with large.path.open("r+b") as file:
            file.truncate(LARGE * 1_000_000)
        start(settings, folder, stack, "mediamtx")
        wait_until(lambda: layout.recorder_file.exists(), 60, "the recorder")
        camera(settings, stack)
        web = start(settings, folder, stack, "webapp")
        address = address_of(web)
        port = int(address.rpartition(":")[2])
        wait_until(lambda: _is_live(port), 60, "the live picture", pause=1)
        pids = workers(web.process.pid)
        listing = "/api/v1/cameras/front/clips?day=2026-11-20"
        idle = memory(pids)

        def askers(stop: threading.Event) -> list[Asker]:
            return [Asker(port, "/api/v1/status", stop), Asker(port, listing, stop)]

        stop = threading.Event()
        alone = askers(stop)
        watched(alone, 15, stop, pids)
        stop = threading.Event()
        live: list[Viewer] = [LiveViewer(port, "/live/front/index.m3u8", stop) for _ in range(LIVE)]
        clip = f"/clips/front/{film.day}/{film.name.stem}.mp4"
        recorded: list[Viewer] = [RecordingViewer(port, clip, stop, size, CLIP) for _ in range(RECORDINGS)]
        lazy = f"/clips/front/{large.day}/{large.name.stem}.mp4"
        stalled: list[Viewer] = [StalledViewer(port, lazy, stop) for _ in range(STALLED)]
        asked = askers(stop)
        most, cost = watched([*stalled, *live, *recorded, *asked], arguments.seconds, stop, pids)
        load = os.getloadavg()[0]
        head = ["who", "how many", "together", "stalls", "first byte: median / p99 / longest", "errors"]
        rows = [viewer_rows("live HLS, 720p", live, arguments.seconds)]
        rows.append(viewer_rows(f"recordings, 1080p, {size * 8 / CLIP / 1e6:.1f} Mbit/s", recorded, arguments.seconds))
        print(
            f"{arguments.seconds:g} s, beside {STALLED} readers that had stopped reading; load at the end {load:.1f}\n"
        )
        print(table(head, rows) + "\n")
        figures = [
            ["the status, nobody else there", milliseconds(alone[0].seen.answers), "-"],
            ["the status meanwhile", milliseconds(asked[0].seen.answers), "-"],
            ["the list of 1,000 clips, nobody else there", milliseconds(alone[1].seen.answers), "100 ms"],
            ["the list of 1,000 clips meanwhile", milliseconds(asked[1].seen.answers), "-"],
            ["the web app's memory, at rest and meanwhile", f"{idle:.0f} MB, {most:.0f} MB", "-"],
            ["its processor time meanwhile", f"{cost:.0f} % of a core", "-"],
            download_row(port, lazy, pids),
            *browser_rows(address),
        ]
        print(table(["figure", "median / p99 / longest", "bound"], figures))


def _is_live(port: int) -> bool:
    command = ["curl", "-s", f"http://127.0.0.1:{port}/api/v1/status"]
    status = json.loads(subprocess.run(command, capture_output=True, text=True).stdout or "{}")
    return any(camera["state"] == "live" for camera in status.get("cameras", ()))


if __name__ == "__main__":
    main()
