"""Clips as values, and their sidecars."""

from __future__ import annotations

import dataclasses
import json
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from config.settings import Settings
from mediamtx.clips import Clip, clip_from_sidecar, encode_sidecar, read_sidecar, remove_clip
from mediamtx.layout import Layout
from mediamtx.marks import Mark
from mediamtx.names import ClipName
from mediamtx.segments import Span

START = datetime(2026, 11, 20, 18, 3, 4, 120000, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@pytest.fixture
def clip(settings: Settings) -> Clip:
    layout = Layout.of(dataclasses.replace(settings, time_zone="Europe/Berlin"))
    windows = [Span(at(3), at(5)), Span(at(6), at(6.5))]
    return Clip.new(
        layout,
        "front",
        "motion",
        START,
        at(-0.2),
        at(9.8),
        windows=windows,
        score=12.5,
        best=at(4),
        marks=[Mark(at(3), ((500, 250, 20, 30),)), Mark(at(3.2), ((510, 250, 20, 30), (0, 990, 10, 10)))],
        part=2,
    )


def again(clip: Clip, values: dict[str, Any]) -> Clip:
    return clip_from_sidecar(values, clip.camera, clip.name, clip.folder, clip.day)


def test_a_new_clip(clip: Clip, settings: Settings) -> None:
    assert clip.name == ClipName(START, "motion")
    assert (clip.kind, clip.day, clip.duration) == ("motion", date(2026, 11, 20), 10.0)
    stem = settings.output_dir / "front/2026-11-20/2026-11-20_18-03-04-120_motion"
    assert [clip.path, clip.thumbnail, clip.sidecar, clip.kept_marker] == [
        stem.with_suffix(ending) for ending in (".mp4", ".jpg", ".json", ".kept")
    ]


def test_the_sidecar_has_the_promised_keys(clip: Clip) -> None:
    assert json.loads(encode_sidecar(clip)) == {
        "version": 1,
        "camera": "front",
        "kind": "motion",
        "start": "2026-11-20T18:03:03.920Z",
        "end": "2026-11-20T18:03:13.920Z",
        "time_zone": "Europe/Berlin",
        "windows": [
            ["2026-11-20T18:03:07.120Z", "2026-11-20T18:03:09.120Z"],
            ["2026-11-20T18:03:10.120Z", "2026-11-20T18:03:10.620Z"],
        ],
        "score": 12.5,
        "best": "2026-11-20T18:03:08.120Z",
        "part": 2,
        "size": None,
        "boxes": [[3200, [500, 250, 20, 30]], [3400, [510, 250, 20, 30], [0, 990, 10, 10]]],
    }


def test_round_trip(clip: Clip) -> None:
    assert again(clip, json.loads(encode_sidecar(clip))) == clip
    assert [mark.time for mark in again(clip, json.loads(encode_sidecar(clip))).marks] == [at(3), at(3.2)]
    bare = dataclasses.replace(clip, windows=(), score=None, best=None, boxes=())
    assert again(bare, json.loads(encode_sidecar(bare))) == bare


def test_boxes_take_one_line_of_the_sidecar(clip: Clip) -> None:
    lines = encode_sidecar(clip).decode().splitlines()
    assert lines[-2] == ' "boxes": [[3200,[500,250,20,30]],[3400,[510,250,20,30],[0,990,10,10]]]'


@pytest.mark.parametrize(
    "change",
    [
        {"boxes": 5},
        {"boxes": None},
        {"boxes": {"0": [1, 2, 3, 4]}},
        {"boxes": [None, 7, "x", [], [0], ["0", [1, 2, 3, 4]], [0, 5], [0, [1, 2, 3]], [0, [1, 2, 3, -4]]]},
        {"boxes": [[-1, [1, 2, 3, 4]], [10**18, [1, 2, 3, 4]], [True, [1, 2, 3, 4]], [0, [1, 2, 3.5, 4]]]},
        {"boxes": [], "best": 5},
        {"boxes": [], "best": "soon"},
        {"boxes": [], "best": "0001-01-01T00:00:00+23:59"},
    ],
    ids=str,
)
def test_damaged_boxes_cost_no_more_than_themselves(clip: Clip, change: dict[str, object]) -> None:
    read = again(clip, {**json.loads(encode_sidecar(clip)), **change})
    assert (read.marks, read.windows, read.score) == ((), clip.windows, clip.score)
    assert read.best == (clip.best if "best" not in change else None)
    encode_sidecar(read)


def test_whole_boxes_among_damaged_ones_are_shown(clip: Clip) -> None:
    boxes = [[400, [1, 2, 3, 4]], [200, [5, 6, 7, 8], "?", [9, 9, 9, 9], [1], *[[1, 1, 1, 1]] * 9], "?"]
    read = again(clip, {**json.loads(encode_sidecar(clip)), "boxes": boxes})
    first, second = read.marks
    assert (first.time, first.boxes[:2]) == (at(0), ((5, 6, 7, 8), (9, 9, 9, 9))) and len(first.boxes) == 4
    assert second == Mark(at(0.2), ((1, 2, 3, 4),))


@pytest.mark.parametrize(("noted", "whole"), [(8, True), (9, False), (None, False), ("8", False)])
def test_whole_where_the_sidecar_gives_the_size_of_the_film(clip: Clip, noted: object, whole: bool) -> None:
    values = {**json.loads(encode_sidecar(clip)), "size": noted}
    read = clip_from_sidecar(values, clip.camera, clip.name, clip.folder, clip.day, size=8)
    assert (read.whole, read.extra) == (whole, {})


def test_unknown_keys_survive(clip: Clip) -> None:
    values = {**json.loads(encode_sidecar(clip)), "labels": ["robin"], "version": 7}
    read = again(clip, values)
    assert read.extra == {"labels": ["robin"]}
    assert json.loads(encode_sidecar(read))["labels"] == ["robin"]


@pytest.mark.parametrize(
    "change",
    [
        {"start": None},
        {"start": "yesterday"},
        {"start": "2026-11-20T18:03:03"},
        {"end": "2026-11-20T18:03:03.919Z"},
        {"windows": 5},
        {"windows": [["2026-11-20T18:03:07.120Z"]]},
        {"windows": [[1, 2]]},
        {"score": "high"},
        {"score": True},
        {"part": "first"},
        {"time_zone": 1},
    ],
    ids=str,
)
def test_damaged_values(clip: Clip, change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        again(clip, {**json.loads(encode_sidecar(clip)), **change})


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'"text"'])
def test_damaged_files(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r".+"):
        read_sidecar(path)


def test_a_fifo_is_no_sidecar(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.json")
    with pytest.raises(ValueError, match="not a regular file"):
        read_sidecar(tmp_path / "x.json")


@pytest.mark.parametrize(
    ("window", "shown"),
    [((4, 4.5), True), ((5, 6), False), ((0, 3), False), ((6.4, 99), True), ((-5, 99), True)],
)
def test_what_a_clip_shows(clip: Clip, window: tuple[float, float], shown: bool) -> None:
    wanted = [Span(at(window[0]), at(window[1]))]
    assert clip.shows(wanted) is shown
    assert dataclasses.replace(clip, windows=()).shows(wanted), "without windows it is all of the clip"


def test_remove(clip: Clip) -> None:
    clip.folder.mkdir(parents=True)
    for path in (clip.path, clip.sidecar, clip.folder / "other.mp4"):
        path.touch()
    remove_clip(clip)
    remove_clip(clip)
    assert [path.name for path in clip.folder.iterdir()] == ["other.mp4"]
