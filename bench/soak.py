"""`python bench/soak.py`: the job, the recorder and the publisher killed at random moments while a recording grows.

Everything is real: the recorder (MediaMTX where it is found), the demo camera's publisher, and passes of the motion
job, which are forked from a process that has imported everything, so that the kills hit their work. In the end an
undisturbed scan of the same recordings into another folder tells what there should be, and the demo camera itself
which birds were in the footage that is really on disk (`soak_check.py`).
"""

from __future__ import annotations

import argparse
import dataclasses
import multiprocessing
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT)] if str(ROOT) not in sys.path else []

from report import machine  # noqa: E402
from soak_check import Findings, check, visits_found  # noqa: E402

from config.errors import RecorderError, run_main  # noqa: E402
from config.load import load_settings  # noqa: E402
from config.settings import Settings  # noqa: E402
from launcher.ports import free_ports  # noqa: E402
from mediamtx.addresses import running_recorder  # noqa: E402
from mediamtx.layout import Layout  # noqa: E402
from mediamtx.segments import list_segments, list_streams  # noqa: E402

CAMERA = "garden"
CONFIG = """
media_dir = "media"
output_dir = "{scan}/clips"
state_dir = "{scan}/state"
recorder = "{recorder}"
log_level = "warning"
[retention]
segment_days = 0
keep_free = ""
[mediamtx]
segment = 10
detect_segment = 4
{ports}
[cameras.garden]
source = "demo"
width = 640
height = 360
fps = 10
bit_rate = 600
merge_gap = 3
pre = 1
post = 1
"""
"""Short segments and events, so that most passes have something to do."""
SPARED = 8
"""Every so many passes one runs to its end, which tells how long they take."""
STARTUP = 60.0  # s
STOPPED = 25.0  # s after which a stream counts as stopped, with these settings


@dataclass
class Soak:
    """One run in a folder of its own."""

    folder: Path
    random: random.Random
    recorder: str
    kills: Counter[str] = field(default_factory=Counter)
    passes: int = 0
    trouble: list[str] = field(default_factory=list)
    _services: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _told: int = 0  # kills, when progress was last told
    _took: list[float] = field(default_factory=lambda: [1.0])

    def __post_init__(self) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["motion.__main__", "motion.scan"])
        names = ("rtsp_port", "hls_port", "webrtc_port", "webrtc_udp_port", "api_port", "metrics_port", "embedded_port")
        ports = "\n".join(f"{name} = {port}" for name, port in zip(names, free_ports(len(names)), strict=True))
        for scan in ("soaked", "whole"):
            text = CONFIG.format(scan=scan, recorder=self.recorder, ports=ports)
            self.config(scan).write_text(text)
        self._log = (self.folder / "log.txt").open("ab")

    def config(self, scan: str) -> Path:
        """The settings of the scan that is disturbed, or of the one that is not."""
        return self.folder / f"{scan}.txt"

    def settings(self, scan: str = "soaked") -> Settings:
        """The same, loaded."""
        return load_settings({"BIRBCAM_CONFIG": str(self.config(scan))})

    def run(self, kills: int, seconds: float) -> None:
        """Kill until there were so many, or for so long."""
        deadline = time.monotonic() + seconds
        self.start_services()
        while self.kills.total() < kills and time.monotonic() < deadline:
            choice = self.random.random()
            if choice < 0.03:
                self.kill_service("recorder")
            elif choice < 0.06:
                self.kill_service("publisher")
            else:
                self.kill_pass()
            self.start_services()
            time.sleep(self.random.uniform(0, 0.6))
            self._tell_progress()
        self.end_services()

    def _tell_progress(self) -> None:
        kills, terminal = self.kills.total(), sys.stderr.isatty()
        if terminal or kills >= self._told + 50:
            self._told = kills
            text = f"{kills} kills, {self.passes} whole passes"
            print(text, end="\r" if terminal else "\n", file=sys.stderr, flush=True)

    def start_services(self) -> None:
        """Start the recorder and the publisher where they do not run; the recorder answers on return."""
        deadline = time.monotonic() + STARTUP
        self._start_missing()
        while not self._recorder_answers():
            if time.monotonic() > deadline:
                raise RecorderError(f"the recorder does not answer; see {self.folder / 'log.txt'}")
            time.sleep(0.05)
            self._start_missing()  # who was killed may have taken a while to die

    def _start_missing(self) -> None:
        for name, module in (("recorder", "mediamtx"), ("publisher", "camera")):
            before = self._services.get(name)
            if before is None or before.poll() is not None:
                self._services[name] = subprocess.Popen(
                    [sys.executable, "-m", module],
                    cwd=ROOT,
                    env=_environment() | {"BIRBCAM_CONFIG": str(self.config("soaked"))},
                    stdin=subprocess.DEVNULL,
                    stdout=self._log,
                    stderr=self._log,
                )

    def end_services(self) -> None:
        """The publisher, then the recorder, in good order, so that segments are closed."""
        for name in ("publisher", "recorder"):
            self._services[name].terminate()
            try:
                self._services[name].wait(30)
            except subprocess.TimeoutExpired:
                self.trouble.append(f"the {name} did not end")
                self._services[name].kill()
                self._services[name].wait()

    def kill_service(self, name: str) -> None:
        """SIGKILL to it, or to one of the programs that it runs."""
        victims = [self._services[name].pid, *_children(self._services[name].pid)]
        with suppress(ProcessLookupError):  # it was just replaced
            os.kill(self.random.choice(victims), signal.SIGKILL)
            self.kills[name] += 1
        time.sleep(0.05)

    def kill_pass(self) -> None:
        """A pass of the motion job that is killed at a random moment, unless it is done before."""
        spared = self.random.randrange(SPARED) == 0
        begun = time.monotonic()
        process = self.start_pass("soaked")
        process.join(None if spared else self.random.uniform(0, statistics.median(self._took)))
        if process.exitcode is None:
            process.kill()
            process.join()
            self.kills["job"] += 1
            return
        self.passes += 1
        if spared:
            self._took = [*self._took[-20:], time.monotonic() - begun]
        if process.exitcode:
            self.trouble.append(f"a pass ended with {process.exitcode}")

    def start_pass(self, scan: str) -> multiprocessing.process.BaseProcess:
        """A pass of the motion job in a process of its own."""
        arguments = (str(self.config(scan)), str(self.folder / "log.txt"))
        process = self._context.Process(target=one_pass, args=arguments)
        process.start()
        return process

    def finish(self) -> Findings:
        """Let both scans come to their end, and compare."""
        time.sleep(STOPPED)
        for scan in ("soaked", "whole"):
            for _ in range(3):  # what fails is tried three times
                process = self.start_pass(scan)
                process.join()
                if process.exitcode:
                    self.trouble.append(f"a last pass ended with {process.exitcode}")
        return check(self.settings("soaked"), self.settings("whole"), self.folder)

    def _recorder_answers(self) -> bool:
        try:
            return running_recorder(self.settings()).pid == self._services["recorder"].pid
        except RecorderError:
            return False


def one_pass(config: str, log: str) -> None:
    """What `python -m motion` does; runs in a forked process."""
    import motion.__main__

    with open(log, "ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.environ |= {"BIRBCAM_CONFIG": config}
    sys.argv = ["motion"]
    sys.exit(run_main(motion.__main__.main))


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("BIRBCAM_")}


def _children(pid: int) -> list[int]:
    """The processes that a process has started, theirs included."""
    with suppress(OSError):
        own = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        for thread in Path(f"/proc/{pid}/task").iterdir():
            own += [int(child) for child in (thread / "children").read_text().split() if int(child) not in own]
        return own + [grandchild for child in own for grandchild in _children(child)]
    return []


def soak(folder: Path, kills: int, seconds: float, recorder: str, seed: int) -> tuple[Soak, Findings]:
    """Run one in `folder`, and what was found."""
    run = Soak(folder, random.Random(seed), recorder)
    try:
        run.run(kills, seconds)
        return run, run.finish()
    finally:
        for service in run._services.values():
            with suppress(ProcessLookupError):
                service.kill()
            service.wait()
        run._log.close()


def main() -> int:
    """Run, print a line of figures and what they rest on; 1 where anything was lost, doubled or left over."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1000, help="how many (default: 1000)")
    parser.add_argument("--minutes", type=float, default=240.0, help="end after so long, however few there were")
    parser.add_argument("--recorder", choices=("auto", "mediamtx", "embedded"), default="auto")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="an empty folder to work in, kept (default: a temporary one)")
    parser.add_argument("--quick", action="store_true", help="50 kills")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="birbcam-soak-") as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        kills = min(options.kills, 50) if options.quick else options.kills
        begun = time.monotonic()
        run, found = soak(folder.absolute(), kills, options.minutes * 60, options.recorder, options.seed)
        layout = Layout.of(run.settings())
        segments = sum(len(list_segments(layout, stream)) for stream in list_streams(layout))
        shown, visits = visits_found(run.settings(), CAMERA)
    print(machine())
    killed = ", ".join(f"{count} of the {name}" for name, count in sorted(run.kills.items()))
    print(
        f"{run.kills.total()} kills ({killed}) in {(time.monotonic() - begun) / 60:.0f} min, {run.passes} whole "
        f"passes, {segments} segments, {found.clips} clips: lost {len(found.lost)}, doubled {len(found.doubled)}, "
        f"orphaned {len(found.orphaned)}; {shown} of {visits} visits that lie in unbroken footage are shown"
    )
    for kind, names in dataclasses.asdict(found).items():
        if kind != "clips":
            print(*(f"  {kind}: {name}" for name in names), sep="\n", end="\n" if names else "")
    print(*(f"  trouble: {what}" for what in run.trouble), sep="\n", end="\n" if run.trouble else "")
    return 1 if found.lost or found.doubled or found.orphaned or run.trouble else 0


if __name__ == "__main__":
    sys.exit(run_main(main))
