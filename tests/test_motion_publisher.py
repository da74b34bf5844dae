"""What a clip tells of its event: the best frame as its picture, and what moved where; on real footage."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from math import pi, sin
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from yard import DETECT, MAIN, T, Yard, at

import media
from config.settings import CameraSettings
from mediamtx.catalogue import clips_of_day, find_clip
from mediamtx.clips import Clip
from mediamtx.decisions import delete_clip, restore
from mediamtx.marks import Mark, MarkBox
from mediamtx.publish import thumbnail_of
from motion.events import Rules, Window, assemble
from motion.footage import look_at
from motion.late import rejoin
from motion.publisher import Publisher, Reels
from motion.state import CameraState, Pending, StreamState

pytestmark = [pytest.mark.usefixtures("ffmpeg"), pytest.mark.slow]
BEGIN, END = 8.0, 13.0  # when something crosses the picture


def left(seconds: float) -> float:
    """The left edge of what crosses, at that time; in parts of the picture."""
    return (seconds - BEGIN) / (END - BEGIN) * (1 - 26 / 320)


def crossing(largest: float) -> tuple[Mark, ...]:
    """The marks of what crosses, five a second; at one time a wing is spread."""
    times = [BEGIN + i / 5 for i in range(round(5 * (END - BEGIN)))]
    return tuple(Mark.of(at(t), [(left(t), 0.3, 26 / 320, 0.3 if abs(t - largest) < 0.01 else 0.1)]) for t in times)


def middle(seconds: float) -> float:
    """The middle of what crosses, as it is drawn: at an even number of pixels."""
    return (int(left(seconds) * 160 + 0.01) * 2 + 13) / 320


def put(yard: Yard, marks: Sequence[Mark], end: float = END, **settings: float) -> list[Clip]:
    """Publish the event with these marks; the clips of it."""
    camera = CameraSettings(**settings)  # type: ignore[arg-type]
    rules = Rules.of(camera)
    events, _ = assemble(None, [Window(at(BEGIN), at(end), 63.0, tuple(marks))], None, rules)
    clips: list[Clip] = []
    main = look_at(yard.layout, MAIN, StreamState(), at(3600))
    detect = look_at(yard.layout, DETECT, StreamState(), at(3600)).segments
    publisher = Publisher(yard.layout, "front", rules, [], clips.append, pytest.fail, pytest.fail)
    left_over = publisher.publish(
        [Pending(event, 2) for event in events],
        Reels(main, True, detect, timedelta(seconds=camera.detect_offset)),
    )
    assert left_over == []
    return clips


def darkest(picture: bytes) -> float:
    """The middle of what is dark, in parts of the picture's width."""
    columns = np.asarray(Image.open(io.BytesIO(picture)).convert("L")).min(axis=0)
    return float(np.flatnonzero(columns < 60).mean() + 0.5) / len(columns)


@pytest.mark.parametrize("largest", [8.8, 11.4])
def test_the_thumbnail_is_the_best_frame_itself(yard: Yard, largest: float) -> None:
    yard.record(MAIN, [20], [(BEGIN, END)])
    (clip,) = put(yard, crossing(largest))
    assert clip.best == at(largest)
    # It moves by 0.007 of the width from frame to frame; the key frame before is off by 0.07 at least.
    assert darkest(clip.thumbnail.read_bytes()) == pytest.approx(middle(largest), abs=0.0035)


def test_the_sidecar_tells_best_and_boxes(yard: Yard) -> None:
    yard.record(MAIN, [20], [(BEGIN, END)])
    marks = crossing(11.4)
    (clip,) = put(yard, marks)
    sidecar = json.loads(clip.sidecar.read_bytes())
    assert sidecar["best"] == "2026-11-20T18:00:11.400Z"
    assert [entry[0] for entry in sidecar["boxes"]] == [3000 + 200 * i for i in range(25)]
    assert sidecar["boxes"][5] == [4000, [184, 300, 81, 100]]
    found = find_clip(yard.layout, "front", clip.name.stem)
    assert found is not None and found.marks == marks and found.best == clip.best


def test_parts_tell_their_own(yard: Yard) -> None:
    yard.record(MAIN, [20], [(BEGIN, END)])
    first, second = put(yard, crossing(8.6), end=16, max_event=10, pre=5, post=0)
    assert [mark.time for mark in first.marks] == [at(8 + i / 5) for i in range(25)]
    assert (first.best, second.marks, second.best) == (at(8.6), (), at(14.5))


def test_footage_of_another_form_goes_on_in_a_part_with_its_own(yard: Yard) -> None:
    media.write_segments(yard.layout, MAIN, T, [10], motion=[(BEGIN, END)])
    media.write_segments(yard.layout, MAIN, at(10), [10], motion=[(0, 3)], size=(640, 360))
    first, second = put(yard, crossing(8.6))
    assert [mark.time for mark in (*first.marks, *second.marks)] == [mark.time for mark in crossing(8.6)]
    assert first.best == at(8.6) and second.best is not None and second.best >= at(10)
    for clip in (first, second):
        assert all(clip.start <= mark.time < clip.end for mark in clip.marks)


def test_the_detect_streams_clock_is_corrected(yard: Yard) -> None:
    """There is no main stream: clip and thumbnail come from the detect stream, whose clock is 5 s ahead."""
    yard.record(DETECT, [10, 10], [(BEGIN, END)], start=5)
    (clip,) = put(yard, crossing(11.4), detect_offset=-5)
    assert clip.best == at(11.4) and clip.marks == crossing(11.4)
    assert darkest(clip.thumbnail.read_bytes()) == pytest.approx(middle(11.4), abs=0.0035)


def test_without_boxes_it_is_the_middle_of_the_motion(yard: Yard) -> None:
    yard.record(MAIN, [20], [(BEGIN, END)])
    (clip,) = put(yard, ())
    assert clip.best == at(10.5) and clip.marks == ()
    assert darkest(clip.thumbnail.read_bytes()) == pytest.approx(middle(10.48), abs=0.0035)


def test_lists_and_tombstones_do_without_the_boxes(yard: Yard) -> None:
    yard.record(MAIN, [20], [(BEGIN, END)])
    (clip,) = put(yard, crossing(9))
    for _ in range(2):  # the second reads what the first may have indexed
        (listed,) = clips_of_day(yard.layout, "front", clip.day)
        assert (listed.best, listed.windows, listed.boxes) == (clip.best, clip.windows, ())
    delete_clip(yard.layout, clip, at(100))
    (grave,) = Path(yard.layout.tombstone_dir("front")).iterdir()
    assert b"boxes" not in grave.read_bytes()
    restore(yard.layout, "front", clip.name.stem)
    found = find_clip(yard.layout, "front", clip.name.stem)
    assert found is not None and found.marks == clip.marks


def test_late_motion_gets_the_boxes_of_the_clip_it_joins(yard: Yard) -> None:
    yard.record(MAIN, [20], [(BEGIN, END)])
    (clip,) = put(yard, crossing(11.4))
    rules, state = Rules.of(CameraSettings()), CameraState()
    late = Window(at(4), at(5), 70.0, (Mark.of(at(4.2), [(0.5, 0.5, 0.1, 0.1)]),))
    rejoin(yard.layout, "front", state, [late], at(100), rules)
    (item,) = state.pending
    assert [(w.start, w.end) for w in item.event.windows] == [(at(4), at(5)), (at(BEGIN), at(END))]
    assert item.event.marks == (*late.marks, *crossing(11.4))
    assert item.event.best == clip.best


def test_a_rebuilt_state_leaves_boxes_and_picture_as_they_are(yard: Yard) -> None:
    yard.both(40, (BEGIN, END))
    yard.run()
    (clip,) = yard.clips()
    before = (clip.sidecar.read_bytes(), clip.thumbnail.read_bytes(), clip.path.stat().st_mtime_ns)
    yard.layout.motion_state("front").write_bytes(b"{")
    yard.run()
    assert (clip.sidecar.read_bytes(), clip.thumbnail.read_bytes(), clip.path.stat().st_mtime_ns) == before


def dark_share(picture: bytes) -> float:
    """How much of the picture is dark."""
    return float((np.asarray(Image.open(io.BytesIO(picture)).convert("L")) < 60).mean())


@pytest.mark.parametrize("offset", [0.0, -5.0])
def test_of_what_comes_near_and_goes_the_thumbnail_shows_the_nearest(yard: Yard, offset: float) -> None:
    """From recordings to clip: something crosses the picture, three times as large half-way."""
    yard.camera(detect_offset=offset)
    media.write_segments(yard.layout, MAIN, T, [20, 20], motion=[(8, 16)], grows=True)
    media.write_segments(yard.layout, DETECT, at(-offset), [10] * 4, motion=[(8, 16)], grows=True)
    yard.run()
    (clip,) = yard.clips()
    assert clip.best is not None and abs((clip.best - at(12)).total_seconds()) <= 1.5
    shares = [dark_share(thumbnail_of(clip.path, (at(t) - clip.start).total_seconds())) for t in (9, 10, 11, 12, 13)]
    assert shares == sorted(shares[:4]) + shares[4:]
    assert dark_share(clip.thumbnail.read_bytes()) >= 0.8 * shares[3]
    # The boxes lie where it is: at each time its middle is in one of them.
    told = {mark.time: mark.boxes for mark in clip.marks}
    assert len(told) >= 30
    hits = [any(_inside(box, _middle_of_growing(time)) for box in boxes) for time, boxes in told.items()]
    assert sum(hits) >= 0.9 * len(hits)


def _middle_of_growing(time: datetime) -> tuple[float, float]:
    """Where the middle of it is drawn, in parts of the picture."""
    t = (time - T).total_seconds()
    scale = 1 + 2 * sin(pi * (t - 8) / 8)
    width, height = scale * 26 / 320, scale * 18 / 180
    return (t - 8) / 8 * (1 - width) + width / 2, 1 / 3 + sin(3 * t) / 8 + height / 2


def _inside(box: MarkBox, point: tuple[float, float]) -> bool:
    left, top, width, height = (part / 1000 for part in box)
    return left <= point[0] <= left + width and top <= point[1] <= top + height
