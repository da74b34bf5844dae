"""The timeline over HTTP: what was recorded and moved, footage as HLS, and ranges that are exported."""

from __future__ import annotations

import io
import os
import re
import shutil
from collections import namedtuple
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import av
import pytest
from flask import Flask
from werkzeug.test import TestResponse
from yard import MAIN, T

import media
from config.settings import Settings
from mediamtx.exporting import CancelledError, export, plan_export
from mediamtx.layout import Layout
from mediamtx.names import Segment, iso
from mediamtx.recorded import day_span
from mediamtx.segments import Span, inspect
from motion.activity import NO_FOOTAGE, NOT_SCANNED, Activity
from motion.look import Frame
from webapp import hls_library
from webapp.app import create_app
from webapp.export_board import MOST_WAITING, Export
from webapp.timeline import LIVE, known_gaps, scores
from website import Visitor, publish_clip

API = "/api/v1/cameras/front"
OPEN_FILES = Path("/proc/self/fd")


def at(seconds: float) -> datetime:
    return T + timedelta(seconds=seconds)


def query(begin: float, end: float) -> str:
    return f"from={iso(at(begin))}&to={iso(at(end))}"


@pytest.fixture
def berlin(settings: Settings) -> Settings:
    return replace(settings, time_zone="Europe/Berlin")


@pytest.fixture
def layout(berlin: Settings) -> Layout:
    return Layout.of(berlin)


@pytest.fixture
def app(berlin: Settings) -> Flask:
    return create_app(berlin)


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    return Visitor(app)


@pytest.fixture
def recorded(layout: Layout, ffmpeg: str) -> list[Segment]:
    """30 s, a gap of 30 s, and 20 s."""
    first = media.write_segments(layout, MAIN, T, [10, 10, 10], size=(160, 90))
    return first + media.write_segments(layout, MAIN, at(60), [10, 10], size=(160, 90))


class TestActivity:
    def test_it_tells_footage_gaps_scores_and_clips(
        self, layout: Layout, visitor: Visitor, recorded: list[Segment]
    ) -> None:
        kept = Activity(layout, "front")
        kept.mark(Span(at(0), at(30)), [Frame(at(7), 70, ()), Frame(at(8), 40, ())])
        kept.save()
        clip = publish_clip(layout, at(5), seconds=6)
        publish_clip(layout, at(-7), seconds=6)
        answer = visitor.client.get(f"{API}/activity?{query(0, 100)}&bucket=10").json
        assert answer["scores"] == [70, 0, 0]
        assert answer["footage"] == [[0, 30], [60, 80]]
        assert answer["gaps"] == [[30, 60], [80, 100]]
        assert answer["events"] == [[clip.name.stem, 5, 6]]
        assert (answer["from"], answer["to"], answer["bucket"]) == (iso(at(0)), iso(at(100)), 10)

    def test_who_has_it_already_is_not_told_again(self, visitor: Visitor, recorded: list[Segment]) -> None:
        address = f"{API}/activity?day={T:%Y-%m-%d}"
        tag = visitor.client.get(address).headers["ETag"]
        assert visitor.client.get(address, headers={"If-None-Match": tag}).status_code == 304

    def test_a_full_day_is_small(self, layout: Layout, visitor: Visitor) -> None:
        span = day_span(date(2026, 11, 20), layout.zone)
        kept = Activity(layout, "front")
        kept.mark(span, [Frame(span.start + timedelta(seconds=n), n * 37 % 101, ()) for n in range(0, 86400, 60)])
        kept.save()
        for number in range(100):
            publish_clip(layout, span.start + timedelta(minutes=12 * number), seconds=10)
        answer = visitor.client.get(f"{API}/activity?day=2026-11-20")
        assert len(answer.json["scores"]) == 1440 and len(answer.json["events"]) == 100
        assert len(answer.data) < 20_000

    @pytest.mark.parametrize(
        ("day", "hours"), [("2026-10-25", 25), ("2026-03-29", 23), ("2026-11-20", 24), ("2026-11-19", 24)]
    )
    def test_a_day_is_the_cameras(self, visitor: Visitor, day: str, hours: int) -> None:
        answer = visitor.client.get(f"{API}/activity?day={day}&bucket=3600").json
        length = datetime.fromisoformat(answer["to"]) - datetime.fromisoformat(answer["from"])
        assert length == timedelta(hours=hours)
        assert (datetime.fromisoformat(answer["from"]).hour) in (22, 23)

    @pytest.mark.parametrize(
        ("asked", "said"),
        [
            ("", "Say from"),
            ("from=yesterday&to=today", "Say from"),
            ("from=2026-11-20T12:00:00&to=2026-11-20T13:00:00Z", "with a zone"),
            ("from=0001-01-01T00:00:00Z&to=2026-11-20T13:00:00Z", "Say from"),
            (query(10, 10), "later than"),
            (query(0, 27 * 3600), "At most 26 hours"),
            (query(0, 100) + "&bucket=0", "from 1 on"),
            (query(0, 24 * 3600) + "&bucket=1", "from 9 on"),
        ],
    )
    def test_what_makes_no_sense_is_said(self, visitor: Visitor, asked: str, said: str) -> None:
        answer = visitor.client.get(f"{API}/activity?{asked.replace('+', '%2B')}")
        assert answer.status_code == 400
        assert said in answer.json["detail"]

    @pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2026-02-29", "20261120"])
    def test_no_other_day_is_one(self, visitor: Visitor, day: str) -> None:
        assert visitor.client.get(f"{API}/activity?day={day}").status_code == 404
        assert visitor.client.get(f"/timeline/front/{day}").status_code == 404

    def test_days_with_footage_or_clips(self, layout: Layout, visitor: Visitor, recorded: list[Segment]) -> None:
        publish_clip(layout, at(-3 * 86400))
        assert visitor.client.get(f"{API}/recorded-days").json["days"] == [
            {"day": "2026-11-20", "count": 0, "footage": True},
            {"day": "2026-11-17", "count": 1, "footage": False},
        ]


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([], []),
        ([0, 5, 9, 9], [5, 9]),
        ([NOT_SCANNED, 5, NO_FOOTAGE, NO_FOOTAGE, 1, 0], [5, None, 1]),
        ([3, 0, NOT_SCANNED, NOT_SCANNED], [3]),
        ([3, 0, 4], [3, 4]),
    ],
)
def test_scores_are_the_highest_of_each_bucket(values: list[int], found: list[int | None]) -> None:
    assert scores(bytes(values), 2) == found


@pytest.mark.parametrize(
    ("now", "gaps"),
    [
        (600, [(0, 60), (120, 600)]),
        (630, [(0, 60), (120, 600)]),  # in whole minutes
        (-60, []),
        (120 + LIVE.total_seconds() - 1, [(0, 60)]),
        (9999, [(0, 60), (120, 1000)]),
    ],
)
def test_what_is_still_to_come_is_no_gap(now: float, gaps: list[tuple[float, float]]) -> None:
    assert T.second == 0
    found = known_gaps([Span(at(60), at(120))], Span(at(0), at(1000)), at(now))
    assert found == [Span(at(begin), at(end)) for begin, end in gaps]


class TestFootage:
    def test_a_playlist_leads_to_what_can_be_decoded(self, visitor: Visitor, recorded: list[Segment]) -> None:
        answer = visitor.client.get(f"/footage/front/index.m3u8?{query(0, 100)}")
        assert answer.mimetype == "application/vnd.apple.mpegurl"
        assert re.findall(r"DATE-TIME:(\S+)", answer.text) == [iso(segment.start) for segment in recorded]
        assert "DISCONTINUITY" not in answer.text
        lines = answer.text.splitlines()
        assert sum(float(line[8:-1]) for line in lines if line.startswith("#EXTINF:")) == pytest.approx(50, abs=0.1)
        pieces = [line for line in lines if line and not line.startswith("#")]
        head = re.findall(r'MAP:URI="(\S+)"', answer.text)
        assert len(head) == 1
        got = [visitor.client.get(f"/footage/front/{address}") for address in head + pieces]
        assert {one.status_code for one in got} == {200}
        assert all(len(one.data) == one.content_length for one in got)
        with av.open(io.BytesIO(b"".join(one.data for one in got))) as container:
            frames = sum(1 for _ in container.decode(video=0))
        assert frames == 50 * 25

    def test_a_changed_form_is_a_discontinuity(self, layout: Layout, visitor: Visitor, ffmpeg: str) -> None:
        media.write_segments(layout, MAIN, T, [4], size=(160, 90))
        media.write_segments(layout, MAIN, at(4), [4], size=(320, 180))
        text = visitor.client.get(f"/footage/front/index.m3u8?{query(0, 100)}").text
        assert text.count("#EXT-X-DISCONTINUITY\n") == 1 and text.count("#EXT-X-MAP") == 2

    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_no_answer_leaves_its_file_open(self, app: Flask, visitor: Visitor, layout: Layout, method: str) -> None:
        (segment,) = media.write_segments(layout, MAIN, T, [4], size=(160, 90))
        place = f"/footage/front/{segment.file_name.removesuffix('.mp4')}"
        last = visitor.client.get(f"/footage/front/index.m3u8?{query(0, 9)}").text.splitlines()[-2]
        for address in (f"{place}/init.mp4", f"/footage/front/{last}", f"{place}/7-999-0-9.m4s?shift=0"):
            answer = visitor.client.open(address, method=method)
            assert answer.status_code == (404 if "7-999" in address else 200)
            answer.close()  # as gunicorn does: of a browser that has all, and of one that went before
        assert layout.segment_path(segment).resolve() not in {link.resolve() for link in OPEN_FILES.iterdir()}

    def test_footage_deleted_meanwhile_is_gone(self, layout: Layout, visitor: Visitor, recorded: list[Segment]) -> None:
        text = visitor.client.get(f"/footage/front/index.m3u8?{query(0, 100)}").text
        last = text.splitlines()[-2]
        layout.segment_path(recorded[-1]).unlink()
        answer = visitor.client.get(f"/footage/front/{last}")
        assert answer.status_code == 410
        assert "deleted to make room" in answer.json["detail"]
        assert recorded[-1].file_name[:-4] not in visitor.client.get(f"/footage/front/index.m3u8?{query(0, 99)}").text

    @pytest.mark.parametrize(
        ("address", "status"),
        [
            ("front/index.m3u8", 400),
            (f"front/index.m3u8?{query(0, 3601)}", 400),
            (f"front/index.m3u8?{query(30.5, 59)}", 404),
            (f"back/index.m3u8?{query(0, 99)}", 404),
            ("front/2026-11-20_12-00-00/init.mp4", 404),
            ("front/2026-11-20_12-00-00-000001/init.mp4", 410),
            ("front/SEGMENT/0-9-0-9.m4s", 404),
            ("front/SEGMENT/0-9-0-9.m4s?shift=1e3", 404),
            ("front/SEGMENT/0-9-0-9.m4s?shift=0", 404),
            ("front/SEGMENT/9999999-99999999-0-900000.m4s?shift=0", 404),
            ("front/SEGMENT/7-999999-0-900000.m4s?shift=0", 404),  # in the middle of a box
            ("front/SEGMENT/../init.mp4", 404),
        ],
    )
    def test_no_other_address_leads_anywhere(
        self, visitor: Visitor, recorded: list[Segment], address: str, status: int
    ) -> None:
        address = address.replace("SEGMENT", recorded[0].file_name.removesuffix(".mp4"))
        assert visitor.client.get(f"/footage/{address}").status_code == status

    def test_a_kept_copy_of_hls_js_outlives_the_recorder(self, layout: Layout, visitor: Visitor) -> None:
        layout.state_dir.mkdir(exist_ok=True)
        assert visitor.client.get("/footage/front/hls.min.js").status_code == 404
        hls_library.keep(layout, b"window.Hls = 1;\n")
        answer = visitor.client.get("/footage/front/hls.min.js")
        assert answer.data == b"window.Hls = 1;\n" and answer.mimetype == "text/javascript"
        layout.hls_library.write_bytes(layout.hls_library.read_bytes()[:-3])
        assert visitor.client.get("/footage/front/hls.min.js").status_code == 404, "a damaged copy is none"


class TestExports:
    def post(self, visitor: Visitor, start: Any, end: Any, camera: str = "front") -> TestResponse:
        headers = {"X-CSRFToken": visitor.token("/")}
        body = {"start": start, "end": end}
        return visitor.client.post(f"/api/v1/cameras/{camera}/exports", json=body, headers=headers)

    def test_a_range_becomes_a_saved_clip_with_sound(
        self, layout: Layout, visitor: Visitor, recorded: list[Segment]
    ) -> None:
        answer = self.post(visitor, iso(at(5)), iso(at(25)))
        assert answer.status_code == 202
        told = visitor.client.get(answer.headers["Location"]).json
        assert (told["state"], told["progress"], told["gaps"]) == ("done", 1, [])
        (clip,) = told["clips"]
        assert clip["kind"] == "saved" and clip["duration"] == pytest.approx(20, abs=1.1)
        info = inspect(layout.output_dir / "front" / clip["day"] / f"{clip['stem']}.mp4")
        assert info.video and info.audio and info.duration == pytest.approx(20, abs=1.1)
        assert visitor.get(clip["download_url"]).status_code == 200
        headers = {"X-CSRFToken": visitor.token("/")}
        assert visitor.client.delete(answer.headers["Location"], headers=headers).status_code == 204
        assert visitor.client.get(answer.headers["Location"]).status_code == 404
        assert visitor.get(clip["url"]).status_code == 200, "the clip stays"

    def test_a_gap_is_told(self, visitor: Visitor, recorded: list[Segment]) -> None:
        told = self.post(visitor, iso(at(-50)), iso(at(70))).json
        assert told["gaps"] == [[iso(at(30)), iso(at(60))]]
        assert told["start"] == iso(at(0)), "what is not recorded at its ends is left out"
        assert told["clips"][0]["duration"] == pytest.approx(70, abs=1.1)

    def test_footage_that_changes_its_form_makes_two_clips(self, layout: Layout, visitor: Visitor, ffmpeg: str) -> None:
        media.write_segments(layout, MAIN, T, [4], size=(160, 90))
        media.write_segments(layout, MAIN, at(4), [4], size=(320, 180))
        assert len(self.post(visitor, iso(at(1)), iso(at(7))).json["clips"]) == 2

    @pytest.mark.parametrize(
        ("start", "end", "status", "said"),
        [
            (None, None, 400, "end"),
            (5, 6, 400, "end"),
            ("2026-11-20T12:00:00", "2026-11-20T12:00:09", 400, "zone"),
            (iso(at(9)), iso(at(9)), 400, "later"),
            (iso(at(0)), iso(at(3601)), 400, "At most 1 hour"),
            (iso(at(200)), iso(at(300)), 409, "Nothing was recorded"),
        ],
    )
    def test_what_cannot_be_exported_is_said(
        self, visitor: Visitor, recorded: list[Segment], start: Any, end: Any, status: int, said: str
    ) -> None:
        answer = self.post(visitor, start, end)
        assert answer.status_code == status
        assert said in answer.json["detail"]

    def test_too_little_room_is_said_before(
        self, visitor: Visitor, recorded: list[Segment], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        usage = namedtuple("usage", "total used free")
        monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9, 10**8))
        answer = self.post(visitor, iso(at(0)), iso(at(20)))
        assert answer.status_code == 507
        assert "make room" in answer.json["detail"]

    def test_there_are_not_too_many(self, app: Flask, layout: Layout, recorded: list[Segment]) -> None:
        visitor = Visitor(app)
        plan = plan_export(layout, "front", Span(at(0), at(5)))
        board = app.extensions["birbcam"].exports
        for _ in range(MOST_WAITING):
            assert board.add(Export("front", plan))
        assert self.post(visitor, iso(at(0)), iso(at(5))).status_code == 429

    def test_a_cancelled_one_leaves_nothing(self, layout: Layout, recorded: list[Segment]) -> None:
        told: list[float] = []

        def watch(seconds: float) -> None:
            told.append(seconds)
            if seconds > 12:
                raise CancelledError("stopped")

        with pytest.raises(CancelledError):
            export(layout, "front", Span(at(0), at(30)), at(99), watch)
        assert told == sorted(told) and len(told) > 10
        assert list(layout.output_dir.rglob("*.mp4")) == []
        stopped = Export("front", plan_export(layout, "front", Span(at(0), at(5))))
        stopped.stop = True
        stopped.run(lambda watch: [])
        assert stopped.state == "cancelled"

    def test_one_that_breaks_off_is_over(self, layout: Layout, recorded: list[Segment]) -> None:
        def fail(watch: object) -> NoReturn:
            raise OSError("Input/output error")

        broken = Export("front", plan_export(layout, "front", Span(at(0), at(5))))
        with pytest.raises(OSError, match="Input"):
            broken.run(fail)
        assert broken.state == "failed" and "log says why" in broken.problem

    def test_what_a_killed_one_left_is_removed(self, layout: Layout, recorded: list[Segment]) -> None:
        left = layout.day_dir("front", T.date()) / ".tmp-web-4000000-1-2026-11-20_18-00-00-000_saved.mp4"
        left.parent.mkdir(parents=True)
        left.write_bytes(b"half a clip")
        moved = left.with_name("2026-11-20_17-00-00-000_manual.json")  # of a clip on its way into the trash, or back
        moved.write_bytes(b"{}")
        os.utime(moved, (0, 0))
        export(layout, "front", Span(at(0), at(5)), at(99), lambda seconds: None)
        assert [path.suffix for path in left.parent.iterdir() if path.name.startswith(".tmp")] == []
        assert moved.exists()


class TestPage:
    def test_it_shows_the_newest_day_or_that_of_a_moment_or_clip(
        self, layout: Layout, visitor: Visitor, recorded: list[Segment]
    ) -> None:
        clip = publish_clip(layout, at(-86400))
        assert 'data-day="2026-11-20"' in visitor.get("/timeline/front").text
        assert 'data-day="2026-11-19"' in visitor.get(f"/timeline/front?clip={clip.name.stem}").text
        shown = visitor.get("/timeline/front?at=2026-11-18T23:30:00Z").text
        assert 'data-day="2026-11-19"' in shown and 'data-at="2026-11-18T23:30:00.000Z"' in shown
        assert visitor.get("/timeline/front/2026-11-10").status_code == 200
        assert visitor.get("/timeline/front/2026-13-10").status_code == 404
        assert visitor.get("/timeline/back").status_code == 404
        assert visitor.get("/timeline/front?at=noon").status_code == 400

    def test_it_says_when_there_is_nothing_yet(self, visitor: Visitor) -> None:
        assert "is recorded yet" in visitor.get("/timeline/front").text

    @pytest.mark.parametrize(("day", "length"), [("2026-10-25", 25), ("2026-03-29", 23)])
    def test_days_on_which_the_clock_is_changed(self, visitor: Visitor, day: str, length: int) -> None:
        text = visitor.get(f"/timeline/front/{day}").text
        start, end = (datetime.fromisoformat(re.findall(rf'data-{what}="(\S+)"', text)[0]) for what in ("start", "end"))
        assert end - start == timedelta(hours=length)
        assert start.tzinfo == UTC
