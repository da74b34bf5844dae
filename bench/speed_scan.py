"""How fast footage is looked at, one core each: of `python bench/speed.py`; alone, `python bench/speed_scan.py`.

Everything is processor time, with OpenCV and FFmpeg on one thread, over segments and chunks as the motion job reads
them: what is read twice counts twice. The detector is timed in the scan, reading and bare decoding on their own.
"""

from __future__ import annotations

import argparse
import functools
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "bench")]

import av  # noqa: E402
import cv2  # noqa: E402
import peers  # noqa: E402
from accuracy import CACHE  # noqa: E402
from clips import Clip, _drawn  # noqa: E402
from recorded import CAMERA, judged, look_at, segments_of  # noqa: E402
from report import machine, table  # noqa: E402
from scenes import SCENES, write  # noqa: E402
from scoring import Score, Span, joined, score  # noqa: E402

from config.settings import CameraSettings  # noqa: E402
from mediamtx.names import Stream  # noqa: E402
from mediamtx.samples import open_video  # noqa: E402
from mediamtx.segments import list_segments  # noqa: E402
from motion import decode, economy, scan  # noqa: E402
from motion.detector import Detector  # noqa: E402
from motion.reader import Reader  # noqa: E402

SETTINGS = CameraSettings()
CALM, EVERY_KEY = "calm-day", 5.0  # s between key frames of the detect stream, as our camera makes it
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
        table(["way", "speed", "of OpenCV's differencing", "visits found", "false events"], list(main_rows(frontier))),
    )
    yield (
        "Memory of a process that scans one long segment",
        table(["segment", "highest resident memory", "bound"], list(memory_rows(folder, quick))),
    )


def detect_rows(quick: bool) -> Iterator[list[str]]:
    """Calm, busiest, all of the dev half."""
    calm = SCENES[CALM]
    as_ours = replace(calm, film=replace(calm.film, gop=EVERY_KEY))
    path = write(as_ours, CACHE / "scenes").detect
    yield parts_of(path, calm.seconds).cells("calm, as our camera encodes it (a key frame each 5 s)", ">= 1,200x")
    names = [n for n, s in SCENES.items() if s.half == "dev" and (not quick or n in (CALM, "rain", "small-birds"))]
    found = {name: parts_of(write(SCENES[name], CACHE / "scenes").detect, SCENES[name].seconds) for name in names}
    yield found[CALM].cells("calm, a key frame each second", "")
    busiest = min(found, key=lambda name: found[name].footage / found[name].whole)
    yield found[busiest].cells(f"busiest: {busiest}", ">= 300x")
    yield sum(found.values(), Parts()).cells(f"dev set, {len(names)} scenes", ">= 700x")


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


def by_opencv(path: Path) -> list[Span]:
    """Plain frame differencing as such programs have it: OpenCV decodes all, three a second are compared."""
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    rate, number, due, spans = capture.get(cv2.CAP_PROP_FPS), 0, 0.0, []
    before = None
    while capture.grab():
        at = number / rate
        number += 1
        if at < due - 1e-3:
            continue
        due += 1 / 3
        picture = cv2.resize(capture.retrieve()[1], (320, peers.HEIGHT), interpolation=cv2.INTER_AREA)
        blurred = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), (21, 21), 0)
        if before is not None:
            mask = cv2.threshold(cv2.absdiff(blurred, before), 25, 255, cv2.THRESH_BINARY)[1]
            outlines, _ = cv2.findContours(cv2.dilate(mask, None, iterations=2), cv2.RETR_EXTERNAL,
                                           cv2.CHAIN_APPROX_SIMPLE)  # fmt: skip
            if any(cv2.contourArea(outline) >= peers.AREA for outline in outlines):
                spans.append(Span(at, at + 1 / 3))
        before = blurred
    return spans


def main_rows(frontier: bool) -> Iterator[list[str]]:
    """OpenCV's differencing, ours, and ours with other economies; DVR-Scan on the main against ours on the detect."""
    clips = [_drawn(name, CACHE, 0, True) for name, scene in SCENES.items() if scene.half == "dev" and scene.main]
    seconds = sum(clip.seconds for clip in clips)
    cpu, found = judged_by(clips, lambda clip: timed(lambda: by_opencv(clip.main)))
    peer = seconds / cpu

    def row(name: str, cpu: float, found: Score) -> list[str]:
        speed = seconds / cpu
        return [name, f"{speed:.1f}x", f"{speed / peer:.1f}", f"{found.found} of {found.visits}", str(found.false)]

    yield row("OpenCV decodes all, differencing", cpu, found)
    for name, settings in FRONTIER if frontier else FRONTIER[:2]:
        reader = functools.partial(Reader, economical=bool(settings))
        as_usual = mock.patch.multiple(economy, **settings) if settings else nullcontext()
        with (
            mock.patch.object(scan, "Reader", reader),
            mock.patch.object(decode, "_recent", decode._Recent()),
            as_usual,
        ):
            yield row(name, *judged_by(clips, lambda clip: scanned(clip.main, False)))
    cpu, found = judged_by(clips, lambda clip: _dvr_scan(clip.main))
    yield row("DVR-Scan's defaults", cpu, found)
    cpu, found = judged_by(clips, lambda clip: scanned(clip.detect, True))
    yield row("ours on the detect stream of the same", cpu, found)


def every(step: int) -> dict[str, Any]:
    """Of the pictures between key frames only each so many are decoded, and nothing more."""

    def glance(video: Any, group: Any) -> Any:
        references = [sample for sample in group[1:] if decode.is_reference(video, sample)]
        return [group[0], *references[step - 1 :: step]]

    return {"glance": glance, "RATION": 0.0, "SAVED": 0.0}


FRONTIER: Sequence[tuple[str, dict[str, Any]]] = (
    ("all decoded", {}),
    ("our default", {"RATION": economy.RATION}),
    ("... ten times the ration", {"RATION": 10 * economy.RATION, "SAVED": 5 * economy.SAVED}),
    ("each 4th, no groups whole", every(4)),
    ("each 8th, no groups whole", every(8)),
    ("each 16th, no groups whole", every(16)),
    ("key frames alone", every(10**6)),
)


def _dvr_scan(path: Path | None) -> tuple[float, list[Span]]:
    assert path is not None
    told = peers.told("DVR-Scan", path, CACHE)
    return told.cpu, list(told.spans)


def scanned(path: Path | None, detect: bool) -> tuple[float, list[Span]]:
    """Processor time and events of ours."""
    assert path is not None
    looked = look_at(path, detect, SETTINGS, CACHE)
    return looked.cpu, judged(looked, SETTINGS)


def timed(action: Callable[[], list[Span]]) -> tuple[float, list[Span]]:
    """Processor time and result."""
    begin = time.process_time()
    result = action()
    return time.process_time() - begin, result


def judged_by(clips: Sequence[Clip], look: Callable[[Clip], tuple[float, list[Span]]]) -> tuple[float, Score]:
    """Processor time and score over all clips."""
    cpu, total = 0.0, Score()
    for clip in clips:
        took, spans = look(clip)
        cpu += took
        total += score(clip.visits, joined(spans, SETTINGS.merge_gap), clip.seconds)
    return cpu, total


def memory_rows(folder: Path, quick: bool) -> Iterator[list[str]]:
    """A short clip repeated without a new encode, scanned by a process of its own."""
    code = (
        "import resource, sys; from datetime import UTC, datetime; from pathlib import Path\n"
        "from motion.look import Look; from motion.scan import Source, scan\n"
        "for _ in scan([Source(Path(sys.argv[1]), datetime(2026, 11, 20, tzinfo=UTC))], Look()): pass\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
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
        done = subprocess.run([sys.executable, "-c", code, long], capture_output=True, text=True, check=True, cwd=ROOT)
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
