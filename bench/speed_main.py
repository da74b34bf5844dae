"""How fast footage is looked at where there is a main stream only: ours beside OpenCV's differencing and DVR-Scan.

All of the dev half's scenes that have a main stream. Processor time, one core; of `python bench/speed_scan.py`.
"""

from __future__ import annotations

import functools
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import cv2
import peers
from accuracy import CACHE
from clips import Clip, drawn_one
from recorded import judged, look_at
from scenes import SCENES
from scoring import Score, Span, joined, score

from config.settings import CameraSettings
from motion import decode, economy

SETTINGS = CameraSettings()


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


def rows(quick: bool, frontier: bool) -> Iterator[list[str]]:
    """OpenCV's differencing, ours, and ours with other economies; DVR-Scan on the main against ours on the detect."""
    names = [name for name, scene in SCENES.items() if scene.half == "dev" and scene.main]
    clips = [drawn_one(name, CACHE, main=True) for name in (names[:2] if quick else names)]
    seconds = sum(clip.seconds for clip in clips)
    first: list[float] = []

    def row(name: str, look: Callable[[Clip], tuple[float, list[Span]]]) -> list[str]:
        cpu, found = judged_by(clips, look)
        first.append(cpu)
        told = f"{found.found} of {found.visits}", str(found.false), f"{found.outside:.0f} s"
        return [name, f"{seconds / cpu:.1f}x", f"{first[0] / cpu:.1f}", *told]

    yield row("OpenCV decodes all, differencing", lambda clip: timed(lambda: by_opencv(clip.main)))
    for name, settings in FRONTIER if frontier else FRONTIER[:2]:
        camera = replace(SETTINGS, main_decode="all" if settings is None else "economical")
        as_usual = mock.patch.multiple(economy, **settings) if settings else nullcontext()
        with mock.patch.object(decode, "_recent", decode._Recent()), as_usual:
            yield row(name, functools.partial(scanned, detect=False, camera=camera))
    yield row("DVR-Scan's defaults", dvr_scan)
    yield row("ours on the detect stream of the same", functools.partial(scanned, detect=True, camera=SETTINGS))


def every(step: int) -> dict[str, Any]:
    """Of the pictures between key frames only each so many are decoded, and nothing more."""

    def glance(video: Any, group: Any) -> Any:
        references = [sample for sample in group[1:] if decode.is_reference(video, sample)]
        return [group[0], *references[step - 1 :: step]]

    return {"glance": glance, "RATION": 0.0, "SAVED": 0.0, "BEGIN": 0.0}


FRONTIER: Sequence[tuple[str, dict[str, Any] | None]] = (
    ("all decoded", None),
    ("economical, as is the default", {}),
    ("... twice the ration", {"RATION": 2 * economy.RATION, "BEGIN": economy.SAVED}),
    ("... whatever differs is decoded", {"RATION": 1.0, "SAVED": 100.0, "BEGIN": 100.0}),
    ("... three quarters of the ration", {"RATION": 0.75 * economy.RATION, "BEGIN": 0.75 * economy.BEGIN}),
    ("each 4th, no groups whole", every(4)),
    ("each 8th, no groups whole", every(8)),
    ("each 16th, no groups whole", every(16)),
    ("key frames alone", every(10**6)),
)


def dvr_scan(clip: Clip) -> tuple[float, list[Span]]:
    """Processor time and events of DVR-Scan on the main stream, by itself and not as it is remembered."""
    assert clip.main is not None
    with tempfile.TemporaryDirectory(prefix="birbcam-bench-") as folder:
        told = peers.told("DVR-Scan", clip.main, Path(folder))
    return told.cpu, list(told.spans)


def scanned(clip: Clip, detect: bool, camera: CameraSettings) -> tuple[float, list[Span]]:
    """Processor time and events of ours."""
    path = clip.stream(detect)
    assert path is not None
    looked = look_at(path, detect, camera, CACHE)
    return looked.cpu, judged(looked, camera)


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
