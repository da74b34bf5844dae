"""Makes the README's pictures of the pages from a demo that runs for it: `./birbcam screenshots [FOLDER]`.

The demo draws its garden as always; once it has cut a few clips, each page in SHOTS is photographed by Chromium, light
and dark, as NAME-light.webp and NAME-dark.webp. With --dir the demo goes on with what an earlier one recorded.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
CAMERA = "garden"
SIZE = (1440, 900)
QUALITY = 80  # of WebP
CLIPS = 4  # that the demo must have before the pictures are taken
PATIENCE = 900.0  # s for them: a bird comes about once a minute
FILM = 300.0  # s of recording that the timeline is to show
THEMES = ("light", "dark")


def live(page: Page) -> None:
    """Wait until the picture moves."""
    page.wait_for_function("() => document.querySelector('live-player video')?.currentTime > 1", timeout=60_000)


def reviewed(page: Page) -> None:
    """A clip in its middle, where something is to be seen, with the boxes around it; it plays on very slowly."""
    page.wait_for_selector(".clip[aria-current]")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("b")
    page.wait_for_function("() => document.querySelector('clip-player video').readyState >= 2", timeout=30_000)
    page.evaluate(
        """() => new Promise(done => {
            const video = document.querySelector("clip-player video");
            video.playbackRate = 0.1;
            video.onseeked = () => done();
            video.currentTime = video.duration / 2;
        })"""
    )


def zoomed(page: Page) -> None:
    """The last hours of the day, once its pictures are there."""
    for _ in range(5):
        page.get_by_role("button", name="Zoom in").click()
    page.wait_for_timeout(5000)  # nothing tells when the last picture has come


@dataclass(frozen=True)
class Shot:
    """One page: the pictures' name, its address in the demo, and what is done before."""

    name: str
    path: str
    prepare: Callable[[Page], None]


SHOTS = [
    Shot("camera", f"/camera/{CAMERA}", live),
    Shot("recordings", f"/recordings/{CAMERA}", reviewed),
    Shot("timeline", f"/timeline/{CAMERA}", zoomed),
]


def main() -> int:
    """Run the demo, take the pictures, end the demo."""
    parser = argparse.ArgumentParser(prog="birbcam screenshots", description="Make the README's pictures.")
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "docs", help="where to (default: docs)")
    parser.add_argument("--dir", type=Path, help="folder of the demo (default: a new one, removed afterwards)")
    parser.add_argument("--only", choices=[shot.name for shot in SHOTS], action="append", help="only this page")
    arguments = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        print("birbcam: chromium is missing; install it with: sudo apt install chromium", file=sys.stderr)
        return 1
    arguments.folder.mkdir(parents=True, exist_ok=True)
    wanted = [shot for shot in SHOTS if not arguments.only or shot.name in arguments.only]
    with tempfile.TemporaryDirectory(prefix="birbcam-screenshots-") as new, demo(arguments.dir or Path(new)) as address:
        wait_for_clips(address)
        photograph(chromium, address, wanted, arguments.folder)
    return 0


@contextmanager
def demo(folder: Path) -> Iterator[str]:
    """A running demo; the address of its page."""
    command = [str(ROOT / "birbcam"), "demo", "--dir", str(folder), "--camera", CAMERA]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="")
            if found := re.search(r"open (http://\S+?)/? in a browser", line):
                yield found[1]
                return
        raise SystemExit("birbcam: the demo did not start; the reason stands above")
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate()


def wait_for_clips(address: str) -> None:
    """Until the demo has clips to show, and some minutes for the timeline."""
    begin = time.monotonic()
    while time.monotonic() - begin < PATIENCE:
        with urllib.request.urlopen(f"{address}/api/v1/cameras/{CAMERA}/clips", timeout=30) as answer:
            count = json.load(answer)["count"]
        print(f"birbcam: {count} of {CLIPS} clips", file=sys.stderr)
        if count >= CLIPS and (count > 2 * CLIPS or time.monotonic() - begin > FILM):
            return
        time.sleep(10)
    raise SystemExit(f"birbcam: no {CLIPS} clips within {PATIENCE:g} s; what the demo says stands in its log.txt")


def photograph(chromium: str, address: str, shots: list[Shot], folder: Path) -> None:
    """Take each page in each theme."""
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        for theme in THEMES:
            page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]}, color_scheme=theme)
            page.add_init_script("localStorage.setItem('no-hint', '1')")
            for shot in shots:
                page.goto(address + shot.path)
                shot.prepare(page)
                page.mouse.move(SIZE[0] / 2, SIZE[1] - 2)
                page.wait_for_timeout(600)  # what fades has faded
                path = folder / f"{shot.name}-{theme}.webp"
                picture = Image.open(io.BytesIO(page.screenshot()))
                picture.save(path, quality=QUALITY, method=6)
                print(f"birbcam: {path} ({path.stat().st_size / 1000:.0f} kB)", file=sys.stderr)
            page.close()
        browser.close()


if __name__ == "__main__":
    sys.exit(main())
