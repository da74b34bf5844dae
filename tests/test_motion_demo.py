"""The demo garden through the whole job: a clip for each visit that the garden knows of, and none besides."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from yard import DETECT, MAIN, Yard

from camera.scene import Scene
from camera.scene_visits import SLOT, visits_between
from config.settings import CameraSettings, Settings
from mediamtx.layout import Layout
from mediamtx.names import Segment
from mediamtx.segments import Span

pytestmark = [pytest.mark.usefixtures("ffmpeg"), pytest.mark.slow]
SLOTS = 7  # a visit in each
SIZE, FPS = (640, 360), 5
MERGE_GAP = timedelta(seconds=CameraSettings().merge_gap)


def film(layout: Layout, seed: int, start: datetime, seconds: int) -> None:
    """Record the garden as both streams, encoded apart, in the segments that a recorder would write."""
    outputs: list[str | Path] = []
    folder = layout.media_dir / "filmed"
    for stream, length, filters in ((MAIN, 60, "null"), (DETECT, 10, "scale=320:-2:flags=area")):
        (folder / stream.path).mkdir(parents=True)
        outputs += ["-vf", filters, "-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-crf", "26"]
        outputs += ["-g", str(FPS), "-sc_threshold", "0", "-f", "segment", "-segment_time", str(length)]
        outputs += ["-reset_timestamps", "1", "-segment_format_options", "movflags=+frag_keyframe+empty_moov"]
        outputs += [folder / stream.path / "%03d.mp4"]
    source = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{SIZE[0]}x{SIZE[1]}", "-r", str(FPS), "-i", "-"]
    scene = Scene(seed, *SIZE, FPS)
    with subprocess.Popen(["ffmpeg", "-v", "error", *source, *outputs], stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        for index in range(seconds * FPS):
            moment = start + timedelta(seconds=index / FPS)
            process.stdin.write(scene.frame_yuv(moment.timestamp(), moment).tobytes())
    assert process.returncode == 0
    for stream, length in ((MAIN, 60), (DETECT, 10)):
        for path in (folder / stream.path).iterdir():
            segment = Segment(stream, start + timedelta(seconds=length * int(path.stem)))
            target = layout.segment_path(segment)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.rename(target)


def events(seed: int, start: datetime, end: datetime) -> list[Span]:
    """The visits, joined where they overlap or nearly meet."""
    result: list[Span] = []
    for visit in visits_between(seed, start, end):
        if result and visit.start - result[-1].end <= MERGE_GAP:
            result[-1] = Span(result[-1].start, max(visit.end, result[-1].end))
        else:
            result.append(Span(visit.start, visit.end))
    return result


@pytest.mark.parametrize("seed", [1, 5])
def test_the_clips_agree_with_the_gardens_truth(settings: Settings, seed: int) -> None:
    yard = Yard(settings)
    seconds = round(SLOTS * SLOT)
    begin = datetime(2026, 11, 20, 10, 0, tzinfo=UTC).timestamp() // SLOT * SLOT
    start = datetime.fromtimestamp(begin, UTC)
    end = start + timedelta(seconds=seconds)
    film(yard.layout, seed, start, seconds)

    clips = yard.run().clips  # long after: the clock of a yard begins in the evening
    truth = events(seed, start, end)
    found = [Span(clip.windows[0].start, clip.windows[-1].end) for clip in clips]
    assert len(truth) == SLOTS
    assert len(found) == len(truth), [
        ((s.start - start).total_seconds(), (s.end - start).total_seconds()) for s in found
    ]
    for clip, visit in zip(found, truth, strict=True):
        assert abs((clip.start - visit.start).total_seconds()) < 0.7
        assert abs((clip.end - visit.end).total_seconds()) < 1.0
