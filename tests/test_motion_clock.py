"""Clocks that are set, segments that come and go while they are looked at, damaged states: no motion is lost."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from test_motion_state import DAMAGE
from yard import DETECT, MAIN, Yard, at, close_to

import media
from mediamtx.catalogue import clips_near
from mediamtx.clips import Clip
from mediamtx.layout import Layout
from mediamtx.names import Stream
from mediamtx.segments import Span
from motion import camera_pass
from motion.footage import Footage
from motion.job import run_pass

pytestmark = [pytest.mark.usefixtures("ffmpeg"), pytest.mark.slow]
HOUR, DAY = 3600.0, 86400.0


class Camera:
    """One long recording, its segments named by a clock that is wrong at times; it is passed over as it comes in."""

    def __init__(self, yard: Yard, streams: tuple[Stream, ...], *motion: tuple[float, float]) -> None:
        self.yard, self.streams = yard, streams
        self.motion = motion

    def record(self, begin: float, end: float, named: float) -> None:
        """What happens from `begin` to `end` (s) is named as if it began at `named`."""
        inside = [(b - begin, e - begin) for b, e in self.motion if b < end and e > begin]
        for stream in self.streams:
            length = 10 if stream.detect else 20
            self.yard.record(stream, [length] * round((end - begin) / length), inside, start=named)


@pytest.mark.parametrize("streams", [(MAIN,), (MAIN, DETECT)], ids=["main", "both"])
class TestClocks:
    def test_the_recorders_clock_is_set_forward_by_an_hour(self, yard: Yard, streams: tuple[Stream, ...]) -> None:
        camera = Camera(yard, streams, (12, 16), (48, 52))
        camera.record(0, 40, named=0)
        yard.run(now=41)
        camera.record(40, 80, named=40 + HOUR)
        yard.run(now=81 + HOUR)
        yard.run(now=120 + HOUR)
        assert close_to(yard.spans(), [(9, 19), (45 + HOUR, 55 + HOUR)])

    def test_the_recorders_clock_is_an_hour_ahead_for_a_while(self, yard: Yard, streams: tuple[Stream, ...]) -> None:
        camera = Camera(yard, streams, (12, 16), (48, 52), (92, 96))
        camera.record(0, 40, named=0)
        yard.run(now=41)
        camera.record(40, 80, named=40 + HOUR)
        yard.run(now=81 + HOUR)
        camera.record(80, 120, named=80)
        for now in (121, 140, 160):
            yard.run(now=now)
        assert close_to(yard.spans(), [(9, 19), (89, 99), (45 + HOUR, 55 + HOUR)])

    def test_the_recorders_clock_is_set_back_by_an_hour(self, yard: Yard, streams: tuple[Stream, ...]) -> None:
        camera = Camera(yard, streams, (12, 16), (48, 52))
        camera.record(0, 40, named=HOUR)
        yard.run(now=41 + HOUR)
        camera.record(40, 80, named=40)
        for now in (81, 100, 120):
            yard.run(now=now)
        assert close_to(yard.spans(), [(45, 55), (9 + HOUR, 19 + HOUR)])

    @pytest.mark.parametrize("wrong", [-HOUR, HOUR], ids=["behind", "ahead"])
    def test_the_jobs_clock_alone_is_an_hour_off(self, yard: Yard, streams: tuple[Stream, ...], wrong: float) -> None:
        camera = Camera(yard, streams, (12, 16), (48, 52), (76, 83))
        for begin in range(0, 120, 40):
            camera.record(begin, begin + 40, named=begin)
            yard.run(now=begin + 41 + wrong)
        for later in (140, 160):
            yard.run(now=later + wrong)
        assert close_to(yard.spans(), [(9, 19), (45, 55), (73, 86)])

    def test_an_event_is_under_way_when_both_clocks_are_set(self, yard: Yard, streams: tuple[Stream, ...]) -> None:
        camera = Camera(yard, streams, (32, 47))
        camera.record(0, 40, named=0)
        yard.run(now=41)
        camera.record(40, 80, named=40 - HOUR)
        for now in (81, 100, 120):
            yard.run(now=now - HOUR)
        assert close_to(spans(yard), [(40 - HOUR, 50 - HOUR), (29, 40)])


def test_the_clock_is_set_back_by_seconds(yard: Yard) -> None:
    """What is recorded after that is cut at the times of its own names."""
    yard.both(40, (12, 16))
    yard.run(now=41)
    for stream, length in ((MAIN, 20), (DETECT, 10)):
        yard.record(stream, [length] * (40 // length), [(16, 20)], start=32)
    for now in (73, 90, 110):
        yard.run(now=now)
    assert close_to(yard.spans(), [(9, 19), (45, 55)])


class TestFarAhead:
    """Segments that a wrong clock dated days ahead."""

    AHEAD = 30 * DAY

    def test_they_keep_nothing_back_and_are_scanned_in_their_time(
        self, yard: Yard, caplog: pytest.LogCaptureFixture
    ) -> None:
        yard.both(40, (12, 16))
        for stream, length in ((MAIN, 20), (DETECT, 10)):
            yard.record(stream, [length] * (40 // length), [(22, 26)], start=self.AHEAD)
        yard.run(now=41)
        assert close_to(yard.spans(), [(9, 19)])
        for stream, length in ((MAIN, 20), (DETECT, 10)):
            yard.record(stream, [length] * (40 // length), [(28, 40)], start=40)
        assert yard.run(now=81).clips == []  # it may go on: what lies ahead does not end it
        yard.run(now=110)
        assert close_to(spans(yard), [(9, 19), (65, 80)])
        assert caplog.text.count("dated a day or more ahead") == 1
        yard.run(now=self.AHEAD + 100)
        assert close_to(spans(yard), [(9, 19), (65, 80), (self.AHEAD + 19, self.AHEAD + 29)])

    def test_the_jobs_clock_was_as_wrong(self, yard: Yard) -> None:
        """The event that was under way is a clip all the same; what comes then is not late."""
        for stream, length in ((MAIN, 20), (DETECT, 10)):
            yard.record(stream, [length] * (40 // length), [(5, 9), (28, 40)], start=self.AHEAD)
        yard.run(now=self.AHEAD + 41)
        ahead = [(self.AHEAD + 2, self.AHEAD + 12), (self.AHEAD + 25, self.AHEAD + 40)]
        assert close_to(spans(yard), ahead[:1])
        yard.both(40, (12, 16), (30, 40))
        assert len(yard.run(now=41).clips) == 2
        assert close_to(spans(yard), [(9, 19), *ahead])
        yard.run(now=70)
        assert close_to(spans(yard), [(9, 19), (27, 40), *ahead])
        for now in (self.AHEAD + 100, self.AHEAD + 200):
            assert yard.run(now=now).clips == []
        assert close_to(spans(yard), [(9, 19), (27, 40), *ahead])

    def test_a_job_whose_clock_is_not_set_yet_leaves_all_as_it_is(self, yard: Yard) -> None:
        yard.both(40, (12, 16), (32, 40))
        yard.run(now=41)
        before = yard.layout.motion_state("front").read_bytes()
        run_pass(yard.settings, lambda: datetime(1970, 1, 1, 0, 5, tzinfo=UTC))
        assert json.loads(yard.layout.motion_state("front").read_bytes())["open"] == json.loads(before)["open"]
        yard.run(now=70)
        assert close_to(yard.spans(), [(9, 19), (29, 40)])

    def test_a_job_whose_clock_was_days_behind_goes_on_when_it_is_set(self, yard: Yard) -> None:
        yard.both(40, (12, 16), (32, 40))
        yard.run(now=41)
        for now in (-5 * DAY, -5 * DAY + 30, 45, 70):
            yard.run(now=now)
        assert close_to(spans(yard), [(9, 19), (29, 40)])


class TestComesAndGoes:
    @pytest.mark.parametrize("which", [MAIN, DETECT], ids=["main", "detect"])
    def test_deleted_between_listing_and_reading(
        self, yard: Yard, which: Stream, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The footage that is left tells of the motion, and gives the clip."""
        yard.both(60, (12, 16), (45, 49))
        listed = camera_pass.look_at

        def deleting(layout: Layout, stream: Stream, *rest: Any) -> Footage:
            footage = listed(layout, stream, *rest)
            if stream == which:
                for segment in footage.segments[:2]:
                    yard.path(segment).unlink()
            return footage

        with monkeypatch.context() as patch:
            patch.setattr(camera_pass, "look_at", deleting)
            assert yard.run().errors == []
        for now in (3700, 3800, 3900):
            assert yard.run(now).errors == []
        assert close_to(yard.spans(), [(9, 19), (42, 52)])
        assert json.loads(yard.layout.motion_state("front").read_bytes())["troubles"] == {}

    @pytest.mark.parametrize("which", [MAIN, DETECT], ids=["main", "detect"])
    def test_one_that_is_being_written_for_ten_minutes(self, yard: Yard, which: Stream) -> None:
        motion = [(12, 16), (118, 123), (290, 330), (595, 600)]
        other = DETECT if which == MAIN else MAIN
        (growing,) = media.write_segments(yard.layout, which, at(0), [600], motion=motion, finished=False, fps=5)
        path = yard.path(growing)
        whole = path.read_bytes()
        pieces = media.write_segments(yard.layout, other, at(0), [60] * 10, motion=motion, fps=5)
        hidden = {piece: yard.path(piece).rename(yard.settings.media_dir / piece.file_name) for piece in pieces}
        made: list[int] = []
        for minute, piece in enumerate(pieces, 1):
            hidden[piece].rename(yard.path(piece))
            path.write_bytes(whole[: len(whole) * minute // 10])
            yard.run(now=60 * minute + 1)
            made.append(len(yard.clips()))
        if which == MAIN:  # motion is found meanwhile, and cut out of what is there
            assert made[0] == 1 and made[2] == 2
        else:
            assert made[-1] == 0
        media.set_movie_duration(path, 600_000)
        for now in (605, 640):
            yard.run(now=now)
        assert close_to(yard.spans(), [(9, 19), (115, 126), (287, 333), (592, 600)])


@pytest.mark.parametrize(
    ("change", "days"),
    [
        (datetime(2027, 10, 31, 1, 0, tzinfo=UTC), {"2027-10-31"}),
        (datetime(2027, 3, 28, 1, 0, tzinfo=UTC), {"2027-03-28"}),
        (datetime(2027, 10, 30, 22, 0, tzinfo=UTC), {"2027-10-30", "2027-10-31"}),  # the midnight before
    ],
    ids=["back", "forward", "midnight"],
)
def test_the_night_the_clocks_change(yard: Yard, change: datetime, days: set[str]) -> None:
    """Motion in both of the hours that have one name, across the change, and the same footage scanned again."""
    yard.settings = replace(yard.settings, time_zone="Europe/Berlin")
    yard.layout = Layout.of(yard.settings)
    motion = [(8, 13), (54, 67), (100, 104)]
    begin = (change - at(0)).total_seconds() - 60
    for hour in (-HOUR, 0, HOUR):
        yard.record(MAIN, [20] * 6, motion, start=begin + hour)
        yard.record(DETECT, [10] * 12, motion, start=begin + hour)
    wanted = [(begin + hour + start - 3, begin + hour + end + 3) for hour in (-HOUR, 0, HOUR) for start, end in motion]
    now = begin + 2 * HOUR
    assert len(yard.run(now).clips) == 9
    assert close_to(spans(yard), wanted)
    assert {clip.folder.name for clip in every_clip(yard)} == days
    before = [clip.path.stat().st_ino for clip in every_clip(yard)]
    shutil.rmtree(yard.settings.state_dir)
    assert yard.run(now + 100).clips == []
    assert [clip.path.stat().st_ino for clip in every_clip(yard)] == before


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_state_loses_nothing_and_doubles_nothing(yard: Yard, damage: bytes) -> None:
    """An event is under way, and one waits for its main footage, when the state is damaged."""
    yard.both(60, (12, 16), (36, 44), (52, 60))
    late = sorted(yard.layout.stream_dir(MAIN).iterdir())[-1]
    hidden = late.rename(yard.settings.media_dir / late.name)
    yard.run(now=50)
    assert close_to(yard.spans(), [(9, 19)])
    yard.layout.motion_state("front").write_bytes(damage)
    hidden.rename(late)
    yard.run(now=62)
    yard.run(now=100)
    assert close_to(yard.spans(), [(9, 19), (33, 47), (49, 60)])


def every_clip(yard: Yard) -> list[Clip]:
    return clips_near(yard.layout, "front", Span(at(-2 * DAY), at(400 * DAY)))


def spans(yard: Yard) -> list[tuple[float, float]]:
    return [((clip.start - at(0)).total_seconds(), (clip.end - at(0)).total_seconds()) for clip in every_clip(yard)]
