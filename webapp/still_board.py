"""The newest stills of all streams, each decoded at most once a second, by whomever they are asked for."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

from mediamtx.layout import Layout
from mediamtx.names import Stream
from mediamtx.stills import Still, StillCamera
from webapp.threads import Threads

EVERY = 1.0  # s
WIDTHS = (160, 320, 480, 640, 960, 1280, 1920, 3840)  # px; others are made the next larger one, so that few are made


@dataclass
class _Picture:
    """The still of one stream at one width, and when it was taken."""

    camera: StillCamera
    taking: threading.Lock = field(default_factory=threading.Lock)
    taken: float = -EVERY  # of the monotonic clock
    still: Still | None = None


class StillBoard:
    """The newest stills of all streams, each taken when it is asked for and older than a second."""

    def __init__(self, layout: Layout, threads: Threads) -> None:
        self._layout, self._threads = layout, threads
        self._pictures: dict[tuple[Stream, int | None], _Picture] = {}

    def still(self, stream: Stream, width: int | None) -> Still | None:
        """The newest picture, at most about so wide; None where none is fresh. Raises StorageError."""
        if width is not None:
            width = next((one for one in WIDTHS if one >= width), None)
        picture = self._pictures.setdefault((stream, width), _Picture(StillCamera(self._layout, stream)))
        with picture.taking:  # who comes meanwhile gets what this one brings
            if time.monotonic() - picture.taken >= EVERY:
                picture.still = self._threads.picture(picture.camera.take, datetime.now(UTC), width)
                picture.taken = time.monotonic()
            return picture.still
