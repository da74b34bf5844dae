"""Scanning by processes of the job's own and by a Dask cluster: the same clips, whoever is killed."""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from yard import DETECT, MAIN

import media
from config.errors import BirbCamError, WorkersError
from config.settings import CameraSettings, Settings
from mediamtx.layout import Layout
from mediamtx.names import Stream
from mediamtx.segments import Span
from motion import workers
from motion.chunk import Chunk, Scanned, Source
from motion.crews import Cluster, Processes
from motion.job import run_pass, side_by_side
from motion.look import Frame, Look
from motion.workers import Crew, Task, Workers, scan_chunk
from waiting import wait_until

pytestmark = [pytest.mark.usefixtures("ffmpeg"), pytest.mark.slow]
ROOT = Path(__file__).parent.parent
START = (datetime.now(UTC) - timedelta(hours=1)).replace(microsecond=0)
MOTION = [(8, 13), (28, 51), (65, 68), (118, 125), (150, 160)]
CONFIG = """
media_dir = "media"
output_dir = "clips"
state_dir = "state"
{workers}
[retention]
segment_days = 0
keep_free = ""
[cameras.front]
[cameras.back]
"""


class Place:
    """An installation in a folder, with footage recorded an hour ago."""

    def __init__(self, folder: Path, processes: int = 0) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        (folder / "config.txt").write_text(CONFIG.format(workers=f"workers = {processes}"))
        self.settings = Settings(
            media_dir=folder / "media",
            output_dir=folder / "clips",
            state_dir=folder / "state",
            cameras={"front": CameraSettings(), "back": CameraSettings()},
        )

    @property
    def layout(self) -> Layout:
        return Layout.of(self.settings)

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("BIRBCAM_")}
        return subprocess.Popen(
            [sys.executable, "-m", "motion", "--config", str(self.folder / "config.txt"), *arguments],
            cwd=ROOT,
            env=inherited | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, **environment: str) -> tuple[int, str, str]:
        """A whole pass: its exit code, what it printed, and its problems."""
        output, problems = (process := self.start(*arguments, **environment)).communicate(timeout=120)
        assert "Traceback" not in problems, problems
        return process.returncode, output, problems

    def result(self) -> dict[str, Any]:
        """Everything that passes leave: the clips' folder, the scores, and the states without when it was looked."""
        folders = (self.folder / "clips", self.folder / "state/activity")
        paths = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
        found: dict[str, Any] = {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in paths
            if path.name not in (".swept", ".index.json")
        }
        for camera in self.settings.cameras:
            state = json.loads(self.layout.motion_state(camera).read_bytes())
            for stream in state["streams"].values():
                del stream["seen"]
            found[camera] = state
        assert list(self.folder.rglob(".tmp*")) == []
        return found


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, ffmpeg: str) -> Place:
    """Two cameras, one of them without a detect stream, and what the job makes of it by itself."""
    place = Place(tmp_path_factory.mktemp("alone"))
    media.write_segments(place.layout, MAIN, START, [20] * 9, motion=MOTION)
    media.write_segments(place.layout, DETECT, START, [10] * 18, motion=MOTION)
    media.write_segments(place.layout, Stream("back"), START, [20] * 9, motion=MOTION, fps=5)
    code, output, problems = place.run()
    assert (code, problems) == (0, "") and len(output.splitlines()) >= 8
    return place


@pytest.fixture
def place(alone: Place, tmp_path: Path) -> Place:
    """The same footage, to be scanned by two processes."""
    place = Place(tmp_path / "place", processes=2)
    for path in alone.layout.recordings.rglob("*.mp4"):
        copy = place.folder / path.relative_to(alone.folder)
        copy.parent.mkdir(parents=True, exist_ok=True)
        os.link(path, copy)
    return place


class Dask:
    """A Dask cluster of this machine: a scheduler, and workers that are processes."""

    def __init__(self, folder: Path, count: int = 2) -> None:
        self._folder = folder
        folder.mkdir()
        self.scheduler = self._start("scheduler", "--port", "0", "--host", "127.0.0.1", "--no-show")
        wait_until(lambda: bool(self._told()), 60, "the scheduler")
        self.address: str = self._told()["address"]
        self.workers: list[subprocess.Popen[bytes]] = []
        self.add(count)

    def add(self, count: int) -> None:
        """So many workers more."""
        self.workers += [self._start("worker", "--nthreads", "1", "--no-nanny") for _ in range(count)]
        wait_until(lambda: self._log().count("Registered to") >= len(self.workers), 60, "the workers")

    def _start(self, what: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{what}", *arguments, "--no-dashboard"]
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(
                [*command, "--scheduler-file", str(self._folder / "file")],
                cwd=self._folder,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=log,
            )

    def _told(self) -> dict[str, Any]:
        try:
            return dict(json.loads((self._folder / "file").read_text()))
        except (FileNotFoundError, ValueError):
            return {}

    def _log(self) -> str:
        return (self._folder / "log").read_text(errors="replace")

    def close(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


@pytest.fixture
def dask(tmp_path: Path) -> Iterator[Dask]:
    cluster = Dask(tmp_path / "dask")
    yield cluster
    cluster.close()


def children(process: subprocess.Popen[str]) -> list[int]:
    """The processes of its pool."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == process.pid and b"spawn_main" in (path / "cmdline").read_bytes():
                found.append(int(path.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def session(process: subprocess.Popen[str]) -> list[str]:
    """The processes of its session that still run."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            fields = (path / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == process.pid and fields[0] != "Z":
                found.append((path / "cmdline").read_text())
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def test_processes_of_our_own_give_the_same(place: Place, alone: Place) -> None:
    process = place.start()
    wait_until(lambda: bool(children(process)), 60, "the processes")
    output, problems = process.communicate(timeout=120)
    assert process.returncode == 0 and problems == ""
    assert len(output.splitlines()) == len(list(place.folder.glob("clips/*/*/*.mp4")))
    assert place.result() == alone.result()
    assert session(process) == []


def test_a_dask_cluster_gives_the_same(place: Place, alone: Place, dask: Dask) -> None:
    assert place.run("--dask", dask.address)[0] == 0
    assert place.result() == alone.result()
    assert place.run("--dask", dask.address) == (0, "", ""), "nothing is left to do"


@pytest.mark.parametrize("address", ["nonsense", "http://127.0.0.1:8786", "tcp://127.0.0.1", ""])
def test_what_is_no_address_of_a_scheduler_is_told(address: str) -> None:
    with pytest.raises(WorkersError, match="tcp://host:8786"):
        Cluster(address).executor()


@pytest.mark.parametrize("times", [1, 4])
def test_a_process_that_is_killed_is_replaced(place: Place, alone: Place, times: int) -> None:
    process = place.start()
    killed: set[int] = set()
    while len(killed) < times and process.poll() is None:
        wait_until(lambda: process.poll() is not None or bool(set(children(process)) - killed), 60, "a process")
        for pid in set(children(process)) - killed:
            killed.add(pid)
            os.kill(pid, signal.SIGKILL)
            break
    _, problems = process.communicate(timeout=120)
    assert process.returncode == 0 and "a worker failed" in problems and "Traceback" not in problems
    assert place.result() == alone.result()
    assert session(process) == []


def test_a_dask_worker_that_is_killed_is_survived(place: Place, alone: Place, dask: Dask) -> None:
    process = place.start("--dask", dask.address)
    wait_until(lambda: any(place.folder.glob("clips/*/*/*")) or process.poll() is not None, 60, "a clip")
    dask.workers[0].kill()
    assert process.wait(120) == 0
    process.communicate()
    assert place.result() == alone.result()


def test_a_cluster_that_goes_away_is_survived(place: Place, alone: Place, dask: Dask) -> None:
    process = place.start("--dask", dask.address)
    wait_until(lambda: any(place.folder.glob("clips/*/*/*")) or process.poll() is not None, 60, "a clip")
    dask.close()
    _, problems = process.communicate(timeout=120)
    assert process.returncode == 0 and "Traceback" not in problems
    assert place.result() == alone.result()


def test_without_any_worker_the_job_scans(
    place: Place, alone: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "LONELY", 0.0)
    cluster = Dask(tmp_path / "dask", count=0)
    crew = Workers(Cluster(cluster.address))
    try:
        report = run_pass(place.settings, lambda: datetime.now(UTC), workers=crew)
        assert report.errors == [] and place.result() == alone.result()
        crew.begin(lambda: False)
        assert crew.ahead == 1
        cluster.add(2)
        crew.begin(lambda: False)
        assert crew.ahead == 3, "those that came since the first pass have work too"
    finally:
        crew.close()
        cluster.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_at_once_and_leaves_no_process(place: Place, alone: Place, number: signal.Signals) -> None:
    process = place.start()
    wait_until(lambda: bool(children(process)), 60, "the processes")
    os.killpg(process.pid, number)  # as a terminal and systemd do
    _, problems = process.communicate(timeout=20)
    assert process.returncode == 0 and problems == ""
    wait_until(lambda: session(process) == [], 10, "the end of all processes")
    place.run()
    assert place.result() == alone.result()


def test_its_processes_end_with_it_when_it_is_killed(place: Place) -> None:
    process = place.start()
    wait_until(lambda: len(children(process)) == 2, 60, "the processes")
    process.kill()
    process.communicate(timeout=20)
    wait_until(lambda: session(process) == [], 10, "the end of all processes")


def test_a_scheduler_that_does_not_answer_is_told(place: Place) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        code, output, problems = place.run("--dask", address)
    assert code == 1 and output == "" and problems.startswith("birbcam: no Dask scheduler answers at " + address)
    assert len(problems.splitlines()) == 1


def test_a_missing_dask_is_told(place: Place, tmp_path: Path) -> None:
    (tmp_path / "without").mkdir()
    (tmp_path / "without/distributed.py").write_text("raise ImportError\n")
    code, _, problems = place.run("--dask", "tcp://127.0.0.1:8786", PYTHONPATH=str(tmp_path / "without"))
    assert code == 1 and "-m pip install distributed" in problems


def test_chunks_and_results_are_small(alone: Place) -> None:
    folder = alone.layout.stream_dir(DETECT)
    sources = tuple(Source(path, START + timedelta(seconds=10 * n)) for n, path in enumerate(sorted(folder.iterdir())))
    chunk = Chunk(sources[:12], Look())
    assert len(pickle.dumps(chunk)) < 4000
    result = scan_chunk(chunk)
    frames = [frame for scanned in result for frame in scanned.frames]
    boxes = sum(len(frame.boxes) for frame in frames)
    assert len(frames) >= 600 and len(pickle.dumps(result)) < 20 * len(frames) + 60 * boxes + 4000
    assert pickle.loads(pickle.dumps(result)) == result


class Elsewhere(Crew):
    """A machine that cannot read our files."""

    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor(1)

    def begin(self) -> None:
        pass

    def executor(self) -> Executor:
        return self.pool

    def ahead(self) -> int:
        return 3

    def is_there(self) -> bool:
        return True

    def effort(self) -> None:
        pass

    def close(self) -> None:
        self.pool.shutdown()


def test_what_only_a_worker_cannot_read_is_read_here(alone: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    path = min(alone.layout.stream_dir(DETECT).iterdir())
    chunk = Chunk((Source(path, START),), Look())
    unread = Scanned(chunk.sources[0], Span(START, START), problem="no such file")
    crew = Workers(Elsewhere())
    monkeypatch.setattr(workers, "scan_chunk", lambda chunk, go_on=None: scan_chunk(chunk) if go_on else (unread,))
    (scanned,) = crew.submit(chunk).result()
    crew.close()
    assert scanned.problem == "" and scanned.frames


def test_cameras_go_on_side_by_side(alone: Place) -> None:
    """While one waits for its footage, the other takes its own; an error ends one of them alone."""
    crew = Workers(Elsewhere())
    chunk = Chunk((Source(min(alone.layout.stream_dir(DETECT).iterdir()), START),), Look())
    order: list[str] = []

    def camera(name: str, rounds: int) -> Iterator[Task]:
        for _ in range(rounds):
            task = crew.submit(chunk)
            while not task.done():
                yield task
            order.append(name)
        if name == "broken":
            raise BirbCamError("no more")

    problems: list[str] = []
    passes = {name: camera(name, 2) for name in ("broken", "one", "other", "last")}
    side_by_side(passes, crew, lambda: False, problems.append)
    crew.close()
    assert problems == ["broken: no more"] and sorted(order) == sorted(2 * list(passes))
    assert order[:3] != ["broken", "broken", "one"] and order.index("last") > 2, "three at a time"


def test_a_pickled_scan_is_the_same_to_the_microsecond() -> None:
    time = datetime(2026, 11, 20, 18, 0, 0, 123457, tzinfo=UTC)
    source = Source(Path("/a/b.mp4"), time, lead=False, fresh=True)
    frames = (
        Frame(time - timedelta(seconds=5), 0.1 + 0.2, ((0.1, 0.2, 0.3, 0.4), (0.5, 0.5, 0.1, 0.1))),
        Frame(time + timedelta(microseconds=1), 99.9),
    )
    for scanned in (
        Scanned(source, Span(time, time + timedelta(seconds=10)), frames),
        Scanned(source, Span(time, time)),
    ):
        assert pickle.loads(pickle.dumps(scanned)) == scanned


def test_processes_that_were_ended_do_not_count_as_left(alone: Place) -> None:
    chunk = Chunk((Source(min(alone.layout.stream_dir(DETECT).iterdir()), START),), Look())
    for _ in range(10):  # who waits for them first, the crew or the pool's own thread, is chance
        crew = Processes(2)
        for _ in range(4):
            crew.executor().submit(scan_chunk, chunk)
        wait_until(lambda: bool(multiprocessing.active_children()), 10, "a process")
        crew.close()
        assert not crew.undead()


def test_footage_that_does_not_answer_is_left_alone_and_its_worker_is_killed(
    alone: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(workers, "SILENT", 0.5)
    chunk = Chunk((Source(min(alone.layout.stream_dir(DETECT).iterdir()), START),), Look())
    crew = Workers(Processes(1))

    def result(*tasks: Task) -> list[str]:
        while not all(task.done() for task in tasks):
            crew.wait([task for task in tasks if not task.done()])
        return [scanned.problem for task in tasks for scanned in task.result()]

    try:
        crew.begin(lambda: False)
        assert result(crew.submit(chunk)) == [""]
        (child,) = multiprocessing.active_children()
        assert child.pid is not None
        os.kill(child.pid, signal.SIGSTOP)  # as if what it reads had died
        hanging, waiting = crew.submit(chunk), crew.submit(chunk)
        first, second = result(hanging, waiting)
        assert "reading it does not end" in first and second == "", "the other one was done by a new process"
        wait_until(lambda: not child.is_alive(), 10, "the end of the process")
        assert not crew.undead and not crew.stuck and not crew.alone
        assert "a worker failed" not in caplog.text and "have done nothing for a long time" in caplog.text
    finally:
        crew.close()


class Dead(Elsewhere):
    """Workers that never give a result."""

    def executor(self) -> Executor:
        class Silent(Executor):
            def submit(self, *_: Any, **__: Any) -> Any:
                future: Future[Any] = Future()
                future.set_running_or_notify_cancel()
                return future

        return Silent()


@pytest.mark.logs_errors
def test_a_pass_ends_where_nothing_answers_and_another_one_makes_up_for_it(
    alone: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "UNSEEN", 0.0)
    place = Place(tmp_path / "place")
    shutil.copytree(alone.folder / "media", place.folder / "media")
    report = run_pass(place.settings, lambda: datetime.now(UTC), workers=Workers(Dead()))
    assert report.clips == [] and any("reading from there does not end" in error for error in report.errors)
    assert place.run()[0] == 0
    found, wanted = place.result(), alone.result()
    assert found.keys() == wanted.keys() and all(found[name] == wanted[name] for name in wanted if "clips" in name)
    assert [found[camera]["troubles"] for camera in place.settings.cameras] == [{}, {}]
