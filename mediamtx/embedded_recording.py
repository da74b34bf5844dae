"""Recording one session: samples into segments, named by the wall clock, whatever the disk does."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mediamtx.embedded_clock import ArrivalClock
from mediamtx.embedded_samples import Order, Sample, Track
from mediamtx.embedded_writer import SegmentWriter
from mediamtx.layout import Layout
from mediamtx.names import Segment, Stream

log = logging.getLogger(__name__)

RETRY_PAUSE = 1.0  # s until a disk that refused is tried again


class DiskFault:
    """Remembers, across sessions, that the disk of a stream does not take footage, so that it is said once."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._since: float | None = None  # monotonic
        self._reason = ""

    @property
    def waiting(self) -> bool:
        """Whether it is too early to try again."""
        return self._since is not None and time.monotonic() - self._since < RETRY_PAUSE

    def failed(self, error: OSError) -> None:
        """Writing failed."""
        reason = error.strerror or str(error)
        if reason != self._reason:
            log.warning(
                "%s: recording interrupted: %s; tried again every second until the disk takes it",
                self._stream.path,
                reason,
            )
        self._since, self._reason = time.monotonic(), reason

    def worked(self) -> None:
        """A part reached the disk."""
        if self._reason:
            log.info("%s: recording again", self._stream.path)
        self._since, self._reason = None, ""


class Recording:
    """Writes the segments of one time line; after a jump in the timestamps another Recording goes on."""

    def __init__(
        self, layout: Layout, stream: Stream, tracks: Sequence[Track], length: float, part: float, fault: DiskFault
    ) -> None:
        """`length`: seconds after which a segment ends at the next key frame; `part`: seconds flushed at a time."""
        self._layout, self._stream, self._tracks = layout, stream, tracks
        self._length, self._part, self._fault = length, part, fault
        self._clock = ArrivalClock()
        self._order = Order(tracks)
        self._held: list[Sample] = []  # while it is not known yet when they were made
        self._anchor: float | None = None
        self._start = 0.0  # media time of the segment being written
        self._writer: SegmentWriter | None = None

    def observe(self, media: float, arrival: float) -> None:
        """A picture with presentation time `media` arrived at `arrival` (s, Unix time)."""
        self._clock.observe(media, arrival)

    def add(self, sample: Sample, now: float) -> None:
        """Record one sample; `now` is Unix time."""
        ready = list(self._order.push(sample))
        if self._anchor is None:
            self._held += ready
            if not self._clock.settled(now):
                return
            self._anchor = self._clock.anchor()
            ready, self._held = self._held, []
        for one in ready:
            self._write(one)

    def close(self) -> None:
        """Write what is left and finish the file."""
        if self._anchor is None and self._clock.observed:
            self._anchor = self._clock.anchor()
        if self._anchor is not None:
            for sample in [*self._held, *self._order.rest()]:
                self._write(sample)
        self._held.clear()
        self._finish()

    def _write(self, sample: Sample) -> None:
        try:
            if sample.key and self._due(sample):
                self._finish()
                if not self._fault.waiting:
                    self._begin(sample)
            # before the first key frame, or while the disk refuses, there is no writer
            if self._writer is not None and sample.time >= self._start and self._writer.write(sample):
                self._fault.worked()
        except OSError as error:
            self._fail(error)

    def _due(self, sample: Sample) -> bool:
        assert self._anchor is not None
        if self._writer is None or sample.time - self._start >= self._length - 1e-6:
            return True
        return self._clock.jumped(self._anchor) is not None

    def _begin(self, sample: Sample) -> None:
        assert self._anchor is not None
        jumped = self._clock.jumped(self._anchor)
        if jumped is not None:
            log.warning("%s: clock and footage part by %+.1f s", self._stream.path, jumped - self._anchor)
            self._anchor = jumped
        else:
            self._anchor = self._clock.moved(self._anchor)
        self._start = sample.time
        path = self._free_path(datetime.fromtimestamp(self._anchor + self._start, UTC))
        self._writer = SegmentWriter(path, self._tracks, self._start, self._part)

    def _free_path(self, start: datetime) -> Path:
        """The file of a segment that starts then; a microsecond later where a clock set back made that name before."""
        while (path := self._layout.segment_path(Segment(self._stream, start))).exists():
            start += timedelta(microseconds=1)
        return path

    def _finish(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            try:
                writer.finish()
            except OSError as error:
                self._fault.failed(error)

    def _fail(self, error: OSError) -> None:
        self._fault.failed(error)
        writer, self._writer = self._writer, None
        if writer is not None:
            try:
                writer.abandon()
            except OSError as second:
                log.debug("%s: cannot be marked finished: %s", writer.path, second)
