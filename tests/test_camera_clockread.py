"""The clock in the demo picture: what is drawn is read, also after real encoding."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from camera.clockread import BLOCKS, CLOCK_AREA, ROW, clock_blocks, read_clock
from camera.scene import Scene

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TICK = 1 / 32


@pytest.fixture(scope="module")
def scene() -> Scene:
    return Scene(1, 320, 180)


@pytest.mark.parametrize("ms", [0, 31, 32, 999, 1000, 86_399_999, 2**31, 2**33, 2**39])
def test_what_is_drawn_is_read(scene: Scene, ms: int) -> None:
    time = NOON + timedelta(milliseconds=ms)
    picture = scene.frame_yuv(0, time)[:180]
    found = read_clock(picture)
    assert found is not None and abs((found - time).total_seconds()) <= TICK


def test_it_is_read_from_luma_and_from_rgb_and_in_any_zone(scene: Scene) -> None:
    time = NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert read_clock(scene.frame(0, time)) == read_clock(scene.frame_yuv(0, time)[:180])


def test_neighbouring_times_differ_in_few_blocks() -> None:
    rows = [clock_blocks(NOON + timedelta(seconds=k / 5)) for k in range(500)]
    changes = [sum(a != b for a, b in zip(*pair, strict=True)) for pair in pairwise(rows)]
    assert len(rows[0]) == BLOCKS and np.mean(changes) < 4.5
    fast = {k for a, b in pairwise(rows[:4]) for k in range(BLOCKS) if a[k] != b[k]}
    assert all(k + 1 not in fast for k in fast)


def test_pictures_without_a_clock_tell_no_time(scene: Scene) -> None:
    random = np.random.default_rng(1)
    assert read_clock(scene.frame(0, None)) is None
    assert read_clock(np.full((180, 320), 90, np.uint8)) is None
    for _ in range(200):
        noise = random.integers(0, 256, (180, 320), np.uint8)
        assert read_clock(noise) is None


def test_a_damaged_row_is_not_believed(scene: Scene) -> None:
    picture = scene.frame_yuv(0, NOON)[:180].copy()
    width = (ROW[2] - ROW[0]) * 320 / BLOCKS
    for block in range(BLOCKS):
        x = int(ROW[0] * 320 + block * width)
        damaged = picture.copy()
        damaged[176:, x : int(x + width)] = 140 - damaged[176:, x : int(x + width)]
        found = read_clock(damaged)
        assert found is None or block < 2


def test_the_clock_changes_nothing_outside_its_area(scene: Scene) -> None:
    one, two = (scene.frame(0, time).astype(int) for time in (NOON, NOON + timedelta(days=400, seconds=7.3)))
    rows, columns = np.nonzero(np.abs(one - two).max(axis=2))
    left, top, right, bottom = CLOCK_AREA
    assert rows.min() >= int(top * 180) and rows.max() < bottom * 180
    assert columns.min() >= int(left * 320) and columns.max() < right * 320


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["ultrafast", "veryfast"])
def test_it_survives_both_streams(ffmpeg: str, tmp_path: Path, preset: str) -> None:
    """The main stream at 2.5 Mb/s and the detect stream at CRF 26, as the publisher makes them."""
    main, detect = tmp_path / "main.mp4", tmp_path / "detect.mp4"
    demo = [sys.executable, "-m", "camera.demo", "--start", NOON.isoformat(), "--seconds", "7", "--unpaced"]
    encode = [ffmpeg, "-v", "error", "-i", "-"]
    coder = ["-c:v", "libx264", "-preset", preset, "-tune", "zerolatency", "-pix_fmt", "yuv420p"]
    encode += ["-map", "0:v", *coder, "-b:v", "2500k", "-maxrate", "2500k", "-bufsize", "2500k", "-g", "25", str(main)]
    encode += ["-map", "0:v", "-vf", "fps=5,scale=320:180", *coder, "-crf", "26", "-g", "25", str(detect)]
    with subprocess.Popen(demo, stdout=subprocess.PIPE) as source:
        subprocess.run(encode, stdin=source.stdout, check=True)
    assert source.returncode == 0
    for path, late in ((main, 0.05), (detect, 0.16)):
        with av.open(str(path)) as container:
            for frame in container.decode(video=0):
                found = read_clock(frame.to_ndarray(format="gray"))
                assert found is not None and frame.time is not None
                assert abs((found - NOON).total_seconds() - frame.time) < late
