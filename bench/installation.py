"""An installation in a temporary folder, as the benchmarks run it: real processes and the real web server."""

from __future__ import annotations

import http.client
import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from mediamtx.layout import Layout

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Ran:
    """A process that ended: what it printed, and what it took."""

    output: str
    wall: float  # s
    cpu: float  # s, with its children


class Installation:
    """Folders and settings of one installation below a temporary folder."""

    def __init__(self, folder: Path, more: str = "") -> None:
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            self.port = sock.getsockname()[1]
        self.config = folder / "config.txt"
        folder.mkdir(parents=True)
        self.config.write_text(
            'media_dir = "."\noutput_dir = "clips"\nstate_dir = "state"\nrecorder = "embedded"\ntime_zone = "UTC"\n'
            f'{more}[retention]\nsegment_days = 0\nkeep_free = ""\n[web]\nport = {self.port}\n[cameras.front]\n'
        )
        self.environment = os.environ | {"BIRBCAM_CONFIG": str(self.config), "PYTHONPATH": str(ROOT)}
        self.layout = Layout(folder, folder / "clips", folder / "state", UTC, "UTC")

    def run(self, *command: str) -> Ran:
        """Run one of our packages to its end."""
        return ran([sys.executable, "-m", *command], self.environment)

    @contextmanager
    def web(self) -> Iterator[http.client.HTTPConnection]:
        """The running web app, over a connection that is kept open as a browser does."""
        with subprocess.Popen([sys.executable, "-m", "webapp"], env=self.environment) as server:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
                deadline = time.monotonic() + 30
                while True:
                    try:
                        get(connection, "/healthz")
                        break
                    except OSError:
                        connection.close()
                        if time.monotonic() > deadline:
                            raise
                        time.sleep(0.05)
                yield connection
            finally:
                server.terminate()


def get(connection: http.client.HTTPConnection, path: str, **headers: str) -> bytes:
    """The body of a page that must be there."""
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status not in (200, 206):
        raise RuntimeError(f"{path}: {answer.status} {body[:200]!r}")
    return body


def ran(command: list[str], environment: dict[str, str] | None = None) -> Ran:
    """Run a program to its end."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    wall, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Ran(done.stdout + done.stderr, wall, cpu)
