"""The motion score of every second, a file of fixed size per camera and UTC day, written in place.

A byte for each second: the score, 0 to 100; NO_FOOTAGE where it is certain that nothing was recorded; NOT_SCANNED where
that is not known, or nobody has looked yet. Anything else was written by somebody else, and counts as not scanned; so
does what is missing of a file that is too short.

It is disposable: a lost file costs a scan of the footage that is still there. It tells which footage was scanned
(so that a late segment is noticed), feeds charts, and lets kept scores be judged again without decoding. Reading
(`day`, `values_of`, `summary`) needs no lock: a byte is written at once or not at all.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from config.errors import StateError
from mediamtx.layout import Layout
from mediamtx.segments import Span

if TYPE_CHECKING:
    from motion.look import Frame

HIGHEST = 100
NO_FOOTAGE = 254
NOT_SCANNED = 255
DAY = 86400  # s, and bytes of a file
_EPOCH = date(1970, 1, 1)
_UNKNOWN = bytes([NOT_SCANNED])
_CLEAN = bytes(value if value <= HIGHEST or value == NO_FOOTAGE else NOT_SCANNED for value in range(256))
_EMPTIED = bytes(NO_FOOTAGE if value == NOT_SCANNED else value for value in range(256))


def day(layout: Layout, camera: str, date: date) -> bytes:
    """The values of a UTC day, DAY of them; StateError where the file cannot be read."""
    path = layout.activity_file(camera, date)
    try:
        values = path.read_bytes()
    except FileNotFoundError:
        values = b""
    except OSError as error:
        raise StateError(f"{path}: cannot be read ({error.strerror}); mend its rights") from error
    return values.translate(_CLEAN).ljust(DAY, _UNKNOWN) if len(values) <= DAY else _UNKNOWN * DAY


def values_of(layout: Layout, camera: str, span: Span) -> bytes:
    """The values of the seconds that `span` touches, from one day's file or several; StateError as above."""
    first, behind = _seconds(span)
    days = range(first // DAY, -(-behind // DAY))
    whole = b"".join(day(layout, camera, _date(number)) for number in days)
    return whole[first - days.start * DAY : behind - days.start * DAY]


def days_within(layout: Layout, camera: str, span: Span) -> Iterator[tuple[datetime, bytes]]:
    """The values of the seconds that `span` touches, a UTC day at a time: the first second, and the values from there.

    Days that have no file are left out: nothing of them was scanned. StateError as above.
    """
    first, behind = _seconds(span)
    try:
        names = sorted(os.listdir(layout.activity_dir(camera)))  # noqa: PTH208
    except FileNotFoundError:
        return
    except OSError as error:
        folder = layout.activity_dir(camera)
        raise StateError(f"{folder}: cannot be read ({error.strerror}); mend its rights") from error
    for name in names:
        try:
            found = date.fromisoformat(name.partition(".")[0])
        except ValueError:
            continue
        number = (found - _EPOCH).days
        begin, end = max(first, number * DAY), min(behind, (number + 1) * DAY)
        if layout.activity_file(camera, found).name == name and begin < end:
            yield _time(begin), day(layout, camera, found)[begin - number * DAY : end - number * DAY]


def summary(values: bytes, bucket: int) -> bytes:
    """One value for each `bucket` seconds of `values`: the highest score, as a chart shows it.

    Where there is none, NOT_SCANNED if anything may still be found there, else NO_FOOTAGE.
    """
    pieces = (values[first : first + bucket] for first in range(0, len(values), bucket))
    return bytes(max((v for v in piece if v <= HIGHEST), default=max(piece)) for piece in pieces)


class Activity:
    """The scores of one camera, to be read and written; only the holder of the scan lock writes."""

    def __init__(self, layout: Layout, camera: str) -> None:
        self._layout = layout
        self._camera = camera
        self._days: dict[int, bytearray] = {}
        self._changed: dict[int, tuple[int, int]] = {}  # day -> first changed second and the one behind the last

    def scanned(self, time: datetime) -> bool:
        """Whether the second that `time` lies in was scanned; one without footage was not: some may come late."""
        number, second = divmod(int(time.timestamp()), DAY)
        return self._day(number)[second] <= HIGHEST

    def of_day(self, day: date) -> bytes:
        """The scores of a UTC day, as its file has them."""
        return bytes(self._day((day - _EPOCH).days))

    def version(self, day: date) -> int | None:
        """What changes with the file of a UTC day; None where there is none, or it does not hold what was noted."""
        if (day - _EPOCH).days in self._changed:
            return None
        try:
            return self._layout.activity_file(self._camera, day).stat().st_mtime_ns
        except OSError:
            return None

    def unscanned(self, span: Span) -> int:
        """How many seconds that `span` touches were not scanned, be it that there is no footage."""
        return sum(values.count(NOT_SCANNED) + values.count(NO_FOOTAGE) for _, values in self._pieces(*_seconds(span)))

    def unknown(self, span: Span) -> list[Span]:
        """The stretches of whole seconds inside `span` that were not scanned and may hold footage."""
        found: list[Span] = []
        for first, values in self._pieces(*_whole_seconds(span)):
            begin = values.find(NOT_SCANNED)
            while begin >= 0:
                end = begin + len(values) - begin - len(values[begin:].lstrip(_UNKNOWN))
                stretch = Span(_time(first + begin), _time(first + end))
                if found and found[-1].end == stretch.start:  # over midnight
                    stretch = Span(found.pop().start, stretch.end)
                found.append(stretch)
                begin = values.find(NOT_SCANNED, end)
        return found

    def loud(self, span: Span, threshold: float) -> list[datetime]:
        """The seconds of `span` whose score reaches `threshold`."""
        return [
            _time(first + i)
            for first, values in self._pieces(*_seconds(span))
            for i, value in enumerate(values)
            if threshold <= value <= HIGHEST
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
        """Note that the seconds of `span` are to be scanned again, and may get lower scores; where there was no
        footage there is none now."""
        for second in range(*_seconds(span)):
            number, place = divmod(second, DAY)
            if self._day(number)[place] != NO_FOOTAGE:
                self._put(second, NOT_SCANNED)

    def empty(self, span: Span) -> None:
        """Note that nothing was recorded in the whole seconds of `span` that were not scanned."""
        for stretch in self.unknown(span):
            first, behind = _seconds(stretch)
            for number in range(first // DAY, -(-behind // DAY)):
                begin, end = max(0, first - number * DAY), min(DAY, behind - number * DAY)
                values = self._day(number)
                values[begin:end] = values[begin:end].translate(_EMPTIED)
                self._touched(number, begin, end)

    def save(self, durable: bool = False) -> None:
        """Write what changed, `durable`: also against a power cut; StateError where that fails."""
        try:
            for number, (first, behind) in sorted(self._changed.items()):
                self._write(number, first, behind, durable)
        except OSError as error:
            folder = self._layout.activity_dir(self._camera)
            raise StateError(
                f"{folder}: cannot be written ({error.strerror}); free space or mend its rights"
            ) from error
        self._changed.clear()

    def _write(self, number: int, first: int, behind: int, durable: bool) -> None:
        path = self._layout.activity_file(self._camera, _date(number))
        path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            size = os.fstat(fd).st_size
            if size > DAY:
                os.ftruncate(fd, 0)  # somebody else's
            if size != DAY:
                first, behind = 0, DAY
            os.pwrite(fd, self._days[number][first:behind], first)
            if durable:
                os.fsync(fd)
        finally:
            os.close(fd)

    def _raise(self, epoch_second: int, score: int) -> None:
        number, second = divmod(epoch_second, DAY)
        old = self._day(number)[second]
        if old > HIGHEST or score > old:
            self._put(epoch_second, min(score, HIGHEST))

    def _put(self, epoch_second: int, value: int) -> None:
        number, second = divmod(epoch_second, DAY)
        if self._day(number)[second] == value:
            return
        self._day(number)[second] = value
        self._touched(number, second, second + 1)

    def _touched(self, number: int, begin: int, end: int) -> None:
        first, behind = self._changed.get(number, (begin, end))
        self._changed[number] = min(first, begin), max(behind, end)

    def _pieces(self, first: int, behind: int) -> Iterator[tuple[int, bytearray]]:
        """Per day, the first of these epoch seconds in it and the values from there on."""
        while first < behind:
            number, second = divmod(first, DAY)
            stop = min(behind, (number + 1) * DAY)
            yield first, self._day(number)[second : second + stop - first]
            first = stop

    def _day(self, number: int) -> bytearray:
        if number not in self._days:
            self._days[number] = bytearray(day(self._layout, self._camera, _date(number)))
        return self._days[number]


def _date(number: int) -> date:
    return _EPOCH + timedelta(days=number)


def _time(epoch_second: int) -> datetime:
    return datetime.fromtimestamp(epoch_second, UTC)


def _seconds(span: Span) -> tuple[int, int]:
    """The first epoch second that `span` touches, and the one behind the last."""
    first = int(span.start.timestamp())
    return first, max(first, -int(-span.end.timestamp() // 1))


def _whole_seconds(span: Span) -> tuple[int, int]:
    """The first epoch second that lies in `span` as a whole, and the one behind the last."""
    first = -int(-span.start.timestamp() // 1)
    return first, max(first, int(span.end.timestamp()))
