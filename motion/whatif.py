"""Other settings tried on kept scores: which events there would be, without decoding anything, without a change.

The scores are kept to the second and judged by the pass's own rules (`motion.events`). A second that is loud stands for
motion around its middle, so an event that is near a limit, say of `merge_gap`, may come out otherwise in a real pass.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

from config.check import check_value, nearest, settings_of
from config.errors import ConfigError
from config.settings import CameraSettings, Settings
from mediamtx.layout import Layout
from mediamtx.names import iso
from mediamtx.segments import Span
from motion.activity import HIGHEST, NO_FOOTAGE, NOT_SCANNED, days_within
from motion.events import MOMENT, Event, Rules, Window, assemble
from motion.times import duration

TRIED = ("sensitivity", "merge_gap", "pre", "post", "max_event")
LOOKED_AT = ("min_size", "confirm_frames", "ignore", "detect_offset", "main_decode")
HALF = timedelta(seconds=0.5)
SETTLE = timedelta(minutes=1)
"""With so much more than the longest event before it, an event comes out the same wherever one begins to judge."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One camera's events by the present settings and by those tried, oldest first, and the scores they rest on."""

    camera: str
    present: CameraSettings
    tried: CameraSettings
    now: tuple[Event, ...]
    then: tuple[Event, ...]
    scanned: int  # s
    no_footage: int  # s
    not_scanned: int  # s

    @property
    def new(self) -> list[Event]:
        """Events that there are not now."""
        return _without(self.then, self.now)

    @property
    def gone(self) -> list[Event]:
        """Events that there would be no more."""
        return _without(self.now, self.then)


def parse_settings(texts: Iterable[str]) -> dict[str, Any]:
    """The values in `sensitivity=70`, checked; ConfigError with a line for each mistake."""
    known, result, problems = settings_of(CameraSettings), {}, []
    for text in texts:
        name, _, value = (part.strip() for part in text.partition("="))
        if name in LOOKED_AT:
            problems.append(
                f"{name}: acts on the pictures, not on the kept scores; set it in the configuration file and scan "
                "again: ./birbcam scan --since ... --again"
            )
        elif name not in TRIED:
            problems.append(f'"{text}": can be tried: {", ".join(TRIED)}, as in sensitivity=70{nearest(name, TRIED)}')
        elif not value:
            problems.append(
                f'"{text}": write the value to try with it, as in {name}={getattr(CameraSettings(), name):g}'
            )
        else:
            kind, setting, _ = known[name]
            try:
                result[name] = check_value(kind, setting, _number(kind, value), Path())
            except ValueError as error:
                problems.append(f"{name} = {value}: {error}")
    if problems:
        raise ConfigError(problems)
    return result


def what_if(settings: Settings, values: Mapping[str, Any], span: Span) -> list[Comparison]:
    """The events that begin in `span`, camera by camera. StateError where scores cannot be read."""
    layout = Layout.of(settings)
    result = []
    for camera in settings.camera_names():
        present = settings.cameras[camera]
        tried = dataclasses.replace(present, **values)
        margin = timedelta(seconds=max(present.max_event, tried.max_event, present.merge_gap, tried.merge_gap)) + SETTLE
        wide = Span(span.start - margin, span.end + margin)
        judges = Judge(Rules.of(present)), Judge(Rules.of(tried))
        kinds: Counter[int] = Counter()
        for first, scores in days_within(layout, camera, wide):  # there may be years of them
            for judge in judges:
                judge.take(first, scores)
            kinds.update(_part(scores, first, span))
        now, then = (
            tuple(event for event in judge.end() if span.start <= event.windows[0].start < span.end) for judge in judges
        )
        scanned = kinds.total() - kinds[NO_FOOTAGE] - kinds[NOT_SCANNED]
        unscanned = len(_seconds_of(span)) - scanned - kinds[NO_FOOTAGE]
        result.append(Comparison(camera, present, tried, now, then, scanned, kinds[NO_FOOTAGE], unscanned))
    return result


class Judge:
    """Makes events of scores per second that come day by day, as one look at all of them would."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._loud = re.compile(b"[\\x%02x-\\x%02x]+" % (max(0, math.ceil(rules.threshold)), HIGHEST))
        self._open: Event | None = None
        self._over: list[Event] = []
        self._held = b""  # of what came last, what is loud up to the end
        self._until = datetime.min.replace(tzinfo=UTC)

    def take(self, first: datetime, values: bytes) -> None:
        """Take the scores of what comes next, of which the first is that of the whole second `first`."""
        if first != self._until:
            self._judge(self._until, self._held)
            self._held = b""
        values, self._until = self._held + values, first + timedelta(seconds=len(values))
        *_, last = [None, *self._loud.finditer(values)]
        settled = last.start() if last is not None and last.end() == len(values) else len(values)
        self._held = values[settled:]
        self._judge(self._until - timedelta(seconds=len(self._held)), values[:settled])

    def end(self) -> list[Event]:
        """All events, when no more comes."""
        self._judge(self._until, self._held)
        over, self._open = assemble(self._open, (), None, self._rules)
        return [*self._over, *over]

    def _judge(self, end: datetime, values: bytes) -> None:
        """Take scores that end at `end`, with nothing loud right behind them."""
        windows, first = [], end - timedelta(seconds=len(values)) if values else end
        for loud in self._loud.finditer(values):
            start = first + timedelta(seconds=loud.start()) + HALF
            stop = first + timedelta(seconds=loud.end()) - HALF
            windows.append(Window(start, max(stop, start + MOMENT), float(max(loud.group()))))
        if windows or self._open is not None:
            over, self._open = assemble(self._open, windows, end, self._rules)
            self._over += over


def lines(comparisons: Sequence[Comparison], span: Span, zone: tzinfo) -> Iterator[str]:
    """What a person is told: per camera and local day, and in all."""
    begin, end = (moment.astimezone(zone) for moment in (span.start, span.end))
    yield f"judged from the kept scores of {begin:%Y-%m-%d %H:%M:%S} to {end:%Y-%m-%d %H:%M:%S}, to the second"
    for one in comparisons:
        changes = ", ".join(
            f"{name} = {getattr(one.tried, name):g} instead of {getattr(one.present, name):g}"
            for name in TRIED
            if getattr(one.tried, name) != getattr(one.present, name)
        )
        yield f"{one.camera}: {changes or 'these are the present settings'}; {_known(one)}"
        days = {kind: _by_day(events, zone) for kind, events in _kinds(one).items()}
        for day in sorted(days["now"].keys() | days["then"].keys()):
            now, then, more, less = (len(days[kind][day]) for kind in ("now", "then", "new", "gone"))
            yield f"  {day} {_events(then)} instead of {now}: {more} new, {less} gone"
            changed = [(event, kind) for kind in ("new", "gone") for event in days[kind][day]]
            for event, kind in sorted(changed, key=lambda one: one[0].start):
                yield f"    {kind:4} {_shown(event, zone)}"
    total = [sum(map(len, some)) for some in zip(*((c.now, c.then, c.new, c.gone) for c in comparisons), strict=True)]
    if total:
        now, then, more, less = total
        before, after = (
            sum(_length(c.now, c.present) for c in comparisons),
            sum(_length(c.then, c.tried) for c in comparisons),
        )
        yield (
            f"in all {_events(then)} ({duration(after)}) instead of {now} ({duration(before)}): "
            f"{more} new, {less} gone; nothing was changed"
        )


def as_values(comparisons: Sequence[Comparison], values: Mapping[str, Any], span: Span, zone: tzinfo) -> dict[str, Any]:
    """The same as JSON values; days are local, times UTC."""
    return {
        "what_if": dict(values),
        "since": iso(span.start),
        "until": iso(span.end),
        "cameras": [_as_values(one, zone) for one in comparisons],
    }


def _as_values(one: Comparison, zone: tzinfo) -> dict[str, Any]:
    days = {kind: _by_day(events, zone) for kind, events in _kinds(one).items()}
    return {
        "camera": one.camera,
        "now": {"events": len(one.now), "seconds": round(_length(one.now, one.present), 1)},
        "then": {"events": len(one.then), "seconds": round(_length(one.then, one.tried), 1)},
        "days": [
            {"day": str(day), "now": len(days["now"][day]), "then": len(days["then"][day])}
            for day in sorted(days["now"].keys() | days["then"].keys())
        ],
        "new": [_as_value(event) for event in one.new],
        "gone": [_as_value(event) for event in one.gone],
        "seconds": {"scanned": one.scanned, "no_footage": one.no_footage, "not_scanned": one.not_scanned},
    }


def _without(events: Sequence[Event], others: Sequence[Event]) -> list[Event]:
    """The events of which no motion is in any of the others; both are sorted and disjoint."""
    taken = sorted((window.start, window.end) for event in others for window in event.windows)
    result, first = [], 0
    for event in events:
        begin, end = event.windows[0].start, event.windows[-1].end
        while first < len(taken) and taken[first][1] <= begin:
            first += 1
        near = (Span(*taken[i]) for i in range(first, len(taken)) if taken[i][0] < end)
        windows = [Span(window.start, window.end) for window in event.windows]
        if not any(window.overlaps(other) for other in near for window in windows):
            result.append(event)
    return result


def _number(kind: type, text: str) -> Any:
    try:
        return kind(text)
    except ValueError:
        return text  # which the check refuses


def _kinds(one: Comparison) -> dict[str, Sequence[Event]]:
    return {"now": one.now, "then": one.then, "new": one.new, "gone": one.gone}


def _by_day(events: Iterable[Event], zone: tzinfo) -> defaultdict[date, list[Event]]:
    """The events of each local day on which there are any."""
    days: defaultdict[date, list[Event]] = defaultdict(list)
    for event in events:
        days[event.windows[0].start.astimezone(zone).date()].append(event)
    return days


def _seconds_of(span: Span) -> range:
    """The epoch seconds that `span` touches."""
    return range(int(span.start.timestamp()), -int(-span.end.timestamp() // 1))


def _part(values: bytes, first: datetime, span: Span) -> bytes:
    """The values of the seconds that `span` touches; the first of them all is that of the whole second `first`."""
    wanted, begin = _seconds_of(span), int(first.timestamp())
    return values[max(0, wanted.start - begin) : max(0, wanted.stop - begin)]


def _length(events: Iterable[Event], settings: CameraSettings) -> float:
    """The length of their clips, s."""
    post = Rules.of(settings).post
    return sum((event.clip_end(post) - event.start).total_seconds() for event in events)


def _events(number: int) -> str:
    return f"{number} event{'s' * (number != 1)}"


def _shown(event: Event, zone: tzinfo) -> str:
    start, end = (moment.astimezone(zone) for moment in (event.windows[0].start, event.windows[-1].end))
    return f"{start:%H:%M:%S} to {end:%H:%M:%S}, score {event.score:.0f}"


def _known(one: Comparison) -> str:
    parts = [f"{duration(one.scanned)} scanned" if one.scanned else "nothing scanned"]
    parts += [f"{duration(one.not_scanned)} not scanned"] * (one.not_scanned > 60)
    parts += [f"{duration(one.no_footage)} without footage"] * (one.no_footage > 60)
    return ", ".join(parts)


def _as_value(event: Event) -> dict[str, Any]:
    return {
        "start": iso(event.windows[0].start),
        "end": iso(event.windows[-1].end),
        "windows": [[iso(window.start), iso(window.end)] for window in event.windows],
        "score": event.score,
    }
