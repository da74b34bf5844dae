"""Windows to events over random footage: they are the same however the runs were cut, and whatever came later."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.settings import CameraSettings
from mediamtx.segments import Span
from motion.events import Event, Rules, Window, assemble, joined, windows_of
from motion.look import LOOK_BACK, RAISE, Box, Frame
from motion.state import CameraState, decode, encode

T = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
STEP = timedelta(seconds=0.25)
"""Between two frames."""
SCORES = (0.0, 30.0, 49.9, 50.0, 75.0, 100.0)


@dataclass(frozen=True)
class Picture:
    """A frame as it is told first, and as it stands once what follows was seen."""

    first: Frame
    later: Frame


@dataclass(frozen=True)
class Piece:
    """A segment, and what is told when it is scanned; the last frames before it are among that, perhaps raised."""

    span: Span
    frames: tuple[Frame, ...]


boxes = st.tuples(st.sampled_from((0.0, 0.25, 0.7)), st.just(0.5), st.sampled_from((0.01, 0.1)), st.just(0.1))


@st.composite
def pictures(draw: st.DrawFn, start: datetime, count: int) -> list[Picture]:
    """The frames of a segment: stillness, with stretches of motion, some of it understood only later."""
    scores = [(0.0, 0.0)] * count
    for _ in range(draw(st.integers(0, 3))):
        begin, length = draw(st.integers(0, count - 1)), draw(st.integers(1, 40))
        first, later = sorted((draw(st.sampled_from(SCORES)), draw(st.sampled_from(SCORES))))
        scores[begin : begin + length] = [(first, later)] * len(scores[begin : begin + length])
    some: list[Box] = draw(st.lists(boxes, max_size=2))
    result = []
    for number, (first, later) in enumerate(scores):
        time = start + number * STEP
        early = tuple(some[:1]) if first else ()
        result.append(Picture(Frame(time, first, early), Frame(time, later, tuple(some) if later else ())))
    return result


@st.composite
def footage(draw: st.DrawFn) -> list[Piece]:
    """Segments in order, continuous or with gaps between them."""
    pieces: list[Piece] = []
    before: list[Picture] = []
    end = T
    for _ in range(draw(st.integers(1, 8))):
        start = end + timedelta(seconds=draw(st.sampled_from((0, 0, 0, 0.1, 0.4, 3, 7, 40))))
        count = draw(st.sampled_from((1, 8, 40, 90)))
        own = draw(pictures(start, count))
        end = start + count * STEP
        # What was told of the last frames is raised by what this segment shows, at most RAISE later; LOOK_BACK of them
        # are told again. What no segment follows in time stays as it was told first.
        raised = [
            Frame(p.first.time, p.later.score, p.later.boxes) if start - p.first.time <= RAISE else p.first
            for p in before
            if p.first.time >= start - LOOK_BACK
        ]
        settled = [p.later if end - p.first.time > RAISE else p.first for p in own]
        pieces.append(Piece(Span(start, end), (*raised, *settled)))
        before = [
            Picture(now, p.later if end - p.first.time <= RAISE else now) for p, now in zip(own, settled, strict=True)
        ]
    return pieces


rules_of = st.builds(
    lambda longest, gap, pre, post: Rules.of(CameraSettings(max_event=longest, merge_gap=gap, pre=pre, post=post)),
    st.sampled_from((10.0, 25.0, 300.0)),
    st.sampled_from((0.0, 6.0, 15.0)),
    st.sampled_from((0.0, 3.0, 10.0)),
    st.sampled_from((0.0, 3.0, 20.0)),
)


def remembered(event: Event | None) -> Event | None:
    """The open event after a pass has ended and another one has begun."""
    text = json.dumps(encode("front", CameraState(open=event)))
    return decode("front", json.loads(text)).open


def in_runs(pieces: Sequence[Piece], cuts: Sequence[bool], rules: Rules) -> list[Event]:
    """The events that passes make of the pieces; after those with a cut, a pass ends."""
    over: list[Event] = []
    event: Event | None = None
    for piece, cut in zip(pieces, cuts, strict=True):
        done, event = assemble(event, windows_of(piece.frames, piece.span.end, rules), piece.span.end, rules)
        over += done
        if cut:
            event = remembered(event)
    return over + assemble(event, (), None, rules)[0]


def all_windows(pieces: Sequence[Piece], rules: Rules) -> list[Window]:
    return joined(w for piece in pieces for w in windows_of(piece.frames, piece.span.end, rules))


pytestmark = pytest.mark.slow
thorough = settings(max_examples=400, deadline=None, derandomize=True, database=None)
cuts_of = st.lists(st.booleans(), min_size=8, max_size=8)


@thorough
@given(footage(), cuts_of, rules_of)
def test_events_are_the_same_however_the_runs_were_cut(pieces: list[Piece], cuts: list[bool], rules: Rules) -> None:
    assert in_runs(pieces, cuts[: len(pieces)], rules) == assemble(None, all_windows(pieces, rules), None, rules)[0]


@thorough
@given(footage(), rules_of)
def test_parts_adjoin_and_clips_do_not_overlap(pieces: list[Piece], rules: Rules) -> None:
    events = in_runs(pieces, [True] * len(pieces), rules)
    for one, next_one in pairwise(events):
        assert one.clip_end(rules.post) <= next_one.start
        assert (next_one.part > 1) == (one.limit is not None)
        if next_one.part > 1:
            assert next_one.part == one.part + 1 and next_one.start == one.limit
    assert all(event.windows and event.start < event.clip_end(rules.post) for event in events)
    assert all(event.clip_end(rules.post) - event.start <= rules.max_event + rules.post for event in events)


@thorough
@given(footage(), cuts_of, rules_of)
def test_every_window_lies_in_exactly_one_event(pieces: list[Piece], cuts: list[bool], rules: Rules) -> None:
    """Those of an event that goes on in parts are cut where a part ends."""
    found = [window for event in in_runs(pieces, cuts[: len(pieces)], rules) for window in event.windows]
    assert all(one.end <= next_one.start for one, next_one in pairwise(found))
    assert [(w.start, w.end) for w in joined(found)] == [(w.start, w.end) for w in all_windows(pieces, rules)]
