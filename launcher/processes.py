"""Child processes of the demo: output with a prefix each, restarted when they die, ended without orphans."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from typing import TextIO

from config.errors import BirbCamError

COLOURS = {"recorder": 36, "camera": 32, "web": 35, "motion": 33, "demo": 1}
GRACE = 15.0  # s that a part has to close its files
RESTART_PAUSE = 2.0  # s
HEALTHY_AFTER = 10.0  # s after which a part counts as having started well
MAX_BAD_STARTS = 5

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


class Terminal:
    """Writes whole lines, each behind the name of the process it comes from."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._lock = threading.Lock()
        self._colour = out.isatty() and "NO_COLOR" not in os.environ

    def line(self, name: str, text: str) -> None:
        """Write one line of the process `name`."""
        prefix = f"{name:>8} | "
        if self._colour:
            prefix = f"\x1b[{COLOURS.get(name, 0)}m{prefix}\x1b[0m"
        with self._lock:
            try:
                print(f"{prefix}{text}", file=self._out, flush=True)
            except (BrokenPipeError, OSError):
                pass  # the terminal is gone; what runs goes on until it is ended

    def say(self, text: str) -> None:
        """Write a line of the demo itself."""
        self.line("demo", text)


class Part:
    """One process of the demo."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], terminal: Terminal) -> None:
        self.name = name
        self._command = list(command)
        self._environment = dict(environment)
        self._terminal = terminal
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._started_at = self._died_at = 0.0
        self._bad_starts = 0

    @property
    def started(self) -> bool:
        """Whether it was started at all."""
        return self._process is not None

    @property
    def running(self) -> bool:
        """Whether it is alive."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the process; its output goes to the terminal line by line."""
        # In a session of its own: Ctrl-C reaches the demo alone, which ends the parts in the right order.
        self._process = subprocess.Popen(
            self._command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )
        self._started_at, self._died_at = time.monotonic(), 0.0
        self._reader = threading.Thread(target=self._copy_output, args=(self._process,), daemon=True)
        self._reader.start()

    def heal(self) -> None:
        """Start it again, after a pause, when it died; BirbCamError when it dies at every start."""
        if self._process is None or self.running:
            return
        now = time.monotonic()
        if not self._died_at:
            self._died_at = now
            self._bad_starts = self._bad_starts + 1 if now - self._started_at < HEALTHY_AFTER else 1
            if self._bad_starts >= MAX_BAD_STARTS:
                raise BirbCamError(f"{self.name} does not stay up; the reason stands above")
            self._terminal.say(f"{self.name} ended ({_exit_text(self._process.returncode)}); starting it again")
        elif now - self._died_at > RESTART_PAUSE:
            self.start()

    def end(self) -> None:
        """SIGTERM, then SIGKILL to all it started, after a grace time."""
        if self._process is None:
            return
        if self.running:
            self._process.terminate()
            try:
                self._process.wait(GRACE)
            except subprocess.TimeoutExpired:
                self._terminal.say(f"{self.name} did not end within {GRACE:g} s; killed")
        try:
            os.killpg(self._process.pid, signal.SIGKILL)  # whatever it left behind in its session
        except ProcessLookupError:
            pass  # nothing left, as it should be
        self._process.wait()
        if self._reader is not None:
            self._reader.join(2)

    def _copy_output(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                self._terminal.line(self.name, line.rstrip("\n"))


def _die_with_parent() -> None:
    # If the demo is killed with SIGKILL, the kernel ends its children in its place (prctl(2)).
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _exit_text(code: int | None) -> str:
    if code is not None and code < 0:
        return signal.Signals(-code).name
    return f"exit code {code}"
