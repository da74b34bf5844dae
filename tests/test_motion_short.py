"""Footage that comes after a clip was made without it: the clip is made again, and is what it would have been."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from yard import DETECT, MAIN, Yard, at, close_to

from config.settings import Settings
from mediamtx.decisions import keep
from mediamtx.layout import Layout
from mediamtx.listing import Segments
from mediamtx.marks import Mark
from mediamtx.names import Stream, segment_name
from mediamtx.segments import Span
from motion.events import Rules, Window
from motion.footage import Footage
from motion.short import MOST, lacking, mend, remember
from motion.state import CameraState, Short, decode, encode


def footage(*starts: float) -> Footage:
    segments = Segments(MAIN, [segment_name(at(start)) for start in starts])
    return Footage(MAIN, segments, 0, True, segments[:0])


class TestMemory:
    def test_fractions_of_a_second_are_not_missed(self) -> None:
        assert lacking(Span(at(0), at(10)), [Span(at(0.4), at(4)), Span(at(4.9), at(8))]) == [Span(at(8), at(10))]

    def test_a_clip_is_told_by_what_it_lacks_now(self) -> None:
        short: list[Short] = []
        windows = [Window(at(65), at(72), 60.0)]
        remember(short, "a", windows, [Span(at(70), at(73))], footage(0, 60))
        assert short == [Short("a", Span(at(70), at(73)), at(60), (Window(at(70), at(72), 60.0),))]
        remember(short, "a", windows, [], footage(0, 60))
        assert short == []
        for number in range(2 * MOST):
            remember(short, f"{number}", (), [Span(at(70), at(73))], footage())
        assert len(short) == MOST and short[-1] == Short(f"{2 * MOST - 1}", Span(at(70), at(73)), None)

    def test_it_is_written_down(self) -> None:
        windows = (Window(at(1), at(2), 60.0, (Mark(at(1), ((1, 2, 3, 4),)),)),)
        state = CameraState(
            short=[Short("a", Span(at(1), at(2)), at(0), windows), Short("b", Span(at(1), at(2)), None)]
        )
        assert decode("front", json.loads(json.dumps(encode("front", state)))) == state
        assert "short" not in encode("front", CameraState())

    def test_it_is_forgotten_with_the_clip(self, settings: Settings) -> None:
        layout, rules = Layout.of(settings), Rules.of(settings.cameras["front"])
        old, gone = (
            Short("a", Span(at(1), at(2)), None),
            Short("2026-11-20_18-01-00-000_motion", Span(at(70), at(72)), None),
        )
        state = CameraState(short=[old, gone])
        mend(layout, "front", state, footage(), None, rules)
        assert state.short == [old, gone]
        mend(layout, "front", state, footage(60), None, rules)
        assert state == CameraState(short=[old])


@pytest.mark.slow
@pytest.mark.usefixtures("ffmpeg")
class TestClips:
    @contextmanager
    def without(self, yard: Yard, stream: Stream, numbers: slice) -> Iterator[None]:
        """Some segments are not there yet."""
        hidden = []
        for path in sorted(yard.layout.stream_dir(stream).iterdir())[numbers]:
            hidden.append((path.rename(yard.settings.media_dir / f"{stream.path} {path.name}"), path))
        yield
        for aside, path in hidden:
            aside.rename(path)

    def lacks(self, yard: Yard) -> bool:
        return b'"short"' in yard.layout.motion_state("front").read_bytes()

    def wanted(self, yard: Yard) -> dict[Path, bytes]:
        return {path: path.read_bytes() for clip in yard.clips() for path in (clip.path, clip.sidecar, clip.thumbnail)}

    @pytest.mark.parametrize("late", [slice(2, 3), slice(1, 2), slice(0, 1)], ids=["last", "middle", "first"])
    def test_a_main_segment_that_comes_after_all_makes_the_clip_whole(self, yard: Yard, late: slice) -> None:
        yard.both(60, (17, 44))
        with self.without(yard, MAIN, late):
            yard.run()
            assert self.lacks(yard)
            short = sum(clip.size for clip in yard.clips())
            before = {clip.path: clip.path.stat().st_mtime_ns for clip in yard.clips()}
            yard.run(now=3700)
            assert {clip.path: clip.path.stat().st_mtime_ns for clip in yard.clips()} == before
        assert len(yard.run(now=3800).clips) == 1
        assert close_to(yard.spans(), [(14, 47)]) and not self.lacks(yard)
        assert yard.clips()[0].size > 1.1 * short
        assert yard.run(now=3900).clips == []

    def test_a_stream_that_goes_on_after_all_goes_on_with_the_event(self, yard: Yard) -> None:
        yard.both(80, (34, 39), (43, 47))  # less than merge_gap between
        yard.run(now=7000)
        wanted = self.wanted(yard)
        for path in wanted:
            path.unlink()
        yard.layout.motion_state("front").unlink()
        for path in yard.layout.activity_dir("front").iterdir():
            path.unlink()
        yard.layout.activity_dir("front").rmdir()
        with self.without(yard, MAIN, slice(2, 4)), self.without(yard, DETECT, slice(4, 8)):
            yard.run()
            assert close_to(yard.spans(), [(31, 40)]) and self.lacks(yard)
        yard.run(now=7000)
        assert close_to(yard.spans(), [(31, 50)]) and not self.lacks(yard)
        assert self.wanted(yard).keys() == wanted.keys()

    def test_the_main_stream_alone(self, yard: Yard) -> None:
        yard.record(MAIN, [20] * 3, [(34, 39.5)])
        with self.without(yard, MAIN, slice(2, 3)):
            yard.run()
            assert close_to(yard.spans(), [(31, 40)])
        yard.run(now=3700)
        assert close_to(yard.spans(), [(31, 42.5)]) and not self.lacks(yard)

    def test_a_clip_that_was_kept_stays_as_it_is(self, yard: Yard) -> None:
        yard.both(60, (34, 39.5))
        with self.without(yard, MAIN, slice(2, 3)):
            yard.run()
            (clip,) = yard.clips()
            keep(clip)
        assert yard.run(now=3700).clips == [] and not self.lacks(yard)
        assert close_to(yard.spans(), [(31, 40)])
