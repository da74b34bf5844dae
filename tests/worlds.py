"""Small installations just before a pass of the motion job that has much to do; for tests that disturb that pass."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from stepping import Outcome, Stepper
from yard import DETECT, MAIN, T, at

import media
from config.settings import CameraSettings, Settings
from mediamtx.catalogue import INDEX, clips_near
from mediamtx.clips import Clip
from mediamtx.decisions import delete_clip, keep
from mediamtx.layout import Layout
from mediamtx.publish import refresh
from mediamtx.segments import Span
from motion.state import Again, load_state, save_state

CONFIG = """
media_dir = "media"
output_dir = "clips"
state_dir = "state"
[retention]
keep_free = ""
{retention}
[cameras.front]
pre = 0.5
post = 0.5
merge_gap = 2
max_event = 10
"""
KEEP_ALL = "segment_days = 0"
NOT_COMPARED = (".swept", INDEX, ".scan.lock", ".retention.lock", ".last_pass.json")  # caches, locks, times


@dataclass(frozen=True)
class World:
    """An installation in a folder, and the time of the pass to disturb."""

    folder: Path
    now: float  # s after T

    @property
    def layout(self) -> Layout:
        names = ("media", "clips", "state")
        media_dir, output_dir, state_dir = (self.folder / name for name in names)
        cameras = {"front": CameraSettings()}
        return Layout.of(Settings(media_dir=media_dir, output_dir=output_dir, state_dir=state_dir, cameras=cameras))

    def clips(self) -> list[Clip]:
        return clips_near(self.layout, "front", Span(T, at(600)))

    def spans(self) -> list[tuple[float, float]]:
        return [((clip.start - T).total_seconds(), (clip.end - T).total_seconds()) for clip in self.clips()]

    def content(self) -> dict[str, bytes]:
        """All files below the folder that a pass is to leave, with what is in them, segments by name alone."""
        found = {}
        for path in sorted(self.folder.rglob("*")):
            name = str(path.relative_to(self.folder))
            if path.is_dir():
                found[name + "/"] = b""
            elif path.name not in NOT_COMPARED:
                found[name] = b"" if name.startswith("media/") else path.read_bytes()
        return found

    def copy(self, folder: Path) -> World:
        """The same somewhere else; segments and clips, which nobody writes in place, are linked."""

        def copied(source: str, target: str) -> None:
            if source.endswith(".mp4"):
                os.link(source, target)
            else:
                shutil.copy2(source, target)

        shutil.copytree(self.folder, folder, copy_function=copied)
        return World(folder, self.now)


def _record(world: World, detect: bool, seconds: int, *motion: tuple[float, float], start: float = 0) -> None:
    """Main segments of 10 s with few packets in them, as each is a step, and detect segments of 5 s."""
    lengths, fps = [10] * (seconds // 10), 2 if detect else 5
    media.write_segments(world.layout, MAIN, at(start), lengths, motion=motion, fps=fps, audio=False)
    if detect:
        media.write_segments(world.layout, DETECT, at(start), [5] * (seconds // 5), motion=motion)


def new(world: World, pass_at: Callable[[float], Outcome]) -> None:
    """Two events, the first over a border, the second in two parts; one is still open; somebody's file to be filed."""
    world.layout.camera_dir("front").mkdir(parents=True)
    media.make_mp4(world.layout.camera_dir("front") / "garden 2026-11-20 17-58-00.mp4", 2, media.Look(fps=5))
    pass_at(-100)
    _record(world, True, 40, (8.5, 11.5), (17, 29), (38, 40))


def late(world: World, pass_at: Callable[[float], Outcome]) -> None:
    """The segment between two clips comes late and makes them one, in two parts."""
    _record(world, False, 30, (7, 22))
    middle = sorted(world.layout.stream_dir(MAIN).iterdir())[1]
    hidden = middle.rename(world.folder / "hidden")
    pass_at(40)
    hidden.rename(middle)


def short(world: World, pass_at: Callable[[float], Outcome]) -> None:
    """The last main segment comes after its stream counted as stopped and a clip was made without it."""
    _record(world, True, 20, (7, 14))
    *_, last = sorted(world.layout.stream_dir(MAIN).iterdir())
    hidden = last.rename(world.folder / "hidden")
    pass_at(60)
    assert world.spans()[0][1] < 11
    hidden.rename(last)


def lost(world: World, pass_at: Callable[[float], Outcome]) -> None:
    """The state is damaged and the padding another one since; a clip is kept, one is deleted, two are replaced."""
    _record(world, False, 40, (3, 5), (12, 14), (21, 23), (31, 33))
    pass_at(60)
    first, second, *_ = world.clips()
    keep(first)
    delete_clip(world.layout, second, at(70))
    state = world.layout.motion_state("front")
    state.write_bytes(state.read_bytes()[:-20])
    shutil.rmtree(world.layout.activity_dir("front"))
    config = world.folder / "config.txt"
    config.write_text(config.read_text().replace("pre = 0.5", "pre = 0.7"))


def old(world: World, pass_at: Callable[[float], Outcome]) -> None:
    """Retention takes segments, a clip, the trash and a tombstone; a kept clip stays, and there is a new event."""
    two_days = -48 * 3600
    _record(world, False, 30, (3, 5), (12, 14), (21, 23), start=two_days)
    pass_at(two_days + 60)
    first, second, _ = clips_near(world.layout, "front", Span(at(two_days), at(two_days + 60)))
    keep(first)
    delete_clip(world.layout, second, at(-9 * 86400))
    _record(world, False, 10, (3, 5))
    config = world.folder / "config.txt"
    config.write_text(config.read_text().replace(KEEP_ALL, "segment_days = 1\nclip_days = 1"))


def again(world: World, pass_at: Callable[[float], Outcome]) -> None:
    """Footage over a full hour is to be scanned again: some finds less, some more than it did, some other boxes."""
    _record(world, True, 40, (3, 5), (12, 14), (18, 23), (31, 33), start=-20)
    pass_at(60)
    first, second, *_ = world.clips()
    keep(first)
    refresh(replace(second, best=second.windows[0].start, boxes=[[3000, [100, 200, 30, 40]]]), b"another picture")
    media.write_segments(world.layout, DETECT, at(-20), [5] * 8, motion=[(12, 14), (18.6, 22), (26, 28)])
    state, _ = load_state(world.layout, "front", at(60))
    state.again = Again("a test", [Span(at(-20), at(20))])
    save_state(world.layout, "front", state)


WORLDS: dict[str, tuple[Callable[[World, Callable[[float], Outcome]], None], float]] = {
    "new": (new, 44.0),
    "late": (late, 60.0),
    "short": (short, 90.0),
    "lost": (lost, 90.0),
    "old": (old, 60.0),
    "again": (again, 90.0),
}


def build(name: str, folder: Path, stepper: Stepper) -> World:
    """The world called so, in a new folder."""
    folder.mkdir()
    (folder / "config.txt").write_text(CONFIG.format(retention=KEEP_ALL))
    make, now = WORLDS[name]
    world = World(folder, now)

    def pass_at(seconds: float) -> Outcome:
        outcome = stepper.run(folder, T + timedelta(seconds=seconds))
        assert outcome.code == 0, outcome.said
        return outcome

    make(world, pass_at)
    return world
