"""Other settings tried on the scores kept of past days."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from yard import Yard
from yard import at as yard_at

from config.errors import ConfigError
from config.settings import CameraSettings, Settings
from conftest import write_settings
from mediamtx.layout import Layout
from mediamtx.segments import Span
from motion.activity import Activity
from motion.events import Rules
from motion.job import run_pass
from motion.look import Frame
from motion.rescan import Wish
from motion.whatif import Comparison, Judge, lines, parse_settings, what_if

T = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)  # 23:00 in Berlin
BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)


def at(seconds: float) -> datetime:
    return T + timedelta(seconds=seconds)


def keep(settings: Settings, *loud: tuple[float, float, float], camera: str = "front") -> None:
    """Three hours of scores from T on; each of `loud`: from, to (s), the score."""
    activity = Activity(Layout.of(settings), camera)
    step = range(5)
    frames = [Frame(at(s + i / 5), score) for a, b, score in loud for s in range(int(a), int(b)) for i in step]
    activity.mark(Span(T, T + 3 * HOUR), frames)
    activity.save()


def tried(settings: Settings, since: datetime = T, until: datetime = T + 3 * HOUR, **values: Any) -> Comparison:
    (one,) = what_if(settings, values, Span(since, until))
    return one


def spans(events: Sequence[Any]) -> list[tuple[float, float]]:
    return [((e.windows[0].start - T).total_seconds(), (e.windows[-1].end - T).total_seconds()) for e in events]


def test_a_higher_sensitivity_has_more_events(settings: Settings) -> None:
    keep(settings, (100, 110, 60), (200, 205, 40), (5000, 5003, 33))
    one = tried(settings, sensitivity=65)
    assert (len(one.now), len(one.then)) == (1, 2)
    assert spans(one.new) == [(200.5, 204.5)] and one.gone == []
    assert len(tried(settings, sensitivity=70).new) == 2


def test_a_lower_one_has_less_and_the_limit_itself_counts(settings: Settings) -> None:
    keep(settings, (100, 110, 60), (200, 205, 80))
    assert spans(tried(settings, sensitivity=39).gone) == [(100.5, 109.5)]
    assert tried(settings, sensitivity=40).gone == []


def test_a_longer_gap_joins_and_none_is_new_or_gone(settings: Settings) -> None:
    keep(settings, (100, 104, 60), (113, 120, 70))
    one = tried(settings, merge_gap=12.0)
    assert (len(one.now), len(one.then), one.new, one.gone) == (2, 1, [], [])


def test_padding_longer_than_the_gap_joins_too(settings: Settings) -> None:
    keep(settings, (100, 104, 60), (113, 120, 70))
    assert len(tried(settings, post=10.0).then) == 1


def test_a_shorter_limit_makes_parts(settings: Settings) -> None:
    keep(settings, (100, 160, 60))
    assert len(tried(settings, max_event=20.0).then) > 2


def test_events_belong_to_the_span_they_begin_in(settings: Settings) -> None:
    keep(settings, (95, 110, 60), (195, 210, 60))
    one = tried(settings, since=at(100), until=at(200), sensitivity=60)
    assert spans(one.now) == spans(one.then) == [(195.5, 209.5)]


def test_what_is_known_of_the_span_is_told(settings: Settings) -> None:
    keep(settings)
    layout = Layout.of(settings)
    activity = Activity(layout, "front")
    activity.forget(Span(at(100), at(300)))
    activity.empty(Span(at(100), at(200)))
    activity.save()
    one = tried(settings, since=at(0), until=at(1000))
    assert (one.scanned, one.no_footage, one.not_scanned) == (800, 100, 100)


@pytest.mark.parametrize("seed", range(20))
def test_however_scores_are_cut_the_events_are_the_same(seed: int) -> None:
    chance = random.Random(seed)
    rules = Rules.of(CameraSettings(max_event=60.0, merge_gap=8.0))
    stretches = [(chance.randrange(2), chance.randrange(1, 40)) for _ in range(200)]
    scores = b"".join(bytes([chance.choice((60, 90) if loud else (0, 20, 254, 255))]) * n for loud, n in stretches)
    whole, pieces = Judge(rules), Judge(rules)
    whole.take(T, scores)
    first = 0
    while first < len(scores):
        length = chance.choice((1, 7, 60, 500))
        pieces.take(at(first), scores[first : first + length])
        first += length
    assert pieces.end() == whole.end() != []


def test_days_without_scores_lie_between_events(settings: Settings) -> None:
    judge = Judge(Rules.of(CameraSettings()))
    judge.take(T, bytes([0, 60, 60]))
    judge.take(at(86400), bytes([60, 60, 0]))
    assert spans(judge.end()) == [(1.5, 2.5), (86400.5, 86401.5)]


def test_years_are_judged_a_day_at_a_time(settings: Settings) -> None:
    keep(settings, (100, 110, 60))
    folder = Layout.of(settings).activity_dir("front")
    (scores, *_) = sorted(folder.iterdir())
    for number in range(200):
        (folder / f"{T.date() - timedelta(days=2 * number + 2)}.scores").write_bytes(scores.read_bytes())
    tracemalloc.start()
    try:
        one = tried(settings, since=T - timedelta(days=4000), sensitivity=40)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(one.now) == len(one.then) == 201 and peak < 3_000_000, "200 days are 17 MB"
    assert one.scanned + one.not_scanned == 4000 * 86400 + 3 * 3600 and one.scanned > 200 * 3600


def test_a_person_is_told_by_camera_and_local_day(settings: Settings) -> None:
    cameras = {"back": CameraSettings(sensitivity=30), "front": CameraSettings()}
    settings = replace(settings, cameras=cameras)
    keep(settings, (100, 110, 60), (3599, 3700, 44), (3800, 3810, 90))
    span = Span(T, T + 3 * HOUR)
    found = what_if(settings, {"sensitivity": 60}, span)
    assert list(lines(found, span, BERLIN)) == [
        "judged from the kept scores of 2026-11-20 23:00:00 to 2026-11-21 02:00:00, to the second",
        "back: sensitivity = 60 instead of 30; nothing scanned, 3.0 h not scanned",
        "front: sensitivity = 60 instead of 50; 3.0 h scanned",
        "  2026-11-20 2 events instead of 1: 1 new, 0 gone",
        "    new  23:59:59 to 00:01:39, score 44",
        "  2026-11-21 1 event instead of 1: 0 new, 0 gone",
        "in all 3 events (2 min) instead of 2 (30 s): 1 new, 0 gone; nothing was changed",
    ]


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["min_size=10"], ["min_size", "pictures", "--since ... --again"]),
        (["ignore=[]", "confirm_frames=3"], ["ignore", "confirm_frames", "--again"]),
        (["sensitivty=70"], ['"sensitivty=70"', 'did you mean "sensitivity"']),
        (["fps=5"], ["sensitivity, merge_gap, pre, post, max_event"]),
        (["sensitivity"], ['"sensitivity"', "sensitivity=50"]),
        (["sensitivity=high"], ["whole number"]),
        (["sensitivity=101"], ["out of range", "0 to 100"]),
        (["pre=soon"], ["pre", "a number"]),
    ],
)
def test_what_cannot_be_tried_is_refused_with_the_cure(texts: list[str], words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_settings(texts)
    assert all(word in str(caught.value) for word in words), caught.value


def test_values_are_read_as_the_settings_are() -> None:
    assert parse_settings(["sensitivity = 70", "merge_gap=8"]) == {"sensitivity": 70, "merge_gap": 8.0}


@pytest.mark.slow
def test_it_agrees_with_a_pass(settings: Settings, ffmpeg: str) -> None:
    yard = Yard(settings)
    yard.both(80, (8, 13), (24, 28), (39, 44), (63, 66))
    yard.run()
    (one,) = what_if(yard.settings, {"merge_gap": 15.0}, Span(yard_at(-60), yard_at(3600)))
    assert len(one.now) == len(yard.clips()) == 4
    for event, clip in zip(one.now, yard.clips(), strict=True):
        assert abs(event.windows[0].start - clip.windows[0].start) <= timedelta(seconds=0.7)
        assert abs(event.windows[-1].end - clip.windows[-1].end) <= timedelta(seconds=0.7)
    yard.camera(merge_gap=15.0)
    run_pass(yard.settings, lambda: yard_at(3700), wish=Wish(Span(yard_at(0), yard_at(3600)), "all"))
    assert len(one.then) == len(yard.clips()) == 2


class TestCommand:
    def run(self, settings: Settings, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        config = write_settings(settings, folder / "config.txt")
        environment = {k: v for k, v in os.environ.items() if not k.startswith("BIRBCAM_")}
        command = [sys.executable, "-m", "motion", "--config", str(config), *arguments]
        root = Path(__file__).parent.parent
        return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=60)

    def test_json_is_one_document_and_nothing_is_written(self, settings: Settings, tmp_path: Path) -> None:
        keep(settings, (100, 110, 60), (200, 205, 40))

        def files() -> dict[str, int]:
            return {str(p): p.stat().st_mtime_ns for p in tmp_path.rglob("*") if p.name != "config.txt"}

        before = files()
        since, until = "2026-11-20T22:00Z", "2026-11-21T01:00Z"
        done = self.run(settings, tmp_path, "--what-if", "sensitivity=70", "--since", since, "--until", until, "--json")
        assert (done.returncode, done.stderr) == (0, "")
        told = json.loads(done.stdout)
        assert told["what_if"] == {"sensitivity": 70} and told["since"] == "2026-11-20T22:00:00.000Z"
        (front,) = told["cameras"]
        assert front["now"] == {"events": 1, "seconds": 15.0} and front["then"]["events"] == 2
        assert [event["start"] for event in front["new"]] == ["2026-11-20T22:03:20.500Z"] and front["gone"] == []
        assert front["seconds"] == {"scanned": 10800, "no_footage": 0, "not_scanned": 0}
        assert files() == before

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["--since", "yesterday"], "--what-if"),
            (["--what-if", "sensitivity=70", "--since", "soon"], "2026-11-20 18:03"),
            (["--what-if", "sensitivity=70", "--every", "5"], "--every"),
            (["--what-if", "min_size=4"], "--again"),
            (["--every", "often"], "must be a number of seconds"),
        ],
    )
    def test_mistakes_are_told(self, settings: Settings, tmp_path: Path, arguments: list[str], words: str) -> None:
        done = self.run(settings, tmp_path, *arguments)
        assert done.returncode == 2 and words in done.stderr and "Traceback" not in done.stderr
