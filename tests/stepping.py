"""Runs passes of the motion job that are killed, or refused room, at a chosen step on the file system.

As a program (`python stepping.py`) it imports everything once and then, for each line of JSON on its standard input,
forks a process that does what `python -m motion` does, and answers with a line of JSON. Every change below one folder
is a step: opening to write, each write (PyAV's too), fsync, rename, unlink, mkdir and the like. In the child they are
counted before they happen, by an audit hook where Python has one and by wrapping where it has none.
"""

from __future__ import annotations

import builtins
import contextlib
import errno
import io
import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any, Literal, NoReturn

Fault = Literal["kill", "half", "full", "read-only"]
"""SIGKILL before the step; in the middle of it, where it writes; from it on no room; from it on a read-only disk."""
ROOT = Path(__file__).parent.parent
PAGE = 4096  # bytes
NAMES_CHANGE = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.utime", "os.chmod")
TAKES_ROOM = ("create", "write", "os.mkdir", "os.link", "os.symlink")


@dataclass(frozen=True)
class Outcome:
    """How a pass ended: its exit code (-9: killed, 99: by an error that is a bug), the steps it took, what it said."""

    code: int
    steps: list[str] = field(default_factory=list)
    output: str = ""
    problems: str = ""

    @property
    def said(self) -> str:
        """The end of what it said, for a failed test."""
        return f"{self.code}: {self.problems[-1000:]}"


class Stepper:
    """A server process; each `run` is one pass in a process forked from it."""

    def __init__(self) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("BIRBCAM_")}
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            cwd=ROOT,
            env=environment | {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, folder: Path, now: datetime, at: int | None = None, fault: Fault = "kill") -> Outcome:
        """A pass over the installation in `folder` at the time `now`; the fault comes at step number `at`."""
        assert self._process.stdin is not None and self._process.stdout is not None
        order = {"folder": str(folder), "now": now.isoformat(), "at": at, "fault": fault}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return Outcome(**json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        """End the server."""
        self._process.communicate(timeout=10)


class Steps:
    """Counts the changes below `folder`, and does what was ordered when its step comes."""

    def __init__(self, folder: str, at: int | None, fault: Fault) -> None:
        self._folder, self._at, self._fault = folder + os.sep, at, fault
        self.names: list[str] = []

    def watch(self) -> None:
        """From now on in this process; there is no way back."""
        import av

        sys.addaudithook(self._audited)
        for name in ("fsync", "fdatasync", "ftruncate"):
            setattr(os, name, self._counting(name, getattr(os, name)))
        setattr(os, "pwrite", self._writing(os.pwrite))  # noqa: B010
        builtins.open = io.open = self._opening(io.open)  # type: ignore[assignment]
        av.open = self._muxing(av.open)  # type: ignore[assignment]

    def step(self, kind: str, path: object, write: Callable[[int], int] | None = None, length: int = 0) -> None:
        """One step; `write` writes so many bytes of what is to be written."""
        inside = self._inside(path)
        if inside is None:
            return
        number = len(self.names)
        self.names.append(f"{kind} {inside}")
        if self._at is None or number < self._at:
            return
        if self._fault in ("kill", "half"):
            if self._fault == "half" and write is not None:
                write(length // 2)
            os.kill(os.getpid(), signal.SIGKILL)
        elif self._fault == "full" and kind in TAKES_ROOM:
            if write is not None:
                write(length // 2)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        elif self._fault == "read-only":
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    def _inside(self, path: object) -> str | None:
        """The path relative to the folder, None where it is not below it."""
        if isinstance(path, int):
            path = Path(f"/proc/self/fd/{path}").readlink()
        text = os.fsdecode(path)  # type: ignore[arg-type]
        return text[len(self._folder) :] if text.startswith(self._folder) else None

    def _audited(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if not isinstance(path, int) and path is not None and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                new = flags & os.O_CREAT and not os.path.lexists(path)
                if self.names[-1:] != [f"create {self._inside(path)}"]:  # told twice where a file has an opener
                    self.step("create" if new else "open", path)
        elif event in NAMES_CHANGE:
            self.step(event, arguments[0])

    def _counting(self, kind: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def counted(file: Any, *arguments: Any) -> Any:
            self.step(kind, file if isinstance(file, int) else file.fileno())
            return real(file, *arguments)

        return counted

    def _writing(self, real: Callable[[int, Any, int], int]) -> Callable[[int, Any, int], int]:
        def written(file: int, data: Any, offset: int) -> int:
            def part(length: int) -> int:  # nothing ends a system call in the middle of a page
                return real(file, memoryview(data)[: max(0, (offset + length) // PAGE * PAGE - offset)], offset)

            self.step("write", file, part, len(data))
            return real(file, data, offset)

        return written

    def _opening(self, real: Callable[..., Any]) -> Callable[..., Any]:
        steps = self

        class Raw(io.FileIO):
            def write(self, data: Any) -> int:
                view = memoryview(data).cast("B")
                steps.step("write", self.name, lambda length: super(Raw, self).write(view[:length]), len(view))
                return super().write(data)

            def truncate(self, size: int | None = None) -> int:
                steps.step("ftruncate", self.name)
                return super().truncate(size)

        def opened(
            file: Any, mode: str = "r", buffering: int = -1, *rest: Any, opener: Any = None, **others: Any
        ) -> Any:
            if isinstance(file, int) or mode in ("r", "rb", "rt") or self._inside(file) is None:
                return real(file, mode, buffering, *rest, opener=opener, **others)
            raw = Raw(file, mode.replace("b", "").replace("t", ""), opener=opener)
            buffered = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
            return buffered if "b" in mode else io.TextIOWrapper(buffered, *rest, **others)

        self.raw = Raw
        return opened

    def _muxing(self, real: Callable[..., Any]) -> Callable[..., Any]:
        """FFmpeg's own writing goes through our files, with a buffer of its size."""

        @contextlib.contextmanager
        def muxed(path: str, **others: Any) -> Iterator[Any]:
            with io.BufferedRandom(self.raw(path, "w+"), 256 * 1024) as file:

                def again(url: str, flags: int, options: object) -> io.FileIO:  # to move the header to the front
                    file.flush()
                    return io.FileIO(url, "r")

                with real(file, "w", io_open=again, **others) as container:
                    yield container

        def opened(file: Any, mode: str = "r", **others: Any) -> Any:
            inside = mode == "w" and self._inside(file) is not None
            return muxed(file, **others) if inside else real(file, mode, **others)

        return opened


def serve() -> None:
    """Fork a pass for every order, and answer with how it ended."""
    import cv2  # noqa: F401  # what a pass imports late would be imported by each

    import motion.__main__
    import motion.scan  # noqa: F401

    for line in sys.stdin:
        order = json.loads(line)
        files = [os.memfd_create(name) for name in ("output", "problems", "steps")]
        child = os.fork()
        if child == 0:
            _pass(order, *files)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        output, problems, steps = (_content(file) for file in files)
        answer = {"code": code, "output": output, "problems": problems, "steps": json.loads(steps or "[]")}
        print(json.dumps(answer), flush=True)


def _pass(order: dict[str, Any], output: int, problems: int, told: int) -> NoReturn:
    """What `python -m motion` does, with a clock that stands still."""
    import motion.__main__ as command
    from config.errors import run_main

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.fromisoformat(order["now"])

    os.dup2(output, 1)
    os.dup2(problems, 2)
    command.datetime = Clock  # type: ignore[attr-defined, misc]
    sys.argv = ["motion", "--config", os.path.join(order["folder"], "config.txt")]  # noqa: PTH118
    steps = Steps(order["folder"], order["at"], order["fault"])
    steps.watch()
    try:
        code = run_main(command.main)
    except BaseException:  # noqa: BLE001  # a test reads of it
        traceback.print_exc()
        code = 99
    sys.stdout.flush()
    with os.fdopen(told, "w") as file:
        json.dump(steps.names, file)
    os._exit(code)


def _content(file: int) -> str:
    os.lseek(file, 0, os.SEEK_SET)
    with os.fdopen(file, encoding="utf-8", errors="replace") as opened:
        return opened.read()


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        serve()
