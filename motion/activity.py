"""The motion score of every second, a file of fixed size per camera and UTC day, written in place.

It is disposable: a lost file costs a scan of the footage that is still there. It tells which footage was scanned
(so that a late segment is noticed), feeds charts, and lets kept scores be judged again without decoding.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from config.errors import StateError
from mediamtx.layout import Layout
from mediamtx.segments import Span
from motion.look import Frame

NOT_SCANNED = 255
DAY = 86400  # s, and bytes of a file
_EPOCH = date(1970, 1, 1)


class Activity:
    """The scores of one camera: a number from 0 to 100 for each second that was scanned."""

    def __init__(self, layout: Layout, camera: str) -> None:
        self._layout = layout
        self._camera = camera
        self._days: dict[int, bytearray] = {}
        self._changed: dict[int, tuple[int, int]] = {}  # day -> first changed second and the one behind the last

    def scanned(self, time: datetime) -> bool:
        """Whether the second that `time` lies in was scanned."""
        day, second = divmod(int(time.timestamp()), DAY)
        return self._day(day)[second] != NOT_SCANNED

    def unscanned(self, span: Span) -> int:
        """How many seconds that `span` touches were not scanned."""
        return sum(values.count(NOT_SCANNED) for _, values in self._pieces(span))

    def loud(self, span: Span, threshold: float) -> list[datetime]:
        """The seconds of `span` whose score reaches `threshold`."""
        return [
            datetime.fromtimestamp(first + i, UTC)
            for first, values in self._pieces(span)
            for i, value in enumerate(values)
            if threshold <= value != NOT_SCANNED
        ]

    def mark(self, span: Span, frames: Iterable[Frame]) -> None:
        """Note that `span` was scanned, with the scores of its frames, and of frames before it.

        The second after the first counts as scanned as well, so that even the shortest segment is known by it.
        """
        for second in range(*_seconds(Span(span.start, max(span.end, span.start + timedelta(seconds=1.001))))):
            self._raise(second, 0)
        for frame in frames:
            self._raise(int(frame.time.timestamp()), int(frame.score))

    def forget(self, span: Span) -> None:
        """Note that the whole seconds of `span` are to be scanned again."""
        for second in range(*_seconds(span)):
            self._put(second, NOT_SCANNED)

    def save(self) -> None:
        """Write what changed; StateError where that fails."""
        try:
            for day, (first, behind) in sorted(self._changed.items()):
                self._write(day, first, behind)
        except OSError as error:
            folder = self._layout.activity_dir(self._camera)
            raise StateError(
                f"{folder}: cannot be written ({error.strerror}); free space or mend its rights"
            ) from error
        self._changed.clear()

    def _write(self, day: int, first: int, behind: int) -> None:
        path = self._layout.activity_file(self._camera, _date(day))
        path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            if os.fstat(fd).st_size != DAY:
                first, behind = 0, DAY
            os.pwrite(fd, self._days[day][first:behind], first)
        finally:
            os.close(fd)

    def _raise(self, epoch_second: int, score: int) -> None:
        day, second = divmod(epoch_second, DAY)
        old = self._day(day)[second]
        if old == NOT_SCANNED or score > old:
            self._put(epoch_second, min(score, 100))

    def _put(self, epoch_second: int, value: int) -> None:
        day, second = divmod(epoch_second, DAY)
        self._day(day)[second] = value
        first, behind = self._changed.get(day, (second, second + 1))
        self._changed[day] = min(first, second), max(behind, second + 1)

    def _pieces(self, span: Span) -> Iterable[tuple[int, bytearray]]:
        """Per day, the first epoch second of `span` in it and the values from there on."""
        first, behind = _seconds(span)
        while first < behind:
            day, second = divmod(first, DAY)
            stop = min(behind, (day + 1) * DAY)
            yield first, self._day(day)[second : second + stop - first]
            first = stop

    def _day(self, day: int) -> bytearray:
        if day not in self._days:
            path = self._layout.activity_file(self._camera, _date(day))
            try:
                values = bytearray(path.read_bytes())
            except FileNotFoundError:
                values = bytearray()
            except OSError as error:
                raise StateError(f"{path}: cannot be read ({error.strerror}); mend its rights") from error
            self._days[day] = values if len(values) == DAY else bytearray([NOT_SCANNED]) * DAY
        return self._days[day]


def _date(day: int) -> date:
    return _EPOCH + timedelta(days=day)


def _seconds(span: Span) -> tuple[int, int]:
    """The first epoch second that `span` touches, and the one behind the last."""
    first = int(span.start.timestamp())
    return first, max(first, -int(-span.end.timestamp() // 1))
