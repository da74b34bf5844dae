"""The ways others find motion, for the same footage, scored the same way.

- **DVR-Scan** 1.8 with its own defaults, as a program in an environment of its own (see `./birbcam bench`). What its
  events are padded with (1.5 s before, 2 s after) is taken off again, as ours are judged without padding too.
- **Differencing**, as small bird cameras do it: 3 pictures a second, scaled to 180 px height, grey, Gaussian blur of
  21, difference to the picture before, threshold 25, dilated twice, and an outline of at least AREA px. That is the
  usual 500 px of a picture of 1920x1080; what is usual for one 500 px wide would be 205 here, and find half as much.
- **MOG2** of OpenCV with its defaults, 5 pictures a second of 180 px height, without what it calls shadow, opened with
  a 3x3 square, and a blob of at least BLOB px, which is the least that this leaves.

All say yes to single pictures; whoever scores them joins what lies within `merge_gap`, as it does with ours.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from scoring import Span

ROOT = Path(__file__).resolve().parent.parent
DVR_SCAN = Path(os.environ.get("BIRBCAM_PEERS", ROOT / ".venv-peers/bin"), "dvr-scan")
VERSION = 1
"""Of this module: results are kept, and made again when it changes."""
AREA = 14.0  # px
BLOB = 9  # px
HEIGHT = 180  # px
BEFORE, AFTER = 1.5, 2.0  # s that DVR-Scan adds to an event

Picture = np.ndarray[Any, np.dtype[np.uint8]]


class PeerError(Exception):
    """Somebody cannot be compared with; the message says why."""


@dataclass(frozen=True)
class Told:
    """What a peer reports of a clip, without padding, and the processor time it took, s."""

    spans: tuple[Span, ...]
    cpu: float


def differencing(path: Path) -> Iterator[Span]:
    """Plain frame differencing, 3 a second."""
    before: Picture | None = None
    for at, picture in _pictures(path, 3.0):
        blurred = cv2.GaussianBlur(picture, (21, 21), 0)
        if before is not None:
            mask = cv2.threshold(cv2.absdiff(blurred, before), 25, 255, cv2.THRESH_BINARY)[1]
            outlines, _ = cv2.findContours(cv2.dilate(mask, None, iterations=2), cv2.RETR_EXTERNAL,
                                           cv2.CHAIN_APPROX_SIMPLE)  # fmt: skip
            if any(cv2.contourArea(outline) >= AREA for outline in outlines):
                yield Span(at, at + 1 / 3)
        before = blurred


def mog2(path: Path) -> Iterator[Span]:
    """OpenCV's background subtraction, 5 a second."""
    subtractor = cv2.createBackgroundSubtractorMOG2()
    square = np.ones((3, 3), np.uint8)
    for number, (at, picture) in enumerate(_pictures(path, 5.0)):
        mask = cv2.threshold(subtractor.apply(picture), 200, 255, cv2.THRESH_BINARY)[1]
        count, _, stats, _ = cv2.connectedComponentsWithStats(cv2.morphologyEx(mask, cv2.MORPH_OPEN, square))
        if number > 0 and count > 1 and stats[1:, cv2.CC_STAT_AREA].max() >= BLOB:
            yield Span(at, at + 0.2)


def dvr_scan(path: Path) -> Iterator[Span]:
    """DVR-Scan with its defaults, but for writing no clips."""
    command = [str(DVR_SCAN), "--scan-only", "--quiet", "--ignore-user-config", "--input", str(path)]
    with tempfile.TemporaryDirectory() as home:  # it keeps a log in its home
        environment = os.environ | {"HOME": home, "XDG_STATE_HOME": home}
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=home, env=environment)
    times = [_seconds(word) for line in done.stdout.splitlines() for word in line.split(",") if ":" in word]
    with av.open(str(path)) as container:
        length = float(container.duration or 0) / av.time_base
    for start, end in zip(times[::2], times[1::2], strict=True):
        # What begins or ends with the clip may be padded by less.
        begin = start + BEFORE if start > 0 else start
        yield Span(begin, max(begin + 0.1, end - AFTER if end < length - 0.3 else end))


PEERS: dict[str, Callable[[Path], Iterator[Span]]] = {
    "DVR-Scan": dvr_scan,
    "differencing": differencing,
    "MOG2": mog2,
}


def told(name: str, path: Path, cache: Path) -> Told:
    """What the peer `name` reports of a clip; kept in `cache`, as neither the peer nor the clip changes."""
    key = hashlib.sha256(f"{VERSION} {name} {AREA} {BLOB} ".encode() + path.read_bytes()).hexdigest()[:24]
    kept = cache / "peers" / f"{key}.json"
    if kept.exists():
        data = json.loads(kept.read_text())
        return Told(tuple(Span(*pair) for pair in data["spans"]), data["cpu"])
    cv2.setNumThreads(1)
    before = _cpu()
    result = Told(tuple(PEERS[name](path)), 0.0)
    result = Told(result.spans, _cpu() - before)
    kept.parent.mkdir(parents=True, exist_ok=True)
    temporary = kept.with_suffix(f".{os.getpid()}")
    temporary.write_text(json.dumps({"spans": [[s.start, s.end] for s in result.spans], "cpu": result.cpu}))
    temporary.rename(kept)
    return result


def _cpu() -> float:
    """Processor time of this process and of the children that have ended, s."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _seconds(clock: str) -> float:
    hours, minutes, seconds = clock.strip().split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def _pictures(path: Path, rate: float) -> Iterator[tuple[float, Picture]]:
    """Times and grey pictures of HEIGHT px, at most `rate` a second."""
    due = 0.0
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        for frame in container.decode(stream):
            if frame.time is None or frame.time < due - 1e-3:
                continue
            due = max(due + 1 / rate, frame.time)
            grey = frame.reformat(format="gray").to_ndarray() if frame.format.name == "gray" else _luma(frame)
            if grey.shape[0] != HEIGHT:
                width = round(grey.shape[1] * HEIGHT / grey.shape[0])
                grey = cv2.resize(grey, (width, HEIGHT), interpolation=cv2.INTER_AREA)
            yield frame.time, grey


def _luma(frame: av.VideoFrame) -> Picture:
    plane = frame.planes[0]
    return np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: frame.height, : frame.width].copy()


def names(wanted: Sequence[str]) -> list[str]:
    """The peers of these names; all for "all"; PeerError where there is none of a name, or it is not installed."""
    chosen = list(PEERS) if list(wanted) == ["all"] else list(wanted)
    for name in chosen:
        if name not in PEERS:
            raise PeerError(f'there is no peer "{name}"; there are {", ".join(PEERS)}')
    if "DVR-Scan" in chosen and not DVR_SCAN.exists():
        raise PeerError(f"{DVR_SCAN}: DVR-Scan is missing; `./birbcam bench` installs it")
    return chosen
