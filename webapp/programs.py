"""Other programs that are asked what they know, within a few seconds, while the other requests go on."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from flask import abort
from gevent import monkey

MOST = 16 * 1024 * 1024  # bytes of an answer
KILLED = 2.0  # s that a killed program takes at most, unless the kernel holds it
_LOOK = 0.05  # s between two looks whether a program has ended

log = logging.getLogger(__name__)
_held: list[subprocess.Popen[bytes]] = []  # killed, but still there when last looked at
_sleep = monkey.get_original("time", "sleep")  # gevent's is for threads that have a loop


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of a program."""

    code: int | None  # negative: ended by that signal; None: not within its time
    output: bytes
    errors: str


def run(command: Sequence[str], seconds: float, question: bytes = b"") -> Ended:
    """Run a program that reads `question`, for at most `seconds` and `KILLED`. For a thread; OSError.

    Nobody waits for longer: neither where the kernel holds the program as a device hangs, nor where one that it started
    goes on. So there are files instead of pipes, which end with the last who has them.
    """
    _held[:] = [process for process in _held if process.poll() is None]  # reaped, in the end
    with tempfile.TemporaryFile() as asked, tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        asked.write(question)
        asked.seek(0)
        process = subprocess.Popen(command, stdin=asked, stdout=output, stderr=errors, process_group=0)
        code = _wait(process, seconds)
        if code is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            if _wait(process, KILLED) is None:
                _held.append(process)
                log.error("process %d does not end although killed; the kernel waits for a device", process.pid)
        output.seek(0)
        errors.seek(0)
        return Ended(code, output.read(MOST), errors.read(MOST).decode(errors="replace"))


@contextmanager
def turn(places: threading.BoundedSemaphore, said: str) -> Iterator[None]:
    """One of a few places for what costs much; 429 with a sentence where all are taken."""
    if not places.acquire(blocking=False):
        abort(429, said)
    try:
        yield
    finally:
        places.release()


def output_of(command: Sequence[str], seconds: float = 5) -> str | None:
    """What a program prints; None where it is not there, fails, or takes longer. For a thread."""
    try:
        done = run(command, seconds)
    except OSError:
        return None
    return done.output.decode(errors="replace") if done.code == 0 else None


def _wait(process: subprocess.Popen[bytes], seconds: float) -> int | None:
    deadline = time.monotonic() + seconds
    while (code := process.poll()) is None and time.monotonic() < deadline:
        _sleep(_LOOK)
    return code
