"""How far a pass is: bars for a person at a terminal, a line in the log now and then for everybody else."""

from __future__ import annotations

import logging
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

log = logging.getLogger(__name__)
PATIENCE = 3.0
"""Seconds that a person is left without a bar: most passes take less."""
LINE_EVERY = 60.0
"""Seconds between two lines in the log."""


@dataclass(slots=True)
class Work:
    """What a pass has to scan of one camera, as far as it knows, and what it did."""

    camera: str
    begun: float  # s, of a clock that only goes on
    total: float = 0.0  # s of footage
    done: float = 0.0  # s of footage
    clips: int = 0

    def text(self, now: float) -> str:
        """`3.3 of 24.0 h scanned, 1250x real time, 7 clips`."""
        total = max(self.total, self.done)
        scale, unit = (3600, "h") if total >= 7200 else (60, "min")
        speed = self.done / max(now - self.begun, 0.001)
        clips = f"{self.clips} clip{'s' * (self.clips != 1)}"
        return f"{self.done / scale:.1f} of {total / scale:.1f} {unit} scanned, {speed:.0f}x real time, {clips}"


class Progress:
    """Told by a pass what it does; says now and then in the log how far it is."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._works: dict[str, Work] = {}
        self._said: float | None = None

    def expect(self, camera: str, seconds: float) -> None:
        """So much footage of a camera more is to be scanned."""
        self._of(camera).total += seconds

    def scanned(self, camera: str, seconds: float) -> None:
        """So much footage of it was scanned."""
        work = self._of(camera)
        work.done += seconds
        self._show(work)

    def found(self, camera: str) -> None:
        """There is a clip of it more."""
        work = self._of(camera)
        work.clips += 1
        self._show(work)

    def close(self) -> None:
        """The pass is over: what comes now is another one's."""
        self._works.clear()
        self._said = None

    def _of(self, camera: str) -> Work:
        now = self._clock()
        if self._said is None:
            self._said = now
        return self._works.setdefault(camera, Work(camera, now))

    def _show(self, work: Work) -> None:
        now = self._clock()
        if self._said is not None and now - self._said >= LINE_EVERY:
            self._said = now
            for one in self._works.values():
                log.info("%s: %s", one.camera, one.text(now))


class Bars(Progress):
    """A bar on the terminal for each camera that there is much to scan of."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(clock)
        self._bars: dict[str, Any] = {}

    def close(self) -> None:
        """Leave the bars as they are."""
        for bar in self._bars.values():
            bar.close()
        self._bars.clear()
        super().close()

    def _show(self, work: Work) -> None:
        bar = self._bars.get(work.camera)
        if bar is None:
            bar = self._bars[work.camera] = self._bar()
        bar.total = max(work.total, work.done)
        bar.set_description_str(f"{work.camera}: {work.text(self._clock())}", refresh=False)
        bar.update(work.done - bar.n)

    def _bar(self) -> Any:
        from tqdm import tqdm

        tqdm.monitor_interval = 0  # no thread of its own
        form = "{desc} |{bar}| {percentage:.0f} %, {remaining} left"
        size = shutil.get_terminal_size((100, 24))  # some terminals do not tell
        return tqdm(
            total=1.0,  # it is needed for the percentage, and 0 is none
            bar_format=form,
            position=len(self._bars),
            delay=PATIENCE,
            ncols=size.columns,
            nrows=size.lines,
            file=sys.stderr,
        )


@contextmanager
def progress_for(person: bool) -> Iterator[Progress]:
    """What tells how far a pass is, to a person at a terminal or in the log; over at the end of the block."""
    progress, redirected = Progress(), nullcontext()
    if person:
        from tqdm.contrib.logging import logging_redirect_tqdm

        progress, redirected = Bars(), logging_redirect_tqdm()  # what is logged goes above the bars
    with redirected:
        try:
            yield progress
        finally:
            progress.close()


def say(line: str) -> None:
    """Print a line on stdout, above the bars where there are any."""
    tqdm = getattr(sys.modules.get("tqdm"), "tqdm", None)
    if tqdm is None:
        print(line, flush=True)
    else:
        tqdm.write(line, file=sys.stdout)
        sys.stdout.flush()
