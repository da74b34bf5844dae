"""How fast footage is looked at, one core each: of `python bench/speed.py`; alone, `python bench/speed_scan.py`.

Everything is processor time, with OpenCV and FFmpeg on one thread, over segments and chunks as the motion job reads
them: what is read twice counts twice. The detector is timed in the scan, reading and bare decoding on their own.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "bench")]

import av  # noqa: E402
import cv2  # noqa: E402
import speed_main  # noqa: E402
from accuracy import CACHE  # noqa: E402
from recorded import CAMERA, EPOCH, SEGMENT, look_at, scanned_of, segments_of  # noqa: E402
from report import machine, table  # noqa: E402
from scenes import SCENES, write  # noqa: E402

from config.settings import CameraSettings  # noqa: E402
from mediamtx.names import Segment, Stream  # noqa: E402
from mediamtx.samples import open_video  # noqa: E402
from mediamtx.segments import list_segments  # noqa: E402
from motion.detector import Detector  # noqa: E402
from motion.look import Look  # noqa: E402

SETTINGS = CameraSettings()
CALM, SELDOM = "calm-day", 5.0  # s between key frames of a detect stream
HOUR = 3600
Table = tuple[str, str]
PARTS = ("find and read", "decode", "the rest", "cheap test", "full analysis", "all")  # us a frame


@dataclass
class Parts:
    """Processor time, s, of what a scan does, and how many pictures it is done to."""

    footage: float = 0.0
    frames: int = 0
    read: float = 0.0
    decode: float = 0.0
    whole: float = 0.0
    detector: float = 0.0
    analysis: float = 0.0
    looked: int = 0
    analysed: int = 0

    def __add__(self, other: Parts) -> Parts:
        return Parts(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))

    def cells(self, name: str, bound: str) -> list[str]:
        """As a row; the parts in microseconds a frame of footage."""
        rest = self.whole - self.read - self.decode - self.detector
        parts = (self.read, self.decode, rest, self.detector - self.analysis, self.analysis, self.whole)
        return [
            name,
            f"{self.footage / self.whole:,.0f}x",
            bound,
            *(f"{1e6 * part / self.frames:.0f}" for part in parts),
            f"{self.analysed / max(1, self.looked):.0%}",
        ]


def tables(folder: Path, quick: bool, frontier: bool = False) -> Iterator[Table]:
    """The tables of looking at footage, each with its title."""
    cv2.setNumThreads(1)
    yield (
        "Looking at the detect stream, one core: times real time, and microseconds a frame",
        table(
            ["footage", "speed", "bound", *PARTS, "analysed"],
            list(detect_rows(quick)),
        ),
    )
    yield (
        "Looking at 1080p30 alone, one core",
        table(
            ["way", "speed", "of OpenCV's differencing", "visits found", "false events", "outside"],
            list(speed_main.rows(quick, frontier)),
        ),
    )
    yield (
        "Memory of a process that scans one long segment",
        table(["segment", "highest resident memory", "bound"], list(memory_rows(folder, quick))),
    )


def detect_rows(quick: bool) -> Iterator[list[str]]:
    """Calm, an hour of it, busiest, all of the dev half."""
    calm = SCENES[CALM]
    seldom = replace(calm, film=replace(calm.film, gop=SELDOM))
    ours, other = (write(scene, CACHE / "scenes").detect for scene in (calm, seldom))
    yield parts_of(other, calm.seconds).cells("calm, a key frame each 5 s", ">= 1,200x")
    yield parts_of(ours, calm.seconds).cells("calm, as our camera encodes it (a key frame each second)", "")
    for name, path in (("each 5 s", other), ("each second", ours)):
        cpu = hour_of(path)
        yield [f"an hour of that, a key frame {name}", f"{HOUR / cpu:,.0f}x", "", *[""] * len(PARTS), ""]
    names = [n for n, s in SCENES.items() if s.half == "dev" and (not quick or n in (CALM, "rain", "small-birds"))]
    found = {name: parts_of(write(SCENES[name], CACHE / "scenes").detect, SCENES[name].seconds) for name in names}
    busiest = min(found, key=lambda name: found[name].footage / found[name].whole)
    yield found[busiest].cells(f"busiest: {busiest}", ">= 300x")
    yield sum(found.values(), Parts()).cells(f"dev set, {len(names)} scenes", ">= 700x")


def hour_of(path: Path) -> float:
    """Processor time, s, for an hour of a clip, again and again: most of a day is no beginning."""
    layout = segments_of(path, True, CACHE)
    files = [layout.segment_path(segment) for segment in list_segments(layout, Stream(CAMERA, detect=True))]
    with tempfile.TemporaryDirectory(prefix="birbcam-bench-") as folder:
        hour = replace(layout, media_dir=Path(folder))
        known = [
            Segment(Stream(CAMERA, detect=True), EPOCH + timedelta(seconds=number * SEGMENT[True]))
            for number in range(int(HOUR / SEGMENT[True]))
        ]
        hour.stream_dir(known[0].stream).mkdir(parents=True)
        for number, segment in enumerate(known):
            hour.segment_path(segment).symlink_to(files[number % len(files)])
        begin = time.process_time()
        for one in scanned_of(hour, known, Look.of(SETTINGS)):
            assert not one.problem
        return time.process_time() - begin


def parts_of(path: Path, seconds: float) -> Parts:
    """Scans a detect stream and tells where the time goes."""
    parts = Parts(footage=seconds)
    layout = segments_of(path, True, CACHE)
    files = [layout.segment_path(segment) for segment in list_segments(layout, Stream(CAMERA, detect=True))]
    begin = time.process_time()
    encoded = []
    for file in files:
        with open_video(file) as video:
            assert video is not None
            encoded.append((video, [(video.read(sample), sample.pts) for sample in video.samples]))
    parts.read = time.process_time() - begin
    begin = time.process_time()
    for video, samples in encoded:
        decoder = av.CodecContext.create(video.codec, "r")
        decoder.extradata, decoder.thread_count = video.extradata, 1
        for data, pts in samples:
            packet = av.Packet(data)
            packet.pts = pts
            parts.frames += len(decoder.decode(packet))
        parts.frames += len(decoder.decode(None))
    parts.decode = time.process_time() - begin
    del encoded
    with timed_calls(Detector, "update", "warm_up") as detector, timed_calls(Detector, "_analyse") as analysis:
        parts.whole = look_at(path, True, SETTINGS, CACHE).cpu
    parts.detector, parts.looked = detector[0], int(detector[1])
    parts.analysis, parts.analysed = analysis[0], int(analysis[1])
    return parts


@contextmanager
def timed_calls(kind: type, *names: str) -> Iterator[list[float]]:
    """Processor time in methods, and how often the first was called."""
    told = [0.0, 0.0]

    def wrapped(method: Callable[..., Any], counts: bool) -> Callable[..., Any]:
        def call(*values: Any, **named: Any) -> Any:
            begin = time.process_time()
            result = method(*values, **named)
            told[0] += time.process_time() - begin
            told[1] += counts
            return result

        return call

    with mock.patch.multiple(kind, **{name: wrapped(getattr(kind, name), name == names[0]) for name in names}):
        yield told


def memory_rows(folder: Path, quick: bool) -> Iterator[list[str]]:
    """A short clip repeated without a new encode, scanned by a process of its own."""
    code = (
        "import sys; sys.path.append(sys.argv[2])\n"
        "from report import own_peak; from datetime import UTC, datetime; from pathlib import Path\n"
        "from motion.look import Look; from motion.scan import Source, scan\n"
        "for _ in scan([Source(Path(sys.argv[1]), datetime(2026, 11, 20, tzinfo=UTC))], Look()): pass\n"
        "print(own_peak())"
    )
    folder.mkdir(parents=True, exist_ok=True)
    for name, size, fps, minutes in (("detect stream", "320x180", 5, 60), ("1080p30", "1920x1080", 30, 10)):
        times = 1 if quick else minutes
        made, long = folder / "short.mp4", folder / "long.mp4"
        source = ["-f", "lavfi", "-i", f"testsrc2=s={size}:r={fps}:d=60"]
        video = ["-c:v", "libx264", "-preset", "ultrafast", "-g", str(2 * fps), "-b:v", "5M" if fps == 30 else "150k"]
        parts = ["-movflags", "empty_moov+default_base_moof", "-frag_duration", "1000000", "-use_editlist", "0"]
        for command in (
            [*source, *video, made],
            ["-stream_loop", str(times - 1), "-i", made, "-c", "copy", *parts, long],
        ):
            subprocess.run(["ffmpeg", "-v", "error", "-y", *command], check=True)
        command = [sys.executable, "-c", code, long, ROOT / "bench"]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
        yield [f"{name}, {times} min", f"{float(done.stdout):.0f} MB", "200 MB"]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="three scenes and short segments")
    parser.add_argument("--frontier", action="store_true", help="other ways to save work on 1080p, too")
    asked = parser.parse_args()
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory(prefix="birbcam-bench-") as folder:
        for title, text in tables(Path(folder), asked.quick, asked.frontier):
            print(f"\n{title}\n\n{text}", flush=True)


if __name__ == "__main__":
    main()
