"""The motion job on real footage: passes as they come, and what they leave on disk."""

from __future__ import annotations

import errno
import json
import logging
import os
import random
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from yard import DETECT, MAIN, T, Yard, at, close_to, end_of

import media
from config.errors import ClipError
from config.settings import CameraSettings
from mediamtx.decisions import delete_clip, keep
from mediamtx.names import Segment, Stream
from mediamtx.parts import Sample
from mediamtx.samples import Video
from mediamtx.segments import Span, inspect
from motion.activity import Activity
from motion.job import Report

pytestmark = [pytest.mark.usefixtures("ffmpeg"), pytest.mark.slow]


class TestEvents:
    def test_inside_one_segment(self, yard: Yard) -> None:
        yard.both(40, (12, 16))
        report = yard.run()
        assert close_to(yard.spans(), [(9, 19)])
        (clip,) = yard.clips()
        assert [told.path for told in report.clips] == [clip.path] and report.errors == []
        ((start, end),) = ((w.start, w.end) for w in clip.windows)
        assert abs((start - at(12)).total_seconds()) <= 0.3 and abs((end - at(16)).total_seconds()) <= 0.3
        assert clip.score is not None and clip.score >= 50
        assert clip.thumbnail.read_bytes().startswith(b"\xff\xd8")
        info = inspect(clip.path)
        assert info.audio and info.duration == pytest.approx(10, abs=0.2)
        sidecar = json.loads(clip.sidecar.read_bytes())
        assert sidecar["kind"] == "motion" and sidecar["camera"] == "front" and sidecar["version"] == 1

    def test_across_two_and_three_segments(self, yard: Yard) -> None:
        yard.both(60, (8, 13), (28, 51))
        yard.run()
        assert close_to(yard.spans(), [(5, 16), (25, 54)])

    def test_from_the_main_stream_alone(self, yard: Yard) -> None:
        yard.record(MAIN, [20] * 3, [(8, 13), (35, 43)])
        yard.run()
        assert close_to(yard.spans(), [(5, 16), (32, 46)])

    def test_from_a_large_main_stream(self, yard: Yard) -> None:
        media.write_segments(yard.layout, MAIN, T, [10, 10], motion=[(8, 13)], size=(1280, 720))
        yard.run()
        assert close_to(yard.spans(), [(5, 16)])

    def test_under_way_at_the_first_picture(self, yard: Yard) -> None:
        yard.both(40, (0, 7))
        yard.run()
        assert close_to(yard.spans(), [(0, 10)])

    def test_a_pause_below_the_gap_is_one_clip_above_it_two(self, yard: Yard) -> None:
        yard.both(60, (10, 14), (19, 23), (31.5, 36))
        yard.run()
        assert close_to(yard.spans(), [(7, 26), (28.5, 39)])

    def test_a_long_event_goes_on_in_parts_that_adjoin(self, yard: Yard) -> None:
        yard.camera(max_event=15)
        yard.both(60, (8, 48))
        yard.run()
        assert close_to(yard.spans(), [(5, 20), (20, 35), (35, 51)])
        assert [clip.part for clip in yard.clips()] == [1, 2, 3]

    def test_without_motion_nothing_is_said_or_made(self, yard: Yard, caplog: pytest.LogCaptureFixture) -> None:
        media.write_segments(yard.layout, DETECT, T, [10] * 6, noise=12)
        with caplog.at_level(logging.INFO, "motion"):
            assert yard.run() == Report()
        assert yard.clips() == [] and caplog.text == ""

    def test_motion_off_scans_nothing(self, yard: Yard) -> None:
        yard.camera(motion=False)
        yard.both(40, (12, 16))
        assert yard.run() == Report()

    def test_the_detect_streams_clock_is_corrected(self, yard: Yard) -> None:
        yard.camera(detect_offset=-5)
        yard.record(MAIN, [20, 20], [(12, 16)])
        yard.record(DETECT, [10] * 4, [(12, 16)], start=5)
        yard.run()
        assert close_to(yard.spans(), [(9, 19)])

    def test_the_detect_stream_where_it_is_the_main_stream_elsewhere(self, yard: Yard) -> None:
        yard.record(MAIN, [20] * 6, [(5, 9), (50, 54), (90, 94)])
        yard.record(DETECT, [10] * 2, [(5, 9)])
        yard.record(DETECT, [10] * 4, [(10, 14)], start=80)
        yard.run()
        assert close_to(yard.spans(), [(2, 12), (47, 57), (87, 97)])


class TestRuns:
    @pytest.mark.parametrize("stream", [MAIN, DETECT], ids=["main", "detect"])
    def test_segments_one_by_one_make_the_same_clips_as_all_at_once(self, yard: Yard, stream: Stream) -> None:
        motion = [(8, 13), (28, 51), (110, 130), (145, 149)]
        yard.record(MAIN, [20] * 8, motion)
        if stream.detect:
            yard.record(DETECT, [10] * 16, motion)
        yard.run()
        whole = {clip.sidecar.read_bytes(): clip.path.read_bytes() for clip in yard.clips()}
        assert len(whole) == 4
        shutil.rmtree(yard.settings.output_dir)
        shutil.rmtree(yard.settings.state_dir)

        folder = yard.layout.stream_dir(stream)
        hidden = folder.rename(yard.settings.media_dir / "hidden")
        folder.mkdir()
        if stream.detect:  # of which nothing is there before the first pass
            shutil.move(min(hidden.iterdir()), folder)
        for path in sorted(hidden.iterdir()):
            target = Path(shutil.move(path, folder))
            yard.run(now=(end_of(target) - T).total_seconds() + 1)
        yard.run()
        assert {clip.sidecar.read_bytes(): clip.path.read_bytes() for clip in yard.clips()} == whole

    def test_still_running_at_the_last_segment_until_the_stream_has_stopped(self, yard: Yard) -> None:
        yard.both(40, (32, 40))
        assert yard.run(now=41).clips == []
        assert yard.run(now=45).clips == []
        assert len(yard.run(now=60).clips) == 1
        assert close_to(yard.spans(), [(29, 40)])

    def test_a_stopped_stream_is_known_even_when_the_clock_was_set_back(self, yard: Yard) -> None:
        yard.both(40, (32, 40))
        assert yard.run(now=-3600).clips == []
        assert len(yard.run(now=-3570).clips) == 1

    def test_the_segment_being_written_is_left_alone_until_it_is_finished(self, yard: Yard) -> None:
        yard.record(MAIN, [20, 20], [(12, 16)])
        (segment,) = media.write_segments(yard.layout, DETECT, T, [30], motion=[(12, 16)], finished=False)
        assert yard.run(now=31).clips == []
        media.set_movie_duration(yard.path(segment), 30_000)
        assert len(yard.run(now=32).clips) == 1

    def test_one_that_was_never_closed_is_taken_once_it_has_not_grown(self, yard: Yard) -> None:
        yard.record(MAIN, [20, 20], [(12, 16)])
        media.write_segments(yard.layout, DETECT, T, [30], motion=[(12, 16)], finished=False)
        assert yard.run(now=31).clips == []
        assert len(yard.run(now=61).clips) == 1

    def test_the_clip_waits_for_the_main_stream(self, yard: Yard) -> None:
        yard.record(DETECT, [10] * 4, [(12, 16)])
        _, second = media.write_segments(yard.layout, MAIN, T, [15, 20], motion=[(12, 16)], finished=False)
        hidden = yard.path(second).rename(yard.settings.media_dir / "hidden")
        assert yard.run(now=25).clips == []
        hidden.rename(yard.path(second))
        assert len(yard.run(now=26).clips) == 1
        assert close_to(yard.spans(), [(9, 19)])

    def test_without_any_main_stream_the_clip_is_cut_from_the_detect_stream(self, yard: Yard) -> None:
        yard.record(DETECT, [10] * 4, [(12, 16)])
        for now in (3600, 3700, 3800):
            yard.run(now)
        assert close_to(yard.spans(), [(9, 19)])

    def test_nothing_new_writes_nothing(self, yard: Yard) -> None:
        yard.both(40, (12, 16))
        yard.run()

        def files() -> dict[str, int]:
            return {str(p): p.stat().st_mtime_ns for p in yard.settings.output_dir.parent.rglob("*") if p.is_file()}

        yard.run(now=3700)  # a disposable index or marker may be written once
        before = files()
        yard.run(now=3800)
        assert files() == before

    def test_a_segment_that_comes_late_joins_its_event(self, yard: Yard) -> None:
        _, middle, _ = yard.record(MAIN, [20] * 3, [(8, 47)])
        hidden = yard.path(middle).rename(yard.settings.media_dir / "hidden")
        yard.run()
        assert close_to(yard.spans(), [(5, 20), (40, 50)])
        hidden.rename(yard.path(middle))
        for now in (3700, 3800):
            yard.run(now)
            assert close_to(yard.spans(), [(5, 50)])

    @pytest.mark.parametrize("kept", [False, True])
    def test_cut_short_as_a_late_segment_made_the_clip_longer(
        self, yard: Yard, monkeypatch: pytest.MonkeyPatch, kept: bool
    ) -> None:
        """The sidecar was the new one already: the next pass makes the MP4 the new one too, even if it was kept."""
        yard.both(60, (12, 16))
        yard.run()
        (clip,) = yard.clips()
        old, replace_file = (clip.path.read_bytes(), clip.sidecar.read_bytes()), Path.replace
        for path in [*yard.layout.stream_dir(DETECT).iterdir(), *yard.layout.stream_dir(MAIN).iterdir()]:
            path.unlink()
        shutil.rmtree(yard.settings.state_dir)
        yard.both(60, (12, 16), (18, 24))

        def dying(path: Path, target: Path) -> Path:
            if target == clip.path:
                raise KeyboardInterrupt
            return replace_file(path, target)

        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(Path, "replace", dying)
            yard.run(now=3700)
        assert clip.path.read_bytes() == old[0] and clip.sidecar.read_bytes() != old[1]
        if kept:
            keep(yard.clips()[0])
        yard.run(now=3800)
        assert close_to(yard.spans(), [(9, 27)]) and yard.clips()[0].kept == kept
        assert inspect(clip.path).duration == pytest.approx(18, abs=1.1)

    def test_late_footage_of_a_detect_stream_whose_clock_is_behind(self, yard: Yard) -> None:
        yard.camera(detect_offset=5)
        _, _, late, *_ = yard.record(DETECT, [10] * 6, [(22, 27)])
        hidden = yard.path(late).rename(yard.layout.state_dir.parent / "hidden")
        yard.run()
        hidden.rename(yard.path(late))
        for now in range(3700, 4200, 100):  # without a main stream the clip is cut from this one in the end
            yard.run(now)
        assert close_to(yard.spans(), [(24, 35)])

    def test_late_footage_without_motion_changes_nothing(self, yard: Yard) -> None:
        _, middle, _ = yard.record(MAIN, [20] * 3, [(8, 12), (48, 52)])
        hidden = yard.path(middle).rename(yard.settings.media_dir / "hidden")
        yard.run()
        hidden.rename(yard.path(middle))
        assert yard.run(now=3700).clips == []
        assert close_to(yard.spans(), [(5, 15), (45, 55)])

    def test_a_lost_state_makes_nothing_twice(self, yard: Yard) -> None:
        yard.both(60, (8, 13), (28, 51))
        yard.run()
        before = {clip.path: clip.path.stat().st_mtime_ns for clip in yard.clips()}
        yard.layout.motion_state("front").unlink()
        assert yard.run(now=3700).clips == []
        assert {clip.path: clip.path.stat().st_mtime_ns for clip in yard.clips()} == before

    @pytest.mark.parametrize("activity", [True, False], ids=["with activity", "without activity"])
    def test_a_damaged_state_is_rebuilt(self, yard: Yard, activity: bool, caplog: pytest.LogCaptureFixture) -> None:
        segments = yard.both(100, (8, 13), (28, 51), (80, 84))
        late = [yard.path(s).rename(yard.settings.media_dir / f"hidden{i}") for i, s in enumerate(segments[7:])]
        yard.run(now=71)
        assert len(yard.clips()) == 2
        for source, segment in zip(late, segments[7:], strict=True):
            source.rename(yard.path(segment))
        path = yard.layout.motion_state("front")
        path.write_bytes(path.read_bytes()[:50])
        if not activity:
            shutil.rmtree(yard.layout.activity_dir("front"))
        report = yard.run()
        assert "damaged" in caplog.text and "scanned again" in caplog.text
        assert close_to(yard.spans(), [(5, 16), (25, 54), (77, 87)])
        assert len(report.clips) == 1

    def test_an_open_event_survives_a_damaged_state(self, yard: Yard) -> None:
        yard.both(40, (32, 40))
        assert yard.run(now=41).clips == []
        yard.layout.motion_state("front").write_bytes(b"")
        yard.run()
        assert close_to(yard.spans(), [(29, 40)])

    def test_an_open_event_of_a_stream_whose_clock_is_behind_survives_a_damaged_state(self, yard: Yard) -> None:
        yard.camera(detect_offset=20)
        yard.record(MAIN, [20] * 4)
        first = yard.record(DETECT, [10] * 6, [(33, 58)])[0]
        yard.run(now=82)
        assert yard.clips() == []
        yard.path(first).unlink()
        activity = Activity(yard.layout, "front")
        activity.mark(Span(at(0), at(80)), ())
        activity.save()
        yard.layout.motion_state("front").write_bytes(b"{")
        yard.run()
        assert close_to(yard.spans(), [(50, 80)])

    def test_a_clock_that_is_set_back_loses_nothing(self, yard: Yard) -> None:
        yard.record(MAIN, [20, 20], [(12, 16)], start=3600)
        yard.run(now=3641)
        yard.record(MAIN, [20], [(5, 9)])
        (growing,) = media.write_segments(yard.layout, MAIN, at(20), [20], motion=[(12, 16)], finished=False)
        path = yard.path(growing)
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 3])
        yard.run(now=25)
        assert close_to(yard.spans(), [(2, 12), (3609, 3619)])
        path.write_bytes(whole)
        yard.run(now=41)
        yard.run(now=60)
        assert close_to(yard.spans(), [(2, 12), (29, 39), (3609, 3619)])

    def test_a_clip_is_not_replaced_by_the_rest_of_its_footage(self, yard: Yard) -> None:
        first, *_ = yard.record(MAIN, [20] * 3, [(8, 33)])
        yard.run()
        assert close_to(yard.spans(), [(5, 36)])
        yard.path(first).unlink()
        shutil.rmtree(yard.settings.state_dir)
        assert yard.run(now=3700).clips == []
        assert close_to(yard.spans(), [(5, 36)])

    def test_a_change_of_the_pictures_size_ends_a_clip_and_begins_another(self, yard: Yard) -> None:
        media.write_segments(yard.layout, MAIN, T, [20], motion=[(12, 20)])
        media.write_segments(yard.layout, MAIN, at(20), [20], motion=[(0, 5)], size=(480, 270))
        media.write_segments(yard.layout, DETECT, T, [40], motion=[(12, 25)])
        yard.run()
        assert close_to(yard.spans(), [(9, 20), (20, 28)])
        assert [clip.part for clip in yard.clips()] == [1, 2]
        yard.run(now=3700)
        shutil.rmtree(yard.settings.state_dir)
        yard.run(now=3800)
        assert close_to(yard.spans(), [(9, 20), (20, 28)])


class TestDecisions:
    def test_a_kept_clip_is_neither_replaced_nor_doubled(self, yard: Yard) -> None:
        yard.both(40, (12, 16))
        yard.run()
        kept = keep(yard.clips()[0])
        before = kept.path.stat()
        shutil.rmtree(yard.settings.state_dir)
        yard.camera(pre=1.0)  # the same motion, in a clip of another name
        assert yard.run(now=3700).clips == []
        assert [clip.path for clip in yard.clips()] == [kept.path]
        assert kept.path.stat().st_mtime_ns == before.st_mtime_ns

    def test_a_deleted_clip_does_not_come_back(self, yard: Yard) -> None:
        yard.both(40, (12, 16))
        yard.run()
        delete_clip(yard.layout, yard.clips()[0], at(3600))
        shutil.rmtree(yard.settings.state_dir)
        assert yard.run(now=3700).clips == []
        assert yard.clips() == []

    def test_a_new_scan_replaces_what_it_finds_again(self, yard: Yard) -> None:
        yard.both(40, (12, 16))
        yard.run()
        (old,) = yard.clips()
        shutil.rmtree(yard.settings.state_dir)
        yard.camera(pre=1.0)
        yard.run(now=3700)
        (new,) = yard.clips()
        assert new.name != old.name and not old.path.exists() and not old.sidecar.exists()


class TestBadFootage:
    BROKEN = ("empty", "not MP4", "cut in the header", "a folder", "a link to nowhere")

    def spoil(self, path: Path, how: str) -> None:
        whole = path.read_bytes()
        path.unlink()
        if how == "a folder":
            path.mkdir()
        elif how == "a link to nowhere":
            path.symlink_to("nowhere")
        else:
            path.write_bytes({"empty": b"", "not MP4": b"hello world " * 99, "cut in the header": whole[:300]}[how])

    @pytest.mark.parametrize("how", BROKEN)
    def test_it_is_set_aside_after_three_passes_and_the_rest_goes_on(
        self, yard: Yard, how: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        segments = yard.both(60, (12, 16), (45, 49))
        self.spoil(yard.path(segments[2]), how)
        for now in (3600, 3700, 3800, 3900, 4000):
            assert yard.run(now).errors == []
            assert close_to(yard.spans(), [(9, 19), (42, 52)])
        mentions = [record.getMessage() for record in caplog.records if segments[2].file_name in record.getMessage()]
        assert len(mentions) == 2 and "tried again" in mentions[0] and "set aside" in mentions[1]
        ((tries, reason),) = json.loads(yard.layout.motion_state("front").read_bytes())["troubles"].values()
        assert tries == 3 and reason

    def test_what_becomes_readable_again_is_taken_up(self, yard: Yard) -> None:
        _, middle, _ = yard.record(MAIN, [20] * 3, [(12, 16), (24, 27)])
        path = yard.path(middle)
        whole = path.read_bytes()
        path.write_bytes(b"")
        yard.run()
        assert close_to(yard.spans(), [(9, 19)])
        path.write_bytes(whole)
        yard.run(now=3700)
        assert close_to(yard.spans(), [(9, 19), (21, 30)])
        assert json.loads(yard.layout.motion_state("front").read_bytes())["troubles"] == {}

    def test_where_the_detect_stream_is_broken_the_main_stream_is_searched(self, yard: Yard) -> None:
        segments = yard.both(60, (12, 16), (23, 27))
        yard.path(segments[2]).write_bytes(b"")
        yard.run()
        assert close_to(yard.spans(), [(9, 19), (20, 30)])

    @pytest.mark.parametrize("other", [DETECT, MAIN])
    def test_what_comes_before_a_bad_sector_counts_in_the_end(
        self, yard: Yard, other: Stream, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        segments = yard.both(60, (12, 14), (33, 35), (37.5, 39)) if other == MAIN else []
        segments = segments or yard.record(MAIN, [10] * 6, [(12, 14), (33, 35), (37.5, 39)])
        bad, size = yard.path(segments[3]).stat().st_ino, yard.path(segments[3]).stat().st_size
        read = Video.read

        def failing(video: Video, sample: Sample) -> bytes:
            if os.fstat(video.file).st_ino == bad and sample.at > size * 0.65:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return read(video, sample)

        monkeypatch.setattr(Video, "read", failing)
        for now in (3600, 3700, 3800, 3900):
            assert yard.run(now).errors == []
        monkeypatch.undo()
        assert len(yard.clips()) == 2
        first = at(33)
        assert any(abs((window.start - first).total_seconds()) < 0.5 for window in yard.clips()[1].windows)
        assert Activity(yard.layout, "front").scanned(at(39)) == (other == MAIN), "the main stream has all of it"

    def test_what_comes_before_a_table_that_cannot_be_read_counts_in_the_end(
        self, yard: Yard, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        segments = yard.record(MAIN, [10] * 6, [(12, 14), (33, 35), (37.5, 39)])
        path = yard.path(segments[3])
        bad, size = path.stat().st_ino, path.stat().st_size
        pread = os.pread

        def failing(file: int, length: int, at: int) -> bytes:
            if at > size * 0.65 and os.fstat(file).st_ino == bad:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return pread(file, length, at)

        monkeypatch.setattr(os, "pread", failing)
        for now in (3600, 3700, 3800, 3900):
            assert yard.run(now).errors == []
        monkeypatch.undo()
        assert close_to([span for span in yard.spans() if span[0] < 20], [(9, 17)])
        assert any(abs((w.start - at(33)).total_seconds()) < 0.5 for clip in yard.clips() for w in clip.windows)
        activity = Activity(yard.layout, "front")
        assert activity.scanned(at(35)) and not activity.scanned(at(39))
        said = [record.getMessage() for record in caplog.records if "s on: Input/output error" in record.getMessage()]
        assert len(said) == 2 and "cannot be read from " in said[0] and "set aside" in said[1]

    def test_a_torn_segment_counts_up_to_its_last_whole_part(self, yard: Yard) -> None:
        yard.record(MAIN, [20, 20], [(12, 16)])
        (segment,) = media.write_segments(yard.layout, DETECT, T, [40], motion=[(12, 16)], finished=False)
        path = yard.path(segment)
        path.write_bytes(path.read_bytes()[: -(path.stat().st_size // 3)])
        yard.run(now=3600)
        yard.run(now=3700)
        assert close_to(yard.spans(), [(9, 19)])

    def test_noise_inside_a_segment_does_not_end_the_pass(self, yard: Yard) -> None:
        segments = yard.both(60, (12, 16), (45, 49))
        path = yard.path(segments[2])
        data = bytearray(path.read_bytes())
        data[len(data) // 2 : len(data) // 2 + 3000] = random.Random(1).randbytes(3000)
        path.write_bytes(data)
        for now in (3600, 3700, 3800):
            assert yard.run(now).errors == []
        assert close_to(yard.spans()[:1], [(9, 19)]) and close_to(yard.spans()[-1:], [(42, 52)])

    def test_clips_that_cannot_be_cut_are_tried_once_a_pass(
        self, yard: Yard, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        yard.both(120, (12, 16), (42, 46), (72, 76), (102, 106))

        def fail(*_: object) -> None:
            raise ClipError("it cannot be cut now")

        with monkeypatch.context() as patch:
            patch.setattr("motion.publisher.cut", fail)
            for now, tries in ((3600, 1), (3700, 2)):
                assert yard.run(now).errors == []
                pending = json.loads(yard.layout.motion_state("front").read_bytes())["pending"]
                assert [item["tries"] for item in pending] == [tries] * 4
                assert caplog.text.count("it cannot be cut now; tried again") == tries * 4
        assert yard.run(now=3800).errors == []
        assert close_to(yard.spans(), [(9, 19), (39, 49), (69, 79), (99, 109)])

    def test_sound_alone_is_set_aside(self, yard: Yard) -> None:
        yard.record(MAIN, [20], [(5, 9)])
        sound = yard.path(Segment(MAIN, at(20)))
        subprocess.run(
            ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=d=5", "-c:a", "aac", sound], check=True, timeout=60
        )
        for now in (3600, 3700, 3800):
            assert yard.run(now).errors == []
        assert close_to(yard.spans(), [(2, 12)])

    def test_footage_from_before_the_clock_was_set_is_set_aside(
        self, yard: Yard, caplog: pytest.LogCaptureFixture
    ) -> None:
        yard.both(40, (12, 16))
        old = datetime(1970, 1, 1, 0, 3, tzinfo=UTC)
        early = media.write_segments(yard.layout, DETECT, old, [10], motion=[(2, 6)])
        assert len(yard.run().clips) == 1
        assert len([r for r in caplog.records if "clock that was not set" in r.getMessage()]) == 1
        caplog.clear()
        yard.run(now=3700)
        assert caplog.text == "" and yard.path(early[0]).exists()

    @pytest.mark.logs_errors
    def test_one_camera_does_not_keep_the_others(self, yard: Yard) -> None:
        yard.settings = replace(yard.settings, cameras={"back": CameraSettings(), "front": CameraSettings()})
        yard.both(40, (12, 16))
        yard.layout.motion_state("back").parent.mkdir(parents=True)
        yard.layout.motion_state("back").mkdir()
        report = yard.run()
        assert close_to(yard.spans(), [(9, 19)])
        assert len(report.errors) == 1 and "back" in report.errors[0]
