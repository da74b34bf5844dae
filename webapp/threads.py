"""Work that would block the event loop, done in native threads while the other requests go on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ParamSpec, TypeVar, cast

from gevent import Timeout, get_hub, monkey
from gevent.threadpool import ThreadPool
from werkzeug.exceptions import HTTPException

from config.errors import BirbCamError

P = ParamSpec("P")
T = TypeVar("T")


class Threads:
    """Runs a function in a thread and lets the other requests go on until it is done.

    `disk` is for reading files and folders: a disk that spins up takes seconds. `heavy` is for cutting clips; it does
    one thing at a time, so that neither memory nor the CPU of a small Pi runs out, and reading does not wait for it.
    `picture` is for single pictures that somebody is waiting to see, also one at a time, so that a long clip does not
    hold them up; `hashing` is the same for passwords, and `background` for what nobody waits for, minutes perhaps.
    Outside the gevent server (in a test) all call it at once.
    """

    def __init__(self) -> None:
        self._cooperative = bool(monkey.is_module_patched("socket"))
        self._heavy = ThreadPool(1) if self._cooperative else None
        self._picture = ThreadPool(1) if self._cooperative else None
        self._hashing = ThreadPool(1) if self._cooperative else None
        self._background = ThreadPool(1) if self._cooperative else None

    def disk(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `function` returns or raises."""
        pool = get_hub().threadpool if self._cooperative else None
        return _apply(pool, function, *args, **kwargs)

    def heavy(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `function` returns or raises, after those that were asked for before."""
        return _apply(self._heavy, function, *args, **kwargs)

    def picture(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `function` returns or raises, after those that were asked for before."""
        return _apply(self._picture, function, *args, **kwargs)

    def hashing(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `function` returns or raises, after those that were asked for before."""
        return _apply(self._hashing, function, *args, **kwargs)

    def background(self, function: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        """Have `function` called, after those that were asked for before, and go on."""
        if self._background is None:
            function(*args, **kwargs)
        else:
            self._background.spawn(function, *args, **kwargs)

    def limit(self, seconds: float) -> AbstractContextManager[object]:
        """Raises TimeoutError in what takes longer."""
        return Timeout(seconds, TimeoutError) if self._cooperative else nullcontext()


def _apply(pool: ThreadPool | None, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    if pool is None:
        return function(*args, **kwargs)
    # gevent prints the traceback of whatever fails in a thread: what is expected comes back as a value.
    result, error = pool.apply(_caught, (function, args, kwargs))
    if error is not None:
        raise error
    return cast(T, result)


def _caught(
    function: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[T | None, Exception | None]:
    try:
        return function(*args, **kwargs), None
    except (BirbCamError, HTTPException, OSError) as error:
        return None, error
