"""What a detector reported against what really happened: pure functions over spans in seconds.

Truth is a list of spans, each one visit. Some are `optional`: too small or too short to be asked for, and nobody is
blamed for them either way; nor for what they say of a visit's `rests`, when somebody sits still. Reported events come
merged by the same `merge_gap`, whoever reported them, without padding.

**Allowed** is the truth, optional visits and rests included, with pauses up to `merge_gap` filled (a good detector
reports one event over them) and PAD either side (a wing in the corner, a frame that lasts until the next).

- *Found*: a reported event overlaps the visit, not its rests alone, and is **honest**: at most `SLACK + 3 x` the
  seconds it spends inside allowed time lie outside of it. So whoever says yes to a minute of rain has not found the
  bird of half a second in it (it may be 20 s and a bit too long), and one event over a whole day finds nobody, however
  many came that day. A visit that only dishonest events overlap is missed.
- *False*: a reported event that touches no allowed time.
- *Outside*: seconds reported outside allowed time, of all events, honest or not.
- *Split*: a visit that two or more reported events overlap, with more than `merge_gap` between them that is no rest.
- *Merged*: reported over a pause between visits that is longer than `merge_gap` (and FRAMES, as both ends are only
  known to a frame); counted per pause. A pause with an optional visit in it counts as two shorter ones.
- *Start and end error*: of visits found, by the first and last honest event over them; only where the event begins
  (ends) at that visit and not at another one: visits that lie within `merge_gap` are taken as one there. Reported minus
  true, in seconds, so less than 0 is too early.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

PAD = 1.0
"""Seconds either side of the truth that may be reported."""
SLACK, FACTOR = 20.0, 3.0
"""An honest event is outside allowed time for at most SLACK seconds and FACTOR times what it is inside."""
FRAMES = 0.4
"""Seconds: two frames of a detect stream."""
LATE = 0.3
"""Seconds of start or end error that are a fault."""
LEAST_FRAMES = 2
"""Frames of the detect stream in which a visit must be seen to be asked for."""


@dataclass(frozen=True, slots=True)
class Span:
    """A reported event, or time that something takes; half-open, s from the start of the footage."""

    start: float
    end: float

    def overlap(self, other: Span) -> float:
        """Seconds that both have in common."""
        return max(0.0, min(self.end, other.end) - max(self.start, other.start))


@dataclass(frozen=True, slots=True)
class Visit:
    """Something that really happened; `start` and `end` in s from the start of the footage."""

    start: float
    end: float
    kind: str = ""
    optional: bool = False
    rests: tuple[Span, ...] = ()  # it sits still; they may reach over its start and end

    @property
    def span(self) -> Span:
        """When it is there."""
        return Span(self.start, self.end)

    def seen_by(self, event: Span) -> bool:
        """Whether an event overlaps it, and not only its rests."""
        return without(Span(max(event.start, self.start), min(event.end, self.end)), self.rests) > 1e-6


@dataclass(frozen=True)
class Score:
    """How well a stretch of footage was judged; scores of several add up."""

    seconds: float = 0.0  # of footage
    visits: int = 0
    found: int = 0
    reported: int = 0
    false: int = 0
    outside: float = 0.0  # s
    split: int = 0
    merged: int = 0
    start_errors: tuple[float, ...] = ()  # s
    end_errors: tuple[float, ...] = ()  # s
    kinds: dict[str, tuple[int, int]] = field(default_factory=dict)  # kind -> found, visits
    missed: tuple[Visit, ...] = ()
    false_events: tuple[Span, ...] = ()
    parts: tuple[float, ...] = ()  # recall of each stretch that this one was added up from, where it has visits

    def __add__(self, other: Score) -> Score:
        kinds = dict(self.kinds)
        for kind, (found, visits) in other.kinds.items():
            before = kinds.get(kind, (0, 0))
            kinds[kind] = before[0] + found, before[1] + visits
        return Score(
            self.seconds + other.seconds,
            self.visits + other.visits,
            self.found + other.found,
            self.reported + other.reported,
            self.false + other.false,
            self.outside + other.outside,
            self.split + other.split,
            self.merged + other.merged,
            self.start_errors + other.start_errors,
            self.end_errors + other.end_errors,
            kinds,
            self.missed + other.missed,
            self.false_events + other.false_events,
            self.parts + other.parts,
        )

    @property
    def recall(self) -> float:
        """Share of the visits that were found; 1 where none was to be found."""
        return self.found / self.visits if self.visits else 1.0

    @property
    def worst(self) -> float:
        """The lowest recall of the stretches that this one was added up from."""
        return min(self.parts, default=1.0)

    @property
    def false_per_hour(self) -> float:
        """False events per hour of footage."""
        return 3600 * self.false / self.seconds if self.seconds else 0.0

    @property
    def outside_per_hour(self) -> float:
        """Seconds reported outside allowed time, per hour of footage."""
        return 3600 * self.outside / self.seconds if self.seconds else 0.0


def median_error(errors: Sequence[float]) -> float:
    """The median of how far off they are, s; 0 for none."""
    return statistics.median(map(abs, errors)) if errors else 0.0


def share_late(errors: Sequence[float]) -> float:
    """The share of errors over LATE, either way."""
    return sum(abs(error) > LATE for error in errors) / len(errors) if errors else 0.0


def joined(spans: Iterable[Span], gap: float = 0.0) -> list[Span]:
    """The same spans in order, with those made one between which there is a pause of `gap` seconds at most."""
    result: list[Span] = []
    for span in sorted(spans, key=lambda s: (s.start, s.end)):
        if result and span.start - result[-1].end <= gap:
            result[-1] = Span(result[-1].start, max(result[-1].end, span.end))
        else:
            result.append(span)
    return result


def without(span: Span, others: Iterable[Span]) -> float:
    """Seconds of `span` that lie in none of the others; 0 where it ends before it starts."""
    return max(0.0, span.end - span.start - sum(span.overlap(other) for other in joined(others)))


def score(truth: Sequence[Visit], reported: Iterable[Span], seconds: float, merge_gap: float = 6.0) -> Score:
    """How well `reported` tells of `truth` in so many seconds of footage."""
    events = joined(reported, merge_gap)
    rests = [rest for visit in truth for rest in visit.rests]
    groups = joined([*(visit.span for visit in truth), *rests], merge_gap + FRAMES)
    allowed = joined(Span(max(0.0, g.start - PAD), min(seconds, g.end + PAD)) for g in groups)
    inside = [sum(event.overlap(span) for span in allowed) for event in events]
    outside = [event.end - event.start - within for event, within in zip(events, inside, strict=True)]
    honest = [event for event, i, o in zip(events, inside, outside, strict=True) if i > 0 and o <= SLACK + FACTOR * i]
    asked = [visit for visit in truth if not visit.optional]
    missed = tuple(visit for visit in asked if not any(visit.seen_by(event) for event in honest))
    false_events = tuple(event for event, within in zip(events, inside, strict=True) if within <= 0)
    starts, ends = _errors(joined((visit.span for visit in truth), merge_gap), asked, honest, joined(rests))
    return Score(
        seconds,
        len(asked),
        len(asked) - len(missed),
        len(events),
        len(false_events),
        sum(outside),
        sum(_split(visit, events, merge_gap) for visit in asked),
        sum(_pauses(event, groups) for event in events),
        starts,
        ends,
        _kinds(asked, missed),
        missed,
        false_events,
        ((len(asked) - len(missed)) / len(asked),) if asked else (),
    )


def _pauses(event: Span, groups: Sequence[Span]) -> int:
    """How many pauses between groups of visits an event goes on over."""
    return max(0, sum(event.overlap(group) > 0 for group in groups) - 1)


def _split(visit: Visit, events: Sequence[Span], merge_gap: float) -> bool:
    over = [event for event in events if event.overlap(visit.span)]
    pauses = (Span(one.end, two.start) for one, two in itertools.pairwise(over))
    return any(without(pause, visit.rests) > merge_gap for pause in pauses)


def _errors(
    groups: Sequence[Span], asked: Sequence[Visit], honest: Sequence[Span], rests: Sequence[Span]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    starts, ends = [], []
    for index, group in enumerate(groups):
        over = [event for event in honest if event.overlap(group)]
        if not over or not any(group.overlap(visit.span) for visit in asked):
            continue
        first, last = over[0].start, over[-1].end
        # Somebody who sat there before it moved, or sits on after, may be reported from then on, or until then.
        earliest = min((r.start for r in rests if r.start < group.start <= r.end + PAD), default=group.start)
        latest = max((r.end for r in rests if r.start - PAD <= group.end < r.end), default=group.end)
        if index == 0 or not over[0].overlap(groups[index - 1]):
            starts.append(min(0.0, first - earliest) + max(0.0, first - group.start))
        if index + 1 == len(groups) or not over[-1].overlap(groups[index + 1]):
            ends.append(min(0.0, last - group.end) + max(0.0, last - latest))
    return tuple(starts), tuple(ends)


def _kinds(asked: Sequence[Visit], missed: Sequence[Visit]) -> dict[str, tuple[int, int]]:
    kinds: dict[str, tuple[int, int]] = {}
    for visit in asked:
        found, visits = kinds.get(visit.kind, (0, 0))
        kinds[visit.kind] = found + (visit not in missed), visits + 1
    return kinds
