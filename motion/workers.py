"""Who scans: the motion job itself, processes of its own, or a Dask cluster.

A chunk is scanned by a pure function that is handed to a `concurrent.futures.Executor`. Whoever runs it writes nothing:
it may be killed at any time, and its chunk is scanned again, by another worker or here. The job alone writes state and
clips, and takes the results of a camera in order.
"""

from __future__ import annotations

import itertools
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait

from config.errors import WorkersError
from mediamtx.segments import Span
from motion.chunk import Chunk, Scanned

log = logging.getLogger(__name__)
MOMENT = 0.2
"""Seconds after which it is asked again whether to stop."""
LONELY = 20.0
"""Seconds without a result and without any worker there, after which the job scans by itself."""
SILENT = 300.0
"""Seconds without a result in which the workers have not used the processor either: what they read does not answer."""
UNSEEN = 3600.0
"""The same where nobody tells whether they use the processor."""
HANGS = 2
"""So often in a pass footage may not answer before the pass ends: a disk or a mount is dead."""
FAILURES = 3
"""So often workers may fail in a pass before it scans by itself."""
Result = tuple[Scanned, ...]
_numbers = itertools.count()


def scan_chunk(chunk: Chunk, go_on: Callable[[], bool] = lambda: True) -> Result:
    """What the detector says of a chunk's fresh segments; of fewer of them once `go_on` says no."""
    import cv2

    from motion.scan import scan  # decoding is imported where there is something to decode

    cv2.setNumThreads(1)  # for pictures as small as these more cost more than they help
    return tuple(scan(chunk.sources, chunk.look, go_on))


class Crew(ABC):
    """Processes that scan, behind an executor."""

    @abstractmethod
    def begin(self) -> None:
        """Make sure that it can be had, where that is not a matter of course. Raises WorkersError."""

    @abstractmethod
    def executor(self) -> Executor:
        """The executor, a new one after `close`. Raises WorkersError where it cannot be had."""

    @abstractmethod
    def ahead(self) -> int:
        """How many chunks keep all of them busy."""

    @abstractmethod
    def is_there(self) -> bool:
        """Whether there is anybody to do the work."""

    @abstractmethod
    def effort(self) -> float | None:
        """How much processor time all of them have used, s; None where that cannot be told."""

    def undead(self) -> bool:
        """Whether processes of this machine are left that could not be killed."""
        return False

    @abstractmethod
    def close(self) -> None:
        """End at once what is under way."""


class Task:
    """A chunk that was handed out."""

    def __init__(self, workers: Workers, chunk: Chunk) -> None:
        self._workers, self._chunk = workers, chunk
        self.number = next(_numbers)
        """In the order in which they were handed out."""
        self._again = self._hangs = False
        self._turn = workers.turn
        self._future = workers.hand_out(chunk)

    @property
    def future(self) -> Future[Result] | None:
        """Its future; None where it is left to the job itself."""
        return self._future

    def done(self) -> bool:
        """Whether `result` comes without waiting for others; what a worker failed at is handed out once more."""
        if self._future is None or self._hangs or self._workers.alone:
            return True
        if not self._future.done():
            return False
        problem = _problem(self._future)
        if problem and not self._again:
            self._again = True
            self._workers.failed(problem, self._turn)
            self._turn = self._workers.turn
            self._future = self._workers.hand_out(self._chunk)
            return self.done()
        return True

    def give_up(self) -> None:
        """What it reads does not answer: it is not tried here either, where it would hold up everything."""
        self._hangs = True

    def result(self) -> Result:
        """What the scan says. What no worker could do, or read, is done here."""
        if self._hangs:
            return tuple(
                Scanned(source, Span(source.start, source.start), problem=f"{source.path}: reading it does not end")
                for source in self._chunk.sources
                if source.fresh
            )
        if self._future is not None and self._future.done() and not _problem(self._future):
            scanned = self._future.result()
            if not any(one.problem for one in scanned):
                return scanned
            # Perhaps only that machine cannot read the files: what counts is what the job itself sees.
        return self._workers.scan_here(self._chunk)


class Workers:
    """Hands out chunks to a crew, or scans them in this process; for one thread."""

    def __init__(self, crew: Crew | None = None) -> None:
        self._crew = crew
        self._stopped: Callable[[], bool] = lambda: False
        self._failures = self._hung = 0
        self._heard = self._alive = time.monotonic()
        self._effort: float | None = None
        self.turn = 0
        """Which of the crew's executors, one after the other, is in use."""

    def begin(self, stopped: Callable[[], bool]) -> None:
        """A pass begins; `stopped` says that it is to end early. Raises WorkersError where the crew cannot be had."""
        self._stopped, self._failures, self._hung = stopped, 0, 0
        self._heard = self._alive = time.monotonic()
        if self._crew is not None:
            self._crew.begin()

    @property
    def alone(self) -> bool:
        """Whether this process scans by itself."""
        return self._crew is None or self._failures >= FAILURES

    @property
    def stuck(self) -> bool:
        """Whether so much did not answer that the pass has to end."""
        return self._hung >= HANGS

    @property
    def ahead(self) -> int:
        """How many chunks of a camera are handed out before the first one's result is taken."""
        return 1 if self.alone or self._crew is None else self._crew.ahead()

    def submit(self, chunk: Chunk) -> Task:
        """Hand out a chunk."""
        return Task(self, chunk)

    def hand_out(self, chunk: Chunk) -> Future[Result] | None:
        """The future of a chunk, None where it is left to the job itself."""
        self._alive = time.monotonic()  # who had nothing to do was rightly silent
        while self._crew is not None and not self.alone:
            try:
                return self._crew.executor().submit(scan_chunk, chunk)
            except (BrokenExecutor, WorkersError, RuntimeError, OSError) as error:
                self.failed(f"{type(error).__name__}: {error}", self.turn)
        return None

    def failed(self, problem: str, turn: int) -> None:
        """A worker of that turn failed: say so, and begin anew with others. All its other tasks fail with it."""
        if self.alone or self._crew is None or turn != self.turn:
            return
        self._failures += 1
        self.turn += 1
        what = "this process scans by itself" if self.alone else "the footage is scanned again"
        log.warning("a worker failed (%s); %s", problem, what)
        self._crew.close()

    def wait(self, tasks: Collection[Task]) -> None:
        """Wait until one of the tasks has a result, or for a moment."""
        futures = [task.future for task in tasks if task.future is not None]
        if self.alone or self._crew is None or len(futures) < len(tasks):
            return
        if wait(futures, MOMENT, FIRST_COMPLETED).done:
            self._heard = self._alive = time.monotonic()
            return
        if time.monotonic() - self._heard > LONELY:
            self._heard = time.monotonic()
            if not self._crew.is_there():
                self._failures = FAILURES
                log.warning("no worker is there; this process scans by itself")
                return
        effort = self._crew.effort()
        if effort != self._effort:
            self._effort, self._alive = effort, time.monotonic()
        elif time.monotonic() - self._alive > (UNSEEN if effort is None else SILENT):
            self._give_up(tasks)

    def _give_up(self, tasks: Collection[Task]) -> None:
        """End the workers, and leave alone what the first tasks read: one for each worker is under way, or fewer."""
        assert self._crew is not None
        log.warning(
            "workers have done nothing for a long time; they are ended, and what they read is tried again later"
        )
        for task in sorted(tasks, key=lambda task: task.number)[: max(1, self._crew.ahead() - 1)]:
            if task.future is not None and task.future.running():
                task.give_up()
        self._hung += 1
        self.turn += 1
        self._alive = time.monotonic()
        self._crew.close()

    def scan_here(self, chunk: Chunk) -> Result:
        """Scan a chunk in this process."""
        return scan_chunk(chunk, lambda: not self._stopped())

    def close(self) -> None:
        """End what is under way."""
        if self._crew is not None:
            self._crew.close()

    @property
    def undead(self) -> bool:
        """Whether some of them could not be ended, as what they read does not let go of them."""
        return self._crew is not None and self._crew.undead()


def _problem(future: Future[Result]) -> str:
    """Why a future that is done has no result; "" where it has one."""
    try:
        error = future.exception(timeout=0)
    except CancelledError:
        return "cancelled"
    return "" if error is None else f"{type(error).__name__}: {error}"
