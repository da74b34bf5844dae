"""What a pass over a camera works with, apart from the camera's own state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from mediamtx.clips import Clip
from mediamtx.layout import Layout
from motion.progress import Progress
from motion.workers import Workers


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Given by the job; the same for all cameras."""

    layout: Layout
    clock: Callable[[], datetime]
    stopped: Callable[[], bool]
    workers: Workers
    tick: Callable[[], None]  # called now and then
    told: Callable[[Clip], None]  # of a new clip
    renewed: Callable[[Clip], None]  # of one whose boxes or score are others now
    rescanned: Callable[[float], None]  # so many seconds were scanned again
    removed: Callable[[Clip], None]  # of one in which nothing was found any more
    failed: Callable[[str], None]
    progress: Progress
