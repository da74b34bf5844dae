"""Scores to windows, windows to events: pure decisions, the same however the footage was cut into runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from config.settings import CameraSettings
from mediamtx.names import floor_ms
from motion.look import LOOK_BACK, Frame

LONGEST_FRAME = timedelta(seconds=1)
"""A frame stands for no more time than this, however late the next one comes."""
MOMENT = timedelta(milliseconds=1)


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
        return cls(100.0 - camera.sensitivity, pre, post, gap, longest)


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of motion: half-open, UTC, main-stream time, whole milliseconds; its highest score, 0 to 100."""

    start: datetime
    end: datetime
    score: float


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
            windows.append(Window(start, max(stop, start + MOMENT), frame.score))
    return joined(windows)


def joined(windows: Iterable[Window]) -> list[Window]:
    """The same windows in order, with those that overlap or touch made one."""
    result: list[Window] = []
    for window in sorted(windows, key=lambda w: w.start):
        if result and window.start <= result[-1].end:
            last = result[-1]
            result[-1] = Window(last.start, max(last.end, window.end), max(last.score, window.score))
        else:
            result.append(window)
    return result


def assemble(
    open_event: Event | None, windows: Iterable[Window], covered: datetime | None, rules: Rules
) -> tuple[list[Event], Event | None]:
    """The events that are over, oldest first, and the one still open when footage is known up to `covered`.

    `covered` is None when no more footage will come: everything is over then. Windows before an open event's
    start join it when they are near enough, unless it is a later part, whose start is fixed.
    """
    over: list[Event] = []
    current: Event | None = None
    if open_event is not None and open_event.part > 1:
        current = replace(open_event, windows=())
        windows = [cut for window in windows if (cut := _after(window, open_event.start))]
    earlier = open_event.windows if open_event is not None else ()
    for window in joined([*earlier, *windows]):
        if current is not None and current.windows and window.start - current.windows[-1].end > rules.merge_gap:
            over.append(current)
            current = None
        if current is None:
            current = Event(window.start - rules.pre, ())
        rest: Window | None = window
        while rest is not None:
            part, rest, following = _extended(current, rest, rules)
            if following is not None:
                over.append(part)
                part = following
            current = part
    if current is not None and (covered is None or is_over(current, covered, rules)):
        over.append(current)
        current = None
    return over, current


def is_over(event: Event, covered: datetime, rules: Rules) -> bool:
    """Whether an event cannot go on any more when footage is known up to `covered`, of which the last may be raised."""
    return covered - LOOK_BACK >= event.windows[-1].end + max(rules.merge_gap, rules.post)


def _extended(event: Event, window: Window, rules: Rules) -> tuple[Event, Window | None, Event | None]:
    """`event` with `window`; over max_event also what is left of the window, and the part that it goes to."""
    limit = event.start + rules.max_event
    if window.end <= limit:
        return replace(event, windows=(*event.windows, window)), None, None
    inside = (replace(window, end=limit),) if window.start < limit else ()
    part = replace(event, windows=event.windows + inside, limit=limit)
    return part, _after(window, limit), Event(limit, (), event.part + 1)


def _after(window: Window, start: datetime) -> Window | None:
    """What of a window lies at or after `start`."""
    if window.end <= start:
        return None
    return window if window.start >= start else replace(window, start=start)
