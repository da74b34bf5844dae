"""A Pi's camera process in a root of Debian trixie, for tests: the real picamera2 on the virtual camera.

Only the process that imports picamera2 runs in there; publisher, ffmpeg and recorder are this machine's.
"""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from camera.pi_link import Link
from trixie import Chroot
from waiting import wait_until

SMALL: Mapping[str, object] = {"width": 640, "height": 360, "fps": 30, "bit_rate": 800}


class PiProcess:
    """`python3 -m camera.picamera` in there, with its control channel; what it sends is written to `film`."""

    def __init__(
        self, inside: Chroot, film: Path | None, module: int = 0, prelude: str = "", **settings: object
    ) -> None:
        """`prelude` is Python that runs before it, once picamera2 is imported. With no `film` nobody reads it."""
        self.said: list[str] = []
        self.link = Link(lambda text, level: self.said.append(text))
        start = "import runpy, sys; sys.argv[0] = 'picamera'; runpy.run_module('camera.picamera', run_name='__main__')"
        code = f"import picamera2\n{prelude}\n{start}" if prelude else start
        words = ["python3", "-c", code, "--module", str(module), "--settings", json.dumps({**SMALL, **settings})]
        self._out = film.open("wb") if film is not None else None
        self.process = subprocess.Popen(
            inside.command(words),
            stdin=self.link.theirs.fileno(),
            stdout=self._out if self._out is not None else subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        self.link.theirs.close()
        self.errors: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        self.link.close()
        self._reader.join()
        for pipe in (self._out, self.process.stdout):
            if pipe is not None:
                pipe.close()

    def status(self, wanted: Mapping[str, Any] | None = None, timeout: float = 40.0) -> Mapping[str, Any]:
        """Wait for pictures, and for a status with these values; that status."""

        def found() -> Mapping[str, Any] | None:
            assert self.process.poll() is None, f"it ended: {self.errors[-3:]}"
            status = self.link.status
            ready = status.get("fps", 0) > 0 and all(status[name] == value for name, value in (wanted or {}).items())
            return status if ready else None

        return wait_until(found, timeout, f"a status with {wanted}, not {self.link.status}; {self.errors[-3:]}")

    def reason(self, timeout: float = 40.0) -> str:
        """Wait for its end; the reason that it gave, "" for none."""
        self.process.wait(timeout)
        self._reader.join()
        reasons = [line.removeprefix("birbcam: ") for line in self.errors if line.startswith("birbcam: ")]
        return reasons[-1] if reasons else ""

    def freeze(self) -> None:
        """As if it had crashed without ending."""
        self.process.send_signal(signal.SIGSTOP)

    def _read(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as lines:
            for line in lines:
                self.errors.append(line.rstrip("\n"))
