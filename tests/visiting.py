"""A real browser at the running web app, for the tests of its pages."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page

import media
from config.settings import Settings
from conftest import Running, write_settings
from mediamtx.clips import Clip, encode_sidecar
from mediamtx.layout import Layout
from mediamtx.marks import Mark
from mediamtx.names import ClipKind
from mediamtx.publish import publish, temporary_path, thumbnail_of
from mediamtx.segments import Span
from waiting import wait_until

ZONE = "Europe/Berlin"
"""Of the browser, wherever the tests run."""

WIDE = (1400, 900)
PHONE = (390, 844)


@dataclass
class Tab:
    """A page in the browser, and all that it complained of."""

    page: Page
    address: str
    problems: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        self.page.goto(self.address + path, wait_until="load")

    def video(self, expression: str, of: str = "clip-player") -> Any:
        """What a JavaScript expression over the player's video `v` gives."""
        return self.page.locator(f"{of} video").evaluate(f"v => {expression}")

    def wait_for_playing(self, stem: str, of: str = "clip-player") -> None:
        """Wait until this clip plays and moves on."""
        playing = f"v.currentSrc.includes('{stem}') && v.currentTime > 0.2 && !v.error"
        wait_until(lambda: self.video(playing, of), 20, f"{stem} plays")
        before = self.video("v.currentTime", of)
        wait_until(lambda: self.video("v.currentTime", of) > before, 10, f"{stem} moves on")

    def chosen(self) -> str:
        """The stem of the clip that is chosen in the list."""
        return str(self.page.locator(".clip[aria-current]").get_attribute("data-stem"))


@contextmanager
def opened(
    browser: Browser, address: str, size: tuple[int, int] = WIDE, theme: str = "light", **options: Any
) -> Iterator[Tab]:
    """A fresh browser window at the web app; on leaving, no page may have complained of anything."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme=theme,
        **{"timezone_id": ZONE, **options},  # type: ignore[arg-type]
    )
    tab = Tab(context.new_page(), address)
    complaints = ("error", "warning")  # a breach of the content security policy is an error

    def hear(said: ConsoleMessage) -> None:
        without_still = "still.jpg" in said.location["url"]  # of a camera that sends nothing
        if said.type in complaints and not without_still:
            tab.problems.append(said.text)

    tab.page.on("console", hear)
    tab.page.on("pageerror", lambda error: tab.problems.append(str(error)))
    try:
        yield tab
        assert not tab.problems
    finally:
        context.close()


@contextmanager
def running_web(settings: Settings, folder: Path) -> Iterator[str]:
    """The address of the real web app over these settings, for a module's tests to share; it ends on leaving."""
    config = write_settings(settings, folder / "config.txt")
    root = str(Path(__file__).parent.parent)
    environment = {"BIRBCAM_CONFIG": str(config), "PYTHONPATH": root, "PYTHONUNBUFFERED": "1"}
    web = Running([sys.executable, "-m", "webapp"], environment)
    try:
        yield address_of(web)
    finally:
        web.close()


def start_web(run_python: Callable[..., Running], settings: Settings) -> str:
    """Start the real web app; its address once it answers."""
    return address_of(run_python(settings, "webapp"))


def address_of(web: Running) -> str:
    """The address of a web app that was started, once it answers."""
    said = re.compile(r"web app at (http://\S+?)/?$")
    wait_until(
        lambda: any(said.search(line) for line in web.lines) or web.process.poll() is not None, 20, "the web app"
    )
    found = [match[1] for line in web.lines if (match := said.search(line))]
    assert found, web.output
    return found[0]


def publish_film(
    layout: Layout,
    start: datetime,
    *,
    camera: str = "front",
    kind: ClipKind = "motion",
    seconds: float = 6,
    look: media.Look | None = None,
    marks: Sequence[Mark] = (),
) -> Clip:
    """Publish a clip that can be played, with its picture."""
    end = start + timedelta(seconds=seconds)
    motion = (Span(start + timedelta(seconds=2), end - timedelta(seconds=2)),) if kind == "motion" else ()
    score = 0.8 if motion else None
    clip = Clip.new(layout, camera, kind, start, start, end, windows=motion, score=score, marks=marks)
    film = media.make_mp4(temporary_path(layout, camera, clip.name, "web"), seconds, look)
    return publish(layout, clip, film, _thumbnail(film))


def fill_day(
    layout: Layout, start: datetime, count: int, *, camera: str = "front", apart: timedelta = timedelta(seconds=80)
) -> list[Clip]:
    """Publish very many clips that can be played, newest first: all are one film, without waiting for the disk."""
    first = publish_film(layout, start, camera=camera)
    clips = [first]
    for number in range(1, count):
        moved = start + number * apart
        clip = Clip.new(layout, camera, "motion", moved, moved, moved + timedelta(seconds=6), score=50.0)
        clip = replace(clip, size=first.size, published_size=first.size)
        clip.folder.mkdir(parents=True, exist_ok=True)
        clip.thumbnail.hardlink_to(first.thumbnail)
        clip.sidecar.write_bytes(encode_sidecar(clip))
        clip.path.hardlink_to(first.path)
        clips.insert(0, clip)
    return clips


def _thumbnail(film: Path) -> bytes:
    return thumbnail_of(film, 1)
