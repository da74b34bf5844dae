"""Footage of a scene: drawn, measured for its truth, encoded by ffmpeg, and cached."""

from __future__ import annotations

import hashlib
import inspect
import itertools
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from scene_actors import Actor
from scene_book import Film, Scene, Span, Truth, Written
from scene_paint import HEIGHT, WIDTH
from scene_world import Painter

DETECT, DETECT_FPS = (WIDTH, HEIGHT), 5
MAIN, MAIN_FPS = (1920, 1080), 30
CONTRAST = 6.0  # grey levels of 255 by which a px must change to be seen
DEVIATIONS = 3.0  # of the noise there
SEEN = 3  # px that must change for an actor to be seen
MERGE_GAP = 6.0  # s, the product's default
_LISTS = "scene_dev", "scene_held", "scene_book", "scene_sheet"  # what no other scene depends on
MAIN_FILM = ["-preset", "ultrafast", "-b:v", "5M", "-maxrate", "7M", "-bufsize", "10M", "-g", "60"]


def version(scene: Scene, seed: int) -> str:
    """Changes with whatever the footage depends on: the drawing code, the scene and the seed."""
    digest = hashlib.sha256(f"{scene.name} {scene.seconds} {scene.film} {seed}".encode())
    others = _LISTS if scene.half == "held" else (*_LISTS, "scene_other")
    for path in sorted(Path(__file__).parent.glob("scene_*.py")):
        if not path.name.startswith(others):
            digest.update(path.read_bytes())
    own = Path(inspect.getfile(scene.build))
    digest.update(inspect.getsource(scene.build).encode() if own.name.startswith("scene_") else own.read_bytes())
    return digest.hexdigest()[:12]


def write(scene: Scene, folder: Path, seed: int = 0, main: bool = False) -> Written:
    """The scene's footage below the folder, made where it is not there yet; the main stream only where asked for."""
    target = folder / f"{scene.name}-{version(scene, seed)}"
    target.parent.mkdir(parents=True, exist_ok=True)
    if not (target / "truth.json").exists():
        with tempfile.TemporaryDirectory(dir=folder, prefix=".making-") as making:
            truth = film(scene, seed, Path(making) / "detect.mp4")
            (Path(making) / "truth.json").write_text(json.dumps([asdict(event) for event in truth], indent=1))
            target.mkdir(exist_ok=True)
            for name in ("detect.mp4", "truth.json"):  # the truth last: it says that all is there
                shutil.move(Path(making) / name, target / name)
    if main and not (target / "main.mp4").exists():
        with tempfile.TemporaryDirectory(dir=folder, prefix=".making-") as making:
            _main(scene, seed, Path(making) / "main.mp4")
            shutil.move(Path(making) / "main.mp4", target / "main.mp4")
    told = json.loads((target / "truth.json").read_text())
    truth = tuple(Truth(**{**event, "optional": tuple(tuple(span) for span in event["optional"])}) for event in told)
    return Written(scene, target / "detect.mp4", target / "main.mp4" if main else None, truth)


def painter(scene: Scene, seed: int, size: tuple[int, int] = DETECT) -> Painter:
    """What draws the scene at a size."""
    return Painter(scene.build(scene.seed + seed), size, scene.seed + seed)


def film(scene: Scene, seed: int, path: Path) -> list[Truth]:
    """Encode the detect stream and measure the truth."""
    paint = painter(scene, seed)
    actors = paint.world.actors
    seen: list[dict[int, tuple[bool, int]]] = []
    with Encoder(path, DETECT, DETECT_FPS, _options(scene.film)) as encoder:
        for number in range(round(scene.seconds * DETECT_FPS)):
            picture, changed = measured(paint, number)
            seen.append({index: (_moves(actors[index], number / DETECT_FPS), px) for index, px in changed.items()})
            encoder.write(picture)
    return truths(actors, seen)


def measured(paint: Painter, number: int) -> tuple[Any, dict[int, int]]:
    """One picture of the detect stream, and how many px each actor changes visibly in it."""
    time = number / DETECT_FPS
    shown, colour, canvas = paint.clean(time)
    changed: dict[int, int] = {}
    if canvas.touched:
        empty, _, _ = paint.clean(time, actors=False)
        noise = paint.noise_at(empty, time)
        differs = np.abs(shown - empty) > np.maximum(CONTRAST, DEVIATIONS * noise)
        for index, boxes in canvas.touched.items():
            mask = np.zeros_like(differs)
            for left, top, right, bottom in boxes:
                mask[max(0, int(top) - 4) : max(0, int(bottom) + 5), max(0, int(left) - 4) : max(0, int(right) + 5)] = (
                    True
                )
            changed[index] = int((differs & mask).sum())
    return paint.developed(shown, colour, time, number), changed


def _moves(actor: Actor, time: float) -> bool:
    pose = actor.pose(time)
    return pose is not None and not pose.still


def truths(actors: Any, seen: list[dict[int, tuple[bool, int]]]) -> list[Truth]:
    """The events, from what each detect frame says of each actor: whether it moves and how many px it changes."""
    frame = 1 / DETECT_FPS
    single: list[Truth] = []
    for index, actor in enumerate(actors):
        counts = [told.get(index, (False, 0)) for told in seen]
        moving = [n for n, (moves, px) in enumerate(counts) if moves and px >= SEEN]
        if not moving:
            continue
        rests = [
            (round((one + 1) * frame, 3), round(two * frame, 3))
            for one, two in itertools.pairwise(moving)
            if (two - one - 1) * frame > MERGE_GAP
        ]
        optional = tuple(rests) if actor.rest == "optional" else ()
        cuts = [] if optional else [span[0] for span in rests]
        sat = [n for n, (moves, px) in enumerate(counts) if px >= SEEN and not moves]
        if actor.rest == "optional" and sat and sat[0] < moving[0]:
            optional += ((sat[0] * frame, moving[0] * frame),)
        if actor.rest == "optional" and sat and sat[-1] > moving[-1]:
            optional += (((moving[-1] + 1) * frame, (sat[-1] + 1) * frame),)
        bounds = [-1.0, *cuts, float("inf")]
        for low, high in itertools.pairwise(bounds):
            part = [n for n in moving if low <= n * frame < high]
            px = [counts[n][1] for n in range(part[0], part[-1] + 1)]
            end = round((part[-1] + 1) * frame, 3)
            visible = sum(count >= SEEN for count in px)
            single.append(Truth(round(part[0] * frame, 3), end, actor.kind, visible, max(px), optional))
    return merged(single)


def merged(single: list[Truth]) -> list[Truth]:
    """Visits at most a merge gap apart are one event."""
    events: list[Truth] = []
    for one in sorted(single, key=lambda truth: truth.start):
        last = events[-1] if events else None
        if last is None or one.start - last.end > MERGE_GAP:
            events.append(one)
            continue
        kinds = sorted({*last.kind.split("+"), *one.kind.split("+")})
        moved: tuple[Span, ...] = (*last.optional, *one.optional)
        end, frames = max(last.end, one.end), last.frames + one.frames
        events[-1] = Truth(last.start, end, "+".join(kinds), frames, max(last.px, one.px), moved)
    return events


def _options(spec: Film) -> list[str]:
    gop = max(1, round(spec.gop * DETECT_FPS))
    rate = ["-crf", str(spec.crf)]
    if spec.kbps:
        rate = ["-b:v", f"{spec.kbps}k", "-maxrate", f"{spec.kbps * 3 // 2}k", "-bufsize", f"{spec.kbps * 2}k"]
    return ["-preset", spec.preset, *rate, "-g", str(gop), "-keyint_min", str(gop), "-sc_threshold", "0"]


def _main(scene: Scene, seed: int, path: Path) -> None:
    """Drawn at half the size and enlarged: a cheap lens and sensor show no more, and it takes a third of the time."""
    paint = painter(scene, seed, (MAIN[0] // 2, MAIN[1] // 2))
    with Encoder(path, MAIN, MAIN_FPS, MAIN_FILM) as encoder:
        for number in range(round(scene.seconds * MAIN_FPS)):
            encoder.write(_enlarged(paint.frame(number / MAIN_FPS, number)))


def _enlarged(picture: Any) -> Any:
    """A yuv420p picture at twice the size."""
    rows, wide = picture.shape
    high = rows * 2 // 3
    made = np.empty((rows * 2, wide * 2), np.uint8)
    made[: high * 2] = cv2.resize(picture[:high], (wide * 2, high * 2), interpolation=cv2.INTER_CUBIC)
    colours = made[high * 2 :].reshape(2, high, wide)
    for index, plane in enumerate(picture[high:].reshape(2, high // 2, wide // 2)):
        colours[index] = cv2.resize(plane, (wide, high), interpolation=cv2.INTER_LINEAR)
    return made


class Encoder:
    """ffmpeg, fed with pictures; one MP4."""

    def __init__(self, path: Path, size: tuple[int, int], fps: int, options: list[str]) -> None:
        command = ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{size[0]}x{size[1]}"]
        command += ["-r", str(fps), "-i", "-", "-c:v", "libx264", "-bf", "0", "-threads", "1", *options]
        command += ["-video_track_timescale", "90000", str(path)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE)

    def __enter__(self) -> Encoder:
        return self

    def write(self, picture: Any) -> None:
        """Add one yuv420p picture."""
        assert self._process.stdin is not None
        self._process.stdin.write(np.ascontiguousarray(picture).data)

    def __exit__(self, *failure: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        if self._process.wait() and failure[0] is None:
            raise RuntimeError("ffmpeg could not encode the scene; its message stands above")


def pictures(scene: Scene, seed: int, times: list[float]) -> Iterator[Any]:
    """Single pictures of the detect stream as BGR, for looking at."""
    paint = painter(scene, seed)
    for number, time in enumerate(times):
        yield cv2.cvtColor(paint.frame(time, number), cv2.COLOR_YUV2BGR_I420)
