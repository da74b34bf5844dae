"""Clips with their truth, to be judged: the drawn scenes of bench/scenes.py, and real footage where there is any.

Real footage is a folder of NAME.mp4 with NAME.json beside it. Wider than 480 px it is a main stream, of which the
detect stream is made as a camera makes it. The truth is `{"events": [[start, end], ...]}` in seconds from the start of
the clip. An event may also be
`{"start": 3.2, "end": 7, "kind": "bird", "optional": true, "rests": [[4, 6]]}` (see bench/scoring.py); times may be
"1:23.5"; the list may stand alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
from scoring import LEAST_FRAMES, Span, Visit

ROOT = Path(__file__).resolve().parent.parent
REAL = ROOT.parent / "shared" / "footage"
WIDEST = 480  # px of a detect stream
LEAST_PX = 3  # px of what must be found


class FootageError(Exception):
    """Footage without a truth that can be read; the message says where and what."""


@dataclass(frozen=True)
class Clip:
    """Footage with its truth; `detect` or `main` may be missing."""

    name: str
    half: str  # "dev", "held" or "real"
    seconds: float
    detect: Path | None
    main: Path | None
    visits: tuple[Visit, ...]

    def stream(self, detect: bool) -> Path | None:
        """The file of one stream."""
        return self.detect if detect else self.main


def drawn(
    wanted: Sequence[str], half: str, cache: Path, executor: Executor, main: bool, seed: int = 0
) -> list[Future[Clip]]:
    """The drawn scenes of these names (all for none) and this half ("all" for both); made where they are not kept."""
    from scenes import SCENES

    for name in wanted:
        if name not in SCENES:
            raise FootageError(f'there is no scene "{name}"; there are {", ".join(SCENES)}')
    names = [name for name, scene in SCENES.items() if (name in wanted if wanted else half in ("all", scene.half))]
    return [executor.submit(drawn_one, name, cache, seed, main) for name in names]


def is_drawn(name: str) -> bool:
    """Whether there is a drawn scene of this name."""
    from scenes import SCENES

    return name in SCENES


def drawn_one(name: str, cache: Path, seed: int = 0, main: bool = False) -> Clip:
    """One drawn scene; made where it is not kept, with its main stream where that is asked for and it has one."""
    from scenes import SCENES, write

    scene = SCENES[name]
    made = write(scene, cache / "scenes", seed, main and scene.main)
    visits = tuple(
        Visit(
            event.start,
            event.end,
            event.kind,
            event.frames < LEAST_FRAMES or event.px < LEAST_PX,
            tuple(Span(*rest) for rest in event.optional),
        )
        for event in made.truth
    )
    return Clip(name, scene.half, scene.seconds, made.detect, made.main, visits)


def real(folder: Path, cache: Path) -> Iterator[Clip]:
    """The clips of a folder of real footage, by name; FootageError where one has no truth that can be read."""
    for path in sorted(folder.glob("*.mp4")):
        truth = path.with_suffix(".json")
        try:
            events = _events(json.loads(truth.read_text()), truth)
        except (OSError, ValueError) as error:
            raise FootageError(f"{truth}: cannot be read: {error}") from error
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            seconds = float(container.duration or 0) / av.time_base
            wide = stream.width > WIDEST
        detect, main = (_small(path, cache), path) if wide else (path, None)
        yield Clip(path.stem, "real", seconds, detect, main, tuple(events))


def _small(path: Path, cache: Path) -> Path:
    """The detect stream of a main stream, kept in `cache`."""
    status = path.stat()
    key = hashlib.sha256(f"{path.resolve()} {status.st_size} {status.st_mtime_ns}".encode()).hexdigest()[:12]
    small = cache / "small" / f"{path.stem}-{key}.mp4"
    if not small.exists():
        small.parent.mkdir(parents=True, exist_ok=True)
        making = small.with_suffix(f".{os.getpid()}.mp4")
        scale = ["-an", "-vf", "fps=5,scale=320:-2:flags=area", "-pix_fmt", "yuv420p"]
        encode = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "26", "-g", "5", "-sc_threshold", "0", "-bf", "0"]
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", path, *scale, *encode, making], check=True)
        making.rename(small)
    return small


def _events(data: Any, where: Path) -> Iterable[Visit]:
    found = (
        next((data[key] for key in ("events", "truth", "visits") if key in data), None)
        if isinstance(data, dict)
        else data
    )
    if not isinstance(found, list):
        raise FootageError(f'{where}: holds no list "events"')
    return [_visit(event, f"{where}: event {number}") for number, event in enumerate(found, 1)]


def _visit(event: Any, where: str) -> Visit:
    extra: dict[str, Any] = {}
    if isinstance(event, dict):
        extra, event = event, [event.get("start", event.get("begin")), event.get("end", event.get("stop"))]
    if not isinstance(event, list) or len(event) < 2:
        raise FootageError(f"{where}: is no [start, end]")
    start, end = _seconds(event[0], where), _seconds(event[1], where)
    if end <= start:
        raise FootageError(f"{where}: ends before it starts")
    kind = extra.get("kind", extra.get("label", event[2] if len(event) > 2 else "real"))
    rests = tuple(Span(_seconds(a, where), _seconds(b, where)) for a, b in extra.get("rests", ()))
    return Visit(start, end, str(kind), bool(extra.get("optional", False)), rests)


def _seconds(value: Any, where: str) -> float:
    """Seconds of 12.5, "12.5", "1:02.5" or "0:01:02.5"."""
    try:
        total = 0.0
        for part in str(value).split(":"):
            total = total * 60 + float(part)
    except ValueError as error:
        raise FootageError(f"{where}: {value!r} is no time in seconds") from error
    return total
