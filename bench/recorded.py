"""Footage as the recorder leaves it: a clip cut at key frames into named segments, and how ours judges those.

Everything is done by the functions of a pass: the same chunks, lead-ins, windows and events, with the settings'
defaults. Only the clips are not made.
"""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import cv2
from scoring import Span

from config.settings import CameraSettings
from mediamtx.layout import Layout
from mediamtx.names import Segment, Stream
from mediamtx.segments import list_segments
from motion.chunk import Scanned, Source
from motion.detector import Detector
from motion.events import Rules, assemble, windows_of
from motion.look import Look
from motion.scan import scan
from motion.worklist import works

SEGMENT = {True: 10.0, False: 60.0}
"""Seconds of a segment of the detect stream and of the main stream, as in the settings."""
EPOCH = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
CAMERA = "bench"
_PARTS = {"movflags": "empty_moov+default_base_moof+skip_sidx+skip_trailer", "frag_duration": "1000000"}


@dataclass(frozen=True)
class Looked:
    """What the scan said of a clip, to be judged with any sensitivity; `cpu` is the processor time it took, s."""

    start: datetime
    scanned: tuple[Scanned, ...]
    cpu: float


def segments_of(path: Path, detect: bool, cache: Path) -> Layout:
    """The clip in segments below a folder of `cache`, where they are kept."""
    status = path.stat()
    key = hashlib.sha256(f"{path.resolve()} {status.st_size} {status.st_mtime_ns} {detect}".encode()).hexdigest()[:20]
    folder = cache / "segments" / key
    layout = Layout(folder, folder, folder, UTC, "UTC")
    if not folder.exists():
        making = folder.with_name(f"{key}.{os.getpid()}")
        _cut(path, replace(layout, media_dir=making), Stream(CAMERA, detect=detect), start_of(path))
        try:
            making.rename(folder)
        except OSError:  # another process was faster
            shutil.rmtree(making)
    return layout


def start_of(path: Path) -> datetime:
    """When a clip begins: anywhere within a chunk, and always the same."""
    return EPOCH + timedelta(seconds=int(hashlib.sha256(path.name.encode()).hexdigest()[:6], 16) % 3600)


def _cut(path: Path, layout: Layout, stream: Stream, start: datetime) -> None:
    layout.stream_dir(stream).mkdir(parents=True)
    with av.open(str(path)) as source:
        video = source.streams.video[0]
        pieces: list[list[av.Packet]] = []
        begins: list[float] = []
        for packet in source.demux(video):
            if packet.dts is None:
                continue
            at = float(packet.dts * packet.time_base)
            if packet.is_keyframe and (not pieces or at - begins[-1] >= SEGMENT[stream.detect] - 1e-3):
                pieces.append([])
                begins.append(at)
            pieces[-1].append(packet)
        for at, packets in zip(begins, pieces, strict=True):
            name = layout.segment_path(Segment(stream, start + timedelta(seconds=at - begins[0])))
            with av.open(str(name), "w", format="mp4", options={**_PARTS, "use_editlist": "0"}) as out:
                target = out.add_stream_from_template(video)
                first = packets[0].dts
                for packet in packets:
                    packet.pts, packet.dts, packet.stream = packet.pts - first, packet.dts - first, target
                    out.mux_one(packet)


def look_at(
    path: Path, detect: bool, settings: CameraSettings, cache: Path, without: frozenset[str] = frozenset()
) -> Looked:
    """What a scan says of a clip; by a detector without some of its stages, where they are named."""
    cv2.setNumThreads(1)
    layout = segments_of(path, detect, cache)
    known = list_segments(layout, Stream(CAMERA, detect=detect))
    before = time.process_time()
    scanned = tuple(scanned_of(layout, known, Look.of(settings), without))
    cpu = time.process_time() - before
    for one in scanned:
        if one.problem:
            raise RuntimeError(f"{path}: {one.problem}")
    return Looked(start_of(path), scanned, cpu)


def scanned_of(
    layout: Layout, known: Sequence[Segment], look: Look, without: frozenset[str] = frozenset()
) -> Iterator[Scanned]:
    """What a pass over these segments scans, chunk by chunk; by a detector `without` some of its stages."""
    make = functools.partial(Detector, without=without)
    for work in works(known, known):
        sources = [
            Source(layout.segment_path(segment), segment.start, index < work.lead, segment in work.todo)
            for index, segment in enumerate(work.segments)
        ]
        yield from scan(sources, look, make=make)


def judged(looked: Looked, settings: CameraSettings) -> list[Span]:
    """The events that a pass with these settings makes of it, without padding, in s from the start of the clip."""
    rules = Rules.of(settings)
    windows = [window for one in looked.scanned for window in windows_of(one.frames, one.span.end, rules)]
    over, _ = assemble(None, windows, None, rules)
    spans: list[Span] = []
    for event in over:
        start, end = ((t - looked.start).total_seconds() for t in (event.windows[0].start, event.windows[-1].end))
        if event.part > 1:  # one event, though more than one clip
            spans[-1] = Span(spans[-1].start, end)
        else:
            spans.append(Span(start, end))
    return spans


def scores_of(looked: Looked) -> list[tuple[float, float, tuple[tuple[float, ...], ...]]]:
    """Per picture its time (s from the start of the clip), its final score and the boxes."""
    best: dict[float, tuple[float, tuple[tuple[float, ...], ...]]] = {}
    for one in looked.scanned:
        for frame in one.frames:
            at = (frame.time - looked.start).total_seconds()
            if at not in best or frame.score > best[at][0]:
                best[at] = frame.score, frame.boxes
    return [(at, *best[at]) for at in sorted(best)]
