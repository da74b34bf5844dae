"""The accuracy benchmark: truth of real footage is read, and everybody is asked about real encodes."""

from __future__ import annotations

import json
from pathlib import Path

import av
import pytest
from clips import FootageError, real
from peers import differencing, mog2, told
from recorded import CAMERA, judged, look_at, segments_of
from scoring import Span, score

from config.settings import CameraSettings
from media import Look, make_mp4
from mediamtx.names import Stream
from mediamtx.segments import list_segments
from motion.detector import STAGES

LOOK = Look(audio=False, fps=5, motion=((31.0, 34.0),), noise=3)


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one clip of a minute, in which something crosses once."""
    folder = tmp_path_factory.mktemp("footage")
    make_mp4(folder / "garden.mp4", 60.0, LOOK)
    (folder / "garden.json").write_text('{"events": [[31, 34]]}')
    return folder


@pytest.mark.parametrize(
    "told",
    [
        {"events": [[31, 34]]},
        [[31.0, 34.0]],
        {"events": [["0:31", "34"]]},
        {"events": [{"start": 31, "end": 34, "kind": "real", "note": "a blob"}]},
        {"camera": "garden", "truth": [[31, 34, "real"]]},
    ],
)
def test_truth_is_read_in_small_variations(footage: Path, tmp_path: Path, told: object) -> None:
    (footage / "garden.json").write_text(json.dumps(told))
    (clip,) = real(footage, tmp_path)
    (visit,) = clip.visits
    assert (visit.start, visit.end, visit.kind, visit.optional) == (31.0, 34.0, "real", False)
    assert (clip.name, clip.half, round(clip.seconds), clip.main) == ("garden", "real", 60, None)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"events": [[34, 31]]}', "event 1: ends before it starts"),
        ('{"events": [[1, 2], ["noon", 3]]}', "event 2: 'noon' is no time"),
        ('{"events": [5]}', "event 1: is no [start, end]"),
        ('{"visits!": []}', 'holds no list "events"'),
        ("{", "cannot be read"),
    ],
)
def test_truth_that_cannot_be_read_is_said(footage: Path, tmp_path: Path, text: str, problem: str) -> None:
    (footage / "garden.json").write_text(text)
    with pytest.raises(FootageError) as caught:
        list(real(footage, tmp_path))
    assert str(caught.value).startswith(f"{footage / 'garden.json'}: ")
    assert problem in str(caught.value)


def test_a_clip_without_truth_is_said(footage: Path, tmp_path: Path) -> None:
    (footage / "garden.json").unlink()
    with pytest.raises(FootageError, match=r"garden\.json: cannot be read"):
        list(real(footage, tmp_path))


def test_of_wide_footage_a_detect_stream_is_made_once(tmp_path: Path) -> None:
    make_mp4(tmp_path / "yard.mp4", 2.0, Look(audio=True, size=(640, 360), fps=10))
    (tmp_path / "yard.json").write_text("[]")
    (clip,) = real(tmp_path, tmp_path / "cache")
    assert clip.main == tmp_path / "yard.mp4"
    assert clip.detect
    with av.open(str(clip.detect)) as small:
        assert (small.streams.video[0].width, small.streams.video[0].average_rate) == (320, 5)
    made = clip.detect.stat().st_mtime_ns
    (again,) = real(tmp_path, tmp_path / "cache")
    assert again.detect == clip.detect
    assert clip.detect.stat().st_mtime_ns == made


def test_a_clip_is_laid_out_as_recorded(footage: Path, tmp_path: Path) -> None:
    layout = segments_of(footage / "garden.mp4", True, tmp_path)
    segments = list_segments(layout, Stream(CAMERA, detect=True))
    assert [(s.start - segments[0].start).total_seconds() for s in segments] == [0, 10, 20, 30, 40, 50]
    before = layout.stream_dir(Stream(CAMERA, detect=True)).stat().st_mtime_ns
    assert segments_of(footage / "garden.mp4", True, tmp_path) == layout
    assert layout.stream_dir(Stream(CAMERA, detect=True)).stat().st_mtime_ns == before


@pytest.mark.slow
def test_ours_finds_what_crosses(footage: Path, tmp_path: Path) -> None:
    (footage / "garden.json").write_text('{"events": [[31, 34]]}')
    (clip,) = real(footage, tmp_path)
    assert clip.detect
    looked = look_at(clip.detect, True, CameraSettings(), tmp_path)
    result = score(clip.visits, judged(looked, CameraSettings()), clip.seconds)
    assert (result.found, result.false, result.split) == (1, 0, 0)
    assert abs(result.start_errors[0]) < 0.5
    assert score(clip.visits, judged(looked, CameraSettings(sensitivity=0)), clip.seconds).reported <= 1
    less = look_at(clip.detect, True, CameraSettings(), tmp_path, frozenset(STAGES))
    assert less.scanned != looked.scanned, "a detector without its stages says something else"


@pytest.mark.parametrize("peer", [differencing, pytest.param(mog2, marks=pytest.mark.slow)])
def test_peers_find_what_crosses(footage: Path, peer: object) -> None:
    spans = list(peer(footage / "garden.mp4"))  # type: ignore[operator]
    assert spans
    assert all(30.5 < span.start < 35 for span in spans)


def test_what_a_peer_told_is_kept(footage: Path, tmp_path: Path) -> None:
    first = told("differencing", footage / "garden.mp4", tmp_path)
    (kept,) = (tmp_path / "peers").iterdir()
    kept.write_text(json.dumps({"spans": [[1.0, 2.0]], "cpu": 3.0}))
    again = told("differencing", footage / "garden.mp4", tmp_path)
    assert (again.spans, again.cpu) == ((Span(1.0, 2.0),), 3.0) != (first.spans, first.cpu)
