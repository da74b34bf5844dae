"""Scores to windows, windows to events: pure decisions, the same however the footage was cut into runs."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import takewhile

from config.settings import CameraSettings
from mediamtx.marks import Mark, MarkBox, marks_within
from mediamtx.names import floor_ms
from mediamtx.segments import Span
from motion.best import best_of
from motion.look import LOOK_BACK, Frame

LONGEST_FRAME = timedelta(seconds=1)
"""A frame stands for no more time than this, however late the next one comes."""
MOMENT = timedelta(milliseconds=1)
MARK_STEP = timedelta(milliseconds=150)
"""At most one mark is kept in so much time."""
MOST_MARKS = 2000
"""No clip has more marks than this: where it may be longer than 5 minutes, the step is longer too."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Rules:
    """What makes windows of scores, and events of windows."""

    threshold: float  # a frame moves when its confirmed score, 0 to 100, reaches this
    pre: timedelta  # footage kept before the motion
    post: timedelta  # footage kept after the motion
    merge_gap: timedelta  # a pause up to this long does not end an event
    max_event: timedelta  # a longer event goes on in parts that adjoin

    @classmethod
    def of(cls, camera: CameraSettings) -> Rules:
        """The rules that a camera's settings mean; the gap is never below pre + post, so that clips do not overlap."""
        pre, post, gap, longest = (
            timedelta(milliseconds=round(seconds * 1000))
            for seconds in (camera.pre, camera.post, camera.merge_gap, camera.max_event)
        )
        gap, longest = max(gap, pre + post), max(longest, 2 * (pre + post))
        # A threshold of 0 would be reached by pictures in which nothing moves.
        return cls(max(1.0, 100.0 - camera.sensitivity), pre, post, gap, longest)

    @property
    def mark_step(self) -> timedelta:
        """The time in which one mark is kept."""
        return max(MARK_STEP, self.max_event / MOST_MARKS)


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of motion: half-open, UTC, main-stream time, whole milliseconds."""

    start: datetime
    end: datetime
    score: float  # its highest, 0 to 100
    marks: tuple[Mark, ...] = ()  # what moves in it, in the order of time

    @property
    def best(self) -> datetime | None:
        """The time of its best frame; None where nobody told what moves."""
        return best_of(self.marks)

    @classmethod
    def told(cls, span: Span, score: float, marks: Iterable[Mark]) -> Window:
        """A window that was written down: of an event's marks it has those that lie in it."""
        return cls(span.start, span.end, score, marks_within(marks, span))


@dataclass(frozen=True, slots=True)
class Event:
    """Windows that belong together; `start` is where its clip begins, later parts begin where the last one ended."""

    start: datetime
    windows: tuple[Window, ...]
    part: int = 1
    limit: datetime | None = None  # where its clip ends, of a part that another one follows

    def clip_end(self, post: timedelta) -> datetime:
        """Where its clip ends."""
        return self.limit or self.windows[-1].end + post

    @property
    def score(self) -> float:
        """The highest score of its windows."""
        return max(window.score for window in self.windows)

    @property
    def marks(self) -> tuple[Mark, ...]:
        """What moves in its windows, in the order of time."""
        return tuple(mark for window in self.windows for mark in window.marks)

    @property
    def best(self) -> datetime | None:
        """The time of its best frame; None where nobody told what moves."""
        return best_of(self.marks)


def confirmed(scores: Sequence[float], frames: int) -> list[float]:
    """Per frame the highest score that it reached together with its neighbours, `frames` of them in a row.

    A frame's value is the greatest threshold at which a confirmation over `frames` frames would count it.
    """
    lows = [min(scores[i : i + frames]) for i in range(len(scores) - frames + 1)]
    return [max(lows[max(0, i - frames + 1) : i + 1], default=0.0) for i in range(len(scores))]


def windows_of(frames: Sequence[Frame], end: datetime, rules: Rules) -> list[Window]:
    """The windows in frames of confirmed score; each frame lasts until the next, the last until `end`."""
    windows: list[Window] = []
    ends = [frame.time for frame in frames[1:]] + [end]
    for frame, following in zip(frames, ends, strict=False):
        if frame.score >= rules.threshold:
            start, stop = floor_ms(frame.time), floor_ms(min(following, frame.time + LONGEST_FRAME))
            marks = (Mark.of(start, frame.boxes),) if frame.boxes else ()
            windows.append(Window(start, max(stop, start + MOMENT), frame.score, marks))
    return joined(windows)


def joined(windows: Iterable[Window]) -> list[Window]:
    """The same windows in order, with those that overlap or touch made one.

    A picture that is told twice, as those of the last LOOK_BACK are, is one mark: the fuller telling, since a
    detector only ever adds to what it said.
    """
    groups: list[list[Window]] = []
    end = _EPOCH
    for window in sorted(windows, key=lambda w: w.start):
        if groups and window.start <= end:
            groups[-1].append(window)
        else:
            groups.append([window])
            end = window.end
        end = max(end, window.end)
    return [_united(group) if len(group) > 1 else group[0] for group in groups]


def _united(group: Sequence[Window]) -> Window:
    marks = _fullest((mark for window in group for mark in window.marks), lambda mark: mark.time)
    end, score = max(window.end for window in group), max(window.score for window in group)
    return Window(group[0].start, end, score, tuple(sorted(marks, key=lambda mark: mark.time)))


def _fullest(marks: Iterable[Mark], place: Callable[[Mark], Hashable]) -> Iterable[Mark]:
    """Of the marks of each place the one that tells most; which that is does not depend on their order."""
    fullest: dict[Hashable, Mark] = {}
    for mark in marks:
        other = fullest.setdefault(place(mark), mark)
        if other is not mark and _fullness(mark) > _fullness(other):
            fullest[place(mark)] = mark
    return fullest.values()


def _fullness(mark: Mark) -> tuple[int, tuple[MarkBox, ...], float]:
    return mark.area, mark.boxes, -mark.time.timestamp()


def assemble(
    open_event: Event | None, windows: Iterable[Window], covered: datetime | None, rules: Rules
) -> tuple[list[Event], Event | None]:
    """The events that are over, oldest first, and the one still open when footage is known up to `covered`.

    `covered` is None when no more footage will come: everything is over then. Windows before an open event's
    start join it when they are near enough, unless it is a later part, whose start is fixed. What is not surely over
    stays together as one open event, also where it would be several by what is known so far.
    """
    current: Event | None = None
    if open_event is not None and open_event.part > 1:
        current = replace(open_event, windows=())
        windows = [cut for window in windows if (cut := _after(window, open_event.start))]
    earlier = open_event.windows if open_event is not None else ()
    events = [_thinned(event, rules) for event in _split(current, joined([*earlier, *windows]), rules)]
    if covered is None:
        return events, None
    over = list(takewhile(lambda event: is_over(event, covered, rules), events))
    rest = events[len(over) :]
    if not rest:
        return over, None
    return over, Event(rest[0].start, tuple(joined(w for event in rest for w in event.windows)), rest[0].part)


def is_over(event: Event, covered: datetime, rules: Rules) -> bool:
    """Whether an event stands for good when footage is known up to `covered`, of which the last may be raised."""
    end = event.limit or event.windows[-1].end + max(rules.merge_gap, rules.post)
    return covered - LOOK_BACK >= end


def _split(current: Event | None, windows: Iterable[Window], rules: Rules) -> list[Event]:
    """The events that windows in order make, the first of them going on with `current`, which has none yet."""
    events: list[Event] = []
    for window in windows:
        if current is not None and current.windows and window.start - current.windows[-1].end > rules.merge_gap:
            events.append(current)
            current = None
        if current is None:
            current = Event(window.start - rules.pre, ())
        rest: Window | None = window
        while rest is not None:
            part, rest, following = _extended(current, rest, rules)
            if following is not None:
                events.append(part)
                part = following
            current = part
    return [*events, current] if current is not None else events


def _extended(event: Event, window: Window, rules: Rules) -> tuple[Event, Window | None, Event | None]:
    """`event` with `window`; over max_event also what is left of the window, and the part that it goes to."""
    limit = event.start + rules.max_event
    if window.end <= limit:
        return replace(event, windows=(*event.windows, window)), None, None
    inside = (_cut(window, window.start, limit),) if window.start < limit else ()
    part = replace(event, windows=event.windows + inside, limit=limit)
    return part, _after(window, limit), Event(limit, (), event.part + 1)


def _after(window: Window, start: datetime) -> Window | None:
    """What of a window lies at or after `start`."""
    if window.end <= start:
        return None
    return window if window.start >= start else _cut(window, start, window.end)


def _cut(window: Window, start: datetime, end: datetime) -> Window:
    return Window.told(Span(start, end), window.score, window.marks)


def _thinned(event: Event, rules: Rules) -> Event:
    """The event with at most one mark in each step of time.

    The steps are the same for all events of a camera, and of each the fullest mark is kept: so it makes no difference
    whether an event is thinned once, or whenever more of it is known.
    """
    step = rules.mark_step
    marks = event.marks
    kept = {mark.time for mark in _fullest(marks, lambda mark: (mark.time - _EPOCH) // step)}
    if len(kept) == len(marks):
        return event
    windows = (replace(w, marks=tuple(mark for mark in w.marks if mark.time in kept)) for w in event.windows)
    return replace(event, windows=tuple(windows))
