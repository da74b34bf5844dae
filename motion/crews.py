"""The crews that scan beside the motion job: processes of this machine, or the workers of a Dask cluster."""

from __future__ import annotations

import ctypes
import logging
import multiprocessing
import os
import re
import signal
import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import connection, resource_tracker
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from config.errors import WorkersError
from motion.workers import Crew

log = logging.getLogger(__name__)
ANSWER = 5
"""Seconds that a scheduler has to answer, or a process that was killed to end."""
_ADDRESS = re.compile(r"(?:(?:tcp|tls|ucx|ws|wss)://)?(?:[^\s/:\[\]]+|\[[0-9a-fA-F:.%]+\]):\d{1,5}/?")
_PR_SET_PDEATHSIG = 1
_ENDING = {signal.SIGINT, signal.SIGTERM}


def crew_for(processes: int, scheduler: str | None) -> Crew | None:
    """Those who scan: a cluster where the address of its scheduler is given, so many processes, or nobody else."""
    if scheduler is not None:
        return Cluster(scheduler)
    return Processes(processes) if processes else None


class Processes(Crew):
    """So many processes of this machine, which end with this one."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._executor: Executor | None = None
        self._killed: list[BaseProcess] = []

    def begin(self) -> None:
        """They are made when there is work."""

    def executor(self) -> Executor:
        """A pool that starts a process when there is work and none is idle."""
        if self._executor is None:
            resource_tracker.ensure_running()  # beforehand, as it lets the signals through that are held back below
            pool = ProcessPoolExecutor(
                self._count, multiprocessing.get_context("spawn"), initializer=_prepare, initargs=(os.getpid(),)
            )
            self._executor = _Shielded(pool)
        return self._executor

    def ahead(self) -> int:
        """One more than there are processes."""
        return self._count + 1

    def is_there(self) -> bool:
        """They are made when there is work."""
        return True

    def close(self) -> None:
        """They write nothing: to kill them does no harm."""
        if self._executor is None:
            return
        self._executor.shutdown(wait=False, cancel_futures=True)
        self._killed = multiprocessing.active_children()
        for child in self._killed:
            child.kill()
        for child in self._killed:
            child.join(ANSWER)
        self._executor = None

    def effort(self) -> float:
        """As the kernel counts it for each process (proc(5))."""
        ticks = 0
        for child in multiprocessing.active_children():
            with suppress(OSError):  # it has just ended
                stat = Path(f"/proc/{child.pid}/stat").read_text()
                ticks += sum(map(int, stat.rpartition(")")[2].split()[11:13]))
        return ticks / os.sysconf("SC_CLK_TCK")

    def undead(self) -> bool:
        """Where a disk or a mount is dead, the kernel ends nobody who reads from it.

        `is_alive` would be wrong for a moment: the pool's own thread may just have waited for the same child.
        """
        return any(not connection.wait([child.sentinel], 0) for child in self._killed)


class _Shielded(Executor):
    """An executor whose processes do not get the signals that end us: Ctrl-C goes to all, and we end them."""

    def __init__(self, pool: Executor) -> None:
        self._pool = pool

    def submit(self, *arguments: Any, **others: Any) -> Any:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)  # a process inherits it
        try:
            return self._pool.submit(*arguments, **others)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._pool.shutdown(wait, cancel_futures=cancel_futures)


def _prepare(parent: int) -> None:
    """What a process of the pool does first: it ends when its parent does, however that ends (prctl(2))."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    import motion.scan  # noqa: F401


class Cluster(Crew):
    """The workers of an existing Dask cluster, which see the same folders and have the same version of us."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._client: Any = None
        self._executor: Executor | None = None
        self._ahead = 1

    def begin(self) -> None:
        """Connect, or connect again."""
        if self._client is not None and self._client.status != "running":
            self.close()
        self.executor()
        self._ahead = 1 + sum(self._threads().values())

    def executor(self) -> Executor:
        """The client's, connected on first use."""
        if self._executor is None:
            self._client = self._connected()
            executor: Executor = self._client.get_executor(pure=False)  # the same footage may be asked for again
            self._executor = executor
        return self._executor

    def ahead(self) -> int:
        """One more than the workers had threads when the pass began: some may come or go between two passes."""
        return self._ahead

    def is_there(self) -> bool:
        """Whether the scheduler answers and has workers."""
        return self._client is not None and self._client.status == "running" and bool(self._threads())

    def effort(self) -> None:
        """The scheduler does not tell."""

    def close(self) -> None:
        """What is under way there is forgotten with the connection."""
        client, self._client, self._executor = self._client, None, None
        if client is not None:
            with _quiet():
                client.close(timeout=ANSWER)

    def _threads(self) -> dict[str, int]:
        """The threads of each worker; none where the scheduler does not answer."""
        try:
            return dict(self._client.nthreads())
        except OSError:  # a timeout too
            return {}

    def _connected(self) -> Any:
        with _quiet():
            try:
                from distributed import Client
            except ImportError as error:
                cure = f"{sys.executable} -m pip install distributed"
                raise WorkersError(f"--dask needs Dask, which is not installed; install it with: {cure}") from error
            if not _ADDRESS.fullmatch(self._address):  # Dask's own refusal leaves threads and tracebacks behind
                raise WorkersError(f"{self._address} is no address of a Dask scheduler; write one like tcp://host:8786")
            try:
                return Client(self._address, timeout=ANSWER, set_as_default=False)  # type: ignore[no-untyped-call]
            except (OSError, ValueError) as error:
                raise WorkersError(
                    f"no Dask scheduler answers at {self._address}; start one (dask scheduler), or check the address"
                ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Dask warns and logs a lot about what is said here in one line."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    for name in ("distributed", "tornado", "asyncio", *logging.root.manager.loggerDict):
        if name.partition(".")[0] in ("distributed", "tornado", "asyncio"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
