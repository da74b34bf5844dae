"""What a soak left on disk against what there should be: clips lost, doubled, and files and processes left over."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import av

from camera.scene_visits import visits_between
from config.errors import SegmentError
from config.settings import Settings
from mediamtx.catalogue import camera_folders, clips_of_day, day_folders
from mediamtx.clips import Clip
from mediamtx.files import TEMPORARY
from mediamtx.layout import Layout
from mediamtx.names import ClipName, Stream
from mediamtx.segments import CONTIGUOUS, Span, inspect, list_segments

FRAME = timedelta(seconds=0.1)
"""Of the main stream: by so much a clip may begin or end elsewhere."""
LEAD = timedelta(seconds=20)
"""So long the footage must run without a gap before a visit, for the detector to know the garden."""
EDGE = timedelta(seconds=1)
"""A bird comes in over the picture's edge, a few pixels at first."""


@dataclass(frozen=True)
class Findings:
    """How many clips there should be, and what is wrong, by name."""

    clips: int
    lost: list[str]
    doubled: list[str]
    orphaned: list[str]


def check(soaked: Settings, whole: Settings, folder: Path) -> Findings:
    """Compare the clips of the disturbed scan with those of the undisturbed one; look for what is left over."""
    made, wanted = clips(soaked), clips(whole)
    lost = [clip.name.stem for clip in wanted if not any(_same(other, clip) for other in made)]
    doubled = [clip.name.stem for clip in made if not any(_same(other, clip) for other in wanted)]
    doubled += [b.name.stem for a, b in pairwise(made) if a.kind == "motion" and a.shows(b.windows)]
    return Findings(len(wanted), lost, doubled, [*_left_files(folder), *_left_processes(folder)])


def clips(settings: Settings) -> list[Clip]:
    """All clips of all cameras, oldest first."""
    layout = Layout.of(settings)
    found = [
        clip
        for camera in camera_folders(layout)
        for day in day_folders(layout, camera)
        for clip in clips_of_day(layout, camera, day)
    ]
    return sorted(found, key=lambda clip: clip.name)


def visits_found(settings: Settings, camera: str) -> tuple[int, int]:
    """How many of the demo camera's visits are shown by a clip, of how many that lie wholly in unbroken footage."""
    windows = [window for clip in clips(settings) for window in clip.windows]
    layout = Layout.of(settings)
    shown = counted = 0
    for run in unbroken(layout, camera):
        for visit in visits_between(settings.cameras[camera].demo_seed, run.start, run.end):
            if visit.start - run.start > LEAD and visit.end < run.end:
                counted += 1
                shown += any(window.overlaps(Span(visit.start + EDGE, visit.end - EDGE)) for window in windows)
    return shown, counted


def unbroken(layout: Layout, camera: str) -> list[Span]:
    """The stretches in which both streams were recorded without a gap."""
    main, detect = (_runs(layout, Stream(camera, is_detect)) for is_detect in (False, True))
    return [common for one in main for other in detect if (common := one.intersection(other)) is not None]


def _runs(layout: Layout, stream: Stream) -> list[Span]:
    runs: list[Span] = []
    for segment in list_segments(layout, stream):
        try:
            end = segment.start + timedelta(seconds=inspect(layout.segment_path(segment)).duration)
        except SegmentError:  # cut off in its first second
            continue
        if runs and (segment.start - runs[-1].end).total_seconds() <= CONTIGUOUS:
            runs[-1] = Span(runs[-1].start, end)
        else:
            runs.append(Span(segment.start, end))
    return runs


def _same(one: Clip, other: Clip) -> bool:
    """Whether two clips show the same: times within a frame, pictures and sound in equal number."""
    near = abs(one.start - other.start) <= FRAME and abs(one.end - other.end) <= FRAME
    return near and one.part == other.part and _packets(one.path) == _packets(other.path)


def _packets(path: Path) -> dict[str, int]:
    counts = dict.fromkeys(("video", "audio"), 0)
    with av.open(str(path)) as container:
        for packet in container.demux():
            counts[packet.stream.type] += packet.size > 0
    return counts


def _left_files(folder: Path) -> Iterable[str]:
    for path in sorted(folder.rglob("*")):
        beside_a_clip = path.suffix in (".jpg", ".json") and ClipName.parse(path.stem) is not None
        if path.name.startswith(TEMPORARY) or (beside_a_clip and not path.with_suffix(".mp4").exists()):
            yield str(path.relative_to(folder))


def _left_processes(folder: Path) -> Iterable[str]:
    """Processes that work in the folder, or that ended and were never waited for."""
    starters = _starters()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) in starters:
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            environment = (entry / "environ").read_bytes() if state != "Z" else b""
        except OSError:
            continue  # gone meanwhile, or somebody else's
        ours = f"BIRBCAM_CONFIG={folder}".encode() in environment or str(folder) in command
        if ours and "forkserver" not in command and "soak.py" not in command and "pytest" not in command:
            yield f"process {entry.name}: {command}"
        elif state == "Z" and int(parent) == os.getpid():
            yield f"zombie {entry.name}"


def _starters() -> set[int]:
    """This process and those that it was started by: their command lines may name the folder, too."""
    found, pid = set(), os.getpid()
    while pid > 0:
        found.add(pid)
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return found
