"""What every benchmark prints: the machine, the versions, and one table of figures."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("av", "opencv-python-headless", "numpy", "flask", "gunicorn", "gevent")


@dataclass(frozen=True)
class Row:
    """One figure beside its peer's, both in seconds and measured in the same run."""

    what: str
    ours: list[float]
    peer_name: str
    peer: list[float]
    bound: float | None = None  # s, what we promise

    def cells(self) -> list[str]:
        """The row as text: median (min-max), the peer's, the ratio, the bound."""
        ratio = statistics.median(self.ours) / statistics.median(self.peer)
        bound = f"{self.bound:g} s" if self.bound else "-"
        return [self.what, spread(self.ours), self.peer_name, spread(self.peer), f"{ratio:.2f}", bound]


def spread(values: Sequence[float]) -> str:
    """`median (min-max)` in milliseconds."""
    low, middle, high = (1000 * f(values) for f in (min, statistics.median, max))
    return f"{middle:.0f} ms ({low:.0f}-{high:.0f})"


def timed(action: Callable[[], object], times: int) -> list[float]:
    """Wall-clock seconds of `times` calls, after one that does not count."""
    action()
    result = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        result.append(time.perf_counter() - start)
    return result


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def machine() -> str:
    """Processor, cores, system, and the versions of what does the work."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    cpu = next((line.split(":")[1].strip() for line in lines if "model name" in line), platform.machine())
    ffmpeg = subprocess.run(["ffmpeg", "-version"], capture_output=True, text=True, check=True).stdout.split()[2]
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    return f"{cpu}, {os.cpu_count()} cores, {system}, Python {platform.python_version()}, ffmpeg {ffmpeg}, {packages}"


def clear_page_cache(paths: Sequence[Path]) -> None:
    """Ask the kernel to forget what it holds of some files, so that they are read as after a night."""
    for path in paths:
        with open(path, "rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def own_peak() -> float:
    """The most memory that this process has held since its program began, in MB (proc(5), VmHWM).

    Not getrusage: its maximum begins with what the process held that started this one.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))
