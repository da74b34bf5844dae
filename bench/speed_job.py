"""What the motion job costs beside a long history: time, memory, and bytes written to an SD card."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from installation import Installation, Ran, ran
from report import table

from media import write_segments
from mediamtx.layout import Layout
from mediamtx.names import Segment, Stream, segment_name
from mediamtx.segments import Span
from motion.activity import Activity
from motion.state import CameraState, StreamState, save_state

MAIN, DETECT = Stream("front"), Stream("front", detect=True)
LENGTHS = {DETECT: timedelta(seconds=10), MAIN: timedelta(seconds=60)}
LINKS = 60_000  # names that a file may have on ext4, nearly
TIMES = 7  # counted runs of each figure
PASSES = 2880  # a day's, one each 30 s
WATCHED = 20  # passes whose writing is counted
HISTORIES = {"1,000 segments": timedelta(hours=2.4), "100,000 segments": timedelta(days=10)}
Table = tuple[str, str]


def tables(folder: Path, quick: bool) -> Iterator[Table]:
    """The tables of the motion job, each with its title."""
    yield (
        "The motion job: time of a pass",
        table(
            ["a pass", "wall time, median (min-max)", "processor time", "peer", "its time", "bound"],
            list(pass_rows(folder / "passes")),
        ),
    )
    yield (
        "The motion job: memory of a pass",
        table(
            ["a pass", "highest resident memory", "of its largest worker", "wall time", "bound"],
            list(memory_rows(folder / "memory", timedelta(hours=1) if quick else timedelta(days=1))),
        ),
    )
    yield (
        "The motion job: bytes written in a day, a pass each 30 s",
        table(
            ["a camera", "clips", "all else", "as pages of 4 kB", "fsync", "passes that write"],
            list(written_rows(folder / "written")),
        ),
    )


def pass_rows(folder: Path) -> Iterator[list[str]]:
    """Idle, and with one new segment, beside a short and a long history."""
    bare = [sys.executable, "-c", "import argparse, json, logging, tomllib, dataclasses, pathlib"]
    for number, (name, length) in enumerate(HISTORIES.items()):
        place = Installation(folder / str(number))
        pattern, last = processed(place.layout, datetime.now(UTC) - length, length)
        add = adding(place.layout, pattern, last)
        idle = [place.run("motion") for _ in range(TIMES + 1)][1:]
        yield [f"idle, {name}", *spread(idle), "Python with its own modules", spread([ran(bare)] * 1)[0], "0.3 s"]
        one, peer = [], []
        for _ in range(TIMES + 1):
            path = add()
            one.append(place.run("motion"))
            peer.append(ran([*FFMPEG, str(path), "-vf", "tblend=all_mode=difference,blackframe", "-f", "null", "-"]))
        name = f"one new detect segment, {name}"
        yield [name, *spread(one[1:]), "ffmpeg: difference of its frames", spread(peer[1:])[0], "1 s"]
        shutil.rmtree(folder / str(number))


FFMPEG = ["ffmpeg", "-v", "error", "-i"]


def processed(layout: Layout, start: datetime, length: timedelta) -> tuple[Path, datetime]:
    """Main and detect segments of `length`, all of them scanned; a detect segment, and where the next one starts."""
    start = start.replace(microsecond=0)
    state = CameraState()
    end = start + length
    for stream, step in LENGTHS.items():
        pattern = made(layout, stream)
        last, count = start, int(length / step)
        for number in range(count):
            if number % LINKS == 0:
                pattern = Path(shutil.copyfile(pattern, pattern.with_name(f"{stream.path}-{number}-linked.mp4")))
            last = start + number * step
            os.link(pattern, layout.stream_dir(stream) / segment_name(last))
        state.streams[stream] = StreamState(last, end)
    activity = Activity(layout, "front")
    activity.mark(Span(start, end + timedelta(seconds=2)), ())
    activity.save()
    save_state(layout, "front", state)
    return made(layout, DETECT), end


def made(layout: Layout, stream: Stream, *motion: tuple[float, float]) -> Path:
    """A segment of a stream, outside of its folder."""
    path = layout.media_dir / "made" / f"{stream.path}-{len(motion)}.mp4"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        look = {"noise": 4.0} if stream.detect else {"fps": 10}
        seconds = LENGTHS[stream].total_seconds()
        (segment,) = write_segments(layout, stream, datetime(2026, 11, 2, tzinfo=UTC), [seconds], motion=motion, **look)  # type: ignore[arg-type]
        layout.segment_path(segment).rename(path)
    return path


def adding(layout: Layout, pattern: Path, start: datetime) -> Callable[[], Path]:
    """Adds one detect segment after the other."""
    starts = iter(start + number * LENGTHS[DETECT] for number in range(10**6))

    def add() -> Path:
        path = layout.segment_path(Segment(DETECT, next(starts)))
        return Path(shutil.copyfile(pattern, path))

    return add


def memory_rows(folder: Path, backlog: timedelta) -> Iterator[list[str]]:
    """A backlog on top of a long history: the job by itself, and with two processes."""
    code = (
        "import resource, sys; from motion.__main__ import main; from report import own_peak; code = main();"
        "print('memory', own_peak(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024); sys.exit(code)"
    )
    hours = backlog / timedelta(hours=1)
    for processes in (0, 2):
        place = Installation(folder / str(processes), f"workers = {processes}\n")
        history = HISTORIES["100,000 segments"]
        end = datetime.now(UTC).replace(microsecond=0) - backlog
        processed(place.layout, end - history, history)
        for stream, step in LENGTHS.items():
            for number in range(int(backlog / step)):
                os.link(made(place.layout, stream), place.layout.stream_dir(stream) / segment_name(end + number * step))
        told = ran([sys.executable, "-c", code], place.environment | {"PYTHONPATH": os.pathsep.join(sys.path)})
        ours, child = (float(size) for size in told.output.partition("memory ")[2].split()[:2])
        largest = f"{child:.0f} MB" if processes else "-"
        name = f"{hours:g} h of backlog, 100,000 segments, workers = {processes}"
        yield [name, f"{ours:.0f} MB", largest, f"{told.wall:.1f} s", "200 MB each"]
        shutil.rmtree(folder / str(processes))


def written_rows(folder: Path) -> Iterator[list[str]]:
    """A camera that is off, one that nothing passes, and one with a visit every minute."""
    for number, name in enumerate(("off", "on, nothing moves", "on, a visit each minute")):
        place = Installation(folder / str(number))
        done = subprocess.run(
            [sys.executable, __file__, str(folder / str(number)), str(number)],
            env=place.environment | {"PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        )
        clips, other, pages, syncs, writing = (float(value) for value in done.stdout.split())
        day = PASSES / WATCHED
        yield [
            name,
            f"{clips * day / 1e6:.1f} MB",
            f"{other * day / 1e6:.2f} MB",
            f"{pages * day / 1e6:.2f} MB",
            f"{syncs * day:.0f}",
            f"{writing / WATCHED:.0%}",
        ]


def watch(folder: Path, kind: int) -> None:
    """Passes each 30 s of a clock of our own; prints the bytes of clips, of all else, of pages, and the fsyncs."""
    from config.load import load_settings
    from motion.job import run_pass

    settings = load_settings()
    layout = Layout.of(settings)
    start = datetime(2026, 11, 20, 11, 50, tzinfo=UTC)
    visit = (22.0, 28.0)
    syncs = 0
    real = os.fsync

    def fsync(file: int) -> None:
        nonlocal syncs
        syncs += 1
        real(file)

    os.fsync = fsync
    total = {"wchar": 0, "write_bytes": 0}
    writing = 0
    for number in range(WATCHED + 2):
        now = start + timedelta(seconds=30 * number)
        if kind or not number:
            add_half_minute(layout, now, visit if kind == 2 else None)
        before, synced = written(), syncs
        run_pass(settings, lambda now=now: now + timedelta(seconds=30))  # type: ignore[misc]
        if number < 2:  # the first one makes folders and files
            syncs = 0
            continue
        after = written()
        total = {key: total[key] + after[key] - before[key] for key in total}
        writing += after["wchar"] > before["wchar"] or syncs > synced
    newest = [path for path in layout.camera_dir("front").rglob("20*/*") if not path.name.startswith(".")]
    clips = sum(path.stat().st_size for path in newest if path.suffix in (".mp4", ".jpg"))
    print(clips, max(0, total["wchar"] - clips), total["write_bytes"], syncs, writing)


def add_half_minute(layout: Layout, now: datetime, visit: tuple[float, float] | None) -> None:
    """What is recorded in half a minute, with a visit each minute."""
    for stream, step in LENGTHS.items():
        start = now - (now - now.replace(second=0)) if not stream.detect else now
        if not stream.detect and now.second:
            continue
        for number in range(max(1, int(timedelta(seconds=30) / step))):
            moving = ()
            if visit is not None:
                begin = number * 10.0 if stream.detect else 0.0
                hit = (visit[0] - begin, visit[1] - begin)
                moving = (hit,) if not stream.detect or (now.second == 0 and 0 <= hit[0] < 10) else ()
            target = layout.stream_dir(stream) / segment_name(start + number * step)
            pattern = made(layout, stream, *moving)
            target.parent.mkdir(parents=True, exist_ok=True)
            os.link(pattern, target)


def written() -> dict[str, int]:
    """What this process has written so far: bytes handed to the system, and bytes of pages made dirty."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return {key: int(value) for key, _, value in (line.partition(": ") for line in lines)}


def spread(runs: list[Ran]) -> list[str]:
    """Wall time and processor time in milliseconds."""
    walls = [1000 * run.wall for run in runs]
    cpu = 1000 * statistics.median(run.cpu for run in runs)
    return [f"{statistics.median(walls):.0f} ms ({min(walls):.0f}-{max(walls):.0f})", f"{cpu:.0f} ms"]


if __name__ == "__main__":
    watch(Path(sys.argv[1]), int(sys.argv[2]))
