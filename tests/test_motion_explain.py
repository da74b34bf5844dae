"""Why something did or did not trigger: the reasons in words, and the picture."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import av
import numpy as np
import pytest
from yard import DETECT, MAIN, Yard, at

import media
from config.settings import CameraSettings, Settings
from conftest import write_settings
from mediamtx.decisions import delete_clip, keep
from motion.activity import NO_FOOTAGE, NOT_SCANNED
from motion.explain import explain
from motion.look import Look, Seen
from motion.panels import Story, drawn
from motion.reasons import Facts, reasons
from motion.trace import WORDS, reason_of
from motion.track import Point, Track
from motion.witness import UNSEEN, View, Witness

CAMERA = CameraSettings(sensitivity=40)
WHOLE = (((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)),)  # an area over the whole picture
MISSED = Facts(CAMERA, 20, footage=True, score=20.0, same_second=20.0, alone=20.0, unignored=20.0, smallest=20.0)


class TestReasons:
    @pytest.mark.parametrize(
        ("facts", "words"),
        [
            (replace(MISSED, score=63.4), "it triggers: a score of 63 reaches the threshold of 60 (sensitivity = 40)"),
            (replace(MISSED, score=60.0), "it triggers"),
            (MISSED, "it does not trigger: a score of 20 is below the threshold of 60"),
            (MISSED, "sensitivity = 80 would take it; ./birbcam scan --what-if sensitivity=80"),
            (replace(MISSED, unignored=70.0), "without `ignore` the score would be 70"),
            (replace(MISSED, smallest=70.0), "min_size = 1 instead of 3 the score would be 70"),
            (replace(MISSED, alone=70.0), "a single picture scores 70, but confirm_frames = 2"),
            (replace(MISSED, reason="it swings"), "the detector says: it swings"),
            (replace(MISSED, kept=70), "a pass has noted 70 for that second"),
            (replace(MISSED, kept=NOT_SCANNED), "not scanned yet"),
            (replace(MISSED, aside="damaged"), "set aside, as it could not be read: damaged"),
            (replace(MISSED, problem="no picture"), "the footage cannot be read: no picture"),
            (replace(MISSED, camera=CameraSettings(motion=False)), "motion is off for this camera (motion = false)"),
            (Facts(CAMERA, NO_FOOTAGE), "no footage: nothing was recorded then"),
            (Facts(CAMERA, NOT_SCANNED), "no footage of that time is there"),
            (Facts(CAMERA, NOT_SCANNED, ahead=True), "still to come"),
            (
                Facts(CAMERA, NOT_SCANNED, whole_until="18:03:04"),
                "the segment that is being written goes up to 18:03:04",
            ),
            (replace(MISSED, kept=NOT_SCANNED, whole_until="18:03:04"), "not scanned yet: its segment is not finished"),
            (Facts(CAMERA, 70), "the footage is deleted; the score of 70 that was kept of that second reaches"),
            (Facts(CAMERA, 7, clips=("it is in a clip: x.mp4",)), "it is in a clip: x.mp4"),
        ],
    )
    def test_in_words(self, facts: Facts, words: str) -> None:
        assert any(words in line for line in reasons(facts)), list(reasons(facts))

    def test_nothing_at_all_has_no_cure(self) -> None:
        facts = replace(MISSED, kept=0, score=0.0, same_second=0.0, alone=0.0, unignored=0.0, smallest=0.0)
        assert len(list(reasons(facts))) == 1


def followed(*steps: tuple[float, float], mark: float, marks: dict[str, float]) -> Track:
    """A track through pictures at these times (s), which scored so much."""
    box = (10, 10, 20, 20)
    points = [Point(Seen(time, score), 15, 15, 90, 80, 40, box, 0, 0, 0) for time, score in steps]
    return Track(points, mark=mark, marks=marks)


class TestDetector:
    """What is said must not contradict the score."""

    def test_the_highest_mark_counts_and_what_came_last_is_told_apart(self) -> None:
        said = reason_of([followed((0, 63), mark=63, marks={"size": 70, "chance": 30})])
        assert "63 points at its best, which count" in said and WORDS["chance"] not in said
        said = reason_of([followed((0, 30), mark=30, marks={"size": 70, "chance": 30})])
        assert "30 points; " + WORDS["chance"] in said

    def test_a_picture_that_was_raised_later_is_told_by_its_track(self) -> None:
        witness, grey = Witness(Look(), 0.2), np.full((180, 320), 90, np.uint8)
        between = Seen(0.2, 63)
        track = followed((0.0, 63), (0.4, 63), mark=63, marks={"size": 63})
        witness._kept = [(between, View(at(0.2), grey, 0.0, (), reason="nothing differs"))]
        assert witness.views[0].reason == "nothing differs"
        witness._followed = {1: track, 2: followed((0.3, 20), (0.5, 20), mark=20, marks={"size": 20})}
        (view,) = witness.views
        assert view.score == 63 and view.reason.startswith(UNSEEN) and "63 points" in view.reason
        assert len(view.tracks) == 1


def size_of(png: bytes, path: Path) -> tuple[int, int]:
    path.write_bytes(png)
    with av.open(str(path)) as container:
        return container.streams.video[0].width, container.streams.video[0].height


def test_the_picture_shows_whatever_there_is(tmp_path: Path) -> None:
    grey = np.full((180, 320), 90, np.uint8)
    view = View(at(0), grey, 60.0, ((0.1, 0.2, 0.3, 0.4),), grey, grey, grey, (((0.1, 0.1), (0.5, 0.5)),))
    long = "a long line of words that goes on and on " * 8
    area = (((0.0, 0.0), (0.5, 0.0), (0.5, 0.5)),)
    bare = Story("front, Käfig", at(0), None, (), bytes([NOT_SCANNED] * 20), 50.0, (), ("no footage",))
    full = replace(bare, view=view, seconds=bytes(range(20)), ignore=area, words=(long,))
    part = replace(full, view=replace(view, background=None, tracks=(), boxes=()))
    sizes = [size_of(drawn(story), tmp_path / "picture.png") for story in (bare, part, full)]
    assert sizes[0][0] == sizes[2][0] and sizes[0][1] < sizes[1][1] <= sizes[2][1]


@pytest.mark.slow
@pytest.mark.usefixtures("ffmpeg")
class TestFootage:
    @pytest.fixture
    def yard(self, settings: Settings) -> Yard:
        yard = Yard(settings)
        yard.both(40, (12, 16))
        return yard

    def said(self, yard: Yard, seconds: float, now: float = 3600) -> str:
        return "\n".join(explain(yard.settings, "front", at(seconds), at(now)).words)

    def test_before_and_after_a_pass(self, yard: Yard) -> None:
        words = self.said(yard, 14)
        assert "not scanned yet" in words and "it triggers" in words
        yard.run()
        words = self.said(yard, 14)
        assert "not scanned" not in words and f"it is in a clip: {yard.clips()[0].path}" in words
        assert "it is in the padding of a clip" in self.said(yard, 18.5)
        assert "it does not trigger" in self.said(yard, 30)

    def test_what_is_shown(self, yard: Yard) -> None:
        story = explain(yard.settings, "front", at(14), at(3600))
        assert story.view is not None and abs(story.view.time - at(14)) <= timedelta(seconds=1)
        assert story.view.score >= 50 and story.view.luma.shape == (180, 320)
        times = [frame.time for frame in story.frames]
        assert times == sorted(set(times)) and times[0] <= at(5) and times[-1] >= at(23)
        assert max(frame.score for frame in story.frames) >= 50 and len(story.seconds) == 20

    def test_the_main_stream_where_there_is_no_other(self, yard: Yard) -> None:
        for path in yard.layout.stream_dir(DETECT).iterdir():
            path.unlink()
        assert "it triggers" in self.said(yard, 14)

    def test_a_deleted_and_a_kept_clip(self, yard: Yard) -> None:
        yard.run()
        (clip,) = yard.clips()
        keep(clip)
        assert "it was kept" in self.said(yard, 14)
        delete_clip(yard.layout, clip, at(3600))
        assert "was deleted, so none is made again" in self.said(yard, 14)

    def test_an_ignored_area_and_what_is_too_small(self, yard: Yard) -> None:
        yard.settings = replace(yard.settings, cameras={"front": CameraSettings(ignore=WHOLE)})
        assert "it is in an ignored area: without `ignore` the score would be" in self.said(yard, 14)
        yard.camera(min_size=9000.0)
        assert "it is too small: with min_size = 1 instead of 9000" in self.said(yard, 14)

    def test_what_was_followed_is_told_and_shown(self, yard: Yard) -> None:
        story = explain(yard.settings, "front", at(14), at(3600))
        assert story.view is not None and story.view.boxes and max(map(len, story.view.tracks)) > 5
        assert "followed over" in story.view.reason
        for picture in (story.view.background, story.view.difference, story.view.blobs):
            assert picture is not None and picture.shape == story.view.luma.shape

    def test_an_event_that_may_go_on(self, yard: Yard) -> None:
        yard.both(40, (34, 40))
        yard.run(now=41)
        assert "may still go on" in self.said(yard, 38)

    def test_a_gap(self, yard: Yard) -> None:
        for stream in (MAIN, DETECT):
            yard.record(stream, [20], start=60)
        yard.run()
        assert "nothing was recorded then" in self.said(yard, 50)

    def test_what_is_being_written_is_told_from_what_is_not_there(self, yard: Yard) -> None:
        media.write_segments(yard.layout, DETECT, at(100), [10], finished=False)
        yard.settings = replace(yard.settings, time_zone="UTC")
        assert "the segment that is being written goes up to 18:01:50" in self.said(yard, 115, now=116)
        assert "its segment is not finished" in self.said(yard, 105, now=116)
        yard.run(now=116)
        assert "goes up to 18:01:50" in self.said(yard, 115, now=117)
        assert "no footage of that time is there" in self.said(yard, 115, now=200)
        assert "still to come" in self.said(yard, 300, now=200)
        assert "no footage of that time is there" in self.said(yard, 80, now=200)

    def test_a_segment_that_cannot_be_read(self, yard: Yard) -> None:
        (segment,) = media.write_segments(yard.layout, DETECT, at(100), [10])
        path = yard.path(segment)
        path.write_bytes(path.read_bytes()[:-2000])
        assert "front" not in self.said(yard, 300)
        assert self.said(yard, 101)

    def test_the_command(self, yard: Yard, tmp_path: Path) -> None:
        def run(*arguments: str) -> subprocess.CompletedProcess[str]:
            config = write_settings(yard.settings, tmp_path / "config.txt")
            environment = {k: v for k, v in os.environ.items() if not k.startswith("BIRBCAM_")}
            environment["PYTHONPATH"] = str(Path(__file__).parent.parent)
            command = [sys.executable, "-m", "motion.explain", *arguments, "--config", str(config)]
            return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)

        before = {path for path in tmp_path.rglob("*") if path.is_file()}
        done = run("front", "2026-11-20T18:00:14Z", "--out", "why.png")
        assert (done.returncode, done.stderr) == (0, "")
        assert "it triggers" in done.stdout and done.stdout.endswith("-> why.png\n")
        assert (tmp_path / "why.png").read_bytes().startswith(b"\x89PNG")
        after = {path for path in tmp_path.rglob("*") if path.is_file()}
        assert after - before == {tmp_path / "why.png", tmp_path / "config.txt"}
        assert "no footage" in run("front", "2026-11-20T12:00Z").stdout
        for wrong, words in ((["frnt", "now"], 'did you mean "front"'), (["front", "soon"], "2026-11-20 18:03")):
            done = run(*wrong)
            assert done.returncode == 2 and words in done.stderr
        assert run("front", "now", "--out", "nowhere/why.png").stderr.startswith("birbcam: nowhere/why.png: cannot be")
