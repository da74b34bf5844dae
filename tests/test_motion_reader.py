"""Reading: the wanted pictures and no others, whatever was read before; large ones with economy; in little memory."""

from __future__ import annotations

import random
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import av
import numpy as np
import pytest
from yard import DETECT, MAIN, T

import media
from config.errors import SegmentError
from config.settings import CameraSettings, Settings
from mediamtx.layout import Layout
from mediamtx.samples import open_video
from motion import decode
from motion.economy import BEGIN, RATION, glance, is_dear
from motion.events import Rules, windows_of
from motion.look import Look
from motion.luma import luma_of
from motion.reader import FRAME_STEP, Reader, Shown
from motion.scan import Source, scan

pytestmark = [pytest.mark.usefixtures("ffmpeg"), pytest.mark.slow]
ROOT = Path(__file__).resolve().parent.parent
MOST_MEMORY = 200  # MB of a process that scans


@pytest.fixture
def layout(settings: Settings) -> Layout:
    return Layout.of(settings)


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "_recent", decode._Recent())


def same(some: list[Shown], others: list[Shown]) -> bool:
    return len(some) == len(others) and all(
        one.time == other.time and one.key == other.key and np.array_equal(one.luma, other.luma)
        for one, other in zip(some, others, strict=True)
    )


def by_ffmpeg(path: Path) -> list[Shown]:
    due, shown = 0.0, []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            assert frame.time is not None
            if frame.time >= due - 1e-6:
                due = frame.time + FRAME_STEP
                shown.append(Shown(T + timedelta(seconds=frame.time), luma_of(frame), bool(frame.key_frame)))
    return shown


@pytest.mark.parametrize("codec", ["h264", "h265"])
@pytest.mark.parametrize("b_frames", [0, 2])
@pytest.mark.parametrize("size", [(320, 180), (640, 360)])
def test_the_wanted_pictures_are_the_same_as_when_all_is_decoded(
    layout: Layout, codec: str, b_frames: int, size: tuple[int, int]
) -> None:
    (segment,) = media.write_segments(layout, MAIN, T, [6], codec=codec, b_frames=b_frames, size=size, motion=[(1, 5)])
    path = layout.segment_path(segment)
    assert same(list(Reader(economical=False).pictures(path, T)), by_ffmpeg(path))


def test_a_lead_in_is_the_same_read_alone_and_after_the_chunk_before(layout: Layout) -> None:
    (segment,) = media.write_segments(layout, DETECT, T, [20], motion=[(11, 15)])
    path = layout.segment_path(segment)
    alone = list(Reader().pictures(path, T, T + timedelta(seconds=12.3)))
    reader = Reader()
    whole = list(reader.pictures(path, T))
    assert same(list(reader.pictures(path, T, T + timedelta(seconds=12.3))), alone)
    assert same([shown for shown in whole if shown.time >= T + timedelta(seconds=12.3)], alone)


def test_what_was_remembered_of_a_file_is_not_taken_for_another(layout: Layout) -> None:
    segments = media.write_segments(layout, DETECT, T, [5, 5], motion=[(1, 9)])
    first, second = (layout.segment_path(segment) for segment in segments)
    reader = Reader()
    expected = list(Reader().pictures(second, T))
    list(reader.pictures(first, T))
    first.write_bytes(second.read_bytes())
    assert same(list(reader.pictures(first, T)), expected)


@pytest.mark.parametrize("main_decode", ["economical", "all"])
@pytest.mark.parametrize("b_frames", [0, 2])
def test_what_moves_in_large_pictures_is_found(layout: Layout, b_frames: int, main_decode: str) -> None:
    motion = [(25, 25.7), (33, 41)]
    segments = media.write_segments(
        layout, MAIN, T, [30, 20], size=(640, 360), fps=30, gop=2, b_frames=b_frames, motion=motion
    )
    with open_video(layout.segment_path(segments[0])) as video:
        assert video is not None and is_dear(video)
        group = video.samples[:60]
        assert len(glance(video, group)) <= 10
    sources = [Source(layout.segment_path(segment), segment.start) for segment in segments]
    settings = CameraSettings(main_decode=main_decode)
    scanned = list(scan(sources, Look.of(settings)))
    windows = [
        ((window.start - T).total_seconds(), (window.end - T).total_seconds())
        for one in scanned
        for window in windows_of(one.frames, one.span.end, Rules.of(settings))
    ]
    assert windows[0] == (pytest.approx(25, abs=0.4), pytest.approx(25.7, abs=0.6))
    later = [window for window in windows if window[0] > 27]  # the second segment tells of the end of the first again
    # What moves slowly is only sure where a key frame shows it.
    assert later[0][0] == pytest.approx(33, abs=1.4) and later[-1][1] == pytest.approx(41, abs=1.4)
    looked = sum(len(one.frames) for one in scanned)
    assert looked < 200 if main_decode == "economical" else looked > 250


def test_what_differs_everywhere_all_the_time_is_decoded_by_ration(layout: Layout) -> None:
    (segment,) = media.write_segments(layout, MAIN, T, [60], size=(640, 360), fps=30, gop=2, motion=[(0, 60)])
    path = layout.segment_path(segment)
    economical, all_ = (len(list(Reader(economical).pictures(path, T))) for economical in (True, False))
    glances = 60 * 2
    assert glances < economical < glances + (BEGIN + 60 * RATION) / 60 * all_


def test_damage_ends_in_no_picture_or_some(layout: Layout, tmp_path: Path) -> None:
    (segment,) = media.write_segments(layout, MAIN, T, [4], size=(640, 360), motion=[(1, 3)])
    whole = layout.segment_path(segment).read_bytes()
    chance = random.Random(5)
    path = tmp_path / "damaged.mp4"
    reader, read = Reader(), 0
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(chance.choice([1, 20, 500])):
            data[chance.randrange(chance.choice([3000, len(data)]))] = chance.randrange(256)
        path.write_bytes(data)
        try:
            read += len(list(reader.pictures(path, T)))
        except SegmentError:
            continue
        assert reader.end >= T
    assert read > 100


@pytest.mark.parametrize(("fps", "size", "seconds"), [(5, (320, 180), 1200), (30, (1920, 1080), 200)])
def test_memory_does_not_depend_on_the_segments_length(
    layout: Layout, tmp_path: Path, fps: int, size: tuple[int, int], seconds: int
) -> None:
    """A short encode, repeated; the benchmark takes longer ones."""
    (segment,) = media.write_segments(layout, MAIN, T, [20], audio=False, size=size, fps=fps, gop=2, motion=[(3, 9)])
    long = tmp_path / "long.mp4"
    parts = ["-movflags", "empty_moov+default_base_moof+skip_sidx", "-frag_duration", "1000000", "-use_editlist", "0"]
    command = ["ffmpeg", "-v", "error", "-stream_loop", str(seconds // 20 - 1), "-i", layout.segment_path(segment)]
    subprocess.run([*command, "-c", "copy", *parts, long], check=True)
    code = (
        "import re, sys\n"
        "from datetime import UTC, datetime\n"
        "from pathlib import Path\n"
        "from motion.look import Look\n"
        "from motion.scan import Source, scan\n"
        "begin = datetime(2026, 11, 20, tzinfo=UTC)\n"
        "(one,) = scan([Source(Path(sys.argv[1]), begin)], Look())\n"
        # Not ru_maxrss: that begins with what the process had that this one was forked from.
        "peak = re.search(r'VmHWM:\\s*(\\d+)', Path('/proc/self/status').read_text())\n"
        "print(one.span.duration, int(peak[1]) / 1024)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, long], capture_output=True, text=True, check=True, cwd=ROOT)
    length, peak = map(float, done.stdout.split())
    assert length == pytest.approx(seconds, abs=1)
    assert peak < MOST_MEMORY
