"""A real browser at the running web app, for the tests of its pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

import media
from config.settings import Settings
from conftest import Running
from mediamtx.clips import Clip
from mediamtx.layout import Layout
from mediamtx.marks import Mark
from mediamtx.names import ClipKind
from mediamtx.publish import publish, temporary_path, thumbnail_of
from mediamtx.segments import Span
from waiting import wait_until

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
        **options,  # type: ignore[arg-type]
    )
    tab = Tab(context.new_page(), address)
    complaints = ("error", "warning")  # a breach of the content security policy is an error
    tab.page.on("console", lambda said: tab.problems.append(said.text) if said.type in complaints else None)
    tab.page.on("pageerror", lambda error: tab.problems.append(str(error)))
    try:
        yield tab
        assert not tab.problems
    finally:
        context.close()


def start_web(run_python: Callable[..., Running], settings: Settings) -> str:
    """Start the real web app; its address once it answers."""
    web = run_python(settings, "webapp")
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


def _thumbnail(film: Path) -> bytes:
    return thumbnail_of(film, 1)
