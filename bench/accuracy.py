"""How much is found and how much is told falsely, beside other ways; `./birbcam bench accuracy`.

All look at the same footage: drawn scenes whose truth is known to the frame (bench/scenes.py; one half of them was
never looked at while the detector was made), and real footage where there is any. How it is counted stands in
bench/scoring.py, the other ways in bench/peers.py. Prints Markdown tables; bench/RESULTS.md keeps the latest.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tomllib
from collections.abc import Iterable, Sequence, Set
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path
from typing import TypeVar

from tqdm import tqdm

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

import peers  # noqa: E402
import tables  # noqa: E402
from clips import REAL, Clip, FootageError, drawn, is_drawn, real  # noqa: E402
from explained import explained  # noqa: E402
from recorded import Looked, judged, look_at  # noqa: E402
from report import machine  # noqa: E402
from scoring import Score, score  # noqa: E402

from config.settings import CameraSettings  # noqa: E402

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "birbcam-bench"
SENSITIVITIES = (20, 30, 40, 45, 50, 55, 60, 70, 80, 90)
T = TypeVar("T")
STREAMS = {"detect": (True,), "main": (False,), "both": (True, False)}


@dataclass(frozen=True)
class Entry:
    """One row of the comparison: who, on which stream, with the score and the processor time (s) of each clip."""

    who: str
    detect: bool
    scores: dict[str, Score]
    cpu: dict[str, float]

    def total(self, clips: Iterable[Clip]) -> Score:
        """All clips in one."""
        return reduce(lambda a, b: a + b, (self.scores[c.name] for c in clips if c.name in self.scores), Score())


def results(todo: Sequence[Future[T]], what: str) -> list[T]:
    """What the work gave, with a bar for a person who waits at a terminal."""
    return [future.result() for future in tqdm(todo, what, disable=None, leave=False)]


def ours(
    clips: Sequence[Clip],
    detect: bool,
    settings: CameraSettings,
    cache: Path,
    executor: Executor,
    without: Set[str] = frozenset(),
) -> dict[str, Looked]:
    """What our scan says of each clip that has the stream."""
    there = [(clip.name, path) for clip in clips if (path := clip.stream(detect)) is not None]
    todo = [executor.submit(look_at, path, detect, settings, cache, frozenset(without)) for _, path in there]
    return {name: looked for (name, _), looked in zip(there, results(todo, "looking"), strict=True)}


def our_entry(
    clips: Sequence[Clip], looked: dict[str, Looked], settings: CameraSettings, detect: bool, who: str = ""
) -> Entry:
    """Our row, judged with these settings."""
    scores = {
        clip.name: score(clip.visits, judged(looked[clip.name], settings), clip.seconds, settings.merge_gap)
        for clip in clips
        if clip.name in looked
    }
    cpu = {name: one.cpu for name, one in looked.items()}
    return Entry(who or f"**BirbCam, {_stream(detect)}**", detect, scores, cpu)


def peer_entry(
    name: str, clips: Sequence[Clip], detect: bool, settings: CameraSettings, cache: Path, executor: Executor
) -> Entry:
    """A peer's row."""
    there = [(clip, path) for clip in clips if (path := clip.stream(detect)) is not None]
    todo = [executor.submit(peers.told, name, path, cache) for _, path in there]
    reports = list(zip((clip for clip, _ in there), results(todo, name), strict=True))
    scores = {clip.name: score(clip.visits, told.spans, clip.seconds, settings.merge_gap) for clip, told in reports}
    cpu = {clip.name: told.cpu for clip, told in reports}
    return Entry(f"{name}, {_stream(detect)}", detect, scores, cpu)


def curve(clips: Sequence[Clip], looked: dict[str, Looked], settings: CameraSettings) -> list[tuple[float, Score]]:
    """What other sensitivities make of the same scan."""
    result = []
    for value in sorted({*SENSITIVITIES, settings.sensitivity}):
        entry = our_entry(clips, looked, replace(settings, sensitivity=value), detect=True)
        result.append((float(value), entry.total(clips)))
    return result


def ablation(
    whole: Entry, clips: Sequence[Clip], detect: bool, settings: CameraSettings, cache: Path, executor: Executor
) -> str:
    """What is worse without each stage of the detector, as a table."""
    from motion.detector import STAGES

    entries = []
    for stage in STAGES:
        looked = ours(clips, detect, settings, cache, executor, {stage})
        entries.append(our_entry(clips, looked, settings, detect, stage))
    return tables.ablation(whole, entries, clips)


def _stream(detect: bool) -> str:
    return "detect stream" if detect else "main stream"


def with_settings(changes: Sequence[str]) -> CameraSettings:
    """The settings' defaults with "name=value" changes."""
    settings = CameraSettings()
    for change in changes:
        name, _, value = change.partition("=")
        if not hasattr(settings, name):
            raise SystemExit(f'accuracy: a camera has no setting "{name}"')
        settings = replace(settings, **{name: tomllib.loads(f"value = {value}")["value"]})
    return settings


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="accuracy", description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", default="", metavar="A,B", help="only these drawn scenes")
    parser.add_argument("--half", choices=("dev", "held", "all"), default="all", help="which half of the drawn scenes")
    parser.add_argument("--stream", choices=tuple(STREAMS), help="default: both, with --quick detect")
    parser.add_argument("--peers", default="all", metavar="A,B", help=f"of {', '.join(peers.PEERS)}")
    parser.add_argument("--no-peers", action="store_true", help="ours alone, in seconds")
    parser.add_argument("--quick", action="store_true", help="the detect stream alone")
    parser.add_argument("--seed", type=int, default=0, help="of the drawn scenes")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a camera's setting")
    parser.add_argument("--footage", type=Path, metavar="FOLDER", help="real footage instead of ../shared/footage")
    parser.add_argument("--no-drawn", action="store_true", help="real footage alone")
    parser.add_argument("--ablation", action="store_true", help="also switch off each stage of the detector")
    parser.add_argument("--explain", metavar="CLIP", help="truth beside what is reported, and the worst pictures")
    parser.add_argument("--check", action="store_true", help="exit 1 when an aim is missed")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--cache", type=Path, default=CACHE, metavar="FOLDER", help=f"default: {CACHE}")
    return parser.parse_args(words)


def all_clips(options: argparse.Namespace, main: bool, executor: Executor) -> list[Clip]:
    """The drawn and the real footage that is asked for."""
    clips: list[Clip] = []
    wanted = [name for name in options.scenes.split(",") if name]
    if options.explain and not options.no_drawn and is_drawn(options.explain):
        wanted = [options.explain]
    if not options.no_drawn and (wanted or not options.explain):
        clips = results(drawn(wanted, options.half, options.cache, executor, main, options.seed), "drawing")
    folder = options.footage or REAL
    if folder.is_dir() and not wanted:
        clips += [clip for clip in real(folder, options.cache) if options.explain in (None, clip.name)]
    if not clips:
        raise FootageError("there is no footage to judge")
    return clips


def run(options: argparse.Namespace, executor: Executor) -> bool:
    """Print what is asked for; whether the aims are met."""
    settings = with_settings(options.set)
    streams = STREAMS[options.stream or ("detect" if options.quick or options.no_peers or options.explain else "both")]
    asked = [] if options.no_peers or options.explain else peers.names(options.peers.split(","))
    clips = all_clips(options, False in streams, executor)
    looked = {detect: ours(clips, detect, settings, options.cache, executor) for detect in streams}
    if options.explain:
        for detect in streams:
            for clip in clips:
                if clip.name in looked[detect]:
                    print(explained(clip, looked[detect][clip.name], settings))
        return True
    entries = [our_entry(clips, looked[d], settings, d) for d in streams]
    for name in asked:
        entries += [peer_entry(name, clips, d, settings, options.cache, executor) for d in streams]
    print(f"{machine()}\n")
    first = [entry for entry in entries if entry.detect == streams[0]]
    print(tables.compared(first, clips))
    print(tables.per_clip(first, clips))
    print(tables.per_kind(first, clips))
    if len(streams) > 1:
        print(tables.both_streams(entries, clips))
    print(tables.curve(curve(clips, looked[streams[0]], settings), settings.sensitivity))
    if options.ablation:
        print(ablation(entries[0], clips, streams[0], settings, options.cache, executor))
    text, met = tables.aims(entries[0], clips)
    print(text)
    return met


def main() -> None:
    """Run what the command line asks for."""
    options = arguments()
    try:
        with ProcessPoolExecutor(options.jobs, multiprocessing.get_context("spawn")) as executor:
            met = run(options, executor)
    except (FootageError, peers.PeerError) as error:
        raise SystemExit(f"accuracy: {error}") from error
    if options.check and not met:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
