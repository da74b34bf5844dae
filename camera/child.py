"""Child processes that never outlive us, and that end within a given time."""

from __future__ import annotations

import functools
import logging
import os
import selectors
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from config.errors import CameraError

log = logging.getLogger(__name__)

KILLED = 2.0  # s that a killed program takes at most, unless the kernel holds it
_ROOT = Path(__file__).resolve().parent.parent
Program = subprocess.Popen[bytes]


def require(program: str, package: str) -> None:
    """Raise CameraError, with what to type, where a program is missing."""
    if shutil.which(program) is None:
        raise CameraError(f"{program} not found; install it with: sudo apt install {package}")


def start(command: Sequence[str], stdin: IO[bytes] | socket.socket | None = None, pipe_size: int = -1) -> Program:
    """Start a program whose stdout and stderr we read; CameraError where it cannot be started.

    `pipe_size` is how many bytes its pipes hold, -1 for the system's default.

    The kernel kills it when the thread that started it ends, however that comes about, unless setpriv is missing or
    forbidden, as to the web app of an installation. It has a process group of its own, so that Ctrl-C reaches us alone
    and we end it in good order. It starts in the folder that holds our packages.
    """
    try:
        return subprocess.Popen(
            [*_die_with_us(), *command],
            stdin=subprocess.DEVNULL if stdin is None else stdin.fileno(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,
            pipesize=pipe_size,
            cwd=_ROOT,
        )
    except OSError as error:
        raise CameraError(f"{command[0]} cannot be started: {error.strerror}") from error


@functools.cache
def _die_with_us() -> tuple[str, ...]:
    """What a command begins with so that the kernel ends it with us; found out once."""
    command = ("setpriv", "--pdeathsig", "KILL", "--")
    try:
        done = subprocess.run(
            [*command, "true"], stdin=subprocess.DEVNULL, capture_output=True, timeout=15, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return command if done.returncode == 0 else ()


def end(programs: Sequence[Program], grace: float) -> list[Program]:
    """Ask the programs to end, kill after `grace` seconds what still runs, and reap them.

    A killed program goes on where the kernel waits for a device that hangs. Nobody is to wait with it: those that did
    not end are given back, after one line in the log.
    """
    held = []
    for program in programs:
        program.terminate()
    deadline = time.monotonic() + grace
    for program in programs:
        try:
            program.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            program.kill()
            try:
                program.wait(KILLED)
            except subprocess.TimeoutExpired:
                held.append(program)
                log.error("process %d does not end although it was killed; the kernel waits for a device", program.pid)
        for pipe in (program.stdout, program.stderr):
            if pipe is not None:
                pipe.close()
    return held


class Lines:
    """Reads several pipes line by line, without waiting for any one of them."""

    def __init__(self, *pipes: IO[bytes] | None) -> None:
        self._rests: dict[int, bytes] = {}
        self._selector = selectors.DefaultSelector()
        for pipe in pipes:
            if pipe is not None:
                self._selector.register(pipe, selectors.EVENT_READ, pipe)

    def read(self, timeout: float) -> Iterator[tuple[IO[bytes], str]]:
        """The lines that come within `timeout` seconds, at the latest after the first; each with its pipe."""
        for key, _ in self._selector.select(timeout):
            data = os.read(key.fd, 1 << 16)
            if not data:
                self._selector.unregister(key.fileobj)
            *lines, rest = (self._rests.get(key.fd, b"") + data).split(b"\n")
            self._rests[key.fd] = rest[-4096:]  # a program that writes no line ends must not fill the memory
            for line in lines:
                yield key.data, line.decode(errors="replace")

    def close(self) -> None:
        """Give the descriptors back; the pipes stay open."""
        self._selector.close()
