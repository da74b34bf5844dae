"""Footage that is scanned again: what the new scan does not find goes, what it finds comes."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest
from yard import DETECT, MAIN, Yard, at, close_to

from config.settings import CameraSettings, Settings
from mediamtx.decisions import delete_clip, keep
from mediamtx.layout import Layout
from mediamtx.publish import refresh
from mediamtx.segments import Span
from motion.activity import Activity, values_of
from motion.events import Rules, Window
from motion.job import Report, run_pass
from motion.rescan import PIECE, Rescan, Wish, next_piece, outside
from motion.spans import union, without
from motion.state import Again, CameraState, decode, encode, load_state
from motion.worklist import DETECT_CHUNK, MAIN_CHUNK


def again(yard: Yard, since: float = 0, until: float = 3600, now: float = 3600, text: str = "once") -> Report:
    wish = Wish(Span(at(since), at(until)), text)
    return run_pass(yard.settings, lambda: at(now), wish=wish)


class TestSpans:
    def test_the_union_is_sorted_and_apart(self) -> None:
        spans = [Span(at(5), at(8)), Span(at(0), at(2)), Span(at(7), at(9)), Span(at(2), at(3))]
        assert union(spans) == [Span(at(0), at(3)), Span(at(5), at(9))]

    def test_what_is_left_without_others(self) -> None:
        others = [Span(at(-1), at(1)), Span(at(4), at(5)), Span(at(20), at(30))]
        assert without([Span(at(0), at(10))], others) == [Span(at(1), at(4)), Span(at(5), at(10))]
        assert without([Span(at(0), at(10))], [Span(at(0), at(10))]) == []

    def test_windows_are_cut(self) -> None:
        window = Window(at(0), at(10), 60.0)
        cut = outside([window], [Span(at(2), at(4))])
        assert [(w.start, w.end, w.score) for w in cut] == [(at(0), at(2), 60.0), (at(4), at(10), 60.0)]

    def test_a_piece_is_of_whole_chunks(self) -> None:
        assert PIECE % DETECT_CHUNK == PIECE % MAIN_CHUNK == 86400 % PIECE == 0
        assert next_piece(Span(at(300), at(9000))) == Span(at(300), at(PIECE))
        assert next_piece(Span(at(PIECE), at(PIECE + 300))) == Span(at(PIECE), at(PIECE + 300))


def test_the_same_wish_goes_on_and_another_one_comes_on_top(settings: Settings) -> None:
    layout = Layout.of(settings)
    state = CameraState(again=Again("a", [Span(at(50), at(60))]))
    rescan = Rescan(layout, "front", state, Activity(layout, "front"), Rules.of(CameraSettings()))
    rescan.request(Span(at(0), at(60)), "a", ())
    assert state.again is not None and state.again.rest == [Span(at(50), at(60))]
    rescan.request(Span(at(0), at(20)), "b", ())
    assert state.again.rest == [Span(at(0), at(20)), Span(at(50), at(60))]
    assert not rescan.begin(()) and state.again is None  # there is no footage


def test_what_is_left_is_written_down() -> None:
    window = Window(at(1), at(2), 60.0)
    again = Again("a", [Span(at(0), at(20))], Span(at(0), at(10)), [Span(at(3), at(4))], [window], ["x_motion"])
    state = CameraState(again=again)
    assert decode("front", json.loads(json.dumps(encode("front", state)))) == state
    assert "again" not in encode("front", CameraState())


@pytest.mark.slow
@pytest.mark.usefixtures("ffmpeg")
class TestAgain:
    @pytest.fixture
    def yard(self, settings: Settings) -> Iterator[Yard]:
        yard = Yard(settings)
        yield yard
        assert yard.leftovers() == []

    def state_is_done(self, yard: Yard) -> bool:
        return b'"again"' not in yard.layout.motion_state("front").read_bytes()

    def test_the_same_settings_change_nothing(self, yard: Yard) -> None:
        yard.both(60, (8, 13), (28, 40))
        yard.run()
        files = [path for clip in yard.clips() for path in (clip.path, clip.sidecar, clip.thumbnail)]
        before = {path: path.stat().st_mtime_ns for path in files}
        scores = values_of(yard.layout, "front", Span(at(-10), at(70)))
        report = again(yard)
        assert (report.clips, report.removed, report.errors) == ([], [], [])
        assert {path: path.stat().st_mtime_ns for path in files} == before
        assert values_of(yard.layout, "front", Span(at(-10), at(70))) == scores
        assert self.state_is_done(yard)

    def test_the_same_windows_with_other_boxes_keep_the_film(self, yard: Yard) -> None:
        yard.both(60, (8, 13), (28, 40))
        yard.run()
        first, second = yard.clips()
        told, picture, film = first.sidecar.read_bytes(), first.thumbnail.read_bytes(), first.path.stat()
        refresh(replace(first, best=first.windows[0].start, boxes=[[3000, [100, 200, 30, 40]]]), b"another picture")
        refresh(replace(second, score=1.0), None)
        other = second.thumbnail.stat().st_mtime_ns
        report = again(yard)
        assert report.clips == [] and [clip.path for clip in report.renewed] == [first.path, second.path]
        assert report.rescanned == 60
        assert (first.sidecar.read_bytes(), first.thumbnail.read_bytes()) == (told, picture)
        assert first.path.stat().st_mtime_ns == film.st_mtime_ns
        assert yard.clips()[1] == second and second.thumbnail.stat().st_mtime_ns == other

    def test_what_cannot_be_read_is_tried_once_a_pass(self, yard: Yard) -> None:
        segments = yard.both(60, (8, 13))
        whole = yard.path(segments[2]).read_bytes()
        yard.path(segments[2]).write_bytes(b"")
        for now in (3600, 3700):
            yard.run(now)
        again(yard, now=3800)
        assert [trouble.tries for trouble in load_state(yard.layout, "front", at(0))[0].troubles.values()] == [2]
        assert self.state_is_done(yard)
        yard.path(segments[2]).write_bytes(whole)
        yard.run(now=3900)
        assert load_state(yard.layout, "front", at(0))[0].troubles == {}

    def test_what_was_set_aside_is_tried_again(self, yard: Yard) -> None:
        _, middle, _ = yard.record(MAIN, [20] * 3, [(5, 9), (24, 27)])
        whole = yard.path(middle).read_bytes()
        yard.path(middle).write_bytes(b"")
        for now in range(3000, 3600, 100):
            yard.run(now)
        yard.path(middle).write_bytes(whole)
        assert yard.run(now=4000).clips == []
        again(yard, 0, 19, now=4100)
        assert close_to(yard.spans(), [(2, 12)])
        again(yard, 10, 50, now=4200, text="another time")
        assert close_to(yard.spans(), [(2, 12), (21, 30)])
        assert load_state(yard.layout, "front", at(0))[0].troubles == {}

    def test_what_is_not_found_any_more_goes_and_its_scores_too(
        self, yard: Yard, caplog: pytest.LogCaptureFixture
    ) -> None:
        yard.both(60, (8, 13), (28, 40))
        yard.run()
        old = yard.clips()
        yard.record(DETECT, [10] * 6)  # the same, as if the detector took no notice
        with caplog.at_level(logging.INFO, "motion"):
            report = again(yard, now=3700)
        assert [clip.path for clip in report.removed] == [clip.path for clip in old] and report.clips == []
        assert yard.clips() == [] and all(str(clip.path) in caplog.text for clip in old)
        assert set(values_of(yard.layout, "front", Span(at(0), at(60)))) == {0}
        yard.record(DETECT, [10] * 6, [(8, 13), (28, 40)])
        assert len(again(yard, now=3800).clips) == 2
        assert close_to(yard.spans(), [(5, 16), (25, 43)])

    def test_an_ignored_area_takes_back_what_was_found_in_it(self, yard: Yard) -> None:
        yard.both(40, (12, 16))
        yard.run()
        whole = (((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)),)
        yard.settings = replace(yard.settings, cameras={"front": CameraSettings(ignore=whole)})
        assert len(again(yard, now=3700).removed) == 1 and yard.clips() == []
        yard.camera()
        assert len(again(yard, now=3800).clips) == 1

    def test_only_the_span_is_touched(self, yard: Yard) -> None:
        yard.both(100, (8, 13), (48, 53), (84, 88))
        yard.run()
        yard.record(DETECT, [10] * 10)
        again(yard, 40, 60, now=3700)
        assert close_to(yard.spans(), [(5, 16), (81, 91)])

    def test_an_event_over_the_spans_end_keeps_what_lies_outside(self, yard: Yard) -> None:
        yard.both(60, (15, 36))
        yard.run()
        yard.record(DETECT, [10] * 6)
        again(yard, 0, 19, now=3700)  # segments of 10 s: the first two
        assert close_to(yard.spans(), [(17, 39)])

    def test_kept_clips_stay_and_deleted_ones_stay_away(self, yard: Yard) -> None:
        yard.both(60, (8, 13), (28, 33))
        yard.run()
        first, second = yard.clips()
        keep(first)
        delete_clip(yard.layout, second, at(3600))
        report = again(yard, now=3700)
        assert (report.clips, report.removed) == ([], [])
        assert [clip.path for clip in yard.clips()] == [first.path]
        yard.record(DETECT, [10] * 6)
        assert again(yard, now=3800).removed == [] and first.path.exists()

    def test_the_open_event_is_judged_anew(self, yard: Yard) -> None:
        yard.both(40, (8, 13), (32, 40))
        yard.run(now=41)
        assert close_to(yard.spans(), [(5, 16)])
        yard.record(DETECT, [10] * 4)
        again(yard, now=42)
        assert yard.clips() == []
        yard.run(now=3600)
        assert yard.clips() == []

    def test_the_open_event_goes_on(self, yard: Yard) -> None:
        segments = yard.both(60, (32, 47))
        hidden = [yard.path(s).rename(yard.settings.media_dir / f"hidden{i}") for i, s in enumerate(segments[4:])]
        yard.run(now=41)
        again(yard, now=42)
        assert yard.clips() == []
        for source, segment in zip(hidden, segments[4:], strict=True):
            source.rename(yard.path(segment))
        yard.run()
        assert close_to(yard.spans(), [(29, 50)])

    def test_the_main_stream_alone(self, yard: Yard) -> None:
        yard.record(MAIN, [20] * 3, [(8, 13), (45, 50)])
        yard.run()
        yard.record(MAIN, [20] * 3)
        assert len(again(yard, 0, 20, now=3700).removed) == 1
        assert close_to(yard.spans(), [(42, 53)])

    def test_where_the_detect_stream_is_missing_the_main_stream_is_scanned_again(self, yard: Yard) -> None:
        yard.record(MAIN, [20] * 6, [(5, 9), (50, 54), (90, 94)])
        yard.record(DETECT, [10] * 2, [(5, 9)])
        yard.record(DETECT, [10] * 4, [(10, 14)], start=80)
        yard.run()
        assert again(yard, now=3700).clips == []
        assert close_to(yard.spans(), [(2, 12), (47, 57), (87, 97)])
        yard.record(MAIN, [20] * 6)
        yard.record(DETECT, [10] * 2)
        yard.record(DETECT, [10] * 4, start=80)
        again(yard, now=3800)
        assert yard.clips() == []

    def test_a_clip_whose_footage_is_gone_stays(self, yard: Yard) -> None:
        yard.both(60, (8, 13), (48, 53))
        yard.run()
        for stream in (MAIN, DETECT):
            for path in sorted(yard.layout.stream_dir(stream).iterdir())[: 2 if stream.detect else 1]:
                path.unlink()
        scores = values_of(yard.layout, "front", Span(at(0), at(20)))
        yard.record(DETECT, [10] * 4, start=20)
        again(yard, now=3700)
        assert close_to(yard.spans(), [(5, 16)])
        assert values_of(yard.layout, "front", Span(at(0), at(20))) == scores

    def test_parts_of_a_long_event(self, yard: Yard) -> None:
        yard.camera(max_event=15.0)
        yard.both(60, (8, 48))
        yard.run()
        before = yard.spans()
        again(yard, 0, 25, now=3700)
        assert yard.spans() == before

    def test_a_pass_that_is_ended_is_completed_by_the_next(self, yard: Yard) -> None:
        yard.both(60, (8, 13), (28, 40))
        yard.run()
        yard.record(DETECT, [10] * 6)
        calls = iter(range(1000))
        wish = Wish(Span(at(0), at(60)), "once")
        run_pass(yard.settings, lambda: at(3700), lambda: next(calls) > 12, wish=wish)
        assert not self.state_is_done(yard) and len(yard.clips()) == 2
        assert len(yard.run(now=3800).removed) == 2
        assert yard.clips() == [] and self.state_is_done(yard)
        assert set(values_of(yard.layout, "front", Span(at(0), at(60)))) == {0}

    def test_much_footage_is_done_in_pieces(self, yard: Yard) -> None:
        yard.record(MAIN, [20] * 6, [(38, 85)], start=3540)
        yard.record(DETECT, [10] * 12, [(38, 85)], start=3540)
        yard.run(now=7000)
        before = yard.spans()
        assert len(before) == 1
        again(yard, 0, 7000, now=7100)
        assert yard.spans() == before

    def test_motion_off_is_said(self, yard: Yard, caplog: pytest.LogCaptureFixture) -> None:
        yard.settings = replace(yard.settings, cameras={"front": CameraSettings(motion=False)})
        assert again(yard).errors == [] and "motion is off" in caplog.text

    def test_without_footage_nothing_happens(self, yard: Yard) -> None:
        assert again(yard) == Report()
